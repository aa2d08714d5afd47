"""Signs of life and the numbers worth watching, for `/health`, `/metrics`, the alarms and `parley doctor`."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Text, cast, delete, func, literal, text, union_all
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.clock import Clock
from facilitation import skipping
from storage.database import Database
from storage.memos import AWAY, LOCKED_OUT, RESTORED, SWEPT, Memo
from storage.queues import IS_LIVE, Heartbeat, Incoming, Outgoing
from storage.rounds import Round

EVERY = 10.0
PARTS = ("listening", "handling", "delivery", "clock")  # wherever they run
TELEGRAM = "telegram"  # noted by whoever has just reached it
SILENT = (LOCKED_OUT, RESTORED)  # what keeps Parley from speaking at all
FRESH, PATIENCE = 1.0, 5.0
LATE = 60.0  # promise 34 gives two minutes until somebody is told


@dataclass
class Pulse:
    """Notes one part's sign of life, at most every ten seconds."""

    database: Database
    part: str
    _last: float = 0.0

    async def beat(self, *, now: datetime, machine: float) -> None:
        if machine - self._last < EVERY and self._last:
            return
        self._last = machine
        async with self.database.writing() as session:
            seconds = await self.database.machine_seconds(session)
            row = {"part": self.part, "seen_s": seconds, "seen_at": now}
            insert = self.database.insert(Heartbeat).values(**row)
            await session.exec(insert.on_conflict_do_update(index_elements=["part"], set_=row))


async def clear(database: Database) -> None:
    """Forget the signs of a process that is gone: on SQLite the one that starts is the only one.

    Since when nothing was heard is remembered.
    """
    async with database.writing() as session:
        await note_away(database, session)
        await session.exec(delete(Heartbeat))


async def note_away(database: Database, session: AsyncSession) -> None:
    """Remember when listening last gave a sign of life; an earlier one still to be told stays."""
    heard = await session.get(Heartbeat, "listening")
    if heard is not None:
        row = {"name": AWAY, "value": "", "at": heard.seen_at}
        await session.exec(database.insert(Memo).values(**row).on_conflict_do_nothing())


def _ago(beat: Heartbeat, seconds: float) -> float:
    return round(max(0.0, seconds - beat.seen_s), 1)


async def report(database: Database, *, up: float) -> dict[str, Any]:
    """How each part is. `ok` is false if a part has said nothing for a minute, or Parley may not speak.

    `up`: for how many seconds whoever asks has been running; a part may take a minute to begin.
    """
    async with database.reading() as session:
        seconds = await database.machine_seconds(session)
        beats = (await session.exec(select(Heartbeat))).all()
        held = await session.exec(select(Memo.name).where(col(Memo.name).in_(SILENT)))
        silent = sorted(held.all())
    parts = {beat.part: {"seconds_ago": _ago(beat, seconds)} for beat in beats}
    late = [part for part, sign in parts.items() if sign["seconds_ago"] > LATE]
    late += [part for part in (*PARTS, TELEGRAM) if part not in parts and up > LATE]
    return {
        "ok": bool(parts) and not late and not silent,
        "late": late,
        "silent": silent,
        "parts": parts,
    }


@dataclass(frozen=True)
class Figures:
    """What waits, and what ever came of letters, updates and rounds; numbers of this whole Parley only.

    By state. Final states count what was swept out long ago too, so that they only ever grow.
    """

    letters: dict[str, int]
    updates: dict[str, int]
    rounds: dict[str, int]
    missed: int
    waiting_s: float  # how long the oldest update has waited, in seconds; 0 if none does
    due: int
    due_s: float
    database_bytes: int


