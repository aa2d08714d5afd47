"""Errors of the database that pass: it is away, full, or had two of us wait for each other."""

from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout


class PassingError(OperationalError):
    """The database could not do it now. Nothing is wrong with what was asked: later it may work."""

    def __init__(self, original: BaseException) -> None:
        # Without its statement: nobody needs to read, in a log, what was to be written.
        super().__init__(None, None, original)


class DatabaseAwayError(PassingError):
    """The database cannot be reached, is starting or stopping, or let go of us."""


class DiskFullError(PassingError):
    """There is no room left where the database writes."""


class CollidedError(PassingError):
    """Two transactions waited for each other, and this one had to give way."""


# What may be tried again as it is, and is no fault of the row that was being worked on.
ERRORS = (PassingError, PoolTimeout)

# By SQLite's own numbers: busy, locked, out of memory, read only, a disk that fails, no file to open.
SQLITE_AWAY, SQLITE_FULL = (5, 6, 7, 8, 10, 14), 13
# By PostgreSQL's classes of errors: connection, resources, an operator's word, its system, idle for too long.
POSTGRES_AWAY, POSTGRES_FULL, POSTGRES_COLLIDED = ("08", "53", "57", "58", "25P03"), "53100", "40"


def name(engine: Engine) -> None:
    """From here on what passes has a name of its own: to be tried again, and to be read in a log."""

    @event.listens_for(engine, "handle_error")
    def renamed(context: ExceptionContext) -> None:
        kind = kind_of(context.original_exception)
        # The pool looks at a connection before it gives it out, and makes a new one if it is gone.
        if kind is not None and not context.is_pre_ping:
            raise kind(context.original_exception) from context.original_exception


def kind_of(error: BaseException) -> type[PassingError] | None:
    """Which kind of passing trouble a driver's error is; None if it is no such trouble."""
    number = getattr(error, "sqlite_errorcode", None)
    if number is not None:
        return _on_sqlite(number & 0xFF)  # the rest says more exactly what it is
    return _on_postgres(error) if hasattr(error, "sqlstate") else None


def _on_sqlite(number: int) -> type[PassingError] | None:
    if number == SQLITE_FULL:
        return DiskFullError
    return DatabaseAwayError if number in SQLITE_AWAY else None


def _on_postgres(error: BaseException) -> type[PassingError] | None:
    state: str | None = getattr(error, "sqlstate", None)
    if state is None:  # the driver's own word: it could not connect, or the connection was lost
        return DatabaseAwayError if type(error).__name__ == "OperationalError" else None
    if state == POSTGRES_FULL:
        return DiskFullError
    if state.startswith(POSTGRES_COLLIDED):
        return CollidedError
    return DatabaseAwayError if state.startswith(POSTGRES_AWAY) else None
