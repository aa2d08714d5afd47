"""Long polling: nothing is confirmed before it is stored, and nothing Telegram says stops the asking."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from sqlmodel import select
from telegram import Bot

from bot import inbox, listening, telegram
from bot.clock import Clock
from bot.health import Pulse
from bot.rivals import Rivals
from bot.telegram import Outcome
from storage.database import Database
from storage.queues import Heartbeat, Incoming
from tests.bot import wire
from tests.bot.wire import BOT


class Telegram:
    """Answers getUpdates with these, one after the other, and then with nothing."""

    def __init__(self, *answers: Outcome | Sequence[dict[str, Any]]) -> None:
        self.answers = list(answers)
        self.offsets: list[int] = []
        self.done = asyncio.Event()

    async def call(self, _bot: Bot, _method: str, payload: dict[str, Any], **_more: object) -> Outcome:
        self.offsets.append(payload["offset"])
        if self.answers:
            answer = self.answers.pop(0)
            return answer if isinstance(answer, Outcome) else Outcome("sent", list(answer))
        self.done.set()
        await asyncio.sleep(60)
        raise AssertionError("it was waited for longer than a test takes")


@asynccontextmanager
async def polling(database: Database, said: Telegram, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    monkeypatch.setattr(telegram, "call", said.call)
    monkeypatch.setattr(listening, "FIRST_PAUSE", 0.01)
    polling = asyncio.create_task(
        listening.poll(
            database,
            wire.bot(),
            BOT,
            Clock(),
            wake=asyncio.Event(),
            pulse=Pulse(database, "listening"),
            rivals=Rivals(database, wire.bot(), Clock()),
        )
    )
    await asyncio.wait_for(said.done.wait(), 20)
    yield
    polling.cancel()
    with suppress(asyncio.CancelledError):
        await polling


async def stored(database: Database) -> list[int]:
    async with database.reading() as session:
        return sorted(row.update_id for row in (await session.exec(select(Incoming))).all())


async def test_the_offset_moves_over_what_is_stored(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = Telegram([{"update_id": 7}, {"update_id": 8}], [{"update_id": 9}])

    async with polling(database, said, monkeypatch):
        assert said.offsets == [0, 9, 10]
        assert await stored(database) == [7, 8, 9]


async def test_what_could_not_be_stored_is_asked_for_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, tries = inbox.store, iter([True])

    async def once_away(*args: Any, **more: Any) -> Any:  # noqa: ANN401 - handed on as it is
        if next(tries, False):
            raise ConnectionRefusedError
        return await store(*args, **more)

    monkeypatch.setattr(inbox, "store", once_away)
    said = Telegram([{"update_id": 7}], [{"update_id": 7}])

    async with polling(database, said, monkeypatch):
        assert said.offsets == [0, 0, 8]
        assert await stored(database) == [7]


async def test_while_nothing_can_be_stored_we_give_no_sign_of_life(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object, **__: object) -> None:
        said.done.set()
        raise ConnectionRefusedError

    monkeypatch.setattr(inbox, "store", away)
    said = Telegram([{"update_id": 7}], [{"update_id": 7}])

    async with polling(database, said, monkeypatch), database.reading() as session:
        assert await session.get(Heartbeat, "listening") is None


async def test_after_a_quiet_week_numbers_may_begin_again_below(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = Telegram([{"update_id": 900}], [], [{"update_id": 12}])

    async with polling(database, said, monkeypatch):
        assert said.offsets == [0, 901, 0, 13]
        assert await stored(database) == [12, 900]


async def test_updates_without_a_number_do_not_hold_up_the_others(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd: list[dict[str, Any]] = [{"update_id": 2**63}, {"update_id": True}, {}, {"update_id": 5}]
    said = Telegram(odd, [{"update_id": 2**64}])

    async with polling(database, said, monkeypatch):
        assert said.offsets == [0, 6, 6]
        assert await stored(database) == [5]


@pytest.mark.parametrize("came", ["uncertain", "unsent", "locked_out", "halted", "refused"])
async def test_whatever_goes_wrong_it_asks_again(
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    came: Any,  # noqa: ANN401 - one of Came
) -> None:
    said = Telegram(Outcome(came, wait=0.01), Outcome(came), [{"update_id": 7}])

    async with polling(database, said, monkeypatch):
        assert said.offsets == [0, 0, 0, 8]
        assert await stored(database) == [7]
