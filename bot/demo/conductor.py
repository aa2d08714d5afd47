"""The conductor: it alone moves the demo's clock, and only when nothing is on its way."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from sqlmodel import col, select

from bot import clock, outbox
from bot.demo.command import DemoFailedError
from bot.demo.stage import Scene
from facilitation import rounds
from storage.queues import Incoming

LOOK = 0.01
STALLED = 20.0

Look = Callable[[], Awaitable[str]]


class StalledError(DemoFailedError):
    """Something was still on its way after 20 seconds."""


class Conductor:
    """Moves one scene through its calendar."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene

    async def settle(self) -> None:
        """Return once nothing is on its way. Raises StalledError, DemoFailedError."""
        await settled(self.waits_for)

    async def waits_for(self) -> str:
        """What is still on its way, in words; empty if nothing is. What costs least is asked first.

        What came in is looked for from Telegram to the reply, the way it goes: so nothing slips past.
        """
        if self.scene.running.done():
            raise DemoFailedError(f"Parley has ended: {_why(self.scene.running)}")
        for look in (self._people, self._replies, self._telegram, self._in_the_database, self._replies):
            if what := await look():
                return what
        return ""

    async def _people(self) -> str:
        idle = (await self.scene.control.get("people/idle?wait=1"))["idle"]
        return "" if idle else "somebody at their phone"

    async def _replies(self) -> str:
        return "Parley's replies" if self.scene.house.handler.busy else ""

    async def _telegram(self) -> str:
        pending = await self.scene.control.get("pending")
        if not (pending["updates"] or pending["callbacks"]):
            return ""
        return f"{pending['updates']} updates and {pending['callbacks']} taps in the local Telegram"

    async def _in_the_database(self) -> str:
        now = self.scene.now()
        async with self.scene.house.database.reading() as session:
            if steps := await rounds.due(session, now):
                return f"a round's step: {steps[0][0]}"
            if letters := await outbox.due(session, now=now):
                return f"{letters} letters in the outbox"
            waiting = select(Incoming.update_id).where(col(Incoming.state) == "new").limit(1)
            return "an update in the inbox" if (await session.exec(waiting)).first() else ""

    async def until(self, end: datetime, *, told: Callable[[], Awaitable[None]] | None = None) -> None:
        """Let the calendar run to `end`, stopping wherever somebody or something has a moment of theirs."""
        while self.scene.now() < end:
            moment = await self._next(end)
            if moment > self.scene.now():
                await asyncio.to_thread(clock.move, self.scene.clock_file, moment)
            await self.scene.control.post("people/act", {"now": moment.isoformat()})
            await self.settle()
            if told is not None:
                await told()

    async def _next(self, end: datetime) -> datetime:
        now = self.scene.now()
        at = (await self.scene.control.get("people/next"))["at"]
        async with self.scene.house.database.reading() as session:
            of_round = await rounds.next_moment(session, now)
        of_people = datetime.fromisoformat(at) if at else None
        return following(now, of_people=of_people, of_round=of_round, end=end, step=self.scene.play.step)


def following(
    now: datetime, *, of_people: datetime | None, of_round: datetime | None, end: datetime, step: timedelta
) -> datetime:
    """The moment to move to, in whole steps for people: never past a round's, nor so late they miss it."""
    stop = min(moment for moment in (of_round, end) if moment is not None)
    if of_people is None or of_people >= stop:
        return stop
    together = now + step * (1 + max(timedelta(), of_people - now) // step)
    latest = stop if stop == end else stop - timedelta(seconds=1)
    return max(now, of_people, min(together, latest))


async def settled(waits_for: Look, *, patience: float = STALLED, look: float = LOOK) -> None:
    """Look until nothing is waited for. Raises StalledError, with what it was, after so many seconds."""
    begun = time.monotonic()
    while what := await waits_for():
        if time.monotonic() - begun > patience:
            raise StalledError(f"still waiting for {what} after {patience:.0f} seconds")
        await asyncio.sleep(look)


def _why(running: "asyncio.Task[None]") -> str:
    error = None if running.cancelled() else running.exception()
    return type(error).__name__ if error else "it was stopped"
