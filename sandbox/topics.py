"""Forum topics: threads in a supergroup that is a forum."""

from aiogram.methods import CloseForumTopic, CreateForumTopic, EditForumTopic, ReopenForumTopic
from aiogram.types import (
    ForumTopic,
    ForumTopicClosed,
    ForumTopicCreated,
    ForumTopicEdited,
    ForumTopicReopened,
)

from sandbox import messages, rooms
from sandbox.refusals import bad_request
from sandbox.world import Room, Telegram

BLUE = 7322096
NAME_LIMIT = 128


def _forum(telegram: Telegram, chat_id: int | str) -> Room:
    room = rooms.open_to_bot(telegram, chat_id)
    if not room.forum:
        raise bad_request("the chat is not a forum")
    if room.bot_status != "administrator":
        raise bad_request("not enough rights to create a topic")
    return room


def _topic(room: Room, thread_id: int) -> ForumTopic:
    if thread_id not in room.topics:
        raise bad_request("message thread not found")
    return room.topics[thread_id]


def _name(name: str) -> str:
    if not 1 <= len(name.strip()) <= NAME_LIMIT:
        raise bad_request("topic name must be 1-128 characters long")
    return name.strip()


def create_forum_topic(telegram: Telegram, request: CreateForumTopic) -> ForumTopic:
    room = _forum(telegram, request.chat_id)
    name, colour = _name(request.name), request.icon_color or BLUE
    made = ForumTopicCreated(name=name, icon_color=colour)
    # Its number is that of the message that announces it.
    number = room.next_id
    room.topics[number] = ForumTopic(message_thread_id=number, name=name, icon_color=colour)
    _announce(telegram, room, number, forum_topic_created=made)
    return room.topics[number]


def edit_forum_topic(telegram: Telegram, request: EditForumTopic) -> bool:
    room = _forum(telegram, request.chat_id)
    topic = _topic(room, request.message_thread_id)
    name = _name(request.name) if request.name else topic.name
    if name == topic.name:
        raise bad_request("TOPIC_NOT_MODIFIED")
    room.topics[topic.message_thread_id] = topic.model_copy(update={"name": name})
    _announce(telegram, room, topic.message_thread_id, forum_topic_edited=ForumTopicEdited(name=name))
    return True


def close_forum_topic(telegram: Telegram, request: CloseForumTopic) -> bool:
    room = _forum(telegram, request.chat_id)
    number = _topic(room, request.message_thread_id).message_thread_id
    if number in room.closed_topics:
        raise bad_request("TOPIC_NOT_MODIFIED")
    room.closed_topics.add(number)
    _announce(telegram, room, number, forum_topic_closed=ForumTopicClosed())
    return True


def reopen_forum_topic(telegram: Telegram, request: ReopenForumTopic) -> bool:
    room = _forum(telegram, request.chat_id)
    number = _topic(room, request.message_thread_id).message_thread_id
    if number not in room.closed_topics:
        raise bad_request("TOPIC_NOT_MODIFIED")
    room.closed_topics.remove(number)
    _announce(telegram, room, number, forum_topic_reopened=ForumTopicReopened())
    return True


def _announce(telegram: Telegram, room: Room, thread_id: int, **content: object) -> None:
    messages.post(
        telegram,
        room,
        **{"from": telegram.bot},
        message_thread_id=thread_id,
        is_topic_message=True,
        **content,
    )
