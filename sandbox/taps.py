"""Callback queries: short-lived, and ticked once."""

from aiogram.methods import AnswerCallbackQuery

from sandbox.refusals import bad_request
from sandbox.world import Telegram

ANSWER_LIMIT = 200


def answer_callback_query(telegram: Telegram, request: AnswerCallbackQuery) -> bool:
    if request.text and len(request.text) > ANSWER_LIMIT:
        raise bad_request("MESSAGE_TOO_LONG")
    tap = telegram.taps.pop(request.callback_query_id, None)
    if tap is None or telegram.machine() - tap.at > telegram.callback_ttl:
        raise bad_request("query is too old and response timeout expired or query ID is invalid")
    notice = {
        "callback": tap.id,
        "text": request.text or "",
        "alert": bool(request.show_alert),
        "at": telegram.clock.now().isoformat(),
        "answered": True,
    }
    telegram.people[tap.user].notices.append(notice)
    if request.text:
        event = {"type": "notice", "user": tap.user, "text": request.text, "alert": notice["alert"]}
        telegram.tell(event)
    telegram.tell({"type": "answered", "user": tap.user, "callback": tap.id})
    return True


def waiting(telegram: Telegram) -> int:
    """Taps that were not ticked and still could be."""
    now = telegram.machine()
    return sum(now - tap.at <= telegram.callback_ttl for tap in telegram.taps.values())
