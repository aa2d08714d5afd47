"""How the bot gets its updates: pushed to its address."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web

from tests.sandbox.conftest import Phone, Raw, owner_of_phone

Told = Callable[[dict[str, Any]], int]


class Hook:
    """A bot's own address; it answers what a test tells it to."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.told: Told = lambda _: 200
        self.url = ""
        self.arrival = asyncio.Condition()

    async def take(self, request: web.Request) -> web.Response:
        self.got.append(await request.json())
        self.headers.append(dict(request.headers))
        status = self.told(self.got[-1])
        async with self.arrival:
            self.arrival.notify_all()
        return web.Response(status=status)

    def texts(self) -> list[str]:
        return [update["message"]["text"] for update in self.got]

    async def count(self, number: int) -> None:
        async with asyncio.timeout(5), self.arrival:
            await self.arrival.wait_for(lambda: len(self.got) >= number)


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    made = Hook()
    app = web.Application()
    app.router.add_post("/hook", made.take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield made
    await runner.cleanup()


async def test_updates_are_pushed_with_the_secret(raw: Raw, member: Phone, hook: Hook) -> None:
    await raw.result("setWebhook", url=hook.url, secret_token="s3cret-_")

    await member.act("send", text="Hello")

    await hook.count(1)
    assert hook.texts() == ["Hello"]
    assert hook.headers[0]["X-Telegram-Bot-Api-Secret-Token"] == "s3cret-_"
    assert (await raw.result("getWebhookInfo"))["url"] == hook.url


async def test_what_waited_is_pushed_too(raw: Raw, member: Phone, hook: Hook) -> None:
    await member.act("send", text="Earlier")

    await raw.result("setWebhook", url=hook.url)

    await hook.count(1)
    assert hook.texts() == ["Earlier"]


async def test_pending_updates_may_be_dropped(raw: Raw, member: Phone, hook: Hook) -> None:
    await member.act("send", text="Earlier")

    await raw.result("setWebhook", url=hook.url, drop_pending_updates=True)

    await member.act("send", text="Later")
    await hook.count(1)
    assert hook.texts() == ["Later"]


async def test_a_refused_update_comes_again_before_the_next_of_its_chat(
    raw: Raw, member: Phone, hook: Hook
) -> None:
    answers = iter([500, 302, 200, 200])
    hook.told = lambda _: next(answers)
    await member.sandbox.control("POST", "limits", {"webhook_backoff": 0.01})
    await raw.result("setWebhook", url=hook.url)

    await member.act("send", text="a")
    await member.act("send", text="b")

    await hook.count(4)
    assert hook.texts() == ["a", "a", "a", "b"]
    info = await raw.result("getWebhookInfo")
    assert info["last_error_message"] == "Wrong response from the webhook: 302 Found"


async def test_a_stuck_chat_does_not_hold_up_another(raw: Raw, member: Phone, hook: Hook) -> None:
    other = await owner_of_phone(member.sandbox, "Council")
    hook.told = lambda update: 500 if update["message"]["chat"]["id"] == member.user else 200
    await raw.result("setWebhook", url=hook.url)
    await member.act("send", text="stuck")
    await hook.count(1)

    await other.act("send", text="free")

    await hook.count(2)
    assert hook.texts()[1] == "free"
    await raw.result("deleteWebhook")
    [left] = await raw.result("getUpdates")
    assert left["message"]["text"] == "stuck"


async def test_a_closed_address_is_tried_again(raw: Raw, member: Phone, hook: Hook) -> None:
    await member.sandbox.control("POST", "limits", {"webhook_backoff": 0.01})
    await raw.result("setWebhook", url="http://127.0.0.1:9/hook")
    await member.act("send", text="Hello")
    for _ in range(500):
        info = await raw.result("getWebhookInfo")
        if "last_error_message" in info:
            break
    assert info["last_error_message"].startswith("Connection failed")
    assert info["pending_update_count"] == 1

    await raw.result("setWebhook", url=hook.url)

    await hook.count(1)
    assert (await raw.result("getWebhookInfo"))["pending_update_count"] == 0


async def test_100_updates_of_4_chats_keep_their_order(raw: Raw, member: Phone, hook: Hook) -> None:
    phones = [member] + [await owner_of_phone(member.sandbox, f"Partner {n}") for n in range(3)]
    await raw.result("setWebhook", url=hook.url)

    for number in range(25):
        for phone in phones:
            await phone.act("send", text=str(number))

    await hook.count(100)
    for phone in phones:
        mine = [update["message"] for update in hook.got if update["message"]["chat"]["id"] == phone.user]
        assert [message["text"] for message in mine] == [str(number) for number in range(25)]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"url": "ftp://127.0.0.1/"}, "An HTTPS URL must be provided"),
        ({"url": "https://example.org/hook"}, "only calls this machine"),
        ({"url": "http://127.0.0.1:9/", "secret_token": "no spaces"}, "unallowed characters"),
        ({"url": "http://127.0.0.1:9/", "max_connections": 101}, "between 1 and 100"),
    ],
)
async def test_a_wrong_webhook_is_refused(raw: Raw, given: dict[str, Any], told: str) -> None:
    assert told in await raw.refusal("setWebhook", **given)


async def test_an_empty_address_takes_the_webhook_off(raw: Raw, hook: Hook) -> None:
    await raw.result("setWebhook", url=hook.url)

    await raw.result("setWebhook", url="")

    assert (await raw.result("getWebhookInfo"))["url"] == ""
