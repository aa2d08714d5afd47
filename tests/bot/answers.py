"""What phones show while a round goes on, and whether what was kept is what they saw ticked."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import col, select

from storage.database import Database
from storage.rounds import Answer
from tests import crowd
from tests.bot.test_listening_kills import Person, Screens

SLOWEST = 600.0
ITEMS = ("made_a_difference", "can_disagree", "fair_load", "same_direction", "worth_it")


@dataclass
class Watched(Screens):
    """All phones, with how many invitations and letters each got: by the sandbox's journal."""

    invited: Counter[int] = field(default_factory=Counter)
    letters: Counter[int] = field(default_factory=Counter)
    answered: int = 0  # taps, whatever the answer was

    def _note(self, entry: dict[str, Any]) -> None:
        super()._note(entry)
        self.answered += entry["ok"] and entry["method"] == "answerCallbackQuery"
        if entry["ok"] and entry["method"] == "sendMessage":
            self.letters[entry["chat_id"]] += 1
            data = [button.get("data", "") for row in entry["buttons"] for button in row]
            if any(one.startswith("start:") for one in data):
                self.invited[entry["chat_id"]] += 1


async def asked_and_answering(person: Person, screens: Watched) -> None:
    """Invitations give way to direct replies: in a large round somebody is asked long after others answer."""
    async with screens.changed, asyncio.timeout(SLOWEST):
        await screens.changed.wait_for(lambda: bool(screens.invited[person.account]))
    await person.answer()


def so_far(screens: Watched, threshold: int) -> Callable[[], Awaitable[bool]]:
    """Whether so many invitations came and taps were ticked, together."""

    async def enough() -> bool:
        return screens.invited.total() + len(screens.ticked) >= threshold

    return enough


async def wrong(database: Database, persons: Sequence[Person]) -> list[tuple[int, str]]:
    """Answers that are not what their phone saw ticked."""
    invitations = await crowd.invitations_of(database)
    async with database.reading() as session:
        rows = (await session.exec(select(Answer).where(col(Answer.value).is_not(None)))).all()
    stored = {(row.invitation_id, row.item): row.value for row in rows}
    return [
        (person.account, item)
        for person in persons
        for position, item in enumerate(ITEMS)
        if (allowed := person.allowed(position)) is not None
        and stored.get((invitations[person.account], item)) not in allowed
    ]
