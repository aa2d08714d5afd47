"""Calendar time: when things are due. The one place of the product that reads the clock on the wall.

Machine time (leases, time-outs, pacing) is monotonic, is read where it is needed, and is never moved.
"""

import asyncio
import os
import tempfile
import time
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

# Somebody waiting for a file looks at it this often: a look costs microseconds, and nobody sees 10 ms.
_LOOK = 0.01
# The machine may sleep or its clock be put right while we wait, so a long wait is taken in short steps.
_STEP = 1.0


class ClockNotAllowedError(ValueError):
    """PARLEY_CLOCK_FILE is for the demo and tests only: PARLEY_API_BASE must then be this machine."""

    def __init__(self, api_base: str) -> None:
        super().__init__(f"{type(self).__doc__} It is {api_base!r}.")


class ClockUnreadableError(ValueError):
    """The clock file must hold one ISO 8601 moment in UTC, such as 2026-03-02T09:00:00+00:00."""

    def __init__(self, file: Path, problem: str) -> None:
        super().__init__(f"{type(self).__doc__} {file}: {problem}")


class Clock:
    """Calendar time from the machine or, in the demo and in tests, from a file that somebody moves."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._stamp: tuple[int, int, int] | None = None
        self._moment = datetime.fromtimestamp(0, UTC)

    def now(self) -> datetime:
        """Give the calendar time, aware and in UTC. A file that does not move stands still."""
        if self._file is None:
            return datetime.now(UTC)
        stamp = _stamp(self._file)
        if stamp != self._stamp:
            self._moment, self._stamp = read(self._file), stamp
        return self._moment

    async def sleep_until(self, moment: datetime) -> None:
        """Return once the calendar has reached `moment`, at once if it has passed."""
        # A file moved by another process cannot set an event in this one, so it has to be looked at.
        while (left := (moment - self.now()).total_seconds()) > 0:  # noqa: ASYNC110 - see above
            await asyncio.sleep(_LOOK if self._file else min(left, _STEP))

    async def moved(self, *, since: datetime | None = None) -> datetime:
        """Return the new time once somebody has moved the clock; a clock without a file is never moved.

        Whoever was busy meanwhile says `since` when they last looked, so that no move is missed.
        """
        if self._file is None:
            never: asyncio.Future[datetime] = asyncio.get_running_loop().create_future()
            return await never
        before = since or self.now()
        while self.now() == before:  # noqa: ASYNC110 - another process moves it
            await asyncio.sleep(_LOOK)
        return self.now()


def for_settings(clock_file: Path | None, api_base: str) -> Clock:
    """Make the clock that the settings ask for. Raises ClockNotAllowedError, ClockUnreadableError."""
    if clock_file is None:
        return Clock()
    if not _is_this_machine(api_base):
        raise ClockNotAllowedError(api_base)
    clock = Clock(clock_file)
    clock.now()
    return clock


def read(file: Path) -> datetime:
    """Read the moment in a clock file. Raises ClockUnreadableError."""
    try:
        moment = datetime.fromisoformat(file.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as problem:
        raise ClockUnreadableError(file, str(problem)) from problem
    if moment.utcoffset() is None:
        raise ClockUnreadableError(file, "it names no offset from UTC")
    return moment.astimezone(UTC)


def move(file: Path, moment: datetime) -> None:
    """Set a clock file, or make it, in one step: readers see either time, never half. One mover at a time."""
    if moment.utcoffset() is None:
        raise ClockUnreadableError(file, f"{moment.isoformat()} names no offset from UTC")
    try:
        last = _stamp(file)[0]
    except ClockUnreadableError:
        last = 0
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    with os.fdopen(handle, "w", encoding="ascii") as temporary:
        temporary.write(moment.astimezone(UTC).isoformat() + "\n")
    # File systems stamp in ticks of some milliseconds; two moves inside one tick must not look alike.
    stamped = max(time.time_ns(), last + 1)
    os.utime(name, ns=(stamped, stamped))
    Path(name).replace(file)


def _stamp(file: Path) -> tuple[int, int, int]:
    try:
        found = file.stat()
    except OSError as problem:
        raise ClockUnreadableError(file, str(problem)) from problem
    return found.st_mtime_ns, found.st_size, found.st_ino


def _is_this_machine(api_base: str) -> bool:
    host = urlsplit(api_base).hostname or ""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
