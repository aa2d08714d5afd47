"""Updates stored and handled a second, and how long a tap waits, through real processes and the sandbox."""

import asyncio
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks import ground, posting
from benchmarks.figures import Figure, at_least, at_most
from benchmarks.ground import Ground
from bot import clock, ticking
from storage import schema
from storage.database import Database
from tests import crowd, tapping
from tests.cast import OPENS
from tests.processes import ROOT, Parley, free_port, until
from tests.sandbox_process import Sandbox
from tests.tapping import Tapping

RUNS = 3
PEOPLE = 50
EACH = 8  # taps of each that wait when handling begins: fewer than what is taken for a flood
STORED = 1500
UNLIMITED = 1000  # times Telegram's own limits
A_SECOND, SECONDS = 50, 20
SECRET = "bench"  # noqa: S105 - of a webhook on this machine, for a minute
WAYS = ("polling", "webhook")


def figures(at: Ground) -> Iterator[Figure]:
    for engine in ground.ENGINES:
        with at.sandbox(scale=UNLIMITED) as sandbox:
            if engine == "SQLite":
                yield Figure(f"posted to a bare webhook (median of {RUNS})", _bare(sandbox), "a second")
            yield from _stored(at, sandbox, engine)
            yield from _handled(at, sandbox, engine)


def _bare(sandbox: Sandbox) -> float:
    """Posted to python-telegram-bot alone, which stores nothing and does nothing."""
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.bare", str(port), sandbox.url, sandbox.token]
    process = subprocess.Popen(command, cwd=ROOT)  # noqa: S603 - our own program
    try:
        return asyncio.run(_posted(f"http://127.0.0.1:{port}/telegram"))
    finally:
        process.terminate()
        process.wait(10)


async def _posted(url: str) -> float:
    await until(lambda: posting.answers(url))
    return statistics.median([await posting.rate(url, STORED, secret=SECRET) for _ in range(RUNS)])


def _stored(at: Ground, sandbox: Sandbox, engine: str) -> Iterator[Figure]:
    """By a process that listens and does nothing else."""
    url = at.database(engine)
    asyncio.run(_migrated(url))
    parley = replace(at.parley("run", sandbox, url), module="benchmarks.listening")
    with closing(parley), running(parley):
        rate = statistics.median([_polled(sandbox, parley) for _ in range(RUNS)])
    yield Figure(f"updates stored by polling, {engine} (median of {RUNS})", rate, "a second")
    address = _address()
    parley = replace(at.parley("run", sandbox, url, **address), module="benchmarks.listening")
    with closing(parley), running(parley):
        rate = asyncio.run(_posted(f"{address['public_url']}/telegram"))
    yield Figure(f"updates stored by webhook, {engine} (median of {RUNS})", rate, "a second")


async def _migrated(url: str) -> None:
    database = Database(url)
    await schema.migrate(database)
    await database.close()


@contextmanager
def running(parley: Parley) -> Iterator[Parley]:
    parley.start()
    try:
        yield parley
    finally:
        parley.stop()


def _address() -> dict[str, Any]:
    port = free_port()
    return {"public_url": f"http://127.0.0.1:{port}", "port": port, "webhook_secret": SECRET}


def _polled(sandbox: Sandbox, parley: Parley) -> float:
    """What piled up while the process stood still."""
    ground.wait(lambda: _asks(sandbox))
    parley.send(signal.SIGSTOP)
    for number in range(STORED):
        sandbox.ask("POST", "updates", {"update": {"message": posting.text(number)["message"]}})
    begun = time.perf_counter()
    parley.send(signal.SIGCONT)
    ground.wait(lambda: sandbox.ask("GET", "pending")["updates"] == 0)
    return STORED / (time.perf_counter() - begun)


def _asks(sandbox: Sandbox) -> bool:
    """Whether the process has got so far that it takes updates in."""
    sandbox.ask("POST", "updates", {"update": {"message": posting.text(0)["message"]}})
    time.sleep(0.2)
    return bool(sandbox.ask("GET", "pending")["updates"] == 0)


