"""A reply carries the number of the message it replies to."""

from typing import Any

import pytest

from bot import translation
from dialogs.events import Said
from tests.cast import OPENS


def said(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any field of a message
    who = {"id": 7, "is_bot": False, "first_name": "Ada"}
    message = {"message_id": 3, "date": 1, "chat": {"id": 7, "type": "private"}, "from": who, "text": "Hi."}
    return {"update_id": 1, "message": message | changes}


def card(number: int) -> dict[str, Any]:
    return {"message_id": number, "date": 1, "chat": {"id": 7, "type": "private"}}


def event(raw: dict[str, Any]) -> object:
    return translation.event(raw, received_at=OPENS, awaited=None)


@pytest.mark.parametrize(("changes", "expected"), [({}, None), ({"reply_to_message": card(2)}, 2)])
def test_a_reply_names_the_message_it_replies_to(changes: dict[str, Any], expected: int | None) -> None:
    found = event(said(**changes))

    assert isinstance(found, Said)
    assert found.reply_to == expected


def test_a_reply_to_a_number_beyond_any_of_telegram_s_is_passed_over() -> None:
    assert event(said(reply_to_message=card(2**63))) is None
