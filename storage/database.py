"""The one door to the database: SQLite in one process, PostgreSQL in several."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import quote

from sqlalchemy import ColumnElement, Float, event, literal, literal_column, select, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from storage import digests, hops, members, memos, partnerships, passing, queues, raised, rounds

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql

# Every module with tables; importing this one makes SQLModel's metadata whole.
NOUNS = (partnerships, members, rounds, raised, digests, queues, memos)

# Key-value pairs SQLite must be told on every connection; FULL is what makes "kept" true after a power cut.
PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "busy_timeout=15000",
    "foreign_keys=ON",
    "secure_delete=ON",
    # In KiB, a connection: the system keeps the file's pages anyway, and each of ours kept up to 2 MB more.
    "cache_size=-256",
)
# Who only looks leaves the journal's mode alone: to set it is to write.
READING_PRAGMAS = ("busy_timeout=15000", "query_only=ON")

# Connections to PostgreSQL that a process keeps, and how many more it may take for a moment.
POOL, POOL_MORE = 8, 4
# Seconds after which PostgreSQL lets go of what somebody holds who is heard of no more. Nobody of ours does
# anything else for so long within a transaction.
LET_GO = 10.0
# What every connection to PostgreSQL is told. A machine that vanished while it held the pace's row would hold
# up all others for as long as the network believes in it: hours, unless told.
CONNECTING = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
    # Compiling a statement takes longer than any of ours does.
    "options": "-c jit=off -c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3",
}

SERVER_SECONDS: ColumnElement[float] = literal_column(
    "extract(epoch FROM clock_timestamp())::float8", Float()
)
OTHER_WAYS = ("sort", "seqscan", "bitmapscan", "hashjoin", "mergejoin", "material")
BY_INDEX = text("SELECT " + ", ".join(f"set_config('enable_{way}', 'off', true)" for way in OTHER_WAYS))


class Database:
    """Sessions to read and to write with. Writers on SQLite queue here, not on the file's lock."""

    def __init__(self, url: str | URL, *, read_only: bool = False) -> None:
        """`read_only`: on SQLite the file is opened to be looked at, while another process may be at work."""
        self.url = make_url(url)
        self.sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = _engine(self.url, sqlite=self.sqlite, read_only=read_only)
        self._one_writer = asyncio.Lock()

    @classmethod
    def in_file(cls, file: Path, *, read_only: bool = False) -> Self:
        """On SQLite, whatever the file is called."""
        return cls(URL.create("sqlite+aiosqlite", database=str(file)), read_only=read_only)

    @asynccontextmanager
    async def writing(self, *, brief: bool = False, lasting: bool = True) -> AsyncIterator[AsyncSession]:
        """One transaction, committed at the end and rolled back by any exception.

        `brief`: its statements touch a few rows by their keys, so that nobody is held up who runs beside it.
        Not `lasting`: nobody waits for the disk, and what it wrote may be gone after a power cut.
        """
        async with AsyncExitStack() as stack:
            stack.enter_context(hops.briefly(wanted=brief))
            if self.sqlite:
                await stack.enter_async_context(self._one_writer)
            engine = self.engine if lasting else self.engine.execution_options(lasting=False)
            session = await stack.enter_async_context(AsyncSession(engine, expire_on_commit=False))
            await stack.enter_async_context(session.begin())
            yield session

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """A look at what is committed; nothing written here is kept."""
        engine = self.engine.execution_options(reading=True)
        with hops.at_length():  # whoever writes briefly may look at more
            async with AsyncSession(engine, expire_on_commit=False) as session:
                yield session

    async def machine_seconds(self, session: AsyncSession) -> float:
        """Machine time, the same for every process that shares this database; never simulated."""
        if self.sqlite:  # one process only, so its own monotonic clock will do
            return time.monotonic()
        return float(await (await session.connection()).scalar(select(SERVER_SECONDS)) or 0)

    def seconds_now(self) -> ColumnElement[float]:
        """The same inside a statement, which saves asking for it first."""
        return literal(time.monotonic()) if self.sqlite else SERVER_SECONDS

    async def by_index(self, session: AsyncSession) -> None:
        """For the rest of this transaction rows are looked for along indexes, and never all sorted first.

        PostgreSQL goes by what it knew of a table minutes ago, when most of its rows may not have been there.
        """
        if not self.sqlite:
            await (await session.connection()).execute(BY_INDEX)

    def insert(self, table: type[SQLModel]) -> "sqlite.Insert | postgresql.Insert":
        """An INSERT that can say what to do about a row that is already there."""
        if self.sqlite:
            return sqlite.insert(table)
        from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - 2 MB that SQLite alone does not need

        return postgresql.insert(table)

    async def close(self) -> None:
        await self.engine.dispose()


def _engine(url: URL, *, sqlite: bool, read_only: bool) -> AsyncEngine:
    engine = (_sqlite if sqlite else _postgres)(url, read_only=read_only)
    passing.name(engine.sync_engine)
    return engine


def _postgres(url: URL, *, read_only: bool) -> AsyncEngine:  # noqa: ARG001 - as for SQLite; readers harm nobody here
    let_go = f" -c idle_in_transaction_session_timeout={round(1000 * LET_GO)}"
    told = CONNECTING | {"options": f"{CONNECTING['options']}{let_go}"}
    engine = create_async_engine(
        url,
        pool_size=POOL,
        max_overflow=POOL_MORE,
        # A look costs a round trip; without it each connection would fail once after the server's restart.
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={name: value for name, value in told.items() if name not in url.query},
    )

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        if not _lasts(connection):
            connection.exec_driver_sql("SET LOCAL synchronous_commit = off")

    return engine


def _sqlite(url: URL, *, read_only: bool) -> AsyncEngine:
    pragmas = READING_PRAGMAS if read_only else PRAGMAS
    if read_only:
        url = url.set(database=f"file:{quote(url.database or '')}").update_query_dict(
            {"mode": "ro", "uri": "true"}
        )
    # Each connection costs memory: a thread, pages, prepared statements (128 unless told). Two are enough for
    # all but 2 in 100 moments of the demo, and preparing a statement costs next to nothing.
    # What is brief runs in our own thread, the rest in the connection's, and never both at once.
    how = {"cached_statements": 32, "check_same_thread": False, "async_creator_fn": hops.connect}
    engine = create_async_engine(url, pool_size=2, max_overflow=4, hide_parameters=True, connect_args=how)

    @event.listens_for(engine.sync_engine, "connect")
    def tell_pragmas(connection: DBAPIConnection, _record: object) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, below
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        # A writer that begins as a reader may fail to be promoted; IMMEDIATE lost nothing when measured.
        reading = read_only or connection.get_execution_options().get("reading")
        if not reading and _lasts(connection) != connection.info.get("lasts", True):
            connection.info["lasts"] = _lasts(connection)
            connection.exec_driver_sql(f"PRAGMA synchronous={'FULL' if _lasts(connection) else 'NORMAL'}")
        with hops.at_length():  # another program may hold the file: that is waited for in its own thread
            connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


def _lasts(connection: Connection) -> bool:
    return bool(connection.get_execution_options().get("lasting", True))
