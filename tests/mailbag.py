"""What the phones got, by the sandbox's own journal: the oracle of every promise about delivery."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from tests.sandbox_process import Sandbox

# Whether the API delivered is unknown to whoever called after these.
UNKNOWN = ("502_after", "hang", "hang_after", "reset_after")


@dataclass
class Mailbag:
    """What the phones got, read from the sandbox's journal as it grows."""

    sandbox: Sandbox
    seen: int = 0

    def __post_init__(self) -> None:
        self.seen = self.sandbox.ask("GET", "journal?since=999999999")["next"]
        self.letters: dict[int, list[str]] = defaultdict(list)

    async def count(self) -> int:
        """All letters so far; each is kept under its chat with the fault that struck it."""
        page: dict[str, Any] = await self.sandbox.control("GET", f"journal?since={self.seen}")
        self.seen = page["next"]
        for entry in page["entries"]:
            if entry["kind"] == "call" and entry["method"] == "sendMessage" and entry["ok"]:
                self.letters[entry["chat_id"]].append(entry.get("fault", ""))
        return sum(map(len, self.letters.values()))

    @property
    def repeated(self) -> dict[int, int]:
        return {chat: len(faults) - 1 for chat, faults in self.letters.items() if len(faults) > 1}

    @property
    def after_kills(self) -> int:
        """Repetitions beyond those the API asked for by not saying that it had delivered."""
        return sum(
            max(0, len(faults) - 1 - sum(fault in UNKNOWN for fault in faults))
            for faults in self.letters.values()
        )
