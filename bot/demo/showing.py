"""The demo's strip: what day it is, what is happening, and letting time pass as the visitor wishes."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import col, select

from bot.demo import tally
from bot.demo.command import Say
from bot.demo.conductor import Conductor, StalledError
from bot.demo.stage import Scene
from dialogs import strip
from facilitation import rounds
from storage.members import Member
from storage.rounds import Round

WISHES = {"day": 1, "week": 7}


class Strip:
    """Keeps the line above the phones up to date. `chats`: where each visitor's link was sent."""

    def __init__(self, scene: Scene, chats: dict[str, int]) -> None:
        self.scene = scene
        self.chats = chats
        self.shown: dict[str, Any] = {}
        self.moving: tuple[datetime, datetime] | None = None

    async def move(self, conductor: Conductor, wish: str, say: Say) -> None:
        """Let a day or a week pass: to the same hour of that day, whatever the clocks do meanwhile."""
        begun = self.scene.now()
        local = begun.astimezone(ZoneInfo(self.scene.cast.timezone))
        self.moving = begun, local + timedelta(days=WISHES[wish])
        try:
            await self.show()
            await conductor.until(self.moving[1], told=self.show)
        except StalledError as error:
            say(f"{error}; going on.")
        finally:
            self.moving = None

    async def show(self) -> None:
        now, joined = self.scene.now(), await self._joined()
        told = {
            "now": now.isoformat(),
            "timezone": self.scene.cast.timezone,
            "text": await self._happening(to_join=len(joined) < len(self.chats)),
            "busy": self.moving is not None,
            "progress": _part(now, *self.moving) if self.moving else None,
            "phones": self._phones(joined),
        }
        if told != self.shown:
            self.shown = told
            await self.scene.control.post("strip", told)

    async def _joined(self) -> Sequence[int | None]:
        visitors = self.scene.phones.held_by_visitor().values()
        async with self.scene.house.database.reading() as session:
            wanted = select(Member.account).where(col(Member.account).in_(visitors))
            return (await session.exec(wanted)).all()

    def _phones(self, joined: Sequence[int | None]) -> list[dict[str, Any]]:
        """The facilitator's phone, the visitor's two (at their link until they join), and the group."""
        captions, facilitator = self.scene.cast.captions, self.scene.phones.facilitator
        return [
            {"user": facilitator, "chat": facilitator, "caption": captions["facilitator"]},
            *(
                {
                    "user": user,
                    "chat": user if user in joined else self.chats[name],
                    "caption": captions[name],
                }
                for name, user in self.scene.phones.held_by_visitor().items()
            ),
            {"user": facilitator, "chat": self.scene.phones.group, "caption": captions["group"]},
        ]

    async def _happening(self, *, to_join: bool) -> str:
        parted = await tally.parted(self.scene.house.database)
        async with self.scene.house.database.reading() as session:
            opened = select(Round).where(Round.number > 0).order_by(col(Round.opens_at).desc()).limit(1)
            newest = (await session.exec(opened)).first()
            planned = (
                select(Round.opens_at).where(Round.state == "planned").order_by(col(Round.opens_at)).limit(1)
            )
            return strip.happening(
                newest,
                timezone=self.scene.cast.timezone,
                replied=await rounds.replied(session, newest.id) if newest else (0, 0),
                following=(await session.exec(planned)).first(),
                to_join=to_join,
                moving_to=self.moving[1] if self.moving else None,
                parted=bool(parted),
            )


def _part(now: datetime, begun: datetime, end: datetime) -> float:
    return round((now - begun) / (end - begun), 3)