async def figures(database: Database, *, now: datetime) -> Figures:
    async with database.reading() as session:
        counted = await _counted(session)
        waits = select(func.min(Incoming.received_at)).where(Incoming.state == "new")
        due = select(func.count(), func.min(Outgoing.not_before)).where(
            IS_LIVE, col(Outgoing.not_before) <= now, col(Outgoing.not_after) > now
        )
        oldest = (await session.exec(waits)).one()
        letters_due, first_due = (await session.exec(due)).one()
        size = await _size(database, session)
    return Figures(
        letters=counted["outbox"],
        updates=counted["inbox"],
        rounds=counted["rounds"],
        missed=counted["missed"].get(skipping.MISSED, 0),
        waiting_s=_since(oldest, now),
        due=letters_due,
        due_s=_since(first_due, now),
        database_bytes=size,
    )


async def _counted(session: AsyncSession) -> dict[str, Counter[str]]:
    """By table and state; with the memos of what was swept out, in one statement.

    A sweep that commits between two statements would be counted twice, or not at all for once.
    """
    parts: list[Any] = [
        select(literal(table).label("of"), cast(state, Text).label("state"), func.count()).group_by(state)
        for table, state in (
            ("outbox", col(Outgoing.state)),
            ("inbox", col(Incoming.state)),
            ("rounds", col(Round.state)),
        )
    ]
    parts += [
        select(literal("missed"), cast(col(Round.reason), Text), func.count())
        .where(col(Round.state) == "skipped", col(Round.reason) == skipping.MISSED)
        .group_by(col(Round.reason)),
        select(cast(col(Memo.name), Text), cast(col(Memo.value), Text), literal(0)).where(
            col(Memo.name).startswith(SWEPT)
        ),
    ]
    found: dict[str, Counter[str]] = {name: Counter() for name in ("outbox", "inbox", "rounds", "missed")}
    connection = await session.connection()
    for of, state, number in (await connection.execute(union_all(*parts))).all():
        if of.startswith(SWEPT):
            _, table, final = of.split(":")
            found.setdefault(table, Counter())[final] += int(state)
        else:
            found[of][state] += number
    return found


def _since(moment: datetime | None, now: datetime) -> float:
    return 0.0 if moment is None else round(max(0.0, (now - moment).total_seconds()), 1)


async def _size(database: Database, session: AsyncSession) -> int:
    asked = (
        "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
        if database.sqlite
        else "SELECT pg_database_size(current_database())"
    )
    connection = await session.connection()
    return int(await connection.scalar(text(asked)) or 0)


@dataclass(frozen=True)
class Seen:
    """What one look found: how the parts are, and the figures."""

    report: dict[str, Any]
    figures: Figures

    def told(self) -> dict[str, Any]:
        """For `/health`: the report, what waits and what was given up."""
        ours = self.figures
        return self.report | {
            "inbox": {state: n for state, n in ours.updates.items() if state != "done"},
            "outbox": {state: n for state, n in ours.letters.items() if state != "sent"},
            "counters": {
                "missed": ours.missed,
                "uncertain": ours.letters.get("uncertain", 0),
                "dead": ours.letters.get("dead", 0),
                "expired": ours.letters.get("expired", 0),
                "parked": ours.updates.get("parked", 0),
            },
            "waiting": {
                "updates": ours.updates.get("new", 0),
                "oldest_update_seconds": ours.waiting_s,
                "letters": ours.due,
                "oldest_letter_seconds": ours.due_s,
            },
        }


class Window:
    """Looks at the database for whoever asks from outside: once a second at most, however many ask."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        self.clock = clock
        self._began = time.monotonic()
        self._looked = 0.0
        self._look: asyncio.Task[Seen] | None = None

    async def look(self) -> Seen:
        """What is seen now. Raises whatever the database says, TimeoutError if it says nothing."""
        if self._look is None or (self._look.done() and time.monotonic() - self._looked > FRESH):
            self._looked = time.monotonic()
            self._look = asyncio.create_task(self._seen())
        # A database that hangs may hang on being told to stop as well, so nobody waits for that.
        await asyncio.wait({self._look}, timeout=PATIENCE)
        if not self._look.done():
            raise TimeoutError
        return self._look.result()

    async def _seen(self) -> Seen:
        report_ = await report(self.database, up=time.monotonic() - self._began)
        return Seen(report_, await figures(self.database, now=self.clock.now()))
