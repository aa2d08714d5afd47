"""Promise 12: the database may die in the midst of a round, and everything goes on by itself."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot import outbox
from bot.outbox import Letter
from storage import schema
from storage.database import Database
from tests import crowd, equipment, postgres, processes, proof
from tests.bot.answers import Watched, asked_and_answering, so_far, wrong
from tests.bot.conftest import Calendar, Stage
from tests.bot.test_listening_kills import RATINGS, Person, followed
from tests.cast import OPENS
from tests.processes import Parley, free_port, until
from tests.sandbox_process import Sandbox

pytestmark = [pytest.mark.alone, pytest.mark.kill, pytest.mark.promise]

KILLS = proof.size(ci=2, long=20)
PEOPLE = proof.size(ci=12, long=240)
FAST = proof.size(ci=10, long=4)
AWAY = 1.5  # seconds: long enough for every loop of every process to meet it
WELL_AGAIN = 10.0
ONLOOKER = 499_999  # a phone that gets the letters by which delivery is measured


@pytest.fixture
def server() -> Iterator[postgres.Server]:
    equipment.require("PostgreSQL")
    server = postgres.start(durable=True)
    yield server
    server.stop()


@pytest.fixture
async def stage(server: postgres.Server, calendar: Calendar, tmp_path: Path) -> Any:  # noqa: ANN401 - a generator's
    database = Database(server.url)
    await schema.migrate(database)
    stage = Stage(database, calendar, server.url, tmp_path)
    yield stage
    for one in stage.parleys:
        one.close()
    await database.close()


@pytest.fixture
async def screens(world: Sandbox, stage: Stage) -> Watched:
    """A partnership with its phones, and one phone more."""
    people = await crowd.seated(stage.database, PEOPLE)
    await asyncio.to_thread(crowd.phones, world, [ONLOOKER, *people.accounts])
    await world.control("POST", "limits", {"scale": FAST, "webhook_backoff": 0.1})
    return Watched(world)


def _parleys(stage: Stage, world: Sandbox, port: int) -> list[Parley]:
    address: dict[str, Any] = {"public_url": f"http://127.0.0.1:{port}", "port": port}
    web = stage.parley("web", world, **address)
    workers = [stage.parley("worker", world, pace=FAST) for _ in range(2)]
    return [one.start() for one in (web, *workers, stage.parley("clock", world))]


async def _kill_and_recover(
    server: postgres.Server, database: Database, screens: Watched, kill: int
) -> tuple[float, float]:
    """How long after it takes connections again a letter was delivered, and a tap answered."""
    await asyncio.to_thread(server.kill)
    await asyncio.sleep(AWAY)
    await asyncio.to_thread(server.restart)
    back, letters, answered = time.monotonic(), _letters(screens), screens.answered
    await _put_letter(database, kill)

    async def after(happened: Callable[[], bool]) -> float:
        async with screens.changed:
            await asyncio.wait_for(screens.changed.wait_for(happened), processes.PATIENCE)
        return time.monotonic() - back

    delivered, tapped = await asyncio.gather(
        after(lambda: _letters(screens) > letters), after(lambda: screens.answered > answered)
    )
    return delivered, tapped


def _letters(screens: Watched) -> int:
    """What came through the outbox: invitations, and letters of ours once those are all delivered."""
    return screens.invited.total() + screens.letters[ONLOOKER]


async def _put_letter(database: Database, number: int) -> None:
    payload = {"chat_id": ONLOOKER, "text": f"number {number}"}
    lasts = OPENS + timedelta(days=1)
    letter = Letter(f"onlooker:{number}", "brief", ONLOOKER, "sendMessage", payload, OPENS, lasts)
    async with database.writing() as session:
        await outbox.put(database, session, [letter])


async def test_a_database_killed_in_a_round_loses_nothing_and_all_is_soon_well(
    stage: Stage, server: postgres.Server, screens: Watched, note: Callable[..., None]
) -> None:
    port = free_port()
    parleys = _parleys(stage, screens.sandbox, port)
    stage.calendar.move(OPENS)
    accounts = range(crowd.FIRST, crowd.FIRST + PEOPLE)
    persons = [Person(account, screens, random.Random(account)) for account in accounts]
    took = []

    async with followed(screens):
        async with asyncio.TaskGroup() as group:
            for person in persons:
                group.create_task(asked_and_answering(person, screens))
            for kill in range(1, KILLS + 1):
                # The first falls among the invitations, the others among the answers.
                await until(so_far(screens, PEOPLE // 3 + (kill - 1) * PEOPLE * RATINGS // (KILLS + 1)))
                took.append(await _kill_and_recover(server, stage.database, screens, kill))
        await until(lambda: _nothing_waits(screens.sandbox))
        before = Counter(screens.letters)
        await stage.digest_falls_due()
        digested = await _by_everybody(screens, before)

    amiss = await wrong(stage.database, persons)
    lost = [account for account in accounts if not screens.invited[account]]
    ended = [one.name for one in parleys if one.process is None or one.process.poll() is not None]
    letter, tap = (max(seconds) for seconds in zip(*took, strict=True))
    note(
        12,
        kills=KILLS,
        members=PEOPLE,
        lost_invitations=len(lost),
        ticked=len(screens.ticked),
        lost_or_wrong_answers=len(amiss),
        repeated=screens.invited.total() - PEOPLE + len(lost),
        processes_ended=len(ended),
        slowest_letter_s=round(letter, 1),
        slowest_tap_s=round(tap, 1),
    )
    assert (lost, amiss, ended) == ([], [], [])
    assert digested, "the clock did not go on"
    assert max(letter, tap) <= WELL_AGAIN, took
    async with httpx.AsyncClient() as client:
        assert (await client.get(f"http://127.0.0.1:{port}/health")).json()["late"] == []
    assert [await asyncio.to_thread(one.stop) for one in parleys] == [0] * len(parleys)


async def _nothing_waits(world: Sandbox) -> bool:
    return bool((await world.control("GET", "pending"))["updates"] == 0)


async def _by_everybody(screens: Watched, before: Counter[int]) -> bool:
    """Whether everybody's digest came."""

    async def came() -> bool:
        return all(screens.letters[one] > before[one] for one in screens.invited)

    await until(came)
    return True
