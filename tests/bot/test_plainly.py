"""What cannot be used ends every command with a sentence that names it, and never with a traceback."""

import errno
import os
import pwd
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.engine import make_url

from bot import backup, plainly, restoring, upgrading
from bot.settings import Settings, Unusable
from storage import schema
from storage.database import Database
from tests import postgres
from tests.cast import MONDAY
from tests.processes import ROOT
from tests.warm import Warm

LONG = "n" * 300


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warm]:
    warm = Warm(tmp_path_factory.mktemp("warm"))
    yield warm
    warm.close()


Ended = subprocess.CompletedProcess[str]
Run = Callable[..., Ended]


@pytest.fixture
def parley(warm: Warm, folder: Path) -> Run:
    """`parley(*words, user=0, **settings)`: one command with these settings and no others."""

    def ended(*words: str, user: int = 0, **settings: str) -> Ended:
        given = {
            "PARLEY_BOT_TOKEN": "42:sandbox",
            "PARLEY_API_BASE": "http://127.0.0.1:9",
            "PYTHONPATH": str(ROOT),
        }
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PARLEY_")}
        named = {f"PARLEY_{name.upper()}": value for name, value in settings.items()}
        return warm.run(words, cwd=folder, env=kept | given | named, user=user)

    return ended


@pytest.fixture
def folder(migrated_file: Path) -> Iterator[Path]:
    """`words` is a text file; `good.db` a database, and there is one in `closed` too.

    It lies where other users may come, unlike pytest's own folders.
    """
    with tempfile.TemporaryDirectory(prefix="parley-") as name:
        made = Path(name)
        (made / "words").write_text("Dear diary, " * 500)
        (made / "torn.db").write_bytes(migrated_file.read_bytes()[:3000])
        (made / "closed").mkdir(mode=0o700)
        for place in (made, made / "closed"):
            shutil.copy(migrated_file, place / "good.db")
            (place / "good.db").chmod(0o600)
        yield made


UNUSABLE = [
    (("migrate",), "words/parley.db", "is a file, where a folder should be"),
    (("migrate",), "words/under/parley.db", "lies under a file"),
    (("migrate",), "words", "is no database"),
    (("migrate",), ".", "is a folder"),
    (("migrate",), "torn.db", "is damaged"),
    (("backup", "new"), "torn.db", "restore the newest backup"),
    (("restore", "--go-live"), "torn.db", "restore the newest backup"),
    (("run",), "torn.db", "is damaged"),
    (("run",), LONG, "is too long a name"),
    (("run",), "words/parley.db", "is a file, where a folder should be"),
    (("restore", LONG), "new.db", "is too long a name"),
    (("restore", "."), "new.db", "is a folder, not a file"),
    (("restore", "nothing"), "new.db", "nothing cannot be found"),
    (("restore", "good.db"), "words/new.db", "is a file, where a folder should be"),
    (("restore", "--go-live"), "words", "restore a backup"),
    (("restore", "--go-live"), "nothing.db", "there is no database here that could go live"),
    (("backup", LONG), "good.db", "is too long a name"),
    (("backup", "new"), "words", "restore a backup"),
    (("roster", "."), "good.db", "is a folder"),
    (("roster", "nothing"), "good.db", "nothing cannot be found"),
    (("demo", "--headless", "--json", "nowhere/x.json"), "good.db", "nowhere/x.json cannot be found"),
    (("demo", "--json", "x.json"), "good.db", "Add --headless"),
    (("sandbox", "--port", "70000"), "good.db", "70000 is no port"),
    (("sandbox", "--host", "nowhere"), "good.db", "nowhere is no address"),
    (("sandbox", "--token", "marmalade"), "good.db", "a token is a number"),
    (("sandbox", "--journal", "nowhere/x"), "good.db", "nowhere/x cannot be used"),
    (("sandbox", "--clock-file", "nowhere"), "good.db", "nowhere cannot be used"),
]


