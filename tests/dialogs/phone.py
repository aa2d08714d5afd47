"""A phone in a test: taps and texts become events as the inbox makes them; replies come back as data."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any

from dialogs import conversation
from dialogs.cards import Card, plain
from dialogs.events import Awaiting, Event, Reachable, Reply, Reworded, Said, Setting, Tapped
from storage.database import Database
from storage.rounds import Awaited
from tests.cast import OPENS
from tests.facilitation.turning import all_rounds, part_of

UPDATES = count(10_000)
MESSAGES = count(1)


@dataclass
class Phone:
    database: Database
    account: int
    now: datetime = OPENS
    setting: Setting = field(default_factory=Setting)
    language: str = "en"
    message: int = 0  # the last one they sent

    def moment(self, update_id: int | None = None) -> dict[str, Any]:
        return {
            "account": self.account,
            "chat": self.account,
            "language": self.language,
            "update_id": next(UPDATES) if update_id is None else update_id,
            "received_at": self.now,
        }

    async def does(self, event: Event) -> Sequence[Reply]:
        async with self.database.writing() as session:
            return await conversation.respond(session, event, self.setting)

    async def tap(self, data: str, *, message: int | None = 1, update_id: int | None = None) -> Reply:
        (reply,) = await self.does(Tapped(**self.moment(update_id), data=data, message=message))
        return reply

    async def say(self, text: str, *, update_id: int | None = None, reply_to: int | None = None) -> Reply:
        (reply,) = await self.does(await self.heard(text, update_id=update_id, reply_to=reply_to))
        return reply

    async def heard(self, text: str, *, update_id: int | None = None, reply_to: int | None = None) -> Said:
        """A text as it is stored at arrival, with what it answers."""
        self.message = next(MESSAGES)
        async with self.database.reading() as session:
            row = await session.get(Awaited, self.account)
        awaiting = Awaiting(row.kind, row.about, row.item, row.message) if row else None
        facts = self.moment(update_id) | {"text": text, "message": self.message, "reply_to": reply_to}
        return Said(**facts, awaiting=awaiting)

    async def edit(self, text: str, *, message: int | None = None) -> Sequence[Reply]:
        return await self.does(Reworded(**self.moment(), text=text, message=message or self.message))

    async def block(self, *, reachable: bool = False) -> Sequence[Reply]:
        return await self.does(Reachable(**self.moment(), reachable=reachable))


def card(reply: Reply) -> Card:
    assert reply.card is not None
    return reply.card


def text(reply: Reply) -> str:
    return plain(card(reply).text)


def labels(reply: Reply) -> list[list[str]]:
    return [[button.label for button in row] for row in card(reply).rows]


def data(reply: Reply, label: str) -> str:
    """Where a button leads."""
    return next(button.data for row in card(reply).rows for button in row if button.label == label)


async def kept(database: Database, member: Phone) -> dict[str, tuple[int | None, str | None, str | None]]:
    """What stands of a member's answers in the first round: value, text, and how it is shown."""
    round_id = (await all_rounds(database))[0].id
    part = await part_of(database, member.account, round_id, now=OPENS)
    return {code: (one.value, one.text, one.shown_as) for (code, _), one in part.answers.items()}
