"""`parley roster`: a file becomes one link a person, or is refused with what is wrong in it."""

import asyncio
from pathlib import Path

import pytest
from sqlmodel import select

from bot import founding, rostering
from bot.settings import Unusable
from storage.database import Database
from storage.members import Founding, Invite
from storage.memos import RESTORED, Memo
from tests.bot.ailments import chosen
from tests.cast import MONDAY
from tests.sandbox_process import Sandbox

ROSTER = """partnership,organisation,kind,capacity,name,role,language
Riverside,Riverside Council,public,,Mo Anwar,member,en
Riverside,Riverside Forum,backbone,,Ada Fry,facilitator,en
"""


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
        ("name\nMo\n", "column"),
        (ROSTER + "Riverside,,,,,,\n", "Line 4: the organisation is empty."),
    ],
)
async def test_a_roster_that_cannot_be_read_is_refused_and_nothing_is_stored(
    database: Database, world: Sandbox, tmp_path: Path, words: str, why: str
) -> None:
    file = tmp_path / "roster.csv"
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
    await asyncio.to_thread((tmp_path / "roster.csv").write_text, ROSTER)

    with pytest.raises(Unusable, match="parley doctor"):
        await rostering.print_links(settings, tmp_path / "roster.csv", timezone="UTC", rule="FREQ=WEEKLY")


async def test_a_restored_copy_that_is_silent_gives_no_links(
    database: Database, world: Sandbox, tmp_path: Path
) -> None:
    """They would lead to a Parley that knows nothing of them."""
    await asyncio.to_thread((tmp_path / "roster.csv").write_text, ROSTER)
    async with database.writing() as session:
        session.add(Memo(name=RESTORED, at=MONDAY))
    settings = chosen(world, database)

    for links in (
        rostering.print_links(settings, tmp_path / "roster.csv", timezone="UTC", rule="FREQ=WEEKLY"),
        founding.print_link(settings),
    ):
        with pytest.raises(Unusable, match="is silent") as refused:
            await links
        assert "parley restore --go-live" in str(refused.value)

    async with database.reading() as session:
        assert (await session.exec(select(Invite))).all() == []
        assert (await session.exec(select(Founding))).all() == []
