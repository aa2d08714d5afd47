"""What is waiting for the bot, and how long polling takes it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiogram.types import Update
from aiogram.types.base import TelegramObject

from sandbox.faults import Faults
from sandbox.journal import Journal
from sandbox.plain import plain
from sandbox.refusals import Refused, bad_request

KINDS = frozenset(Update.model_fields) - {"update_id"}
NOT_BY_DEFAULT = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
FIRST_ID = 700_000_001

Body = dict[str, Any]


@dataclass(eq=False)
class Queued:
    """One update. `again` is a fault's doing: once confirmed, it comes a second time."""

    id: int
    kind: str
    chat: int
    body: Body
    again: bool = False


class Updates:
    """The bot's queue. An update stays in it until it is confirmed, by an offset or by a 2xx."""

    def __init__(self, faults: Faults, journal: Journal) -> None:
        self._faults = faults
        self._journal = journal
        self._poll: asyncio.Event | None = None
        self.queue: list[Queued] = []
        self.next_id = FIRST_ID
        self.allowed = KINDS - NOT_BY_DEFAULT
        self.chosen = False
        self.backoff = 0.2
        self.listener: Callable[[int], None] | None = None

    def allow(self, kinds: list[str] | None) -> None:
        """None keeps what was asked before; an empty list asks for all but three kinds."""
        if kinds is not None:
            if unknown := set(kinds) - KINDS:
                raise bad_request(f"there is no update of type {min(unknown)}")
            self.chosen = bool(kinds)
            self.allowed = frozenset(kinds) if kinds else KINDS - NOT_BY_DEFAULT

    def push(self, kind: str, payload: TelegramObject, *, chat: int) -> None:
        if kind not in self.allowed:
            return
        update = Update.model_validate({"update_id": self.next_id, kind: payload})
        self.next_id += 1
        self._queue(Queued(update.update_id, kind, chat, plain(update)))

    def inject(self, body: Body) -> int:
        """Queue a raw update as it stands, whatever is in it."""
        body = dict(body)
        number = body.setdefault("update_id", self.next_id)
        if isinstance(number, int) and number >= self.next_id:
            self.next_id = number + 1
        kind = next((key for key in body if key != "update_id"), "")
        self._queue(Queued(number, kind, _chat_of(body.get(kind)), body))
        return int(number)

    def _queue(self, update: Queued) -> None:
        update.again = self._faults.for_update("duplicate")
        place = len(self.queue)
        if place and self._faults.for_update("shuffle"):
            place = self._faults.chance.randrange(max(0, place - 10), place)
        self.queue.insert(place, update)
        if self._poll:
            self._poll.set()
        if self.listener:
            self.listener(update.chat)

    def confirm(self, update: Queued) -> None:
        if update.again:
            update.again = False
        elif update in self.queue:
            self.queue.remove(update)

    def confirm_before(self, offset: int) -> None:
        if offset < 0:
            offset = self.queue[offset:][0].id if self.queue else 0
        for update in [queued for queued in self.queue if queued.id < offset]:
            self.confirm(update)

    async def poll(self, *, offset: int, limit: int, timeout: float) -> list[Body]:  # noqa: ASYNC109 - Telegram's word
        """Long polling: confirm, then answer at once or when something comes."""
        if self._poll:
            self._poll.set()
        mine = self._poll = asyncio.Event()
        try:
            self.confirm_before(offset)
            if not self.queue and timeout:
                await _within(mine, timeout)
            if self._poll is not mine:
                raise conflict(by_webhook=self.listener is not None)
        finally:
            if self._poll is mine:
                self._poll = None
        taken = self.queue[:limit]
        for update in taken:
            self.delivered(update)
        return [update.body for update in taken]

    def end_polling(self) -> None:
        """A webhook was set: whoever is polling is told so."""
        waiting, self._poll = self._poll, None
        if waiting:
            waiting.set()

    def delivered(self, update: Queued) -> None:
        self._journal.write("update", update_id=update.id, type=update.kind, chat_id=update.chat)


async def _within(event: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return


def conflict(*, by_webhook: bool) -> Refused:
    if by_webhook:
        return Refused(409, "Conflict: terminated by setWebhook request")
    return Refused(
        409,
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
    )


def _chat_of(payload: object) -> int:
    """The chat an injected update is about, so that it keeps its place in that chat's row."""
    if not isinstance(payload, dict):
        return 0
    holder = payload.get("message", payload)
    for key in ("chat", "from", "user"):
        found = holder.get(key) if isinstance(holder, dict) else None
        found = found or payload.get(key)
        if isinstance(found, dict) and isinstance(found.get("id"), int):
            return int(found["id"])
    return 0
