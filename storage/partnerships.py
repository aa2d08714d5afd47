"""Who works with whom: partnerships, their organisations, and the cells results are shown in."""

from datetime import datetime

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel

from storage.columns import Key, Moment


class Partnership(SQLModel, table=True):
    id: int = Field(default=None, primary_key=True, sa_type=Key)
    name: str
    timezone: str
    language: str = "en"
    danger: str = ""
    minimum_group: int = 4
    facilitator_runs_server: bool = False
    group_chat: int | None = Field(default=None, sa_type=BigInteger, index=True)
    cells_version: int = 0
    created_at: datetime = Field(sa_type=Moment)


class Organisation(SQLModel, table=True):
    id: int = Field(default=None, primary_key=True, sa_type=Key)
    partnership_id: int = Field(foreign_key="partnership.id", index=True, sa_type=BigInteger)
    name: str
    kind: str
    capacity: int | None = None  # minutes a month it can give; None: it has not said
    unwanted: str = ""  # what it does not want
    off_telegram: int = 0  # people of it whom Telegram does not reach
    removed_at: datetime | None = Field(default=None, sa_type=Moment)
    cell_id: int | None = Field(default=None, foreign_key="cell.id", sa_type=BigInteger)


class Cell(SQLModel, table=True):
    """A group of organisations whose answers are shown together; `kind` and `name` say how to call it."""

    id: int = Field(default=None, primary_key=True, sa_type=Key)
    partnership_id: int = Field(foreign_key="partnership.id", index=True, sa_type=BigInteger)
    version: int
    shape: str
    label: str
