"""Trouble on order."""

import asyncio
from typing import Any

import aiohttp
import pytest

from tests.sandbox.conftest import Phone, Raw
from tests.sandbox_process import ControlRefused


async def script(phone: Phone, *rules: dict[str, Any], seed: int = 1) -> None:
    await phone.sandbox.control("POST", "faults", {"rules": list(rules), "seed": seed})


async def test_429_on_order_names_its_wait(raw: Raw, member: Phone) -> None:
    await script(member, {"method": "sendMessage", "times": 1, "do": "429", "retry_after": 7})

    status, body = await raw("sendMessage", chat_id=member.user, text="Hello")

    assert (status, body["parameters"]) == (429, {"retry_after": 7})
    assert (await raw("sendMessage", chat_id=member.user, text="Hello"))[0] == 200


@pytest.mark.parametrize(
    ("deed", "status", "arrives"), [("500_before", 500, False), ("502_after", 502, True)]
)
async def test_a_server_error_comes_before_or_after_the_deed(
    raw: Raw, member: Phone, deed: str, status: int, *, arrives: bool
) -> None:
    await script(member, {"method": "sendMessage", "times": 1, "do": deed})

    answered, _ = await raw("sendMessage", chat_id=member.user, text="Hello")

    assert answered == status
    assert ((await member.last())["text"] == "Hello") is arrives


@pytest.mark.parametrize(("deed", "arrives"), [("reset", False), ("reset_after", True)])
async def test_a_reset_comes_before_or_after_the_deed(
    raw: Raw, member: Phone, deed: str, *, arrives: bool
) -> None:
    await script(member, {"method": "*", "times": 1, "do": deed})

    with pytest.raises(aiohttp.ClientError):
        await raw("sendMessage", chat_id=member.user, text="Hello")

    assert ((await member.last())["text"] == "Hello") is arrives


@pytest.mark.parametrize(("deed", "arrives"), [("hang", False), ("hang_after", True)])
async def test_a_hang_comes_before_or_after_the_deed(
    raw: Raw, member: Phone, deed: str, *, arrives: bool
) -> None:
    await script(member, {"method": "*", "times": 1, "do": deed, "seconds": 0.6})

    waiting = asyncio.create_task(raw("sendMessage", chat_id=member.user, text="Hello"))
    await asyncio.sleep(0.3)

    assert not waiting.done()
    assert ((await member.last())["text"] == "Hello") is arrives
    assert (await waiting)[0] == 200
    assert (await member.last())["text"] == "Hello"


async def test_a_share_is_drawn_from_the_seed(raw: Raw, member: Phone) -> None:
    runs = []
    for seed in (5, 5, 6):
        await script(member, {"method": "getMe", "share": 0.3, "do": "500_before"}, seed=seed)
        runs.append([(await raw("getMe"))[0] for _ in range(40)])

    assert runs[0] == runs[1] != runs[2]
    assert 4 <= runs[0].count(500) <= 20


async def test_a_call_that_was_executed_and_not_answered_is_in_the_journal(raw: Raw, member: Phone) -> None:
    await script(member, {"method": "sendMessage", "times": 1, "do": "502_after"})
    await raw("sendMessage", chat_id=member.user, text="Hello")

    entries = (await member.sandbox.control("GET", "journal?kind=call"))["entries"]

    assert (entries[-1]["ok"], entries[-1]["fault"], entries[-1]["text"]) == (True, "502_after", "Hello")


@pytest.mark.parametrize(
    "rule", [{"method": "*", "do": "explode"}, {"do": "429"}, {"updates": "lose"}, {"x": 1}]
)
async def test_a_rule_nobody_knows_is_a_mistake(member: Phone, rule: dict[str, Any]) -> None:
    with pytest.raises(ControlRefused, match="no such rule"):
        await script(member, rule)
