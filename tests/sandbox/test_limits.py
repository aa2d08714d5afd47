"""429 from the sandbox's own counters."""

import asyncio
import time
from typing import Any

import pytest

from sandbox.limits import Limits
from sandbox.refusals import Refused
from tests.sandbox.conftest import Phone, Raw, owner_of_phone


class Machine:
    """Machine time that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def passed(limits: Limits, chat: int | None, times: int) -> int:
    """How many of so many calls get through at this moment."""
    count = 0
    for _ in range(times):
        try:
            limits.take(chat=chat)
            count += 1
        except Refused:
            pass
    return count


def test_30_calls_a_second_and_no_more() -> None:
    machine = Machine()
    limits = Limits(machine)

    assert sum(passed(limits, chat, 1) for chat in range(1, 50)) == 30
    machine.now += 1
    assert sum(passed(limits, chat, 1) for chat in range(1, 50)) == 30


def test_one_message_a_second_in_a_private_chat() -> None:
    machine = Machine()
    limits = Limits(machine)

    assert passed(limits, 7, 5) == 1
    machine.now += 1
    assert passed(limits, 7, 5) == 1


def test_20_messages_a_minute_in_a_group() -> None:
    machine = Machine()
    limits = Limits(machine)

    assert passed(limits, -7, 25) == 20
    machine.now += 30
    assert passed(limits, -7, 25) == 0
    machine.now += 30
    assert passed(limits, -7, 25) == 20


def test_coming_back_early_is_refused_and_in_time_is_not() -> None:
    machine = Machine()
    limits = Limits(machine)
    passed(limits, 7, 1)
    machine.now += 0.5
    with pytest.raises(Refused) as refused:
        limits.take(chat=7)
    assert refused.value.parameters == {"retry_after": 1}

    machine.now += 0.6

    assert passed(limits, 7, 1) == 0
    machine.now += 0.4
    assert passed(limits, 7, 1) == 1


def test_without_a_chat_only_the_whole_counts() -> None:
    assert passed(Limits(Machine()), None, 40) == 30


def test_a_scale_widens_and_narrows_everything() -> None:
    assert passed(Limits(Machine(), scale=3), 7, 5) == 3
    assert passed(Limits(Machine(), scale=3), None, 100) == 90
    narrow = Limits(machine := Machine(), scale=0.5)
    assert passed(narrow, 7, 1) == 1
    machine.now += 1
    assert passed(narrow, 7, 1) == 0
    machine.now += 2
    assert passed(narrow, 7, 1) == 1


def test_off_is_off() -> None:
    assert passed(Limits(Machine(), off=True), 7, 100) == 100


async def test_edits_and_ticks_count_to_the_whole_and_not_to_the_chat(raw: Raw, member: Phone) -> None:
    sent = await raw.result("sendMessage", chat_id=member.user, text="0")
    await member.sandbox.control("POST", "limits", {"scale": 1, "per_second": 6})

    edits = [
        (await raw("editMessageText", chat_id=member.user, message_id=sent["message_id"], text=str(n)))[0]
        for n in range(1, 8)
    ]

    assert edits == [200] * 5 + [429] * 2
    status, body = await raw("answerCallbackQuery", callback_query_id="1")
    assert (status, body["parameters"]) == (429, {"retry_after": 1})
    assert (await raw("getMe"))[0] == 200


async def test_a_message_that_was_refused_takes_nothing_from_the_chat(raw: Raw, member: Phone) -> None:
    await member.sandbox.control("POST", "limits", {"scale": 1})
    await raw.refusal("sendMessage", chat_id=member.user, text="")

    await raw.result("sendMessage", chat_id=member.user, text="Hello")

    status, body = await raw("sendMessage", chat_id=member.user, text="Again")
    assert (status, body["description"]) == (429, "Too Many Requests: retry after 1")


async def test_who_waits_as_told_gets_through(raw: Raw, member: Phone) -> None:
    await member.sandbox.control("POST", "limits", {"scale": 1})
    await raw("sendMessage", chat_id=member.user, text="1")
    _, refused = await raw("sendMessage", chat_id=member.user, text="2")
    began = time.monotonic()

    await asyncio.sleep(refused["parameters"]["retry_after"])
    status, _ = await raw("sendMessage", chat_id=member.user, text="2")

    assert status == 200
    assert time.monotonic() - began < 2


async def test_one_chat_does_not_hold_up_another(raw: Raw, member: Phone) -> None:
    other = await owner_of_phone(member.sandbox, "Council")
    await other.act("start")
    await member.sandbox.control("POST", "limits", {"scale": 1})

    answers: list[tuple[int, Any]] = [
        await raw("sendMessage", chat_id=phone.user, text="Hello") for phone in (member, member, other)
    ]

    assert [status for status, _ in answers] == [200, 429, 200]
