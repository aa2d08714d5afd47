"""The wiring: every part is built here by hand, once, and run until told to stop."""

import asyncio
import signal
import socket
import time
from collections.abc import Collection, Iterable
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from typing import Any

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from telegram import Bot

from bot import clock as clocks
from bot import (
    drawing,
    health,
    identity,
    inbox,
    listening,
    memory,
    outage,
    pace,
    plainly,
    silence,
    telegram,
    telling,
    ticking,
    upgrading,
)
from bot.alarms import Watchman
from bot.clock import Clock
from bot.delivery import Deliverer
from bot.handling import Handler
from bot.health import Pulse
from bot.pace import Pacer
from bot.retention import Broom
from bot.rivals import Rivals
from bot.settings import Settings, Unusable
from dialogs import commands, conversation, languages
from dialogs.cards import ENGLISH, Reader
from dialogs.events import Setting
from dialogs.verbs import STRANGER
from storage import schema
from storage.database import Database

log = structlog.get_logger(__name__)

METRONOME = 10.0
LAST_WORDS = 15.0  # what is on its way when told to stop may still arrive

EVERYTHING = ("listen", "handle", "deliver", "clock")


@dataclass
class House:
    settings: Settings
    database: Database
    bot: Bot
    clock: Clock
    handler: Handler
    deliverer: Deliverer
    watchman: Watchman
    ticking: asyncio.Lock
    door: socket.socket | None = None  # for the webhook and /health


def build(settings: Settings) -> House:
    memory.one_arena()
    database = Database(settings.async_database_url)
    bot = telegram.client(settings)
    clock = clocks.for_settings(settings.clock_file, settings.api_base)
    pacer = Pacer(settings.bot_id, settings.pace)
    handler = Handler(
        database,
        bot,
        pacer,
        Setting(
            operator=settings.operator_name,
            operator_chat=settings.operator_chat,
            source=settings.source,
            unreviewed=settings.unreviewed,
        ),
        clock,
        operator_chat=settings.operator_chat,
    )
    deliverer = Deliverer(database, bot, pacer, clock, operator_chat=settings.operator_chat)
    watchman = Watchman(database, bot, pacer, clock, operator_chat=settings.operator_chat)
    return House(settings, database, bot, clock, handler, deliverer, watchman, asyncio.Lock())


async def open_(house: House) -> None:
    """Bring the database to the right schema and greet Telegram; end with what to do if either fails."""
    await _open_database(house)
    came = await telegram.call(house.bot, "getMe", {})
    if came.came == "locked_out":
        await identity.locked_out(house.database, now=house.clock.now())
        raise Unusable(
            "Telegram does not know this token.\n  Copy it again from @BotFather into PARLEY_BOT_TOKEN."
        )
    if came.came != "sent":
        log.warning("telegram_not_reached", came=came.came)


async def _open_database(house: House) -> None:
    with plainly.naming_the_database(house.settings):
        if house.database.sqlite:
            await upgrading.upgraded(house.settings, house.database)
        found = await upgrading.found(house.settings, house.database)
        if found != schema.HEAD:
            raise Unusable(
                "the database has another schema than this version of Parley.\n  Run: parley migrate"
            )
        await silence.refuse(house.database)
        await identity.belongs(house.database, house.settings, now=house.clock.now())
        if house.database.sqlite:
            await health.clear(house.database)
            await inbox.resume(house.database)
            await pace.resume(house.database)


def _serves(house: House, parts: Collection[str]) -> bool:
    return bool(house.settings.port or ("listen" in parts and house.settings.public_url))


async def run(house: House, parts: Iterable[str], *, stop: asyncio.Event) -> None:
    """Run these parts until `stop`; then finish what is on its way."""
    parts = set(parts)
    memory.settled()
    async with asyncio.TaskGroup() as group:
        loops = [
            group.create_task(house.watchman.run()),
            group.create_task(_know_ourselves(house, deliver="deliver" in parts)),
        ]
        if "handle" in parts:
            group.create_task(house.handler.run(stop))
        if "deliver" in parts:
            group.create_task(house.deliverer.run(stop))
        if "clock" in parts:
            loops.append(group.create_task(_keep_time(house)))
        if "listen" in parts and not house.settings.public_url:
            loops.append(group.create_task(_listen(house)))
        if _serves(house, parts):
            loops.append(group.create_task(_serve(house)))
        if "listen" in parts and house.settings.public_url:
            loops.append(group.create_task(_receive(house)))
        log.info("running", parts=sorted(parts))
        await stop.wait()
        for loop in loops:
            loop.cancel()
        house.handler.wake.set()
        house.deliverer.wake.set()


