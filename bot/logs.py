"""Structured logs, one JSON line an event, with no secret and no answer in them."""

import logging
import re
import sys
import threading
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

# A bot token stands in every request's address, whoever logs it.
TOKEN = re.compile(r"\d{3,}:[A-Za-z0-9_-]{10,}")
HIDDEN = "[hidden]"
HOUSE = str(Path(__file__).parent.parent)
# Libraries that print requests, payloads or SQL parameters at their lower levels.
QUIET = (
    "aiohttp",
    "aiosqlite",
    "alembic",
    "apscheduler",
    "asyncio",
    "httpcore",
    "httpx",
    "psycopg",
    "sqlalchemy",
    "telegram",
    "uvicorn",
)

log = structlog.get_logger(__name__)


def redact(_logger: WrappedLogger, _method: str, line: str) -> str:
    return TOKEN.sub(HIDDEN, line)


def place(error: BaseException) -> str:
    """Where an error came up: our own last line, and the line that raised it. No word of what it says."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if frame.filename.startswith(HOUSE) and ".venv" not in frame.filename]
    told = [*ours[-1:], *frames[-1:]]
    return " > ".join(dict.fromkeys(f"{Path(frame.filename).name}:{frame.lineno}" for frame in told))


def named(error: BaseException) -> Iterator[tuple[str, str]]:
    """An error's name and place; of a group, those of all that are in it."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from named(inner)
    else:
        yield type(error).__name__, place(error)


def without_traceback(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """A traceback repeats what was being handled; keep each error's name and place only."""
    found = event.pop("exc_info", None)
    event.pop("stack_info", None)
    if found is True:  # structlog's `exception`: the one being handled
        found = sys.exc_info()
    error = found[1] if isinstance(found, tuple) else found
    if isinstance(error, BaseException):
        pairs = list(named(error))
        event["error"] = ", ".join(dict.fromkeys(name for name, _ in pairs))
        event["at"] = ", ".join(dict.fromkeys(where for _, where in pairs))
    return event


def foreign(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """What a library says is kept to its name and level: its words may hold what a person wrote."""
    record = event.get("_record")
    if record is not None:
        event["event"] = f"{record.name}:{record.funcName}"
        event.pop("positional_args", None)
    return event


def set_up(level: str) -> None:
    """From here on everything this process says is one of our lines, whoever says it and however it ends."""
    shared: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso"),
        without_traceback,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[foreign, *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
                redact,  # type: ignore[list-item]  # behind the renderer an event is its line
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level)))
    logging.raiseExceptions = False  # a record that cannot be written would be printed with its arguments
    _hold_last_words()


def _hold_last_words() -> None:
    """Python prints warnings, and what nobody caught, with all they hold; let them come through here."""
    sys.excepthook = _crashed
    threading.excepthook = _thread_crashed
    sys.unraisablehook = _ignored
    warnings.showwarning = _warned


def _crashed(kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    log.critical("crashed", exc_info=error)


def _thread_crashed(args: threading.ExceptHookArgs) -> None:
    log.error("thread_crashed", exc_info=args.exc_value)


def _ignored(args: "sys.UnraisableHookArgs") -> None:
    log.error("error_ignored", exc_info=args.exc_value)


def _warned(  # noqa: PLR0917 - the signature is Python's
    message: Warning | str,  # noqa: ARG001 - it may quote what was being handled
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,  # noqa: ARG001 - the signature is Python's
    line: str | None = None,  # noqa: ARG001 - the signature is Python's
) -> None:
    log.warning("warned", error=category.__name__, at=f"{Path(filename).name}:{lineno}")
