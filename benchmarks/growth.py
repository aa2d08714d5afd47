"""What a stored answer costs for good: the same work beside 10 thousand and beside 3 million answers."""

import asyncio
import statistics
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import col, select

from benchmarks import ground, history
from benchmarks.figures import Figure, at_most
from benchmarks.ground import Ground
from bot import inbox, pace, ticking
from bot.pace import Pacer
from bot.translation import event
from dialogs import conversation
from dialogs.events import Setting
from facilitation import planning
from storage import schema
from storage.database import Database
from storage.members import Member, Seat
from storage.rounds import Invitation, Round
from tests.cast import MONDAY, OPENS
from tests.crowd import Crowd

WEEKS = (1, 300)  # beside so many weeks of history; a week is 10 thousand answers
TIMES = 5
TAPS, BEATS = 40, 15
AIM = 1.3
BOT = 42


@dataclass
class Lived:
    """A database with its history, and the seconds each kind of work took in it."""

    database: Database
    people: Crowd
    answers: int
    seconds: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    @asynccontextmanager
    async def timed(self, what: str) -> AsyncIterator[None]:
        begun = time.perf_counter()
        yield
        self.seconds[what].append(time.perf_counter() - begun)


def figures(at: Ground) -> Iterator[Figure]:
    for engine in ground.ENGINES:
        yield from asyncio.run(_figures(at, engine))


async def _figures(at: Ground, engine: str) -> list[Figure]:
    young, old = [await _lived(at.database(engine), weeks) for weeks in WEEKS]
    ground.say(f"{engine}: {young.answers:,} and {old.answers:,} answers")
    for _ in range(BEATS):
        for one in (young, old):
            async with one.timed("a beat with nothing due"):
                await ticking.tick(one.database, now=MONDAY)
    for turn in range(TIMES):
        # In turns, so that other work on this machine strikes both.
        for one in (young, old):
            await _round(one, opens=OPENS + turn * history.WEEK)
    for one in (young, old):
        await one.database.close()
    found = []
    for what, seconds in young.seconds.items():
        first, then = statistics.median(seconds), statistics.median(old.seconds[what])
        found.append(Figure(f"{what}, {engine}, {young.answers:,} answers", first * 1000, "ms"))
        found.append(at_most(AIM, f"the same beside {old.answers:,}", then / first, "times"))
    return found


async def _lived(url: str, weeks: int) -> Lived:
    database = Database(url)
    await schema.migrate(database)
    people = await history.founded(database)
    return Lived(database, people, await history.lived(database, weeks))


async def _round(one: Lived, *, opens: datetime) -> None:
    """One round of the same size: opened, answered, closed, published."""
    database = one.database
    async with database.writing() as session:
        await planning.plan(session, one.people.schedule, now=opens)
    async with database.reading() as session:
        wanted = select(Round).where(
            Round.schedule_id == one.people.schedule, col(Round.local_date) == opens.date()
        )
        round_ = (await session.exec(wanted)).one()
    async with one.timed("a round opened for 200"):
        await ticking.STEPS["open"](database, round_.id, opens)
    await _tapped(one, round_.id, opens)
    async with database.writing() as session:
        await history.answered(session, opens)
    async with one.timed("a round closed and frozen"):
        await ticking.STEPS["close"](database, round_.id, round_.closes_at)
        await ticking.STEPS["freeze"](database, round_.id, round_.closes_at)
    async with one.timed("its brief and digest written"):
        await ticking.STEPS["brief"](database, round_.id, round_.brief_at)
        await ticking.STEPS["publish"](database, round_.id, round_.digest_at)


async def _tapped(one: Lived, round_id: int, now: datetime) -> None:
    """Some answer by tapping, each as an update that is handled but for the sending."""
    wanted = (
        select(Member.account, Invitation.id)
        .join(Seat, col(Seat.member_id) == col(Member.id))
        .join(Invitation, col(Invitation.seat_id) == col(Seat.id))
        .where(Invitation.round_id == round_id)
        .limit(TAPS)
    )
    async with one.database.reading() as session:
        invitations = (await session.exec(wanted)).all()
    for account, number in invitations:
        if account is None:
            continue
        await inbox.store(one.database, BOT, [_update(account, number)], now=now)
        async with one.timed("a tap's answer stored"):
            await _handled(one.database, account)


def _update(account: int, invitation: int) -> dict[str, object]:
    person = {"id": account, "is_bot": False, "first_name": "Ada", "language_code": "en"}
    chat = {"id": account, "type": "private", "first_name": "Ada"}
    message = {"message_id": 1, "date": 1_790_000_000, "chat": chat, "text": "?"}
    tap = {
        "id": "1",
        "from": person,
        "message": message,
        "chat_instance": "1",
        "data": f"rate:{invitation}:0:4",
    }
    return {"update_id": invitation, "callback_query": tap}


async def _handled(database: Database, chat: int) -> None:
    async with database.writing() as session:
        row = await inbox.claim(database, session, BOT, chat)
        happened = row and event(inbox.read(row), received_at=row.received_at, awaited=row.awaited)
        if not row or not happened:
            raise LookupError("The tap is not in the inbox.")
        await conversation.respond(session, happened, Setting())
        await pace.reserve(database, session, Pacer(BOT), [(chat, "editMessageText")])
        inbox.done(row)
