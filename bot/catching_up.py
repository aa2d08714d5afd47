"""After an outage, and on days off: what did not take place is told to the facilitators in one note each."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

import structlog
from sqlmodel.ext.asyncio.session import AsyncSession

from bot import drawing, logs, outbox
from bot.outbox import Letter
from dialogs import invitations, outages, readers
from dialogs.cards import Card, Reader
from facilitation import facilitators, quiet, skipping
from facilitation.rounds import Opened
from facilitation.skipping import DIGEST_LASTS, Gap
from storage.database import Database

log = structlog.get_logger(__name__)


async def tick(database: Database, *, now: datetime) -> int:
    """Skip what is to open no more and hold back what came too late; to be done before any other step.

    The result is how many steps that took. If it fails, each round is skipped by itself, with a note of its
    own: so what one partnership cannot be told holds up no other.
    """
    async with database.reading() as session:
        overdue = await skipping.overdue(session, now)
    if not overdue:
        return 0
    try:
        async with database.writing() as session:
            gaps = await skipping.catch_up(session, overdue, now=now)
            await outbox.put(database, session, await _told(session, gaps, now))
    except Exception as error:  # noqa: BLE001 - see the docstring
        log.error("catching_up_failed", error=type(error).__name__, at=logs.place(error))
        return 0
    log.info("caught_up", skipped=sum(len(gap.skipped) for gap in gaps), late=_unsent(gaps))
    return len(gaps)


def _unsent(gaps: Sequence[Gap]) -> int:
    return sum(len(gap.unsent) for gap in gaps)


async def _told(session: AsyncSession, gaps: Sequence[Gap], now: datetime) -> list[Letter]:
    theirs: dict[int, list[Gap]] = defaultdict(list)
    for gap in gaps:
        for chat in await facilitators.accounts(session, gap.partnership.id):
            theirs[chat].append(gap)
    return [await _note(session, chat, told, now) for chat, told in theirs.items()]


async def _note(session: AsyncSession, chat: int, gaps: Sequence[Gap], now: datetime) -> Letter:
    reader = await readers.of(session, account=chat, partnership_id=gaps[0].partnership.id)
    held = [round_ for gap in gaps for round_ in (*gap.skipped, *gap.unsent)]
    mornings = [
        (await quiet.considerate(session, one, due=one.opens_at, now=now, timezone=reader.timezone), one)
        for one in held
    ]
    # Of several schedules, the hours of the one that is quiet longest.
    begins, latest = max(mornings, key=lambda found: found[0])
    kept = await quiet.kept(session, latest, timezone=reader.timezone)
    method, payload = drawing.sent(_card(gaps, reader, now), chat)
    key = f"skipped:{min(one.id for one in held)}:{chat}"
    return Letter(key, "brief", chat, method, payload, begins, begins + DIGEST_LASTS, kept)


def _card(gaps: Sequence[Gap], reader: Reader, now: datetime) -> Card:
    """A single round that was skipped is told in its own words."""
    first, *others = gaps
    if others or first.unsent or len(first.skipped) != 1:
        return outages.gaps(gaps, reader, now=now)
    opened = Opened(first.skipped[0], first.partnership, (), first.title, first.following)
    return invitations.skipped(opened, reader)
