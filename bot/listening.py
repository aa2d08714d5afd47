"""Listening by long polling: an update is stored before Telegram is told that it arrived."""

import asyncio
import time
from contextlib import suppress
from typing import Any

import structlog
from telegram import Bot

from bot import inbox, telegram
from bot.clock import Clock
from bot.health import Pulse
from bot.outage import Watch
from bot.rivals import Rivals
from bot.telegram import Outcome
from storage.database import Database

log = structlog.get_logger(__name__)

ALLOWED = ("message", "edited_message", "callback_query", "my_chat_member", "chat_member", "poll_answer")
WAIT = 25
AT_ONCE = 100
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0


async def poll(
    database: Database,
    bot: Bot,
    bot_id: int,
    clock: Clock,
    *,
    wake: asyncio.Event,
    pulse: Pulse,
    rivals: Rivals,
) -> None:
    """Ask for updates until cancelled. The offset moves only over what is stored."""
    offset, pause, watch = 0, FIRST_PAUSE, Watch(database, clock)
    while True:
        came = await telegram.call(bot, "getUpdates", _request(offset), read_timeout=WAIT + 10)
        if came.came != "sent":
            log.warning("no_updates", came=came.came)
            aside = await _stood_aside(came, rivals)
            await asyncio.sleep(max(pause, came.wait, aside))
            pause = min(pause * 2, LONGEST_PAUSE)
            continue
        pause = FIRST_PAUSE
        # Nothing came: all is confirmed. After a quiet week Telegram numbers from anywhere, even below.
        stored: int | None = 0
        if came.result:
            stored = await _stored(database, bot_id, came.result, clock, wake=wake, offset=offset)
        if stored is None:  # taps grow old at Telegram meanwhile: that is not listening
            continue
        offset = stored
        await watch.heard(machine=time.monotonic())
        with suppress(Exception):  # a sign of life that cannot be noted is a sign missing
            await pulse.beat(now=clock.now(), machine=time.monotonic())
        if len(came.result) < AT_ONCE:
            await watch.caught_up()


async def _stood_aside(came: Outcome, rivals: Rivals) -> float:
    """For how long to leave the field to another program that takes this bot's messages."""
    if came.came != "contested":
        return 0.0
    try:
        return await rivals.met(came.error)
    except Exception as error:  # noqa: BLE001 - whoever listens goes on listening
        log.error("rival_not_noted", error=type(error).__name__)
        return LONGEST_PAUSE


def _request(offset: int) -> dict[str, Any]:
    return {"offset": offset, "timeout": WAIT, "limit": AT_ONCE, "allowed_updates": list(ALLOWED)}


async def _stored(
    database: Database,
    bot_id: int,
    updates: list[dict[str, Any]],
    clock: Clock,
    *,
    wake: asyncio.Event,
    offset: int,
) -> int | None:
    """The new offset; None, after a pause, if storing failed."""
    try:
        refused = await inbox.store(database, bot_id, updates, now=clock.now())
    except Exception as error:  # noqa: BLE001 - the database may be away; Telegram keeps the updates for us
        log.error("storing_failed", error=type(error).__name__)
        await asyncio.sleep(1)
        return None
    for unreadable in refused:
        log.warning("update_unreadable", reason=unreadable.reason)
    wake.set()
    numbers = [number for update in updates if (number := inbox.number_of(update)) is not None]
    if not numbers:  # nothing that could be confirmed: do not ask for it as fast as the network goes
        await asyncio.sleep(1)
    return max(numbers, default=offset - 1) + 1
