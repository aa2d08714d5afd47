"""Promise 32: whoever floods Parley is heard to the last tap, and nobody else waits for it."""

import asyncio
import random
import time
from collections.abc import Callable

import pytest
from sqlmodel import col, func, select

from bot import ticking
from storage.database import Database
from storage.queues import Incoming
from storage.rounds import Answer
from tests import crowd, proof, tapping
from tests.bot.conftest import Stage
from tests.cast import OPENS
from tests.processes import until
from tests.sandbox_process import Sandbox
from tests.tapping import Tapping

pytestmark = [pytest.mark.alone, pytest.mark.promise]

OTHERS = 20
SECONDS = proof.size(ci=3, long=60)
UPDATES = proof.size(ci=500, long=10_000)
A_SECOND = 15  # of the others, together
FAST = 3
RATING = 5


async def nothing_waits(database: Database) -> bool:
    async with database.reading() as session:
        left = await session.exec(select(func.count()).where(col(Incoming.state) == "new"))
    return left.one() == 0


async def flooded(tapping: Tapping, account: int) -> dict[str, str]:
    """All that one thumb sends within the time, mostly taps; what it tapped last, by question."""
    chance, begun, last = random.Random(32), time.monotonic(), {}
    for number in range(UPDATES):
        await asyncio.sleep(max(0.0, begun + number * SECONDS / UPDATES - time.monotonic()))
        if number % 10 == 9:
            await tapping.ask("POST", f"phones/{account}/send", {"text": "Hello?"})
        elif (data := await tapping.tap(account, chance)).startswith("rate"):
            last[data.rpartition(":")[0]] = data.rpartition(":")[2]
    return last


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
async def test_a_flood_holds_up_nobody_else(stage: Stage, world: Sandbox, note: Callable[..., None]) -> None:
    database = stage.database
    people = await crowd.seated(database, OTHERS + 1)
    await asyncio.to_thread(crowd.phones, world, people.accounts)
    await world.control("POST", "limits", {"scale": FAST})
    stage.calendar.move(OPENS)
    await ticking.tick(database, now=OPENS)
    flooder, *others = people.accounts
    stage.parley("run", world, module="bot", pace=FAST).start()

    async with Tapping.on(world) as phones:
        await until(lambda: _all_asked(phones, OTHERS + 1))
        await phones.ticked(await phones.steadily(others, a_second=A_SECOND, seconds=1))  # warm
        calm = await phones.ticked(await phones.steadily(others, a_second=A_SECOND, seconds=SECONDS))
        before = phones.redrawn[flooder] + len(phones.letters[flooder])
        begun = time.monotonic()
        last, taps = await asyncio.gather(
            flooded(phones, flooder), phones.steadily(others, a_second=A_SECOND, seconds=SECONDS)
        )
        busy = await phones.ticked(taps)
        await until(lambda: nothing_waits(database))
        await asyncio.sleep(1.5)  # whatever is still said to the flooder is on its way
        await phones.look()
        took = time.monotonic() - begun
        said = phones.redrawn[flooder] + len(phones.letters[flooder]) - before

    notices = sum("one by one" in text for text in phones.letters[flooder])
    stored = await answered(database, flooder)
    wrong = {question: (value, stored.get(question)) for question, value in last.items()}
    wrong = {question: pair for question, pair in wrong.items() if pair[0] != pair[1]}
    figures = {
        "p95_ms": round(1000 * tapping.percentile(calm, 95)),
        "p95_ms_in_the_flood": round(1000 * tapping.percentile(busy, 95)),
        "others_taps": len(calm) + len(busy),
        "others_lost": sum(wait >= 60 for wait in (*calm, *busy)),
        "flood": UPDATES,
        "notices": notices,
        "cards_for_the_flooder": said,
        "wrong": len(wrong),
    }
    note(32, engine=database.url.get_backend_name(), **figures)
    assert wrong == {}
    assert last, "the flooder answered nothing"
    assert notices == 1
    assert figures["others_lost"] == 0
    assert said <= 2 * took + 2
    assert figures["p95_ms_in_the_flood"] <= 2 * figures["p95_ms"], figures


async def _all_asked(phones: Tapping, people: int) -> bool:
    return len(phones.cards) == people


async def answered(database: Database, account: int) -> dict[str, str]:
    """Each rating of this account, as the button that gave it."""
    items = ("made_a_difference", "can_disagree", "fair_load", "same_direction", "worth_it")
    invitation = (await crowd.invitations_of(database))[account]
    async with database.reading() as session:
        rows = (await session.exec(select(Answer).where(Answer.invitation_id == invitation))).all()
    return {f"rate:{invitation}:{items.index(row.item)}": str(row.value) for row in rows if row.item in items}
