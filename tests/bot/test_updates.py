"""Promises 4 and 11 within one process: updates repeated, shuffled or unreadable; the wire alone is cut."""

import asyncio
import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import col, func, select
from telegram import Bot

from bot import clock, flood, inbox, pace, telegram, ticking
from bot.handling import Handler
from bot.pace import Pacer
from bot.telegram import Outcome
from dialogs.events import Filed, FileWanted, Setting
from storage.database import Database
from storage.queues import Incoming, Outgoing
from storage.rounds import Answer
from tests import crowd, proof
from tests.bot import wire
from tests.bot.wire import BOT, Wire
from tests.cast import OPENS

ARRIVALS = proof.size(ci=5000, long=200_000)
DIFFERENT = proof.size(ci=800, long=30_000)
PEOPLE = 40
ITEMS = ("made_a_difference", "can_disagree", "fair_load", "same_direction", "worth_it")


class Frozen(clock.Clock):
    """A calendar that stands at the opening of the round."""

    def now(self) -> Any:  # noqa: ANN401 - a datetime
        return OPENS


def handler(database: Database, *, operator_chat: int = 0) -> Handler:
    return Handler(database, wire.bot(), Pacer(BOT, 1e6), Setting(), Frozen(), operator_chat=operator_chat)


def person(account: int) -> dict[str, Any]:
    return {"id": account, "is_bot": False, "first_name": "Somebody"}


def said(update_id: int, account: int, text: str) -> dict[str, Any]:
    chat = {"id": account, "type": "private"}
    message = {"message_id": update_id, "date": 1, "chat": chat, "from": person(account), "text": text}
    return {"update_id": update_id, "message": message}


def tapped(update_id: int, account: int, data: str) -> dict[str, Any]:
    message = {"message_id": 1, "date": 1, "chat": {"id": account, "type": "private"}, "text": "a card"}
    query = {
        "id": str(update_id),
        "from": person(account),
        "chat_instance": "1",
        "data": data,
        "message": message,
    }
    return {"update_id": update_id, "callback_query": query}


async def handle_all(handler: Handler) -> None:
    """Handle everything that waits, several chats at once, as the running product does."""
    stop = asyncio.Event()
    while chats := await inbox.waiting(handler.database, BOT):
        handler.note_floods(chats)
        await asyncio.gather(*(handler._chat(chat, stop) for chat in chats))


async def opened(database: Database, size: int) -> dict[int, int]:
    await crowd.seated(database, size)
    await ticking.tick(database, now=OPENS)
    return await crowd.invitations_of(database)


@pytest.mark.promise
async def test_the_newest_tap_wins_however_updates_are_shuffled_and_repeated(
    database: Database, monkeypatch: pytest.MonkeyPatch, note: Callable[..., None]
) -> None:
    wire.cut(monkeypatch)
    # What piles up in a chat is handled as a flood is; nobody waits for the breaths between.
    monkeypatch.setattr(flood, "BREATH", 0.0)
    monkeypatch.setattr(flood, "TURN", 0.0)
    chance = random.Random(4)
    invitations = await opened(database, PEOPLE)
    expected: dict[tuple[int, str], int | None] = {}
    updates = []
    for update_id in range(1, DIFFERENT + 1):
        account, position, value = chance.choice(list(invitations)), chance.randrange(5), chance.randint(0, 5)
        invitation = invitations[account]
        data = f"rate:{invitation}:{position}:{value}" if value else f"skip:{invitation}:{position}"
        updates.append(tapped(update_id, account, data))
        # The oracle: in the order of their numbers, each tap simply replaces what was there.
        expected[invitation, ITEMS[position]] = value or None
    arrivals = updates + chance.choices(updates, k=ARRIVALS - DIFFERENT)
    chance.shuffle(arrivals)

    handling = handler(database)
    while arrivals:
        size = chance.randint(1, 100)
        batch, arrivals = arrivals[:size], arrivals[size:]
        await inbox.store(database, BOT, batch, now=OPENS)
        if chance.random() < 0.3:
            await handle_all(handling)
    await handle_all(handling)

    async with database.reading() as session:
        rows = (await session.exec(select(Answer))).all()
        states = (
            await session.exec(select(col(Incoming.state), func.count()).group_by(col(Incoming.state)))
        ).all()
    found = {(row.invitation_id, row.item): row.value for row in rows}
    note(4, engine=database.url.get_backend_name(), arrivals=ARRIVALS, equals_oracle=found == expected)
    assert found == expected
    assert [tuple(pair) for pair in states] == [("done", DIFFERENT)]


