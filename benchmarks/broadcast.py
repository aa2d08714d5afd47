"""A round's invitations to everybody, under Telegram's own limits: how near to them, and no step beyond.

1,500 members, and 10,000 with PARLEY_PROOF=long (six and a half minutes an engine).
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any

from benchmarks import ground
from benchmarks.figures import Figure, at_least, at_most
from benchmarks.ground import Ground
from bot import clock, pace
from storage import schema
from storage.database import Database
from tests import crowd, proof
from tests.cast import MONDAY, OPENS
from tests.sandbox_process import Sandbox

MEMBERS = proof.size(ci=1500, long=10_000)
SHARE = 0.95
TELEGRAM = 30
COMMANDS = {"SQLite": ("run",), "PostgreSQL": ("worker", "clock")}
LOOK = 2.0


def figures(at: Ground) -> Iterator[Figure]:
    for engine in ground.ENGINES:
        calls = _broadcast(at, engine)
        sent = [call["machine"] for call in calls if call["method"] == "sendMessage" and call["ok"]]
        rate, what = (len(sent) - 1) / (sent[-1] - sent[0]), f"{len(sent):,} invitations, {engine}"
        yield Figure(what, rate, "a second")
        yield at_least(SHARE, "the same beside the pacing budget", rate / pace.A_SECOND, "times")
        yield at_most(TELEGRAM, "most in any second", _most(sent), "")
        yield at_most(0, "refused with 429", sum(call["error_code"] == 429 for call in calls), "")  # noqa: PLR2004 - HTTP


def _most(sent: list[float]) -> int:
    """The most calls in any window of a second."""
    first, most = 0, 0
    for last, moment in enumerate(sent):
        while sent[first] <= moment - 1:
            first += 1
        most = max(most, last - first + 1)
    return most


def _broadcast(at: Ground, engine: str) -> list[dict[str, Any]]:
    """All calls to the Bot API while everybody gets their invitation."""
    url, calendar = at.database(engine), at.home / "calendar"
    asyncio.run(_seated(url))
    clock.move(calendar, MONDAY)
    with at.sandbox(scale=1) as sandbox, ExitStack() as running:
        sandbox.ask("POST", "limits", {"off": True})
        crowd.phones(sandbox, range(crowd.FIRST, crowd.FIRST + MEMBERS))
        sandbox.ask("POST", "limits", {"off": False})
        seen = sandbox.ask("GET", "journal?since=999999999")["next"]
        for command in COMMANDS[engine]:
            parley = at.parley(command, sandbox, url, clock_file=calendar, log_level="ERROR")
            running.enter_context(closing(parley)).start()
        clock.move(calendar, OPENS)
        return _until_all_have_it(sandbox, seen)


async def _seated(url: str) -> None:
    database = Database(url)
    await schema.migrate(database)
    await crowd.seated(database, MEMBERS)
    await database.close()


def _until_all_have_it(sandbox: Sandbox, seen: int) -> list[dict[str, Any]]:
    calls: list[dict[str, Any]] = []
    patience = time.monotonic() + 60 + 4 * MEMBERS / pace.A_SECOND
    while sum(call["method"] == "sendMessage" and call["ok"] for call in calls) < MEMBERS:
        if time.monotonic() > patience:
            raise TimeoutError
        time.sleep(LOOK)
        page = sandbox.ask("GET", f"journal?kind=call&since={seen}")
        calls, seen = calls + page["entries"], page["next"]
    return calls
