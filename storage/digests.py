"""What came out: signals, the frozen digest, what was ever shown, and what people said back."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.columns import Key, Moment


class Digest(SQLModel, table=True):
    """The facts of one round's digest, frozen after its close; every card of it is drawn from them alone."""

    id: int = Field(default=None, primary_key=True, sa_type=Key)
    round_id: int = Field(foreign_key="round.id", unique=True, sa_type=BigInteger)
    partnership_id: int = Field(foreign_key="partnership.id", index=True, sa_type=BigInteger)
    facts: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    picture: bytes | None = Field(default=None, sa_type=LargeBinary)
    made_at: datetime = Field(sa_type=Moment)


class Signal(SQLModel, table=True):
    id: int = Field(default=None, primary_key=True, sa_type=Key)
    round_id: int = Field(foreign_key="round.id", index=True, sa_type=BigInteger)
    kind: str
    item: str
    severity: float
    numbers: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)


class Shown(SQLModel, table=True):
    """The ledger: each value ever shown of an item, over one cell (none: the total). It names no people."""

    __table_args__ = (UniqueConstraint("round_id", "item", "cell_id"),)

    id: int = Field(default=None, primary_key=True, sa_type=Key)
    round_id: int = Field(foreign_key="round.id", sa_type=BigInteger)
    item: str
    cell_id: int | None = Field(default=None, foreign_key="cell.id", sa_type=BigInteger)
    cells_version: int
    least: int
    most: int | None = None
    value: float


class Response(SQLModel, table=True):
    """What a seat said back to a digest: that's how I see it, not quite, or a text."""

    __table_args__ = (UniqueConstraint("digest_id", "seat_id", "kind"),)

    id: int = Field(default=None, primary_key=True, sa_type=Key)
    digest_id: int = Field(foreign_key="digest.id", sa_type=BigInteger)
    seat_id: int = Field(foreign_key="seat.id", sa_type=BigInteger)
    kind: str
    text: str | None = None
