"""`parley` with every library at its loudest, and with what a careless change might add: warnings, bare
tracebacks of tasks and threads, access logs, SQL echoed.

`python -m tests.loud run`; MARKS names what must not be heard, so that the planted failures hold it.
"""

import asyncio
import logging
import os
import sys
import threading
import warnings
from typing import Any

import uvicorn

from bot import logs, ticking
from bot.handling import Handler
from tests import hurried

MARKS = os.environ.get("MARKS", "")


class Overheard(Exception):  # noqa: N818 - it is not an error of ours
    """Raised on purpose, with words in it that somebody wrote."""


def _set_up(level: str) -> None:
    _quiet_set_up(level)
    for name in list(logging.root.manager.loggerDict):
        logging.getLogger(name).setLevel(logging.DEBUG)


def _quiet_set_up(level: str) -> None:
    logs.QUIET = ()  # type: ignore[assignment]  # on purpose
    _original(level)


_original = logs.set_up
_tick = ticking.tick
_run = Handler.run


async def _careless(self: Handler, stop: asyncio.Event) -> None:
    """Everything a process can say without asking us, said once with the marks in it."""

    async def fail() -> None:
        words = MARKS  # a local, as a traceback with locals would show it
        raise Overheard(words)

    asyncio.get_running_loop().set_debug(True)
    task = asyncio.create_task(fail())
    await asyncio.wait([task])
    del task
    thread = threading.Thread(target=lambda: _fail_now(MARKS))
    thread.start()
    thread.join()
    warnings.warn(f"somebody wrote {MARKS}", stacklevel=1)
    logging.getLogger("sqlalchemy.engine").info("INSERT ... %r", (MARKS,))
    logging.getLogger("httpx").debug("POST %s", MARKS, extra={"body": MARKS}, stack_info=True)
    try:
        _fail_now(MARKS)
    except Overheard:
        logging.getLogger("telegram.ext").exception("No handler for %s", MARKS)
    logging.getLogger("broken").info("%d", MARKS)
    await _run(self, stop)


def _fail_now(words: str) -> None:
    raise Overheard(words)


async def _failing_tick(*args: Any, **more: Any) -> int:  # noqa: ANN401 - handed on as it is
    steps = await _tick(*args, **more)
    if steps:
        raise Overheard(MARKS)
    return steps


def main() -> None:
    logs.set_up = _set_up
    Handler.run = _careless  # type: ignore[method-assign]  # on purpose
    ticking.tick = _failing_tick
    config = uvicorn.Config.__init__

    def with_access_log(self: uvicorn.Config, *args: Any, **more: Any) -> None:  # noqa: ANN401 - handed on
        config(self, *args, **more | {"access_log": True, "log_level": "trace"})

    uvicorn.Config.__init__ = with_access_log  # type: ignore[method-assign]  # on purpose
    try:
        hurried.main()
    finally:
        sys.stdout.flush()


if __name__ == "__main__":
    main()
