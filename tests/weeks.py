"""Weeks that pass: the calendar goes from one moment of a round to the next, each time until all is done."""

from collections.abc import Callable
from datetime import datetime

from sqlmodel import select

from bot import outbox
from facilitation import rounds
from storage.database import Database
from storage.queues import Incoming
from tests.processes import until
from tests.thumbs import Thumbs

SETTLING = 600.0


async def passed(
    database: Database,
    thumbs: Thumbs,
    move: Callable[[datetime], None],
    *,
    begin: datetime,
    end: datetime,
) -> datetime:
    """Let the calendar, which stands at `begin`, run to `end`; everybody acts on what they get."""
    now = begin
    while now < end:
        async with database.reading() as session:
            following = await rounds.next_moment(session, now)
        now = min(following or end, end)
        move(now)
        await settled(database, thumbs, now)
    return now


async def settled(database: Database, thumbs: Thumbs, now: datetime) -> None:
    """Return once nothing is on its way by this moment of the calendar, and nobody has anything to do."""

    async def at_rest() -> bool:
        await thumbs.act()
        if await _due(database, now):
            return False
        pending = await thumbs.sandbox.control("GET", "pending")
        return not pending["updates"] and not pending["callbacks"] and not await thumbs.act()

    await until(at_rest, within=SETTLING)


async def _due(database: Database, now: datetime) -> bool:
    async with database.reading() as session:
        if await rounds.due(session, now) or await outbox.due(session, now=now):
            return True
        waiting = select(Incoming.update_id).where(Incoming.state == "new").limit(1)
        return (await session.exec(waiting)).first() is not None
