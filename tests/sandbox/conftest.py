"""One sandbox a session, a fresh bot a test, and the two clients that talk to it."""

import asyncio
import itertools
import struct
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from tests import sandbox_process
from tests.sandbox.clients import Aiogram, PythonTelegramBot
from tests.sandbox_process import Sandbox

NUMBERS = itertools.count(5001)
Answer = tuple[int, dict[str, Any]]


@pytest.fixture(scope="session")
def sandbox_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    # Limits are wide here; the tests about limits make theirs narrow again.
    running = sandbox_process.start(tmp_path_factory.mktemp("sandbox"), scale=10_000)
    yield running
    running.stop()


@pytest.fixture
def sandbox(sandbox_home: Sandbox) -> Sandbox:
    return sandbox_home.another(f"{next(NUMBERS)}:a-secret-of-its-own")


@dataclass(frozen=True)
class Phone:
    """Somebody's phone, and what it can do."""

    sandbox: Sandbox
    user: int

    async def act(self, deed: str, **body: Any) -> Any:  # noqa: ANN401 - JSON
        return await self.sandbox.control("POST", f"phones/{self.user}/{deed}", body)

    async def chat(self, chat_id: int | None = None) -> dict[str, Any]:
        shown = await self.sandbox.control("GET", f"phones/{self.user}")
        wanted = self.user if chat_id is None else chat_id
        return next(chat for chat in shown["chats"] if chat["id"] == wanted)

    async def last(self, chat_id: int | None = None) -> dict[str, Any]:
        return dict((await self.chat(chat_id))["messages"][-1])


async def owner_of_phone(sandbox: Sandbox, name: str) -> Phone:
    user = await sandbox.control("POST", "users", {"first_name": name, "language_code": "en"})
    return Phone(sandbox, user["id"])


@pytest.fixture
async def stranger(sandbox: Sandbox) -> Phone:
    return await owner_of_phone(sandbox, "Council")


@pytest.fixture
async def member(sandbox: Sandbox, raw: "Raw") -> Phone:
    """Somebody who pressed Start; the bot has seen it."""
    phone = await owner_of_phone(sandbox, "Refugee Group")
    await phone.act("start")
    _, body = await raw("getUpdates")
    await raw("getUpdates", offset=body["result"][-1]["update_id"] + 1)
    return phone


class Raw:
    """The Bot API without a library in between, for what a library would never send."""

    def __init__(self, sandbox: Sandbox, session: aiohttp.ClientSession) -> None:
        self.sandbox = sandbox
        self.session = session

    async def __call__(self, method: str, **given: Any) -> Answer:  # noqa: ANN401 - anything
        address = f"{self.sandbox.url}/bot{self.sandbox.token}/{method}"
        async with self.session.post(address, json=given) as answer:
            return answer.status, await answer.json()

    async def refusal(self, method: str, **given: Any) -> str:  # noqa: ANN401 - anything
        status, body = await self(method, **given)
        assert body["ok"] is False
        assert body["error_code"] == status
        return str(body["description"])

    async def result(self, method: str, **given: Any) -> Any:  # noqa: ANN401 - anything
        _, body = await self(method, **given)
        assert body["ok"], body
        return body["result"]


@pytest.fixture
async def raw(sandbox: Sandbox) -> AsyncIterator[Raw]:
    async with aiohttp.ClientSession() as session:
        yield Raw(sandbox, session)


@pytest.fixture(params=[PythonTelegramBot, Aiogram], ids=["python-telegram-bot", "aiogram"])
async def client(
    request: pytest.FixtureRequest, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[PythonTelegramBot | Aiogram]:
    # Without it python-telegram-bot warns of a coming change with every 429.
    monkeypatch.setenv("PTB_TIMEDELTA", "1")
    made: PythonTelegramBot | Aiogram = request.param(sandbox)
    await made.open()
    yield made
    await made.close()
    # aiohttp's connector needs one turn of the loop to close its sockets.
    await asyncio.sleep(0)


def png(width: int = 3, height: int = 2) -> bytes:
    """A real picture, all black."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compress(b"".join(b"\0" + b"\0" * width for _ in range(height)))
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.fixture
def picture() -> bytes:
    return png()


@pytest.fixture
def keyboard() -> Callable[..., dict[str, Any]]:
    def make(*data: str) -> dict[str, Any]:
        return {"inline_keyboard": [[{"text": one, "callback_data": one} for one in data]]}

    return make
