"""How the bot gets its updates: by asking."""

import asyncio
from typing import Any

import pytest

from tests.sandbox.conftest import Phone, Raw
from tests.sandbox_process import ControlRefused


def texts(updates: list[dict[str, Any]]) -> list[str]:
    return [update["message"]["text"] for update in updates]


async def test_update_ids_ascend_and_an_offset_confirms(raw: Raw, member: Phone) -> None:
    for text in ("a", "b", "c"):
        await member.act("send", text=text)
    first = await raw.result("getUpdates")

    rest = await raw.result("getUpdates", offset=first[1]["update_id"] + 1)

    assert texts(first) == ["a", "b", "c"]
    assert [update["update_id"] - first[0]["update_id"] for update in first] == [0, 1, 2]
    assert texts(rest) == ["c"]
    assert texts(await raw.result("getUpdates")) == ["c"]


async def test_what_is_not_confirmed_comes_again(raw: Raw, member: Phone) -> None:
    await member.act("send", text="a")

    assert await raw.result("getUpdates") == await raw.result("getUpdates")


async def test_a_negative_offset_forgets_all_but_the_last(raw: Raw, member: Phone) -> None:
    for text in ("a", "b", "c"):
        await member.act("send", text=text)

    assert texts(await raw.result("getUpdates", offset=-2)) == ["b", "c"]
    assert texts(await raw.result("getUpdates")) == ["b", "c"]


async def test_a_limit_takes_the_oldest(raw: Raw, member: Phone) -> None:
    for text in ("a", "b", "c"):
        await member.act("send", text=text)

    assert texts(await raw.result("getUpdates", limit=2)) == ["a", "b"]


@pytest.mark.parametrize("limit", [0, 101])
async def test_a_limit_is_from_1_to_100(raw: Raw, limit: int) -> None:
    assert (await raw("getUpdates", limit=limit))[0] == 400


async def test_allowed_updates_are_remembered(raw: Raw, member: Phone) -> None:
    await raw.result("getUpdates", allowed_updates=["message"])
    sent = await member.act("send", text="a")
    await member.act("edit", message_id=sent["message_id"], text="b")

    assert [list(update)[1] for update in await raw.result("getUpdates")] == ["message"]
    assert (await raw.result("getWebhookInfo"))["allowed_updates"] == ["message"]


async def test_reactions_come_only_when_asked_for(raw: Raw, member: Phone) -> None:
    sent = await member.act("send", text="a")
    await member.act("react", message_id=sent["message_id"], emoji="👍")
    assert len(await raw.result("getUpdates", allowed_updates=["message", "message_reaction"])) == 1

    await member.act("react", message_id=sent["message_id"], emoji="🎉")

    reaction = (await raw.result("getUpdates"))[-1]["message_reaction"]
    assert (reaction["old_reaction"][0]["emoji"], reaction["new_reaction"][0]["emoji"]) == ("👍", "🎉")
    await raw.result("getUpdates", allowed_updates=[])
    await member.act("react", message_id=sent["message_id"], emoji=None)
    assert len(await raw.result("getUpdates")) == 2


async def test_polling_under_a_webhook_is_a_conflict(raw: Raw) -> None:
    await raw.result("setWebhook", url="http://127.0.0.1:9/hook")

    status, body = await raw("getUpdates")

    assert status == 409
    assert body["description"].startswith("Conflict: can't use getUpdates method while webhook is active")
    await raw.result("deleteWebhook")
    assert await raw.result("getUpdates") == []


async def test_a_webhook_ends_a_long_poll(raw: Raw) -> None:
    waiting = asyncio.create_task(raw("getUpdates", timeout=30))
    await asyncio.sleep(0.2)

    await raw.result("setWebhook", url="http://127.0.0.1:9/hook")

    async with asyncio.timeout(2):
        assert (await waiting)[0] == 409


async def test_a_long_poll_ends_empty_after_its_time(raw: Raw) -> None:
    async with asyncio.timeout(3):
        assert await raw.result("getUpdates", timeout=1) == []


async def test_a_raw_update_comes_as_it_was_put_in(raw: Raw, member: Phone) -> None:
    odd = {"update_id": 900_000_000, "surprise": {"chat": {"id": 2**63}, "text": "\x00"}}

    put = await member.sandbox.control("POST", "updates", {"update": odd})
    await member.act("send", text="after")

    assert put == {"update_id": 900_000_000}
    updates = await raw.result("getUpdates")
    assert updates[0] == odd
    assert updates[1]["update_id"] == 900_000_001


