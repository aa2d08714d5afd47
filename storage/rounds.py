"""Asking: schedules, their rounds, one invitation a seat, the answers, and what people promised in them."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, UniqueConstraint
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
    audience: list[int] = Field(default_factory=list, sa_type=JSON)  # organisations; none: every one
    holidays: str = ""  # a country, perhaps with a region: GB, GB-WLS
    skips: list[str] = Field(default_factory=list, sa_type=JSON)  # local dates, ISO, on which it rests
    started_at: datetime | None = Field(default=None, sa_type=Moment)  # None: still being set up
    paused_at: datetime | None = Field(default=None, sa_type=Moment)
    deleted_at: datetime | None = Field(default=None, sa_type=Moment)
    planned_until: datetime | None = Field(default=None, sa_type=Moment)
    created_at: datetime = Field(sa_type=Moment)


class Round(SQLModel, table=True):
    """One occurrence. States: planned, open, closing, published, archived, skipped.

    `reason`: why it was skipped; or why its digest is not sent, "late" or "overtaken" by a newer one.
    `digest_at` moves when its brief comes late (facilitation/skipping.py).
    """

    __table_args__ = (
        UniqueConstraint("schedule_id", "local_date"),
        Index("round_by_day", "partnership_id", "local_date"),
        Index("round_briefed", "partnership_id", "briefed_at"),
    )

    id: int = Field(default=None, primary_key=True, sa_type=Key)
    schedule_id: int = Field(foreign_key="schedule.id", sa_type=BigInteger)
    partnership_id: int = Field(foreign_key="partnership.id", sa_type=BigInteger)
    local_date: date
    number: int = 0
    instrument: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    state: str = Field(default="planned", index=True)
    reason: str = ""
    opens_at: datetime = Field(sa_type=Moment)
    reminds_at: datetime = Field(sa_type=Moment)
    reminds_again_at: datetime = Field(sa_type=Moment)
    closes_at: datetime = Field(sa_type=Moment)
    brief_at: datetime = Field(sa_type=Moment)
    digest_at: datetime = Field(sa_type=Moment)
    reminded: int = 0  # how many of the two reminders are done with
    # Organisations of which nobody was asked, because it would have been more than they can give.
    rested: list[int] = Field(default_factory=list, sa_type=JSON)
    briefed_at: datetime | None = Field(default=None, sa_type=Moment)


class Invitation(SQLModel, table=True):
    """One seat's part in one round. States: asked, started, finished, declined.

    `questions` are what this seat is asked, in order, as [item code, about]: `about` is the organisation of
    a directed item, the promise of a promise item, else 0. None at all: every item of the round.
    `card` is the message that shows it now, `card_item` the item asked there ("": none).
    """

    __table_args__ = (UniqueConstraint("round_id", "seat_id"), Index("invitation_by_seat", "seat_id", "id"))

    id: int = Field(default=None, primary_key=True, sa_type=Key)
    round_id: int = Field(foreign_key="round.id", sa_type=BigInteger)
    seat_id: int = Field(foreign_key="seat.id", sa_type=BigInteger)
    organisation_id: int = Field(foreign_key="organisation.id", sa_type=BigInteger)
    cell_id: int | None = Field(default=None, foreign_key="cell.id", sa_type=BigInteger)
    state: str = "asked"
    questions: list[tuple[str, int]] = Field(default_factory=list, sa_type=JSON)
    seconds: int = 0  # what answering takes, as it was counted when it was asked
    card: int | None = Field(default=None, sa_type=BigInteger)
    card_item: str = ""


class Answer(SQLModel, table=True):
    """One seat's answer to one item; all empty means skipped. The newest tap wins.

    `about` is as in the invitation's question. `value` by kind: scale, directed and guess 1..5;
    agree -1, 0, 1; choice the sum of 2**position of what was chosen; number itself; promise 1 done, 2 partly,
    3 blocked.
    `withheld`: why a facilitator keeps the words out of the digest.
    `ticked`, where several options may be chosen: for each, whether it is, and what update said so when.
    """

    __table_args__ = (UniqueConstraint("invitation_id", "item", "about"),)

    id: int = Field(default=None, primary_key=True, sa_type=Key)
    invitation_id: int = Field(foreign_key="invitation.id", sa_type=BigInteger)
    item: str
    about: int = Field(default=0, sa_type=BigInteger)
    value: int | None = Field(default=None, sa_type=BigInteger)
    text: str | None = None
    shown_as: str | None = None
    withheld: str = ""
    ticked: dict[str, list[Any]] = Field(default_factory=dict, sa_type=JSON)
    message: int | None = Field(default=None, sa_type=BigInteger)
    update_id: int = Field(sa_type=BigInteger)
    received_at: datetime = Field(sa_type=Moment)


class Promise(SQLModel, table=True):
    """What one seat said it would do; its round's answers may be gone by the time it is looked at again.

    Outcomes: "" (open), done, partly, blocked.
    """

    __table_args__ = (UniqueConstraint("round_id", "seat_id"),)

    id: int = Field(default=None, primary_key=True, sa_type=Key)
    schedule_id: int = Field(foreign_key="schedule.id", sa_type=BigInteger)
    round_id: int = Field(foreign_key="round.id", sa_type=BigInteger)
    seat_id: int = Field(foreign_key="seat.id", index=True, sa_type=BigInteger)
    text: str
    made_at: datetime = Field(sa_type=Moment)
    outcome: str = ""


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
