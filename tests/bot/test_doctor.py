"""`parley doctor`: each thing that can be wrong is found, with what to do about it."""

import asyncio
import os
import zoneinfo
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text, update
from sqlmodel import col, select

from bot import (
    cli,
    clock,
    doctor,
    doctor_database,
    doctor_machine,
    doctor_telegram,
    findings,
    health,
    identity,
    inbox,
    onlyone,
    outbox,
    rostering,
)
from bot.findings import Finding
from bot.health import Pulse
from bot.outbox import Letter
from bot.settings import Settings, Unusable
from storage.database import Database
from storage.memos import RESTORED, Memo
from storage.partnerships import Partnership
from storage.queues import Heartbeat, Incoming, Outgoing
from storage.schema import HEAD
from tests import crowd
from tests.bot.conftest import Calendar
from tests.cast import MONDAY
from tests.processes import free_port, until
from tests.sandbox_process import Sandbox

OPERATOR = 5
ROSTER = """partnership,organisation,kind,capacity,name,role,language
Riverside,Riverside Council,public,,Mo Anwar,member,en
Riverside,Riverside Forum,backbone,,Ada Fry,facilitator,en
"""


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


def chosen(sandbox: Sandbox, database: Database, **more: Any) -> Settings:  # noqa: ANN401 - settings
    given: dict[str, Any] = {
        "bot_token": sandbox.token,
        "api_base": sandbox.url,
        "database_url": database.url.render_as_string(hide_password=False),
        "operator_chat": OPERATOR,
    }
    return Settings(**given | more)


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


@dataclass
class Bench:
    """What a trouble may be made of."""

    database: Database
    telegram: Sandbox
    folder: Path
    patch: pytest.MonkeyPatch

    def settings(self, **more: Any) -> Settings:  # noqa: ANN401 - settings
        return chosen(self.telegram, self.database, **more)

    async def ask(self, method: str, **given: object) -> None:
        async with httpx.AsyncClient() as client:
            path = f"{self.telegram.url}/bot{self.telegram.token}/{method}"
            answer = await client.post(path, json=given)
        assert answer.json()["ok"], answer.text


# Each thing that can be wrong, made so; what is said of it, and a word of the remedy.

Trouble = Callable[[Bench], Any]
TROUBLES: dict[str, tuple[Trouble, str, str]] = {}


def trouble(name: str, what: str, remedy: str) -> Callable[[Trouble], Trouble]:
    def noted(made: Trouble) -> Trouble:
        TROUBLES[name] = (made, what, remedy)
        return made

    return noted


@trouble("setting_unknown", "PARLEY_OPERATOR_CHT in .env", "Did you mean PARLEY_OPERATOR_CHAT?")
async def a_slip_in_a_name(bench: Bench) -> Settings:
    (bench.folder / ".env").write_text("PARLEY_OPERATOR_CHT=5\n")
    (bench.folder / ".env").chmod(0o600)
    return bench.settings()


@trouble("env_open_to_others", "others on this machine", "chmod 600 .env")
async def a_file_that_others_can_read(bench: Bench) -> Settings:
    (bench.folder / ".env").write_text("PARLEY_LOG_LEVEL=INFO\n")
    (bench.folder / ".env").chmod(0o644)
    return bench.settings()


@trouble("python_old", "this is Python", "Install one")
async def an_old_python(bench: Bench) -> Settings:
    bench.patch.setattr(doctor_machine, "OLDEST", (3, 99))
    return bench.settings()


@trouble("port_taken", "another program uses port", "PARLEY_PORT")
async def a_taken_port(bench: Bench) -> AsyncIterator[Settings]:
    port = free_port()
    async with await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", port):
        yield bench.settings(port=port)


@trouble("public_port", "port 9443", "443, 80, 88 and 8443")
async def a_port_telegram_does_not_deliver_to(bench: Bench) -> Settings:
    return bench.settings(api_base="https://127.0.0.2:9", public_url="https://riverside.example:9443")


@trouble("disk_full", "MB are free", "Make room")
async def a_full_disk(bench: Bench) -> Settings:
    bench.patch.setattr(doctor_machine, "ROOM", 2**62)
    return bench.settings()


@trouble("zones_old", "of 2019a", "tzdata")
async def old_time_zones(bench: Bench) -> AsyncIterator[Settings]:
    (bench.folder / "tzdata.zi").write_text("# version 2019a\n")
    zoneinfo.reset_tzpath([str(bench.folder), *zoneinfo.TZPATH])
    yield bench.settings()
    zoneinfo.reset_tzpath()


