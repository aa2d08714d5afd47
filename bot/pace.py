"""Telegram's limits, kept in the database so that they hold across processes.

One row a token (chat 0) and one a chat, in machine seconds. Direct replies reserve ahead and so go first;
the outbox takes only what is free within a short horizon.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.database import Database
from storage.queues import Pace

A_SECOND = 27.0  # of 30: what travels the network bunches up a little
PRIVATE_GAP = 1.02
GROUP_GAP = 3.05
# A machine that restarts counts its seconds from 0 again; what lies further ahead than this is from before.
LONGEST_HALT = 3600.0
TOKEN = 0

# To the whole only; a chat may be edited and answered as often as the whole allows.
UNCOUNTED = ("editMessageText", "answerCallbackQuery", "editMessageReplyMarkup", "getMe", "setMyCommands")


@dataclass(frozen=True)
class Pacer:
    """How fast one token may send. `scale` speeds everything up against a local Telegram."""

    bot: int
    scale: float = 1.0

    @property
    def gap(self) -> float:
        return 1.0 / (A_SECOND * self.scale)

    def chat_gap(self, chat: int) -> float:
        return (PRIVATE_GAP if chat > 0 else GROUP_GAP) / self.scale


async def reserve(
    database: Database, session: AsyncSession, pacer: Pacer, calls: Sequence[tuple[int, str]]
) -> list[float]:
    """Reserve the next free moment for each (chat, method), in seconds of this process's monotonic clock."""
    now = await database.machine_seconds(session)
    token = await locked(database, session, pacer.bot, TOKEN, now=now)
    moments = []
    for chat, method in calls:
        base = max(now, token.free_s, token.halted_s)
        token.free_s = base + pacer.gap
        if method in UNCOUNTED:
            moments.append(base)
            continue
        own = await locked(database, session, pacer.bot, chat, now=now)
        at = max(base, own.free_s)
        own.free_s = at + pacer.chat_gap(chat)
        moments.append(at)
    await session.flush()
    ours = time.monotonic() - now
    return [moment + ours for moment in moments]


async def halt(database: Database, session: AsyncSession, pacer: Pacer, *, wait: float) -> None:
    """A 429 halts the token for everybody."""
    now = await database.machine_seconds(session)
    token = await locked(database, session, pacer.bot, TOKEN, now=now)
    token.halted_s = max(token.halted_s, now + wait)
    await session.flush()


async def halted(database: Database, bot: int) -> float:
    """For how many seconds yet the token is halted. What is on its way looks once more before it leaves."""
    async with database.reading() as session:
        wanted = select(Pace.halted_s).where(Pace.bot == bot, Pace.chat == TOKEN)
        until = (await session.exec(wanted)).first()
        if not until:
            return 0.0
        return max(0.0, until - await database.machine_seconds(session))


async def locked(database: Database, session: AsyncSession, bot: int, chat: int, *, now: float) -> Pace:
    """The row of a token or chat, held until this transaction ends."""
    wanted = select(Pace).where(Pace.bot == bot, Pace.chat == chat).with_for_update()
    wanted = wanted.execution_options(populate_existing=True)
    row = (await session.exec(wanted)).first()
    if row is None:  # another worker may be making the same row: whoever comes second takes the first one's
        await session.exec(
            database.insert(Pace).values(bot=bot, chat=chat, free_s=0, halted_s=0).on_conflict_do_nothing()
        )
        row = (await session.exec(wanted)).one()
    if row.free_s > now + LONGEST_HALT:
        row.free_s = 0
    if row.halted_s > now + LONGEST_HALT:
        row.halted_s = 0
    session.add(row)
    return row


async def forget(session: AsyncSession, bot: int, *, before: float) -> int:
    """Drop the rows of chats that have long been free."""
    stale = select(Pace).where(Pace.bot == bot, col(Pace.free_s) < before, col(Pace.halted_s) < before)
    rows = (await session.exec(stale)).all()
    for row in rows:
        await session.delete(row)
    return len(rows)
