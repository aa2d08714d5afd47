"""Promise 13: SQLite keeps its word. Many write at once in the one process; a second process is refused."""

import asyncio
import json
import random
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from bot import onlyone
from bot.settings import Settings
from storage.database import Database
from storage.memos import Memo
from storage.queues import Heartbeat
from tests import processes, proof
from tests.cast import MONDAY

pytestmark = [pytest.mark.promise, pytest.mark.parametrize("engine", ["sqlite"])]

SECONDS = proof.size(ci=3, long=60)
WRITERS, READERS, COUNTERS = 12, 4, 5


@dataclass
class Tally:
    """What was acknowledged, by counter, and what went wrong."""

    database: Database
    until: float
    kept: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    reads: int = 0

    async def write(self, chance: random.Random) -> None:
        """Read a counter, think, and write it back with a row of its own: what is lost shows in either."""
        number = 0
        while time.monotonic() < self.until:
            part, number = f"count {chance.randrange(COUNTERS)}", number + 1
            try:
                async with self.database.writing() as session:
                    row = await session.get_one(Heartbeat, part)
                    before = row.seen_s
                    await asyncio.sleep(0)
                    row.seen_s = before + 1
                    session.add(Memo(name=f"{part}:{chance.random()}", value=part, at=MONDAY))
            except Exception as error:  # noqa: BLE001 - whatever it is, it is what is counted
                self.wrong[f"{type(error).__name__}: {error}"] += 1
            else:
                self.kept[part] += 1

    async def read(self) -> None:
        """In one look the counters agree with the rows, whoever writes meanwhile."""
        while time.monotonic() < self.until:
            stored, rows = await counted(self.database)
            self.reads += 1
            self.wrong["a look saw half a write"] += stored != rows
            await asyncio.sleep(0.01)


async def counted(database: Database) -> tuple[Counter[str], Counter[str]]:
    async with database.reading() as session:
        parts = (await session.exec(select(Heartbeat))).all()
        rows = Counter((await session.exec(select(Memo.value))).all())
    return Counter({row.part: int(row.seen_s) for row in parts}), rows


@asynccontextmanager
async def looked_at(url: str) -> AsyncIterator[dict[str, Any]]:
    """Meanwhile another process looks, as `parley doctor` does; what it found stands there afterwards."""
    pipe = asyncio.subprocess.PIPE
    command = (sys.executable, "-m", "tests.onlooker", url)
    looking = await asyncio.create_subprocess_exec(
        *command, stdin=pipe, stdout=pipe, env=processes.environment({}), cwd=processes.ROOT
    )
    found: dict[str, Any] = {}
    try:
        yield found
    finally:
        said, _ = await looking.communicate(b"")
        found.update(json.loads(said))


async def _second(url: str, folder: Path) -> tuple[int | None, str]:
    """How a second process on the same file ends, and what it says."""
    second = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "run"),
        env=processes.environment({"PARLEY_DATABASE_URL": url, "PARLEY_BOT_TOKEN": "42:nobody"}),
        stderr=asyncio.subprocess.PIPE,
        cwd=folder,
    )
    _, said = await second.communicate()
    return second.returncode, said.decode()


async def test_writers_in_one_process_lose_nothing_and_a_second_process_is_refused(
    database: Database, database_url: str, tmp_path: Path, note: Callable[..., None]
) -> None:
    async with database.writing() as session:
        session.add_all(Heartbeat(part=f"count {one}", seen_s=0, seen_at=MONDAY) for one in range(COUNTERS))
    tally = Tally(database, time.monotonic() + SECONDS)

    with onlyone.holding(Settings(database_url=database_url)):
        async with looked_at(database_url) as looks, asyncio.TaskGroup() as group:
            for number in range(WRITERS):
                group.create_task(tally.write(random.Random(number)))
            for _ in range(READERS):
                group.create_task(tally.read())
            code, said = await _second(database_url, tmp_path)

    stored, rows = await counted(database)
    lost = (tally.kept - stored).total() + (tally.kept - rows).total()
    wrong = +tally.wrong + Counter(looks["wrong"])
    note(
        13,
        engine="sqlite",
        seconds=SECONDS,
        updates=tally.kept.total(),
        lost=lost,
        locked=sum(times for what, times in wrong.items() if "locked" in what),
        looks_meanwhile=tally.reads + looks["looks"],
        second_process="refused" if code == 1 else f"ended with {code}",
    )
    assert wrong == {}
    assert (stored, rows) == (tally.kept, tally.kept)
    assert min(tally.kept.total(), tally.reads, looks["looks"]) > SECONDS
    assert code == 1
    assert "another Parley is using" in said
