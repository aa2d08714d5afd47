"""What the bot says: sending, editing, deleting, pinning."""

from datetime import timedelta
from typing import Any

from aiogram.methods import (
    DeleteMessage,
    DeleteMessages,
    EditMessageCaption,
    EditMessageReplyMarkup,
    EditMessageText,
    PinChatMessage,
    SendMessage,
    UnpinAllChatMessages,
    UnpinChatMessage,
)
from aiogram.types import (
    ForceReply,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
    Message,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
    ReplyParameters,
)
from aiogram.types.base import TelegramObject

from sandbox import keyboards, rooms, texts
from sandbox.plain import plain
from sandbox.refusals import Refused, bad_request, not_modelled
from sandbox.world import Room, Telegram

DELETABLE = timedelta(hours=48)
SAME = (
    "message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)


def post(telegram: Telegram, room: Room, **content: Any) -> Message:  # noqa: ANN401 - any field of a message
    """Put a message into a room, whoever it is from, and let the phones know."""
    message = Message(
        message_id=telegram.message_id(room),
        date=telegram.clock.now().replace(microsecond=0),
        chat=telegram.chat(room),
        **{key: value for key, value in content.items() if value not in (None, [])},
    )
    room.messages[message.message_id] = message
    telegram.changed(room)
    return message


def say(telegram: Telegram, room: Room, request: Any, **content: Any) -> Message:  # noqa: ANN401 - any send method
    """Post as the bot, with whatever the sending methods have in common."""
    keyboard = keyboards.check(request.reply_markup, room)
    thread_id = rooms.writable(room, request.message_thread_id)
    reply_to = _replied(room, request.reply_parameters, request)
    message = post(
        telegram,
        room,
        **{"from": telegram.bot},
        **content,
        reply_markup=keyboard,
        reply_to_message=reply_to,
        message_thread_id=thread_id,
        is_topic_message=True if thread_id else None,
        has_protected_content=True if request.protect_content is True else None,
    )
    room.action = ("", 0.0)
    _input_field(room, request.reply_markup, message.message_id)
    return message


def _input_field(room: Room, markup: TelegramObject | None, message_id: int) -> None:
    """Reply keyboards change the phone's input field, and fix the message for good."""
    if isinstance(markup, (ForceReply, ReplyKeyboardMarkup, ReplyKeyboardRemove)):
        room.fixed.add(message_id)
        room.force_reply = message_id if isinstance(markup, ForceReply) else None
        room.reply_keyboard = markup.model_dump(exclude_unset=True) if _is_keyboard(markup) else None


def _is_keyboard(markup: TelegramObject) -> bool:
    return isinstance(markup, ReplyKeyboardMarkup)


def _replied(room: Room, parameters: ReplyParameters | None, request: Any) -> Message | None:  # noqa: ANN401 - any send method
    wanted, lenient = request.reply_to_message_id, request.allow_sending_without_reply
    if parameters is not None:
        elsewhere = parameters.chat_id not in (None, room.id, str(room.id))
        if elsewhere or parameters.quote:
            raise not_modelled("a reply into another chat, or with a quote,")
        wanted, lenient = parameters.message_id, parameters.allow_sending_without_reply is True
    if wanted is None:
        return None
    if wanted in room.messages:
        return quoted(room.messages[wanted])
    if lenient is True:
        return None
    raise bad_request("message to be replied not found")


def quoted(message: Message) -> Message:
    """A message as it stands inside its replies: without what it replied to itself."""
    if message.reply_to_message is None:
        return message
    return message.model_copy(update={"reply_to_message": None})


def send_message(telegram: Telegram, request: SendMessage) -> Message:
    room = rooms.open_to_bot(telegram, request.chat_id)
    text, entities = texts.message_text(request.text, request.parse_mode, request.entities)
    return say(
        telegram,
        room,
        request,
        text=text,
        entities=entities,
        link_preview_options=_preview(request.link_preview_options),
    )


def _preview(given: object) -> LinkPreviewOptions | None:
    """Only what was really asked; aiogram fills the rest with its own placeholders."""
    if not isinstance(given, LinkPreviewOptions):
        return None
    names = LinkPreviewOptions.model_fields
    return LinkPreviewOptions(
        **{n: getattr(given, n) if n in given.model_fields_set else None for n in names}
    )


def own(telegram: Telegram, request: Any) -> tuple[Room, Message]:  # noqa: ANN401 - any edit method
    """The bot's own message that is to be edited."""
    if request.chat_id is None or request.message_id is None:
        if getattr(request, "inline_message_id", None):
            raise not_modelled("an inline message")
        raise bad_request("message identifier is not specified")
    room = rooms.open_to_bot(telegram, request.chat_id)
    message = room.messages.get(request.message_id)
    if message is None:
        raise bad_request("message to edit not found")
    theirs = message.from_user is None or message.from_user.id != telegram.bot.id
    if theirs or message.message_id in room.fixed or message.poll:
        raise bad_request("message can't be edited")
    return room, message


def change(telegram: Telegram, room: Room, message: Message, **fields: Any) -> Message:  # noqa: ANN401 - any field
    """Write an edit, unless it would change nothing."""
    edited = message.model_copy(update=fields)
    if plain(edited) == plain(message):
        raise bad_request(SAME)
    edited = edited.model_copy(update={"edit_date": int(telegram.clock.now().timestamp())})
    room.messages[message.message_id] = edited
    telegram.changed(room)
    return edited


def edit_message_text(telegram: Telegram, request: EditMessageText) -> Message:
    room, message = own(telegram, request)
    if message.text is None:
        raise bad_request("there is no text in the message to edit")
    if request.text is None:
        raise bad_request("message text is empty")
    text, entities = texts.message_text(request.text, request.parse_mode, request.entities)
    return change(
        telegram,
        room,
        message,
        text=text,
        entities=entities or None,
        reply_markup=keyboards.check(request.reply_markup, room),
        link_preview_options=_preview(request.link_preview_options),
    )


def edit_message_caption(telegram: Telegram, request: EditMessageCaption) -> Message:
    room, message = own(telegram, request)
    if not (message.photo or message.document):
        raise bad_request("there is no caption in the message to edit")
    text, entities = texts.caption(request.caption, request.parse_mode, request.caption_entities)
    return change(
        telegram,
        room,
        message,
        caption=text or None,
        caption_entities=entities or None,
        reply_markup=keyboards.check(request.reply_markup, room),
    )


def edit_message_reply_markup(telegram: Telegram, request: EditMessageReplyMarkup) -> Message:
    room, message = own(telegram, request)
    keyboard: InlineKeyboardMarkup | None = keyboards.check(request.reply_markup, room)
    return change(telegram, room, message, reply_markup=keyboard)


def delete_message(telegram: Telegram, request: DeleteMessage) -> bool:
    room = rooms.open_to_bot(telegram, request.chat_id)
    message = room.messages.get(request.message_id)
    if message is None:
        raise bad_request("message to delete not found")
    if refusal := _undeletable(telegram, room, message):
        raise refusal
    erase(telegram, room, message.message_id)
    return True


def delete_messages(telegram: Telegram, request: DeleteMessages) -> bool:
    room = rooms.open_to_bot(telegram, request.chat_id)
    if not 1 <= len(request.message_ids) <= 100:  # noqa: PLR2004 - Telegram's own figure
        raise bad_request("there must be from 1 to 100 message identifiers")
    for number in request.message_ids:
        message = room.messages.get(number)
        if message and not _undeletable(telegram, room, message):
            erase(telegram, room, number)
    return True


def _undeletable(telegram: Telegram, room: Room, message: Message) -> Refused | None:
    mine = message.from_user is not None and message.from_user.id == telegram.bot.id
    may = mine or room.private or room.bot_status == "administrator"
    if not may or telegram.clock.now() - message.date > DELETABLE:
        return bad_request("message can't be deleted for everyone")
    return None


def erase(telegram: Telegram, room: Room, number: int) -> None:
    del room.messages[number]
    room.reactions.pop(number, None)
    if number in room.pinned:
        room.pinned.remove(number)
    if room.force_reply == number:
        room.force_reply = None
    telegram.changed(room)


def pin_chat_message(telegram: Telegram, request: PinChatMessage) -> bool:
    room = _pinnable(telegram, request.chat_id)
    message = room.messages.get(request.message_id)
    if message is None:
        raise bad_request("message to pin not found")
    if message.message_id not in room.pinned:
        room.pinned.append(message.message_id)
        post(telegram, room, **{"from": telegram.bot}, pinned_message=quoted(message))
    return True


def unpin_chat_message(telegram: Telegram, request: UnpinChatMessage) -> bool:
    room = _pinnable(telegram, request.chat_id)
    number = request.message_id or (room.pinned[-1] if room.pinned else None)
    if number not in room.pinned:
        raise bad_request("message to unpin not found")
    room.pinned.remove(number)
    telegram.changed(room)
    return True


def unpin_all_chat_messages(telegram: Telegram, request: UnpinAllChatMessages) -> bool:
    room = _pinnable(telegram, request.chat_id)
    room.pinned.clear()
    telegram.changed(room)
    return True


def _pinnable(telegram: Telegram, chat_id: int | str) -> Room:
    room = rooms.open_to_bot(telegram, chat_id)
    if not room.private and room.bot_status != "administrator":
        raise bad_request("not enough rights to manage pinned messages in the chat")
    return room
