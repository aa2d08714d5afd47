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
from storage.rounds import Round

log = structlog.get_logger(__name__)


async def tick(database: Database, *, operator: int = 0, now: datetime) -> int:
    """Skip what is to open no more and hold back what came too late; to be done before any other step.

    The result is how many steps that took. What one partnership cannot be told holds up no other.
    """
    async with database.reading() as session:
        overdue = await skipping.overdue(session, now)
    if not overdue:
        return 0
    steps = await _caught_up(database, overdue, operator=operator, now=now)
    if steps is not None:
        return steps
    theirs: dict[int, list[Round]] = defaultdict(list)
    for round_ in overdue:
        theirs[round_.partnership_id].append(round_)
    return sum([await _apart(database, some, operator=operator, now=now) for some in theirs.values()])


async def _apart(database: Database, overdue: Sequence[Round], *, operator: int, now: datetime) -> int:
    """One partnership by itself. If even that fails, what came too late is held back without a note.

    And each round is then skipped by itself, with a note of its own.
    """
    steps = await _caught_up(database, overdue, operator=operator, now=now)
    if steps is None:
        late = [round_ for round_ in overdue if round_.state != "planned"]
        steps = await _caught_up(database, late, operator=None, now=now)
    return steps or 0


async def _caught_up(
    database: Database, overdue: Sequence[Round], *, operator: int | None, now: datetime
) -> int | None:
    """All of these in one transaction, and one note to each; to nobody if `operator` is None.

    None: it failed, and nothing is changed.
    """
    try:
        async with database.writing() as session:
            amiss = await skipping.catch_up(session, [round_.id for round_ in overdue], now=now)
            gaps = await skipping.gaps(session, amiss)
            if operator is not None:
                await outbox.put(database, session, await told(session, gaps, operator=operator, now=now))
    except Exception as error:  # noqa: BLE001 - see `tick`
        log.error("catching_up_failed", error=type(error).__name__, at=logs.place(error))
        return None
    skipped = sum(round_.state == "skipped" for round_ in amiss)
    log.info("caught_up", skipped=skipped, late=len(amiss) - skipped)
    return len(gaps)


async def told(session: AsyncSession, gaps: Sequence[Gap], *, operator: int, now: datetime) -> list[Letter]:
    """A note to each facilitator about all of theirs; where none can be reached, the operator gets one."""
    theirs: dict[int, list[Gap]] = defaultdict(list)
    nobodys = []
    for gap in gaps:
        chats = await facilitators.accounts(session, gap.partnership.id)
        for chat in chats:
            theirs[chat].append(gap)
        if not chats:
            log.warning("nobody_to_tell", partnership=gap.partnership.id)
            nobodys.append(gap)
    letters = [await _note(session, chat, some, now) for chat, some in theirs.items()]
    return letters + ([_report(nobodys, operator, now)] if nobodys and operator else [])


def _report(gaps: Sequence[Gap], operator: int, now: datetime) -> Letter:
    method, payload = drawing.sent(outages.untold(gaps), operator)
    key = f"untold:{min(one.id for gap in gaps for one in gap.rounds)}"
    return Letter(key, "report", operator, method, payload, now, now + DIGEST_LASTS)


async def _note(session: AsyncSession, chat: int, gaps: Sequence[Gap], now: datetime) -> Letter:
    reader = await readers.of(session, account=chat, partnership_id=gaps[0].partnership.id)
    held = [round_ for gap in gaps for round_ in gap.rounds]
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
