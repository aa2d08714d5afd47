"""What people raised by themselves, and what became of it."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger
from sqlmodel import Field, SQLModel

from storage.columns import Key, Moment


class Raised(SQLModel, table=True):
    """One thing said in somebody's own words, the reply it is owed, and whether they were heard.

    It is raised once `shown_as` is chosen. `reply` is "" (owed), agreed, negotiating, declined or not_ours;
    `heard` is "" (not said), yes, partly or no. `seen_at` is the morning it came before the facilitators;
    until then nobody but its author sees it. `draft` is a reply being written; `replied_at` makes it one.
    `withheld` tells why a facilitator keeps it out of the digest: names, insults, harm, or their own words.
    Ids are drawn by chance, so that they tell no order.
    """

    id: int = Field(default=None, primary_key=True, sa_type=Key)
    partnership_id: int = Field(foreign_key="partnership.id", index=True, sa_type=BigInteger)
    seat_id: int | None = Field(default=None, foreign_key="seat.id", index=True, sa_type=BigInteger)
    text: str
    shown_as: str | None = None
    message: int | None = Field(default=None, sa_type=BigInteger)
    raised_at: datetime = Field(sa_type=Moment)
    seen_at: datetime | None = Field(default=None, sa_type=Moment)
    withdrawn_at: datetime | None = Field(default=None, sa_type=Moment)
    withheld: str = ""
    draft: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    reply: str = ""
    words: str = ""
    until: date | None = None
    replied_at: datetime | None = Field(default=None, sa_type=Moment)
    asked_at: datetime | None = Field(default=None, sa_type=Moment)
    heard: str = ""
    heard_at: datetime | None = Field(default=None, sa_type=Moment)
