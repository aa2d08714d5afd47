"""Structured logs, one JSON line an event, with no secret and no answer in them."""

import logging
import re
import sys

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

# A bot token stands in every request's address, whoever logs it.
TOKEN = re.compile(r"\d{3,}:[A-Za-z0-9_-]{10,}")
HIDDEN = "[hidden]"
# Libraries that print requests, payloads or SQL parameters at their lower levels.
QUIET = ("alembic", 
    "httpx",
    "httpcore",
    "telegram",
    "aiosqlite",
    "sqlalchemy",
    "psycopg",
    "apscheduler",
    "uvicorn",
    "asyncio",
)


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return {
        key: TOKEN.sub(HIDDEN, value) if isinstance(value, str) else value for key, value in event.items()
    }


def without_traceback(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """A traceback's last line repeats what was being handled; keep the error's name and place only."""
    found = event.pop("exc_info", None)
    error = found[1] if isinstance(found, tuple) else found
    if isinstance(error, BaseException):
        event["error"] = type(error).__name__
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        if trace is not None:
            event["at"] = f"{trace.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}"
    return event


def foreign(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """What a library says is kept to its name and level: its words may hold what a person wrote."""
    record = event.get("_record")
    if record is not None:
        event["event"] = f"{record.name}:{record.funcName}"
        event.pop("positional_args", None)
    return event


def set_up(level: str) -> None:
    shared: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso"),
        without_traceback,
    ]
    structlog.configure(
        processors=[
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
                redact,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level)))
