"""What is wrong with a file or a database that somebody named: one sentence, and what to do about it."""

import errno
import os
import pwd
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from sqlalchemy import text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import SQLAlchemyError

from bot.settings import Settings, Unusable
from storage import passing

if TYPE_CHECKING:
    from storage.database import Database

OTHER_PLACE = "Name another place for it."
# By the system's own number: what is wrong with the file that it names, and what to do.
FILES = {
    errno.ENOENT: ("cannot be found", "Check how it is written, and that its folder is there."),
    errno.EISDIR: ("is a folder, not a file", "Name a file in it."),
    errno.ENOTDIR: ("lies under a file, and only a folder can hold it", OTHER_PLACE),
    errno.EEXIST: ("is a file, where a folder should be", OTHER_PLACE),
    errno.ENAMETOOLONG: ("is too long a name", "Give it a shorter one."),
    errno.EROFS: ("is on a disk that may only be read", OTHER_PLACE),
    errno.ENOSPC: ("finds no room on its disk", "Make room there, and try again."),
    errno.ELOOP: ("is a link that leads in a circle", OTHER_PLACE),
}
# A name of hundreds of letters says no more than its beginning.
SHOWN = 80

# What PostgreSQL and its driver say, in English unless somebody told them otherwise, and what that means.
POSTGRES = (
    (r"password authentication failed", "does not take the password of user {user}", "Check the password."),
    (
        r"no password supplied",
        "wants a password for user {user}",
        "Write it behind the user, as user:password@.",
    ),
    (
        r"authentication failed for user",
        "does not let user {user} in",
        "Give it a password, or mend pg_hba.conf.",
    ),
    (r"no pg_hba.conf entry", "does not let user {user} in from this machine", "Mend pg_hba.conf there."),
    (r"role \".*\" does not exist", "knows no user {user}", "Check the name, or make it: createuser {user}"),
    (
        r"database \".*\" does not exist",
        "has no database {database}",
        "Check the name, or make it: createdb --encoding=UTF8 --owner={user} {database}",
    ),
    (r"permission denied for", "does not let user {user} do that in {database}", "Make that user its owner."),
    (
        r"resolve host|Name or service not known|could not translate",
        "is nowhere: no machine is called {host}",
        "Check the name of the host.",
    ),
    (
        r"Connection refused|No such file or directory",
        "does not answer: no program listens there",
        "Check host and port, and that PostgreSQL is running.",
    ),
    (
        r"time.?out|No route|unreachable",
        "does not answer in time",
        "Check host and port, the network, and any firewall in between.",
    ),
    (
        r"too many (clients|connections)|slots are reserved",
        "has no connection left",
        "Raise max_connections.",
    ),
    (r"is starting up|shutting down", "is just starting or stopping", "Try again in a moment."),
    (
        r"SSL|certificate",
        "and this machine do not agree about encryption",
        "Check sslmode=... in the address.",
    ),
)
# By SQLite's own number: not a database, damaged, busy, locked, full, read only.
SQLITE = {
    26: ("is no database", "If it was one, put it aside (mv) and restore a backup: parley restore FILE"),
    11: ("is damaged", "Keep it, put it aside (mv), and restore the newest backup: parley restore FILE"),
    5: ("is held by another program", "Close that one, and try again."),
    6: ("is held by another program", "Close that one, and try again."),
    13: ("finds no room on its disk", "Make room there, and try again."),
    8: ("may only be read", "Whoever runs Parley must be able to write it and its folder (chown)."),
}


@contextmanager
def naming_the_database(settings: Settings) -> Iterator[None]:
    """End with what is wrong with a database that cannot be used, and with what to do."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            raise Unusable(told(*of_database(settings, error))) from None
        raise  # it names a file, and the command line says what is wrong with that
    except (SQLAlchemyError, sqlite3.Error, UnicodeError, TypeError) as error:
        if isinstance(error, TypeError) and not is_bytes_only(settings, error):
            raise
        raise Unusable(told(*of_database(settings, error))) from None


def is_bytes_only(settings: Settings, error: Exception) -> bool:
    """PostgreSQL without any encoding gives bytes for words, and its driver's first look fails on them."""
    return settings.database_file is None and "bytes-like" in str(error)


async def encoded(settings: Settings, database: "Database") -> tuple[str, str] | None:
    """What is wrong with the encoding of a database in PostgreSQL: names are in all letters of the world."""
    if database.sqlite:
        return None
    async with database.reading() as session:
        found = await (await session.connection()).scalar(text("SHOW server_encoding"))
    return None if found == "UTF8" else of_encoding(make_url(settings.database_url), str(found))


