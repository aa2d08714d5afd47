"""What each process holds: after its start, and after a round with all that its members do.

500 members, and 2,000 with PARLEY_PROOF=long.
"""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import timedelta
from functools import partial
from pathlib import Path

from benchmarks import ground
from benchmarks.figures import Figure
from benchmarks.ground import Ground
from bot import clock
from storage import schema
from storage.database import Database
from tests import crowd, proof, weeks
from tests.cast import MONDAY
from tests.processes import Parley, free_port
from tests.sandbox_process import Sandbox
from tests.thumbs import Thumbs

MEMBERS = proof.size(ci=500, long=2000)
A_ROUND = timedelta(days=7, hours=1)
PACE = 10_000
AT_REST = 2.0


def figures(at: Ground) -> Iterator[Figure]:
    for engine in ground.ENGINES:
        yield from asyncio.run(_figures(at, engine))


async def _figures(at: Ground, engine: str) -> list[Figure]:
    url, calendar = at.database(engine), at.home / "calendar"
    database = Database(url)
    await schema.migrate(database)
    people = await crowd.seated(database, MEMBERS)
    clock.move(calendar, MONDAY)
    with at.sandbox(scale=PACE) as sandbox, ExitStack() as running:
        crowd.phones(sandbox, people.accounts)
        sandbox.ask("POST", "limits", {"off": True})
        parleys = _parleys(at, sandbox, url, engine, calendar)
        for parley in parleys:
            running.enter_context(closing(parley)).start()
        thumbs = Thumbs(sandbox, crowd.FIRST)
        await weeks.settled(database, thumbs, MONDAY)
        await asyncio.sleep(AT_REST)
        found = [_held(parley, engine, "after its start")[0] for parley in parleys]
        moved = partial(clock.move, calendar)
        await weeks.passed(database, thumbs, moved, begin=MONDAY, end=MONDAY + A_ROUND)
        for parley in parleys:
            found += _held(parley, engine, f"after a round of {MEMBERS:,}")
    await database.close()
    return found


def _parleys(at: Ground, sandbox: Sandbox, database: str, engine: str, calendar: Path) -> list[Parley]:
    """One process on SQLite; on PostgreSQL three."""
    given = partial(at.parley, sandbox=sandbox, database=database, clock_file=calendar, pace=PACE)
    if engine == "SQLite":
        return [given("run")]
    port = free_port()
    web = given("web", port=port, public_url=f"http://127.0.0.1:{port}")
    return [web, given("worker"), given("clock")]


def _held(parley: Parley, engine: str, when: str) -> list[Figure]:
    now, most = ground.memory(parley.pid)
    what = f"parley {parley.command}, {engine}, {when}"
    return [Figure(what, now, "MB"), Figure(f"{what}, at its peak", most, "MB")]
