"""The deliverer in one process, the wire alone cut: what is due leaves, one bad letter stays alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from sqlmodel import col, select

from bot import outbox, ticking
from bot.clock import Clock
from bot.delivery import Deliverer
from bot.outbox import Letter
from bot.pace import Pacer
from bot.telegram import Outcome
from storage.database import Database
from storage.digests import Digest
from storage.queues import Outgoing
from tests.bot import wire
from tests.bot.test_outbox import written
from tests.bot.wire import BOT, Wire
from tests.cast import CLOSES, DIGEST, MONDAY, OPENS, Cast
from tests.processes import until


class At(Clock):
    def __init__(self, moment: Any) -> None:  # noqa: ANN401 - a datetime
        super().__init__()
        self.moment = moment

    def now(self) -> Any:  # noqa: ANN401 - a datetime
        return self.moment


@asynccontextmanager
async def delivering(database: Database, moment: Any = MONDAY) -> AsyncIterator[Deliverer]:  # noqa: ANN401 - a datetime
    worker = Deliverer(database, wire.bot(), Pacer(BOT, 1000.0), At(moment))
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(worker.run(stop))
        yield worker
        stop.set()
        worker.wake.set()


async def states(database: Database) -> dict[int, str]:
    async with database.reading() as session:
        rows = (await session.exec(select(Outgoing).order_by(col(Outgoing.id)))).all()
    return {row.chat: row.state for row in rows}


@pytest.fixture
def wired(monkeypatch: pytest.MonkeyPatch) -> Wire:
    return wire.cut(monkeypatch)


async def test_everything_due_leaves_and_is_written_down_as_sent(database: Database, wired: Wire) -> None:
    await written(database, *range(1, 41))

    async with delivering(database):
        await until(lambda: _all(database, "sent"))

    assert sorted(payload["chat_id"] for _, payload in wired.calls) == list(range(1, 41))


async def _all(database: Database, *wanted: str) -> bool:
    return set((await states(database)).values()) <= set(wanted)


async def test_a_letter_whose_outcome_cannot_be_written_down_holds_up_no_other(
    database: Database, wired: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    await written(database, *range(1, 31))
    finish = outbox._finish

    async def fails_for_one(session: Any, row: Outgoing, came: Outcome, **more: Any) -> str:  # noqa: ANN401 - handed on
        if row.chat == 7:
            raise ZeroDivisionError
        return await finish(session, row, came, **more)

    monkeypatch.setattr(outbox, "_finish", fails_for_one)

    async with delivering(database):
        await until(lambda: _all(database, "sent", "sending"))
        await until(lambda: asyncio.sleep(0, len(wired.calls) == 30))

    found = await states(database)
    assert [chat for chat, state in found.items() if state != "sent"] == [7]


async def test_after_a_crash_what_was_on_its_way_is_settled_at_the_next_start(
    database: Database, wired: Wire
) -> None:
    if not database.sqlite:
        pytest.skip("on PostgreSQL another worker may still be at it, until its lease ends")
    await written(database, 1)
    await written(database, 2, kind="reminder")
    await outbox.claim(database, Pacer(BOT, 1000.0), now=MONDAY)

    async with delivering(database):
        await until(lambda: _all(database, "sent", "uncertain"))

    assert await states(database) == {1: "sent", 2: "uncertain"}
    assert [payload["chat_id"] for _, payload in wired.calls] == [1]


async def test_a_digest_carries_its_picture(database: Database, cast: Cast, wired: Wire) -> None:
    for moment in (OPENS, CLOSES):
        await ticking.tick(database, now=moment)
    async with database.writing() as session:
        digest = (await session.exec(select(Digest))).one()
        digest.picture = b"a picture"
        session.add(digest)
        payload = {"chat_id": 5, "photo": digest.id, "caption": "at a glance"}
        letter = Letter("photo", "digest", 5, "sendPhoto", payload, CLOSES, DIGEST)
        await outbox.put(database, session, [letter])

    async with delivering(database, CLOSES):
        await until(lambda: asyncio.sleep(0, bool(wired.calls)))

    [sent] = [payload for method, payload in wired.calls if method == "sendPhoto"]
    assert (sent["photo"].input_file_content, sent["caption"]) == (b"a picture", "at a glance")


async def test_a_letter_refused_for_good_is_dead_and_the_next_one_leaves(
    database: Database, wired: Wire
) -> None:
    wired.answer = Outcome("refused", error="message text is empty")
    await written(database, 1, 1)

    async with delivering(database):
        await until(lambda: _all(database, "dead"))

    assert len(wired.calls) == 2


async def test_what_we_cannot_put_together_is_tried_five_times_and_reported(
    database: Database, wired: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "FIRST_WAIT", 0.0001)
    async with database.writing() as session:
        photo = {"chat_id": 1, "photo": 4_000_000}
        letter = Letter("photo", "reminder", 1, "sendPhoto", photo, MONDAY, MONDAY + timedelta(days=1))
        await outbox.put(database, session, [letter])
    await written(database, 1)

    async with delivering(database):
        await until(lambda: _all(database, "sent", "dead"))

    async with database.reading() as session:
        poison = (await session.exec(select(Outgoing).where(Outgoing.key == "photo"))).one()
    assert (poison.state, poison.tries, poison.uncertain, poison.error) == ("dead", 5, 0, "NoResultFound")
    assert [payload["chat_id"] for _, payload in wired.calls] == [1]
    assert await outbox.given_up(database, operator=0, now=MONDAY) == {"reminder": 1}


async def test_while_the_database_is_away_no_letter_is_at_fault(
    database: Database, wired: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    await written(database, 1)
    worker = Deliverer(database, wire.bot(), Pacer(BOT, 1000.0), At(MONDAY))

    async def away(_row: Outgoing) -> None:
        raise OperationalError("", {}, Exception())

    monkeypatch.setattr(worker, "_payload", away)
    [letter] = await outbox.claim(database, worker.pacer, now=MONDAY)

    await worker._deliver(letter)

    assert await states(database) == {1: "retry"}
    assert wired.calls == []


async def test_an_outage_of_hours_costs_no_invitation(
    database: Database, wired: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "FIRST_WAIT", 0.0001)
    wired.answer = Outcome("unsent", error="ConnectError")
    await written(database, 1)
    await written(database, 2, kind="reminder")

    async with delivering(database):
        await until(lambda: asyncio.sleep(0, len(wired.calls) > 40))
        wired.answer = None
        await until(lambda: _all(database, "sent"))

    assert await states(database) == {1: "sent", 2: "sent"}
