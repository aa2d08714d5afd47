"""Promise 15: the schema is what the models say, and going up and down loses nothing."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
import sqlmodel
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, select
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel

from bot import ticking
from storage import schema
from storage.database import NOUNS, Database
from storage.memos import AWAY, RESTORED, Memo
from tests import postgres, processes, proof
from tests.cast import CLOSES, DIGEST, MONDAY, OPENS, seated
from tests.storage import filled
from tests.storage.filled import Content

assert NOUNS  # importing them is what fills the metadata

RELEASED = schema.revisions()
Found = TypeVar("Found")

STEP = proof.size(ci=6, long=1)  # statements from one kill to the next


@pytest.fixture
async def empty(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(_new(engine, request, tmp_path))
    yield database
    await database.close()


def _new(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database without tables."""
    if engine == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'empty.db'}"
    server = request.getfixturevalue("postgres_server")
    return postgres.create_database(server, f"empty_{abs(hash(request.node.nodeid)) % 10**10}")


def _differences(connection: Connection) -> list[Any]:
    context = MigrationContext.configure(connection, opts={"compare_type": True, "render_as_batch": True})
    return list(compare_metadata(context, SQLModel.metadata))


def _tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names()) - {"alembic_version"}


async def _told(database: Database, ask: Callable[[Connection], Found]) -> Found:
    async with database.engine.connect() as connection:
        found = await connection.run_sync(ask)
        await connection.commit()
        return found


async def test_the_migrated_schema_is_what_the_models_say(empty: Database) -> None:
    await schema.migrate(empty)

    async with empty.engine.connect() as connection:
        assert await connection.run_sync(_differences) == []
        assert await connection.run_sync(_tables) == set(SQLModel.metadata.tables)
    assert await schema.version(empty) == schema.HEAD


async def test_an_empty_database_has_no_version(empty: Database) -> None:
    assert await schema.version(empty) is None


async def test_up_down_and_up_again_ends_where_it_began(empty: Database) -> None:
    await schema.migrate(empty)

    await schema.migrate(empty, to="base")

    async with empty.engine.connect() as connection:
        assert await connection.run_sync(_tables) == set()
    await schema.migrate(empty)
    async with empty.engine.connect() as connection:
        assert await connection.run_sync(_differences) == []


async def test_migrating_a_filled_database_loses_no_row(empty: Database) -> None:
    await schema.migrate(empty)
    await seated(empty)
    for moment in (OPENS, CLOSES, DIGEST):
        await ticking.tick(empty, now=moment)
    before = await _rows(empty)

    await schema.migrate(empty)
    await schema.migrate(empty, to=schema.HEAD)

    assert await _rows(empty) == before
    assert len(before["invitation"]) == 15
    assert len(before["outbox"]) > 15


async def _rows(database: Database) -> dict[str, list[Any]]:
    found = {}
    async with database.engine.connect() as connection:
        for name, table in SQLModel.metadata.tables.items():
            found[name] = sorted((await connection.execute(select(table))).all(), key=str)
    return found


async def test_a_migration_that_would_orphan_rows_is_refused(tmp_path: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'broken.db'}")
    await schema.migrate(database)
    await seated(database)
    async with database.engine.connect() as connection:
        await connection.exec_driver_sql("ROLLBACK")
        await connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        await connection.exec_driver_sql("DELETE FROM partnership")
        await connection.invalidate()

    with pytest.raises(RuntimeError, match="without their parent"):
        await schema.migrate(database, to="0001")

    await database.close()


# Filled as each schema was, whatever its tables.


async def _filled(database: Database, revision: str) -> Content:
    await schema.migrate(database, to=revision)
    await _told(database, filled.fill)
    return await _told(database, filled.read)


@pytest.mark.promise
@pytest.mark.parametrize("revision", RELEASED)
async def test_each_released_schema_goes_up_down_and_up_without_losing_a_row(
    empty: Database, revision: str, note: Callable[..., None]
) -> None:
    before = await _filled(empty, revision)

    await schema.migrate(empty)
    above = await _told(empty, filled.read)
    differences = await _told(empty, _differences)
    await schema.migrate(empty, to=revision)
    below = await _told(empty, filled.read)
    await schema.migrate(empty)
    again = await _told(empty, filled.read)

    rows = sum(map(len, before.values()))
    lost = rows - sum(len(above[name]) for name in before)
    changed = [name for name in before if _shared(before, above)[name] != _shared(above, before)[name]]
    engine = empty.url.get_backend_name()
    note(15, engine=engine, schema=revision, tables=len(before), rows=rows, lost=lost, changed=len(changed))
    assert (lost, changed) == (0, [])
    assert (below, again) == (before, above)
    assert differences == []
    assert min(map(len, before.values())) == filled.ROWS


