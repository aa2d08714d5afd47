"""Backups: all of it in one file, for either engine; what cannot be is refused in one sentence."""

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from bot import backup, restoring, upgrading
from bot.settings import Settings, Unusable
from storage import carrying, schema
from storage import database as databases
from storage.database import Database
from storage.memos import RESTORED, Memo
from storage.queues import Heartbeat, Pace
from tests import elsewhere as other
from tests.cast import MONDAY, Cast, seated
from tests.conftest import ENGINES
from tests.processes import ROOT
from tests.storage import filled
from tests.storage.filled import Content

# What a machine notes in its own seconds stays behind, and what else changes on the way.
NOT_THE_SAME = {"heartbeat", "pace", "memo"}
COUNTED_ANEW = {"retry_s", "leased_until_s"}

Elsewhere = Callable[[str], str]


def chosen(url: str) -> Settings:
    return Settings(bot_token="42:sandbox", database_url=url, _env_file=None)


@pytest.fixture
def elsewhere(request: pytest.FixtureRequest, tmp_path: Path) -> Elsewhere:
    """`elsewhere(engine)`: the address of a database that is not there yet, or empty."""
    (tmp_path / "elsewhere").mkdir()
    return lambda engine: other.database_url(engine, request, tmp_path / "elsewhere")


@pytest.fixture
async def full(database: Database) -> Database:
    """Every table and column, with awkward values; it counts its keys up to their end."""
    async with database.engine.connect() as connection:
        await connection.run_sync(filled.fill)
        await connection.commit()
    return database


async def _content(url: str) -> Content:
    opened = Database(url)
    async with opened.engine.connect() as connection:
        found = await connection.run_sync(filled.read)
    await opened.close()
    return {
        name: [{column: row[column] for column in row if column not in COUNTED_ANEW} for row in rows]
        for name, rows in found.items()
        if name not in NOT_THE_SAME
    }


def names(folder: Path, like: str = "*") -> list[str]:
    return sorted(one.name for one in folder.glob(like))


def contents(folder: Path) -> dict[str, bytes]:
    return {one.name: one.read_bytes() for one in folder.iterdir() if one.is_file()}


async def _taken(url: str, file: Path, *, replace: bool = False) -> None:
    await backup.command(chosen(url), file, replace=replace)


async def _restored(url: str, file: Path) -> None:
    await restoring.command(chosen(url), file)


@pytest.fixture
async def copy(elsewhere: Elsewhere) -> AsyncIterator[Database]:
    opened = Database(elsewhere("sqlite"))
    yield opened
    await opened.close()


@pytest.mark.parametrize("target", ENGINES)
async def test_a_backup_of_either_engine_restores_into_either_with_every_value(
    full: Database, database_url: str, target: str, elsewhere: Elsewhere, tmp_path: Path
) -> None:
    url = elsewhere(target)

    await _taken(database_url, tmp_path / "kept.db")
    await _restored(url, tmp_path / "kept.db")

    before, after = await _content(database_url), await _content(url)
    assert sum(map(len, before.values())) == filled.ROWS * len(before)
    assert [name for name in before if before[name] != after[name]] == []


async def test_the_copy_goes_on_counting_where_the_original_was(
    database: Database, cast: Cast, database_url: str, elsewhere: Elsewhere, tmp_path: Path
) -> None:
    for engine in ENGINES:
        await _taken(database_url, tmp_path / "kept.db", replace=True)
        url = elsewhere(engine)
        await _restored(url, tmp_path / "kept.db")
        copied = Database(url)

        other = await seated(copied, first_account=5000, name="Hillside")

        assert other.partnership.id == cast.partnership.id + 1
        await copied.close()


