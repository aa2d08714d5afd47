"""Promise 8: a worker that was stopped for longer than its lease, and then goes on, changes nothing."""

import asyncio
import signal
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlmodel import select

from bot import outbox
from bot.outbox import Letter
from storage.database import Database
from storage.queues import Outgoing
from tests import crowd
from tests.bot.conftest import Stage
from tests.cast import MONDAY
from tests.processes import until
from tests.sandbox_process import Sandbox

pytestmark = pytest.mark.alone

LEASE = 1.5


async def row(database: Database) -> Outgoing:
    async with database.reading() as session:
        return (await session.exec(select(Outgoing))).one()


@pytest.mark.kill
@pytest.mark.promise
@pytest.mark.parametrize("engine", ["postgresql"])
async def test_a_paused_worker_that_goes_on_changes_nothing(
    stage: Stage, world: Sandbox, note: Callable[..., None]
) -> None:
    database = stage.database
    await asyncio.to_thread(crowd.phones, world, [5])
    await world.control(
        "POST", "faults", {"rules": [{"do": "hang_after", "method": "sendMessage", "times": 1, "seconds": 1}]}
    )
    async with database.writing() as session:
        payload = {"chat_id": 5, "text": "once or twice"}
        letter = Letter("a", "digest", 5, "sendMessage", payload, MONDAY, MONDAY + timedelta(days=1))
        await outbox.put(database, session, [letter])
    paused = stage.parley("worker", world, HURRIED_LEASE=LEASE).start()

    async def sending() -> bool:
        return (await row(database)).state == "sending"

    await until(sending)
    await asyncio.sleep(0.3)
    paused.send(signal.SIGSTOP)
    await asyncio.sleep(3 * LEASE)
    stage.parley("worker", world, HURRIED_LEASE=LEASE).start()

    async def sent() -> bool:
        return (await row(database)).state == "sent"

    await until(sent)
    before = await row(database)
    paused.send(signal.SIGCONT)
    await until(lambda: asyncio.to_thread(lambda: "lease lost" in paused.log))

    page = await world.control("GET", "journal?since=0&kind=call")
    came = sum(one["ok"] and one["method"] == "sendMessage" for one in page["entries"])
    note(
        8,
        leases=3,
        rows_changed_late=int(await row(database) != before),
        came=came,
        uncertain=before.uncertain,
    )
    assert await row(database) == before
    assert (before.uncertain, before.tries) == (1, 2)
    assert came <= 1 + before.uncertain, "it came more often than can be explained"
