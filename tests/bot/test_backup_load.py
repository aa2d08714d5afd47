"""Promise 16: a backup taken while people answer misses nothing committed before, and restores anywhere."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot import restoring
from bot.settings import Settings
from storage.database import Database
from tests import crowd, elsewhere, proof
from tests.bot.conftest import Stage
from tests.bot.test_listening_kills import FAST, RATINGS, Person, Screens, followed
from tests.cast import OPENS
from tests.conftest import ENGINES
from tests.processes import until
from tests.sandbox_process import Sandbox
from tests.storage import filled

pytestmark = [pytest.mark.kill, pytest.mark.promise]

SEATED = proof.size(ci=60, long=2500)
ANSWERING = proof.size(ci=12, long=500)
LONG = bool(proof.size(ci=0, long=1))
BACKUPS = proof.size(ci=1, long=8)
# Rows of these are written under the load, and none is deleted.
GROWING = ("round", "invitation", "answer", "inbox", "outbox")


@dataclass(frozen=True)
class Kept:
    """A backup, and what had been committed, and ticked on a phone, before it began."""

    file: Path
    committed: dict[str, set[Any]]
    ticked: frozenset[str]


def keys(connection: Connection) -> dict[str, set[Any]]:
    return {
        table.name: {tuple(row) for row in connection.execute(sa.select(*table.primary_key.columns))}
        for table in filled.tables(connection)
        if table.name in GROWING
    }


async def read(url: str, ask: Callable[[Connection], Any]) -> Any:  # noqa: ANN401 - what was asked for
    opened = Database(url)
    async with opened.engine.execution_options(reading=True).connect() as connection:
        found = await connection.run_sync(ask)
    await opened.close()
    return found


def sqlite(file: Path) -> str:
    return f"sqlite+aiosqlite:///{file}"


async def kept(stage: Stage, settings: dict[str, str], screens: Screens, number: int) -> Kept:
    ticked, committed = frozenset(screens.ticked), await read(stage.url, keys)
    name = f"kept-{number}.db"
    code, said = await elsewhere.typed(stage.folder, settings, "backup", name)
    assert code == 0, said
    return Kept(stage.folder / name, committed, ticked)


def half_written(connection: Connection) -> int:
    """Rounds that are open without all their invitations or letters, or have some and are not."""
    asked, letters = (
        connection.execute(sa.text(words)).scalar_one()
        for words in (
            "SELECT count(*) FROM invitation",
            "SELECT count(*) FROM outbox WHERE kind = 'invitation'",
        )
    )
    states = connection.execute(sa.text("SELECT state FROM round")).scalars().all()
    return int((asked, letters) != ((SEATED, SEATED) if "open" in states else (0, 0)))


def orphans(connection: Connection) -> int:
    return len(connection.execute(sa.text("PRAGMA foreign_key_check")).all())


def answered(connection: Connection) -> set[tuple[int, str]]:
    rows = connection.execute(sa.text("SELECT invitation_id, item FROM answer")).all()
    return {(row[0], row[1]) for row in rows}


def owed(persons: list[Person], invitations: dict[int, int], ticked: frozenset[str]) -> dict[int, int]:
    """How many answers of each invitation phones had seen ticked."""
    return {
        invitations[person.account]: sum(
            any(tap in ticked for _, tap in taps) for taps in person.taps.values()
        )
        for person in persons
    }


@pytest.mark.parametrize("engine", proof.engines("postgresql"))
async def test_a_backup_under_load_misses_nothing_and_restores_on_either_engine(
    engine: str, stage: Stage, world: Sandbox, request: pytest.FixtureRequest, note: Callable[..., None]
) -> None:
    people = await crowd.seated(stage.database, SEATED)
    await asyncio.to_thread(crowd.phones, world, people.accounts)
    await world.control("POST", "limits", {"scale": FAST})
    parts = ("run",) if stage.on_sqlite else ("run", "worker", "clock")[: proof.size(ci=2, long=3)]
    parleys = [stage.parley(part, world, pace=FAST).start() for part in parts]
    screens = Screens(world)
    persons = [Person(account, screens, random.Random(account)) for account in people.accounts[:ANSWERING]]

    async with followed(screens), asyncio.TaskGroup() as group:
        opening = group.create_task(kept(stage, parleys[0].settings, screens, 0))
        await asyncio.sleep(random.Random(16).random())
        stage.calendar.move(OPENS)
        backups = [await opening]
        for person in persons:
            group.create_task(person.answer())
        for number in range(1, BACKUPS + 1):
            await until(partial(_some, screens, number * ANSWERING * RATINGS // (BACKUPS + 1)))
            backups.append(await kept(stage, parleys[0].settings, screens, number))
    codes = [parley.stop() for parley in parleys]

    invitations = await crowd.invitations_of(stage.database)
    missing = halves = unticked = broken = 0
    for one in backups:
        there = await read(sqlite(one.file), keys)
        missing += sum(len(rows - there[name]) for name, rows in one.committed.items())
        halves += await read(sqlite(one.file), half_written)
        broken += await read(sqlite(one.file), orphans)
        given = await read(sqlite(one.file), answered)
        for invitation, ticks in owed(persons, invitations, one.ticked).items():
            unticked += max(0, ticks - sum(whose == invitation for whose, _ in given))
    # CI has time for the engine that it was not taken from.
    elsewheres = [name for name in ENGINES if LONG or name != engine]
    differing = [name for name in elsewheres if await _differs(backups[-1].file, name, request)]
    rows = sum(map(len, backups[-1].committed.values()))
    figures = {"backups": len(backups), "members": SEATED, "rows": rows, "ticked": len(backups[-1].ticked)}
    faults = {"missing": missing, "ticked_and_missing": unticked, "half_written": halves, "orphans": broken}
    note(16, engine=engine, **figures, **faults, restored_otherwise=len(differing))
    assert (faults, differing) == (dict.fromkeys(faults, 0), [])
    assert backups[-1].ticked
    assert codes == [0] * len(parleys)


async def _some(screens: Screens, threshold: int) -> bool:
    return len(screens.ticked) >= threshold


async def _differs(file: Path, engine: str, request: pytest.FixtureRequest) -> bool:
    """Whether a database restored from this file says anything else than the file."""
    url = elsewhere.database_url(engine, request, file.parent)
    await restoring.command(Settings(bot_token="", database_url=url, _env_file=None), file)
    before, after = await read(sqlite(file), filled.read), await read(url, filled.read)
    # In machine seconds, or about the machine.
    for table in ("heartbeat", "pace", "memo", "backup"):
        before.pop(table, None)
        after.pop(table, None)
    for content in (before, after):
        for row in (*content["inbox"], *content["outbox"]):
            row["retry_s"] = row["leased_until_s"] = 0.0
    return bool(before != after)
