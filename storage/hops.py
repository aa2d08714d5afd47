"""SQLite's connections: a thread each, and one hop to it a statement.

aiosqlite hops four times for a statement (make a cursor, execute, fetch, close it), and hops were a fifth of
what a tap cost. Here the first rows are fetched where the statement runs, and few statements have more. Where
all statements are brief, they need no hop at all: only a commit waits for the disk, and hops as ever.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any, Self

import aiosqlite

FIRST = 200
# Set by whoever knows that its statements touch a few rows by their keys: that takes less than a hop.
brief: ContextVar[bool] = ContextVar("brief", default=False)


@contextmanager
def briefly(*, wanted: bool = True) -> Iterator[None]:
    before = brief.set(wanted)
    try:
        yield
    finally:
        brief.reset(before)


def at_length() -> AbstractContextManager[None]:
    """For what may take a while inside a brief transaction: it leaves our own thread to the others."""
    return briefly(wanted=False)


class Cursor:
    """As much of a cursor as SQLAlchemy asks for."""

    def __init__(self, hop: Callable[..., Any], connection: aiosqlite.Connection) -> None:
        self._hop = hop
        self._connection = connection
        self._rows: list[Any] = []
        self._more: sqlite3.Cursor | None = None
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None
        self.arraysize = 1

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, statement: str, given: Sequence[Any] = ()) -> Self:
        await self._hop(self._run, sqlite3.Cursor.execute, statement, given)
        return self

    async def executemany(self, statement: str, given: Iterable[Sequence[Any]]) -> Self:
        await self._hop(self._run, sqlite3.Cursor.executemany, statement, given)
        return self

    def _run(self, how: Callable[..., Any], statement: str, given: object) -> None:
        cursor = self._connection._conn.cursor()  # noqa: SLF001 - the connection beneath, in no hop of its own
        how(cursor, statement, given)
        self.description, self.lastrowid = cursor.description, cursor.lastrowid
        self._rows = cursor.fetchmany(FIRST) if cursor.description else []
        self.rowcount = cursor.rowcount  # of what is returned by a statement that changes rows, once fetched
        self._more = cursor if len(self._rows) == FIRST else None

    async def fetchall(self) -> list[Any]:
        rows, self._rows = self._rows, []
        return rows + (await self._hop(self._more.fetchall) if self._more else [])

    async def fetchmany(self, size: int) -> list[Any]:
        """Some rows: fewer than `size` do not mean that there are no more, none do."""
        rows, self._rows = self._rows[:size], self._rows[size:]
        return rows or (await self._hop(self._more.fetchmany, size) if self._more else [])

    async def fetchone(self) -> Any:  # noqa: ANN401 - a row
        return next(iter(await self.fetchmany(1)), None)

    async def close(self) -> None:
        if self._more is not None:
            await self._hop(self._more.close)
        self._rows, self._more = [], None


class Connection(aiosqlite.Connection):
    def cursor(self) -> Cursor:  # type: ignore[override]  # SQLAlchemy enters whatever this gives
        return Cursor(self._here if brief.get() else self._execute, self)

    async def _here(self, work: Callable[..., Any], *given: object) -> Any:  # noqa: ANN401 - what the work gives
        if not self._running:
            raise ValueError("the connection is closed")
        return work(*given)


def connect(*given: Any, **options: Any) -> Connection:  # noqa: ANN401 - what sqlite3.connect takes
    """A connection to be awaited, as `aiosqlite.connect` gives one."""
    connection = Connection(partial(sqlite3.connect, *given, **options), iter_chunk_size=64)
    connection._thread.daemon = True  # noqa: SLF001 - as SQLAlchemy does: one left open must not keep us here
    return connection
