"""Groups, topics, pins, polls and files: what works there, and what is refused."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiogram.methods import DeleteMessage, SendPoll
from aiogram.types import User

from sandbox import files, messages, phones, polls
from sandbox.clock import Clock
from sandbox.journal import Journal
from sandbox.refusals import Refused
from sandbox.world import Telegram
from tests.sandbox.conftest import Phone, Raw, png
from tests.sandbox_process import ControlRefused, Sandbox


async def group_of(phone: Phone, *, status: str = "member", **more: object) -> int:
    sandbox = phone.sandbox
    asked = {"title": "Circle", "members": [phone.user], **more}
    group = int((await sandbox.control("POST", "groups", asked))["id"])
    if status != "member":
        await sandbox.control("POST", f"groups/{group}/bot", {"status": status})
    return group


@pytest.fixture
async def group(member: Phone) -> int:
    return await group_of(member)


@pytest.fixture
async def forum(member: Phone) -> int:
    return await group_of(member, status="administrator", forum=True)


async def test_a_topic_is_renamed_closed_and_opened_again(raw: Raw, member: Phone, forum: int) -> None:
    topic = await raw.result("createForumTopic", chat_id=forum, name="Agreements")
    which = {"chat_id": forum, "message_thread_id": topic["message_thread_id"]}

    await raw.result("editForumTopic", **which, name="Promises")
    await raw.result("closeForumTopic", **which)
    with pytest.raises(ControlRefused, match="no open topic"):
        await member.act("send", chat_id=forum, text="Hello", thread=topic["message_thread_id"])
    await raw.result("reopenForumTopic", **which)
    await member.act("send", chat_id=forum, text="Hello", thread=topic["message_thread_id"])

    assert (await member.last(forum))["thread"] == topic["message_thread_id"]
    told = [message["service"] for message in (await member.chat(forum))["messages"]]
    assert "Parley opened the topic Agreements" in told
    assert "Parley closed the topic" in told


@pytest.mark.parametrize(
    ("method", "given", "told"),
    [
        ("createForumTopic", {"name": ""}, "topic name must be 1-128 characters long"),
        ("editForumTopic", {"message_thread_id": 99, "name": "x"}, "message thread not found"),
        ("reopenForumTopic", {"message_thread_id": 99}, "message thread not found"),
        ("sendMessage", {"message_thread_id": 99, "text": "x"}, "message thread not found"),
    ],
)
async def test_a_topic_that_is_not_there_is_refused(
    raw: Raw, forum: int, method: str, given: dict[str, Any], told: str
) -> None:
    assert await raw.refusal(method, chat_id=forum, **given) == f"Bad Request: {told}"


async def test_topics_need_a_forum_a_right_and_a_change(
    raw: Raw, member: Phone, group: int, forum: int
) -> None:
    topic = await raw.result("createForumTopic", chat_id=forum, name="Agreements")
    which = {"chat_id": forum, "message_thread_id": topic["message_thread_id"]}

    said = [
        await raw.refusal("createForumTopic", chat_id=group, name="x"),
        await raw.refusal("editForumTopic", **which, name="Agreements"),
        await raw.refusal("reopenForumTopic", **which),
    ]
    await raw.result("closeForumTopic", **which)
    said.append(await raw.refusal("closeForumTopic", **which))
    await member.sandbox.control("POST", f"groups/{forum}/bot", {"status": "member"})
    said.append(await raw.refusal("createForumTopic", chat_id=forum, name="x"))

    assert said == [
        "Bad Request: the chat is not a forum",
        "Bad Request: TOPIC_NOT_MODIFIED",
        "Bad Request: TOPIC_NOT_MODIFIED",
        "Bad Request: TOPIC_NOT_MODIFIED",
        "Bad Request: not enough rights to create a topic",
    ]


@pytest.mark.parametrize(
    ("method", "given", "told"),
    [
        ("sendChatAction", {"action": "dancing"}, "wrong parameter action in request"),
        ("getChatMember", {"user_id": 999_999}, "user not found"),
        ("pinChatMessage", {"message_id": 999_999}, "message to pin not found"),
        ("unpinChatMessage", {}, "message to unpin not found"),
        ("deleteMessages", {"message_ids": []}, "there must be from 1 to 100 message identifiers"),
        ("getChatAdministrators", {}, "there are no administrators in the private chat"),
        ("leaveChat", {}, "chat member status can't be changed in private chats"),
        ("stopPoll", {"message_id": 1}, "message with poll to stop not found"),
        ("setMessageReaction", {"message_id": 999_999, "reaction": []}, "message to react not found"),
        ("editMessageText", {"text": "x"}, "message identifier is not specified"),
        (
            "setChatMenuButton",
            {"menu_button": {"type": "web_app", "text": "x", "web_app": {"url": "http://e.org"}}},
            "menu button web app URL must be an HTTPS link",
        ),
        ("sendMessage", {"text": "x", "reply_markup": {"keyboard": []}}, "keyboard button text is empty"),
        (
            "sendMessage",
            {"text": "x", "reply_markup": {"force_reply": True, "input_field_placeholder": ""}},
            "input field placeholder must be 1-64 characters long",
        ),
        (
            "sendMessage",
            {"text": "x", "entities": [{"type": "shiny", "offset": 0, "length": 1}]},
            'can\'t parse MessageEntity: unsupported type "shiny"',
        ),
    ],
)
async def test_what_makes_no_sense_in_a_private_chat_is_refused(
    raw: Raw, member: Phone, method: str, given: dict[str, Any], told: str
) -> None:
    assert await raw.refusal(method, chat_id=member.user, **given) == f"Bad Request: {told}"


@pytest.mark.parametrize(
    ("method", "given", "told"),
    [
        ("setMyCommands", {"commands": [], "language_code": "english"}, "invalid language code specified"),
        (
            "setMyCommands",
            {"commands": [{"command": "a", "description": " "}]},
            "BOT_COMMAND_DESCRIPTION_INVALID",
        ),
        (
            "setMyCommands",
            {"commands": [{"command": "a", "description": "b"}] * 101},
            "too many commands specified",
        ),
        ("setMyName", {"name": "x" * 65}, "name is too long"),
        ("setMyShortDescription", {"short_description": "x" * 121}, "short description is too long"),
        ("getFile", {"file_id": "nothing"}, "invalid file_id"),
        ("editMessageText", {"inline_message_id": "1", "text": "x"}, None),
    ],
)
async def test_what_makes_no_sense_about_the_bot_is_refused(
    raw: Raw, method: str, given: dict[str, Any], told: str | None
) -> None:
    said = await raw.refusal(method, **given)

    assert said == f"Bad Request: {told}" if told else said.startswith("Not Implemented: ")


@pytest.mark.parametrize(
    ("reaction", "told"),
    [
        ([{"type": "emoji", "emoji": "🥕"}], "Bad Request: REACTION_INVALID"),
        (
            [{"type": "emoji", "emoji": "👍"}, {"type": "emoji", "emoji": "🎉"}],
            "Bad Request: REACTIONS_TOO_MANY",
        ),
        ([{"type": "paid"}], "Not Implemented: a reaction of type paid is not modelled by this sandbox"),
    ],
)
async def test_a_bot_has_one_reaction_and_only_known_ones(
    raw: Raw, member: Phone, reaction: list[dict[str, str]], told: str
) -> None:
    sent = await member.act("send", text="We did it")

    assert await raw.refusal("setMessageReaction", chat_id=member.user, **sent, reaction=reaction) == told


async def test_pins_come_off_one_by_one_and_all_at_once(raw: Raw, member: Phone) -> None:
    numbers = [
        (await raw.result("sendMessage", chat_id=member.user, text=text))["message_id"] for text in "abc"
    ]
    for number in numbers:
        await raw.result("pinChatMessage", chat_id=member.user, message_id=number)

    await raw.result("unpinChatMessage", chat_id=member.user)
    assert (await member.chat())["pinned"] == numbers[:2]
    assert (await raw.result("getChat", chat_id=member.user))["pinned_message"]["text"] == "b"

    await raw.result("unpinAllChatMessages", chat_id=member.user)
    assert (await member.chat())["pinned"] == []


async def test_pinning_in_a_group_needs_the_right(raw: Raw, group: int) -> None:
    sent = await raw.result("sendMessage", chat_id=group, text="Hello")

    told = await raw.refusal("pinChatMessage", chat_id=group, message_id=sent["message_id"])

    assert told == "Bad Request: not enough rights to manage pinned messages in the chat"


async def test_other_peoples_words_in_a_group_stay(raw: Raw, member: Phone, group: int) -> None:
    theirs = await member.act("send", chat_id=group, text="Hello")

    assert await raw.refusal("deleteMessage", chat_id=group, **theirs) == (
        "Bad Request: message can't be deleted for everyone"
    )
    assert await raw.result("deleteMessages", chat_id=group, message_ids=[theirs["message_id"]])
    assert (await member.last(group))["text"] == "Hello"


async def test_a_supergroup_counts_its_own_messages(raw: Raw, member: Phone, forum: int) -> None:
    private = await raw.result("sendMessage", chat_id=member.user, text="Hello")
    inside = await raw.result("sendMessage", chat_id=forum, text="Hello")

    assert inside["message_id"] == private["message_id"]


async def test_an_admin_bot_hears_everything_and_who_comes(raw: Raw, member: Phone, stranger: Phone) -> None:
    await raw.result("getUpdates", allowed_updates=["message", "chat_member"])
    inside = await group_of(member, status="administrator")
    await member.sandbox.control("POST", f"groups/{inside}/add", {"user_id": stranger.user})
    await stranger.act("send", chat_id=inside, text="among us")

    created, came, joined, said = await raw.result("getUpdates")

    assert created["message"]["group_chat_created"]
    assert came["chat_member"]["new_chat_member"]["status"] == "member"
    assert joined["message"]["new_chat_members"][0]["id"] == stranger.user
    assert said["message"]["text"] == "among us"


async def test_commands_in_a_group_follow_who_asks(raw: Raw, member: Phone, stranger: Phone) -> None:
    inside = await group_of(member, members=[member.user, stranger.user])
    for scope, name in (("all_group_chats", "everyone"), ("all_chat_administrators", "admins")):
        commands = [{"command": name, "description": name}]
        await raw.result("setMyCommands", commands=commands, scope={"type": scope})

    assert (await member.chat(inside))["commands"][0]["command"] == "admins"
    assert (await stranger.chat(inside))["commands"][0]["command"] == "everyone"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("groups", {"title": "x", "members": []}),
        ("groups/-1/migrate", {}),
        ("groups/{group}/add", {"user_id": 0}),
        ("groups/{group}/add", {}),
        ("groups/{group}/bot", {"status": "creator"}),
        ("groups/{group}/remove", {"user_id": 0}),
        ("users", {"first_name": "Twice", "id": 1001}),
        ("phones/1001/send", {"text": " "}),
        ("phones/1001/send", {"text": "x" * 4097}),
        ("phones/1001/send", {"text": "x", "reply_to": 999}),
        ("phones/1001/start", {"payload": "no spaces"}),
        ("phones/1001/edit", {"message_id": 1, "text": "/start"}),
        ("phones/1001/vote", {"message_id": 1, "options": [0]}),
        ("phones/1001/photo", {"name": "x", "base64": "?"}),
        ("phones/1001/photo", {"name": "x", "base64": "eA=="}),
        ("phones/1001/dance", {}),
        ("updates", []),
    ],
)
async def test_what_no_phone_could_do_is_a_mistake(
    sandbox: Sandbox, member: Phone, group: int, path: str, body: object
) -> None:
    with pytest.raises(ControlRefused):
        await sandbox.control("POST", path.format(group=group), body)


async def test_a_poll_takes_one_vote_from_each_and_none_once_closed(raw: Raw, member: Phone) -> None:
    asked = {"chat_id": member.user, "question": "When?", "options": ["Monday", "Tuesday"]}
    sent = await raw.result("sendPoll", **asked)
    which = {"message_id": sent["message_id"]}

    with pytest.raises(ControlRefused, match="takes one answer"):
        await member.act("vote", **which, options=[0, 1])
    with pytest.raises(ControlRefused, match="no such option"):
        await member.act("vote", **which, options=[2])
    await member.act("vote", **which, options=[0])
    await member.act("vote", **which, options=[])
    assert (await member.last())["poll"]["total_voter_count"] == 0
    await raw.result("stopPoll", chat_id=member.user, **which)

    with pytest.raises(ControlRefused, match="closed"):
        await member.act("vote", **which, options=[0])
    told = await raw.refusal("stopPoll", chat_id=member.user, **which)
    assert told == "Bad Request: poll has already been closed"


def world() -> Telegram:
    clock = Clock(None)
    return Telegram("42:sandbox", clock=clock, journal=Journal(clock.now))


async def test_a_poll_closes_when_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    telegram = world()
    phones.meet(telegram, User(id=7, is_bot=False, first_name="Council"))
    phones.start(telegram, 7)
    later: list[tuple[float, Callable[..., None], tuple[Any, ...]]] = []
    loop = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "call_later", lambda delay, act, *args: later.append((delay, act, args)))

    sent = polls.send_poll(telegram, SendPoll(chat_id=7, question="Now?", options=["Yes"], open_period=5))
    [(delay, close, arguments)] = later
    close(*arguments)

    shown = telegram.rooms[7].messages[sent.message_id].poll
    assert delay == 5
    assert shown is not None
    assert shown.is_closed
    with pytest.raises(Refused, match="between 5 and 600"):
        polls.send_poll(telegram, SendPoll(chat_id=7, question="Now?", options=["Yes"], open_period=4))


async def test_what_is_older_than_48_hours_cannot_be_deleted(tmp_path: Path) -> None:
    clock = tmp_path / "clock"
    telegram = world()
    telegram.clock = Clock(clock)
    clock.write_text("2026-03-01T09:00:00Z")
    phones.meet(telegram, User(id=7, is_bot=False, first_name="Council"))
    sent = phones.start(telegram, 7)

    later = datetime(2026, 3, 1, 9, tzinfo=UTC) + timedelta(hours=49)
    moved = tmp_path / "moved"
    moved.write_text(later.isoformat())
    moved.replace(clock)

    with pytest.raises(Refused, match="can't be deleted for everyone"):
        messages.delete_message(telegram, DeleteMessage(chat_id=7, message_id=sent.message_id))


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (png(640, 480), (640, 480)),
        (b"GIF89a\x0a\x00\x05\x00\x00", (10, 5)),
        (b"\xff\xd8\xff\xe0\x00\x04\x00\x00\xff\xc0\x00\x11\x08\x01\xe0\x02\x80\x03", (640, 480)),
        (b"\xff\xd8\xff\xe0\x00\x04\x00\x00", None),
        (b"plain words", None),
    ],
    ids=["png", "gif", "jpeg", "half a jpeg", "text"],
)
def test_a_picture_says_how_large_it_is(data: bytes, size: tuple[int, int] | None) -> None:
    assert files.dimensions(data) == size


async def test_a_link_brings_the_bot_into_a_group_of_those_who_run_it(raw: Raw, member: Phone) -> None:
    group = await group_of(member, bot=False)

    await member.act("startgroup", chat_id=group, payload="seat-14")

    _, body = await raw("getUpdates")
    let_in, news, started = body["result"][-3:]
    assert let_in["my_chat_member"]["new_chat_member"]["status"] == "member"
    assert news["message"]["new_chat_members"][0]["is_bot"] is True
    name = (await raw.result("getMe"))["username"]
    assert started["message"]["text"] == f"/start@{name} seat-14"
    assert started["message"]["chat"]["id"] == group


async def test_nobody_else_brings_the_bot_into_a_group(member: Phone, stranger: Phone) -> None:
    group = await group_of(stranger, members=[stranger.user, member.user], bot=False)

    with pytest.raises(ControlRefused, match="may not bring"):
        await member.act("startgroup", chat_id=group, payload="seat-14")
    with pytest.raises(ControlRefused, match="1 to 64"):
        await stranger.act("startgroup", chat_id=group, payload="?")