async def test_a_text_answers_what_was_awaited_when_it_arrived(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    wire.cut(monkeypatch)
    invitations = await opened(database, 1)
    account, invitation = next(iter(invitations.items()))
    handling = handler(database)
    await inbox.store(database, BOT, [tapped(1, account, f"ask:{invitation}:5")], now=OPENS)
    await handle_all(handling)

    await inbox.store(database, BOT, [said(2, account, "Say it\x00 aloud\ud83d")], now=OPENS)
    await inbox.store(database, BOT, [tapped(3, account, f"ask:{invitation}:0")], now=OPENS)
    await handle_all(handling)

    async with database.reading() as session:
        answer = (await session.exec(select(Answer))).one()
    assert (answer.item, answer.text) == ("said_aloud", "Say it aloud")


async def test_updates_that_come_one_by_one_at_once_are_stored_together(database: Database) -> None:
    slot = inbox.Slot(database, BOT)
    commits: list[object] = []
    event.listen(database.engine.sync_engine, "commit", commits.append)
    updates = [said(number, number, "hello") for number in range(1, 101)]

    refused = await asyncio.gather(*(slot.store(update, now=OPENS) for update in [*updates, {}]))

    assert [len(one) for one in refused] == [0] * 100 + [1]
    assert sum((await inbox.waiting(database, BOT)).values()) == 100
    assert len(commits) <= 3


async def test_one_that_cannot_be_stored_takes_nobody_along(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    slot, row = inbox.Slot(database, BOT), inbox._row

    def broken(bot: int, update: dict[str, Any], *given: Any, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - as it is called
        if update["update_id"] == 2:
            raise ZeroDivisionError
        return row(bot, update, *given, **more)

    monkeypatch.setattr(inbox, "_row", broken)
    updates = [said(number, number, "hello") for number in (1, 2, 3)]

    came = await asyncio.gather(
        *(slot.store(update, now=OPENS) for update in updates), return_exceptions=True
    )

    assert [type(one) for one in came] == [list, ZeroDivisionError, list]
    assert list(await inbox.waiting(database, BOT)) == [1, 3]


async def impatient(database: Database) -> None:
    """Every wait for a next try is over."""
    async with database.writing() as session:
        for row in (await session.exec(select(Incoming).where(Incoming.state == "new"))).all():
            row.retry_s = 0.0
            session.add(row)


async def test_a_failing_update_never_blocks_its_chat_and_is_parked_and_reported(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    wired = wire.cut(monkeypatch)
    poison = {"update_id": 1, "message": {"chat": {"id": 5, "type": "private"}, "text": "secret words"}}
    handling = handler(database, operator_chat=99)

    await inbox.store(database, BOT, [poison, said(2, 5, "/help")], now=OPENS)
    await handle_all(handling)
    answered = wired.to(5)
    for _ in range(inbox.TRIES):
        await impatient(database)
        await handle_all(handling)

    async with database.reading() as session:
        rows = {row.update_id: row for row in (await session.exec(select(Incoming))).all()}
        letter = (await session.exec(select(Outgoing))).one()
    assert answered == ["sendMessage"]
    assert [(rows[n].state, rows[n].tries) for n in (1, 2)] == [("parked", 5), ("done", 0)]
    assert (letter.kind, letter.chat, letter.state) == ("report", 99, "pending")
    assert "could not be handled" in letter.payload["text"]
    assert "secret" not in letter.payload["text"]


async def test_many_parked_updates_are_one_letter_an_hour(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    wire.cut(monkeypatch)
    poison = [{"update_id": number, "message": {"chat": {"id": number}}} for number in range(1, 8)]
    handling = handler(database, operator_chat=99)

    await inbox.store(database, BOT, poison, now=OPENS)
    for _ in range(inbox.TRIES):
        await handle_all(handling)
        await impatient(database)

    async with database.reading() as session:
        parked = (await session.exec(select(Incoming).where(Incoming.state == "parked"))).all()
        letters = (await session.exec(select(Outgoing))).all()
    assert (len(parked), len(letters)) == (7, 1)


async def test_without_an_operator_chat_a_parked_update_is_noted_all_the_same(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    wire.cut(monkeypatch)
    handling = handler(database)

    await inbox.store(database, BOT, [{"update_id": 1, "message": {"chat": {"id": 5}}}], now=OPENS)
    for _ in range(inbox.TRIES):
        await handle_all(handling)
        await impatient(database)

    async with database.reading() as session:
        assert (await session.exec(select(Incoming))).one().state == "parked"
        assert (await session.exec(select(Outgoing))).all() == []


async def test_after_a_restart_of_the_machine_a_failed_update_is_tried_at_once(database: Database) -> None:
    await inbox.store(database, BOT, [said(1, 5, "hello")], now=OPENS)
    async with database.writing() as session:
        (await session.exec(select(Incoming))).one().retry_s = 10.0**10

    waited = await inbox.waiting(database, BOT)
    await inbox.resume(database)

    assert (waited, await inbox.waiting(database, BOT)) == ({}, {5: 1})


async def test_two_workers_never_handle_one_chat_at_once(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    if database.sqlite:
        pytest.skip("one process only on SQLite")
    wire.cut(monkeypatch)
    await inbox.store(database, BOT, [said(1, 5, "one"), said(2, 5, "two"), said(3, 6, "three")], now=OPENS)

    async with database.writing() as first, database.writing() as second:
        mine = await inbox.claim(database, first, BOT, 5)
        theirs = await inbox.claim(database, second, BOT, 5)
        elsewhere = await inbox.claim(database, second, BOT, 6)

    assert mine is not None
    assert mine.update_id == 1
    assert theirs is None
    assert elsewhere is not None


async def test_a_file_fetched_for_one_update_is_never_taken_for_another(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker, seen = handler(database), []

    async def fetched(file_id: str) -> bytes:
        if file_id == "file 1":  # another worker is faster
            async with database.writing() as session:
                inbox.done((await session.exec(select(Incoming).where(Incoming.update_id == 1))).one())
        return file_id.encode()

    async def respond(_session: object, event: Filed) -> tuple[()]:
        if event.waits:
            raise FileWanted
        seen.append(event.content)
        return ()

    monkeypatch.setattr(worker, "_fetched", fetched)
    monkeypatch.setattr(worker, "_respond", respond)
    updates = [said(number, 7, "") for number in (1, 2)]
    for update in updates:
        file_id = f"file {update['update_id']}"
        update["message"]["document"] = {"file_id": file_id, "file_unique_id": file_id, "file_size": 9}
    await inbox.store(database, BOT, updates, now=OPENS)

    await handle_all(worker)

    assert seen == [b"file 2"]


async def test_nobody_s_file_is_fetched_who_may_not_send_one(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    wired, fetched = wire.cut(monkeypatch), []
    worker = handler(database)

    async def fetch(file_id: str) -> bytes:
        fetched.append(file_id)
        return b"a,b"

    monkeypatch.setattr(worker, "_fetched", fetch)
    member = next(iter(await opened(database, 1)))
    updates = [said(1, member, ""), said(2, 7, "")]
    for update in updates:
        update["message"]["document"] = {"file_id": "large", "file_unique_id": "large", "file_size": 500_000}

    await inbox.store(database, BOT, updates, now=OPENS)
    await handle_all(worker)

    assert fetched == []
    assert [wired.to(member), wired.to(7)] == [["sendMessage"], ["sendMessage"]]


async def test_a_tap_is_ticked_even_when_it_means_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    wired = wire.cut(monkeypatch)
    in_group = tapped(1, 5, "rate:1:2:3")
    in_group["callback_query"]["message"]["chat"] = {"id": -5, "type": "group", "title": "All of us"}
    forged = tapped(2, 5, "rate:999999999999999999999999:2:3")

    await inbox.store(database, BOT, [in_group, forged], now=OPENS)
    await handle_all(handler(database))

    assert [payload["callback_query_id"] for method, payload in wired.calls] == ["1", "2"]


async def test_a_late_update_is_handled_after_its_elders(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    wired = wire.cut(monkeypatch)
    invitations = await opened(database, 1)
    account, invitation = next(iter(invitations.items()))

    await inbox.store(
        database, BOT, [tapped(9, account, f"rate:{invitation}:0:2")], now=OPENS + timedelta(days=2)
    )
    await inbox.store(database, BOT, [tapped(500, account, f"rate:{invitation}:0:4")], now=OPENS)
    await handle_all(handler(database))

    async with database.reading() as session:
        assert (await session.exec(select(Answer))).one().value == 2
    assert len([method for method, _ in wired.calls if method == "answerCallbackQuery"]) == 2


async def test_whoever_is_far_ahead_lets_the_others_through(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    wired = wire.cut(monkeypatch)
    monkeypatch.setattr("bot.handling.AT_ONCE", 1)
    many = [said(number, 1, "/help") for number in range(1, 9)]
    await inbox.store(database, BOT, [*many, said(9, 2, "/help")], now=OPENS)

    await handle_all(handler(database))

    chats = [payload["chat_id"] for method, payload in wired.calls if method == "sendMessage"]
    assert (chats.count(1), chats.count(2)) == (8, 1)
    assert chats.index(2) < 4


async def of_a_tap(database: Database, wired: Wire, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The calls that a tap on a question leads to."""
    monkeypatch.setattr(telegram, "call", wired.call)
    account, invitation = next(iter((await opened(database, 1)).items()))
    await inbox.store(database, BOT, [tapped(1, account, f"rate:{invitation}:0:4")], now=OPENS)
    await handle_all(handler(database))
    return [method for method, _ in wired.calls]


class Picky(Wire):
    """Refuses edits, or breaks down over them."""

    def __init__(self, answer: Outcome | None) -> None:
        super().__init__()
        self.to_edits = answer

    async def call(self, _bot: Bot, method: str, payload: dict[str, Any], **_more: object) -> Outcome:
        came = await super().call(_bot, method, payload, **_more)
        if method != "editMessageText":
            return came
        if self.to_edits is None:
            raise ZeroDivisionError
        return self.to_edits


@pytest.mark.parametrize(
    "said",
    ["Message to edit not found", "Message can't be edited", "There is no text in the message to edit"],
)
async def test_a_card_that_cannot_be_drawn_over_is_sent_anew(
    database: Database, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    picky = Picky(Outcome("refused", error=said))

    calls = await of_a_tap(database, picky, monkeypatch)

    assert calls == ["answerCallbackQuery", "editMessageText", "sendMessage"]
    edit, anew = picky.calls[1][1], picky.calls[2][1]
    assert anew == {name: value for name, value in edit.items() if name != "message_id"}


async def test_a_tap_is_ticked_whatever_went_wrong_before(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = await of_a_tap(database, Picky(None), monkeypatch)

    assert sorted(calls) == ["answerCallbackQuery", "editMessageText"]


async def test_during_a_long_halt_nobody_s_reply_is_waited_for(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    wired = wire.cut(monkeypatch)
    account, invitation = next(iter((await opened(database, 1)).items()))
    handling = handler(database)
    async with database.writing() as session:
        await pace.halt(database, session, handling.pacer, wait=20_000)

    await inbox.store(database, BOT, [tapped(1, account, f"rate:{invitation}:0:4")], now=OPENS)
    await asyncio.wait_for(handle_all(handling), 10)

    assert wired.calls == []
    async with database.reading() as session:
        assert (await session.exec(select(Answer))).one().value == 4
