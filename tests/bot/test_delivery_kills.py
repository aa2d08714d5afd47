"""Promises 1 and 2: no invitation is lost, and what comes twice is rare and explained."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import update
from sqlmodel import col, func, select

from bot import pace
from storage.database import Database
from storage.queues import Outgoing
from storage.rounds import Invitation
from tests import crowd, proof
from tests.bot.conftest import SCALE, SIZE, Stage
from tests.cast import OPENS, REMINDS
from tests.mailbag import UNKNOWN, Mailbag
from tests.processes import Parley, until
from tests.sandbox_process import Sandbox

pytestmark = [pytest.mark.alone, pytest.mark.kill, pytest.mark.promise]

KILLS = proof.size(ci=10, long=200)
REMINDED = proof.size(ci=200, long=400)
REMINDER_KILLS = proof.size(ci=2, long=20)
HUNG = 3.0
ON_THE_WAY = 12  # more letters than this never wait for Telegram's answer when a process is killed
FAULTS = [
    {"do": "429", "method": "sendMessage", "share": 0.03, "retry_after": 0.1},
    {"do": "502_after", "method": "sendMessage", "share": 0.02},
    {"do": "hang", "method": "sendMessage", "share": 0.01, "seconds": HUNG},
]


async def _killed(parley: Parley, bag: Mailbag, *, times: int, of: int) -> None:
    """Kill it and start it again so often, evenly while so many letters leave."""
    chance = random.Random(2026)
    between = of / times / (pace.A_SECOND * SCALE)
    for kill in range(1, times + 1):
        threshold = kill * of // (times + 1) + chance.randrange(-9, 9)

        async def reached(threshold: int = threshold) -> bool:
            return await bag.count() >= threshold

        await until(reached)
        # A crash knows nothing of deliveries: struck at once, each kill would fall right behind one.
        await asyncio.sleep(chance.random() * min(1.0, between))
        parley.kill()
        parley.start()


def _settled(database: Database, kind: str, expected: int) -> Callable[[], Any]:
    async def settled() -> bool:
        async with database.reading() as session:
            wanted = select(col(Outgoing.state), func.count()).where(Outgoing.kind == kind)
            states = dict((await session.exec(wanted.group_by(col(Outgoing.state)))).all())
        return sum(states.values()) == expected and not states.keys() & {"pending", "retry", "sending"}

    return settled


async def _rows(database: Database, kind: str) -> dict[int, Outgoing]:
    async with database.reading() as session:
        rows = (await session.exec(select(Outgoing).where(Outgoing.kind == kind))).all()
    return {row.chat: row for row in rows}


async def test_no_invitation_is_lost_and_repetitions_are_few_and_explained(
    stage: Stage, crowded: Sandbox, note: Callable[..., None]
) -> None:
    database = stage.database
    people = await crowd.seated(database, SIZE)
    sender = stage.parley("run" if stage.on_sqlite else "worker", crowded, HURRIED_LEASE=4, HURRIED_TIMEOUT=1)
    # The engines share these phones: a call that hung at the end of the other's test may still arrive.
    await asyncio.sleep(HUNG + 0.5)
    bag = Mailbag(crowded)
    await crowded.control("POST", "faults", {"rules": FAULTS, "seed": 11})
    stage.calendar.move(OPENS)
    sender.start()
    if not stage.on_sqlite:
        stage.parley("clock", crowded).start()

    await _killed(sender, bag, times=KILLS, of=SIZE)
    await until(_settled(database, "invitation", SIZE), every=0.3)

    await bag.count()
    rows = await _rows(database, "invitation")
    lost = len(set(people.accounts) - set(bag.letters))
    note(1, engine=database.url.get_backend_name(), members=SIZE, kills=KILLS, lost=lost)
    uncertain, repeated = sum(row.uncertain for row in rows.values()), sum(bag.repeated.values())
    unexplained = sum(times > rows[chat].uncertain for chat, times in bag.repeated.items())
    note(
        2,
        engine=database.url.get_backend_name(),
        kills=KILLS,
        repeated=repeated,
        by_a_fault_of_the_api=repeated - bag.after_kills,
        by_a_crash=bag.after_kills,
        uncertain_outcomes=uncertain,
        unexplained=unexplained,
    )
    assert set(bag.letters) == set(people.accounts), "an invitation was lost"
    assert Counter(row.state for row in rows.values()) == {"sent": SIZE}
    assert bag.after_kills <= KILLS
    assert unexplained == 0

    await _no_reminder_comes_twice(stage, crowded, sender, note)
    assert sender.stop() == 0


async def _no_reminder_comes_twice(
    stage: Stage, crowded: Sandbox, sender: Parley, note: Callable[..., None]
) -> None:
    database = stage.database
    async with database.writing() as session:
        latest = select(col(Invitation.id)).order_by(col(Invitation.id)).limit(SIZE - REMINDED)
        await session.exec(update(Invitation).where(col(Invitation.id).in_(latest)).values(state="finished"))
    bag = Mailbag(crowded)

    stage.calendar.move(REMINDS)
    await _killed(sender, bag, times=REMINDER_KILLS, of=REMINDED - REMINDER_KILLS * ON_THE_WAY)
    await until(_settled(database, "reminder", REMINDED), every=0.3)

    rows = await _rows(database, "reminder")
    uncertain = {chat for chat, row in rows.items() if row.state == "uncertain"}
    crashed = {chat for chat in uncertain if rows[chat].error == "a crash"}
    await _all_come(bag, but=crashed, of=set(rows))
    unexplained = {chat for chat in uncertain - crashed if not set(bag.letters.get(chat, ())) & set(UNKNOWN)}
    note(
        2,
        engine=database.url.get_backend_name(),
        reminders=REMINDED,
        kills=REMINDER_KILLS,
        repeated=sum(bag.repeated.values()),
        left_uncertain_by_a_fault_of_the_api=len(uncertain - crashed),
        left_uncertain_by_a_crash=len(crashed),
        lost=len(set(rows) - set(bag.letters)),
        unexplained=len(unexplained),
    )
    assert bag.repeated == {}
    assert {row.state for row in rows.values()} <= {"sent", "uncertain"}
    assert len(crashed) <= REMINDER_KILLS * ON_THE_WAY
    assert unexplained == set()


async def _all_come(bag: Mailbag, *, of: set[int], but: set[int]) -> None:
    """Only a reminder that was on its way in a crash may be lost; one whose call hung comes later."""

    async def come() -> bool:
        await bag.count()
        return of - but <= set(bag.letters)

    await until(come, within=2 * HUNG)
