"""What a demo comes to, counted from what phones saw and what is stored."""

from datetime import datetime
from typing import Any

from bot.demo import tally


def letter(
    chat: int, *buttons: tuple[str, str], text: str = "", method: str = "sendMessage"
) -> dict[str, Any]:
    rows = [[{"text": label, "data": data}] for label, data in buttons]
    call = {"kind": "call", "method": method, "ok": True, "chat_id": chat, "text": text, "buttons": rows}
    return call | {"at": "2026-11-03T10:00:00+00:00"}


def did(user: int, action: str, at: str = "2026-11-03T09:00:00+00:00", **more: str) -> dict[str, Any]:
    return {"kind": "user", "action": action, "user_id": user, "at": at} | more


INVITATION = letter(1, ("Start", "start:7"), ("Not this week", "not:7"))
REMINDER = letter(1, ("Answer", "start:7"), ("Not this week", "not:7"))
DIGEST = letter(1, ("That's how I see it", "same:3"), ("Not quite", "other:3"))


def test_letters_are_told_apart_by_their_buttons() -> None:
    home = letter(1, ("Go on", "start:7"))
    brief = letter(1, ("See what everyone gets", "read:3"))

    seen = tally.phones([INVITATION, REMINDER, DIGEST, home, brief, letter(-5, text="Riverside")])

    assert (seen.invitations, seen.reminders) == ({7: 1}, {(7, ""): 1})
    assert seen.digests == {(1, "3"): 1, (-5, "Riverside"): 1}
    assert seen.duplicates == 0


def test_what_came_twice_is_counted_and_what_was_refused_is_not() -> None:
    seen = tally.phones([INVITATION, INVITATION, REMINDER | {"ok": False}, DIGEST, DIGEST])

    assert seen.duplicates == 2
    assert not seen.reminders


def test_the_two_reminders_of_a_round_are_no_duplicates() -> None:
    last = REMINDER | {"text": "This is the last reminder."}

    assert tally.phones([REMINDER, last]).duplicates == 0
    assert tally.phones([REMINDER, last, last]).duplicates == 1


def test_a_digest_asked_for_again_is_no_duplicate() -> None:
    seen = tally.phones([did(1, "tap", data="read:3"), DIGEST, DIGEST])

    assert seen.duplicates == 0


def test_a_phone_that_blocked_the_bot_had_done_so_until_it_came_back() -> None:
    seen = tally.phones([did(1, "block"), did(1, "unblock", at="2026-11-20T09:00:00+00:00")])
    times = [did(0, "", at=f"2026-11-{day}T09:00:00+00:00")["at"] for day in ("02", "10", "24")]

    had = [seen.had_blocked(1, datetime.fromisoformat(at)) for at in times]

    assert had == [False, True, False]


def test_updates_are_counted_once_however_often_they_were_delivered() -> None:
    seen = tally.phones([{"kind": "update", "update_id": 5}, {"kind": "update", "update_id": 5}])

    assert seen.updates == {5}
