"""What a person can do with a phone. Everything a user does comes through here."""

import re

from aiogram.types import (
    CallbackQuery,
    ChatMemberUpdated,
    Message,
    MessageReactionUpdated,
    PollAnswer,
    ReactionTypeEmoji,
    User,
)

from sandbox import entities, files, membership, messages, polls
from sandbox.membership import IN_CHAT
from sandbox.refusals import Mistaken
from sandbox.standings import standing
from sandbox.world import Person, Room, Tap, Telegram

PAYLOAD = re.compile(r"[A-Za-z0-9_-]{1,64}")


def meet(telegram: Telegram, user: User) -> User:
    """A new person with a phone."""
    if user.id in telegram.people:
        raise Mistaken(f"{user.id} is taken")
    telegram.people[user.id] = Person(user)
    return user


def rename(
    telegram: Telegram, user_id: int, *, first_name: str = "", last_name: str = "", username: str = ""
) -> User:
    """Somebody calls themselves something else; their id stays."""
    person = telegram.person(user_id)
    given = {"first_name": first_name, "last_name": last_name, "username": username}
    person.user = person.user.model_copy(update={name: value for name, value in given.items() if value})
    return person.user


def room_of(telegram: Telegram, user_id: int, chat_id: int | None = None) -> Room:
    """A chat on somebody's phone: the one with the bot unless another is named."""
    telegram.person(user_id)
    if chat_id is None or chat_id == user_id:
        return telegram.rooms.get(user_id) or _private(telegram, user_id)
    room = telegram.rooms.get(chat_id)
    if room is None or user_id not in room.members:
        raise Mistaken(f"{user_id} has no chat {chat_id}")
    if room.migrated_to is not None:
        raise Mistaken(f"the group moved to {room.migrated_to}")
    return room


def _private(telegram: Telegram, user_id: int) -> Room:
    room = Room(id=user_id, kind="private", members={user_id: "member"})
    telegram.rooms[user_id] = room
    return room


def send(
    telegram: Telegram,
    user_id: int,
    text: str,
    *,
    chat_id: int | None = None,
    reply_to: int | None = None,
    thread: int | None = None,
) -> Message:
    """Type a message and send it."""
    text = text.strip()
    if not text or entities.units(text) > 4096:  # noqa: PLR2004 - Telegram's own figure
        raise Mistaken("a phone sends 1 to 4096 characters")
    room = room_of(telegram, user_id, chat_id)
    return _say(
        telegram,
        room,
        user_id,
        reply_to=reply_to,
        thread=thread,
        text=text,
        entities=entities.detect(text),
    )


def start(telegram: Telegram, user_id: int, payload: str = "") -> Message:
    """Press Start, perhaps by a link that carries a word."""
    if payload and not PAYLOAD.fullmatch(payload):
        raise Mistaken("a start link carries 1 to 64 letters, digits, _ and -")
    return send(telegram, user_id, f"/start {payload}" if payload else "/start")


def start_group(telegram: Telegram, user_id: int, chat_id: int, payload: str) -> Message:
    """Bring the bot into a group by a link that carries a word; only who runs the group may."""
    if not PAYLOAD.fullmatch(payload):
        raise Mistaken("a start link carries 1 to 64 letters, digits, _ and -")
    room = room_of(telegram, user_id, chat_id)
    if room.private or room.members[user_id] not in ("creator", "administrator"):
        raise Mistaken(f"{user_id} may not bring a bot into {chat_id}")
    membership.let_in(telegram, room, by=telegram.people[user_id].user)
    return send(telegram, user_id, f"/start@{telegram.bot.username} {payload}", chat_id=chat_id)


def photo(
    telegram: Telegram,
    user_id: int,
    data: bytes,
    *,
    name: str,
    caption: str = "",
    chat_id: int | None = None,
    reply_to: int | None = None,
) -> Message:
    sizes = files.photo(files.keep(telegram, data, name=name))
    return _captioned(telegram, user_id, caption, chat_id, reply_to, photo=sizes)


