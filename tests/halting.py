"""`parley` that kills itself, once, at a chosen point of its clock's work.

`python -m tests.halting clock`; HALT_AT is "inside" (all is written, nothing committed) or "after" (it is
committed, and nobody knows yet); HALT_COMMITS says which of the clock's commits, of those that change rows.
Into the file LOOKED it writes the moment of the calendar by which it has last done whatever was due.
"""

import os
import signal
import sys
from contextvars import ContextVar
from datetime import datetime
from pathlib import Path

from sqlalchemy import event
from sqlalchemy.orm import Session, UOWTransaction

from bot import ticking
from storage.database import Database
from tests import hurried

keeping_time: ContextVar[bool] = ContextVar("keeping_time", default=False)
seen = 0


def main() -> None:
    tick = ticking.tick

    async def marked(database: Database, *, operator: int = 0, now: datetime) -> int:
        keeping_time.set(True)
        try:
            steps = await tick(database, operator=operator, now=now)
        finally:
            keeping_time.set(False)
        _looked(now)
        return steps

    ticking.tick = marked
    event.listen(Session, "after_flush", _flushed)
    event.listen(Session, "before_commit", _about_to_commit)
    event.listen(Session, "after_commit", _committed)
    hurried.main()


def _looked(now: datetime) -> None:
    if file := os.environ.get("LOOKED"):
        Path(file).write_text(now.isoformat(), encoding="ascii")


def _flushed(session: Session, _: UOWTransaction) -> None:
    session.info["wrote"] = keeping_time.get()


def _about_to_commit(session: Session) -> None:
    global seen  # noqa: PLW0603 - one process, one count
    session.flush()
    if session.info.get("wrote"):
        seen += 1
        _halt("inside")


def _committed(session: Session) -> None:
    if session.info.pop("wrote", False):
        _halt("after")


def _halt(where: str) -> None:
    if where == os.environ.get("HALT_AT") and seen == int(os.environ["HALT_COMMITS"]):
        sys.stderr.write(f"halted {where}\n")
        sys.stderr.flush()
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
