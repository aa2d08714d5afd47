"""Telegram's updates as the events that `dialogs` knows. What we have no use for becomes None."""

import re
from datetime import datetime
from typing import Any

from telegram import CallbackQuery, ChatMemberUpdated, Message, Update, User
from telegram.constants import ChatMemberStatus, ChatType

from dialogs.events import (
    Awaiting,
    Event,
    Filed,
    Grouped,
    LetIn,
    Moved,
    PutOut,
    Reachable,
    Reworded,
    Said,
    Tapped,
)

# Telegram's ids fit 52 bits. What does not fit the database's 64 was not sent by Telegram.
LARGEST_ID = 2**63
# Signs no database keeps: NUL, and halves of a character.
UNKEEPABLE = re.compile(r"[\x00\ud800-\udfff]")

IDS = ("account", "chat", "message", "reply_to", "old", "new")

HERE = (
    ChatMemberStatus.MEMBER,
    ChatMemberStatus.ADMINISTRATOR,
    ChatMemberStatus.OWNER,
    ChatMemberStatus.RESTRICTED,
)


# A roster of a thousand people is a tenth of this.
LARGEST_FILE = 512 * 1024


def event(
    raw: dict[str, Any],
    *,
    received_at: datetime,
    awaited: dict[str, Any] | None,
    content: bytes | None = None,
) -> Event | None:
    """Raises whatever python-telegram-bot raises on an update it cannot read."""
    found = _event(raw, received_at=received_at, awaited=awaited, content=content)
    return None if found is None or _out_of_range(found) else found


def _event(
    raw: dict[str, Any], *, received_at: datetime, awaited: dict[str, Any] | None, content: bytes | None
) -> Event | None:
    update = Update.de_json(raw, None)
    if update.callback_query is not None:
        return _tap(update.callback_query, update.update_id, received_at)
    if update.my_chat_member is not None:
        return _standing(update.my_chat_member, update.update_id, received_at)
    message = update.message or update.edited_message
    if message is None:
        return None
    if message.migrate_to_chat_id is not None or message.migrate_from_chat_id is not None:
        return _moved(message)
    if message.document is not None and update.edited_message is None:
        return _filed(message, update.update_id, received_at, content)
    return _message(message, update, received_at, awaited)


def _moved(message: Message) -> Moved:
    """Said in the old group and in the new one; whichever comes first does it."""
    here = message.chat.id
    return Moved(old=message.migrate_from_chat_id or here, new=message.migrate_to_chat_id or here)


def _tap(query: CallbackQuery, update_id: int, received_at: datetime) -> Event | None:
    if query.data is None or query.message is None or query.message.chat.type != ChatType.PRIVATE:
        return None
    return Tapped(
        **_moment(query.from_user, query.message.chat.id, update_id, received_at),
        data=readable(query.data),
        message=query.message.message_id,
    )


def _message(
    message: Message, update: Update, received_at: datetime, awaited: dict[str, Any] | None
) -> Event | None:
    # Groups get digests; what is said in them is never read.
    if message.from_user is None or message.from_user.is_bot:
        return None
    if message.chat.type != ChatType.PRIVATE:
        return _brought_in(message, message.from_user, update, received_at)
    moment = _moment(message.from_user, message.chat.id, update.update_id, received_at) | {
        "text": readable(message.text or ""),
        "message": message.message_id,
    }
    if update.edited_message is not None:
        return Reworded(**moment)
    replied = message.reply_to_message
    return Said(
        **moment,
        awaiting=Awaiting(**awaited) if awaited else None,
        reply_to=replied.message_id if replied else None,
    )


def _moment(user: User, chat: int, update_id: int, received_at: datetime) -> dict[str, Any]:
    return {
        "account": user.id,
        "chat": chat,
        "language": user.language_code or "en",
        "update_id": update_id,
        "received_at": received_at,
        "name": readable(user.full_name),
    }


def _brought_in(message: Message, user: User, update: Update, received_at: datetime) -> Event | None:
    """A link to a group chat arrives there as "/start SECRET" in the name of whoever used it."""
    command, _, secret = (message.text or "").partition(" ")
    if command.partition("@")[0] != "/start" or not secret.strip() or update.edited_message is not None:
        return None
    moment = _moment(user, message.chat.id, update.update_id, received_at)
    return Grouped(**moment, secret=readable(secret.strip()), title=readable(message.chat.title or ""))


def _filed(message: Message, update_id: int, received_at: datetime, content: bytes | None) -> Event | None:
    document, user = message.document, message.from_user
    if document is None or user is None or message.chat.type != ChatType.PRIVATE:
        return None
    small = (document.file_size or 0) <= LARGEST_FILE
    return Filed(
        **_moment(user, message.chat.id, update_id, received_at),
        file_name=readable(document.file_name or ""),
        content=content if small else None,
        waits=small and content is None,
        message=message.message_id,
    )


def _standing(change: ChatMemberUpdated, update_id: int, received_at: datetime) -> Event | None:
    moment = _moment(change.from_user, change.chat.id, update_id, received_at)
    here = change.new_chat_member.status in HERE
    if change.chat.type != ChatType.PRIVATE:
        return LetIn(**moment) if here else PutOut(**moment)
    return Reachable(**moment, reachable=here)


def _out_of_range(found: Event) -> bool:
    ids = (getattr(found, name, 0) or 0 for name in IDS)
    return not all(is_id(number) for number in ids)


def readable(text: str) -> str:
    """The text without the signs that no database keeps."""
    return UNKEEPABLE.sub("", text)


def is_id(found: object) -> bool:
    return isinstance(found, int) and not isinstance(found, bool) and -LARGEST_ID < found < LARGEST_ID


def chat_of(raw: dict[str, Any]) -> int:
    """The chat whose order this update belongs to, 0 where there is none. Never raises."""
    for kind in ("message", "edited_message", "my_chat_member", "chat_member"):
        found = _id(raw.get(kind), "chat")
        if found:
            return found
    query = raw.get("callback_query")
    if isinstance(query, dict):
        return _id(query.get("message"), "chat") or _id(query, "from")
    return 0


def _id(holder: object, key: str) -> int:
    inner = holder.get(key) if isinstance(holder, dict) else None
    found = inner.get("id") if isinstance(inner, dict) else None
    return found if isinstance(found, int) and is_id(found) else 0


def file_of(raw: dict[str, Any]) -> str:
    """By what name the file of a message is fetched; only of an update that `event` could read."""
    return str(raw["message"]["document"]["file_id"])


def callback_of(raw: dict[str, Any]) -> str | None:
    query = raw.get("callback_query")
    found = query.get("id") if isinstance(query, dict) else None
    return found if isinstance(found, str) else None
