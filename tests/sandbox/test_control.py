"""The phones as their page sees them, the journal, and the guard at the door."""

import asyncio
import base64
import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import aiohttp
import pytest

from tests import sandbox_process
from tests.sandbox.conftest import Phone, Raw, owner_of_phone, png
from tests.sandbox_process import ControlRefused, Sandbox


async def test_a_chat_that_was_never_opened_can_be_started(stranger: Phone) -> None:
    shown = await stranger.sandbox.control("GET", f"phones/{stranger.user}")

    assert (shown["started"], shown["blocked"]) == (False, False)
    assert shown["user"]["first_name"] == "Council"
    [chat] = shown["chats"]
    assert (chat["id"], chat["can_start"], chat["messages"]) == (stranger.user, True, [])


async def test_unread_marks_go_when_the_chat_is_read(raw: Raw, member: Phone) -> None:
    for text in ("a", "b"):
        await raw.result("sendMessage", chat_id=member.user, text=text)
    assert (await member.chat())["unread"] == 2
    assert (await member.sandbox.control("GET", "phones"))[0]["unread"] == 2

    await member.act("read")

    assert (await member.chat())["unread"] == 0


async def test_markup_from_people_is_only_letters(member: Phone) -> None:
    await member.act("send", text="<img src=x onerror=alert(1)> https://e.org/?a=1&b=2 ")

    shown = (await member.last())["html"]

    assert "<img" not in shown
    assert 'href="https://e.org/?a=1&amp;b=2"' in shown


async def test_photos_and_files_from_people_arrive(raw: Raw, member: Phone) -> None:
    await member.act("photo", name="map.png", base64=base64.b64encode(png()).decode(), caption="The street")
    await member.act("document", name="roster.csv", base64=base64.b64encode(b"a,b").decode())

    photo, document = await raw.result("getUpdates")

    assert photo["message"]["caption"] == "The street"
    assert document["message"]["document"]["file_name"] == "roster.csv"
    file = await raw.result("getFile", file_id=document["message"]["document"]["file_id"])
    address = f"{raw.sandbox.url}/file/bot{raw.sandbox.token}/{file['file_path']}"
    async with raw.session.get(address) as answer:
        assert await answer.read() == b"a,b"
    shown = (await member.last())["document"]["url"]
    async with raw.session.get(f"{raw.sandbox.url}{shown}?bot={raw.sandbox.bot_id}") as answer:
        assert answer.headers["Content-Disposition"] == "attachment"


async def test_a_blocked_phone_sends_nothing_until_it_unblocks(raw: Raw, member: Phone) -> None:
    await member.act("block")
    with pytest.raises(ControlRefused, match="unblock"):
        await member.act("send", text="Hello")

    await member.act("unblock")
    await member.act("send", text="Hello")

    kinds = [list(update)[1] for update in await raw.result("getUpdates")]
    assert kinds == ["my_chat_member", "my_chat_member", "message"]
    assert (await raw.result("sendMessage", chat_id=member.user, text="Back"))["text"] == "Back"


async def test_restarting_the_bot_unblocks_and_presses_start(raw: Raw, member: Phone) -> None:
    await member.act("block")

    await member.act("restart")

    found = await raw.result("getUpdates")
    assert [list(update)[1] for update in found] == ["my_chat_member", "my_chat_member", "message"]
    assert found[-1]["message"]["text"] == "/start"


async def test_a_phone_sees_only_its_own_chats(raw: Raw, member: Phone, stranger: Phone) -> None:
    group = await member.sandbox.control("POST", "groups", {"title": "Circle", "members": [member.user]})
    await raw.result("sendMessage", chat_id=group["id"], text="Among us")

    shown = await member.sandbox.control("GET", f"phones/{stranger.user}")

    assert [chat["id"] for chat in shown["chats"]] == [stranger.user]
    with pytest.raises(ControlRefused, match="has no chat"):
        await stranger.act("send", chat_id=group["id"], text="Let me in")


async def test_the_page_is_told_as_it_happens(raw: Raw, member: Phone) -> None:
    keyboard = {"inline_keyboard": [[{"text": "a", "callback_data": "a"}]]}
    sent = await raw.result("sendMessage", chat_id=member.user, text="Hello", reply_markup=keyboard)
    tap = await member.act("tap", message_id=sent["message_id"], data="a")
    live = raw.session.ws_connect(f"{raw.sandbox.url}/control/live?bot={raw.sandbox.bot_id}")

    async with live as socket, asyncio.timeout(5):
        await raw.result("answerCallbackQuery", callback_query_id=tap["id"], text="Kept", show_alert=True)
        notice, answered = await socket.receive_json(), await socket.receive_json()
        await raw.result("sendMessage", chat_id=member.user, text="Next")
        changed = await socket.receive_json()
        await member.sandbox.control("POST", "strip", {"text": "Monday"})
        strip = await socket.receive_json()

    assert notice == {"type": "notice", "user": member.user, "text": "Kept", "alert": True}
    assert answered == {"type": "answered", "user": member.user, "callback": tap["id"]}
    assert changed == {"type": "changed", "user": member.user, "chat": member.user}
    assert strip == {"type": "strip", "text": "Monday"}


