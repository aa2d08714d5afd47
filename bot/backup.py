"""`parley backup`: all that a Parley knows in one file, taken while it runs, the same for either engine.

The file is a SQLite database at the schema of the one it was taken from. How many rows each table had in the
one snapshot it was read from, and when that was, stands in a table of its own.
"""

import errno
import json
import os
import shlex
import sqlite3
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import typer
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import clock, plainly, silence, upgrading
from bot.settings import Settings, Unusable
from storage import carrying, schema
from storage.database import Database

TOLD_EVERY = 10.0  # seconds, where nobody looks on
LEFT_OVER = timedelta(days=1)
# What SQLite keeps beside a file.
PARTS = ("-wal", "-shm", "-journal")
LABEL = "CREATE TABLE backup (taken_at TEXT, schema TEXT, engine TEXT, rows TEXT)"


@dataclass(frozen=True)
class Taken:
    """What a backup says of itself: until when, at which schema, and how many rows of each table."""

    at: datetime
    schema: str
    engine: str
    rows: dict[str, int]

    @property
    def total(self) -> int:
        return sum(self.rows.values())


@dataclass
class Progress:
    """Says how far it is: on one line that changes in a terminal, else now and then."""

    total: int
    doing: str
    done: int = 0
    _last: float = 0.0

    def told(self, rows: int) -> None:
        self.done += rows
        terminal = sys.stderr.isatty()
        now = time.monotonic()
        if now - self._last < (0.2 if terminal else TOLD_EVERY):
            return
        first, self._last = not self._last, now
        if terminal or not first:
            self._say(end="\r" if terminal else "\n")

    def ended(self) -> None:
        if sys.stderr.isatty():
            self._say(end="\n")

    def _say(self, *, end: str) -> None:
        share = 100 * self.done // max(self.total, 1)
        typer.echo(f"{self.doing}: {share}% ({self.done:,} of {self.total:,} rows){end}", nl=False, err=True)


async def command(settings: Settings, file: Path, *, replace: bool) -> None:
    """Take a backup and say what is in it, what is not, and what to do with it."""
    _may_be_written(settings, file, replace=replace)
    now = clock.for_settings(settings.clock_file, settings.api_base).now()
    database = Database(settings.async_database_url, read_only=True)
    try:
        await _at_head(settings, database)
        taken = await take(database, file, now=now)
    finally:
        await database.close()
    typer.echo(
        f"parley: the backup is in {file}\n"
        f"  {said(taken, file)}\n"
        "  It does not hold .env with your token: keep a copy of that too, in another place.\n"
        "  It does hold what people said: keep it where only you can read it, and no longer than needed.\n"
        "  To see that it works, restore it beside this one; it sends nothing until you tell it to:\n"
        f"    PARLEY_DATABASE_URL=sqlite:///try/parley.db parley restore {shlex.quote(str(file))}"
    )


def said(taken: Taken, file: Path) -> str:
    size = f"{file.stat().st_size / 1e6:,.1f} MB"
    return f"{taken.total:,} rows, {size}, schema {taken.schema}, all until {silence.moment(taken.at)}."


def _may_be_written(settings: Settings, file: Path, *, replace: bool) -> None:
    if not file.parent.is_dir():
        raise Unusable(f"there is no folder {file.parent}.\n  Make it first, or name another place.")
    if file.is_dir():
        raise Unusable(f"{file} is a folder.\n  Name a file in it.")
    if settings.database_file is not None and file.resolve() in _of_the_database(settings.database_file):
        raise Unusable(
            f"{file} is the database itself, or a part of it.\n  Name another file for its backup."
        )
    if file.exists() and not replace:
        raise Unusable(
            f"{file} is there already.\n  Name another file, or put this one in its place: --replace"
        )
    if file.exists() and not _is_a_backup(file):
        raise Unusable(
            f"{file} is no backup of Parley's, so it is left as it is.\n"
            "  Name another file; or, if nobody needs this one, delete it first."
        )


def _of_the_database(file: Path) -> set[Path]:
    return {file, *(file.with_name(file.name + end) for end in (*PARTS, ".lock"))}


def _is_a_backup(file: Path) -> bool:
    """Whether it says of itself that it is one; whether it is whole does not matter to who replaces it."""
    try:
        with closing(sqlite3.connect(f"file:{quote(str(file))}?mode=ro&immutable=1", uri=True)) as opened:
            label(opened)
    except (sqlite3.Error, ValueError, TypeError):
        return False
    return True


