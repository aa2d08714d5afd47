"""What `parley doctor` finds in the database, without changing anything in it."""

import errno
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot import health, onlyone, plainly, silence, telegram
from bot.findings import Finding, wrong
from bot.settings import Settings, Unusable
from storage import schema
from storage.database import Database
from storage.memos import NUMBER, Memo
from storage.partnerships import Partnership
from storage.queues import Incoming, Outgoing

RECENT = timedelta(days=7)
MOUNTS = Path("/proc/mounts")
REMOTE = (
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "9p",
    "afs",
    "ceph",
    "glusterfs",
    "fuse.sshfs",
    "fuse.rclone",
)
# What to start for each part that fell silent.
COMMANDS = {
    "listening": "parley web",
    "handling": "parley worker",
    "delivery": "parley worker",
    "clock": "parley clock",
}
# Said of a person who does not want us, or a group that is gone: the facilitators see those.
THEIRS = ("forbidden", *telegram.GONE)


async def findings(settings: Settings, *, now: datetime) -> AsyncIterator[Finding]:
    file = settings.database_file
    if file is not None:
        seen = list(_file(file))
        for finding in seen:
            yield finding
        if any(finding.good or finding.name == "file_unusable" for finding in seen):
            return
    # A Parley may be running on the same file meanwhile: the doctor only looks.
    database = Database(settings.async_database_url, read_only=True)
    try:
        async for finding in _inside(settings, database, now=now):
            yield finding
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what the doctor is asked about
        what, told = plainly.of_database(settings, error)
        yield wrong("database_away", what, told=told)
    finally:
        await database.close()


def _file(file: Path) -> Iterator[Finding]:
    """What is wrong with it, or that it is not there: then there is nothing to look at in it."""
    try:
        amiss, kind, there = _barred(file), _file_system(_nearest(file.parent)), file.exists()
    except OSError as error:
        amiss, kind, there = plainly.of_file(error), "", False
    if kind in REMOTE:
        yield wrong("file_on_network", f"{file.name} lies on a network disk ({kind})")
    if amiss is not None:
        yield wrong("file_unusable", amiss[0], told=amiss[1])
    elif not there:
        yield Finding("no database yet: it is made at the first start")


def _barred(file: Path) -> tuple[str, str] | None:
    """What keeps this user from the file, or from making it. Raises OSError."""
    theirs = plainly.barred(file) or plainly.barred(_nearest(file.parent) / file.name)
    return None if theirs is None else plainly.of_owner(theirs)


def _nearest(folder: Path) -> Path:
    """The nearest folder that is there. Raises OSError where a name is too long, or a file is in the way."""
    while not folder.exists():
        folder = folder.parent
    if not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "", str(folder / "..."))
    return folder


def _file_system(folder: Path) -> str:
    """The kind of file system it lies on; "" where that cannot be told."""
    try:
        lines = MOUNTS.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    mounted = [line.split()[1:3] for line in lines if len(line.split()) > 3]  # noqa: PLR2004 - device, place, kind, options
    holding = [(place, kind) for place, kind in mounted if folder.is_relative_to(place.replace("\\040", " "))]
    return max(holding, key=lambda one: len(one[0]), default=("", ""))[1]


async def _inside(settings: Settings, database: Database, *, now: datetime) -> AsyncIterator[Finding]:
    if settings.database_file is not None:
        plainly.looked_into(settings.database_file)
    found = await schema.version(database)
    if (amiss := await plainly.encoded(settings, database)) is not None:
        yield wrong("database_encoding", amiss[0], told=amiss[1])
        return
    if found != schema.HEAD:
        yield _schema(found)
        return
    yield Finding(f"database at schema {found}")
    silent = await silence.since(database)
    if silent is not None:
        at = silence.moment(silent)
        yield wrong("database_silent", f"this database was restored from the backup of {at}, and is silent")
    yield await _parts(settings, database)
    async with database.reading() as session:
        for finding in (
            await _bot(settings, session),
            await _parked(session, now=now),
            await _dead(session, now=now),
            *[zone async for zone in _zones(session)],
        ):
            if finding is not None:
                yield finding


def _schema(found: str | None) -> Finding:
    name = "schema_newer" if found is not None and found > schema.HEAD else "schema_older"
    return wrong(name, f"the database has schema {found or 'none'}, not {schema.HEAD}")


async def _parts(settings: Settings, database: Database) -> Finding:
    """Who is running here, by their signs of life; on SQLite also by whoever holds the file."""
    report = await health.report(database, up=health.LATE + 1)
    alive = {part for part in health.PARTS if part not in report["late"]}
    if database.sqlite and not onlyone.held(settings):
        return Finding("no Parley is running here")
    if not database.sqlite and not alive:
        return Finding("no part of Parley has given a sign of life in the last minute")
    late = [part for part in health.PARTS if part not in alive]
    if late and onlyone.held_for(settings) < health.LATE:
        return Finding("Parley has just started, and not every part has given a sign of life yet")
    if late:
        commands = dict.fromkeys("parley run" if database.sqlite else COMMANDS[part] for part in late)
        silent = f"no sign of life for a minute: {', '.join(late)}"
        return wrong("parts_late", silent, command=" and ".join(commands))
    return Finding("Parley is running, and every part gives signs of life")


async def _bot(settings: Settings, session: AsyncSession) -> Finding | None:
    known = await session.get(Memo, NUMBER)
    try:
        ours = settings.bot_id
    except Unusable:  # told with the token
        return None
    if known is None or known.value == str(ours):
        return None
    return wrong("other_bot", f"this token is of bot {ours}, and the database belongs to bot {known.value}")


async def _parked(session: AsyncSession, *, now: datetime) -> Finding:
    wanted = select(func.count()).where(Incoming.state == "parked", col(Incoming.received_at) > now - RECENT)
    count = (await session.exec(wanted)).one()
    if count:
        return wrong("updates_parked", f"in the last week {count} messages or taps could not be handled")
    return Finding("everything that came in last week could be handled")


async def _dead(session: AsyncSession, *, now: datetime) -> Finding:
    """Letters nobody got, by our fault: not those to people who have stopped the bot."""
    wanted = (
        select(col(Outgoing.error), func.count())
        .where(Outgoing.state == "dead", col(Outgoing.not_after) > now - RECENT)
        .group_by(col(Outgoing.error))
    )
    rows = (await session.exec(wanted)).all()
    count = sum(n for error, n in rows if not any(sign in error.lower() for sign in THEIRS))
    if count:
        return wrong("letters_dead", f"in the last week {count} messages could not be delivered")
    return Finding("everything that went out last week could be delivered")


async def _zones(session: AsyncSession) -> AsyncIterator[Finding]:
    for zone in (await session.exec(select(Partnership.timezone).distinct())).all():
        try:
            ZoneInfo(zone)
        except Exception:  # noqa: BLE001 - whatever is wrong with it, no round opens by it
            yield wrong("zone_missing", f"this machine does not know the time zone {zone} of a partnership")