def document(
    telegram: Telegram,
    user_id: int,
    data: bytes,
    *,
    name: str,
    caption: str = "",
    chat_id: int | None = None,
    reply_to: int | None = None,
) -> Message:
    file = files.document(files.keep(telegram, data, name=name))
    return _captioned(telegram, user_id, caption, chat_id, reply_to, document=file)


def _captioned(
    telegram: Telegram,
    user_id: int,
    caption: str,
    chat_id: int | None,
    reply_to: int | None,
    **content: object,
) -> Message:
    room = room_of(telegram, user_id, chat_id)
    found = entities.detect(caption) if caption else []
    return _say(
        telegram,
        room,
        user_id,
        reply_to=reply_to,
        thread=None,
        caption=caption or None,
        caption_entities=found,
        **content,
    )


def _say(
    telegram: Telegram,
    room: Room,
    user_id: int,
    *,
    reply_to: int | None,
    thread: int | None,
    **content: object,
) -> Message:
    replied = _shown(room, reply_to) if reply_to is not None else None
    if room.private:
        if room.blocked:
            raise Mistaken("the bot is blocked on this phone; unblock it first")
        room.started = True
    if thread is not None and (thread not in room.topics or thread in room.closed_topics):
        raise Mistaken(f"no open topic {thread}")
    message = messages.post(
        telegram,
        room,
        **{"from": telegram.people[user_id].user},
        **content,
        reply_to_message=messages.quoted(replied) if replied else None,
        message_thread_id=thread,
        is_topic_message=True if thread is not None else None,
    )
    if replied and replied.message_id == room.force_reply:
        room.force_reply = None
    room.read[user_id] = message.message_id
    _heard(telegram, room, "message", message)
    _note(
        telegram, "send", user_id, room, message_id=message.message_id, text=message.text or message.caption
    )
    return message


def _heard(telegram: Telegram, room: Room, kind: str, message: Message) -> None:
    """The bot gets it, unless its privacy mode keeps it out."""
    inside = not room.blocked if room.private else room.bot_status in IN_CHAT
    hears_all = room.private or room.bot_status == "administrator"
    if inside and (hears_all or _meant_for_bot(telegram, message)):
        telegram.updates.push(kind, message, chat=room.id)


def _meant_for_bot(telegram: Telegram, message: Message) -> bool:
    replied = message.reply_to_message
    if replied and replied.from_user and replied.from_user.id == telegram.bot.id:
        return True
    text, found = message.text or message.caption or "", message.entities or message.caption_entities
    first = next((e for e in found or [] if e.type == "bot_command" and e.offset == 0), None)
    if first is None:
        return False
    _, at, name = text[: first.length].partition("@")
    return not at or name.lower() == str(telegram.bot.username).lower()


def _shown(room: Room, message_id: int) -> Message:
    try:
        return room.messages[message_id]
    except KeyError:
        raise Mistaken(f"no message {message_id} in this chat") from None


def edit(
    telegram: Telegram, user_id: int, message_id: int, *, text: str, chat_id: int | None = None
) -> Message:
    """Change an own message."""
    room = room_of(telegram, user_id, chat_id)
    message = _shown(room, message_id)
    if message.from_user is None or message.from_user.id != user_id or message.text is None:
        raise Mistaken("only an own text can be edited")
    if message.text == text.strip() or not text.strip():
        raise Mistaken("an edit changes something")
    edited = messages.change(
        telegram, room, message, text=text.strip(), entities=entities.detect(text.strip()) or None
    )
    _heard(telegram, room, "edited_message", edited)
    _note(telegram, "edit", user_id, room, message_id=message_id, text=edited.text, edit=True)
    return edited


def tap(telegram: Telegram, user_id: int, message_id: int, *, data: str, chat_id: int | None = None) -> Tap:
    """Tap a button that is really there."""
    room = room_of(telegram, user_id, chat_id)
    message = _shown(room, message_id)
    rows = message.reply_markup.inline_keyboard if message.reply_markup else []
    if not any(button.callback_data == data for row in rows for button in row):
        raise Mistaken(f"message {message_id} has no button with this data")
    number = str(telegram.bot.id * 10**9 + telegram.next_serial())
    made = telegram.taps[number] = Tap(number, user_id, room, message_id, data, telegram.machine())
    query = CallbackQuery(
        id=number,
        from_user=telegram.people[user_id].user,
        chat_instance=str(-room.id),
        message=message,
        data=data,
    )
    _note(telegram, "tap", user_id, room, message_id=message_id, data=data, callback=number)
    telegram.updates.push("callback_query", query, chat=room.id)
    return made


