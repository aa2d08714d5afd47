"""`parley roster`: a file becomes one link a person, or is refused with what is wrong in it."""

import asyncio
from pathlib import Path

import pytest

from bot import rostering
from bot.settings import Unusable
from storage.database import Database
from tests.bot.ailments import chosen
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
