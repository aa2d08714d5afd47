"""Promise 15: the schema is what the models say, and going up and down loses nothing."""

from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, select
from sqlalchemy.engine import Connection
from sqlmodel import SQLModel

from bot import ticking
from storage import schema
from storage.database import NOUNS, Database
from tests import postgres
from tests.cast import CLOSES, DIGEST, OPENS, seated

assert NOUNS  # importing them is what fills the metadata


@pytest.fixture
async def empty(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> Any:  # noqa: ANN401 - a Database
    if engine == "sqlite":
        url = f"sqlite+aiosqlite:///{tmp_path / 'empty.db'}"
    else:
        server = request.getfixturevalue("postgres_server")
        url = postgres.create_database(server, f"empty_{abs(hash(request.node.nodeid)) % 10**10}")
    database = Database(url)
    yield database
    await database.close()


def _differences(connection: Connection) -> list[Any]:
    context = MigrationContext.configure(connection, opts={"compare_type": True, "render_as_batch": True})
    return list(compare_metadata(context, SQLModel.metadata))


def _tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names()) - {"alembic_version"}


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