async def test_a_visitors_wish_is_waited_for(sandbox: Sandbox) -> None:
    assert await sandbox.control("GET", "wish") == {}
    waiting = asyncio.create_task(sandbox.control("GET", "wish?wait=5"))

    await sandbox.control("POST", "wish", {"advance": "week"})

    assert await waiting == {"advance": "week"}
    with pytest.raises(ControlRefused):
        await sandbox.control("POST", "wish", {"advance": "year"})


async def test_the_journal_tells_everything_and_never_the_token(raw: Raw, member: Phone) -> None:
    before = (await member.sandbox.control("GET", "journal"))["next"]
    await raw.result("sendMessage", chat_id=member.user, text="<b>Hi</b>", parse_mode="HTML")
    await raw.refusal("sendMessage", chat_id=99, text="Hi")
    await member.act("send", text="Hello")
    await raw.result("getUpdates")

    told = await member.sandbox.control("GET", f"journal?since={before}")

    sent, refused, typed, taken = told["entries"]
    assert (sent["text"], sent["html"], sent["chat_id"], sent["ok"]) == ("Hi", "<b>Hi</b>", member.user, True)
    assert (refused["ok"], refused["error_code"], refused["chat_id"]) == (False, 400, 99)
    assert (typed["kind"], typed["action"], typed["text"]) == ("user", "send", "Hello")
    assert (taken["kind"], taken["type"]) == ("update", "message")
    assert raw.sandbox.token.partition(":")[2] not in json.dumps(told)


async def test_bots_live_in_worlds_of_their_own(raw: Raw, member: Phone, sandbox_home: Sandbox) -> None:
    others = await sandbox_home.control("GET", "phones")

    assert member.user not in [phone["user"]["id"] for phone in others]


@pytest.mark.parametrize("header", [{"Origin": "https://evil.example"}, {"Host": "evil.example"}])
async def test_other_origins_and_names_are_kept_out(raw: Raw, header: dict[str, str]) -> None:
    async with raw.session.get(f"{raw.sandbox.url}/control/phones", headers=header) as answer:
        assert answer.status == 403


def test_other_hosts_are_refused() -> None:
    command = [sys.executable, "-m", "sandbox", "--host", "0.0.0.0"]

    ended = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, cwd=Path(__file__).parents[2]
    )

    assert ended.returncode != 0
    assert "only loopback addresses are allowed" in ended.stderr


async def test_the_calendar_comes_from_a_file_and_the_journal_goes_to_one(tmp_path: Path) -> None:
    clock, journal = tmp_path / "clock", tmp_path / "journal.jsonl"
    clock.write_text("2026-03-29T00:30:00+00:00")
    running = sandbox_process.start(tmp_path, clock_file=clock, journal=journal)
    try:
        phone = await owner_of_phone(running, "Council")
        await phone.act("start")
        moved = tmp_path / "moved"
        moved.write_text("2026-10-25T01:30:00Z\n")
        moved.replace(clock)
        await phone.act("send", text="Later")
        first, second = (await phone.chat())["messages"]
    finally:
        running.stop()

    assert datetime.fromisoformat(first["date"]) == datetime.fromisoformat("2026-03-29T00:30:00Z")
    assert datetime.fromisoformat(second["date"]) == datetime.fromisoformat("2026-10-25T01:30:00Z")
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    assert [line["text"] for line in lines] == ["/start", "Later"]
    assert lines[1]["at"] == "2026-10-25T01:30:00+00:00"


async def test_a_mistake_in_a_request_says_what_was_wrong(sandbox: Sandbox) -> None:
    for path, body in (("users", {}), ("phones/1/send", {"text": "x"}), ("limits", {"speed": 1})):
        with pytest.raises(ControlRefused, match="error"):
            await sandbox.control("POST", path, body)


async def test_the_page_is_served(raw: Raw) -> None:
    async with raw.session.get(f"{raw.sandbox.url}/") as answer, aiohttp.ClientSession():
        assert answer.status == 200
