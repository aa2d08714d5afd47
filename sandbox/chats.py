"""What a bot may ask about a chat, and do in it besides talking."""

from aiogram.enums import ChatAction
from aiogram.methods import (
    GetChat,
    GetChatAdministrators,
    GetChatMember,
    GetChatMemberCount,
    LeaveChat,
    SendChatAction,
    SetMessageReaction,
)
from aiogram.types import (
    AcceptedGiftTypes,
    ChatFullInfo,
    ReactionTypeEmoji,
)

from sandbox import membership, rooms
from sandbox.refusals import bad_request, not_modelled
from sandbox.standings import Standing, standing
from sandbox.world import Room, Telegram

ACTION_SECONDS = 5.0
# The reactions every chat has by default; a bot may set no other.
JOINED = frozenset({"❤\u200d🔥", "👨\u200d💻", "🤷\u200d♂", "🤷", "🤷\u200d♀"})
REACTIONS = JOINED | frozenset(
    "👍👎❤🔥🥰👏😁🤔🤯😱🤬😢🎉🤩🤮💩🙏👌🕊🤡🥱🥴😍🐳🌚🌭💯🤣⚡🍌🏆💔🤨😐🍓🍾💋🖕😈😴😭🤓👻👀🎃🙈😇😨🤝✍🤗🫡🎅🎄☃💅🤪🗿🆒💘🙉🦄😘💊🙊😎👾😡"
)


def send_chat_action(telegram: Telegram, request: SendChatAction) -> bool:
    room = rooms.open_to_bot(telegram, request.chat_id)
    rooms.thread(room, request.message_thread_id)
    if request.action not in set(ChatAction):
        raise bad_request("wrong parameter action in request")
    room.action = (request.action, telegram.machine() + ACTION_SECONDS)
    telegram.changed(room)
    return True


def get_chat(telegram: Telegram, request: GetChat) -> ChatFullInfo:
    room = rooms.of(telegram, request.chat_id)
    pinned = room.messages.get(room.pinned[-1]) if room.pinned else None
    nothing = AcceptedGiftTypes(
        unlimited_gifts=False,
        limited_gifts=False,
        unique_gifts=False,
        premium_subscription=False,
        gifts_from_channels=False,
    )
    return ChatFullInfo(
        **telegram.chat(room).model_dump(exclude_none=True),
        accent_color_id=0,
        max_reaction_count=11,
        accepted_gift_types=nothing,
        pinned_message=pinned,
    )


def get_chat_member(telegram: Telegram, request: GetChatMember) -> Standing:
    room = rooms.open_to_bot(telegram, request.chat_id)
    if request.user_id == telegram.bot.id:
        return standing(telegram.bot, "member" if room.private else room.bot_status)
    if request.user_id not in telegram.people:
        raise bad_request("user not found")
    status = room.members.get(request.user_id, "left")
    return standing(telegram.people[request.user_id].user, status)


def _group(telegram: Telegram, chat_id: int | str) -> Room:
    room = rooms.open_to_bot(telegram, chat_id)
    if room.private:
        raise bad_request("there are no administrators in the private chat")
    return room


def get_chat_administrators(telegram: Telegram, request: GetChatAdministrators) -> list[Standing]:
    room = _group(telegram, request.chat_id)
    high = ("creator", "administrator")
    found = [
        standing(telegram.people[number].user, status)
        for number, status in room.members.items()
        if status in high
    ]
    if request.return_bots and room.bot_status in high:
        found.append(standing(telegram.bot, room.bot_status))
    return found


def get_chat_member_count(telegram: Telegram, request: GetChatMemberCount) -> int:
    return len(rooms.open_to_bot(telegram, request.chat_id).members) + 1


def leave_chat(telegram: Telegram, request: LeaveChat) -> bool:
    room = rooms.open_to_bot(telegram, request.chat_id)
    if room.private:
        raise bad_request("chat member status can't be changed in private chats")
    membership.bot_becomes(telegram, room, "left", by=telegram.bot)
    return True


def set_message_reaction(telegram: Telegram, request: SetMessageReaction) -> bool:
    room = rooms.open_to_bot(telegram, request.chat_id)
    if request.message_id not in room.messages:
        raise bad_request("message to react not found")
    wanted = request.reaction or []
    if len(wanted) > 1:
        raise bad_request("REACTIONS_TOO_MANY")
    for reaction in wanted:
        if not isinstance(reaction, ReactionTypeEmoji):
            raise not_modelled(f"a reaction of type {reaction.type}")
        if reaction.emoji.replace("\ufe0f", "") not in REACTIONS:
            raise bad_request("REACTION_INVALID")
    chosen = [reaction.emoji for reaction in wanted if isinstance(reaction, ReactionTypeEmoji)]
    room.reactions[request.message_id][telegram.bot.id] = chosen
    telegram.changed(room)
    return True
