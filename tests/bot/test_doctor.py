"""`parley doctor`: each thing that is not right is found, with what to do about it."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlmodel import select

from bot import cli, doctor, rostering
from bot.doctor import Finding
from bot.settings import Settings, Unusable
from storage.database import Database
from storage.queues import Heartbeat
from tests.bot.conftest import Calendar
from tests.sandbox_process import Sandbox

ROSTER = """partnership,organisation,kind,capacity,name,role,language
Riverside,Riverside Council,public,,Mo Anwar,member,en
Riverside,Riverside Forum,backbone,,Ada Fry,facilitator,en
"""


async def found(settings: Settings) -> list[Finding]:
    return [finding async for finding in doctor.findings(settings)]


def to_do(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(finding.what, finding.remedy) for finding in findings if not finding.good]


def chosen(sandbox: Sandbox, database: Database, **more: Any) -> Settings:  # noqa: ANN401 - settings
    url = database.url.render_as_string(hide_password=False)
    given: dict[str, Any] = {"bot_token": sandbox.token, "api_base": sandbox.url, "database_url": url}
    return Settings(**given | more)


async def test_where_all_is_right_there_is_nothing_to_do(
    database: Database, world: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    code = await doctor.check(chosen(world, database))

    said = capsys.readouterr().out
    assert code == 0
    assert said.endswith("Parley is ready.\n")
    assert "database at schema 0001" in said
    assert "messages come by long polling" in said


async def test_a_missing_token_is_told_with_the_way_to_one(database: Database, world: Sandbox) -> None:
    [(what, remedy)] = to_do(await found(chosen(world, database, bot_token="")))

    assert what == "no token"
    assert "@BotFather" in remedy


async def test_a_wrong_token_is_told(database: Database, world: Sandbox) -> None:
    [(what, remedy), *_] = to_do(await found(chosen(world, database, bot_token="1:wrong")))

    assert what == "Telegram does not know this token"
    assert "@BotFather" in remedy


async def test_a_telegram_that_cannot_be_reached_is_told(database: Database, world: Sandbox) -> None:
    [(what, remedy)] = to_do(await found(chosen(world, database, api_base="http://127.0.0.1:9")))

    assert "cannot be reached" in what
    assert "PARLEY_API_BASE" in remedy


async def test_a_database_that_cannot_be_opened_is_told(database: Database, world: Sandbox) -> None:
    settings = chosen(world, database, database_url="postgresql://parley:hunter2@127.0.0.1:9/nowhere")

    [(what, remedy)] = to_do(await found(settings))

    assert "cannot be opened" in what
    assert "PARLEY_DATABASE_URL" in remedy
    assert "hunter2" not in what + remedy


async def test_a_database_of_another_schema_is_told(world: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()
    empty = Database(f"sqlite+aiosqlite:///{tmp_path / 'empty.db'}")

    findings = await found(chosen(world, empty))

    await empty.close()
    assert to_do(findings) == [("the database has schema none, not 0001", "Run: parley migrate")]


async def test_no_database_yet_is_all_right(world: Sandbox, tmp_path: Path) -> None:
    later = Database(f"sqlite+aiosqlite:///{tmp_path / 'later.db'}")

    assert to_do(await found(chosen(world, later))) == []
    assert not (tmp_path / "later.db").exists()
    await later.close()


def stamps(folder: Path) -> dict[Path, int]:
    return {file: file.stat().st_mtime_ns for file in folder.glob("parley.db*")}


async def test_the_doctor_only_looks(database: Database, world: Sandbox, tmp_path: Path) -> None:
    if not database.sqlite:
        pytest.skip("PostgreSQL has room for another process")
    async with database.writing() as session:  # a Parley at work
        await session.exec(select(Heartbeat))
        before = stamps(tmp_path)

        findings = await found(chosen(world, database))

        after = stamps(tmp_path)
    assert to_do(findings) == []
    assert after == before


async def test_a_database_that_is_away_is_told_to_whoever_migrates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARLEY_DATABASE_URL", "postgresql://parley:hunter2@127.0.0.1:9/nowhere")

    with pytest.raises(Unusable) as refused:
        await asyncio.to_thread(cli.migrate)

    assert "PARLEY_DATABASE_URL cannot be opened" in str(refused.value)
    assert "hunter2" not in str(refused.value)


async def test_a_webhook_of_another_program_is_told(database: Database, world: Sandbox) -> None:
    await _hooked(world, "http://127.0.0.1:9/elsewhere")

    [(what, remedy)] = to_do(await found(chosen(world, database)))

    assert "another program" in what
    assert "parley run" in remedy


async def test_a_webhook_that_is_not_set_yet_is_told(database: Database, world: Sandbox) -> None:
    settings = chosen(world, database, public_url="https://riverside.example")

    [(what, remedy)] = to_do(await found(settings))

    assert what == "the webhook is not set yet"
    assert "parley run" in remedy


async def test_a_webhook_that_is_ours_is_right(database: Database, world: Sandbox) -> None:
    await _hooked(world, "http://127.0.0.1:9/telegram")

    findings = await found(chosen(world, database, public_url="http://127.0.0.1:9"))

    assert to_do(findings) == []
    assert "messages come by webhook" in [finding.what for finding in findings]


async def test_a_clock_that_is_off_is_told(
    database: Database, world: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def long_ago(*_: object, **__: object) -> httpx.Response:
        return httpx.Response(200, headers={"date": "Tue, 03 Nov 2020 10:00:00 GMT"})

    monkeypatch.setattr(httpx.AsyncClient, "get", long_ago)

    [(what, remedy)] = to_do(await found(chosen(world, database)))

    assert "seconds off" in what
    assert "timedatectl" in remedy


async def test_a_calendar_of_ones_own_is_compared_with_nothing(
    database: Database, world: Sandbox, calendar: Calendar
) -> None:
    findings = await found(chosen(world, database, clock_file=calendar.file))

    assert "nothing to compare it with" in findings[-1].what


async def _hooked(sandbox: Sandbox, url: str) -> None:
    async with httpx.AsyncClient() as client:
        answer = await client.post(f"{sandbox.url}/bot{sandbox.token}/setWebhook", json={"url": url})
    assert answer.json()["ok"], answer.text


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
