"""What every test may ask for: real databases, one sandbox a session, and the same small cast."""

import json
import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from storage import schema
from storage.database import Database
from tests import equipment, postgres, sandbox_process
from tests.cast import Cast, seated
from tests.sandbox_process import Sandbox

ENGINES = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    equipment.require("PostgreSQL")
    server = postgres.start(durable=False)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def migrated_template(postgres_server: postgres.Server) -> str:
    """A PostgreSQL database at the newest schema, to be copied for each test."""
    import asyncio  # noqa: PLC0415 - once a session

    url = postgres.create_database(postgres_server, "migrated")

    async def migrate() -> None:
        database = Database(url)
        await schema.migrate(database)
        await database.close()

    asyncio.run(migrate())
    return "migrated"


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """Every test that stores anything runs on both."""
    return str(request.param)


@pytest.fixture
def database_url(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database at the newest schema (on SQLite: made by `database`)."""
    if engine == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'parley.db'}"
    server = request.getfixturevalue("postgres_server")
    template = request.getfixturevalue("migrated_template")
    name = f"t{os.getpid()}_{abs(hash(request.node.nodeid)) % 10**12}"
    return postgres.create_database(server, name, template=template)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url)
    await schema.migrate(opened)
    yield opened
    await opened.close()


@pytest.fixture
async def cast(database: Database) -> Cast:
    """Riverside, with everybody seated: see tests/cast.py."""
    return await seated(database)


@pytest.fixture(scope="session")
def session_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """One sandbox a session: its import takes six seconds."""
    sandbox = sandbox_process.start(tmp_path_factory.mktemp("sandbox"))
    yield sandbox
    sandbox.stop()


@pytest.fixture
def note(record_property: Callable[[str, object], None]) -> Callable[..., None]:
    """`note(1, kills=10, lost=0)`: a promise's figures, for the record that `make proof` writes."""

    def noted(promise: int, **figures: object) -> None:
        record_property(f"promise {promise}", json.dumps(figures))

    return noted
