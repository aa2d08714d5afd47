"""Delivering the outbox: claim, send, write down what came of it."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

import structlog
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from telegram import Bot, InputFile

from bot import logs, outbox, pace, telegram
from bot.clock import Clock
from bot.health import Pulse
from bot.outbox import Claimed
from bot.pace import Pacer
from bot.telegram import Outcome
from bot.together import Together
from storage import passing
from storage.database import Database
from storage.digests import Digest
from storage.queues import Outgoing

log = structlog.get_logger(__name__)

IDLE = 0.5
SWEEP = 5.0
A_MOMENT = 0.01  # two readings of one clock differ by less
# More than this never waits for Telegram at once: each of them would be uncertain after a crash.
ON_THE_WAY = 12


Done = TypeVar("Done")


class Deliverer:
    """Sends what is due, as fast as Telegram's limits allow."""

    def __init__(
        self, database: Database, bot: Bot, pacer: Pacer, clock: Clock, *, operator_chat: int = 0
    ) -> None:
        self.database = database
        self.bot = bot
        self.pacer = pacer
        self.clock = clock
        self.operator_chat = operator_chat
        self.wake = asyncio.Event()
        self.pulse = Pulse(database, "delivery")
        self._swept = 0.0
        self._on_the_way = 0
        self._settling = Together(self._settle)

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until told to stop, and then finish what is on its way."""
        await _insist(partial(self._sweep, orphaned=self.database.sqlite))
        async with asyncio.TaskGroup() as group:
            while not stop.is_set():
                self.wake.clear()
                claimed = await self._claim(self.clock.now())
                self._on_the_way += len(claimed)
                for letter in claimed:
                    group.create_task(self._deliver(letter))
                if not claimed:
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self.wake.wait(), self._idle())
                else:
                    await asyncio.sleep(max(0.0, claimed[-1].at - time.monotonic()))

    def _idle(self) -> float:
        """How long to wait for something new: at the end of a halt there is something to do."""
        halt = self.pacer.halt.until - time.monotonic()
        return min(IDLE, halt) if halt > 0 else IDLE

    async def _sweep(self, *, orphaned: bool = False) -> None:
        for row in await outbox.sweep(self.database, now=self.clock.now(), orphaned=orphaned):
            log.warning("uncertain_after_a_crash", letter=row.id, kind=row.kind, state=row.state)
        lost = await outbox.given_up(self.database, operator=self.operator_chat, now=self.clock.now())
        if lost:
            log.error("letters_given_up", **lost)

    async def _claim(self, now: datetime) -> list[Claimed]:
        try:
            if time.monotonic() - self._swept > SWEEP:
                self._swept = time.monotonic()
                await self._sweep()
            await self.pulse.beat(now=now, machine=time.monotonic())
            room = ON_THE_WAY - self._on_the_way
            return await outbox.claim(self.database, self.pacer, now=now, most=room) if room > 0 else []
        except Exception as error:  # noqa: BLE001 - the database may be away for a while; look again
            log.error("claim_failed", error=type(error).__name__)
            # Whoever knows what came of a letter writes that down before it is swept up as uncertain.
            self._swept = time.monotonic()
            return []

    async def _deliver(self, letter: Claimed) -> None:
        """Send one letter. Whatever goes wrong after the request, its lease makes it uncertain, not lost."""
        row = letter.row
        try:
            await asyncio.sleep(max(0.0, letter.at - time.monotonic()))
            # Held up for long, or halted meanwhile by somebody's 429: it is not sent, so it is not uncertain.
            halt = await _insist(partial(pace.halted, self.database, self.pacer))
            late = time.monotonic() - letter.at > outbox.LEASE / 2
            if late or halt > A_MOMENT:
                await _insist(partial(outbox.put_back, self.database, row))
                return
            await asyncio.sleep(halt)
            came = await self._sent(row)
            self._note(row, came, await self._settling.do((row, came)))
        except Exception as error:  # noqa: BLE001 - see the docstring
            log.error("delivery_failed", letter=row.id, error=type(error).__name__, at=logs.place(error))
        finally:
            self._on_the_way -= 1
            self.wake.set()

    async def _sent(self, row: Outgoing) -> Outcome:
        """Send it once. What we cannot put together has certainly not left."""
        try:
            payload = await self._payload(row)
        except (DBAPIError, PoolTimeout, OSError) as error:  # the database is away; nothing is wrong with it
            return Outcome("unsent", error=type(error).__name__)
        except Exception as error:  # noqa: BLE001 - tried a few times, then reported
            log.error("letter_unfit", letter=row.id, error=type(error).__name__, at=logs.place(error))
            return Outcome("unfit", error=type(error).__name__)
        await pace.in_step(self.pacer)
        came = await telegram.call(self.bot, row.method, payload)
        if came.came == "halted":
            await self._halt(came.wait)
        return came

    async def _halt(self, wait: float) -> None:
        """Tell the other processes before the letter itself is settled, which waits its turn."""
        pace.met(self.pacer, wait=wait)
        with suppress(SQLAlchemyError, OSError):  # the database is away; settling the letter tells again
            async with self.database.writing() as session:
                await pace.halt(self.database, session, self.pacer, wait=wait)

    async def _settle(self, fates: Sequence[tuple[Outgoing, Outcome]]) -> list[str]:
        """The state that each letter ends in.

        Until it is written down a crash would make the letter uncertain, so nobody waits for a commit each.
        """
        now = self.clock.now()
        return await _insist(partial(outbox.finish_all, self.database, self.pacer, fates, now=now))

    async def _payload(self, row: Outgoing) -> dict[str, Any]:
        """A picture is kept once, with its digest; the letter only names it."""
        if row.method != "sendPhoto":
            return row.payload
        async with self.database.reading() as session:
            digest = await session.get_one(Digest, row.payload["photo"])
        return row.payload | {"photo": InputFile(digest.picture or b"", filename="digest.png")}

    def _note(self, row: Outgoing, came: Outcome, state: str) -> None:
        if state not in ("sent", "retry"):
            log.warning(
                "letter_not_sent", letter=row.id, kind=row.kind, state=state or "lease lost", came=came.came
            )
        elif came.came == "uncertain":
            log.warning("letter_uncertain", letter=row.id, kind=row.kind)


async def _insist(work: Callable[[], Awaitable[Done]]) -> Done:
    """Try until the database takes it: what is known of a letter must not become uncertain.

    However long that takes, nothing changes where another has the lease by then.
    """
    while True:
        try:
            return await work()
        except passing.ERRORS as error:
            log.warning("waiting_for_the_database", error=type(error).__name__)
            await asyncio.sleep(IDLE)
