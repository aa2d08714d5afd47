"""A round a day, days in which nobody kept time, and what was written of it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import col, select

from bot import ticking
from dialogs import cards
from storage.database import Database
from storage.queues import Outgoing
from storage.rounds import Round
from tests.cast import BRIEF, DIGEST, MONDAY, OPENS, Cast, changed
from tests.facilitation.turning import all_rounds, plan, write

HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
OPERATOR = 77
# Every day at 10:00 from Tuesday 3 November on, until 17:00, its digest the next morning.
DAILY = {"window_days": 0, "closes": "17:00", "digest_days": 1, "digest": "09:00", "rule": "FREQ=DAILY"}


async def daily(database: Database, cast: Cast, **more: object) -> None:
    async with database.writing() as session:
        for round_ in (await session.exec(select(Round))).all():
            await session.delete(round_)
    await changed(database, cast, planned_until=None, **(DAILY | more))
    await plan(database, now=MONDAY)


async def told(database: Database, chat: int, key: str = "skipped:") -> list[str]:
    async with database.reading() as session:
        wanted = select(Outgoing).where(col(Outgoing.key).startswith(key), Outgoing.chat == chat)
        found = (await session.exec(wanted.order_by(col(Outgoing.id)))).all()
    return [cards.plain(one.payload["text"]) for one in found]


async def states(database: Database, schedule: int) -> list[tuple[int, str, str]]:
    return [
        (one.local_date.day, one.state, one.reason)
        for one in await all_rounds(database)
        if one.schedule_id == schedule and one.state != "planned"
    ]


async def letters(database: Database, kind: str) -> Sequence[Outgoing]:
    async with database.reading() as session:
        return (await session.exec(select(Outgoing).where(Outgoing.kind == kind))).all()


async def held(database: Database, cast: Cast, *, back: datetime) -> Round:
    """The first pulse was answered; then Parley was away until `back`, or for no time at all."""
    await ticking.tick(database, now=OPENS)
    first = (await all_rounds(database))[0]
    await write(database, cast.members[0], first.id, "for you alone", shown_as=0, now=OPENS)
    for moment in (BRIEF, DIGEST) if back == DIGEST else (back,):
        await ticking.tick(database, now=moment)
    return next(one for one in await all_rounds(database) if one.id == first.id)