@trouble("zone_missing", "Mars/Olympus", "apt install tzdata")
async def a_time_zone_nobody_knows(bench: Bench) -> Settings:
    async with bench.database.writing() as session:
        session.add(Partnership(name="Riverside", timezone="Mars/Olympus", created_at=MONDAY))
    return bench.settings()


@trouble("database_away", "cannot be opened", "PARLEY_DATABASE_URL")
async def a_database_that_is_away(bench: Bench) -> Settings:
    return bench.settings(database_url="postgresql://parley:hunter2@127.0.0.1:9/nowhere")


@trouble("schema_older", "schema none", "Run: parley migrate")
async def an_empty_database(bench: Bench) -> Settings:
    (bench.folder / "empty.db").touch()
    return bench.settings(database_url=f"sqlite:///{bench.folder / 'empty.db'}")


@trouble("schema_newer", "schema 9999", "restore a backup")
async def a_database_from_the_future(bench: Bench) -> Settings:
    async with bench.database.writing() as session:
        await (await session.connection()).execute(text("UPDATE alembic_version SET version_num = '9999'"))
    return bench.settings()


@trouble("file_not_writable", "cannot be written to", "chown")
async def a_file_of_somebody_else(bench: Bench) -> Settings:
    allowed = os.access  # root may write anywhere
    bench.patch.setattr(os, "access", lambda path, mode: path.name != "theirs" and allowed(path, mode))
    (bench.folder / "theirs").mkdir()
    return bench.settings(database_url=f"sqlite:///{bench.folder / 'theirs' / 'parley.db'}")


@trouble("file_on_network", "network disk (nfs4)", "use PostgreSQL")
async def a_file_on_a_network_disk(bench: Bench) -> Settings:
    mounts = bench.folder / "mounts"
    mounts.write_text(f"disk / ext4 rw 0 0\nserver:/x {bench.folder} nfs4 rw 0 0\n")
    bench.patch.setattr(doctor_database, "MOUNTS", mounts)
    return bench.settings(database_url=f"sqlite:///{bench.folder / 'later.db'}")


@trouble("database_silent", "restored from the backup of 2 November 2026", "parley restore --go-live")
async def a_restored_copy(bench: Bench) -> Settings:
    async with bench.database.writing() as session:
        session.add(Memo(name=RESTORED, at=MONDAY))
    return bench.settings()


@trouble("other_bot", "belongs to bot 41", "put its token back")
async def a_token_of_another_bot(bench: Bench) -> Settings:
    async with bench.database.writing() as session:
        session.add(Memo(name=identity.NUMBER, value="41", at=MONDAY))
    return bench.settings()


@trouble("parts_late", "no sign of life for a minute: clock", "again")
async def a_part_that_fell_silent(bench: Bench) -> AsyncIterator[Settings]:
    settings = bench.settings()
    for part in ("listening", "handling", "delivery"):
        await Pulse(bench.database, part).beat(now=MONDAY, machine=1.0)
    with onlyone.holding(settings):
        yield settings


@trouble("updates_parked", "1 messages or taps", "update_parked")
async def an_update_set_aside(bench: Bench) -> Settings:
    await inbox.store(bench.database, 42, [{"update_id": 1}], now=clock.Clock().now())
    async with bench.database.writing() as session:
        await session.exec(update(Incoming).values(state="parked"))
    return bench.settings()


@trouble("letters_dead", "1 messages could not be delivered", "letter_not_sent")
async def letters_that_were_refused(bench: Bench) -> Settings:
    now = clock.Clock().now()
    words = {"a": "Bad Request: can't parse entities", "b": "Forbidden: bot was blocked by the user"}
    async with bench.database.writing() as session:
        for key, error in words.items():
            letter = Letter(key, "brief", 5, "sendMessage", {}, now, now + timedelta(days=1))
            await outbox.put(bench.database, session, [letter])
            ended = update(Outgoing).where(col(Outgoing.key) == key)
            await session.exec(ended.values(state="dead", error=error))
    return bench.settings()


@trouble("token_missing", "no token", "@BotFather")
async def no_token(bench: Bench) -> Settings:
    return bench.settings(bot_token="")


@trouble("token_malformed", "does not look like a token", "without spaces")
async def half_a_token(bench: Bench) -> Settings:
    return bench.settings(bot_token="marmalade")


@trouble("token_unknown", "does not know this token", "@BotFather")
async def a_wrong_token(bench: Bench) -> Settings:
    return bench.settings(bot_token="1:wrong")


@trouble("telegram_away", "cannot be reached", "PARLEY_API_BASE")
async def a_telegram_that_is_away(bench: Bench) -> Settings:
    return bench.settings(api_base="http://127.0.0.1:9")


