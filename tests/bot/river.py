"""Riverside with a phone for everybody, for tests of what Telegram does to it."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sqlmodel import col, select

from bot import outbox
from bot.house import House
from bot.outbox import Letter
from storage.database import Database
from storage.members import Member
from storage.memos import Memo
from storage.partnerships import Partnership
from storage.queues import Outgoing
from tests.bot.conftest import Stage
from tests.bot.household import Handset, living
from tests.cast import BRIEF, CLOSES, DIGEST, MONDAY, OPENS, Cast
from tests.processes import until
from tests.sandbox_process import Sandbox

OPERATOR = 9000
NEVER_STARTED = 2  # the place of the one member who has not pressed Start
WITHIN = 30.0


@dataclass
class River:
    """The partnership, its phones, and the Telegram around them."""

    database: Database
    cast: Cast
    stage: Stage
    world: Sandbox
    offered: str = ""  # the last link that brought Parley into a group

    @property
    def facilitator(self) -> Handset:
        return Handset(self.world, self.cast.facilitator)

    @property
    def operator(self) -> Handset:
        return Handset(self.world, OPERATOR)

    def member(self, place: int) -> Handset:
        return Handset(self.world, self.cast.members[place])

    def at(self, moment: datetime, *, minutes: int = 0) -> None:
        self.stage.calendar.move(moment + timedelta(minutes=minutes))

    def living(self, *parts: str, **more: Any) -> AbstractAsyncContextManager[House]:  # noqa: ANN401 - any setting
        return living(self.stage, self.world, *([parts] if parts else []), **more)

    async def group(self, deed: str, group: int, **more: object) -> Any:  # noqa: ANN401 - JSON
        return await self.world.control("POST", f"groups/{group}/{deed}", more)

    async def linked(self, title: str) -> int:
        """A group of the facilitator's, brought in with the button that the menu offers now."""
        owner = self.facilitator
        asked = {"title": title, "members": [owner.account], "bot": False}
        group = int((await self.world.control("POST", "groups", asked))["id"])
        await owner.act("send", text="/start")
        await owner.taps("Menu")
        await owner.taps("Group chat")
        _, button = await owner.button("Choose the group", not_to=self.offered)
        self.offered = button["url"]
        secret = parse_qs(urlsplit(button["url"]).query)["startgroup"][0]
        await owner.act("startgroup", chat_id=group, payload=secret)
        await owner.reads("every digest of Riverside comes here", group)
        return group

    async def writes(self, chat: int, text: str) -> None:
        """Something for this chat, in the outbox."""
        payload = {"chat_id": chat, "text": text}
        until_ = MONDAY + timedelta(days=1)
        letter = Letter(f"letter:{text}", "digest", chat, "sendMessage", payload, MONDAY, until_)
        async with self.database.writing() as session:
            await outbox.put(self.database, session, [letter])

    async def to_the_digest(self) -> None:
        """A round from its opening to its digest, in which nobody answers."""
        # Each step at its hour: a brief that is late makes its digest late, too.
        for moment, kind in ((OPENS, "invitation"), (CLOSES, ""), (BRIEF, "brief"), (DIGEST, "digest")):
            self.at(moment)
            await until(partial(self._written, kind), within=WITHIN)
            await self.settled()

    async def _written(self, kind: str) -> bool:
        """Whether there is a letter of this kind, or ever was one."""
        async with self.database.reading() as session:
            wanted = select(Outgoing.id).where(col(Outgoing.key).startswith(kind))
            return (await session.exec(wanted)).first() is not None

    async def settled(self) -> None:
        """Wait until nothing waits on either side, but for what waits for its time."""
        live = col(Outgoing.state).in_(("pending", "retry", "sending"))

        async def quiet() -> bool:
            pending = (await self.world.control("GET", "pending"))["updates"]
            async with self.database.reading() as session:
                due = await session.exec(select(Outgoing.id).where(live, Outgoing.retry_s == 0))
                return pending == 0 and due.first() is None

        await until(quiet, within=WITHIN)

    async def unreached(self, *accounts: int) -> None:
        """Wait until these, and no others, cannot be reached."""

        async def known() -> bool:
            async with self.database.reading() as session:
                wanted = select(Member.account).where(col(Member.unreachable_since).is_not(None))
                return set((await session.exec(wanted)).all()) == set(accounts)

        await until(known, within=WITHIN)

    async def group_chat(self) -> int | None:
        async with self.database.reading() as session:
            return (await session.get_one(Partnership, self.cast.partnership.id)).group_chat

    async def remembers(self, name: str, *, value: str | None = None, yes: bool = True) -> None:
        """Wait until there is such a memo, or (`yes` false) until there is none."""

        async def so() -> bool:
            async with self.database.reading() as session:
                memo = await session.get(Memo, name)
            return (memo is not None and value in (None, memo.value)) is yes

        await until(so, within=WITHIN)
