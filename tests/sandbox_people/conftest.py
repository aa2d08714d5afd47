"""One sandbox a session with a calendar that can be moved; a fresh bot and its people a test."""

import itertools
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests import sandbox_process
from tests.sandbox_people.scripted_bot import ScriptedBot
from tests.sandbox_process import Sandbox

NUMBERS = itertools.count(7001)
MONDAY = datetime(2026, 11, 2, tzinfo=UTC)
PATIENCE = 30.0


@dataclass(frozen=True)
class Town:
    """A sandbox, its calendar, and what the conductor of a demo does with them."""

    sandbox: Sandbox
    calendar: Path

    def at(self, moment: datetime) -> None:
        # In one step, so that nobody reads half an hour.
        new = self.calendar.with_suffix(".new")
        new.write_text(moment.isoformat(), encoding="ascii")
        new.replace(self.calendar)

    async def settle(self, **people: Any) -> list[int]:  # noqa: ANN401 - the people's JSON
        """Everybody of these temperaments gets a phone; returns who they are."""
        users = []
        for name in people["temperaments"]:
            user = await self.sandbox.control("POST", "users", {"first_name": name.title()})
            users.append(user["id"])
        rows = [
            {"user": user, "temperament": name, "invite": f"link{user}", **people.get("each", {})}
            for user, name in zip(users, people["temperaments"], strict=True)
        ]
        body = {"seed": people.get("seed", 1), "start": "2026-11-02", "people": rows}
        await self.sandbox.control("POST", "people", body)
        return users

    async def next(self) -> datetime | None:
        at = (await self.sandbox.control("GET", "people/next"))["at"]
        return datetime.fromisoformat(at) if at else None

    async def act(self, now: datetime) -> int:
        """Move the calendar, let everybody due act, and wait until nobody is in the middle of it."""
        self.at(now)
        acted = (await self.sandbox.control("POST", "people/act", {"now": now.isoformat()}))["acted"]
        limit = time.monotonic() + PATIENCE
        while not (await self.sandbox.control("GET", "people/idle?wait=5"))["idle"]:
            assert time.monotonic() < limit, "somebody never finished"
        return int(acted)

    async def live_until(self, end: datetime) -> None:
        while (at := await self.next()) is not None and at <= end:
            await self.act(at)
        self.at(end)

    async def report(self) -> dict[str, Any]:
        return dict(await self.sandbox.control("GET", "people/report"))


@pytest.fixture(scope="session")
def calendar(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("calendar") / "now"
    file.write_text(MONDAY.isoformat(), encoding="ascii")
    return file


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory, calendar: Path) -> Iterator[Sandbox]:
    running = sandbox_process.start(tmp_path_factory.mktemp("sandbox"), scale=10_000, clock_file=calendar)
    yield running
    running.stop()


@pytest.fixture
def town(home: Sandbox, calendar: Path) -> Town:
    made = Town(home.another(f"{next(NUMBERS)}:a-secret-of-its-own"), calendar)
    made.at(MONDAY)
    return made


@pytest.fixture
async def bot(town: Town) -> AsyncIterator[ScriptedBot]:
    async with ScriptedBot(town.sandbox) as listening:
        yield listening
