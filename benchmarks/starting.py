"""From starting the process to the first answer on a phone."""

import statistics
import time
from collections.abc import Iterator

from benchmarks import ground
from benchmarks.figures import Figure, at_most
from benchmarks.ground import Ground
from tests.sandbox_process import Sandbox

STARTS = 5
AIM = 3.0
USER = 7001


def figures(at: Ground) -> Iterator[Figure]:
    with at.sandbox(scale=1) as sandbox:
        sandbox.ask("POST", "users", {"id": USER, "first_name": "Ada"})
        database = at.database("SQLite")
        # The first warms byte code and makes the database.
        seconds = [_started(at, sandbox, database) for _ in range(1 + STARTS)][1:]
    yield at_most(AIM, f"start to first answer, SQLite (median of {STARTS})", statistics.median(seconds), "s")


def _started(at: Ground, sandbox: Sandbox, database: str) -> float:
    before = _answers(sandbox)
    sandbox.ask("POST", f"phones/{USER}/start", {})
    parley = at.parley("run", sandbox, database)
    begun = time.perf_counter()
    parley.start()
    try:
        ground.wait(lambda: _answers(sandbox) > before)
        return time.perf_counter() - begun
    finally:
        parley.stop()
        parley.close()


def _answers(sandbox: Sandbox) -> int:
    chats = sandbox.ask("GET", f"phones/{USER}")["chats"]
    return sum(not message["mine"] for chat in chats for message in chat["messages"])
