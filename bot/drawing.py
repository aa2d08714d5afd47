"""A card as Bot API calls."""

from typing import Any

from dialogs.cards import Card

Call = tuple[str, dict[str, Any]]


def keyboard(card: Card) -> dict[str, Any] | None:
    if not card.rows:
        return None
    rows = [[{"text": button.label, "callback_data": button.data} for button in row] for row in card.rows]
    return {"inline_keyboard": rows}


def _body(card: Card, chat: int) -> dict[str, Any]:
    body: dict[str, Any] = {
        "chat_id": chat,
        "text": card.text,
        "parse_mode": "HTML",
        "link_preview_options": {"is_disabled": True},
    }
    markup = keyboard(card)
    return body | ({"reply_markup": markup} if markup else {})


def sent(card: Card, chat: int) -> Call:
    return "sendMessage", _body(card, chat)


def edited(card: Card, chat: int, message: int) -> Call:
    return "editMessageText", _body(card, chat) | {"message_id": message}


def anew(edit: dict[str, Any]) -> Call:
    """The same card as a new message, where the one it should replace cannot be edited any more."""
    return "sendMessage", {name: value for name, value in edit.items() if name != "message_id"}


def noticed(callback: str, text: str, *, alert: bool) -> Call:
    body: dict[str, Any] = {"callback_query_id": callback}
    if text:
        body |= {"text": text[:200], "show_alert": alert}
    return "answerCallbackQuery", body
