"""Telegram's limits, kept in the database so that they hold across processes.

One row a token (chat 0) and one a chat, in machine seconds. Direct replies reserve ahead and so go first;
the outbox takes only what is free within a short horizon.
"""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import islice

from sqlalchemy import delete, tuple_, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.together import Together
from storage import passing
from storage.database import Database
from storage.queues import Pace

A_SECOND = 26.0  # of 30: what travels the network bunches up a little
IN_A_SECOND = 26  # that one process ever lets go within a second, so that a stall bunches up nothing
PRIVATE_GAP = 1.2
GROUP_GAP = 3.05
TOKEN = 0

# To the whole only; a chat may be edited and answered as often as the whole allows.
UNCOUNTED = ("editMessageText", "answerCallbackQuery", "editMessageReplyMarkup", "getMe", "setMyCommands")

Calls = Sequence[tuple[int, str]]  # chat and method of each


@dataclass
class Halt:
    """The last 429 this process met, by its own monotonic clock."""

    until: float = 0.0


@dataclass(frozen=True)
class Pacer:
    """How fast one token may send. `scale` speeds everything up against a local Telegram."""

    bot: int
    scale: float = 1.0
    halt: Halt = field(default_factory=Halt)
    left: deque[float] = field(default_factory=lambda: deque(maxlen=IN_A_SECOND))  # when the last calls left

    @property
    def gap(self) -> float:
        return 1.0 / (A_SECOND * self.scale)

    def chat_gap(self, chat: int) -> float:
        return (PRIVATE_GAP if chat > 0 else GROUP_GAP) / self.scale


class Moments:
    """The moments of direct replies. Those asked for together are reserved together, in a short transaction:
    everybody waits for the token's row, so nobody keeps it while doing anything else.
    """

    def __init__(self, database: Database, pacer: Pacer) -> None:
        self._database = database
        self._pacer = pacer
        self._together = Together(self._reserve)

    async def reserve(self, calls: Calls) -> list[float]:
        """As `reserve` below; while the database is away, now: what is to be said is stored already."""
        try:
            return await self._together.do(calls)
        except passing.ERRORS:
            return [time.monotonic()] * len(calls)

    async def _reserve(self, wanted: Sequence[Calls]) -> list[list[float]]:
        # A machine that loses its power is away for longer than any moment reserved here.
        async with self._database.writing(brief=True, lasting=False) as session:
            found = iter(
                await reserve(
                    self._database, session, self._pacer, [one for calls in wanted for one in calls]
                )
            )
        return [list(islice(found, len(calls))) for calls in wanted]


async def reserve(database: Database, session: AsyncSession, pacer: Pacer, calls: Calls) -> list[float]:
    """Reserve the next free moment for each (chat, method), in seconds of this process's monotonic clock."""
    now = await database.machine_seconds(session)
    counted = {chat for chat, method in calls if method not in UNCOUNTED}
    rows = await _all_locked(database, session, pacer.bot, {TOKEN, *counted})
    token = rows[TOKEN]
    moments = []
    for chat, method in calls:
        at = max(now, token.free_s, token.halted_s)
        token.free_s = at + pacer.gap
        if method not in UNCOUNTED:
            at = max(at, rows[chat].free_s)
            rows[chat].free_s = at + pacer.chat_gap(chat)
        moments.append(at)
    await session.flush()
    ours = time.monotonic() - now
    return [moment + ours for moment in moments]


async def halt(database: Database, session: AsyncSession, pacer: Pacer, *, wait: float) -> None:
    """A 429 halts the token for everybody."""
    now = await database.machine_seconds(session)
    token = await locked(database, session, pacer.bot, TOKEN)
    token.halted_s = max(token.halted_s, now + wait)
    pacer.halt.until = token.halted_s - now + time.monotonic()
    await session.flush()


def met(pacer: Pacer, *, wait: float) -> None:
    """This process has just met a 429: it stops at once, the others as soon as they can read of it."""
    pacer.halt.until = max(pacer.halt.until, time.monotonic() + wait)


async def halted(database: Database, pacer: Pacer) -> float:
    """For how many seconds yet the token is halted. What is on its way looks once more before it leaves."""
    ours = max(0.0, pacer.halt.until - time.monotonic())
    if database.sqlite or ours > 0:  # on SQLite nobody but this process can have met a 429
        return ours
    async with database.reading() as session:
        left = col(Pace.halted_s) - database.seconds_now()
        wanted = select(left).where(Pace.bot == pacer.bot, Pace.chat == TOKEN)
        return max(0.0, (await session.exec(wanted)).first() or 0.0)


async def in_step(pacer: Pacer) -> None:
    """Wait where this process, held up for a moment, would send at once what was meant for several."""
    while len(pacer.left) == IN_A_SECOND:
        wait = pacer.left[0] + 1.0 / pacer.scale - time.monotonic()
        if wait <= 0:
            break
        await asyncio.sleep(wait)
    pacer.left.append(time.monotonic())


async def locked(database: Database, session: AsyncSession, bot: int, chat: int) -> Pace:
    """The row of a token or chat, held until this transaction ends."""
    return (await _all_locked(database, session, bot, {chat}))[chat]


async def _all_locked(
    database: Database, session: AsyncSession, bot: int, chats: AbstractSet[int]
) -> dict[int, Pace]:
    wanted = select(Pace).where(Pace.bot == bot, col(Pace.chat).in_(chats))
    # The token's row before any chat's, as everybody takes them, or two could wait for each other.
    wanted = wanted.order_by(col(Pace.chat) != TOKEN, col(Pace.chat))
    wanted = wanted.with_for_update().execution_options(populate_existing=True)
    rows = {row.chat: row for row in (await session.exec(wanted)).all()}
    if missing := chats - rows.keys():
        # Another worker may be making the same rows: whoever comes second takes the first one's.
        new = [{"bot": bot, "chat": chat, "free_s": 0.0, "halted_s": 0.0} for chat in sorted(missing)]
        await session.exec(database.insert(Pace).on_conflict_do_nothing(), params=new)
        rows = {row.chat: row for row in (await session.exec(wanted)).all()}
    return rows


async def resume(database: Database) -> None:
    """Once, as the only process starts: a machine that restarted counts its seconds from 0 again."""
    async with database.writing() as session:
        await session.exec(update(Pace).values(free_s=0.0, halted_s=0.0))


async def forget(session: AsyncSession, *, before: float) -> int:
    """Drop the rows of chats that have long been free; those that somebody holds stay."""
    free = (col(Pace.chat) != TOKEN, col(Pace.free_s) < before, col(Pace.halted_s) < before)
    stale = select(Pace.bot, Pace.chat).where(*free).with_for_update(skip_locked=True).cte("stale")
    these = tuple_(col(Pace.bot), col(Pace.chat)).in_(select(stale.c.bot, stale.c.chat))
    return (await session.exec(delete(Pace).where(these))).rowcount
