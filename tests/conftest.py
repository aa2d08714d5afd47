"""What every test may ask for: real databases, one sandbox a session, and the same small cast."""

import asyncio
import json
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from coverage import Coverage
from hypothesis import settings

from storage import schema
from storage.database import Database
from tests import equipment, postgres, sandbox_process
from tests.cast import Cast, found, seated
from tests.sandbox_process import Sandbox

# How long an example takes says nothing here: two tests share two cores.
settings.register_profile("parley", deadline=None)
settings.load_profile("parley")

ENGINES = ("sqlite", "postgresql")

# Waiting for a disk proves nothing here: where there is memory to spare, what tests write is kept in it.
MEMORY, TO_SPARE = Path("/dev/shm"), 4 * 2**30
if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > TO_SPARE:
    os.environ.setdefault("TMPDIR", str(MEMORY))
    tempfile.tempdir = None  # to be asked anew


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    equipment.require("PostgreSQL")
    server = postgres.start(durable=False)
    yield server
    server.stop()


async def _made(url: str, *, with_cast: bool) -> None:
    database = Database(url)
    await schema.migrate(database)
    if with_cast:
        await seated(database)
    await database.close()


# A migration takes a while, and so does seating a cast: each is done once a session, and copied for a test.


@pytest.fixture(scope="session")
def migrated_template(postgres_server: postgres.Server) -> str:
    """A PostgreSQL database at the newest schema."""
    asyncio.run(_made(postgres.create_database(postgres_server, "migrated"), with_cast=False))
    return "migrated"


@pytest.fixture(scope="session")
def seated_template(postgres_server: postgres.Server) -> str:
    """The same, with the cast."""
    asyncio.run(_made(postgres.create_database(postgres_server, "seated"), with_cast=True))
    return "seated"


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file at the newest schema."""
    file = tmp_path_factory.mktemp("template") / "migrated.db"
    asyncio.run(_made(f"sqlite+aiosqlite:///{file}", with_cast=False))
    return file


@pytest.fixture(scope="session")
def seated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, with the cast."""
    file = tmp_path_factory.mktemp("template") / "seated.db"
    asyncio.run(_made(f"sqlite+aiosqlite:///{file}", with_cast=True))
    return file


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """Every test that stores anything runs on both."""
    return str(request.param)


@pytest.fixture
def database_url(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database at the newest schema: empty, or with the cast for a test that asks for it."""
    made = "seated" if "cast" in request.fixturenames else "migrated"
    if engine == "sqlite":
        file = tmp_path / "parley.db"
        shutil.copyfile(request.getfixturevalue(f"{made}_file"), file)
        yield f"sqlite+aiosqlite:///{file}"
        return
    server = request.getfixturevalue("postgres_server")
    template = request.getfixturevalue(f"{made}_template")
    name = f"t{os.getpid()}_{abs(hash(request.node.nodeid)) % 10**12}"
    yield postgres.create_database(server, name, template=template)
    postgres.drop_database(server, name)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url)
    yield opened
    await opened.close()


@pytest.fixture
async def cast(database: Database) -> Cast:
    """Riverside, with everybody seated: see tests/cast.py."""
    return await found(database)


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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first: one that begins at the end leaves the other cores with nothing to do."""
    items.sort(key=lambda item: item.path.parent.name != "story")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[Any]:
    """Measuring coverage costs 60% of the time of a test, and of each process it starts: it is done once."""
    measuring = Coverage.current() if _said_twice(item) else None
    if measuring is None:
        return (yield)
    processes = os.environ.pop("COVERAGE_PROCESS_CONFIG", None)
    measuring.stop()
    try:
        return (yield)
    finally:
        measuring.start()
        if processes is not None:
            os.environ["COVERAGE_PROCESS_CONFIG"] = processes


def _said_twice(item: pytest.Item) -> bool:
    """What PostgreSQL runs pass through of our own rules, dialogs and doors is what their SQLite runs do."""
    on_postgresql = "postgresql" in item.name.partition("[")[2]
    return on_postgresql and item.path.parent.name in ("bot", "dialogs", "facilitation")