@pytest.mark.parametrize(("words", "database", "said"), UNUSABLE)
def test_a_file_that_cannot_be_used_ends_with_one_sentence(
    parley: Run, folder: Path, words: Sequence[str], database: str, said: str
) -> None:
    before = sorted(folder.glob("*.db"))

    ended = parley(*words, database_url=f"sqlite:///{database}")

    assert ended.returncode in (1, 2)
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "Error" not in ended.stderr
    assert ended.stdout == ""
    assert sorted(folder.glob("*.db")) == before


@pytest.mark.parametrize("database", ["words/parley.db", "words/under/parley.db", "words", ".", LONG])
def test_the_doctor_says_what_is_wrong_with_the_file_and_looks_at_the_rest(
    parley: Run, folder: Path, database: str
) -> None:
    ended = parley("doctor", database_url=f"sqlite:///{database}")

    assert ended.returncode == 1
    assert "no database yet" not in ended.stdout
    assert "2 to do." in ended.stdout  # the other is that there is no Telegram
    assert ended.stderr == ""


def test_a_calendar_that_is_not_there_is_named(parley: Run) -> None:
    ended = parley("run", clock_file="nowhere", database_url="sqlite:///good.db")

    assert ended.returncode == 1
    assert "PARLEY_CLOCK_FILE cannot be used" in ended.stderr
    assert "crashed" not in ended.stderr


# Files of somebody else.


@pytest.fixture
def nobody(folder: Path) -> int:
    """Another user, who may enter the folder."""
    if os.geteuid() != 0:
        pytest.skip("only root may act as another user")
    folder.chmod(0o755)
    return pwd.getpwnam("nobody").pw_uid


COMMANDS = (("migrate",), ("run",), ("backup", "new"), ("restore", "words"), ("restore", "--go-live"))


@pytest.mark.parametrize("words", COMMANDS)
@pytest.mark.parametrize("database", ["good.db", "closed/good.db"])
def test_what_root_made_is_said_to_be_roots_with_the_way_to_give_it_away(
    parley: Run, folder: Path, nobody: int, words: Sequence[str], database: str
) -> None:
    ended = parley(*words, user=nobody, database_url=f"sqlite:///{database}")

    assert ended.returncode == 1
    assert "belongs to root" in ended.stderr
    assert f"chown -R nobody: {(folder / database).parent}\n" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "crashed" not in ended.stderr


@pytest.mark.parametrize("database", ["good.db", "closed/good.db"])
def test_the_doctor_finds_what_is_roots(parley: Run, folder: Path, nobody: int, database: str) -> None:
    ended = parley("doctor", user=nobody, database_url=f"sqlite:///{database}")

    assert ended.returncode == 1
    assert "belongs to root" in ended.stdout
    assert "2 to do." in ended.stdout
    assert ended.stderr == ""


@pytest.mark.parametrize("words", [("run",), ("doctor",)])
def test_settings_that_only_root_may_read_are_told(
    parley: Run, folder: Path, nobody: int, words: Sequence[str]
) -> None:
    (folder / ".env").write_text("PARLEY_BOT_TOKEN=42:x\n")
    (folder / ".env").chmod(0o600)

    ended = parley(*words, user=nobody, database_url="sqlite:///good.db")

    assert ended.returncode == 1
    assert ".env" in ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr
    assert "Error" not in ended.stdout + ended.stderr


@pytest.mark.parametrize(
    ("owner", "remedy"), [("root", "If nobody"), ("ada", "Start this as ada. Or, if nobody")]
)
def test_whose_it_is_and_both_ways_out_are_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch, owner: str, remedy: str
) -> None:
    monkeypatch.setattr(plainly, "_us", lambda: "nobody")
    monkeypatch.setattr(Path, "owner", lambda _: owner)

    what, told = plainly.of_file(PermissionError(errno.EACCES, "Permission denied", str(folder / "good.db")))

    assert what == f"{folder / 'good.db'} may not be used by nobody: {folder / 'good.db'} belongs to {owner}"
    assert told == f"{remedy} is to run Parley, do this as root: chown -R nobody: {folder}"


