"""Being forgotten through the inbox: the update that asks for it is one of the rows that go blank."""

import pytest
from sqlmodel import select

from bot import inbox
from storage.database import Database
from storage.queues import Incoming
from tests.bot import wire
from tests.bot.test_updates import handle_all, handler, said, tapped
from tests.bot.wire import BOT
from tests.cast import OPENS, seated
from tests.facilitation import marked

FIRST = 7_100_000


async def test_the_update_that_asks_to_be_forgotten_is_handled_once_and_says_nothing_afterwards(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = wire.cut(monkeypatch)
    cast = await seated(database, first_account=FIRST)
    gone, stays = cast.members[:2]
    at_work = handler(database)
    updates = [said(1, gone, "planted words"), said(2, stays, "hello"), tapped(3, gone, "erase")]
    await inbox.store(database, BOT, updates, now=OPENS)

    await handle_all(at_work)
    await inbox.store(database, BOT, updates, now=OPENS)
    await handle_all(at_work)

    async with database.reading() as session:
        rows = {row.update_id: row for row in (await session.exec(select(Incoming))).all()}
    assert {number: (row.chat, row.state) for number, row in rows.items()} == {
        1: (0, "done"),
        2: (stays, "done"),
        3: (0, "done"),
    }
    assert calls.to(gone)[-1] == "editMessageText"
    assert await marked.found_in(database, str(gone), "planted") == []
