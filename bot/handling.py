"""Handling the inbox: one update, one transaction, then its direct replies."""

import asyncio
import itertools
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

from bot import drawing, flood, inbox, logs, outbox, pace, telegram, translation
from bot.clock import Clock
from bot.drawing import Call
from bot.health import Pulse
from bot.outbox import Letter
from bot.pace import Pacer
from bot.telegram import Outcome
from dialogs import conversation, floods, reports
from dialogs.events import Event, FileWanted, Post, Reply, Setting
from storage import passing
from storage.database import Database
from storage.queues import Incoming

log = structlog.get_logger(__name__)

AT_ONCE = 16
# What other processes stored is found by looking: soon while things come in, seldom when nothing does.
SOON, IDLE = 0.05, 0.5
TOGETHER = 0.005  # what comes within it is looked for once
# A direct reply that a 429 held up for longer is stale: the next tap or /start shows where the person is.
PATIENCE = 30.0
# A reply that waited for its moment looks once more whether a 429 came meanwhile.
A_MOMENT = 0.1
REPORT_LASTS = timedelta(days=1)
BREATHER = 1.0  # before what the database could not do is tried again


@dataclass(frozen=True)
class Said:
    """One call of a direct reply. What must show is sent anew where it can replace nothing any more."""

    call: Call
    must_show: bool = False
    ticks: bool = False


