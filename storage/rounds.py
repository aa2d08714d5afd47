"""Asking: schedules, their rounds, one invitation a seat, and the answers."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.columns import Key, Moment


class Schedule(SQLModel, table=True):
    """When an instrument is asked. Times of day are wall time in the partnership's timezone."""

    id: int = Field(default=None, primary_key=True, sa_type=Key)
    partnership_id: int = Field(foreign_key="partnership.id", index=True, sa_type=BigInteger)
    instrument: str
    rule: str
    starts: date
    opens: str = "10:00"
    window_days: int = 3
    closes: str = "17:00"
    digest_days: int = 3
    digest: str = "09:00"
    quiet_from: str = "20:00"
    quiet_until: str = "08:00"
    paused_at: datetime | None = Field(default=None, sa_type=Moment)
    planned_until: datetime | None = Field(default=None, sa_type=Moment)
    created_at: datetime = Field(sa_type=Moment)


class Round(SQLModel, table=True):
    """One occurrence. States: planned, open, closing, published, skipped."""

    __table_args__ = (UniqueConstraint("schedule_id", "local_date"),)

    id: int = Field(default=None, primary_key=True, sa_type=Key)
    schedule_id: int = Field(foreign_key="schedule.id", index=True, sa_type=BigInteger)
    partnership_id: int = Field(foreign_key="partnership.id", index=True, sa_type=BigInteger)
    local_date: date
    number: int = 0
    instrument: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    state: str = Field(default="planned", index=True)
    reason: str = ""
    opens_at: datetime = Field(sa_type=Moment)
    reminds_at: datetime = Field(sa_type=Moment)
    closes_at: datetime = Field(sa_type=Moment)
    brief_at: datetime = Field(sa_type=Moment)
    digest_at: datetime = Field(sa_type=Moment)
    reminded_at: datetime | None = Field(default=None, sa_type=Moment)
    briefed_at: datetime | None = Field(default=None, sa_type=Moment)


class Invitation(SQLModel, table=True):
    """One seat's part in one round. States: asked, started, finished, declined.

    `card` is the message that shows it now, `card_item` the item asked there ("": none).
    """

    __table_args__ = (UniqueConstraint("round_id", "seat_id"),)

    id: int = Field(default=None, primary_key=True, sa_type=Key)
    round_id: int = Field(foreign_key="round.id", index=True, sa_type=BigInteger)
    seat_id: int = Field(foreign_key="seat.id", index=True, sa_type=BigInteger)
    organisation_id: int = Field(foreign_key="organisation.id", sa_type=BigInteger)
    cell_id: int | None = Field(default=None, foreign_key="cell.id", sa_type=BigInteger)
    state: str = "asked"
    card: int | None = Field(default=None, sa_type=BigInteger)
    card_item: str = ""


class Answer(SQLModel, table=True):
    """One seat's answer to one item; all empty means skipped. The newest tap wins."""

    __table_args__ = (UniqueConstraint("invitation_id", "item"),)

    id: int = Field(default=None, primary_key=True, sa_type=Key)
    invitation_id: int = Field(foreign_key="invitation.id", index=True, sa_type=BigInteger)
    item: str
    value: int | None = None
    text: str | None = None
    shown_as: str | None = None
    message: int | None = Field(default=None, sa_type=BigInteger)
    update_id: int = Field(sa_type=BigInteger)
    received_at: datetime = Field(sa_type=Moment)


class Awaited(SQLModel, table=True):
    """What the next text of a chat answers; it outlives a restart.

    `message` shows the question; `refused` held words that could not be kept, and may be edited.
    """

    chat: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    kind: str
    about: int = Field(sa_type=BigInteger)
    item: str = ""
    message: int | None = Field(default=None, sa_type=BigInteger)
    refused: int | None = Field(default=None, sa_type=BigInteger)
