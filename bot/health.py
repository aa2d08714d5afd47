"""Signs of life: each part notes them in the database, `/health` and `parley doctor` read them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.database import Database
from storage.memos import Memo
from storage.queues import Heartbeat, Incoming, Outgoing

EVERY = 10.0
PARTS = ("listening", "handling", "delivery", "clock")  # wherever they run
AWAY = "away"  # the memo that says since when nothing was heard, until people are told (bot/outage.py)
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
    """How each part is, and what waits. `ok` is false if a part has said nothing for a minute.

    `up`: for how many seconds whoever asks has been running; a part may take a minute to begin.
    """
    async with database.reading() as session:
        seconds = await database.machine_seconds(session)
        beats = (await session.exec(select(Heartbeat))).all()
        parts = {beat.part: {"seconds_ago": _ago(beat, seconds)} for beat in beats}
        inbox = await session.exec(
            select(col(Incoming.state), func.count())
            .where(col(Incoming.state) != "done")
            .group_by(col(Incoming.state))
        )
        outbox = await session.exec(
            select(col(Outgoing.state), func.count())
            .where(col(Outgoing.state) != "sent")
            .group_by(col(Outgoing.state))
        )
        waiting, leaving = dict(inbox.all()), dict(outbox.all())
    late = [part for part, sign in parts.items() if sign["seconds_ago"] > LATE]
    late += [part for part in PARTS if part not in parts and up > LATE]
    return {"ok": bool(parts) and not late, "late": late, "parts": parts, "inbox": waiting, "outbox": leaving}