async def _at_head(settings: Settings, database: Database) -> None:
    file = settings.database_file
    if file is not None and not file.exists():
        raise Unusable(f"there is no database yet at {file}, so there is nothing to keep.")
    found = await upgrading.found(settings, database)
    if found is None:
        raise Unusable("the database in PARLEY_DATABASE_URL is empty, so there is nothing to keep.")
    if found != schema.HEAD:
        raise Unusable(
            f"the database has schema {found}, and this version of Parley needs {schema.HEAD}.\n"
            "  Run: parley migrate (on SQLite it keeps a copy of the old one), and then parley backup again."
        )


async def take(database: Database, file: Path, *, now: datetime) -> Taken:
    """Write everything committed by now into `file`, checked, whole or not at all. Raises Unusable.

    A running Parley is not held up: on either engine this only reads, in one snapshot.
    """
    _tidied(file, now=now)
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        taken = await _copied(database, part, now=now)
        closed(part)
        checked(part)
        put(part, file)
    except (OSError, sqlite3.Error, SQLAlchemyError) as error:
        raise Unusable(f"{_why(database, error)}\n  Nothing was kept in {file}.") from None
    finally:
        for left in (part, *(part.with_name(part.name + end) for end in PARTS)):
            left.unlink(missing_ok=True)
    return taken


def _tidied(file: Path, *, now: datetime) -> None:
    """What a backup that was killed long ago left behind holds people's words, so it goes."""
    for left in file.parent.glob(f".{file.name}.*.part*"):
        if now.timestamp() - left.stat().st_mtime > LEFT_OVER.total_seconds():
            left.unlink(missing_ok=True)


def is_full(error: Exception) -> bool:
    return "is full" in str(error) or getattr(error, "errno", None) == errno.ENOSPC


def _why(database: Database, error: Exception) -> str:
    if is_full(error):
        return "the disk has no room for the backup."
    if isinstance(error, OSError) and error.filename is not None:
        return plainly.of_file(error)[0] + "."
    if database.sqlite:
        return plainly.of_sqlite(Path(database.url.database or ""), error)[0] + "."
    return "the database stopped answering in the middle."


async def _copied(database: Database, part: Path, *, now: datetime) -> Taken:
    target = Database.in_file(part)
    try:
        async with snapshot(database) as source:
            found = str(await source.run_sync(schema.version_of))
            async with schema.changing(target) as copy:
                await copy.run_sync(schema.bring, found)
                counted = await carrying.counted(source, await carrying.tables(copy))
                progress = Progress(sum(counted.values()), "copied")
                carried = await carrying.carry(source, copy, told=progress.told)
                await copy.exec_driver_sql(LABEL)
                engine = database.url.get_backend_name()
                label = (now.isoformat(), found, engine, json.dumps(counted))
                await copy.exec_driver_sql("INSERT INTO backup VALUES (?, ?, ?, ?)", label)
        progress.ended()
    finally:
        await target.close()
    if carried != counted:
        raise Unusable("the copy is not whole, so it was thrown away.\n  Try again: parley backup")
    return Taken(now, found, engine, counted)


@asynccontextmanager
async def snapshot(database: Database) -> AsyncIterator[AsyncConnection]:
    """A connection that sees one moment of the database for as long as it is open, and changes nothing."""
    engine = (
        database.engine.execution_options(reading=True)
        if database.sqlite
        else database.engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    )
    async with engine.connect() as connection:
        if not database.sqlite:  # it waits while what was read is written elsewhere
            await connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
        yield connection


def closed(part: Path) -> None:
    """One plain file, that can be moved, and be read where nothing may be written beside it."""
    with closing(sqlite3.connect(part)) as opened:
        opened.execute("PRAGMA journal_mode=DELETE")


def checked(file: Path) -> Taken:
    """What a backup says of itself, once it was seen to be whole. Raises sqlite3.Error, Unusable."""
    with closing(sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True)) as opened:
        taken = label(opened)
        broken = opened.execute("PRAGMA integrity_check(1)").fetchone()[0] != "ok"
        broken = broken or opened.execute("PRAGMA foreign_key_check").fetchone() is not None
        if broken or {name: _rows(opened, name) for name in taken.rows} != taken.rows:
            raise Unusable(f"{file.name} is damaged: not all that should be in it is there.")
    return taken


def label(opened: sqlite3.Connection) -> Taken:
    """What stands in a backup's own table. Raises sqlite3.Error where there is none."""
    at, found, engine, rows = opened.execute("SELECT taken_at, schema, engine, rows FROM backup").fetchone()
    return Taken(datetime.fromisoformat(at), found, engine, json.loads(rows))


def _rows(opened: sqlite3.Connection, table: str) -> int:
    return int(opened.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0])  # noqa: S608 - our own names


def put(part: Path, file: Path) -> None:
    """Give a file its name once it is on the disk, so that a power cut leaves the old one or the new one."""
    _on_the_disk(part)
    part.replace(file)
    _on_the_disk(file.parent)


def _on_the_disk(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
