"""What was raised, as tests see it: the rows, the letters that went out, and a reply given in its steps."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import col, select

from dialogs.cards import plain
from dialogs.events import Reply
from storage.database import Database
from storage.queues import Outgoing
from storage.raised import Raised
from tests.cast import MONDAY
from tests.dialogs.phone import Phone, card, data

TUESDAY = MONDAY + timedelta(days=1)
WORDS = "We hear about the plan when it is printed."
ALONE, QUOTED, ORGANISATION, NAMED = range(4)
Raising = Callable[..., Awaitable[int]]


async def rows(database: Database) -> list[Raised]:
    async with database.reading() as session:
        return list((await session.exec(select(Raised).order_by(col(Raised.raised_at)))).all())


async def only(database: Database) -> Raised:
    (row,) = await rows(database)
    return row


@dataclass
class Letters:
    """What went out by itself: chat and text, in the order it was written."""

    database: Database

    async def all(self) -> list[tuple[int, str]]:
        async with self.database.reading() as session:
            found = (await session.exec(select(Outgoing).order_by(col(Outgoing.id)))).all()
        return [(row.chat, plain(row.payload["text"])) for row in found]

    async def to(self, account: int) -> list[str]:
        return [said for chat, said in await self.all() if chat == account]

    async def begins(self) -> list[datetime]:
        async with self.database.reading() as session:
            return list((await session.exec(select(Outgoing.not_before).order_by(col(Outgoing.id)))).all())


async def replied(facilitator: Phone, raised_id: int, *, kind: int = 2, words: str = "No money.") -> Reply:
    await facilitator.tap(f"owedas:{raised_id}:{kind}")
    preview = await facilitator.say(words)
    if kind < 2:  # agreed and negotiating have a date
        preview = await facilitator.tap(data_at(preview, 0))
    return await facilitator.tap(data(preview, "Send"))


def data_at(reply: Reply, row: int) -> str:
    return card(reply).rows[row][0].data
