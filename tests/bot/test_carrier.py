"""A call travels once; what comes of it says whether it can have reached Telegram."""

import asyncio
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from telegram import Bot, InputFile
from telegram.error import NetworkError, TelegramError

from bot import telegram
from bot.settings import Settings
from tests.processes import free_port

TOKEN = "42:nobody-may-read-this"
GOOD = b'HTTP/1.1 200 OK\r\nContent-Length: 25\r\n\r\n{"ok":true,"result":true}'
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(serve: Serve) -> AsyncIterator[int]:
    """The port where each connection is served like this, and closed."""
    ends = []

    async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ended = asyncio.Event()
        ends.append(ended)
        await serve(reader, writer)
        writer.close()
        await writer.wait_closed()
        ended.set()

    async with await asyncio.start_server(served, "127.0.0.1", port := free_port()):
        yield port
        await asyncio.gather(*(ended.wait() for ended in ends))


@asynccontextmanager
async def talking_to(serve: Serve | None) -> AsyncIterator[Bot]:
    """A client of whoever serves like this; None: there is nobody."""
    async with AsyncExitStack() as stack:
        port = free_port() if serve is None else await stack.enter_async_context(serving(serve))
        bot = telegram.client(Settings(bot_token=TOKEN, api_base=f"http://127.0.0.1:{port}"))
        stack.push_async_callback(telegram.close, bot)
        yield bot


async def heard(reader: asyncio.StreamReader) -> bytes:
    """One request, as far as its first piece goes."""
    return await reader.read(2**16)


async def hangs(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await heard(reader)
    await reader.read()  # until the other side gives up


async def hangs_up(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await heard(reader)


async def answers_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await heard(reader)
    writer.write(GOOD)
    await writer.drain()


async def breaks_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await heard(reader)
    writer.write(GOOD[:-5])
    await writer.drain()


@pytest.mark.parametrize(
    ("serve", "came"),
    [(None, "unsent"), (hangs, "uncertain"), (hangs_up, "uncertain"), (breaks_off, "uncertain")],
)
async def test_only_what_cannot_have_arrived_is_called_unsent(serve: Serve | None, came: str) -> None:
    async with talking_to(serve) as bot:
        found = await telegram.call(bot, "sendMessage", {"chat_id": 5, "text": "x"}, read_timeout=0.2)

    assert found.came == came


async def test_a_call_that_finds_no_free_connection_never_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telegram, "MOST_CONNECTIONS", 1)
    monkeypatch.setattr(telegram, "LONGEST_WAIT", 0.3)
    async with talking_to(hangs) as bot:
        first = asyncio.create_task(telegram.call(bot, "sendMessage", {"chat_id": 5}, read_timeout=5))
        await asyncio.sleep(0.1)
        second = await telegram.call(bot, "sendMessage", {"chat_id": 6}, read_timeout=5)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)

    assert second.came == "unsent"


async def test_a_connection_that_was_closed_meanwhile_is_opened_anew() -> None:
    async with talking_to(answers_once) as bot:
        found = []
        for _ in range(3):
            found.append(await telegram.call(bot, "getMe", {}))
            await asyncio.sleep(0.05)

    assert [one.came for one in found] == ["sent"] * 3


async def test_nobody_is_sent_elsewhere() -> None:
    async def elsewhere(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await heard(reader))
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    asked: list[bytes] = []
    async with talking_to(elsewhere) as bot:
        found = await telegram.call(bot, "sendMessage", {"chat_id": 5, "text": "x"})

    assert found.came == "uncertain"
    assert len(asked) == 1


async def test_a_picture_and_what_is_said_with_it_arrive_as_they_are() -> None:
    async def keeps(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].split()[0])
        asked.append(head + await reader.readexactly(length))
        writer.write(GOOD)
        await writer.drain()

    asked: list[bytes] = []
    picture = bytes(range(256)) * 400
    async with talking_to(keeps) as bot:
        payload = {
            "chat_id": 5,
            "photo": InputFile(picture, filename="digest.png"),
            "caption": "Ŵ & ñ = 100%",
        }
        found = await telegram.call(bot, "sendPhoto", payload)

    assert found.came == "sent"
    assert picture in asked[0]
    assert "Ŵ & ñ = 100%".encode() in asked[0]


@pytest.mark.parametrize("serve", [None, hangs_up, breaks_off])
async def test_no_error_shows_the_token(serve: Serve | None) -> None:
    async with talking_to(serve) as bot:
        with pytest.raises(TelegramError) as met:
            await bot.do_api_request("getMe", read_timeout=0.2)

    assert isinstance(met.value, NetworkError)
    assert "nobody-may-read-this" not in "".join(traceback.format_exception(met.value))


async def test_the_way_out_may_lead_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await heard(reader))
        writer.write(GOOD)
        await writer.drain()

    asked: list[bytes] = []
    async with serving(proxy) as port:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{port}")
        monkeypatch.delenv("no_proxy", raising=False)
        bot = telegram.client(Settings(bot_token=TOKEN, api_base="http://telegram.invalid"))
        found = await telegram.call(bot, "getMe", {})
        await telegram.close(bot)

    assert found.came == "sent"
    assert asked[0].startswith(b"POST http://telegram.invalid/bot42:")