def block(telegram: Telegram, user_id: int) -> None:
    room = room_of(telegram, user_id)
    if not room.blocked:
        room.blocked = True
        _private_membership(telegram, room, old="member", new="kicked")
        _note(telegram, "block", user_id, room)
        telegram.changed(room)


def unblock(telegram: Telegram, user_id: int) -> None:
    room = room_of(telegram, user_id)
    if room.blocked:
        room.blocked = False
        _private_membership(telegram, room, old="kicked", new="member")
        _note(telegram, "unblock", user_id, room)
        telegram.changed(room)


def restart(telegram: Telegram, user_id: int) -> None:
    """What Telegram's own button does in a chat that was blocked: two updates, one after the other."""
    unblock(telegram, user_id)
    start(telegram, user_id)


def _private_membership(telegram: Telegram, room: Room, *, old: str, new: str) -> None:
    update = ChatMemberUpdated(
        chat=telegram.chat(room),
        from_user=telegram.people[room.id].user,
        date=telegram.clock.now(),
        old_chat_member=standing(telegram.bot, old),
        new_chat_member=standing(telegram.bot, new),
    )
    telegram.updates.push("my_chat_member", update, chat=room.id)


def react(
    telegram: Telegram, user_id: int, message_id: int, *, emoji: str | None, chat_id: int | None = None
) -> None:
    """Put a reaction under a message, or take it off with None."""
    room = room_of(telegram, user_id, chat_id)
    _shown(room, message_id)
    new = [emoji] if emoji else []
    old = room.reactions[message_id].get(user_id, [])
    room.reactions[message_id][user_id] = new
    # Telegram tells a bot of reactions in groups only where it is an administrator.
    if room.private or room.bot_status == "administrator":
        update = MessageReactionUpdated(
            chat=telegram.chat(room),
            message_id=message_id,
            user=telegram.people[user_id].user,
            date=telegram.clock.now(),
            old_reaction=[ReactionTypeEmoji(emoji=name) for name in old],
            new_reaction=[ReactionTypeEmoji(emoji=name) for name in new],
        )
        telegram.updates.push("message_reaction", update, chat=room.id)
    _note(telegram, "react", user_id, room, message_id=message_id, emoji=emoji)
    telegram.changed(room)


def vote(
    telegram: Telegram, user_id: int, message_id: int, *, options: list[int], chat_id: int | None = None
) -> None:
    """Vote in a poll; no options take the vote back."""
    room = room_of(telegram, user_id, chat_id)
    message = _shown(room, message_id)
    if message.poll is None:
        raise Mistaken("no poll in this message")
    ballot = polls.vote(telegram, message.poll.id, user_id, options)
    telegram.updates.push("poll", ballot.poll, chat=room.id)
    if not ballot.poll.is_anonymous:
        answer = PollAnswer(
            poll_id=ballot.poll.id,
            user=telegram.people[user_id].user,
            option_ids=options,
            option_persistent_ids=[ballot.poll.options[place].persistent_id for place in options],
        )
        telegram.updates.push("poll_answer", answer, chat=user_id)
    _note(telegram, "vote", user_id, room, message_id=message_id, options=options)
    telegram.changed(room)


def read(telegram: Telegram, user_id: int, chat_id: int | None = None) -> None:
    """Open a chat; everything in it counts as read."""
    room = room_of(telegram, user_id, chat_id)
    newest = max(room.messages, default=0)
    if room.read.get(user_id, 0) < newest:
        room.read[user_id] = newest
        telegram.tell({"type": "changed", "user": user_id, "chat": room.id})


def _note(telegram: Telegram, action: str, user_id: int, room: Room, **facts: object) -> None:
    known = {key: value for key, value in facts.items() if value is not None}
    telegram.journal.write("user", action=action, user_id=user_id, chat_id=room.id, **known)
