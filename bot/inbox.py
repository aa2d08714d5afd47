"""The inbox: what came in is stored first, then handled, per chat in order, each in one transaction."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot import translation
from bot.together import Together
from storage.database import Database
from storage.queues import Incoming
from storage.rounds import Awaited

TRIES = 5
FIRST_WAIT = 1.0


@dataclass(frozen=True)
class Unreadable:
    """An update that cannot be stored, and why."""

    reason: str


class Slot:
    """Where updates come in one by one: those that come together are stored in one commit."""

    def __init__(self, database: Database, bot: int) -> None:
        self._database = database
        self._bot = bot
        self._together = Together(self._store)

    async def store(self, update: dict[str, Any], *, now: datetime) -> list[Unreadable]:
        """As `store` below: done once it is committed, and raises what kept it from that."""
        return await self._together.do((update, now))

    async def _store(self, handed: Sequence[tuple[dict[str, Any], datetime]]) -> list[list[Unreadable]]:
        _, now = handed[-1]
        refused = await store(self._database, self._bot, [update for update, _ in handed], now=now)
        return [refused[:1] if number_of(update) is None else [] for update, _ in handed]


async def store(
    database: Database, bot: int, updates: Sequence[dict[str, Any]], *, now: datetime
) -> list[Unreadable]:
    """Store updates that arrived together in one commit. The same update twice is stored once."""
    good = [update for update in updates if number_of(update) is not None]
    refused = [Unreadable("it has no usable update_id")] * (len(updates) - len(good))
    if not good:
        return refused
    async with database.writing(brief=True) as session:
        awaited = await _awaited(session, {translation.chat_of(update) for update in good})
        rows = [_row(bot, update, awaited, now=now) for update in good]
        await session.exec(database.insert(Incoming).on_conflict_do_nothing(), params=rows)
    return refused


def number_of(update: dict[str, Any]) -> int | None:
    """The update's number, if it has one that can be kept."""
    found = update.get("update_id")
    return found if isinstance(found, int) and translation.is_id(found) and found >= 0 else None


def _payload(update: dict[str, Any]) -> str:
    """ASCII JSON: PostgreSQL refuses NUL, and both engines refuse halves of a character as characters."""
    try:
        return json.dumps(update)
    except RecursionError:  # read at the very edge of what can be; its number alone is kept
        return json.dumps({"update_id": update["update_id"]})


async def _awaited(session: AsyncSession, chats: set[int]) -> dict[int, dict[str, Any]]:
    """What the next text of each chat answers, as it stands now."""
    rows = (await session.exec(select(Awaited).where(col(Awaited.chat).in_(chats)))).all()
    return {row.chat: row.model_dump(include={"kind", "about", "item", "message"}) for row in rows}


def _row(
    bot: int, update: dict[str, Any], awaited: dict[int, dict[str, Any]], *, now: datetime
) -> dict[str, Any]:
    chat = translation.chat_of(update)
    return {
        "bot": bot,
        "update_id": update["update_id"],
        "chat": chat,
        "received_at": now,
        "payload": _payload(update),
        "awaited": awaited.get(chat) if "message" in update else None,
        "state": "new",
        "tries": 0,
        "retry_s": 0.0,
        "error": "",
    }


async def waiting(database: Database, bot: int) -> dict[int, int]:
    """How many updates wait in each chat, those chats first that waited longest."""
    async with database.reading() as session:
        wanted = (
            select(Incoming.chat, func.count())
            .where(*ready(database, bot))
            .group_by(col(Incoming.chat))
            .order_by(func.min(Incoming.received_at), func.min(Incoming.update_id))
        )
        return dict((await session.exec(wanted)).all())


def ready(database: Database, bot: int) -> tuple[ColumnElement[bool], ...]:
    """What may be handled now, and does not wait for another try."""
    now = database.seconds_now()
    return col(Incoming.bot) == bot, col(Incoming.state) == "new", col(Incoming.retry_s) <= now


async def claim(database: Database, session: AsyncSession, bot: int, chat: int) -> Incoming | None:
    """The chat's oldest update to be handled, held until this transaction ends.

    Other workers may look at the same chat: an update stays behind an older one that is still being
    handled, but not behind one that failed and waits for its next try.
    """
    in_order = col(Incoming.received_at), col(Incoming.update_id)
    waiting = (*ready(database, bot), col(Incoming.chat) == chat)
    if database.sqlite:  # there are no others, and this is done for every update: the oldest, simply
        wanted = select(Incoming).where(*waiting).order_by(*in_order).limit(1)
    else:
        # The oldest as it is committed: if it is being handled it is locked, and there is nothing for us.
        oldest = select(Incoming.update_id).where(*waiting).order_by(*in_order).limit(1).scalar_subquery()
        wanted = select(Incoming).where(*ready(database, bot), Incoming.update_id == oldest)
        wanted = wanted.with_for_update(skip_locked=True)
    return (await session.exec(wanted)).first()


def read(row: Incoming) -> dict[str, Any]:
    raw: dict[str, Any] = json.loads(row.payload)
    return raw


def done(row: Incoming) -> None:
    """Handled. What it said is stored where it belongs, so the raw words go."""
    row.state, row.payload, row.awaited, row.error = "done", "", None, ""


async def failed(
    database: Database, session: AsyncSession, bot: int, update_id: int, *, error: str
) -> Incoming | None:
    """Note a failed try; after five the update is parked, out of the way of its chat.

    None: another worker has settled it meanwhile, so there is nothing to note.
    """
    wanted = (
        select(Incoming)
        .where(Incoming.bot == bot, Incoming.update_id == update_id, Incoming.state == "new")
        .with_for_update()
    )
    row = (await session.exec(wanted)).first()
    if row is None:
        return None
    row.tries += 1
    row.error = error
    row.state = "parked" if row.tries >= TRIES else "new"
    row.retry_s = await database.machine_seconds(session) + FIRST_WAIT * 2 ** (row.tries - 1)
    session.add(row)
    return row


async def resume(database: Database) -> None:
    """After a restart of the machine its seconds count from 0 again: what was to wait is tried at once."""
    async with database.writing() as session:
        await session.exec(
            update(Incoming)
            .where(col(Incoming.state) == "new", col(Incoming.retry_s) > 0)
            .values(retry_s=0.0)
        )