async def test_duplicated_updates_come_once_more_after_they_are_confirmed(raw: Raw, member: Phone) -> None:
    await member.sandbox.control("POST", "faults", {"rules": [{"updates": "duplicate", "share": 1.0}]})
    await member.act("send", text="a")
    [first] = await raw.result("getUpdates")

    [second] = await raw.result("getUpdates", offset=first["update_id"] + 1)

    assert second == first
    assert await raw.result("getUpdates", offset=first["update_id"] + 1) == []


async def test_shuffled_updates_lose_their_order_and_nothing_else(raw: Raw, member: Phone) -> None:
    rule = {"rules": [{"updates": "shuffle", "share": 0.5}], "seed": 3}
    await member.sandbox.control("POST", "faults", rule)
    for number in range(20):
        await member.act("send", text=str(number))

    numbers = [int(text) for text in texts(await raw.result("getUpdates"))]

    assert sorted(numbers) == list(range(20))
    assert numbers != list(range(20))


async def test_pending_counts_what_is_not_confirmed(raw: Raw, member: Phone) -> None:
    await member.act("send", text="a")

    assert await member.sandbox.control("GET", "pending") == {"updates": 1, "callbacks": 0}
    [update] = await raw.result("getUpdates")
    assert (await member.sandbox.control("GET", "pending"))["updates"] == 1
    await raw.result("getUpdates", offset=update["update_id"] + 1)
    assert (await member.sandbox.control("GET", "pending"))["updates"] == 0


async def test_privacy_mode_keeps_group_talk_from_the_bot(raw: Raw, member: Phone) -> None:
    sandbox = member.sandbox
    group = (await sandbox.control("POST", "groups", {"title": "Circle", "members": [member.user]}))["id"]
    me = await raw.result("getMe")
    mine = await raw.result("sendMessage", chat_id=group, text="Question")
    made = await raw.result("getUpdates")
    assert made[0]["my_chat_member"]["new_chat_member"]["status"] == "member"
    assert made[1]["message"]["group_chat_created"]
    await raw.result("getUpdates", offset=made[-1]["update_id"] + 1)

    await member.act("send", chat_id=group, text="among us")
    await member.act("send", chat_id=group, text="/digest@another_bot")
    await member.act("send", chat_id=group, text="/digest")
    await member.act("send", chat_id=group, text=f"/digest@{me['username']}")
    await member.act("send", chat_id=group, text="an answer", reply_to=mine["message_id"])

    heard = texts(await raw.result("getUpdates"))
    assert heard == ["/digest", f"/digest@{me['username']}", "an answer"]


async def test_comings_and_goings_arrive_as_service_messages(
    raw: Raw, member: Phone, stranger: Phone
) -> None:
    sandbox = member.sandbox
    asked = {"title": "Circle", "members": [member.user], "bot": False}
    group = (await sandbox.control("POST", "groups", asked))["id"]
    await sandbox.control("POST", f"groups/{group}/bot", {"status": "member"})
    await sandbox.control("POST", f"groups/{group}/add", {"user_id": stranger.user})
    await sandbox.control("POST", f"groups/{group}/remove", {"user_id": stranger.user})
    await sandbox.control("POST", f"groups/{group}/bot", {"status": "kicked"})

    entered, hello, came, went, kicked = await raw.result("getUpdates")

    assert entered["my_chat_member"]["new_chat_member"]["status"] == "member"
    assert hello["message"]["new_chat_members"][0]["id"] == sandbox.bot_id
    assert came["message"]["new_chat_members"][0]["id"] == stranger.user
    assert went["message"]["left_chat_member"]["id"] == stranger.user
    assert kicked["my_chat_member"]["new_chat_member"]["status"] == "kicked"


async def test_a_tap_on_a_button_that_is_not_there_is_a_mistake(raw: Raw, member: Phone) -> None:
    keyboard = {"inline_keyboard": [[{"text": "a", "callback_data": "a"}]]}
    sent = await raw.result("sendMessage", chat_id=member.user, text="Hello", reply_markup=keyboard)

    with pytest.raises(ControlRefused, match="has no button"):
        await member.act("tap", message_id=sent["message_id"], data="b")


async def test_an_update_kind_nobody_knows_is_refused(raw: Raw) -> None:
    told = await raw.refusal("getUpdates", allowed_updates=["mesage"])

    assert told == "Bad Request: there is no update of type mesage"
