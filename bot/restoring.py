"""`parley restore`: a backup becomes a database again, on either engine, and stays silent until told.

A copy that listened would take the messages of the Parley it was copied from, and one that spoke would say
everything twice. So nothing of it starts until somebody has said that the other one is gone.
"""

import sqlite3
from datetime import datetime
from pathlib import Path

import typer
from sqlalchemy import delete, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col, func, select

from bot import backup, plainly, silence
from bot.backup import Progress, Taken
from bot.settings import Settings, Unusable
from storage import carrying, schema
from storage.database import Database
from storage.memos import RESTORED, Memo
from storage.queues import Heartbeat, Incoming, Outgoing, Pace

# What a Parley writes about itself as soon as it runs: a database with no more than that is still empty.
OF_ITSELF = ("alembic_version", "heartbeat", "pace", "memo")
ALIVE = 60.0  # seconds since a part's last sign of life


async def command(settings: Settings, file: Path) -> None:
    """Restore a backup into the empty database that the settings name, and say what comes next."""
    taken = _read(file)
    source = Database.in_file(file, read_only=True)
    try:
        with plainly.naming_the_database(settings):
            await _restore(settings, source, taken)
    finally:
        await source.close()
    typer.echo(
        f"parley: {file} is restored: {taken.total:,} rows, all until {silence.moment(taken.at)}.\n"
        "  This copy is silent: it sends nothing and hears nothing, because the Parley that it was copied\n"
        "  from may still be at work. To see how it is: parley doctor\n"
        "  Only once the other one is stopped for good: parley restore --go-live (it says what that does)"
    )


def _read(file: Path) -> Taken:
    with file.open("rb"):  # the command line says what is wrong with its name, its place or its owner
        pass
    try:
        taken = backup.checked(file)
    except (sqlite3.Error, ValueError):
        raise Unusable(
            f"{file} is not a backup, or it is damaged.\n"
            "  A backup is made by parley backup. If this is a copy of a SQLite database of Parley, name it\n"
            "  in PARLEY_DATABASE_URL and make a backup from it first."
        ) from None
    if taken.schema not in schema.revisions():
        raise Unusable(
            f"{file} has schema {taken.schema}, which this version of Parley does not know yet.\n"
            "  It was made by a newer one: install that, and restore it there."
        )
    return taken


async def _restore(settings: Settings, source: Database, taken: Taken) -> None:
    file = settings.database_file
    if file is None:
        target = Database(settings.async_database_url)
        try:
            if amiss := await plainly.encoded(settings, target):
                raise Unusable(plainly.told(*amiss))
            await _filled(source, target, taken)
        finally:
            await target.close()
        return
    if file.exists():
        await _refuse_unless_empty(settings)
    part = file.with_name(f".{file.name}.restoring")
    _dropped(part)
    target = Database.in_file(part)
    try:
        await _filled(source, target, taken)
        await target.close()
        backup.closed(part)
        _dropped(file)
        backup.put(part, file)
    except (OSError, SQLAlchemyError) as error:
        if backup.is_full(error):
            raise Unusable(f"the disk has no room for {file}.\n  Nothing was restored.") from None
        raise
    finally:
        await target.close()
        _dropped(part)


def _dropped(file: Path) -> None:
    for left in (file, *(file.with_name(file.name + end) for end in backup.PARTS)):
        left.unlink(missing_ok=True)


async def _refuse_unless_empty(settings: Settings) -> None:
    there = Database(settings.async_database_url, read_only=True)
    try:
        async with backup.snapshot(there) as connection:
            await _is_empty(connection)
    finally:
        await there.close()


async def _is_empty(connection: AsyncConnection) -> None:
    """Raises Unusable for a database with anything in it that a restored copy would overwrite."""
    found = {table.name: table for table in await carrying.tables(connection)}
    rows = await carrying.counted(
        connection, [table for name, table in found.items() if name not in OF_ITSELF]
    )
    silent = "memo" in found and await connection.scalar(select(Memo.name).where(Memo.name == RESTORED))
    if any(rows.values()) or silent:
        raise Unusable(
            "the database in PARLEY_DATABASE_URL is not empty, and nothing in it was changed.\n"
            "  Set PARLEY_DATABASE_URL to a new file (sqlite:///var/restored.db) or to a new, empty\n"
            "  PostgreSQL database, and restore there."
        )


async def _filled(source: Database, target: Database, taken: Taken) -> None:
    """All of it, or nothing at all."""
    progress = Progress(taken.total, "restored")
    async with backup.snapshot(source) as there, schema.changing(target) as here:
        if not target.sqlite:
            await _made_room(here)
        await here.run_sync(schema.bring, taken.schema)
        if await carrying.carry(there, here, told=progress.told) != taken.rows:
            raise Unusable("the copy is not whole, so nothing was kept.\n  Try again: parley restore")
        await here.run_sync(schema.bring, "head")
        await _silenced(here, taken.at)
    progress.ended()


async def _made_room(connection: AsyncConnection) -> None:
    """On PostgreSQL: nobody is at work here, nothing is kept here, and empty tables of ours make way."""
    found = await connection.run_sync(schema.version_of)
    if found is None:
        await _is_empty(connection)
        return
    if found not in schema.revisions():
        raise Unusable("a newer version of Parley has used this database.\n  Restore into a new, empty one.")
    await _is_empty(connection)
    await connection.run_sync(schema.bring, "head")
    seconds = func.extract("epoch", func.clock_timestamp())
    alive = select(Heartbeat.part).where(col(Heartbeat.seen_s) > seconds - ALIVE).limit(1)
    if (await connection.execute(alive)).first() is not None:
        raise Unusable("a Parley is running on this database.\n  Stop it first: it would speak for the copy.")
    await connection.run_sync(schema.bring, "base")


async def _silenced(connection: AsyncConnection, at: datetime) -> None:
    """What a machine counts in its own seconds stays behind, and nothing starts until the copy goes live."""
    await connection.execute(delete(Heartbeat))
    await connection.execute(delete(Pace))
    await connection.execute(update(Incoming).values(retry_s=0.0))
    await connection.execute(update(Outgoing).values(retry_s=0.0, leased_until_s=0.0))
    before = await connection.scalar(select(Memo.at).where(Memo.name == RESTORED))
    if before is None:  # else it is the copy of a copy that never went live
        row = {"name": RESTORED, "value": "", "at": at}
        await connection.execute(Memo.__table__.insert(), row)  # type: ignore[attr-defined]  # a table's class
