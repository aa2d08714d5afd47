"""Floods: a chat that sends more than can be answered. All of it counts, and the last of it is answered."""

import json
from collections.abc import Hashable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot import inbox
from storage.database import Database
from storage.queues import Incoming

MANY = 20  # more than this waiting in one chat is a flood: no finger is so far ahead of us
AHEAD, PAUSE = 3, 0.05  # after so many one after the other, so many seconds before each further one
AT_ONCE = 1000
TURN = 1.0  # seconds from one answer to the next, as Telegram allows in one chat
TOLD_WITHIN = timedelta(hours=1)
BREATH = 0.2  # between two updates of a flood the others are let through


async def thinned(database: Database, session: AsyncSession, bot: int, chat: int) -> int:
    """Of what a chat sent several times over, set all but the last aside as done; how many are left.

    Whatever it stands for is stored by the last one as it would be by all of them: the newest wins.
    """
    wanted = (
        select(Incoming.update_id, Incoming.payload, Incoming.awaited)
        .where(*inbox.ready(database, bot), Incoming.chat == chat)
        .order_by(col(Incoming.received_at), col(Incoming.update_id))
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    rows = (await session.exec(wanted)).all()
    last = {_gist(*row): row[0] for row in rows}
    again = {update_id for update_id, *_ in rows} - set(last.values())
    await session.exec(
        update(Incoming)
        .where(col(Incoming.bot) == bot, col(Incoming.update_id).in_(again))
        .values(state="done", payload="", awaited=None, error="")
        .execution_options(synchronize_session=False)
    )
    return len(rows) - len(again)


def _gist(update_id: int, payload: str, awaited: dict[str, Any] | None) -> Hashable:
    """What an update says; two with the same gist change no more than the last of them alone."""
    try:
        raw = json.loads(payload)
    except (ValueError, RecursionError):  # nothing we can compare; whoever handles it will find out
        return update_id
    tap, text = _part(raw, "callback_query"), _part(raw, "message")
    if isinstance(tap.get("data"), str):
        return "tap", tap["data"], _part(tap, "message").get("message_id")
    if isinstance(text.get("text"), str):
        replied = _part(text, "reply_to_message").get("message_id")
        return "text", text["text"], replied, json.dumps(awaited)
    return update_id


def _part(holder: dict[str, Any], name: str) -> dict[str, Any]:
    found = holder.get(name)
    return found if isinstance(found, dict) else {}


def key(chat: int, now: datetime) -> str:
    """Whoever floods us is told so once a day."""
    return f"flood:{chat}:{now:%Y-%m-%d}"
