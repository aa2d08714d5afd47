"""Promise 9 in short: Telegram's limits hold, a 429 halts everybody, and whoever taps is answered first."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bot import outbox, pace, telegram
from bot.clock import Clock
from bot.delivery import Deliverer
from bot.outbox import Letter
from bot.pace import Pacer
from bot.settings import Settings
from storage.database import Database
from tests import crowd
from tests.cast import MONDAY
from tests.sandbox_process import Sandbox

pytestmark = pytest.mark.alone

PEOPLE = 60
SECONDS = 4.0
TOLERANCE = 0.05  # the sandbox's own: two calls a second apart may arrive a little closer together


class Still(Clock):
    def now(self) -> Any:  # noqa: ANN401 - a datetime
        return MONDAY


@asynccontextmanager
async def delivering(*databases: Database, sandbox: Sandbox) -> AsyncIterator[list[Deliverer]]:
    """A worker a database, all with one token, as they run in processes of their own."""
    settings = Settings(bot_token=sandbox.token, api_base=sandbox.url)
    bots = [telegram.client(settings) for _ in databases]
    workers = [
        Deliverer(database, bot, Pacer(settings.bot_id), Still())
        for database, bot in zip(databases, bots, strict=True)
    ]
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for worker in workers:
            group.create_task(worker.run(stop))
        yield workers
        stop.set()
        for worker in workers:
            worker.wake.set()
    for bot in bots:
        await telegram.close(bot)


async def written(database: Database, chats: list[int]) -> None:
    async with database.writing() as session:
        letters = [
            Letter(
                f"{n}",
                "digest",
                chat,
                "sendMessage",
                {"chat_id": chat, "text": "x"},
                MONDAY,
                MONDAY.replace(year=2027),
            )
            for n, chat in enumerate(chats)
        ]
        await outbox.put(database, session, letters)


async def calls(sandbox: Sandbox) -> list[dict[str, Any]]:
    page = await sandbox.control("GET", "journal?kind=call")
    return [entry for entry in page["entries"] if entry["method"] == "sendMessage"]


def most_within(moments: list[float], window: float) -> int:
    return max(sum(start <= other < start + window for other in moments) for start in moments)


async def test_the_limits_hold_with_several_workers(database: Database, world: Sandbox) -> None:
    people = list(range(1001, 1001 + PEOPLE))
    await asyncio.to_thread(crowd.phones, world, people)
    group = (await world.control("POST", "groups", {"title": "All of us", "members": people[:2]}))["id"]
    await written(database, [chat for turn in range(4) for chat in (*people, group, group)])
    others = [] if database.sqlite else [Database(database.url.render_as_string(hide_password=False))]

    async with delivering(database, *others, sandbox=world):
        await asyncio.sleep(SECONDS)

    for other in others:
        await other.close()
    made = await calls(world)
    moments = [call["machine"] for call in made]
    by_chat: dict[int, list[float]] = {}
    for call in made:
        by_chat.setdefault(call["chat_id"], []).append(call["machine"])
    assert {call["error_code"] for call in made} == {None}
    assert most_within(moments, 1 - TOLERANCE) <= 30
    assert all(most_within(times, 1 - TOLERANCE) == 1 for times in by_chat.values())
    assert len(by_chat[group]) <= 2
    assert len(made) >= 20 * SECONDS * 0.8


async def test_a_429_halts_everybody_for_as_long_as_it_says(database: Database, world: Sandbox) -> None:
    people = list(range(1001, 1041))
    await asyncio.to_thread(crowd.phones, world, people)
    await world.control(
        "POST", "faults", {"rules": [{"do": "429", "method": "sendMessage", "times": 1, "retry_after": 1}]}
    )
    await written(database, people)
    others = [] if database.sqlite else [Database(database.url.render_as_string(hide_password=False))]

    async with delivering(database, *others, sandbox=world):
        await asyncio.sleep(2.5)

    for other in others:
        await other.close()
    made = await calls(world)
    refused = next(call for call in made if call["error_code"] == 429)
    # What had left before the answer was here is let go; then nobody knocks until the second is over.
    too_early = [
        call for call in made if refused["machine"] + 0.15 < call["machine"] < refused["machine"] + 0.95
    ]
    assert too_early == []
    assert sum(call["ok"] for call in made) >= 20


async def test_whoever_taps_does_not_wait_behind_the_outbox(database: Database) -> None:
    pacer = Pacer(42)
    await written(database, list(range(1, 200)))
    for _ in range(20):
        await outbox.claim(database, pacer, now=MONDAY)

    async with database.writing() as session:
        began = time.monotonic()
        [edit, tick] = await pace.reserve(
            database, session, pacer, [(500, "editMessageText"), (500, "answerCallbackQuery")]
        )

    assert edit - began <= outbox.HORIZON + 2 * pacer.gap
    assert tick - edit == pytest.approx(pacer.gap, abs=0.001)


async def test_edits_and_ticks_do_not_use_up_the_chats_second(database: Database) -> None:
    pacer = Pacer(42)

    async with database.writing() as session:
        first, edit, second = await pace.reserve(
            database, session, pacer, [(5, "sendMessage"), (5, "editMessageText"), (5, "sendMessage")]
        )

    assert edit - first < 0.1
    assert second - first >= pace.PRIVATE_GAP - 0.001


async def test_a_group_gets_a_message_every_three_seconds(database: Database) -> None:
    async with database.writing() as session:
        moments = await pace.reserve(database, session, Pacer(42), [(-5, "sendMessage")] * 21)

    assert moments[-1] - moments[0] >= 60


async def test_rows_of_chats_long_free_are_dropped(database: Database) -> None:
    async with database.writing() as session:
        await pace.reserve(database, session, Pacer(42), [(5, "sendMessage"), (6, "sendMessage")])
        seconds = await database.machine_seconds(session)

    async with database.writing() as session:
        early = await pace.forget(session, before=seconds - 10)
        late = await pace.forget(session, before=seconds + 10)

    assert (early, late) == (0, 3)