async def test_only_its_owner_may_read_it_and_it_says_what_is_in_it(
    database: Database, cast: Cast, database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "kept.db"

    await _taken(database_url, file)

    said = capsys.readouterr().out
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert f"schema {schema.HEAD}" in said
    assert "It does not hold .env with your token" in said
    assert f"parley restore {file}" in said
    assert names(tmp_path, "*kept*") == ["kept.db"]


def test_only_its_owner_may_read_the_database_itself(tmp_path: Path) -> None:
    given = {"PARLEY_BOT_TOKEN": "42:sandbox", "PARLEY_DATABASE_URL": f"sqlite:///{tmp_path}/new.db"}

    subprocess.run(
        [sys.executable, "-m", "bot", "migrate"],
        cwd=ROOT,
        env=os.environ | given,
        umask=0o022,
        check=True,
        timeout=60,
    )

    assert {stat.S_IMODE(one.stat().st_mode) for one in tmp_path.glob("new.db*")} == {0o600}


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_backup_that_is_there_is_replaced_only_when_told_to(
    database: Database, cast: Cast, database_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "kept.db"
    await _taken(database_url, file)
    older = file.read_bytes()
    await seated(database, first_account=5000, name="Hillside")

    with pytest.raises(Unusable, match="is there already"):
        await _taken(database_url, file)
    kept = file.read_bytes()
    await _taken(database_url, file, replace=True)

    assert kept == older
    assert backup.checked(file).rows["partnership"] == 2


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_what_is_no_backup_is_never_replaced(
    database: Database, cast: Cast, database_url: str, tmp_path: Path
) -> None:
    (tmp_path / "words.txt").write_text("my notes")
    (tmp_path / "empty").touch()
    another = Database.in_file(tmp_path / "another.db")
    await schema.migrate(another)
    await another.close()
    before = contents(tmp_path)

    for name in ("words.txt", "empty", "another.db"):
        with pytest.raises(Unusable, match="is no backup of Parley's") as refused:
            await _taken(database_url, tmp_path / name, replace=True)
        assert "Name another file" in str(refused.value)

    assert contents(tmp_path) == before


@pytest.mark.parametrize("engine", ["sqlite"])
@pytest.mark.parametrize("end", ["", "-wal", "-shm", "-journal", ".lock"])
async def test_no_part_of_the_database_is_written_over_nor_a_backup_put_where_one_belongs(
    database: Database, cast: Cast, database_url: str, tmp_path: Path, end: str
) -> None:
    part = Path(f"{database.url.database}{end}")
    (tmp_path / "linked").symlink_to(part)
    before = await _content(database_url)

    for file in (part, tmp_path / "linked"):
        with pytest.raises(Unusable, match="is the database itself, or a part of it"):
            await _taken(database_url, file, replace=True)

    assert await _content(database_url) == before


async def test_where_nothing_can_be_written_it_says_so(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    with pytest.raises(Unusable, match="there is no folder"):
        await _taken(database_url, tmp_path / "nowhere" / "kept.db")
    with pytest.raises(Unusable, match="is a folder"):
        await _taken(database_url, tmp_path)


async def test_a_full_disk_leaves_the_older_backup_and_nothing_half_written(
    full: Database, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _taken(database_url, tmp_path / "kept.db")
    before = (tmp_path / "kept.db").read_bytes()
    monkeypatch.setattr(databases, "PRAGMAS", (*databases.PRAGMAS, "max_page_count=90"))

    with pytest.raises(Unusable, match="the disk has no room for the backup") as refused:
        await _taken(database_url, tmp_path / "kept.db", replace=True)

    assert "Nothing was kept" in str(refused.value)
    assert (tmp_path / "kept.db").read_bytes() == before
    assert names(tmp_path, "*kept*") == ["kept.db"]


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_full_disk_restores_nothing(
    full: Database, database_url: str, copy: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _taken(database_url, tmp_path / "kept.db")
    monkeypatch.setattr(databases, "PRAGMAS", (*databases.PRAGMAS, "max_page_count=90"))

    with pytest.raises(Unusable, match="the disk has no room for"):
        await _restored(str(copy.url), tmp_path / "kept.db")

    assert names(tmp_path / "elsewhere") == []


async def test_a_database_of_an_earlier_schema_is_brought_up_first(copy: Database, tmp_path: Path) -> None:
    await schema.migrate(copy, to="0001")

    with pytest.raises(Unusable, match="the database has schema 0001") as refused:
        await _taken(str(copy.url), tmp_path / "kept.db")

    assert "Run: parley migrate" in str(refused.value)


async def test_where_there_is_no_database_there_is_nothing_to_keep(copy: Database, tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="there is no database yet"):
        await _taken(str(copy.url), tmp_path / "kept.db")


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_what_a_killed_backup_left_is_gone_after_a_day(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    for name, age in ((".kept.db.1.part", 25), (".kept.db.2.part-wal", 25), (".kept.db.3.part", 1)):
        (tmp_path / name).write_text("half of it")
        written = (MONDAY - timedelta(hours=age)).timestamp()
        os.utime(tmp_path / name, (written, written))

    await backup.take(database, tmp_path / "kept.db", now=MONDAY)

    assert names(tmp_path, ".kept*") == [".kept.db.3.part"]


# Restoring.


async def test_a_file_that_is_no_backup_is_refused(copy: Database, tmp_path: Path) -> None:
    (tmp_path / "words.db").write_text("Dear diary")
    with closing(sqlite3.connect(tmp_path / "other.db")) as other:
        other.execute("CREATE TABLE backup (name TEXT)")

    for name in ("words.db", "other.db"):
        with pytest.raises(Unusable, match="is not a backup"):
            await _restored(str(copy.url), tmp_path / name)
    with pytest.raises(FileNotFoundError):  # the command line makes a sentence of it
        await _restored(str(copy.url), tmp_path / "nothing.db")

    assert names(tmp_path / "elsewhere") == []


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_backup_that_lost_rows_or_bytes_is_refused(
    database: Database, cast: Cast, database_url: str, copy: Database, tmp_path: Path
) -> None:
    await _taken(database_url, tmp_path / "short.db")
    await _taken(database_url, tmp_path / "torn.db")
    with closing(sqlite3.connect(tmp_path / "short.db")) as short:
        short.execute("DELETE FROM seat WHERE id = (SELECT max(id) FROM seat)")
        short.commit()
    with (tmp_path / "torn.db").open("r+b") as torn:
        torn.truncate((tmp_path / "torn.db").stat().st_size // 2)

    for name in ("short.db", "torn.db"):
        with pytest.raises(Unusable, match="damaged"):
            await _restored(str(copy.url), tmp_path / name)


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_backup_of_a_newer_parley_is_refused(
    database: Database, database_url: str, copy: Database, tmp_path: Path
) -> None:
    await _taken(database_url, tmp_path / "kept.db")
    with closing(sqlite3.connect(tmp_path / "kept.db")) as newer:
        newer.execute("UPDATE backup SET schema = '0999'")
        newer.commit()

    with pytest.raises(Unusable, match="made by a newer one"):
        await _restored(str(copy.url), tmp_path / "kept.db")


async def test_a_file_may_be_called_anything(
    database: Database, cast: Cast, database_url: str, copy: Database, tmp_path: Path
) -> None:
    file = tmp_path / "what? 100% of #1 & more.db"

    await _taken(database_url, file)
    await _restored(str(copy.url), file)

    assert await _content(str(copy.url)) == await _content(database_url)


async def test_nothing_is_restored_over_what_is_there(
    database: Database, cast: Cast, database_url: str, tmp_path: Path
) -> None:
    before = await _content(database_url)
    await _taken(database_url, tmp_path / "kept.db")

    with pytest.raises(Unusable, match="is not empty, and nothing in it was changed"):
        await _restored(database_url, tmp_path / "kept.db")

    assert await _content(database_url) == before


@pytest.mark.parametrize("engine", ["postgresql"])
async def test_nothing_is_restored_under_a_parley_that_runs(
    database: Database, database_url: str, copy: Database, tmp_path: Path
) -> None:
    await schema.migrate(copy)
    await _taken(str(copy.url), tmp_path / "kept.db")
    async with database.writing() as session:
        seconds = await database.machine_seconds(session)
        session.add(Heartbeat(part="clock", seen_s=seconds - 10, seen_at=MONDAY))

    with pytest.raises(Unusable, match="a Parley is running on this database"):
        await _restored(database_url, tmp_path / "kept.db")
    async with database.writing() as session:
        (await session.get_one(Heartbeat, "clock")).seen_s = seconds - 100
    await _restored(database_url, tmp_path / "kept.db")

    async with database.reading() as session:
        assert await session.get(Memo, RESTORED) is not None


async def test_a_database_that_was_only_made_is_empty(
    database: Database, database_url: str, copy: Database, tmp_path: Path
) -> None:
    await schema.migrate(copy)
    await seated(copy)
    await _taken(str(copy.url), tmp_path / "kept.db")
    async with database.writing() as session:
        session.add_all([Pace(bot=42, chat=0), Memo(name="sweeping", at=MONDAY)])

    await _restored(database_url, tmp_path / "kept.db")

    assert len((await _content(database_url))["seat"]) == len((await _content(str(copy.url)))["seat"]) > 0


async def test_what_somebody_else_keeps_in_the_same_database_stays_theirs(
    database: Database, cast: Cast, database_url: str, copy: Database, tmp_path: Path
) -> None:
    async with database.engine.connect() as connection:
        await connection.execute(text("CREATE TABLE theirs (id INTEGER PRIMARY KEY)"))
        await connection.commit()

    await _taken(database_url, tmp_path / "kept.db")

    assert "theirs" not in backup.checked(tmp_path / "kept.db").rows


@pytest.mark.parametrize("engine", ENGINES)
async def test_a_backup_from_before_a_migration_restores_at_the_schema_of_today(
    engine: str, copy: Database, elsewhere: Elsewhere, tmp_path: Path
) -> None:
    """On SQLite a start with a newer Parley keeps the file as it was."""
    await schema.migrate(copy, to="0001")
    async with copy.engine.connect() as connection:
        await connection.run_sync(filled.fill)
        await connection.commit()
    before = await _content(str(copy.url))

    kept = await upgrading.upgraded(chosen(str(copy.url)), copy)
    again = await upgrading.upgraded(chosen(str(copy.url)), copy)

    assert kept is not None
    assert str(kept) == f"{copy.url.database}.before-{schema.HEAD}"
    assert again is None
    assert (backup.checked(kept).schema, stat.S_IMODE(kept.stat().st_mode)) == ("0001", 0o600)
    url = elsewhere(engine) if engine == "postgresql" else f"sqlite+aiosqlite:///{tmp_path / 'old.db'}"
    await _restored(url, kept)
    after = await _content(url)
    known = {name: set(rows[0]) for name, rows in before.items()}
    assert filled.only(after, known) == before


async def test_a_new_file_is_migrated_without_a_copy(copy: Database, tmp_path: Path) -> None:
    kept = await upgrading.upgraded(chosen(str(copy.url)), copy)

    assert kept is None
    assert names(tmp_path / "elsewhere", "*before*") == []


async def test_no_migration_without_room_for_its_copy(
    copy: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await schema.migrate(copy, to="0001")
    monkeypatch.setattr(databases, "PRAGMAS", (*databases.PRAGMAS, "max_page_count=10"))

    with pytest.raises(Unusable, match="no room"):
        await upgrading.upgraded(chosen(str(copy.url)), copy)

    assert await schema.version(copy) == "0001"


async def test_large_tables_are_carried_in_batches_of_which_each_is_told(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carrying, "BATCH", 10)
    told: list[int] = []
    monkeypatch.setattr(backup.Progress, "told", lambda _, rows: told.append(rows))
    async with database.writing() as session:
        session.add_all(Pace(bot=number, chat=-number) for number in range(25))

    taken = await backup.take(database, tmp_path / "kept.db", now=MONDAY)

    assert taken.rows["pace"] == 25
    assert told == [10, 10, 5]
