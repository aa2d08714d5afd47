"""What tests of real processes share: the crowd's phones, worlds of their own, and a stage for Parleys."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest
from sqlmodel import select

from bot import clock
from storage.database import Database
from storage.rounds import Round
from tests import crowd, processes, proof
from tests.cast import BRIEF, DIGEST, MONDAY
from tests.processes import Parley, until
from tests.sandbox_process import Sandbox

# How many times faster than Telegram allows, said to the sandbox and to the pacer alike.
SCALE = 2
SIZE = proof.size(ci=500, long=2500)

_numbers = itertools.count(700)


@dataclass(frozen=True)
class Calendar:
    """The file that all processes of a test read the calendar from."""

    file: Path

    def move(self, moment: datetime) -> None:
        clock.move(self.file, moment)


@pytest.fixture
def calendar(tmp_path: Path) -> Calendar:
    calendar = Calendar(tmp_path / "calendar")
    calendar.move(MONDAY)
    return calendar


@pytest.fixture
def world(session_sandbox: Sandbox) -> Sandbox:
    """A bot of its own in the session's sandbox, with nobody in it."""
    return session_sandbox.another(f"{next(_numbers)}:world")


@pytest.fixture(scope="session")
def crowded(session_sandbox: Sandbox) -> Sandbox:
    """A bot with a phone for each of many; making them takes seconds, so there is one a session."""
    sandbox = session_sandbox.another(f"{next(_numbers)}:crowd")
    sandbox.ask("POST", "limits", {"off": True})
    crowd.phones(sandbox, range(crowd.FIRST, crowd.FIRST + SIZE))
    sandbox.ask("POST", "limits", {"off": False, "scale": SCALE})
    return sandbox


@dataclass
class Stage:
    """One database, one calendar, and the Parleys that share them; none of them outlives the test."""

    database: Database
    calendar: Calendar
    url: str
    folder: Path
    parleys: list[Parley] = field(default_factory=list)

    @property
    def on_sqlite(self) -> bool:
        return self.database.sqlite

    def parley(
        self, command: str, sandbox: Sandbox, *, module: str = "tests.hurried", **more: object
    ) -> Parley:
        """A Parley to be started; `more` are settings, or the environment where a name is in capitals."""
        given = {"clock_file": self.calendar.file, "pace": SCALE} | more
        settings = processes.settings(sandbox, self.url, **given)
        self.parleys.append(Parley(command, self.folder, settings, module=module, name=self._name(command)))
        return self.parleys[-1]

    async def digest_falls_due(self) -> None:
        """The calendar comes to the digest as it does by itself: by way of the brief, an hour before."""
        self.calendar.move(BRIEF)
        await until(self._briefed)
        self.calendar.move(DIGEST)

    async def _briefed(self) -> bool:
        async with self.database.reading() as session:
            wanted = select(Round.briefed_at).where(Round.state != "planned")
            return all((await session.exec(wanted)).all())

    def _name(self, command: str) -> str:
        return f"{command}-{sum(one.command == command for one in self.parleys)}"


@pytest.fixture
def stage(database: Database, database_url: str, calendar: Calendar, tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(database, calendar, database_url, tmp_path)
    yield stage
    for one in stage.parleys:
        one.close()
