"""What came in and what goes out: the inbox, the outbox, and the pace both keep."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Float, Index, Text, text
from sqlmodel import Field, SQLModel

from storage.columns import Key, Moment

# The states of a letter: it waits, it may still go out, it is done with.
WAITING = ("pending", "retry")
LIVE = (*WAITING, "sending")
# In the words of an index of their own, or it is not used: of years of letters these few are looked for again
# and again, and those to be sent next in their order.
IS_LIVE = text("state IN ('pending', 'retry', 'sending')")
IS_LOST = text("state IN ('dead', 'expired') AND resend")
SETTLED = ("sent", "uncertain", "dead", "expired")


class Incoming(SQLModel, table=True):
    """One update as it came. States: new, done, parked. Times ending in `_s` are machine seconds."""

    __tablename__ = "inbox"
    __table_args__ = (Index("inbox_by_chat", "state", "chat", "received_at", "update_id"),)

    bot: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    update_id: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    chat: int = Field(default=0, sa_type=BigInteger)
    received_at: datetime = Field(sa_type=Moment)
    payload: str = Field(default="", sa_type=Text)
    awaited: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    state: str = "new"
    tries: int = 0
    retry_s: float = Field(default=0, sa_type=Float)
    error: str = ""


class Outgoing(SQLModel, table=True):
    """One message to deliver. States: pending, sending, sent, retry, uncertain, dead, expired.

    One that keeps quiet hours carries them (facilitation/quiet.py), and when the next night there falls.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        Index("outbox_by_chat", "chat", "state", "id"),
        Index("outbox_live", "id", sqlite_where=IS_LIVE, postgresql_where=IS_LIVE),
        Index("outbox_lost", "id", sqlite_where=IS_LOST, postgresql_where=IS_LOST),
    )

    id: int = Field(default=None, primary_key=True, sa_type=Key)
    key: str = Field(unique=True)
    kind: str
    chat: int = Field(sa_type=BigInteger)
    method: str
    payload: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    resend: bool = False
    not_before: datetime = Field(sa_type=Moment)
    not_after: datetime = Field(sa_type=Moment)
    quiet: str = ""
    nightfall: datetime | None = Field(default=None, sa_type=Moment)
    state: str = "pending"
    tries: int = 0
    uncertain: int = 0
    lease: str = ""
    leased_until_s: float = Field(default=0, sa_type=Float)
    retry_s: float = Field(default=0, sa_type=Float)
    message: int | None = Field(default=None, sa_type=BigInteger)
    error: str = ""


class Pace(SQLModel, table=True):
    """The next free machine second of the token (chat 0) and of each chat; `halted_s` is a 429's word."""

    __tablename__ = "pace"

    bot: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    chat: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    free_s: float = Field(default=0, sa_type=Float)
    halted_s: float = Field(default=0, sa_type=Float)


class Heartbeat(SQLModel, table=True):
    """The last sign of life of each part (listening, handling, delivery, clock)."""

    part: str = Field(primary_key=True)
    seen_s: float = Field(default=0, sa_type=Float)
    seen_at: datetime = Field(sa_type=Moment)
