"""Who may speak where: finding a chat, and the refusals at its door."""

import re

from sandbox.refusals import Refused, bad_request, forbidden
from sandbox.world import Room, Telegram

NUMBER = re.compile(r"-?[0-9]{1,19}")


def of(telegram: Telegram, chat_id: int | str) -> Room:
    """The room of an id, whether or not the bot may speak in it."""
    if isinstance(chat_id, str):
        if not NUMBER.fullmatch(chat_id):
            raise bad_request("chat not found")
        chat_id = int(chat_id)
    room = telegram.rooms.get(chat_id)
    if room is None:
        if chat_id in telegram.people:
            raise forbidden("bot can't initiate conversation with a user")
        raise bad_request("chat not found")
    if room.migrated_to is not None:
        raise migrated(room)
    return room


def open_to_bot(telegram: Telegram, chat_id: int | str) -> Room:
    """The room, if the bot may speak in it now."""
    room = of(telegram, chat_id)
    if room.private:
        if telegram.people[room.id].deactivated:
            raise forbidden("user is deactivated")
        if not room.started:
            raise forbidden("bot can't initiate conversation with a user")
        if room.blocked:
            raise forbidden("bot was blocked by the user")
    elif room.deleted:
        raise forbidden("the group chat was deleted")
    elif room.bot_status == "kicked":
        raise forbidden(f"bot was kicked from the {room.kind} chat")
    elif room.bot_status == "left":
        raise forbidden(f"bot is not a member of the {room.kind} chat")
    return room


def writable(room: Room, thread_id: int | None) -> int | None:
    """The topic, if the bot may write there. Administrators always may."""
    if room.mute and room.bot_status != "administrator":
        raise bad_request(room.mute)
    return thread(room, thread_id)


def migrated(room: Room) -> Refused:
    return bad_request(
        "group chat was upgraded to a supergroup chat", migrate_to_chat_id=room.migrated_to or 0
    )


def thread(room: Room, thread_id: int | None) -> int | None:
    """A topic that is open for writing."""
    if thread_id is None:
        return None
    if thread_id not in room.topics:
        raise bad_request("message thread not found")
    if thread_id in room.closed_topics and room.bot_status != "administrator":
        raise bad_request("TOPIC_CLOSED")
    return thread_id
