"""What falls due about things raised: they come before the facilitators, and their authors are asked."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial

import structlog
from sqlmodel.ext.asyncio.session import AsyncSession

from bot import drawing, logs, outbox
from bot.outbox import Letter
from dialogs import raising, readers, replying
from dialogs.cards import Card
from facilitation import quiet, replies
from facilitation.replies import Due
from storage.database import Database

log = structlog.get_logger(__name__)

NOTE_LASTS = timedelta(days=1)
QUESTION_LASTS = timedelta(days=7)

Step = Callable[[Database, AsyncSession, datetime], Awaitable[None]]


async def tick(database: Database, *, now: datetime) -> int:
    """Do all of it that is due; the result is how many steps that took. Clocks may tick at once.

    A step that fails is tried again at the next beat, and holds up no other.
    """
    done = 0
    for step in await _due(database, now):
        try:
            async with database.writing() as session:
                await step(database, session, now)
        except Exception as error:  # noqa: BLE001 - see the docstring
            log.error("raised_step_failed", error=type(error).__name__, at=logs.place(error))
        else:
            done += 1
    return done


async def _due(database: Database, now: datetime) -> list[Step]:
    async with database.reading() as session:
        mornings = await replies.coming_up(session, now=now)
        to_ask = await replies.to_ask(session, now=now)
        undecided = await replies.undecided(session, now=now)
    steps: list[Step] = [partial(_come_up, raised_id, morning) for raised_id, morning in mornings]
    steps += [partial(_ask, "heard", raising.were_you_heard, one) for one in to_ask]
    return steps + [partial(_ask, "choice", raising.choice_waits, one) for one in undecided]


async def _come_up(
    raised_id: int, morning: datetime, database: Database, session: AsyncSession, now: datetime
) -> None:
    """Something comes before its facilitators; they get a word of it, one a morning whatever was raised."""
    partnership_id = await replies.come_up(session, raised_id, morning)
    if partnership_id is None:
        return
    letters = []
    for chat, reader in await readers.facilitating(session, partnership_id):
        begins = readers.by_day(reader, now)
        card = await replying.noted(session, partnership_id, account=chat)
        # The day it is sent on, not that of the words: who was away for a week gets one word, not seven.
        key = f"raised:{partnership_id}:{begins:%Y-%m-%d}:{chat}"
        letters.append(_letter(key, chat, card, begins, NOTE_LASTS))
    await outbox.put(database, session, letters)


async def _ask(  # noqa: PLR0917 - the first three are filled in above
    kind: str,
    draw: Callable[[AsyncSession, Due], Awaitable[Card]],
    due: Due,
    database: Database,
    session: AsyncSession,
    now: datetime,
) -> None:
    """Ask somebody once: whether they were heard, or how their words may be shown."""
    if not await replies.asked(session, due, now=now):
        return
    begins = quiet.by_day(now, due.zone)
    key = f"{kind}:{due.raised.id}:{now.timestamp():.0f}"
    await outbox.put(database, session, [_letter(key, due.account, await draw(session, due), begins)])


def _letter(key: str, chat: int, card: Card, begins: datetime, lasts: timedelta = QUESTION_LASTS) -> Letter:
    method, payload = drawing.sent(card, chat)
    return Letter(key, "note", chat, method, payload, begins, begins + lasts)
