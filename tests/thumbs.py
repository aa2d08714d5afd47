"""Thumbs: a crowd that answers what its phones show, says "not this week", or keeps silent.

They see what the sandbox's journal says was delivered, and tap its buttons, as anybody does.
"""

import asyncio
import http.client
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tests.sandbox_process import PATIENCE, Sandbox

WORDS = "We should meet at the library more often"
# What somebody who answers taps on a card, first come first served.
ANSWERS = ("start", "keep", "rate", "vote", "told", "show", "pick")
# Of every six, one answers, two say that it is not their week, and three never do anything.
KINDS = 6
ANSWERING, DECLINING = (0,), (1, 2)

Json = dict[str, Any]


@dataclass
class Thumbs:
    """Everybody's thumbs, as far as the journal has been read."""

    sandbox: Sandbox
    first: int
    seen: int = 0
    letters: int = 0
    taps: int = 0

    async def act(self) -> int:
        """Look at all that is new on the phones, and do what each owner does; how many things were new."""
        return await asyncio.to_thread(self._act)

    def _act(self) -> int:
        where = urlsplit(self.sandbox.url)
        connection = http.client.HTTPConnection(str(where.hostname), where.port, timeout=PATIENCE)
        try:
            page = self._ask(connection, "GET", f"journal?kind=call&since={self.seen}")
            self.seen = page["next"]
            cards: dict[int, tuple[int, Mapping[str, Sequence[str]]]] = {}
            for entry in page["entries"]:
                if entry["ok"] and (buttons := _buttons(entry)):
                    self.letters += not entry["edit"]
                    cards[entry["chat_id"]] = entry["message_id"], buttons
            for account, (message, shown) in cards.items():
                self._answer(connection, account, message, shown)
            return len(page["entries"])
        finally:
            connection.close()

    def _answer(
        self,
        connection: http.client.HTTPConnection,
        account: int,
        message: int,
        buttons: Mapping[str, Sequence[str]],
    ) -> None:
        kind, turn = (account - self.first) % KINDS, (account - self.first) // KINDS
        data = ""
        if kind in DECLINING:
            data = next(iter(buttons.get("not", ())), "")
        elif kind in ANSWERING:
            found = next((buttons[one] for one in ANSWERS if one in buttons), buttons.get("skip", ()))
            if list(buttons) == ["skip"] and turn % 2:  # it asks for words, and every other one has some
                self._ask(connection, "POST", f"phones/{account}/send", {"text": WORDS})
                self.taps += 1
                return
            data = found[turn % len(found)] if found else ""
        if data:
            self._ask(connection, "POST", f"phones/{account}/tap", {"message_id": message, "data": data})
            self.taps += 1

    def _ask(
        self, connection: http.client.HTTPConnection, method: str, path: str, body: Json | None = None
    ) -> Json:
        address = f"/control/{path}{'&' if '?' in path else '?'}bot={self.sandbox.bot_id}"
        connection.request(method, address, json.dumps(body or {}))
        answer = connection.getresponse()
        told: Json = json.loads(answer.read())
        assert answer.status == 200, told
        return told


def _buttons(entry: Json) -> dict[str, list[str]]:
    """A card's buttons that this crowd knows, by their kind."""
    found: dict[str, list[str]] = {}
    for row in entry.get("buttons") or ():
        for button in row:
            kind, _, _ = button.get("data", "").partition(":")
            if kind in (*ANSWERS, "skip", "not"):
                found.setdefault(kind, []).append(button["data"])
    return found
