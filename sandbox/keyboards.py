"""Buttons under a message, checked as strictly as Telegram does or more."""

from urllib.parse import urlsplit

from aiogram.types import (
    ForceReply,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    ReplyKeyboardMarkup,
)
from aiogram.types.base import TelegramObject

from sandbox.refusals import Refused, bad_request
from sandbox.world import Room

ACTIONS = (
    "url",
    "callback_data",
    "web_app",
    "login_url",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat",
    "copy_text",
    "callback_game",
    "pay",
)
MOST_BUTTONS = 100
DATA_LIMIT = 64


def check(markup: TelegramObject | None, room: Room) -> InlineKeyboardMarkup | None:
    """The inline keyboard, if it is one; any other kind is only checked."""
    if isinstance(markup, InlineKeyboardMarkup):
        return _inline(markup, room)
    if isinstance(markup, ReplyKeyboardMarkup):
        if not any(markup.keyboard) or any(not b.text.strip() for row in markup.keyboard for b in row):
            raise bad_request("keyboard button text is empty")
    elif isinstance(markup, ForceReply):
        placeholder = markup.input_field_placeholder
        if placeholder is not None and not 1 <= len(placeholder) <= DATA_LIMIT:
            raise bad_request("input field placeholder must be 1-64 characters long")
    return None


def _inline(markup: InlineKeyboardMarkup, room: Room) -> InlineKeyboardMarkup | None:
    rows = [row for row in markup.inline_keyboard if row]
    if sum(len(row) for row in rows) > MOST_BUTTONS:
        raise bad_request("reply markup is too long")
    for row in rows:
        for button in row:
            _button(button, room)
    return InlineKeyboardMarkup(inline_keyboard=rows) if rows else None


def _button(button: InlineKeyboardButton, room: Room) -> None:
    if not button.text.strip():
        raise _unreadable('Field "text" must be of type String and not empty')
    actions = [name for name in ACTIONS if getattr(button, name) is not None]
    if not actions:
        raise _unreadable("Text buttons are unallowed in the inline keyboard")
    if len(actions) > 1:
        raise _unreadable(f"exactly one action is expected, found {' and '.join(actions)}")
    if button.callback_data is not None and not 1 <= len(button.callback_data.encode()) <= DATA_LIMIT:
        raise bad_request("BUTTON_DATA_INVALID")
    if button.url is not None:
        _address(button.url)
    if button.web_app is not None:
        _web_app(button.web_app.url, room)


def _web_app(url: str, room: Room) -> None:
    if not room.private:
        raise bad_request("BUTTON_TYPE_INVALID")
    if urlsplit(url).scheme != "https":
        raise _address_refused(url, "Only HTTPS links are allowed")


def _address(url: str) -> None:
    parts = urlsplit(url if "://" in url else f"http://{url}")
    if parts.scheme not in ("http", "https", "tg", "ton"):
        raise _address_refused(url, "Unsupported URL protocol")
    if parts.scheme in ("http", "https") and "." not in (parts.hostname or ""):
        raise _address_refused(url, "Wrong HTTP URL")


def _unreadable(reason: str) -> Refused:
    return bad_request(f"can't parse inline keyboard button: {reason}")


def _address_refused(url: str, reason: str) -> Refused:
    return bad_request(f"inline keyboard button URL '{url}' is invalid: {reason}")