# PostgreSQL.


async def _looked_at(url: str) -> None:
    chosen = Settings(bot_token="42:sandbox", database_url=url, _env_file=None)
    database = Database(chosen.async_database_url)
    try:
        await upgrading.found(chosen, database)
    finally:
        await database.close()


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ({"database": "nowhere"}, "has no database nowhere"),
        ({"username": "stranger"}, "knows no user stranger"),
        ({"host": "no-such-machine.invalid", "query": {}}, "no machine is called no-such-machine.invalid"),
        ({"host": "127.0.0.1", "port": 9, "query": {}}, "127.0.0.1, port 9, does not answer"),
    ],
)
async def test_which_part_of_the_address_is_wrong_is_said_and_never_the_password(
    postgres_server: postgres.Server, what: dict[str, object], said: str
) -> None:
    url = make_url(postgres_server.url).set(password="hunter2", **what)  # type: ignore[arg-type]  # its own parts

    with pytest.raises(Unusable) as refused:
        await _looked_at(url.render_as_string(hide_password=False))

    told = str(refused.value)
    assert said in told
    assert "hunter2" not in told
    assert "Error" not in told


WORDS = [
    ('FATAL:  password authentication failed for user "parley"', "does not take the password of user parley"),
    ("fe_sendauth: no password supplied", "wants a password for user parley"),
    ('FATAL:  Peer authentication failed for user "parley"', "does not let user parley in"),
    ("FATAL:  sorry, too many clients already", "has no connection left"),
    ("connection timeout expired", "does not answer in time"),
]


@pytest.mark.parametrize(("words", "said"), WORDS)
def test_what_postgresql_says_is_told_in_plain_words(words: str, said: str) -> None:
    chosen = Settings(database_url="postgresql://parley:hunter2@host/riverside", _env_file=None)

    told = plainly.told(*plainly.of_database(chosen, psycopg.OperationalError(words)))

    assert said in told
    assert "hunter2" not in told


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
async def test_a_database_with_another_encoding_than_utf8_is_refused(
    postgres_server: postgres.Server, encoding: str, tmp_path: Path
) -> None:
    made = sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING {} LC_COLLATE 'C' LC_CTYPE 'C'")
    name = f"in_{encoding.lower()}"
    with postgres_server.connect() as connection:
        connection.execute(made.format(sql.Identifier(name), sql.Literal(encoding)))
    kept = Database.in_file(tmp_path / "source.db")
    await schema.migrate(kept)
    await backup.take(kept, tmp_path / "kept.db", now=MONDAY)
    await kept.close()
    url = postgres_server.url_of(name)

    try:
        with pytest.raises(Unusable, match=f"has the encoding {encoding}, and Parley needs UTF8"):
            await _looked_at(url)
        with pytest.raises(Unusable, match=f"has the encoding {encoding}"):
            await restoring.command(
                Settings(bot_token="42:sandbox", database_url=url, _env_file=None), tmp_path / "kept.db"
            )
    finally:
        postgres.drop_database(postgres_server, name)


# What comes next.


@pytest.mark.parametrize("words", [("backup", "new"), ("restore", "--go-live"), ("migrate",), ("run",)])
def test_a_database_of_a_newer_parley_needs_that_one_and_no_migration(
    parley: Run, folder: Path, words: Sequence[str]
) -> None:
    with closing(sqlite3.connect(folder / "good.db")) as opened:
        opened.execute("UPDATE alembic_version SET version_num = '9999'")
        opened.commit()

    ended = parley(*words, database_url="sqlite:///good.db")

    assert ended.returncode == 1
    assert "install that again" in ended.stderr
    assert "parley migrate" not in ended.stderr


def test_parley_says_which_one_it_is(parley: Run) -> None:
    ended = parley("--version")

    assert ended.returncode == 0
    assert ended.stdout == f"parley 0.1.0, schema {schema.HEAD}\n"
