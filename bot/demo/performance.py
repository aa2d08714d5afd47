"""The demo as it is played: the cast joins, time passes, and a visitor or a report sees what comes of it."""

import asyncio
import json
import signal
import time
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from datetime import time as wall
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import typer
from sqlmodel import col, select

from bot import logs, memory
from bot.demo import cast as demo_cast
from bot.demo import stage, tally, ticks
from bot.demo.command import FAILED, STDOUT, DemoFailedError, LocalTelegram, Play, Say
from bot.demo.conductor import Conductor
from bot.demo.showing import Strip
from bot.demo.stage import Scene
from dialogs import cards
from dialogs import digests as digest_cards
from storage.digests import Digest
from storage.partnerships import Partnership

JOINED = timedelta(hours=1, minutes=30)  # Monday 10:30: a day later the first round has just opened
END_OF_WEEK = wall(9)  # Tuesday, when everybody has read the digest and before the next round opens


@dataclass(frozen=True)
class Outcome:
    """What a headless run came to."""

    figures: dict[str, Any]
    wrong: list[str]
    digest: str


def played(
    play: Play, say: Say, folder: Path, telegram: LocalTelegram, *, file: Path | None, begun: float
) -> int:
    """Play to the end; the result is the command's exit code. Raises KeyboardInterrupt, DemoFailedError."""
    logs.set_up("ERROR")
    try:
        return asyncio.run(_until_told(_played(play, say, folder, telegram, file=file, begun=begun)))
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


async def _until_told(work: Coroutine[Any, Any, int]) -> int:
    """Ctrl-C and SIGTERM end the work in order; a second one ends it at once."""
    task, loop = asyncio.ensure_future(work), asyncio.get_running_loop()

    def end() -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
        task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end)
    return await task


async def _played(
    play: Play, say: Say, folder: Path, telegram: LocalTelegram, *, file: Path | None, begun: float
) -> int:
    async with stage.opened(play, folder, telegram) as scene:
        conductor = Conductor(scene)
        await _gathered(scene, conductor)
        if not play.headless:
            return await _shown(scene, conductor, say)
        outcome = await _run(scene, conductor, say, begun=begun)
    return _reported(outcome, say, file=file)


async def _gathered(scene: Scene, conductor: Conductor) -> None:
    """The facilitator joins, and so does everybody who acts by themselves."""
    await stage.join(scene, scene.phones.facilitator, conductor.settle)
    simulated = [
        (figure, user, scene.phones.invites[user])
        for user, figure in scene.phones.members.items()
        if scene.play.headless or not figure.phone
    ]
    told = demo_cast.crowd(
        scene.cast, simulated, starts=scene.play.starts, conflict=scene.play.conflict, seed=scene.play.seed
    )
    await scene.control.post("people", told)
    await conductor.until(scene.play.starts + JOINED)


async def _run(scene: Scene, conductor: Conductor, say: Say, *, begun: float) -> Outcome:
    handled = set[int]()
    for week in range(1, scene.play.weeks + 1):
        await conductor.until(end_of_week(scene, week))
        parted = await tally.parted(scene.house.database)
        # Before any of it is old enough to be swept out.
        async with scene.house.database.reading() as session:
            handled |= await tally.handled(session)
        finding = f"groups part on {parted}" if parted else "no gap it could be sure of"
        spent = time.monotonic() - begun
        say(f"week {week} of {scene.play.weeks}, after {spent:.0f} seconds; digest: {finding}")
    # What compares both sides below grows with all that was ever said, and is no part of the product.
    peak = memory.peak()
    seen = await asyncio.to_thread(lambda: tally.phones(tally.entries(scene.journal)))
    report = await scene.control.get("people/report")
    async with scene.house.database.reading() as session:
        on_phones = ticks.ticked(report, await ticks.organisations(session))
        kept = await ticks.stored(session, scene.phones.members)
        lost = await tally.lost_invitations(session, seen)
        counted = await tally.figures(session, seen)
        digest = await _last_digest(scene)
    missing = sum(answer not in kept for answer in on_phones)
    figures = {
        "weeks": scene.play.weeks,
        **counted,
        "updates_lost": len(seen.updates - handled) + missing,
        "duplicates": seen.duplicates,
        "compared": ticks.compared(on_phones),
        "gave_up": report["gave_up"],
        "seconds": round(time.monotonic() - begun, 1),
        "peak_mb": round(peak, 1),
    }
    return Outcome(figures, ticks.differences(on_phones, kept) + lost, digest)


def end_of_week(scene: Scene, week: int) -> datetime:
    """Tuesday morning after the week's digest."""
    zone = ZoneInfo(scene.cast.timezone)
    day = scene.play.starts.astimezone(zone).date() + timedelta(days=1, weeks=week)
    return datetime.combine(day, END_OF_WEEK, zone)


async def _last_digest(scene: Scene) -> str:
    async with scene.house.database.reading() as session:
        digest = (await session.exec(select(Digest).order_by(col(Digest.id).desc()).limit(1))).first()
        if digest is None:
            return ""
        partnership = await session.get_one(Partnership, digest.partnership_id)
    return cards.plain(digest_cards.card(digest, partnership, language=partnership.language).text)


def _reported(outcome: Outcome, say: Say, *, file: Path | None) -> int:
    figures = outcome.figures
    written = json.dumps(figures)
    if file == STDOUT:
        typer.echo(written)
    else:
        if file:
            file.write_text(written + "\n", encoding="ascii")
        typer.echo(f"\n{outcome.digest}\n")
    for line in outcome.wrong:
        say(f"this should not be: {line}")
    say(
        f"done in {figures['seconds']} seconds: {figures['rounds']} rounds,"
        f" {figures['invitations']} invitations, {figures['answers']} answers,"
        f" {figures['digests']} digests; {figures['updates_lost']} lost, {figures['duplicates']} doubled;"
        f" at most {figures['peak_mb']:.0f} MB"
    )
    return FAILED if outcome.wrong or figures["updates_lost"] else 0


async def _shown(scene: Scene, conductor: Conductor, say: Say) -> int:
    """Hand the phones to a visitor, and let time pass as they wish."""
    chats = {
        name: await stage.hand_over(scene, user) for name, user in scene.phones.held_by_visitor().items()
    }
    await stage.open_menu(scene, conductor.settle)
    strip = Strip(scene, chats)
    if scene.play.weeks:
        say(f"letting time pass first; weeks: {scene.play.weeks}")
        await conductor.until(end_of_week(scene, scene.play.weeks))
    await strip.show()
    say(f"open {scene.control.url}/ in a browser. Ctrl-C ends it.")
    while not scene.running.done():
        wish = await scene.control.get("wish?wait=3")
        if wish:
            await strip.move(conductor, wish["advance"], say)
        await strip.show()
    raise DemoFailedError("Parley has ended by itself; this should not be")
