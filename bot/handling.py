"""Handling the inbox: one update, one transaction, then its direct replies."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from sqlmodel.ext.asyncio.session import AsyncSession
from telegram import Bot
from telegram.error import TelegramError

from bot import drawing, inbox, logs, outbox, pace, telegram, translation
from bot.clock import Clock
from bot.drawing import Call
from bot.health import Pulse
from bot.outbox import Letter
from bot.pace import Pacer
from bot.telegram import Outcome
from bot.translation import FileWanted
from dialogs import conversation, reports
from dialogs.events import Event, Post, Reply, Setting
from storage import passing
from storage.database import Database
from storage.queues import Incoming

log = structlog.get_logger(__name__)

AT_ONCE = 16
# A direct reply that a 429 held up for longer is stale: the next tap or /start shows where the person is.
PATIENCE = 30.0
IDLE = 0.5
REPORT_LASTS = timedelta(days=1)


@dataclass(frozen=True)
class Said:
    """One call of a direct reply. What must show is sent anew where it can replace nothing any more."""

    call: Call
    must_show: bool = False


class Handler:
    """Handles what waits in the inbox, several chats at once, each in order."""

    def __init__(
        self,
        database: Database,
        bot: Bot,
        pacer: Pacer,
        setting: Setting,
        clock: Clock,
        *,
        operator_chat: int = 0,
    ) -> None:
        self.database = database
        self.bot = bot
        self.pacer = pacer
        self.setting = setting
        self.clock = clock
        self.operator_chat = operator_chat
        self.pulse = Pulse(database, "handling")
        self.wake = asyncio.Event()
        self.busy: set[int] = set()
        self._files: dict[int, tuple[int, bytes]] = {}  # by chat, each fetched for the update of a number
        self._room = asyncio.Semaphore(AT_ONCE)

    async def run(self, stop: asyncio.Event) -> None:
        """Handle until told to stop. Something new wakes it; news by other processes it finds by looking."""
        async with asyncio.TaskGroup() as group:
            while not stop.is_set():
                self.wake.clear()
                for chat in await self._waiting():
                    if chat not in self.busy:
                        self.busy.add(chat)
                        group.create_task(self._chat(chat, stop))
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.wake.wait(), IDLE)

    async def _waiting(self) -> list[int]:
        try:
            await self.pulse.beat(now=self.clock.now(), machine=time.monotonic())
            return await inbox.waiting(self.database, self.pacer.bot)
        except Exception as error:  # noqa: BLE001 - the database may be away for a while; look again
            log.error("looking_failed", error=type(error).__name__)
            return []

    async def _chat(self, chat: int, stop: asyncio.Event) -> None:
        try:
            async with self._room:
                while not stop.is_set() and await self.handle_next(chat):
                    pass
        except Exception as error:  # noqa: BLE001 - a chat that cannot be handled must not end the others
            log.error("handling_failed", error=type(error).__name__)
        finally:
            self.busy.discard(chat)

    async def handle_next(self, chat: int) -> bool:
        """Handle the chat's oldest update. False when there is none."""
        update_id = None
        try:
            async with self.database.writing() as session:
                row = await inbox.claim(self.database, session, self.pacer.bot, chat)
                if row is None:
                    return False
                update_id = row.update_id
                raw = inbox.read(row)
                # Another worker may have handled the update that a file was fetched for.
                fetched_for, content = self._files.pop(chat, (None, None))
                event = translation.event(
                    raw,
                    received_at=row.received_at,
                    awaited=row.awaited,
                    content=content if fetched_for == update_id else None,
                )
                replies = await self._respond(session, event) if event else ()
                calls = _calls(raw, replies)
                moments = (
                    await pace.reserve(
                        self.database, session, self.pacer, [(chat, said.call[0]) for said in calls]
                    )
                    if calls
                    else []
                )
                inbox.done(row)
        except FileWanted as wanted:
            # Nothing is fetched inside a transaction: this one is undone, and the update handled anew.
            if update_id is not None:
                self._files[chat] = update_id, await self._fetched(wanted.file_id)
            return True
        except Exception as error:
            # The database is away, full, or had two of us wait for each other: no fault of the update's.
            if update_id is None or isinstance(error, passing.ERRORS):
                raise
            await self._failed(update_id, error)
            return True
        for said, at in zip(calls, moments, strict=True):
            await self._say(said, at)
        return True

    async def _respond(self, session: AsyncSession, event: Event) -> Sequence[Reply]:
        replies = await conversation.respond(session, event, self.setting)
        posts = [_letter(post) for reply in replies for post in reply.posts]
        if posts:
            await outbox.put(self.database, session, posts)
        return replies

    async def _fetched(self, file_id: str) -> bytes:
        """A file's content; one that cannot be had now is empty, and its reader says so."""
        try:
            file = await self.bot.get_file(file_id)
            return bytes(await file.download_as_bytearray())
        except TelegramError as error:
            log.warning("file_not_fetched", error=type(error).__name__)
            return b""

    async def _failed(self, update_id: int, error: Exception) -> None:
        """Note the failure on the update; once it is parked, tell the operator."""
        name = type(error).__name__
        async with self.database.writing() as session:
            row = await inbox.failed(self.database, session, self.pacer.bot, update_id, error=name)
            parked = row is not None and row.state == "parked"
            if row is not None and parked and self.operator_chat:
                await outbox.put(self.database, session, [self._report(row)])
        log.error(
            "update_parked" if parked else "update_failed",
            update_id=update_id,
            error=name,
            at=logs.place(error),
        )

    def _report(self, row: Incoming) -> Letter:
        """One an hour at most: whoever floods us must not flood the operator."""
        now = self.clock.now()
        card = reports.parked(update_id=row.update_id, tries=row.tries, error=row.error)
        method, payload = drawing.sent(card, self.operator_chat)
        key = f"parked:{now:%Y-%m-%dT%H}"
        return Letter(key, "report", self.operator_chat, method, payload, now, now + REPORT_LASTS)

    async def _say(self, said: Said, at: float) -> None:
        """Send one of an update's replies; whatever goes wrong, the ones after it are sent all the same."""
        method, payload = said.call
        try:
            came = await self._send(method, payload, at)
            if said.must_show and came is not None and telegram.not_editable(came):
                async with self.database.writing() as session:
                    anew = drawing.anew(payload)
                    chat = payload["chat_id"]
                    [at] = await pace.reserve(self.database, session, self.pacer, [(chat, anew[0])])
                await self._send(*anew, at)
        except Exception as error:  # noqa: BLE001 - see the docstring
            log.error("reply_failed", method=method, error=type(error).__name__, at=logs.place(error))

    async def _send(self, method: str, payload: dict[str, Any], at: float) -> Outcome | None:
        """Send a direct reply at its reserved moment; after a 429, once more when that is over.

        None: it was not tried, for Telegram has halted us for longer than anybody waits.
        """
        if at - time.monotonic() > PATIENCE:
            log.warning("reply_not_sent", method=method, came="halted")
            return None
        await asyncio.sleep(max(0.0, at - time.monotonic()))
        halt = await self._halted()
        if halt > PATIENCE:
            log.warning("reply_not_sent", method=method, came="halted")
            return None
        await asyncio.sleep(halt)
        came = await telegram.call(self.bot, method, payload)
        if came.came == "halted":
            async with self.database.writing() as session:
                await pace.halt(self.database, session, self.pacer, wait=came.wait)
            if came.wait <= PATIENCE:
                await asyncio.sleep(came.wait)
                came = await telegram.call(self.bot, method, payload)
        if came.came != "sent":
            log.warning("reply_not_sent", method=method, came=came.came)
        return came

    async def _halted(self) -> float:
        """What is to be said is committed: the database being away by now holds up no tick."""
        try:
            return await pace.halted(self.database, self.pacer)
        except passing.ERRORS:
            return max(0.0, self.pacer.halt.until - time.monotonic())


def _letter(post: Post) -> Letter:
    method, payload = drawing.sent(post.card, post.chat)
    return Letter(post.key, "note", post.chat, method, payload, post.begins, post.begins + post.lasts)


def _calls(raw: dict[str, Any], replies: Sequence[Reply]) -> list[Said]:
    """The Bot API calls that draw the replies; every tap is answered, whatever came of it."""
    calls: list[Said] = []
    chat = translation.chat_of(raw)
    for reply in replies:
        if reply.card is not None and reply.over is not None and reply.card.enclosed is None:
            calls.append(Said(drawing.edited(reply.card, chat, reply.over), must_show=True))
        elif reply.card is not None:
            calls.append(Said(drawing.sent(reply.card, chat)))
        if reply.settled is not None:
            message, card = reply.settled
            calls.append(Said(drawing.edited(card, chat, message)))
        if reply.commands:
            calls.append(Said(drawing.offered(reply.commands, chat)))
    callback = translation.callback_of(raw)
    if callback is not None:
        first = next(iter(replies), Reply())
        calls.append(Said(drawing.noticed(callback, first.notice, alert=first.alert)))
    return calls
