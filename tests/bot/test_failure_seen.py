"""Promise 34: whatever stops, `/health` and the chat of whoever runs Parley say so within two minutes."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from storage import schema
from storage.database import Database
from tests import crowd, postgres, proof
from tests.bot.conftest import Calendar, Stage
from tests.cast import Cast
from tests.processes import Parley, free_port, until
from tests.sandbox_process import Sandbox

pytestmark = [pytest.mark.alone, pytest.mark.kill, pytest.mark.promise]

# So many times as often do signs of life come with every change; for the record they come as they do.
FASTER = proof.size(ci=15, long=1)
TWO_MINUTES = 120.0 / FASTER
# What gets no shorter: starting a process, a busy machine, and that a process which was stopped while it held
# something in PostgreSQL holds it for two seconds more.
SPARE = 5.0 if FASTER > 1 else 0.0
OPERATOR = 5
# A database that hangs is waited for, by /health, for five seconds.
ANSWERED_IN = proof.size(ci=2, long=8)
PATIENCE = 2 * TWO_MINUTES + 20

# Which part is stopped, and at whose /health that is looked for: one of them with every change.
STOPPED = dict([("worker", "web"), ("clock", "web"), ("web", "worker")][: proof.size(ci=1, long=3)])

BEGAN = {
    "clock": "no round opens, reminds or closes",
    "worker": "nobody gets an answer, and no message goes out",
    "web": "taps or messages have reached Parley since",
    "database": "the database has not answered",
    "file": "the database has not answered",
}
OVER = {
    "clock": "no round opened, reminded or closed",
    "worker": "nobody got an answer, and no message went out",
    "web": "taps or messages reached Parley.",
    "database": "the database did not answer",
    "file": "the database did not answer",
    "telegram": "Telegram could not be reached",
}
LATE = {
    "clock": {"clock"},
    "worker": {"handling", "delivery"},
    "web": {"listening"},
    "database": {"database"},
    "file": {"handling", "delivery", "clock"},  # it can still be read, so what is seen is who cannot write
    "telegram": {"telegram"},
}


Way = tuple[Callable[[Any], object], Callable[[Any], object]]  # to stop something, and to let it go on


@dataclass
class Scene:
    """Parley at work, whoever watches it from outside, and the phone of who is to be told."""

    stage: Stage
    sandbox: Sandbox
    ports: dict[str, int]
    note: Callable[..., None]
    told_at: int = OPERATOR  # whose chat is to say so
    figures: dict[str, dict[str, float]] = field(default_factory=dict)

    def start(self, command: str, **more: object) -> Parley:
        beat = {"HURRIED_BEAT": FASTER} if FASTER > 1 else {}
        operator = {"operator_chat": OPERATOR} if self.told_at == OPERATOR else {}
        given: dict[str, Any] = {"port": self.ports[command], "pace": 30} | operator | beat | more
        return self.stage.parley(command, self.sandbox, **given).start()

    async def prepare(self) -> None:
        """A phone for who is to be told, at a Telegram that lets anybody write as fast as they like."""
        await asyncio.to_thread(crowd.phones, self.sandbox, [self.told_at])
        await self.sandbox.control("POST", "limits", {"off": True})

    async def health(self, at: str) -> dict[str, Any]:
        """What an uptime check would see; nothing at all if nobody answers."""
        async with httpx.AsyncClient(timeout=ANSWERED_IN) as client:
            with suppress(httpx.HTTPError):
                answer = await client.get(f"http://127.0.0.1:{self.ports[at]}/health")
                return {"status": answer.status_code, **answer.json()}
        return {"status": 0, "late": []}

    async def well(self, at: str) -> bool:
        return bool((await self.health(at))["status"] == 200)

    async def told(self, words: str) -> int:
        """How many messages in the chat of who is to be told say this."""
        phone = await self.sandbox.control("GET", f"phones/{self.told_at}")
        return sum(words in message["text"] for chat in phone["chats"] for message in chat["messages"])

    async def stopped(self, what: str, which: Any, *, at: str, way: Way) -> None:  # noqa: ANN401 - each its own
        """Stop it; once that is seen from outside and, if anybody can be told, in the chat, let it go on."""
        stop, go_on = way
        self.figures[what] = {}
        began = time.monotonic()
        stop(which)
        try:
            await until(lambda: self._late(LATE[what], at=at), within=PATIENCE)
            self.figures[what]["health"] = time.monotonic() - began
            if what in BEGAN:
                await until(lambda: self._said(BEGAN[what]), within=PATIENCE)
                self.figures[what]["chat"] = time.monotonic() - began
            if what == "telegram":
                await until(lambda: asyncio.to_thread(self._logged, '"part": "telegram"'), within=PATIENCE)
        finally:
            go_on(which)

    def _logged(self, words: str) -> bool:
        return any(words in parley.log for parley in self.stage.parleys)

    async def _late(self, parts: set[str], *, at: str) -> bool:
        found = await self.health(at)
        return found["status"] == 503 and parts <= set(found["late"])

    async def _said(self, words: str) -> bool:
        return await self.told(words) > 0

    async def over(self, what: str) -> None:
        await until(lambda: self._said(OVER[what]), within=PATIENCE)

    def record(self, *, engine: str, how: str) -> None:
        for what, found in self.figures.items():
            otherwise = "not" if what in BEGAN else "afterwards" if what in OVER else "from outside"
            seconds = {kind: round(took, 1) for kind, took in found.items()}
            figures = {"seconds_to_health": seconds.get("health", "not")} | {
                "seconds_to_chat": seconds.get("chat", otherwise)
            }
            self.note(34, engine=engine, stopped=what, how=how, **figures, times_hurried=FASTER)

    def assert_in_time(self) -> None:
        for what, found in self.figures.items():
            assert all(seconds < TWO_MINUTES + SPARE for seconds in found.values()), (what, found)


@pytest.fixture
def server() -> Iterator[postgres.Server]:
    """A PostgreSQL of its own, to be killed."""
    server = postgres.start(durable=True)
    yield server
    send(server, signal.SIGCONT)
    server.stop()


@pytest.fixture
async def killable(server: postgres.Server, calendar: Calendar, tmp_path: Path) -> AsyncIterator[Stage]:
    url = postgres.create_database(server, "parley")
    database = Database(url)
    await schema.migrate(database)
    stage = Stage(database, calendar, url, tmp_path)
    yield stage
    for one in stage.parleys:
        one.close()
    await database.close()


def send(server: postgres.Server, number: signal.Signals) -> None:
    """To the server and all its children."""
    if server.process is not None:
        parent = str(server.process.pid)
        found = subprocess.run(["pgrep", "-P", parent], capture_output=True, text=True, check=False)
        for pid in (parent, *found.stdout.split()):
            os.kill(int(pid), number)


PAUSED: Way = (lambda it: it.send_signal(signal.SIGSTOP), lambda it: it.send_signal(signal.SIGCONT))
PARTS: dict[str, Way] = {
    "pause": (lambda it: it.send(signal.SIGSTOP), lambda it: it.send(signal.SIGCONT)),
    "kill": (lambda it: it.kill(), lambda it: it.start()),
}
DATABASE: dict[str, Way] = {
    "pause": (lambda it: send(it, signal.SIGSTOP), lambda it: send(it, signal.SIGCONT)),
    "kill": (lambda it: it.kill(), lambda it: it.restart()),
}
# Another program that holds SQLite's file, as somebody's shell may do.
HELD: Way = (lambda it: it.execute("BEGIN IMMEDIATE"), lambda it: it.execute("ROLLBACK"))


@pytest.mark.parametrize("how", list(PARTS)[: proof.size(ci=1, long=2)])
async def test_whatever_stops_is_seen_within_two_minutes_by_parts_that_watch_each_other(
    killable: Stage, server: postgres.Server, world: Sandbox, note: Callable[..., None], how: str
) -> None:
    scene = Scene(killable, world, {name: free_port() for name in ("web", "worker", "clock")}, note)
    await scene.prepare()
    public = f"http://127.0.0.1:{scene.ports['web']}"
    parts = {name: scene.start(name, public_url=public) for name in scene.ports}
    await until(lambda: scene.well("web"))

    try:
        for what, at in STOPPED.items():
            await scene.stopped(what, parts[what], at=at, way=PARTS[how])
        await until(lambda: scene.well("web"))
        await scene.stopped("telegram", world.process, at="web", way=PAUSED)
        await scene.over("telegram")
        await scene.stopped("database", server, at="web", way=DATABASE[how])
        for what in (*STOPPED, "database"):
            await scene.over(what)
        await until(lambda: scene.well("web"))
    finally:
        scene.record(engine="postgresql", how=how)

    told = {what: await scene.told(BEGAN[what]) for what in (*STOPPED, "database")}
    # Each process tells of the database from its own memory, unless it is back before that.
    note(34, engine="postgresql", how=how, messages_of_one_outage_of_the_database=told["database"])
    assert 1 <= told.pop("database") <= len(parts)
    assert told == dict.fromkeys(STOPPED, 1)
    scene.assert_in_time()


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_whatever_stops_under_one_process_is_seen_within_two_minutes_by_a_facilitator_without_operator(
    stage: Stage, cast: Cast, world: Sandbox, note: Callable[..., None], tmp_path: Path
) -> None:
    scene = Scene(stage, world, {"run": free_port()}, note, told_at=cast.facilitator)
    await scene.prepare()
    parley = scene.start("run")
    await until(lambda: scene.well("run"))

    try:
        await scene.stopped("telegram", world.process, at="run", way=PAUSED)
        await scene.over("telegram")
        await until(lambda: scene.well("run"))
        with closing(sqlite3.connect(tmp_path / "parley.db", isolation_level=None)) as other:
            await scene.stopped("file", other, at="run", way=HELD)
        await scene.over("file")
        parley.send(signal.SIGSTOP)
        began, alone = time.monotonic(), await scene.health("run")
        scene.figures["process"] = {"health": time.monotonic() - began}
        parley.send(signal.SIGCONT)
    finally:
        scene.record(engine="sqlite", how="pause")

    assert alone["status"] == 0, "a process that stands still cannot answer, and that is the alarm"
    assert await scene.told(BEGAN["file"]) == 1
    assert await scene.told("Please tell whoever runs Parley") == 1
    scene.assert_in_time()
