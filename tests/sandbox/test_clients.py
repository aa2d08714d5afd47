"""The contract: python-telegram-bot and aiogram both find Telegram here."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from tests.sandbox.clients import Aiogram, PythonTelegramBot, Said
from tests.sandbox.conftest import Phone
from tests.sandbox_process import Sandbox

Client = PythonTelegramBot | Aiogram
Keyboard = Callable[..., dict[str, Any]]


async def confirm(client: Client, updates: list[dict[str, Any]]) -> None:
    await client.call("get_updates", offset=updates[-1]["update_id"] + 1)


async def test_the_bot_learns_its_own_name(client: Client, sandbox: Sandbox) -> None:
    me = await client.call("get_me")

    assert me["id"] == sandbox.bot_id
    assert me["is_bot"]
    assert me["username"].endswith("bot")


async def test_a_start_link_arrives_with_its_payload(client: Client, stranger: Phone) -> None:
    await stranger.act("start", payload="join-abc_1")

    [update] = await client.call("get_updates")
    assert update["message"]["text"] == "/start join-abc_1"
    assert update["message"]["entities"] == [{"type": "bot_command", "offset": 0, "length": 6}]
    assert update["message"]["chat"]["id"] == stranger.user


async def test_html_is_shown_as_text_with_entities(client: Client, member: Phone) -> None:
    sent = await client.call(
        "send_message",
        chat_id=member.user,
        text="<b>Round 3</b> 😀 &lt;now&gt; <i>opens</i>",
        parse_mode="HTML",
    )

    assert sent["text"] == "Round 3 😀 <now> opens"
    assert sent["entities"] == [
        {"type": "bold", "offset": 0, "length": 7},
        {"type": "italic", "offset": 17, "length": 5},
    ]
    assert (await member.last())["html"] == "<b>Round 3</b> 😀 &lt;now&gt; <i>opens</i>"


async def test_a_tap_arrives_and_is_ticked_once(client: Client, member: Phone, keyboard: Keyboard) -> None:
    sent = await client.call(
        "send_message", chat_id=member.user, text="Safe?", reply_markup=keyboard("yes", "no")
    )
    await member.act("tap", message_id=sent["message_id"], data="no")
    [update] = await client.call("get_updates")
    query = update["callback_query"]

    ticked = await client.call("answer_callback_query", callback_query_id=query["id"], text="Noted")

    assert ticked is True
    assert query["data"] == "no"
    assert query["from"]["id"] == member.user
    [notice] = await member.sandbox.control("GET", f"notices?user={member.user}")
    assert (notice["text"], notice["callback"], notice["answered"]) == ("Noted", query["id"], True)
    with pytest.raises(Said, match=r"(?i)query is too old"):
        await client.call("answer_callback_query", callback_query_id=query["id"])


async def test_an_edit_changes_the_message_in_place(
    client: Client, member: Phone, keyboard: Keyboard
) -> None:
    sent = await client.call(
        "send_message", chat_id=member.user, text="1 of 3", reply_markup=keyboard("next")
    )

    await client.call(
        "edit_message_text",
        chat_id=member.user,
        message_id=sent["message_id"],
        text="2 of 3",
        reply_markup=keyboard("back", "next"),
    )

    shown = await member.last()
    assert (shown["text"], shown["edited"]) == ("2 of 3", True)
    assert [button["text"] for button in shown["buttons"][0]] == ["back", "next"]


async def test_an_edit_that_changes_nothing_is_refused(
    client: Client, member: Phone, keyboard: Keyboard
) -> None:
    same: dict[str, Any] = {"chat_id": member.user, "text": "<b>Hello</b>", "parse_mode": "HTML"}
    sent = await client.call("send_message", **same, reply_markup=keyboard("a"))

    with pytest.raises(Said, match=r"(?i)message is not modified: specified new message content") as refused:
        await client.call(
            "edit_message_text", **same, message_id=sent["message_id"], reply_markup=keyboard("a")
        )

    assert refused.value.kind == "bad request"


async def test_a_keyboard_is_taken_off_and_put_back(
    client: Client, member: Phone, keyboard: Keyboard
) -> None:
    sent = await client.call("send_message", chat_id=member.user, text="Pick", reply_markup=keyboard("a"))
    which = {"chat_id": member.user, "message_id": sent["message_id"]}

    await client.call("edit_message_reply_markup", **which)

    assert (await member.last())["buttons"] == []
    await client.call("edit_message_reply_markup", **which, reply_markup=keyboard("b"))
    assert (await member.last())["buttons"] == [[{"text": "b", "data": "b"}]]


async def test_a_photo_is_uploaded_shown_and_downloaded(
    client: Client, member: Phone, picture: bytes
) -> None:
    sent = await client.call(
        "send_photo", chat_id=member.user, photo=picture, caption="<b>Spread</b>", parse_mode="HTML"
    )

    assert sent["caption"] == "Spread"
    assert (sent["photo"][-1]["width"], sent["photo"][-1]["height"]) == (3, 2)
    assert (await member.last())["photo"].startswith("/control/files/")
    assert await client.download(sent["photo"][-1]["file_id"]) == picture


async def test_a_photo_is_sent_again_by_its_id(client: Client, member: Phone, picture: bytes) -> None:
    first = await client.call("send_photo", chat_id=member.user, photo=picture)

    second = await client.call("send_photo", chat_id=member.user, photo=first["photo"][-1]["file_id"])

    assert second["photo"] == first["photo"]
    assert second["message_id"] != first["message_id"]


async def test_a_text_becomes_a_photo_and_its_caption_changes(
    client: Client, member: Phone, picture: bytes
) -> None:
    sent = await client.call("send_message", chat_id=member.user, text="Drawing the picture")
    which = {"chat_id": member.user, "message_id": sent["message_id"]}

    await client.call("edit_message_media", **which, media={"media": picture, "caption": "Week 1"})

    assert (await member.last())["text"] == "Week 1"
    await client.call("edit_message_caption", **which, caption="Week 2")
    assert (await member.last())["text"] == "Week 2"


async def test_a_document_keeps_its_name_and_bytes(client: Client, member: Phone) -> None:
    sent = await client.call("send_document", chat_id=member.user, document=b"a,b\n1,2\n")

    assert sent["document"]["file_name"] == "picture.png"
    assert await client.download(sent["document"]["file_id"]) == b"a,b\n1,2\n"


async def test_a_forced_reply_is_answered_as_a_reply(client: Client, member: Phone) -> None:
    asked = await client.call(
        "send_message", chat_id=member.user, text="Say more", reply_markup={"force_reply": True}
    )
    assert (await member.chat())["force_reply"] == asked["message_id"]

    await member.act("send", text="Too many meetings", reply_to=asked["message_id"])

    [update] = await client.call("get_updates")
    assert update["message"]["reply_to_message"]["message_id"] == asked["message_id"]
    assert (await member.chat())["force_reply"] is None


async def test_an_edited_text_arrives_as_an_edit(client: Client, member: Phone) -> None:
    sent = await member.act("send", text="We feel herd")
    await member.act("edit", message_id=sent["message_id"], text="We feel heard")

    updates = await client.call("get_updates")

    assert updates[1]["edited_message"]["text"] == "We feel heard"
    assert updates[1]["edited_message"]["edit_date"]


async def test_commands_follow_scope_and_language(client: Client, member: Phone) -> None:
    plain = [{"command": "help", "description": "What this is"}]
    mine = [{"command": "mydata", "description": "What is stored"}]

    await client.call("set_my_commands", commands=plain)
    await client.call("set_my_commands", commands=mine, scope={"type": "chat", "chat_id": member.user})

    assert await client.call("get_my_commands") == plain
    assert (await member.chat())["commands"] == mine
    await client.call("delete_my_commands", scope={"type": "chat", "chat_id": member.user})
    assert (await member.chat())["commands"] == plain


async def test_the_menu_button_is_kept(client: Client, member: Phone) -> None:
    await client.call("set_chat_menu_button", chat_id=member.user, menu_button={"type": "commands"})

    assert (await client.call("get_chat_menu_button", chat_id=member.user))["type"] == "commands"
    assert (await member.chat())["menu"] == {"type": "commands"}


async def test_the_typing_sign_shows_until_the_message(client: Client, member: Phone) -> None:
    await client.call("send_chat_action", chat_id=member.user, action="typing")
    assert (await member.chat())["typing"] == "typing"

    await client.call("send_message", chat_id=member.user, text="Here it is")

    assert (await member.chat())["typing"] is None


async def test_a_poll_is_voted_in_and_stopped(client: Client, member: Phone) -> None:
    sent = await client.call(
        "send_poll", chat_id=member.user, question="When?", options=["Monday", "Tuesday"], is_anonymous=False
    )

    await member.act("vote", message_id=sent["message_id"], options=[1])

    polled, answered = await client.call("get_updates")
    assert polled["poll"]["options"][1]["voter_count"] == 1
    assert answered["poll_answer"]["option_ids"] == [1]
    assert answered["poll_answer"]["user"]["id"] == member.user
    stopped = await client.call("stop_poll", chat_id=member.user, message_id=sent["message_id"])
    assert stopped["is_closed"]
    assert stopped["total_voter_count"] == 1


async def test_reactions_go_both_ways(client: Client, member: Phone) -> None:
    await client.call("get_updates", allowed_updates=["message_reaction", "message"])
    theirs = await member.act("send", text="We did it")
    await client.call(
        "set_message_reaction", chat_id=member.user, message_id=theirs["message_id"], reaction="👍"
    ) if (client.name == "python-telegram-bot") else await client.call(
        "set_message_reaction",
        chat_id=member.user,
        message_id=theirs["message_id"],
        reaction=[{"type": "emoji", "emoji": "👍"}],
    )

    await member.act("react", message_id=theirs["message_id"], emoji="🎉")

    updates = await client.call("get_updates")
    assert updates[-1]["message_reaction"]["new_reaction"] == [{"type": "emoji", "emoji": "🎉"}]
    assert (await member.last())["reactions"] == {"👍": 1, "🎉": 1}


async def test_who_blocked_the_bot_is_out_of_reach(client: Client, member: Phone) -> None:
    await member.act("block")

    with pytest.raises(Said, match=r"(?i)bot was blocked by the user") as refused:
        await client.call("send_message", chat_id=member.user, text="Hello")

    assert refused.value.kind == "forbidden"
    [update] = await client.call("get_updates")
    assert update["my_chat_member"]["new_chat_member"]["status"] == "kicked"


async def test_who_never_started_cannot_be_written_to(client: Client, stranger: Phone) -> None:
    with pytest.raises(Said, match=r"(?i)bot can't initiate conversation with a user") as refused:
        await client.call("send_message", chat_id=stranger.user, text="Hello")

    assert refused.value.kind == "forbidden"


async def test_an_unknown_chat_is_not_found(client: Client) -> None:
    with pytest.raises(Said, match=r"(?i)chat not found") as refused:
        await client.call("send_message", chat_id=99, text="Hello")

    assert refused.value.kind == "bad request"


async def test_a_revoked_token_is_unauthorised(client: Client, sandbox: Sandbox) -> None:
    await sandbox.control("POST", "token", {"revoked": True})

    with pytest.raises(Said) as refused:
        await client.call("get_me")

    assert refused.value.kind == "token"


async def test_too_fast_for_a_chat_says_when_to_come_back(client: Client, member: Phone) -> None:
    await member.sandbox.control("POST", "limits", {"scale": 1})
    await client.call("send_message", chat_id=member.user, text="One")

    with pytest.raises(Said) as refused:
        await client.call("send_message", chat_id=member.user, text="Two")

    assert (refused.value.kind, refused.value.value) == ("retry", 1)


async def test_a_migrated_group_tells_its_new_number(client: Client, member: Phone) -> None:
    group = await member.sandbox.control("POST", "groups", {"title": "Circle", "members": [member.user]})
    await confirm(client, await client.call("get_updates"))
    new = await member.sandbox.control("POST", f"groups/{group['id']}/migrate")

    with pytest.raises(Said) as refused:
        await client.call("send_message", chat_id=group["id"], text="Hello")

    assert (refused.value.kind, refused.value.value) == ("migrated", new["id"])
    left, joined = await client.call("get_updates")
    assert left["message"]["migrate_to_chat_id"] == new["id"]
    assert joined["message"]["migrate_from_chat_id"] == group["id"]
    await client.call("send_message", chat_id=new["id"], text="Hello")
    assert (await member.last(new["id"]))["text"] == "Hello"


async def test_a_second_get_updates_ends_the_first_with_409(client: Client) -> None:
    first = asyncio.create_task(client.call("get_updates", timeout=20))
    await asyncio.sleep(0.3)

    second = await client.call("get_updates")

    assert second == []
    with pytest.raises(Said, match=r"(?i)terminated by other getUpdates request") as refused:
        await first
    assert refused.value.kind == "conflict"


async def test_long_polling_wakes_at_once(client: Client, stranger: Phone) -> None:
    waiting = asyncio.create_task(client.call("get_updates", timeout=20))
    await asyncio.sleep(0.3)

    await stranger.act("start")

    async with asyncio.timeout(2):
        [update] = await waiting
    assert update["message"]["text"] == "/start"


async def test_forum_topics_hold_their_messages(client: Client, member: Phone) -> None:
    asked = {"title": "Forum", "members": [member.user], "forum": True}
    forum = await member.sandbox.control("POST", "groups", asked)
    await member.sandbox.control("POST", f"groups/{forum['id']}/bot", {"status": "administrator"})

    topic = await client.call("create_forum_topic", chat_id=forum["id"], name="Agreements")
    thread = topic["message_thread_id"]
    await client.call("send_message", chat_id=forum["id"], message_thread_id=thread, text="The first one")

    assert (await member.last(forum["id"]))["thread"] == thread
    await client.call("close_forum_topic", chat_id=forum["id"], message_thread_id=thread)
    await member.sandbox.control("POST", f"groups/{forum['id']}/bot", {"status": "member"})
    with pytest.raises(Said, match=r"(?i)topic_closed"):
        await client.call("send_message", chat_id=forum["id"], message_thread_id=thread, text="Late")


async def test_a_group_is_described(client: Client, member: Phone, stranger: Phone) -> None:
    asked = {"title": "Circle", "members": [stranger.user], "admins": [member.user]}
    group = (await member.sandbox.control("POST", "groups", asked))["id"]

    assert (await client.call("get_chat", chat_id=group))["title"] == "Circle"
    assert await client.call("get_chat_member_count", chat_id=group) == 3
    [admin] = await client.call("get_chat_administrators", chat_id=group)
    assert admin["user"]["id"] == member.user
    found = await client.call("get_chat_member", chat_id=group, user_id=stranger.user)
    assert found["status"] == "member"
    await client.call("leave_chat", chat_id=group)
    with pytest.raises(Said, match=r"(?i)not a member"):
        await client.call("send_message", chat_id=group, text="Hello")


async def test_messages_are_deleted_and_pinned(client: Client, member: Phone) -> None:
    first = await client.call("send_message", chat_id=member.user, text="First")
    second = await client.call("send_message", chat_id=member.user, text="Second")

    await client.call("pin_chat_message", chat_id=member.user, message_id=first["message_id"])
    await client.call("delete_message", chat_id=member.user, message_id=second["message_id"])

    shown = await member.chat()
    assert shown["pinned"] == [first["message_id"]]
    assert "Second" not in [message["text"] for message in shown["messages"]]
    await client.call("delete_messages", chat_id=member.user, message_ids=[first["message_id"]])
    with pytest.raises(Said, match=r"(?i)message to delete not found"):
        await client.call("delete_message", chat_id=member.user, message_id=first["message_id"])


async def test_the_bot_changes_its_name(client: Client, member: Phone) -> None:
    await client.call("set_my_name", name="Parley of the Valley")
    await client.call("set_my_description", description="Short questions, fair digests")

    assert (await client.call("get_my_name"))["name"] == "Parley of the Valley"
    assert (await client.call("get_my_description"))["description"] == "Short questions, fair digests"
    assert (await member.chat())["title"] == "Parley of the Valley"
