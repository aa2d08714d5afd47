"""People who tap at their own pace whatever their phones show, and how long each tap waits for its tick.

A tap's moment is the thumb's own; its tick's moment is the one that the sandbox's journal says. Both are of
this machine's one monotonic clock.
"""

import asyncio
import json
import random
import statistics
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self

import aiohttp

from tests.sandbox_process import Sandbox

# Buttons that lead round and round in an open check-in, and change no more than its answers.
ROUND = ("start", "rate", "skip", "change", "ask")
OFTEN = 0.02  # how often the journal is read; it does not change what is measured


@dataclass
class Tapping:
    """All phones of one sandbox, as far as its journal has been read."""

    sandbox: Sandbox
    http: aiohttp.ClientSession
    seen: int = 0
    cards: dict[int, tuple[int, list[str]]] = field(default_factory=dict)
    tapped: dict[str, tuple[int, float]] = field(default_factory=dict)  # by callback: whose, and when
    ticks: dict[str, float] = field(default_factory=dict)  # by callback: when
    letters: dict[int, list[str]] = field(
        default_factory=lambda: defaultdict(list)
    )  # by chat: what came anew
    redrawn: Counter[int] = field(default_factory=Counter)  # by chat: how often a card was drawn over

    @classmethod
    @asynccontextmanager
    async def on(cls, sandbox: Sandbox) -> AsyncIterator[Self]:
        """From now on: what the phones show already is looked up first."""
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
            tapping = cls(sandbox, http)
            await tapping.look()
            following = asyncio.create_task(tapping._follow())
            try:
                yield tapping
            finally:
                following.cancel()

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(OFTEN)
            await self.look()

    async def look(self) -> None:
        page = await self.ask("GET", f"journal?kind=call&since={self.seen}")
        self.seen = page["next"]
        for entry in page["entries"]:
            if entry["ok"]:
                self._note(entry)

    def _note(self, entry: dict[str, Any]) -> None:
        if entry["method"] == "answerCallbackQuery":
            self.ticks[entry["callback"]] = entry["machine"]
        elif entry["method"] in ("sendMessage", "editMessageText"):
            self._draw(entry)

    def _draw(self, entry: dict[str, Any]) -> None:
        chat, data = entry["chat_id"], [button.get("data", "") for row in entry["buttons"] for button in row]
        if any(one.partition(":")[0] in ROUND for one in data):
            self.cards[chat] = entry["message_id"], data
        if entry["edit"]:
            self.redrawn[chat] += 1
        else:
            self.letters[chat].append(entry["text"])

    async def ask(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        """The control API; None where it refuses, as a card does that changed under the finger."""
        path = f"{self.sandbox.url}/control/{path}{'&' if '?' in path else '?'}bot={self.sandbox.bot_id}"
        async with self.http.request(method, path, data=None if body is None else json.dumps(body)) as answer:
            return await answer.json() if answer.status == 200 else None

    async def tap(self, account: int, chance: random.Random) -> str:
        """Tap some button of the card that is shown; the result is the button's data, "" for none."""
        message, data = self.cards.get(account, (0, []))
        choice = [one for one in data if one.partition(":")[0] in ROUND]
        if not choice:
            return ""
        # Rating is what people do most.
        wanted = chance.choice([one for one in choice if one.startswith("rate")] or choice)
        at = time.monotonic()
        tapped = await self.ask("POST", f"phones/{account}/tap", {"message_id": message, "data": wanted})
        if tapped is None:
            return ""
        self.tapped[tapped["id"]] = account, at
        return wanted

    async def steadily(self, accounts: Sequence[int], *, a_second: float, seconds: float) -> list[str]:
        """All of them tap in turn, so many times a second together; the result is these taps."""
        chance, begun, known = random.Random(a_second), time.monotonic(), set(self.tapped)
        async with asyncio.TaskGroup() as group:
            for number in range(int(a_second * seconds)):
                await asyncio.sleep(max(0.0, begun + number / a_second - time.monotonic()))
                group.create_task(self.tap(accounts[number % len(accounts)], chance))
        mine = set(accounts)
        return [tap for tap, (account, _) in self.tapped.items() if account in mine and tap not in known]

    async def ticked(self, taps: Sequence[str], *, within: float = 60.0) -> list[float]:
        """How long each of these taps waited, shortest first; one that never got its tick waited `within`."""
        for _ in range(int(within / OFTEN)):
            if all(tap in self.ticks for tap in taps):
                break
            await asyncio.sleep(OFTEN)
        return sorted(self.ticks[tap] - self.tapped[tap][1] if tap in self.ticks else within for tap in taps)


def percentile(waits: Sequence[float], percent: int) -> float:
    """Of waits in order."""
    return statistics.quantiles(waits, n=100, method="inclusive")[percent - 1]