@trouble("webhook_of_another", "by webhook, at 127.0.0.1", "parley run")
async def a_webhook_of_another_program(bench: Bench) -> Settings:
    await bench.ask("setWebhook", url="http://127.0.0.1:9/elsewhere")
    return bench.settings()


@trouble("webhook_not_set", "not set yet", "parley run")
async def a_webhook_that_is_not_set(bench: Bench) -> Settings:
    return bench.settings(public_url="https://riverside.example", port=free_port())


@trouble("webhook_failing", "could not deliver within the hour", "certificate")
async def a_webhook_nobody_answers(bench: Bench) -> Settings:
    await bench.ask("setWebhook", url="http://127.0.0.1:9/telegram")
    await bench.telegram.control("POST", f"phones/{OPERATOR}/send", {"text": "hello"})

    async def failed() -> bool:
        async with httpx.AsyncClient() as client:
            path = f"{bench.telegram.url}/bot{bench.telegram.token}/getWebhookInfo"
            return "last_error_message" in (await client.get(path)).json()["result"]

    await until(failed)
    return bench.settings(public_url="http://127.0.0.1:9", port=free_port())


@trouble("updates_piling_up", "wait at Telegram", "parley run")
async def messages_nobody_fetches(bench: Bench) -> Settings:
    bench.patch.setattr(doctor_telegram, "LOOK_AGAIN", 0.1)
    for number in range(doctor_telegram.MANY + 1):
        await bench.telegram.control("POST", f"phones/{OPERATOR}/send", {"text": f"hello {number}"})
    return bench.settings()


@trouble("operator_not_named", "nobody is told", "PARLEY_OPERATOR_CHAT")
async def nobody_to_be_told(bench: Bench) -> Settings:
    return bench.settings(operator_chat=0)


@trouble("operator_not_reached", "cannot be reached", "press Start")
async def an_operator_who_never_opened_the_chat(bench: Bench) -> Settings:
    return bench.settings(operator_chat=987654)


@trouble("clock_off", "seconds off", "timedatectl")
async def a_clock_that_is_off(bench: Bench) -> Settings:
    async def long_ago(*_: object, **__: object) -> httpx.Response:
        return httpx.Response(200, headers={"date": "Tue, 03 Nov 2020 10:00:00 GMT"})

    settings = bench.settings()
    bench.patch.setattr(httpx.AsyncClient, "get", long_ago)
    return settings


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
    code = await doctor.check(chosen(telegram, database, operator_chat=0))

    assert code == 1
    assert capsys.readouterr().out.endswith("1 to do.\n")


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

    assert "PARLEY_DATABASE_URL cannot be opened" in str(refused.value)
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


async def test_a_roster_becomes_one_link_a_person(
    database: Database, world: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "roster.csv"
    file.write_text(ROSTER)

    await rostering.print_links(
        chosen(world, database), file, timezone="Europe/London", rule="FREQ=WEEKLY;BYDAY=TU"
    )

    shown = capsys.readouterr()
    rows = [line.split("\t") for line in shown.out.splitlines()]
    assert [row[:3] for row in rows] == [
        ["Riverside Council", "Mo Anwar", "member"],
        ["Riverside Forum", "Ada Fry", "facilitator"],
    ]
    assert all("?start=" in row[3] for row in rows)
    assert len({row[3] for row in rows}) == 2
    assert "2 links, each for one person" in shown.err


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (None, "there is no file"),
        ("name\nMo\n", "column"),
        (ROSTER + "Riverside,,,,,,\n", "Line 4: the organisation is empty."),
    ],
)
async def test_a_roster_that_cannot_be_read_is_refused_and_nothing_is_stored(
    database: Database, world: Sandbox, tmp_path: Path, words: str | None, why: str
) -> None:
    file = tmp_path / "roster.csv"
    if words is not None:
        await asyncio.to_thread(file.write_text, words)

    with pytest.raises(Unusable) as refused:
        await rostering.print_links(
            chosen(world, database), file, timezone="Europe/London", rule="FREQ=WEEKLY;BYDAY=TU"
        )

    assert why in str(refused.value)


async def test_without_telegram_there_are_no_links(
    database: Database, world: Sandbox, tmp_path: Path
) -> None:
    settings = chosen(world, database, api_base="http://127.0.0.1:9")

    with pytest.raises(Unusable, match="parley doctor"):
        await rostering.print_links(settings, tmp_path / "roster.csv", timezone="UTC", rule="FREQ=WEEKLY")