def _handled(at: Ground, sandbox: Sandbox, engine: str) -> Iterator[Figure]:
    """Taps of people in an open check-in, each ticked and shown the next question."""
    url, calendar = at.database(engine), at.home / "calendar"
    clock.move(calendar, OPENS)
    people = asyncio.run(_asked(url, sandbox))
    for way in WAYS:
        address = _address() if way == "webhook" else {}
        parley = at.parley("run", sandbox, url, pace=UNLIMITED, clock_file=calendar, **address)
        with closing(parley):
            yield from _by(parley, sandbox, people, f"{way}, {engine}")


def _by(parley: Parley, sandbox: Sandbox, people: Sequence[int], how: str) -> Iterator[Figure]:
    with running(parley):
        asyncio.run(_shown(sandbox))
    rate = statistics.median([asyncio.run(_piled_up(sandbox, parley, people)) for _ in range(RUNS)])
    what = f"taps handled, {how} (median of {RUNS})"
    yield at_least(150, what, rate, "a second") if "SQLite" in how else Figure(what, rate, "a second")
    with running(parley):
        waits, processor = asyncio.run(_while_tapping(sandbox, parley, people))
    p99 = 1000 * tapping.percentile(waits, 99)
    yield at_most(150, f"tap to tick, p99 at {A_SECOND} a second, {how}", p99, "ms")
    # Other work on the machine makes everything late, but hardly makes this more.
    yield Figure(f"processor time a tap, {how}", 1000 * processor / len(waits), "ms")


async def _asked(url: str, sandbox: Sandbox) -> Sequence[int]:
    """A check-in that is open; its invitations go out when a Parley runs."""
    database = Database(url)
    await schema.migrate(database)
    people = await crowd.seated(database, PEOPLE)
    await ticking.tick(database, now=OPENS)
    await database.close()
    await asyncio.to_thread(crowd.phones, sandbox, people.accounts)
    return people.accounts


async def _shown(sandbox: Sandbox) -> None:
    """Everybody has a card with buttons, and a first tap is ticked: nothing is on its way any more."""
    async with Tapping.on(sandbox) as phones:
        await until(lambda: _all_shown(phones))
        await phones.ticked(await phones.steadily(list(phones.cards), a_second=A_SECOND, seconds=1))


async def _all_shown(phones: Tapping) -> bool:
    return len(phones.cards) >= PEOPLE


async def _piled_up(sandbox: Sandbox, parley: Parley, people: Sequence[int]) -> float:
    """Taps that wait when the process starts: how many a second are ticked, from the first to the last."""
    async with Tapping.on(sandbox) as phones:
        async with phones.http.post(f"{sandbox.url}/bot{sandbox.token}/deleteWebhook"):
            pass
        taps = await phones.steadily(people, a_second=PEOPLE * EACH, seconds=1)
        parley.start()
        await phones.ticked(taps)
        parley.stop()
    moments = sorted(phones.ticks[tap] for tap in taps)
    return (len(moments) - 1) / (moments[-1] - moments[0])


async def _while_tapping(
    sandbox: Sandbox, parley: Parley, people: Sequence[int]
) -> tuple[list[float], float]:
    """How long each tap waited, and the processor seconds that Parley took meanwhile."""
    async with Tapping.on(sandbox) as phones:
        await phones.ticked(await phones.steadily(people, a_second=A_SECOND, seconds=1))  # it is up
        before = _processor(parley.pid)
        waits = await phones.ticked(await phones.steadily(people, a_second=A_SECOND, seconds=SECONDS))
        return waits, _processor(parley.pid) - before


def _processor(pid: int) -> float:
    """The seconds that a process has worked, its own and the system's for it."""
    own, system = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[11:13]
    return (int(own) + int(system)) / os.sysconf("SC_CLK_TCK")
