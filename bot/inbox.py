"""The inbox: what came in is stored first, then handled, per chat in order, each in one transaction."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import exists
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot import translation
from storage.database import Database
from storage.queues import Incoming
from storage.rounds import Awaited

TRIES = 5
FIRST_WAIT = 1.0
LARGEST_ID = 2**63


@dataclass(frozen=True)
class Unreadable:
    """An update that cannot be stored, and why."""

    reason: str


async def store(
    database: Database, bot: int, updates: Sequence[dict[str, Any]], *, now: datetime
) -> list[Unreadable]:
    """Store updates that arrived together in one commit. The same update twice is stored once."""
    refused = [Unreadable(reason) for update in updates if (reason := _refusal(update))]
    good = [update for update in updates if not _refusal(update)]
    if not good:
        return refused
    async with database.writing() as session:
        awaited = await _awaited(session, {translation.chat_of(update) for update in good})
        rows = [_row(bot, update, awaited, now=now) for update in good]
        await session.exec(database.insert(Incoming).on_conflict_do_nothing(), params=rows)
    return refused


def _refusal(update: dict[str, Any]) -> str:
    update_id = update.get("update_id")
    if not isinstance(update_id, int) or isinstance(update_id, bool) or not 0 <= update_id < LARGEST_ID:
        return "it has no usable update_id"
    return ""


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
        # ASCII JSON: PostgreSQL refuses \\u0000 and both engines refuse lone surrogates as characters.
        "payload": json.dumps(update),
        "awaited": awaited.get(chat) if "message" in update else None,
        "state": "new",
        "tries": 0,
        "retry_s": 0.0,
        "error": "",
    }


async def waiting(database: Database, bot: int) -> list[int]:
    """The chats with something to handle, those who waited longest first."""
    async with database.reading() as session:
        now = await database.machine_seconds(session)
        wanted = (
            select(Incoming.chat)
            .where(Incoming.bot == bot, Incoming.state == "new", col(Incoming.retry_s) <= now)
            .order_by(col(Incoming.received_at), col(Incoming.update_id))
        )
        return list(dict.fromkeys((await session.exec(wanted)).all()))


async def claim(database: Database, session: AsyncSession, bot: int, chat: int) -> Incoming | None:
    """The chat's oldest update to be handled, held until this transaction ends.

    Other workers may look at the same chat: an update stays behind an older one that is still being
    handled, but not behind one that failed and waits for its next try.
    """
    now = await database.machine_seconds(session)
    older = aliased(Incoming)
    blocked = exists().where(
        col(older.bot) == bot,
        col(older.chat) == chat,
        col(older.state) == "new",
        col(older.retry_s) <= now,
        (col(older.received_at) < col(Incoming.received_at))
        | (
            (col(older.received_at) == col(Incoming.received_at))
            & (col(older.update_id) < col(Incoming.update_id))
        ),
    )
    wanted = (
        select(Incoming)
        .where(
            Incoming.bot == bot,
            Incoming.chat == chat,
            Incoming.state == "new",
            col(Incoming.retry_s) <= now,
            ~blocked,
        )
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return (await session.exec(wanted)).first()


def read(row: Incoming) -> dict[str, Any]:
    raw: dict[str, Any] = json.loads(row.payload)
    return raw


def done(row: Incoming) -> None:
    """Handled. What it said is stored where it belongs, so the raw words go."""
    row.state, row.payload, row.awaited, row.error = "done", "", None, ""


async def failed(database: Database, bot: int, update_id: int, *, error: str) -> bool:
    """Note a failed try; after five the update is parked, out of the way of its chat. True: it was parked."""
    async with database.writing() as session:
        row = (
            await session.exec(select(Incoming).where(Incoming.bot == bot, Incoming.update_id == update_id))
        ).one()
        row.tries += 1
        row.error = error
        row.state = "parked" if row.tries >= TRIES else "new"
        row.retry_s = await database.machine_seconds(session) + FIRST_WAIT * 2 ** (row.tries - 1)
        session.add(row)
        return row.state == "parked"
