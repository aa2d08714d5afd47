"""Which of the Bot API's methods this sandbox models, and what each counts to."""

from collections.abc import Awaitable, Callable
from typing import Any

from sandbox import chats, files, messages, polls, profile, taps, topics, webhooks
from sandbox.plain import Result
from sandbox.world import Telegram

# Any, because each function takes the one method class it is listed under.
Handler = Callable[[Telegram, Any], Result | Awaitable[Result]]

HANDLERS: dict[str, Handler] = {
    "answerCallbackQuery": taps.answer_callback_query,
    "closeForumTopic": topics.close_forum_topic,
    "createForumTopic": topics.create_forum_topic,
    "deleteMessage": messages.delete_message,
    "deleteMessages": messages.delete_messages,
    "deleteMyCommands": profile.delete_my_commands,
    "deleteWebhook": webhooks.delete_webhook,
    "editForumTopic": topics.edit_forum_topic,
    "editMessageCaption": messages.edit_message_caption,
    "editMessageMedia": files.edit_message_media,
    "editMessageReplyMarkup": messages.edit_message_reply_markup,
    "editMessageText": messages.edit_message_text,
    "getChat": chats.get_chat,
    "getChatAdministrators": chats.get_chat_administrators,
    "getChatMember": chats.get_chat_member,
    "getChatMemberCount": chats.get_chat_member_count,
    "getChatMenuButton": profile.get_chat_menu_button,
    "getFile": files.get_file,
    "getMe": profile.get_me,
    "getMyCommands": profile.get_my_commands,
    "getMyDescription": profile.get_my_description,
    "getMyName": profile.get_my_name,
    "getMyShortDescription": profile.get_my_short_description,
    "getWebhookInfo": webhooks.get_webhook_info,
    "leaveChat": chats.leave_chat,
    "pinChatMessage": messages.pin_chat_message,
    "reopenForumTopic": topics.reopen_forum_topic,
    "sendChatAction": chats.send_chat_action,
    "sendDocument": files.send_document,
    "sendMessage": messages.send_message,
    "sendPhoto": files.send_photo,
    "sendPoll": polls.send_poll,
    "setChatMenuButton": profile.set_chat_menu_button,
    "setMessageReaction": chats.set_message_reaction,
    "setMyCommands": profile.set_my_commands,
    "setMyDescription": profile.set_my_description,
    "setMyName": profile.set_my_name,
    "setMyShortDescription": profile.set_my_short_description,
    "setWebhook": webhooks.set_webhook,
    "stopPoll": polls.stop_poll,
    "unpinAllChatMessages": messages.unpin_all_chat_messages,
    "unpinChatMessage": messages.unpin_chat_message,
}
# These count to the chat and to the whole; the second kind to the whole alone.
SENDS = frozenset({"sendMessage", "sendPhoto", "sendDocument", "sendPoll"})
WHOLE = frozenset(
    {
        "answerCallbackQuery",
        "editMessageText",
        "editMessageCaption",
        "editMessageMedia",
        "editMessageReplyMarkup",
        "stopPoll",
    }
)


def counts(method: str) -> bool:
    return method in SENDS or method in WHOLE
