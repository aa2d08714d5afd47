"""`make bench`: what Parley costs on this machine. Medians of several; ratios are of the same run."""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import updates
from storage import schema
from storage.database import Database
from tests import postgres, sandbox_process
from tests.sandbox_process import Sandbox

STARTS = 5
DEMOS = 3


def main() -> None:
    say(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores. Other work on it makes these worse.")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with running_sandbox(home) as sandbox:
            starting(sandbox, home)
        for name, url in engines(home):
            asyncio.run(storing(name, url))
        six_weeks(home)


def say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - its output is its purpose


@contextmanager
def running_sandbox(home: Path) -> Iterator[Sandbox]:
    sandbox = sandbox_process.start(home, scale=1000)
    yield sandbox
    sandbox.stop()


def engines(home: Path) -> Iterator[tuple[str, str]]:
    yield "SQLite", f"sqlite+aiosqlite:///{home / 'bench.db'}"
    server = postgres.start(durable=True)
    yield "PostgreSQL", postgres.create_database(server, "bench")
    server.stop()


def environment(sandbox: Sandbox, home: Path) -> dict[str, str]:
    """A product's environment: byte code kept, nothing measured twice."""
    left_out = ("PYTHONDONTWRITEBYTECODE", "COVERAGE_PROCESS_CONFIG")
    inherited = {name: value for name, value in os.environ.items() if name not in left_out}
    return inherited | {
        "PARLEY_BOT_TOKEN": sandbox.token,
        "PARLEY_API_BASE": sandbox.url,
        "PARLEY_DATABASE_URL": f"sqlite:///{home / 'start.db'}",
        "PARLEY_PACE": "1000",
    }


def starting(sandbox: Sandbox, home: Path) -> None:
    """From starting the process to the answer on the phone."""
    seconds, memory = [], []
    user = sandbox.ask("POST", "users", {"id": 7001, "first_name": "Ada"})["id"]
    for _ in range(STARTS + 1):  # the first warms byte code and makes the database
        before = answers(sandbox, user)
        sandbox.ask("POST", f"phones/{user}/start", {})
        begun = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "bot", "run"], env=environment(sandbox, home), stderr=subprocess.DEVNULL
        )
        wait(lambda before=before: answers(sandbox, user) > before)  # type: ignore[misc]  # bound per turn
        seconds.append(time.perf_counter() - begun)
        memory.append(resident(process.pid))
        process.terminate()
        process.wait(30)
    say(f"start to first answer: {statistics.median(seconds[1:]):.2f} s (median of {STARTS}, aim 3 s)")
    say(f"memory then: {statistics.median(memory[1:]):.0f} MB resident")


def answers(sandbox: Sandbox, user: int) -> int:
    chats = sandbox.ask("GET", f"phones/{user}")["chats"]
    return sum(not message["mine"] for chat in chats for message in chat["messages"])


def wait(until: Callable[[], bool], patience: float = 60.0) -> None:
    end = time.monotonic() + patience
    while not until():
        if time.monotonic() > end:
            raise TimeoutError("The bot did not answer.")
        time.sleep(0.02)


def resident(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


async def storing(name: str, url: str) -> None:
    """Updates stored in batches and one by one, and handled, a second."""
    database = Database(url)
    await schema.migrate(database)
    figures = [await updates.measure(database) for _ in range(3)]
    await database.close()
    stored, single, handled = (statistics.median(column) for column in zip(*figures, strict=True))
    say(
        f"{name}: {stored:,.0f} updates stored a second in batches of {updates.BATCH}"
        f" ({stored / single:.1f} times single-row commits), {handled:,.0f} handled (medians of 3)"
    )


def six_weeks(home: Path) -> None:
    runs: list[dict[str, Any]] = []
    for _ in range(DEMOS):
        file = home / "demo.json"
        subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-m", "bot", "demo", "--headless", "--weeks", "6", "--json", str(file)],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        runs.append(json.loads(file.read_text(encoding="utf-8")))
    seconds, kept = statistics.median(run["seconds"] for run in runs), [run["answers"] for run in runs]
    say(f"six simulated weeks: {seconds:.0f} s (median of {DEMOS}; aim 60 s), answers kept {kept}")
    peak = [run["peak_mb"] for run in runs if "peak_mb" in run]
    if peak:
        say(f"peak memory of the product meanwhile: {max(peak):.0f} MB (aim 130 MB)")


if __name__ == "__main__":
    main()
