"""Carrying updates to the bot's address: in order within a chat, side by side among chats."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime

import aiohttp

from sandbox.clock import Clock
from sandbox.plain import dumps
from sandbox.updates import Queued, Updates

LONGEST_PAUSE = 5.0
PATIENCE = aiohttp.ClientTimeout(total=60)


@dataclass
class Webhook:
    """One address, and who is carrying what to it."""

    updates: Updates
    clock: Clock
    url: str
    secret: str
    connections: int
    carriers: dict[int, asyncio.Task[None]] = field(default_factory=dict)
    session: aiohttp.ClientSession | None = None
    last_error: tuple[datetime, str] | None = None

    def __post_init__(self) -> None:
        self.places = asyncio.Semaphore(self.connections)

    def begin(self) -> None:
        """Carry what waited before the address was known."""
        for chat in {update.chat for update in self.updates.queue}:
            self.wake(chat)

    def wake(self, chat: int) -> None:
        """Every chat with something waiting has exactly one carrier."""
        if chat not in self.carriers:
            self.carriers[chat] = asyncio.get_running_loop().create_task(self._carry(chat))

    async def _carry(self, chat: int) -> None:
        try:
            while update := self._next(chat):
                async with self.places:
                    delivered = await self._try_until_taken(update)
                if delivered:
                    self.updates.confirm(update)
        finally:
            self.carriers.pop(chat, None)

    def _next(self, chat: int) -> Queued | None:
        return next((update for update in self.updates.queue if update.chat == chat), None)

    async def _try_until_taken(self, update: Queued) -> bool:
        pause = self.updates.backoff
        while update in self.updates.queue:
            self.updates.delivered(update)
            if error := await self._post(update):
                self.last_error = (self.clock.now(), error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
            else:
                return True
        return False

    async def _post(self, update: Queued) -> str:
        """Why it was not taken; empty if it was."""
        if self.session is None:
            self.session = aiohttp.ClientSession(timeout=PATIENCE)
        headers = {"Content-Type": "application/json"}
        if self.secret:
            headers["X-Telegram-Bot-Api-Secret-Token"] = self.secret
        try:
            async with self.session.post(
                self.url, data=dumps(update.body), headers=headers, allow_redirects=False
            ) as answer:
                if answer.ok and answer.status < 300:  # noqa: PLR2004 - 2xx is the only yes
                    return ""
                return f"Wrong response from the webhook: {answer.status} {answer.reason}"
        except TimeoutError:
            return "Read timeout expired"
        except aiohttp.ClientError as error:
            return f"Connection failed: {type(error).__name__}"

    async def close(self) -> None:
        tasks = list(self.carriers.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self.session:
            await self.session.close()