def _shared(one: Content, other: Content) -> Content:
    """What one says in the tables and columns that both have."""
    return filled.only(one, {name: set(rows[0]) if rows else set() for name, rows in other.items()})


@pytest.mark.promise
@pytest.mark.parametrize("revision", RELEASED[1:])
async def test_going_down_by_one_and_up_again_keeps_what_the_earlier_schema_has_a_place_for(
    empty: Database, revision: str, note: Callable[..., None]
) -> None:
    before = await _filled(empty, revision)

    await schema.migrate(empty, to=RELEASED[RELEASED.index(revision) - 1])
    below = await _told(empty, filled.read)
    await schema.migrate(empty, to=revision)

    above = await _told(empty, filled.read)
    kept = _shared(before, below)
    lost = sum(max(0, len(kept[name]) - len(above[name])) for name in below)
    changed = [name for name in below if not _shared(above, below)[name] == below[name] == kept[name]]
    rows = sum(map(len, kept.values()))
    note(
        15,
        engine=empty.url.get_backend_name(),
        down_by_one_from=revision,
        rows=rows,
        lost=lost,
        changed=changed,
    )
    assert (lost, changed) == (0, [])
    assert {len(below[name]) for name in below} == {filled.ROWS}


async def test_since_when_nothing_was_heard_goes_down_and_up_again_and_other_memos_are_forgotten(
    empty: Database,
) -> None:
    await schema.migrate(empty, to="0002")
    async with empty.writing() as session:
        session.add_all([Memo(name=AWAY, at=OPENS), Memo(name="swept:outbox:sent", value="7", at=MONDAY)])

    await schema.migrate(empty, to="0001")
    await schema.migrate(empty, to="0002")

    async with empty.reading() as session:
        kept = (await session.exec(sqlmodel.select(Memo.name, Memo.at))).all()
    assert [tuple(row) for row in kept] == [(AWAY, OPENS)]


async def test_a_silent_copy_goes_down_to_no_schema_that_would_let_it_speak(empty: Database) -> None:
    await schema.migrate(empty)
    async with empty.writing() as session:
        session.add(Memo(name=RESTORED, at=MONDAY))

    with pytest.raises(RuntimeError, match="a restored copy that is silent"):
        await schema.migrate(empty, to="0001")

    assert await schema.version(empty) == schema.HEAD


async def test_foreign_keys_hold_again_after_a_migration(empty: Database) -> None:
    await _filled(empty, RELEASED[0])
    await schema.migrate(empty)

    async with empty.engine.connect() as connection:
        with pytest.raises(IntegrityError):
            await connection.exec_driver_sql("DELETE FROM partnership")


# Real processes.


def _migrating(database: Database, last: int) -> "subprocess.CompletedProcess[str]":
    url = database.url.render_as_string(hide_password=False)
    return subprocess.run(
        [sys.executable, "-m", "tests.storage.killed", url, str(last)],
        capture_output=True,
        text=True,
        check=False,
        cwd=processes.ROOT,
        env=processes.environment({}),
    )


@pytest.mark.promise
@pytest.mark.kill
async def test_a_migration_that_is_killed_leaves_the_old_schema_or_the_new(
    empty: Database, note: Callable[..., None]
) -> None:
    first = RELEASED[0]
    before = await _filled(empty, first)
    kills, halves, last = 0, 0, STEP

    while (ended := await asyncio.to_thread(_migrating, empty, last)).returncode == -signal.SIGKILL:
        kills += 1
        found = await schema.version(empty)
        content = await _told(empty, filled.read)
        halves += found not in {first, schema.HEAD} or _shared(content, before) != before
        halves += found == first and content != before
        last += STEP

    note(15, engine=empty.url.get_backend_name(), kills=kills, half_migrated=halves)
    assert (ended.returncode, halves) == (0, 0), ended.stderr
    assert kills >= 2
    assert _shared(await _told(empty, filled.read), before) == before
    assert await schema.version(empty) == schema.HEAD


@pytest.mark.kill
@pytest.mark.parametrize("engine", ["postgresql"])
async def test_two_who_migrate_at_once_both_end_well(empty: Database, tmp_path: Path) -> None:
    before = await _filled(empty, RELEASED[0])
    settings = {"PARLEY_DATABASE_URL": empty.url.render_as_string(hide_password=False)}

    both = [processes.Parley("migrate", tmp_path, settings, module="bot", name=f"{at}") for at in range(2)]
    codes = [one.start().process for one in both]
    ended = [await asyncio.to_thread(one.wait, 60) for one in codes if one is not None]

    said = [one.log for one in both]
    for one in both:
        one.close()
    assert ended == [0, 0], said
    assert all(f"at schema {schema.HEAD}" in words for words in said)
    assert _shared(await _told(empty, filled.read), before) == before