async def run_until_signalled(house: House, parts: Collection[str]) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        if _serves(house, parts):
            house.door = _door(house.settings)
        await open_(house)
        running = asyncio.create_task(run(house, parts, stop=stop))
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait((running, stopped), return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait_for(running, LAST_WORDS)
    except TimeoutError:  # what Telegram has not answered by now is uncertain, and told so at the next start
        log.warning("stopped_while_sending")
    finally:
        await house.database.close()
        await telegram.close(house.bot)


async def _know_ourselves(house: House, *, deliver: bool) -> None:
    """Ask Telegram who we are, again and again: links are made with our name, and a token may be revoked."""
    watch = identity.Watch(house.database, house.bot, house.clock, operator_chat=house.settings.operator_chat)
    pause = listening.FIRST_PAUSE
    while True:
        name = ""
        try:
            name = await watch.look()
            if name and deliver:
                await watch.operator()
        except Exception as error:  # noqa: BLE001 - the database may be away; look again
            log.error("look_failed", error=type(error).__name__)
        if name:
            house.handler.setting = replace(house.handler.setting, bot=name)
        pause = listening.FIRST_PAUSE if name else min(pause * 2, listening.LONGEST_PAUSE)
        await asyncio.sleep(identity.LOOK if name else pause)


def _rivals(house: House) -> Rivals:
    return Rivals(house.database, house.bot, house.clock, operator_chat=house.settings.operator_chat)


async def _insist(house: House, method: str, payload: dict[str, Any]) -> Any:  # noqa: ANN401 - what Telegram says
    """Ask until Telegram agrees: without this no message would ever reach us."""
    pause = listening.FIRST_PAUSE
    while (came := await telegram.call(house.bot, method, payload)).came != "sent":
        log.error("telegram_not_asked", method=method, came=came.came)
        await asyncio.sleep(max(pause, came.wait))
        pause = min(pause * 2, listening.LONGEST_PAUSE)
    return came.result


async def _listen(house: House) -> None:
    await _insist(house, "deleteWebhook", {"drop_pending_updates": False})
    await _introduce(house)
    pulse = Pulse(house.database, "listening")
    await listening.poll(
        house.database,
        house.bot,
        house.settings.bot_id,
        house.clock,
        wake=house.handler.wake,
        pulse=pulse,
        rivals=_rivals(house),
    )


async def _introduce(house: House) -> None:
    """What whoever opens this chat for the first time is offered, in each language that is offered here."""
    setting = replace(house.handler.setting, commands=conversation.OFFERED)
    for code, _ in languages.offered(setting):
        told = commands.told(setting, STRANGER, Reader(code))
        payload = drawing.commands(told) | ({} if code == ENGLISH else {"language_code": code})
        await telegram.call(house.bot, "setMyCommands", payload)


async def _receive(house: House) -> None:
    """Have the updates brought to us, and say that we are there for them."""
    from bot import web  # noqa: PLC0415 - see _serve

    pulse = Pulse(house.database, "listening")
    wanted = {
        "url": house.settings.public_url + web.PATH,
        "secret_token": web.secret(house.settings),
        "allowed_updates": list(listening.ALLOWED),
        "drop_pending_updates": False,
    }
    await _insist(house, "setWebhook", wanted)
    watch = outage.Watch(house.database, house.clock)
    await watch.heard(machine=time.monotonic())
    await watch.caught_up()
    await _introduce(house)
    rivals, looked, well = _rivals(house), -identity.LOOK, True
    while True:
        if time.monotonic() - looked >= identity.LOOK:
            looked, well = time.monotonic(), await _comes_here(rivals, wanted)
        if well:
            await _still_heard(house, watch, pulse)
        await asyncio.sleep(METRONOME)


async def _still_heard(house: House, watch: outage.Watch, pulse: Pulse) -> None:
    """Note that messages are brought to us, and are stored: where they are not, taps grow old at Telegram."""
    await watch.heard(machine=time.monotonic())
    try:
        await pulse.beat(now=house.clock.now(), machine=time.monotonic())
    except Exception:  # noqa: BLE001 - a sign of life that cannot be noted is a sign missing
        watch.unheard()
    else:
        await watch.caught_up()


async def _comes_here(rivals: Rivals, wanted: dict[str, Any]) -> bool:
    """Whether messages are brought to us; if that cannot be found out, they are not."""
    try:
        return await rivals.webhook(wanted)
    except Exception as error:  # noqa: BLE001 - the database may be away; look again
        log.error("rival_not_noted", error=type(error).__name__)
        return False


def _door(settings: Settings) -> socket.socket:
    from bot import web  # noqa: PLC0415 - see _serve

    return web.bound(settings)


async def _serve(house: House) -> None:
    from bot import web  # noqa: PLC0415 - a web server costs memory that long polling does not need

    door = house.door or web.bound(house.settings)
    application = web.app(house.settings, house.database, house.clock, wake=house.handler.wake)
    server = web.server(application)
    serving = asyncio.create_task(server.serve(sockets=[door]))
    try:
        await asyncio.shield(serving)
    finally:  # whoever is being answered still gets the answer, and connections are closed
        server.should_exit = True
        with closing(door):
            await serving


async def _keep_time(house: House) -> None:
    """Tick every ten seconds and whenever somebody moves the clock. APScheduler is the metronome, no more."""
    pulse, broom = Pulse(house.database, "clock"), Broom(house.database)

    async def beat() -> None:
        if await tick(house) is None:  # `/health` must see that
            return
        with suppress(Exception):
            await pulse.beat(now=house.clock.now(), machine=time.monotonic())
            await broom.sweep(now=house.clock.now(), machine=time.monotonic())

    metronome = AsyncIOScheduler(timezone="UTC")
    metronome.add_job(
        beat, "interval", seconds=METRONOME, coalesce=True, misfire_grace_time=None, max_instances=1
    )
    metronome.start()
    try:
        known = house.clock.now()
        await beat()
        while True:
            known = await house.clock.moved(since=known)
            await beat()
    finally:
        metronome.shutdown(wait=False)


async def tick(house: House) -> int | None:
    """Do what is due, one tick at a time in this process; the database being away is not the end.

    The result is how many steps that took, None if it failed as a whole.
    """
    async with house.ticking:
        try:
            operator = house.settings.operator_chat
            steps = await ticking.tick(house.database, operator=operator, now=house.clock.now())
            steps += await telling.tell(house.database, operator=operator, now=house.clock.now())
        except Exception as error:  # noqa: BLE001 - the next beat tries again
            log.error("tick_failed", error=type(error).__name__)
            return None
    if steps:
        house.deliverer.wake.set()
    return steps
