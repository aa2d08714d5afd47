"""Failure is seen: the processes of Parley watch each other, and whoever lives tells those who run it.

A letter in the outbox helps nobody when nobody delivers, so this is said past it, within the same pace. While
the database is away it is said from memory, by each process for itself.
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

import structlog
from sqlmodel import col, select
from telegram import Bot

from bot import drawing, health, logs, outbox, pace, telegram, telling, troubles
from bot.clock import Clock
from bot.health import Pulse
from bot.outbox import Letter
from bot.pace import Pacer
from bot.troubles import Telling
from dialogs import alarms, readers
from dialogs.cards import Card, Reader
from storage.database import Database
from storage.partnerships import Partnership

log = structlog.get_logger(__name__)

# Of those who could be told where no operator can be, and for how long we go by who they were.
AT_MOST, KNOWN_FOR = 20, 600.0
T = TypeVar("T")


@dataclass
class Away:
    """The database's absence, as this process remembers it."""

    since: datetime
    since_s: float
    told: bool = False


@dataclass
class Watchman:
    """Looks around every ten seconds, in every process that runs a part of Parley."""

    database: Database
    bot: Bot
    pacer: Pacer
    clock: Clock
    operator_chat: int = 0
    away: Away | None = None
    silent: bool = False
    _began: float = field(default_factory=time.monotonic)
    _settled: float = 0.0  # until then parts may be late because of what is over now
    _told_away: float = float("-inf")
    _owed: tuple[dict[str, datetime], datetime] | None = None
    _facilitators: Sequence[tuple[int, Reader]] = ()
    _known_until: float = 0.0
    _asking: asyncio.Task[Any] | None = None

    def __post_init__(self) -> None:
        self._pulse = Pulse(self.database, health.TELEGRAM)
        self._settled = self._began + health.LATE

    async def run(self) -> None:
        while True:
            try:
                await self.look()
            except Exception as error:  # noqa: BLE001 - whoever watches must be the last to go
                log.error("watch_failed", error=type(error).__name__, at=logs.place(error))
            await asyncio.sleep(health.EVERY)

    async def look(self) -> None:
        """Look once, and tell what there is to tell."""
        try:
            report = await self._asked(self._report)
            self.silent = bool(report["silent"])
            if not self.silent:
                report = await self._reached(report)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the database, that is what we tell
            await self._database_away(error)
            return
        if self.away is not None:
            await self._database_back(self.away)
        if not self.silent:
            await self._owed_said()
            await self._judge(report)

    async def _asked(self, question: Callable[[], Awaitable[T]]) -> T:
        """The database's answer. One that hangs may hang on being told to stop too: nobody waits for that."""
        if self._asking is not None and not self._asking.done():
            raise TimeoutError
        asking = asyncio.ensure_future(question())
        self._asking = asking
        await asyncio.wait({asking}, timeout=2 * health.PATIENCE)
        if not asking.done():
            asking.cancel()
            raise TimeoutError
        return asking.result()

    async def _report(self) -> dict[str, Any]:
        report = await health.report(self.database, up=time.monotonic() - self._began)
        machine = time.monotonic()
        if not self.operator_chat and (machine > self._known_until or not self._facilitators):
            self._facilitators = await _facilitators(self.database)
            self._known_until = machine + KNOWN_FOR
        return report

    async def _reached(self, report: dict[str, Any]) -> dict[str, Any]:
        """Ask Telegram for a sign of life, unless somebody has just done so."""
        sign = report["parts"].get(health.TELEGRAM)
        if sign is not None and sign["seconds_ago"] < 2 * health.EVERY:
            return report
        came = await telegram.call(self.bot, "getMe", {}, read_timeout=health.EVERY)
        if came.came in ("unsent", "uncertain"):
            return report
        # That this is written every now and then shows that the database can be written to as well.
        now = self.clock.now()
        await self._asked(lambda: self._pulse.beat(now=now, machine=time.monotonic()))
        return await self._asked(self._report)

    async def _judge(self, report: dict[str, Any]) -> None:
        late, machine = troubles.kinds(report["late"]), time.monotonic()
        judged = set(troubles.KINDS)
        if health.TELEGRAM in report["late"]:
            self._settled = max(self._settled, machine + health.LATE)
        if machine < self._settled:
            judged = {health.TELEGRAM} if machine > self._began + health.LATE else set()
        since = {kind: self._last_well(kind, report) for kind in late & judged}
        # Seen twice: a machine that wakes up finds everybody late for a moment. By night nobody may be told.
        sure_after = math.inf if self._asleep() else health.EVERY * 0.9
        news = await self._asked(
            lambda: troubles.noticed(self.database, since, judged=judged, sure_after=sure_after)
        )
        for kind in (*news.begun, *news.unsaid):
            log.error("part_late", part=kind)
        if not news:
            return
        told = await self._say_all(news)
        await self._asked(lambda: troubles.settled(self.database, news, told=told))

    def _last_well(self, kind: str, report: dict[str, Any]) -> datetime:
        signs = [report["parts"][part] for part in troubles.KINDS[kind] if part in report["parts"]]
        silence = max((sign["seconds_ago"] for sign in signs), default=time.monotonic() - self._began)
        return self.clock.now() - timedelta(seconds=silence)

    async def _database_away(self, error: Exception) -> None:
        machine = time.monotonic()
        if self.away is None:
            self.away = Away(self.clock.now(), machine)
            log.error("database_away", error=type(error).__name__)
        lasted = machine - self.away.since_s
        resting = machine - self._told_away < troubles.AGAIN
        if self.away.told or resting or lasted < health.LATE * 0.75 or self.silent:
            return
        self.away.told = await self._say_begun({"database": self.away.since}, paced=False)
        self._told_away = machine if self.away.told else self._told_away

    async def _database_back(self, away: Away) -> None:
        self.away, machine = None, time.monotonic()
        lasted = machine - away.since_s
        # Each part gives a sign of life when it next does something; until then it only looks late. After a
        # moment nobody does, and a database that often stumbles must not hide what else is wrong.
        if lasted > 2 * health.EVERY:
            self._settled = max(self._settled, machine + health.LATE)
        log.info("database_back", seconds=round(lasted))
        if away.told:
            self._owed = ({"database": away.since}, self.clock.now())

    async def _owed_said(self) -> None:
        """That it is over is known to this process alone, so it is said again until it is heard."""
        if self._owed is not None and await self._say_over(self._owed[0], until=self._owed[1]):
            self._owed = None

    async def _say_all(self, news: Telling) -> bool:
        told = True
        if news.begun:
            told = await self._say_begun(news.begun, paced=True)
        if news.over:
            told = await self._say_over(news.over, until=self.clock.now()) and told
        return told

    def _asleep(self) -> bool:
        """Whether there is somebody to tell, and nobody who may be told at this hour."""
        return bool(self._facilitators) and not self.operator_chat and not self._by_day()

    def _by_day(self) -> list[tuple[int, Reader]]:
        now = self.clock.now()
        return [(chat, reader) for chat, reader in self._facilitators if readers.by_day(reader, now) == now]

    async def _say_begun(self, begun: Mapping[str, datetime], *, paced: bool) -> bool:
        """Send this now, past the outbox; False if it certainly did not arrive and may be tried again."""
        if self.operator_chat:
            return await self._send(
                self.operator_chat, alarms.begun(begun, Reader(), to="operator"), paced=paced
            )
        came = [
            await self._send(chat, alarms.begun(begun, reader, to="facilitator"), paced=paced)
            for chat, reader in self._by_day()
        ]
        return any(came) or not self._facilitators

    async def _say_over(self, over: Mapping[str, datetime], *, until: datetime) -> bool:
        """The same of what is over. For facilitators it may wait in the outbox: that goes out again."""
        if self.operator_chat:
            card = alarms.over(over, Reader(), to="operator", until=until)
            return await self._send(self.operator_chat, card, paced=True)
        key = f"alarm_over:{' '.join(sorted(over))}:{until:%Y-%m-%dT%H:%M}"
        letters = [
            telling.note(
                f"{key}:{chat}",
                alarms.over(over, reader, to="facilitator", until=until),
                chat,
                reader=reader,
                now=until,
            )
            for chat, reader in self._facilitators
        ]
        await self._asked(lambda: self._written(letters))
        return True

    async def _written(self, letters: Sequence[Letter]) -> None:
        async with self.database.writing() as session:
            await outbox.put(self.database, session, letters)

    async def _send(self, chat: int, card: Card, *, paced: bool) -> bool:
        method, payload = drawing.sent(card, chat)
        if paced:
            at = await self._asked(lambda: self._reserved(chat, method))
            if at - time.monotonic() > troubles.CLAIMED / 2:  # a 429; by then it would be another's to tell
                return False
            await asyncio.sleep(max(0.0, at - time.monotonic()))
        came = await telegram.call(self.bot, method, payload)
        if came.came != "sent":
            log.error("alarm_not_told", came=came.came)
        if came.came == "halted" and paced:
            await self._asked(lambda: self._halted(came.wait))
        return came.came not in ("unsent", "halted", "locked_out")

    async def _reserved(self, chat: int, method: str) -> float:
        async with self.database.writing() as session:
            [at] = await pace.reserve(self.database, session, self.pacer, [(chat, method)])
        return at

    async def _halted(self, wait: float) -> None:
        async with self.database.writing() as session:
            await pace.halt(self.database, session, self.pacer, wait=wait)


async def _facilitators(database: Database) -> list[tuple[int, Reader]]:
    """Whom to tell where no operator can be: facilitators, those of the oldest partnerships first."""
    async with database.reading() as session:
        wanted = select(Partnership.id).order_by(col(Partnership.id)).limit(AT_MOST)
        found: dict[int, Reader] = {}
        for partnership_id in (await session.exec(wanted)).all():
            for chat, reader in await readers.facilitating(session, partnership_id):
                # It is Parley that speaks here, and no partnership.
                found.setdefault(chat, replace(reader, speaking=""))
    return list(found.items())[:AT_MOST]
