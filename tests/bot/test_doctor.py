"""`parley doctor`: each thing that can be wrong is found, with what to do about it."""

import asyncio
import os
from pathlib import Path

import pytest
from sqlmodel import select

from bot import cli, doctor, findings, health, onlyone
from bot.findings import Finding
from bot.health import Pulse
from bot.settings import Settings, Unusable
from storage.database import Database
from storage.queues import Heartbeat
from storage.schema import HEAD
from tests import crowd
from tests.bot.ailments import OPERATOR, TROUBLES, Bench, chosen
from tests.bot.conftest import Calendar
from tests.cast import MONDAY
from tests.processes import free_port
from tests.sandbox_process import Sandbox


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No environment of the machine, and no `.env`."""
    for name in list(os.environ):
        if name.startswith("PARLEY_") or name == "PORT":
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
async def telegram(world: Sandbox) -> Sandbox:
    """A Telegram in which the operator has opened the bot's chat."""
    await asyncio.to_thread(crowd.phones, world, [OPERATOR])
    return world


async def found(settings: Settings) -> list[Finding]:
    return [finding async for finding in doctor.findings(settings)]


def to_do(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.name: finding for finding in findings if not finding.good}


async def test_where_all_is_right_there_is_nothing_to_do(
    database: Database, telegram: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    code = await doctor.check(chosen(telegram, database))

    said = capsys.readouterr().out
    assert code == 0, said
    assert said.endswith("Parley is ready.\n")
    assert f"database at schema {HEAD}" in said
    assert "messages come by long polling" in said
    assert "the operator's chat can be reached" in said


# What else is wrong then.
ALONG = {"public_port": {"telegram_away"}}


def test_each_remedy_has_its_trouble() -> None:
    assert TROUBLES.keys() | {"settings_unusable"} == findings.REMEDIES.keys()


# What is found in the database is found in either.
INSIDE = ("zone_missing", "schema_newer", "database_silent", "other_bot", "updates_parked", "letters_dead")


@pytest.mark.parametrize(
    ("engine", "name"), [("sqlite", name) for name in TROUBLES] + [("postgresql", name) for name in INSIDE]
)
async def test_what_is_wrong_is_found_with_what_to_do(
    database: Database, telegram: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    made, what, remedy = TROUBLES[name]
    bench = Bench(database, telegram, tmp_path, monkeypatch)
    setting = made(bench)
    settings = await (anext(setting) if hasattr(setting, "__anext__") else setting)

    wrong = to_do(await found(settings))

    if hasattr(setting, "__anext__"):
        assert await anext(setting, None) is None
    assert name in wrong
    assert what in wrong[name].what
    assert remedy in wrong[name].remedy
    assert "hunter2" not in str(wrong)
    others = wrong.keys() - {name}
    assert others <= ALONG.get(name, set())


@pytest.mark.parametrize("words", [b"PARLEY_LOG_LEVEL=LOUD\n", b"PARLEY_OPERATOR_NAME=\xff\xfe\n"])
def test_settings_that_cannot_be_used_are_told_before_anything_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: bytes
) -> None:
    (tmp_path / ".env").write_bytes(words)

    code = asyncio.run(doctor.main())

    said = capsys.readouterr().out.splitlines()
    assert code == 1
    assert said[0].startswith("to do   ")
    assert ".env" in said[0] + said[1]
    assert said[-1].startswith("Mend the settings first")


async def test_something_to_do_is_the_exit_code(
    database: Database, telegram: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    code = await doctor.check(chosen(telegram, database, operator_chat=987654))

    assert code == 1
    assert capsys.readouterr().out.endswith("1 to do.\n")


async def test_what_may_be_meant_is_a_hint_and_fails_nothing(
    database: Database, telegram: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    code = await doctor.check(chosen(telegram, database, operator_chat=0))

    said = capsys.readouterr().out
    assert code == 0
    assert (
        "hint    nobody who runs Parley is told when something goes wrong\n        Put PARLEY_OPERATOR_CHAT"
        in said
    )
    assert said.endswith("Parley is ready.\n")


async def test_no_database_yet_is_all_right(telegram: Sandbox, tmp_path: Path) -> None:
    later = Database(f"sqlite+aiosqlite:///{tmp_path / 'later.db'}")

    assert to_do(await found(chosen(telegram, later))) == {}
    assert not (tmp_path / "later.db").exists()
    await later.close()


async def test_a_parley_at_work_is_said_to_be_well(database: Database, telegram: Sandbox) -> None:
    settings = chosen(telegram, database)
    for part in health.PARTS:
        await Pulse(database, part).beat(now=MONDAY, machine=1.0)

    with onlyone.holding(settings):
        findings = await found(settings)

    assert to_do(findings) == {}
    assert "Parley is running, and every part gives signs of life" in [one.what for one in findings]


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_parley_that_has_just_started_gives_no_alarm(database: Database, telegram: Sandbox) -> None:
    settings = chosen(telegram, database)
    await Pulse(database, "clock").beat(now=MONDAY, machine=1.0)

    with onlyone.holding(settings):
        findings = await found(settings)

    assert to_do(findings) == {}
    assert any("Parley has just started" in one.what for one in findings)


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_setting_without_its_sign_and_two_on_one_line_are_found(
    database: Database, telegram: Sandbox, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("PARLEY_BOT_TOKEN hunter2\nPARLEY_OPERATOR_NAME=Us PARLEY_PORT=80\n")
    (tmp_path / ".env").chmod(0o600)

    told = [one.what for one in await found(chosen(telegram, database)) if one.name == "setting_unread"]

    assert told == [
        "line 1 of .env names PARLEY_BOT_TOKEN, without = behind it",
        "line 2 of .env has two settings, PARLEY_OPERATOR_NAME and PARLEY_PORT",
    ]


def stamps(folder: Path) -> dict[Path, int]:
    return {file: file.stat().st_mtime_ns for file in folder.glob("parley.db*")}


async def test_the_doctor_only_looks(database: Database, telegram: Sandbox, tmp_path: Path) -> None:
    if not database.sqlite:
        pytest.skip("PostgreSQL has room for another process")
    async with database.writing() as session:  # a Parley at work
        await session.exec(select(Heartbeat))
        before = stamps(tmp_path)

        findings = await found(chosen(telegram, database))

        after = stamps(tmp_path)
    assert to_do(findings) == {}
    assert after == before


async def test_a_database_that_is_away_is_told_to_whoever_migrates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARLEY_DATABASE_URL", "postgresql://parley:hunter2@127.0.0.1:9/nowhere")

    with pytest.raises(Unusable) as refused:
        await asyncio.to_thread(cli.migrate)

    assert "PostgreSQL at 127.0.0.1, port 9, does not answer" in str(refused.value)
    assert "hunter2" not in str(refused.value)


async def test_a_webhook_that_is_ours_is_right(database: Database, telegram: Sandbox) -> None:
    bench = Bench(database, telegram, Path(), pytest.MonkeyPatch())
    await bench.ask("setWebhook", url="http://127.0.0.1:9/telegram")

    findings = await found(bench.settings(public_url="http://127.0.0.1:9", port=free_port()))

    assert to_do(findings) == {}
    assert "messages come by webhook" in [finding.what for finding in findings]


async def test_a_calendar_of_ones_own_is_compared_with_nothing(
    database: Database, telegram: Sandbox, calendar: Calendar
) -> None:
    findings = await found(chosen(telegram, database, clock_file=calendar.file))

    assert "nothing to compare it with" in findings[-1].what
