"""What may happen to a bot from outside: a token changed, a name changed, a group that shuts its door."""

import asyncio

import pytest

from sandbox import membership
from tests.sandbox.conftest import Phone, Raw
from tests.sandbox.test_rooms import group_of
from tests.sandbox_process import ControlRefused, Sandbox


async def test_a_changed_token_ends_the_old_one_and_the_bot_stays_who_it_is(
    sandbox: Sandbox, raw: Raw, member: Phone
) -> None:
    fresh = f"{sandbox.bot_id}:fresh"

    await sandbox.control("POST", "token", {"token": fresh})

    assert await raw.refusal("getMe") == "Unauthorized"
    raw.sandbox = Sandbox(sandbox.url, fresh, sandbox.process)
    status, _ = await raw("sendMessage", chat_id=member.user, text="Still here")
    assert status == 200
    assert (await member.last())["text"] == "Still here"


@pytest.mark.parametrize("token", ["999999:else", "{bot}:a-secret-of-its-own"])
async def test_another_bots_token_is_no_new_token_of_this_one(sandbox: Sandbox, token: str) -> None:
    with pytest.raises(ControlRefused, match="a new token"):
        await sandbox.control("POST", "token", {"token": token.format(bot=sandbox.bot_id)})


async def test_a_renamed_bot_says_its_new_name_and_so_do_its_messages(
    sandbox: Sandbox, raw: Raw, member: Phone
) -> None:
    await sandbox.control("POST", "bot", {"username": "circle_bot"})

    _, me = await raw("getMe")
    _, sent = await raw("sendMessage", chat_id=member.user, text="Hello")

    assert me["result"]["username"] == sent["result"]["from"]["username"] == "circle_bot"


async def test_a_renamed_person_keeps_their_number(raw: Raw, member: Phone) -> None:
    await member.act("rename", first_name="Amina", username="amina_b")
    await member.act("send", text="Hello")

    _, body = await raw("getUpdates")

    [update] = body["result"]
    told = update["message"]["from"]
    assert (told["id"], told["first_name"], told["username"]) == (member.user, "Amina", "amina_b")


async def test_a_deleted_group_says_so_only_to_who_writes(sandbox: Sandbox, raw: Raw, member: Phone) -> None:
    group = await group_of(member)
    await sandbox.control("POST", f"groups/{group}/delete")

    said = await raw.refusal("sendMessage", chat_id=group, text="Hello")

    assert said == "Forbidden: the group chat was deleted"


@pytest.mark.parametrize("said", membership.NO_RIGHT)
async def test_a_bot_without_the_right_to_write_is_refused_until_it_has_it_again(
    sandbox: Sandbox, raw: Raw, member: Phone, said: str
) -> None:
    group = await group_of(member)
    await sandbox.control("POST", f"groups/{group}/mute", {"said": said})

    refused = await raw.refusal("sendMessage", chat_id=group, text="Hello")
    await sandbox.control("POST", f"groups/{group}/bot", {"status": "administrator"})
    by_rank, _ = await raw("sendMessage", chat_id=group, text="Hello")
    await sandbox.control("POST", f"groups/{group}/bot", {"status": "member"})
    await sandbox.control("POST", f"groups/{group}/mute", {"said": ""})
    by_rule, _ = await raw("sendMessage", chat_id=group, text="Hello")

    assert refused == f"Bad Request: {said}"
    assert (by_rank, by_rule) == (200, 200)


async def test_telegram_says_only_what_it_says(sandbox: Sandbox, member: Phone) -> None:
    group = await group_of(member)

    with pytest.raises(ControlRefused, match="none of this"):
        await sandbox.control("POST", f"groups/{group}/mute", {"said": "go away"})


async def test_a_webhook_ends_whoever_is_polling(raw: Raw) -> None:
    polling = asyncio.create_task(raw.refusal("getUpdates", timeout=20))
    await asyncio.sleep(0.3)

    await raw("setWebhook", url="http://127.0.0.1:9/elsewhere")

    assert await polling == "Conflict: terminated by setWebhook request"
    assert (await raw.refusal("getUpdates")).startswith("Conflict: can't use getUpdates method while webhook")
    await raw("deleteWebhook")
