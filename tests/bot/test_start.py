"""Starting and stopping real processes: quick, light, alone on SQLite, and clean at the end."""

import asyncio
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from storage.queues import Outgoing
from tests import crowd, processes
from tests.bot.conftest import Stage
from tests.cast import OPENS
from tests.mailbag import Mailbag
from tests.processes import until
from tests.sandbox_process import Sandbox

pytestmark = [pytest.mark.alone, pytest.mark.kill]

HEAVY = (
    "aiogram",
    "rich",
    "matplotlib",
    "seaborn",
    "plotly",
    "bokeh",
    "altair",
    "pandas",
    "resvg_py",
    "alembic",
)
STARTS = 5
QUICK = 3.0
IMPORTS = """
import sys
from contextlib import suppress
from bot.__main__ import main
sys.argv[1:] = ["--version"]
with suppress(SystemExit):
    main()
from bot import house, web
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


def test_running_imports_nothing_heavy() -> None:
    told = subprocess.run(
        [sys.executable, "-c", IMPORTS],
        capture_output=True,
        text=True,
        check=True,
        env=processes.environment({}),
    )

    assert set(told.stdout.split()) & set(HEAVY) == set()


async def _answered(sandbox: Sandbox, seen: int) -> bool:
    page: dict[str, Any] = await sandbox.control("GET", f"journal?since={seen}&kind=call")
    return any(entry["method"] == "sendMessage" and entry["ok"] for entry in page["entries"])


def _queued(pid: int) -> float:
    """For how long a busy machine let this process wait for a processor; that is not its own slowness."""
    waited = Path(f"/proc/{pid}/schedstat")
    return int(waited.read_text().split()[1]) / 1e9 if waited.exists() else 0.0


async def test_from_start_to_the_first_answer_takes_less_than_three_seconds(
    stage: Stage, world: Sandbox, request: pytest.FixtureRequest
) -> None:
    if not stage.on_sqlite:
        pytest.skip("the one process of the promise is the one on SQLite")
    await world.control("POST", "users", {"id": 5, "first_name": "Somebody"})
    took = []
    for _ in range(1 + STARTS):
        await world.control("POST", "phones/5/start", {})
        seen = (await world.control("GET", "journal?since=999999999"))["next"]
        began = time.monotonic()
        parley = stage.parley("run", world, module="bot", pace=1).start()
        await until(lambda seen=seen: _answered(world, seen), every=0.02)  # type: ignore[misc]  # the loop's own
        took.append(time.monotonic() - began - _queued(parley.pid))
        assert parley.stop() == 0

    request.node.user_properties.append(("seconds", statistics.median(took[1:])))
    assert statistics.median(took[1:]) < QUICK, took


async def test_a_second_process_on_the_same_file_is_refused(stage: Stage, world: Sandbox) -> None:
    if not stage.on_sqlite:
        pytest.skip("PostgreSQL takes many")
    first = stage.parley("run", world).start()
    await until(lambda: asyncio.to_thread(lambda: '"running"' in first.log))

    second = stage.parley("run", world).start()
    assert second.process is not None
    code = await asyncio.to_thread(second.process.wait, 30)

    assert code == 1
    assert "another Parley is using" in second.log
    assert "PARLEY_DATABASE_URL" in second.log
    assert first.stop() == 0


async def test_told_to_stop_it_finishes_what_is_on_its_way(stage: Stage, world: Sandbox) -> None:
    people = await crowd.seated(stage.database, 60)
    await asyncio.to_thread(crowd.phones, world, people.accounts)
    await world.control("POST", "limits", {"scale": 3})
    await world.control(
        "POST", "faults", {"rules": [{"do": "hang", "method": "sendMessage", "share": 0.2, "seconds": 0.5}]}
    )
    stage.calendar.move(OPENS)
    bag = Mailbag(world)
    parleys = [stage.parley("run" if stage.on_sqlite else "worker", world).start()]
    if not stage.on_sqlite:
        parleys.append(stage.parley("clock", world).start())

    async def some() -> bool:
        return await bag.count() >= 10

    await until(some)
    codes = [parley.stop() for parley in parleys]

    await asyncio.sleep(0.6)
    delivered = await bag.count()
    async with stage.database.reading() as session:
        rows = (await session.exec(select(Outgoing))).all()
    assert codes == [0] * len(parleys)
    assert {row.state for row in rows} <= {"pending", "retry", "sent"}
    assert sum(row.state == "sent" for row in rows) == delivered
    assert not any(row.uncertain for row in rows)


async def test_a_database_that_is_away_is_named_with_what_to_do(stage: Stage, world: Sandbox) -> None:
    stage.url = "postgresql://parley:hunter2@127.0.0.1:9/nowhere"
    parley = stage.parley("run", world).start()
    assert parley.process is not None

    code = await asyncio.to_thread(parley.process.wait, 30)

    assert code == 1
    assert "PostgreSQL at 127.0.0.1, port 9, does not answer" in parley.log
    assert "hunter2" not in parley.log
    assert "Traceback" not in parley.log


async def test_a_taken_port_ends_the_start_with_what_to_do(stage: Stage, world: Sandbox) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        command = "run" if stage.on_sqlite else "clock"
        parley = stage.parley(command, world, port=other.getsockname()[1]).start()
        assert parley.process is not None

        code = await asyncio.to_thread(parley.process.wait, 30)

    assert code == 1
    assert "PARLEY_PORT" in parley.log
    assert "Traceback" not in parley.log
