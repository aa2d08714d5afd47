"""What nobody needs any more is swept out: settled updates and letters, rosters nobody said yes to, and the
pace of chats long quiet.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import delete
from sqlmodel import col

from bot import logs, pace
from facilitation import roster
from storage.database import Database
from storage.queues import Incoming, Outgoing

log = structlog.get_logger(__name__)

EVERY = 3600.0
A_DAY = timedelta(days=1)  # of the calendar, for one that somebody moves by weeks
# A repeated update or letter is known by its row; Telegram repeats nothing after a day.
KEPT = timedelta(days=30)
QUIET = 3600.0
SETTLED = ("sent", "uncertain", "dead", "expired")


@dataclass
class Broom:
    """Sweeps once an hour of machine time, or a day of the calendar; the first belong to the start."""

    database: Database
    _last: float = 0.0
    _day: datetime | None = None

    async def sweep(self, *, now: datetime, machine: float) -> None:
        if self._day is None:
            self._last, self._day = machine, now
        if machine - self._last < EVERY and now - self._day < A_DAY:
            return
        self._last, self._day = machine, now
        try:
            swept = await swept_out(self.database, now=now)
        except Exception as error:  # noqa: BLE001 - there is another hour
            log.error("sweeping_failed", error=type(error).__name__, at=logs.place(error))
            return
        log.info("swept", **swept)


async def swept_out(database: Database, *, now: datetime) -> dict[str, int]:
    """Drop what was settled 30 days ago, and rosters that waited for a day.

    What is parked stays until somebody has looked at it.
    """
    handled = delete(Incoming).where(col(Incoming.state) == "done", col(Incoming.received_at) < now - KEPT)
    delivered = delete(Outgoing).where(col(Outgoing.state).in_(SETTLED), col(Outgoing.not_after) < now - KEPT)
    async with database.writing() as session:
        updates = (await session.exec(handled)).rowcount
    async with database.writing() as session:
        letters = (await session.exec(delivered)).rowcount
    async with database.writing() as session:
        before = await database.machine_seconds(session) - QUIET
        chats = await pace.forget(session, before=before)
    async with database.writing() as session:
        rosters = await roster.drop_old(session, now=now)
    return {"updates": updates, "letters": letters, "chats": chats, "rosters": rosters}
