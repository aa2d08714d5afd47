"""A card as Bot API calls."""

from collections.abc import Sequence
from typing import Any

from telegram import InputFile

from dialogs.cards import Button, Card, Enclosed

Call = tuple[str, dict[str, Any]]


def keyboard(card: Card) -> dict[str, Any] | None:
    if not card.rows:
        return None
    return {"inline_keyboard": [[_key(button) for button in row] for row in card.rows]}


def _key(button: Button) -> dict[str, str]:
    return {"text": button.label} | ({"url": button.url} if button.url else {"callback_data": button.data})


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
    """A card as a new message; one with a file goes as that file's caption."""
    if card.enclosed is not None:
        return _enclosing(card, card.enclosed, chat)
    return "sendMessage", _body(card, chat)


def _enclosing(card: Card, enclosed: Enclosed, chat: int) -> Call:
    file = InputFile(enclosed.content, filename=enclosed.name)
    body: dict[str, Any] = {"chat_id": chat, "caption": card.text, "parse_mode": "HTML"}
    markup = keyboard(card)
    body |= {"reply_markup": markup} if markup else {}
    return (
        ("sendPhoto", body | {"photo": file})
        if enclosed.picture
        else ("sendDocument", body | {"document": file})
    )


def commands(told: Sequence[tuple[str, str]]) -> dict[str, Any]:
    return {"commands": [{"command": name.removeprefix("/"), "description": said} for name, said in told]}


def offered(told: Sequence[tuple[str, str]], chat: int) -> Call:
    """The commands this chat is offered from now on."""
    return "setMyCommands", commands(told) | {"scope": {"type": "chat", "chat_id": chat}}


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