@dataclass(frozen=True)
class Turn:
    """When a reply may leave, and when that was asked, both by our own monotonic clock."""

    at: float
    asked: float


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
        self.moments = pace.Moments(database, pacer)
        self.pulse = Pulse(database, "handling")
        self.wake = asyncio.Event()
        self.busy: set[int] = set()
        self._floods: set[int] = set()
        self._room = asyncio.Semaphore(AT_ONCE)

    async def run(self, stop: asyncio.Event) -> None:
        """Handle until told to stop. Something new wakes it; news by other processes it finds by looking."""
        pause = IDLE
        async with asyncio.TaskGroup() as group:
            while not stop.is_set():
                self.wake.clear()
                began = time.monotonic()
                waiting = await self._waiting()
                self.note_floods(waiting)
                for chat in waiting.keys() - self.busy:
                    self.busy.add(chat)
                    group.create_task(self._chat(chat, stop))
                looked = time.monotonic() - began
                # A crowd is longer to be looked through: the time is better spent on handling it.
                pause = max(SOON, 10 * looked) if waiting else min(2 * pause, IDLE)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.wake.wait(), pause)
                    await asyncio.sleep(TOGETHER)

    def note_floods(self, waiting: dict[int, int]) -> None:
        self._floods.update(chat for chat, many in waiting.items() if many > flood.MANY)

    async def _waiting(self) -> dict[int, int]:
        try:
            await self.pulse.beat(now=self.clock.now(), machine=time.monotonic())
            return await inbox.waiting(self.database, self.pacer.bot)
        except Exception as error:  # noqa: BLE001 - the database may be away for a while; look again
            log.error("looking_failed", error=type(error).__name__)
            return {}

    async def _chat(self, chat: int, stop: asyncio.Event) -> None:
        try:
            await self._in_order(chat, stop)
            if chat in self._floods:
                await self._tell_of_flood(chat)
            while not stop.is_set() and chat in self._floods:
                await self._turn(chat, stop)
        except Exception as error:  # noqa: BLE001 - a chat that cannot be handled must not end the others
            log.error("handling_failed", error=type(error).__name__)
            await asyncio.sleep(BREATHER)
        finally:
            self.busy.discard(chat)
            self._floods.discard(chat)

    async def _in_order(self, chat: int, stop: asyncio.Event) -> None:
        """All that waits in a chat. Whoever is far ahead of us lets the others through: it may be a flood."""
        for handled in itertools.count(1):
            async with self._room:
                if stop.is_set() or chat in self._floods or not await self.handle_next(chat):
                    return
            if handled >= flood.AHEAD:
                await asyncio.sleep(flood.PAUSE)

    async def _turn(self, chat: int, stop: asyncio.Event) -> None:
        """What a flood brought so far: handled with a breath for the others, and the last of it answered."""
        async with self.database.writing() as session:
            left = await flood.thinned(self.database, session, self.pacer.bot, chat)
        if not left:
            self._floods.discard(chat)
        while left and not stop.is_set():
            async with self._room:
                await self.handle_next(chat, quiet=left > 1)
            await asyncio.sleep(flood.BREATH if left > 1 else flood.TURN)
            left -= 1

    async def _tell_of_flood(self, chat: int) -> None:
        if chat <= 0:  # a group, or what belongs to no chat
            return
        now = self.clock.now()
        async with self.database.writing() as session:
            method, payload = drawing.sent(await floods.told(session, account=chat), chat)
            letter = Letter(flood.key(chat, now), "note", chat, method, payload, now, now + flood.TOLD_WITHIN)
            await outbox.put(self.database, session, [letter])

    async def handle_next(
        self, chat: int, *, quiet: bool = False, fetched: tuple[int, bytes] = (-1, b"")
    ) -> bool:
        """Handle the chat's oldest update. False when there is none. `quiet`: nothing is said to it.

        `fetched` is a file, and the update it was fetched for: another worker may have handled that one.
        """
        update_id = None
        try:
            async with self.database.writing(brief=True) as session:
                row = await inbox.claim(self.database, session, self.pacer.bot, chat)
                if row is None:
                    return False
                update_id = row.update_id
                raw = inbox.read(row)
                event = translation.event(
                    raw,
                    received_at=row.received_at,
                    awaited=row.awaited,
                    content=fetched[1] if fetched[0] == update_id else None,
                )
                replies = await self._respond(session, event) if event else ()
                calls = [] if quiet else _calls(raw, replies)
                inbox.done(row)
        except FileWanted:
            # Nothing is fetched inside a transaction: this one is undone, and the update handled anew.
            content = await self._fetched(translation.file_of(raw))
            return await self.handle_next(chat, quiet=quiet, fetched=(update_id or 0, content))
        except passing.CollidedError:
            return True  # somebody else went first; now it is our turn
        except passing.ERRORS:  # no fault of this update's
            raise
        except Exception as error:
            if update_id is None:  # there is no update to note it on
                raise
            await self._failed(update_id, error)
            return True
        await self._say_all(chat, calls)
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

    async def _say_all(self, chat: int, calls: Sequence[Said]) -> None:
        """A tap's tick goes out beside its card; cards go out one after the other."""
        if not calls:
            return
        due = list(zip(calls, await self._reserved(chat, [said.call[0] for said in calls]), strict=True))
        ticks = [self._say(said, turn) for said, turn in due if said.ticks]
        await asyncio.gather(*ticks, self._in_turn([(said, turn) for said, turn in due if not said.ticks]))

    async def _reserved(self, chat: int, methods: Sequence[str]) -> list[Turn]:
        asked = time.monotonic()
        moments = await self.moments.reserve([(chat, method) for method in methods])
        return [Turn(at, asked) for at in moments]

    async def _in_turn(self, due: Sequence[tuple[Said, Turn]]) -> None:
        for said, turn in due:
            await self._say(said, turn)

    async def _say(self, said: Said, turn: Turn) -> None:
        """Send one of an update's replies; whatever goes wrong, the ones after it are sent all the same."""
        method, payload = said.call
        try:
            came = await self._send(method, payload, turn)
            if said.must_show and came is not None and telegram.not_editable(came):
                anew = drawing.anew(payload)
                [again] = await self._reserved(payload["chat_id"], [anew[0]])
                await self._send(*anew, again)
        except Exception as error:  # noqa: BLE001 - see the docstring
            log.error("reply_failed", method=method, error=type(error).__name__, at=logs.place(error))

    async def _send(self, method: str, payload: dict[str, Any], turn: Turn) -> Outcome | None:
        """Send a direct reply at its reserved moment; after a 429, once more when that is over.

        None: it was not tried, for Telegram has halted us for longer than anybody waits.
        """
        if turn.at - time.monotonic() > PATIENCE:
            log.warning("reply_not_sent", method=method, came="halted")
            return None
        await asyncio.sleep(max(0.0, turn.at - time.monotonic()))
        halt = await self._halted(just_asked=time.monotonic() - turn.asked < A_MOMENT)
        if halt > PATIENCE:
            log.warning("reply_not_sent", method=method, came="halted")
            return None
        if halt > 0:
            await self._wait_out(halt, method, payload)
        came = await self._let_go(method, payload)
        if came.came == "halted":
            async with self.database.writing() as session:
                await pace.halt(self.database, session, self.pacer, wait=came.wait)
            if came.wait <= PATIENCE:
                await self._wait_out(came.wait, method, payload)
                came = await self._let_go(method, payload)
        if came.came != "sent":
            log.warning("reply_not_sent", method=method, came=came.came)
        return came

    async def _let_go(self, method: str, payload: dict[str, Any]) -> Outcome:
        await pace.in_step(self.pacer)
        return await telegram.call(self.bot, method, payload)

    async def _wait_out(self, halt: float, method: str, payload: dict[str, Any]) -> None:
        """Wait until a halt is over, and for a moment anew: others wait for its end, some in this chat."""
        [turn] = await self._reserved(payload.get("chat_id", 0), [method])
        await asyncio.sleep(max(halt, turn.at - time.monotonic()))

    async def _halted(self, *, just_asked: bool) -> float:
        """For how long yet; `just_asked`: nobody had met a 429 a moment ago, so only our own is looked for.

        What is to be said is committed: the database being away by now holds up no tick.
        """
        with suppress(*passing.ERRORS):
            if not just_asked:
                return await pace.halted(self.database, self.pacer)
        return max(0.0, self.pacer.halt.until - time.monotonic())


def _letter(post: Post) -> Letter:
    method, payload = drawing.sent(post.card, post.chat)
    return Letter(post.key, "note", post.chat, method, payload, post.begins, post.begins + post.lasts)


def _calls(raw: dict[str, Any], replies: Sequence[Reply]) -> list[Said]:
    """The Bot API calls that draw the replies; every tap is answered, whatever came of it."""
    calls: list[Said] = []
    chat, callback = translation.chat_of(raw), translation.callback_of(raw)
    if callback is not None:
        first = next(iter(replies), Reply())
        calls.append(Said(drawing.noticed(callback, first.notice, alert=first.alert), ticks=True))
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
    return calls
