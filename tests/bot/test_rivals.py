"""Another who takes this bot's messages: seen, told to the operator, taken back once, never fought over."""

import asyncio
from contextlib import suppress

import pytest
from sqlmodel import select

from bot import house, identity, listening, rivals
from bot.clock import Clock
from bot.rivals import Rivals
from storage.database import Database
from storage.memos import NAME
from storage.queues import Outgoing
from tests import crowd
from tests.bot import wire
from tests.bot.conftest import Stage
from tests.bot.household import asked
from tests.bot.river import OPERATOR, River
from tests.cast import Cast
from tests.processes import free_port, until
from tests.sandbox_process import Sandbox

ELSEWHERE = "http://127.0.0.1:9/elsewhere"
REVOKE = "If it was not you, revoke the token at @BotFather with /revoke."


@pytest.fixture
async def river(
    database: Database, cast: Cast, stage: Stage, world: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> River:
    await asyncio.to_thread(crowd.phones, world, [cast.members[0], cast.facilitator, OPERATOR])
    await world.control("POST", "limits", {"off": True})
    monkeypatch.setattr(identity, "LOOK", 0.3)
    monkeypatch.setattr(house, "METRONOME", 0.2)
    monkeypatch.setattr(rivals, "ASIDE", 0.5)
    monkeypatch.setattr(listening, "FIRST_PAUSE", 0.05)
    return River(database, cast, stage, world)


async def address(river: River) -> str:
    return str((await asked(river.world, "getWebhookInfo"))["result"]["url"])


async def test_somebody_elses_webhook_is_taken_off_once_an_hour_and_the_operator_is_told(
    river: River,
) -> None:
    member = river.member(0)
    async with river.living(operator_chat=OPERATOR):
        await river.remembers(NAME)
        await asked(river.world, "setWebhook", url=ELSEWHERE)
        await member.act("send", text="/start")
        await member.reads("Riverside")
        told = await river.operator.reads("Somebody told Telegram")

        # Done again within the hour it is left alone: whoever it is has the same token, and might be ours.
        await asked(river.world, "setWebhook", url=ELSEWHERE)
        again = await river.operator.reads("it was done again")

        assert await address(river) == ELSEWHERE
        await asked(river.world, "deleteWebhook")  # the operator stops the other
        await member.act("send", text="/help")
        await member.reads("/mydata")

    assert told == (
        "Somebody told Telegram to bring the messages of this bot to 127.0.0.1.\n"
        "I took them back. If it was not you, revoke the token at @BotFather with /revoke."
    )
    assert REVOKE in again


async def test_another_poller_is_given_way_told_and_never_fought_at_full_speed(river: River) -> None:
    member, polls = river.member(0), 0

    async def rival() -> None:
        nonlocal polls
        while True:
            polls += 1
            await asked(river.world, "getUpdates", timeout=2)

    async with river.living(operator_chat=OPERATOR):
        await river.remembers(NAME)
        other = asyncio.create_task(rival())
        told = await river.operator.reads("Another program takes messages")
        fought = await conflicts(river)
        other.cancel()
        with suppress(asyncio.CancelledError):
            await other
        await member.act("send", text="/start")
        await member.reads("Riverside")

    assert told == (
        "Another program takes messages with the token of this bot. If it is yours, stop it. "
        "If it was not you, revoke the token at @BotFather with /revoke."
    )
    assert fought <= 2 * polls + 4
    assert sum("Another program" in text for text in await river.operator.texts()) == 1


async def conflicts(river: River) -> int:
    found = await river.world.control("GET", "journal?since=0")
    return sum(
        entry.get("method") == "getUpdates" and entry.get("error_code") == 409 for entry in found["entries"]
    )


async def test_two_of_ours_are_named(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter(range(0, 1000, 60))
    north, south = (
        Rivals(database, wire.bot(), Clock(), operator_chat=OPERATOR, machine=lambda: next(seconds))
        for _ in range(2)
    )
    terminated = "Conflict: terminated by other getUpdates request"

    for name, met in (("north", north), ("south", south), ("north", north)):
        monkeypatch.setattr(rivals, "here", lambda name=name: name)
        assert await met.met(terminated) == rivals.ASIDE

    async with database.reading() as session:
        [letter] = (await session.exec(select(Outgoing))).all()
    assert "Parley runs twice with one token, on <b>north</b> and on <b>south</b>." in letter.payload["text"]
    assert letter.chat == OPERATOR


async def test_our_own_webhook_is_set_again_once_an_hour_when_somebody_replaced_it(river: River) -> None:
    member, port = river.member(0), free_port()
    ours = f"http://127.0.0.1:{port}"
    async with river.living(operator_chat=OPERATOR, public_url=ours, port=port):
        await until(lambda: has(river, f"{ours}/telegram"))
        await asked(river.world, "setWebhook", url=ELSEWHERE)
        told = await river.operator.reads("I took them back.")
        await until(lambda: has(river, f"{ours}/telegram"))
        await member.act("send", text="/start")
        await member.reads("Riverside")
        await asked(river.world, "deleteWebhook")
        again = await river.operator.reads("it was done again")

        assert await address(river) == ""

    assert "to 127.0.0.1." in told
    assert REVOKE in again


async def has(river: River, url: str) -> bool:
    return await address(river) == url


async def test_what_telegram_complains_of_is_told_with_what_to_check_and_health_says_so(
    river: River,
) -> None:
    member, port = river.member(0), free_port()
    hook = f"http://127.0.0.1:{port}/telegram"
    async with river.living(operator_chat=OPERATOR, public_url=hook.removesuffix("/telegram"), port=port):
        await until(lambda: has(river, hook))
        await asked(river.world, "setWebhook", url=hook, secret_token="somebody-elses")
        await member.act("send", text="/start")
        told = await river.operator.reads("Telegram cannot bring messages to Parley.")

    async with river.living(operator_chat=OPERATOR, public_url=hook.removesuffix("/telegram"), port=port):
        await member.reads("Riverside")

    assert told == (
        "Telegram cannot bring messages to Parley. It says: Wrong response from the webhook: 403 Forbidden\n"
        "1 message waits there.\n"
        "Please check that the address in PARLEY_PUBLIC_URL leads here, and that its certificate is good. "
        "Messages then come by themselves."
    )
