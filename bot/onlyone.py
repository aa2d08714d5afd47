"""One process only on SQLite: a newer one is refused before it opens the file."""

import fcntl
import math
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bot import plainly
from bot.settings import Settings, Unusable


@contextmanager
def holding(settings: Settings) -> Iterator[None]:
    """Hold the database file for this process; on PostgreSQL there is nothing to hold."""
    file = settings.database_file
    if file is None:
        yield
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    theirs = plainly.barred(file)
    if theirs is not None:
        raise Unusable(plainly.told(*plainly.of_owner(theirs)))
    lock = os.open(_beside(file), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise Unusable(
            f"another Parley is using {file}, and SQLite allows only one.\n"
            "  Stop that one first. To run several, set PARLEY_DATABASE_URL to a PostgreSQL database."
        ) from None
    try:
        with suppress(OSError):  # a full disk: then nobody knows since when
            os.truncate(lock, os.pwrite(lock, f"{time.monotonic():.0f}".encode(), 0))
        yield
    finally:
        os.close(lock)


def held(settings: Settings) -> bool:
    """Whether a Parley holds the database file now. Nothing is made or changed by asking."""
    file = settings.database_file
    if file is None or not _beside(file).exists():
        return False
    lock = os.open(_beside(file), os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(lock)
    return False


def held_for(settings: Settings) -> float:
    """Seconds since a Parley took hold of the database file; infinite where nobody knows."""
    file = settings.database_file
    if file is None:
        return math.inf
    try:
        return time.monotonic() - float(_beside(file).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return math.inf


def _beside(file: Path) -> Path:
    return file.with_name(file.name + ".lock")
