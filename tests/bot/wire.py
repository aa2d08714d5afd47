"""The wire alone replaced: what would be asked of Telegram is written down, and answered as told."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from telegram import Bot

from bot import telegram
from bot.telegram import Outcome

BOT = 42


@dataclass
class Wire:
    """Answers every call with `answer` (a message, unless told otherwise)."""

    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    answer: Outcome | None = None

    async def call(self, _bot: Bot, method: str, payload: dict[str, Any], **_more: object) -> Outcome:
        self.calls.append((method, payload))
        return self.answer or Outcome("sent", {"message_id": len(self.calls)})

    def to(self, chat: int) -> list[str]:
        return [method for method, payload in self.calls if payload.get("chat_id") == chat]


def cut(monkeypatch: pytest.MonkeyPatch) -> Wire:
    wire = Wire()
    monkeypatch.setattr(telegram, "call", wire.call)
    return wire


def bot() -> Bot:
    return Bot(f"{BOT}:nobody-is-asked")
