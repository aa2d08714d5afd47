"""What nobody needs any more is swept out: settled updates and letters, what was parked long ago, links that
ended unused, rosters nobody said yes to, and the pace of chats long quiet.
"""

import asyncio
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Column, ColumnElement, Row, and_, delete, or_, update
from sqlalchemy import select as selected
from sqlmodel import SQLModel, col
from sqlmodel.ext.asyncio.session import AsyncSession

from bot import logs, pace
from facilitation import founding, invites, roster
from storage import memos
from storage.database import Database
from storage.members import Founding, Invite
from storage.memos import Memo
from storage.queues import SETTLED, Incoming, Outgoing

log = structlog.get_logger(__name__)

EVERY, FIRST = 3600.0, 600.0
A_DAY = timedelta(days=1)  # of the calendar, for one that somebody moves by weeks
NEARLY_AN_HOUR = timedelta(minutes=55)
# A repeated update or letter is known by its row; Telegram repeats nothing after a day.
KEPT = timedelta(days=30)
QUIET = 3600.0
# Rows a transaction, so that whoever else writes is held up by hundredths of a second; and seconds a beat of
# the clock, which opens no round meanwhile.
SLICE = 500
AT_ONCE = 2.0
LOOKED_FOR = 5_000
SWEEPING = "sweeping"  # the memo that says when it was last begun, by whichever clock


@dataclass
class Broom:
    """Sweeps once an hour of machine time, or a day of the calendar; of many clocks one does it.

    The start has ten minutes for itself.
    """

    database: Database
    _last: float = 0.0
    _day: datetime | None = None
    _unfinished: bool = False

    async def sweep(self, *, now: datetime, machine: float) -> None:
        if self._day is None:
            self._last, self._day = machine - EVERY + FIRST, now
        due = machine - self._last >= EVERY or now - self._day >= A_DAY
        if not due and not self._unfinished:
            return
        try:
            if due:
                self._last, self._day = machine, now
                self._unfinished = await _is_ours(self.database, now=now)
            if self._unfinished:
                swept = await swept_out(self.database, now=now, within=AT_ONCE)
                self._unfinished = bool(swept.get("more"))
                log.info("swept", **swept)
        except Exception as error:  # noqa: BLE001 - there is another hour
            self._unfinished = False
            log.error("sweeping_failed", error=type(error).__name__, at=logs.place(error))


async def _is_ours(database: Database, *, now: datetime) -> bool:
    """Whether this clock is to sweep: another one may have done so within the hour."""
    async with database.writing() as session:
        row = {"name": SWEEPING, "value": "", "at": now}
        first = database.insert(Memo).values(**row).on_conflict_do_nothing().returning(col(Memo.name))
        if (await session.exec(first)).first() is not None:
            return True
        # A calendar that was put back must not stop it for as long.
        due = (col(Memo.at) <= now - NEARLY_AN_HOUR) | (col(Memo.at) > now)
        taken = update(Memo).where(col(Memo.name) == SWEEPING, due).values(at=now)
        return (await session.exec(taken)).rowcount == 1


@dataclass(frozen=True)
class Dust:
    """One kind of rows that go. `state`: remembered is how many there were of each."""

    name: str
    table: type[SQLModel]
    old: tuple[ColumnElement[bool], ...]
    state: Any = None
    emptied: bool = False  # what was said goes, the row stays

    @property
    def key(self) -> list[Column[Any]]:
        return list(self.table.__table__.primary_key.columns)  # type: ignore[attr-defined]  # every table has one

    def among(self, keys: Sequence[Row[Any]]) -> ColumnElement[bool]:
        """In words that SQLite finds by the key: pairs in a list it would look for in the whole table."""
        *before, last = self.key
        groups: dict[tuple[Any, ...], list[Any]] = {}
        for key in keys:
            groups.setdefault(tuple(key[:-1]), []).append(key[-1])
        return or_(
            *(
                and_(*(column == one for column, one in zip(before, first, strict=True)), last.in_(numbers))
                for first, numbers in groups.items()
            )
        )


def _dust(now: datetime) -> tuple[Dust, ...]:
    past = now - KEPT
    received, state = col(Incoming.received_at) < past, col(Incoming.state)
    delivered = (col(Outgoing.state).in_(SETTLED), col(Outgoing.not_after) < past)
    return (
        Dust("updates", Incoming, (state == "done", received), state=state),
        Dust("parked", Incoming, (state == "parked", received, col(Incoming.payload) != ""), emptied=True),
        Dust("letters", Outgoing, delivered, state=col(Outgoing.state)),
        Dust("links", Invite, invites.ended_before(past)),
        Dust("foundings", Founding, founding.ended_before(past)),
    )


async def swept_out(database: Database, *, now: datetime, within: float = math.inf) -> dict[str, int]:
    """Drop what was settled 30 days ago, and rosters that waited for a day; the result is how many of each.

    What is parked stays, to be looked at; after 30 days what was said in it goes. How many of
    each state there were is remembered, so that whoever counts them never counts backwards.
    `within` so many seconds; then `more` is 1 if time was too short.
    """
    until = time.monotonic() + within
    swept = {dust.name: await _sliced(database, dust, now=now, until=until) for dust in _dust(now)}
    async with database.writing() as session:
        before = await database.machine_seconds(session) - QUIET
        swept["chats"] = await pace.forget(session, before=before)
    async with database.writing() as session:
        swept["rosters"] = await roster.drop_old(session, now=now)
    return swept | {"more": int(time.monotonic() >= until)}


async def _sliced(database: Database, dust: Dust, *, now: datetime, until: float) -> int:
    """Look for rows without holding anybody up; then take them a slice at a time, and give others the time
    that each slice took.
    """
    gone = 0
    while time.monotonic() < until:
        async with database.reading() as session:
            connection = await session.connection()
            found = (await connection.execute(selected(*dust.key).where(*dust.old).limit(LOOKED_FOR))).all()
        for at in range(0, len(found), SLICE):
            if time.monotonic() >= until:
                return gone
            began = time.monotonic()
            async with database.writing() as session:
                gone += await _taken(session, dust, found[at : at + SLICE], now=now)
            await asyncio.sleep(time.monotonic() - began)
        if len(found) < LOOKED_FOR:
            break
    return gone


async def _taken(session: AsyncSession, dust: Dust, keys: Sequence[Row[Any]], *, now: datetime) -> int:
    # Nothing leaves one of these states again, and to ask for it once more costs SQLite a look at them all.
    these = dust.among(keys)
    if dust.emptied:
        emptied = update(dust.table).where(these).values(payload="", awaited=None)
        return (await session.exec(emptied.execution_options(synchronize_session=False))).rowcount
    gone = delete(dust.table).where(these).execution_options(synchronize_session=False)
    if dust.state is None:
        return (await session.exec(gone)).rowcount
    states = (await (await session.connection()).execute(gone.returning(dust.state))).scalars().all()
    await memos.swept(session, f"{dust.table.__tablename__}", states, now=now)
    return len(states)
