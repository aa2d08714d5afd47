"""A group chat may move or be lost; the partnership follows."""

import pytest

from facilitation import groups
from storage.database import Database
from storage.partnerships import Partnership
from tests.cast import MONDAY, Cast

GROUP, NEW = -5, -1005


@pytest.fixture
async def grouped(database: Database, cast: Cast) -> int:
    async with database.writing() as session:
        (await session.get_one(Partnership, cast.partnership.id)).group_chat = GROUP
    return cast.partnership.id


async def group_of(database: Database, partnership_id: int) -> int | None:
    async with database.reading() as session:
        return (await session.get_one(Partnership, partnership_id)).group_chat


async def test_a_group_that_moved_is_found_at_its_new_address(database: Database, grouped: int) -> None:
    async with database.writing() as session:
        await groups.move(session, old=GROUP, new=NEW)
        await groups.move(session, old=-7, new=-8)

    assert await group_of(database, grouped) == NEW


async def test_a_group_that_is_lost_gets_nothing_more(database: Database, grouped: int) -> None:
    async with database.writing() as session:
        await groups.lose(session, chat=-7, now=MONDAY)
    before = await group_of(database, grouped)

    async with database.writing() as session:
        await groups.lose(session, chat=GROUP, now=MONDAY)

    assert (before, await group_of(database, grouped)) == (GROUP, None)
