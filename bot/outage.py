"""After an outage people are told what to check: a tap lives 150 seconds at Telegram, then it is gone."""

import asyncio
from datetime import datetime, timedelta

import structlog
from sqlmodel import select

from bot import drawing, health, outbox
from bot.clock import Clock
from bot.outbox import Letter
from dialogs import outages as cards
from facilitation import outages
from facilitation.outages import ToCheck
from storage.database import Database
from storage.memos import AWAY, RESTORED, Memo
from storage.queues import Incoming

log = structlog.get_logger(__name__)

TAP_LIVES = timedelta(seconds=150)
LONG_AGO = timedelta(days=3)  # who tapped before that has long seen that nothing came of it
CATCHES_UP = 20.0  # seconds; what was written meanwhile is handled first, so that it is counted
LOOK = 0.2


class Watch:
    """Notices that nothing was heard for longer than a tap lives, and has people told when we hear again.

    Since when is a row, so that a crash in between forgets nothing.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        self.clock = clock
        self._heard: float | None = None
        self._before: float | None = None
        self._owed = False

    async def heard(self, *, machine: float) -> None:
        """Telegram answered. To be told before the next sign of life is noted."""
        # The calendar alone says nothing: in the demo somebody moves it by days.
        silent = self._heard is None or machine - self._heard > TAP_LIVES.total_seconds()
        self._before, self._heard = self._heard, machine
        if not silent:
            return
        try:
            async with self.database.writing() as session:
                await health.note_away(self.database, session)
            self._owed = True
        except Exception as error:  # noqa: BLE001 - the database may be away; then the next silence tells
            log.error("silence_not_noted", error=type(error).__name__)

    def unheard(self) -> None:
        """What we heard could not be stored, so it does not count."""
        self._heard = self._before

    async def caught_up(self) -> None:
        """All that came meanwhile is stored: once it is handled, people are told."""
        if not self._owed:
            return
        try:
            if await _worth_telling(self.database, now=self.clock.now()):
                await _handled(self.database)
            await tell(self.database, now=self.clock.now())
            self._owed = False
        except Exception as error:  # noqa: BLE001 - tried again with the next updates
            log.error("outage_not_told", error=type(error).__name__)


async def _worth_telling(database: Database, *, now: datetime) -> bool:
    async with database.reading() as session:
        away = await session.get(Memo, AWAY)
        return away is not None and _cost_taps(away, now)


def _cost_taps(away: Memo, now: datetime) -> bool:
    """Whether taps were lost meanwhile that somebody may still believe in.

    What was answered after the backup of a restored copy was ticked, and is lost: however long ago that was.
    """
    return away.value == RESTORED or TAP_LIVES < now - away.at < LONG_AGO


async def _handled(database: Database) -> None:
    """Return once nothing waits in the inbox, or after a while."""
    waiting = select(Incoming.update_id).where(Incoming.state == "new").limit(1)
    for _ in range(int(CATCHES_UP / LOOK)):
        async with database.reading() as session:
            if (await session.exec(waiting)).first() is None:
                return
        await asyncio.sleep(LOOK)


async def tell(database: Database, *, now: datetime) -> int:
    """Write a note to each who may have tapped in vain, once an outage; the result is how many."""
    async with database.writing() as session:
        wanted = select(Memo).where(Memo.name == AWAY).with_for_update()
        away = (await session.exec(wanted)).first()
        if away is None:
            return 0
        since = away.at
        await session.delete(away)
        if not _cost_taps(away, now):
            return 0
        told = await outages.to_check(session, since=since, now=now)
        await outbox.put(database, session, [_letter(one, since=since, now=now) for one in told])
    log.info("outage_told", minutes=round((now - since).total_seconds() / 60), people=len(told))
    return len(told)


def _letter(told: ToCheck, *, since: datetime, now: datetime) -> Letter:
    method, payload = drawing.sent(cards.card(told, since=since, until=now), told.account)
    key = f"away:{since:%Y-%m-%dT%H:%M:%S}:{told.account}"
    return Letter(key, "away", told.account, method, payload, told.begins, told.ends)
