"""What a phone shows: plain JSON for the page, with nothing in it that a reader could not see."""

from typing import Any

from aiogram.types import InlineKeyboardMarkup, Message, MessageEntity, Poll

from sandbox import profile
from sandbox.entities import render
from sandbox.plain import plain
from sandbox.world import Person, Room, Telegram

Json = dict[str, Any]
SERVICE = {
    "group_chat_created": "{who} created the group",
    "supergroup_chat_created": "{who} created the group",
    "new_chat_members": "{whom} joined the group",
    "left_chat_member": "{whom} left the group",
    "migrate_to_chat_id": "The group became a supergroup",
    "migrate_from_chat_id": "The group became a supergroup",
    "pinned_message": "{who} pinned a message",
    "forum_topic_created": "{who} opened the topic {topic}",
    "forum_topic_edited": "{who} changed the topic",
    "forum_topic_closed": "{who} closed the topic",
    "forum_topic_reopened": "{who} opened the topic again",
}


def person(known: Person) -> Json:
    return {**plain(known.user), "name": known.user.full_name}


def phones(telegram: Telegram) -> list[Json]:
    return [
        {"user": person(known), "unread": sum(unread(room, number) for room in _rooms(telegram, number))}
        for number, known in telegram.people.items()
    ]


def phone(telegram: Telegram, user_id: int) -> Json:
    known = telegram.person(user_id)
    private = telegram.rooms.get(user_id)
    rooms = _rooms(telegram, user_id)
    if private is None:
        rooms = [Room(id=user_id, kind="private", members={user_id: "member"}), *rooms]
    return {
        "user": person(known),
        "blocked": private.blocked if private else False,
        "started": private.started if private else False,
        "chats": [chat(telegram, room, user_id) for room in rooms],
    }


def _rooms(telegram: Telegram, user_id: int) -> list[Room]:
    """The chats on a phone, the one with the bot first."""
    mine = [room for room in telegram.rooms.values() if user_id in room.members and room.migrated_to is None]
    return sorted(mine, key=lambda room: not room.private)


def unread(room: Room, user_id: int) -> int:
    seen = room.read.get(user_id, 0)
    return sum(number > seen and not _from(message, user_id) for number, message in room.messages.items())


def _from(message: Message, user_id: int) -> bool:
    return message.from_user is not None and message.from_user.id == user_id


def chat(telegram: Telegram, room: Room, user_id: int) -> Json:
    action, until = room.action
    commands = profile.commands_for(telegram, room, user_id)
    return {
        "id": room.id,
        "type": room.kind,
        "title": telegram.bot.first_name if room.private else room.title,
        "unread": unread(room, user_id),
        "can_start": room.private and not room.started,
        "commands": [{"command": c.command, "description": c.description} for c in commands],
        "menu": plain(profile.menu_of(telegram, room.id)) if room.private else None,
        "typing": action if action and telegram.machine() < until else None,
        "force_reply": room.force_reply,
        "keyboard": room.reply_keyboard,
        "topics": [plain(topic) for topic in room.topics.values()],
        "pinned": room.pinned,
        "messages": [message(telegram, room, m, user_id) for m in room.messages.values()],
    }


def message(telegram: Telegram, room: Room, shown: Message, user_id: int) -> Json:
    text, entities = said(shown)
    sender = shown.from_user
    return {
        "id": shown.message_id,
        "from": {"id": sender.id, "name": sender.full_name, "bot": sender.is_bot} if sender else None,
        "mine": _from(shown, user_id),
        "date": shown.date.isoformat(),
        "edited": shown.edit_date is not None,
        "text": text,
        "html": render(text, entities),
        "entities": [plain(entity) for entity in entities],
        "buttons": buttons(shown.reply_markup),
        "photo": f"/control/files/{shown.photo[-1].file_unique_id}" if shown.photo else None,
        "document": _document(shown),
        "reply_to": shown.reply_to_message.message_id if shown.reply_to_message else None,
        "reactions": _reactions(room, shown.message_id),
        "poll": _poll(telegram, shown.poll, user_id) if shown.poll else None,
        "service": service(shown),
        "thread": shown.message_thread_id,
    }


def said(shown: Message) -> tuple[str, list[MessageEntity]]:
    """A message's visible words: its text or its caption."""
    return shown.text or shown.caption or "", (shown.entities or shown.caption_entities or [])


def buttons(markup: InlineKeyboardMarkup | None) -> list[list[Json]]:
    if markup is None:
        return []
    return [
        [
            {
                "text": button.text,
                **({"data": button.callback_data} if button.callback_data is not None else {}),
                **({"url": button.url} if button.url is not None else {}),
                **({"web_app": button.web_app.url} if button.web_app is not None else {}),
            }
            for button in row
        ]
        for row in markup.inline_keyboard
    ]


def _document(shown: Message) -> Json | None:
    file = shown.document
    if file is None:
        return None
    address = f"/control/files/{file.file_unique_id}"
    return {"name": file.file_name, "url": address, "size": file.file_size, "mime": file.mime_type}


def _reactions(room: Room, message_id: int) -> dict[str, int]:
    counts: dict[str, int] = {}
    for chosen in room.reactions.get(message_id, {}).values():
        for emoji in chosen:
            counts[emoji] = counts.get(emoji, 0) + 1
    return counts


def _poll(telegram: Telegram, poll: Poll, user_id: int) -> Json:
    return {**plain(poll), "mine": telegram.ballots[poll.id].votes.get(user_id, [])}


def service(shown: Message) -> str | None:
    """A line in the middle of the chat, for what nobody typed."""
    kind = next((name for name in SERVICE if getattr(shown, name) is not None), None)
    if kind is None:
        return None
    joined = shown.new_chat_members or ([shown.left_chat_member] if shown.left_chat_member else [])
    return SERVICE[kind].format(
        who=shown.from_user.full_name if shown.from_user else "",
        whom=", ".join(user.full_name for user in joined),
        topic=shown.forum_topic_created.name if shown.forum_topic_created else "",
    )
