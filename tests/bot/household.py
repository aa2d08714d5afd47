"""A whole Parley inside the test's own process, against the sandbox, and the phones around it.

Quicker to start than a process of its own; what a crash does is tested elsewhere.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from bot import house, telegram
from bot.house import House
from bot.settings import Settings
from tests.bot.conftest import Stage
from tests.processes import until
from tests.sandbox_process import Sandbox

PATIENCE = 30.0


@asynccontextmanager
async def living(
    stage: Stage,
    sandbox: Sandbox,
    parts: tuple[str, ...] = house.EVERYTHING,
    **more: Any,  # noqa: ANN401 - any setting
) -> AsyncIterator[House]:
    """Parley, from its start to its orderly end."""
    settings = Settings(
        _env_file=None,
        bot_token=sandbox.token,
        api_base=sandbox.url,
        database_url=stage.url,
        clock_file=stage.calendar.file,
        pace=100,
        **more,
    )
    built, stop = house.build(settings), asyncio.Event()
    try:
        await house.open_(built)
        running = asyncio.create_task(house.run(built, parts, stop=stop))
        try:
            yield built
        finally:
            stop.set()
            await asyncio.wait_for(running, PATIENCE)
    finally:
        await built.database.close()
        await telegram.close(built.bot)


async def asked(sandbox: Sandbox, method: str, **given: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """The Bot API with our token, as anybody who has it may ask."""
    where = f"{sandbox.url}/bot{sandbox.token}/{method}"
    async with aiohttp.ClientSession() as web, web.post(where, json=given) as answer:
        return dict(await answer.json())


@dataclass(frozen=True)
class Handset:
    """Somebody's phone in the sandbox."""

    sandbox: Sandbox
    account: int

    async def act(self, deed: str, **body: Any) -> Any:  # noqa: ANN401 - JSON
        return await self.sandbox.control("POST", f"phones/{self.account}/{deed}", body)

    async def messages(self, chat: int | None = None) -> list[dict[str, Any]]:
        """What the bot said in a chat, the oldest first."""
        shown = await self.sandbox.control("GET", f"phones/{self.account}")
        wanted = chat or self.account
        found = [one["messages"] for one in shown["chats"] if one["id"] == wanted]
        return [said for messages in found for said in messages if said["from"] and said["from"]["bot"]]

    async def texts(self, chat: int | None = None) -> list[str]:
        return [said["text"] for said in await self.messages(chat) if said["text"]]

    async def reads(self, words: str, chat: int | None = None) -> str:
        """Wait for a message with these words; the result is all of it."""

        async def there() -> bool:
            return any(words in text for text in await self.texts(chat))

        await until(there, within=PATIENCE)
        return next(text for text in reversed(await self.texts(chat)) if words in text)

    async def taps(self, label: str) -> None:
        """Tap the newest button of this name."""
        message, button = await self.button(label)
        await self.act("tap", message_id=message, data=button["data"])

    async def button(self, label: str, *, not_to: str = "") -> tuple[int, dict[str, str]]:
        """Wait for a button of this name, and its message; `not_to` is where an old one leads."""
        found: list[tuple[int, dict[str, str]]] = []

        async def there() -> bool:
            found[:] = [
                (said["id"], button)
                for said in await self.messages()
                for row in said["buttons"]
                for button in row
                if button["text"] == label and button.get("url", "-") != not_to
            ]
            return bool(found)

        try:
            await until(there, within=PATIENCE)
        except AssertionError:
            pytest.fail(f"no {label}, but: {await self.messages()}")
        return found[-1]