def of_encoding(url: URL, found: str) -> tuple[str, str]:
    name = url.database or url.username or ""
    return (
        f"the database {name} in PostgreSQL has the encoding {found}, and Parley needs UTF8",
        f"Make another: createdb --template=template0 --encoding=UTF8 --owner={url.username or _us()} NAME",
    )


def told(what: str, remedy: str) -> str:
    return f"{what}.\n  {remedy}"


def of_file(error: OSError) -> tuple[str, str]:
    """What is wrong with the file that an error names, and the remedy."""
    file = Path(os.fsdecode(error.filename))
    if error.errno in (errno.EACCES, errno.EPERM):
        return of_owner(file)
    what, remedy = FILES.get(error.errno or 0, ("cannot be used", "Look at that file and its disk."))
    name = str(file) if len(str(file)) <= SHOWN else f"{str(file)[:SHOWN]}..."
    known = error.errno in FILES
    return f"{name} {what}" + ("" if known else f" ({error.strerror})"), remedy


def of_owner(file: Path) -> tuple[str, str]:
    """Whose it is that this user may not use, as far as this user may know."""
    us = _us()
    for one in (file, *file.parents):
        try:
            owner = one.owner()
        except (OSError, KeyError):
            continue
        if owner != us:
            folder = one if one.is_dir() else one.parent
            otherwise = "If" if owner == "root" else f"Start this as {owner}. Or, if"
            return (
                f"{file} may not be used by {us}: {one} belongs to {owner}",
                f"{otherwise} {us} is to run Parley, do this as root: chown -R {us}: {folder}",
            )
    return f"{file} may not be used by {us}", "Check the rights of the file and its folder (ls -la)."


def _us() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return f"user {os.geteuid()}"


def barred(file: Path) -> Path | None:
    """What of SQLite's file, and of what lies beside it, this user may not read and write."""
    beside = [file, *(file.with_name(file.name + end) for end in ("-wal", "-shm", ".lock"))]
    found = [one for one in beside if one.exists() and not os.access(one, os.R_OK | os.W_OK)]
    if found:
        return found[0]
    folder = file.parent
    return folder if folder.is_dir() and not os.access(folder, os.R_OK | os.W_OK | os.X_OK) else None


def looked_into(file: Path) -> None:
    """Raises sqlite3.Error where this is no database of SQLite."""
    with closing(sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True)) as opened:
        opened.execute("PRAGMA schema_version").fetchone()


def of_database(settings: Settings, error: Exception) -> tuple[str, str]:
    """What is wrong with the database, and the remedy. The password is never in it."""
    file = settings.database_file
    if file is not None:
        return of_sqlite(file, error)
    url = make_url(settings.database_url)
    return of_encoding(url, "SQL_ASCII") if isinstance(error, TypeError) else _of_postgres(url, error)


def of_sqlite(file: Path, error: Exception) -> tuple[str, str]:
    try:
        theirs = barred(file)
        if file.is_dir():
            raise IsADirectoryError(errno.EISDIR, "", str(file))
        if not file.parent.exists():
            file.parent.stat()
    except OSError as named:
        return of_file(named)
    if theirs is not None:
        return of_owner(theirs)
    number = getattr(getattr(error, "orig", error), "sqlite_errorcode", 0) & 0xFF
    what, remedy = SQLITE.get(
        number, ("cannot be opened", "Look at the file: if it is damaged, restore a backup.")
    )
    return f"{file} {what}", remedy


def _of_postgres(url: URL, error: Exception) -> tuple[str, str]:
    host = str(url.host or url.query.get("host") or "this machine")
    known = {"user": url.username or _us(), "database": url.database or url.username or ""}
    place = f"PostgreSQL at {host}" + (f", port {url.port}," if url.port else "")
    words = str(getattr(error, "orig", error))
    for pattern, what, remedy in POSTGRES:
        if re.search(pattern, words, re.IGNORECASE):
            facts = {**known, "host": host}
            return (
                f"{place} {what.format(**facts)}",
                f"{remedy.format(**facts)} It stands in PARLEY_DATABASE_URL.",
            )
    tried = f"as user {known['user']}, database {known['database']}"
    if isinstance(error, passing.PassingError):
        return f"{place} cannot be reached ({tried})", "Check PARLEY_DATABASE_URL, and that it is running."
    return (
        f"the database {known['database']} in PostgreSQL at {host} cannot be used by this Parley ({tried})",
        "Name an empty one of its own in PARLEY_DATABASE_URL, or restore a backup into one.",
    )
