"""`parley demo`: a partnership of simulated people to look at, or several weeks of it at full speed.

This part is light: the sandbox takes five seconds to start, and meanwhile the rest is imported.
"""

import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import typer

from bot import clock
from bot.settings import Unusable

TOKEN = "42:sandbox"  # noqa: S105 - the local Telegram's only bot
MONDAY = datetime(2026, 11, 2, 9, tzinfo=UTC)  # the first questions open on Tuesday at 10:00
HEADLESS_WEEKS = 6
HEADLESS_PACE, SHOWN_PACE = 40.0, 4.0
# People whose moments lie within one such step act together, as they would on their own phones.
HEADLESS_STEP, SHOWN_STEP = timedelta(hours=4), timedelta(hours=1)
ENDING = 10.0
FAILED, INTERRUPTED = 1, 130
STDOUT = Path("-")

Say = Callable[[str], None]


class DemoFailedError(Exception):
    """The demo cannot go on; the message says why."""


@dataclass(frozen=True)
class Play:
    """What was asked for. `pace`: how many times Telegram's own limits, here and in the sandbox."""

    weeks: int
    headless: bool
    seed: int
    conflict: bool
    starts: datetime
    pace: float
    step: timedelta


@dataclass(frozen=True)
class LocalTelegram:
    """The sandbox's process, and the files it shares with us."""

    process: "subprocess.Popen[str]"
    complaints: Path
    clock_file: Path
    journal: Path

    def url(self) -> str:
        """Where it listens, the one line it prints; this takes some seconds. Raises DemoFailedError."""
        line = self.process.stdout.readline() if self.process.stdout else ""
        if line:
            return str(json.loads(line)["url"])
        said = self.complaints.read_text(errors="replace").strip().splitlines()
        why = said[-1] if said else "it said nothing"
        hint = ". Choose another port with --port, or leave it out" if "in use" in why else ""
        raise DemoFailedError(f"the local Telegram did not start: {why}{hint}")


def command(
    *, weeks: int | None, headless: bool, seed: int, conflict: bool, port: int, file: Path | None
) -> int:
    """Play, and say how it went: the command's exit code."""
    begun = time.monotonic()
    _may_be_written(file, headless=headless)
    default = HEADLESS_WEEKS if headless else 0
    play = Play(
        default if weeks is None else weeks,
        headless=headless,
        seed=seed,
        conflict=conflict,
        starts=MONDAY,
        pace=HEADLESS_PACE if headless else SHOWN_PACE,
        step=HEADLESS_STEP if headless else SHOWN_STEP,
    )

    def say(line: str) -> None:
        typer.echo(f"parley: {line}", err=file == STDOUT)

    try:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        say("starting a local Telegram (about five seconds) and Parley")
        return _played(play, say, port=port, file=file, begun=begun)
    except KeyboardInterrupt:
        say("ended, and nothing is left behind.")
        return INTERRUPTED if headless else 0
    except DemoFailedError as error:
        say(f"{error}.")
        return FAILED


def _may_be_written(file: Path | None, *, headless: bool) -> None:
    """Raises Unusable, OSError: better now than when all is played."""
    if file is not None and not headless:
        raise Unusable(
            "--json writes the figures of a run at full speed.\n  Add --headless, or leave --json out."
        )
    if file is not None and file != STDOUT:
        with file.open("a", encoding="ascii"):
            pass


def _played(play: Play, say: Say, *, port: int, file: Path | None, begun: float) -> int:
    with tempfile.TemporaryDirectory(prefix="parley-demo-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        with ExitStack() as started:
            with _held_back():
                telegram = started.enter_context(_local_telegram(play, folder, port=port))
                from bot.demo import performance  # noqa: PLC0415 - it takes seconds, while the sandbox is starting

            return performance.played(play, say, folder, telegram, file=file, begun=begun)


@contextmanager
def _held_back() -> Iterator[None]:
    """Let Ctrl-C wait until the process is known and imports are whole: both break badly in the middle."""
    noted: list[int] = []
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, lambda told, _: noted.append(told)) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if noted:
        raise KeyboardInterrupt


@contextmanager
def _local_telegram(play: Play, folder: Path, *, port: int) -> Iterator[LocalTelegram]:
    clock_file, journal, complaints = (folder / name for name in ("clock", "journal", "sandbox.log"))
    clock.move(clock_file, play.starts)
    given = {"port": port, "token": TOKEN, "scale": play.pace, "clock-file": clock_file, "journal": journal}
    options = [str(part) for name, value in given.items() for part in (f"--{name}", value)]
    with complaints.open("w") as log:
        # A process group of its own: Ctrl-C reaches us alone, and we end it when we are done with it.
        process = subprocess.Popen(  # noqa: S603 - our own module and options
            [sys.executable, "-m", "sandbox", *options],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            process_group=0,
        )
    try:
        yield LocalTelegram(process, complaints, clock_file, journal)
    finally:
        _end(process)


def _end(process: "subprocess.Popen[str]") -> None:
    process.terminate()
    try:
        process.wait(ENDING)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout:
        process.stdout.close()
