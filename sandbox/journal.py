"""Everything that passed through this Telegram, in order."""

import json
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

Entry = dict[str, Any]


class Journal:
    """Entries in memory, and line by line in a file if one is given. The token is never among them."""

    def __init__(self, now: Callable[[], datetime], file: Path | None = None) -> None:
        self._now = now
        self._file: TextIO | None = file.open("a", encoding="ascii", buffering=1) if file else None
        self.entries: list[Entry] = []

    def write(self, kind: str, **facts: object) -> Entry:
        entry: Entry = {
            "n": len(self.entries) + 1,
            "at": self._now().isoformat(),
            "machine": round(time.monotonic(), 4),
            "kind": kind,
            **facts,
        }
        self.entries.append(entry)
        if self._file:
            # The whole line goes in one write, so that a kill leaves no half of it.
            self._file.write(json.dumps(entry) + "\n")
        return entry

    def close(self) -> None:
        if self._file:
            self._file.close()
            self._file = None

    def since(self, number: int, *, kind: str | None = None) -> list[Entry]:
        return [entry for entry in self.entries[max(number, 0) :] if kind in (None, entry["kind"])]
