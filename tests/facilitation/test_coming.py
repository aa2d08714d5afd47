"""When people are told the next questions come: by the rule, however far ahead that is."""

from datetime import datetime, timedelta

import pytest

from facilitation import coming
from storage.database import Database
from storage.partnerships import Organisation
from tests.cast import OPENS, Cast, changed
from tests.facilitation.turning import turn

WEEK = timedelta(weeks=1)


async def told(database: Database, cast: Cast) -> tuple[datetime | None, datetime | None]:
    """What the refugee group's people are told, and what a facilitator is."""
    async with database.reading() as session:
        organisation = await session.get_one(Organisation, cast.organisations["refugee_group"].id)
        theirs = await coming.next_for(session, organisation, OPENS)
        anybodys = await coming.next_opening(session, cast.partnership.id, OPENS)
    return next((one.opens for one in theirs), None), anybodys


@pytest.mark.parametrize("weeks", [1, 2, 5])
async def test_the_next_questions_are_told_also_where_their_round_is_not_written_down_yet(
    database: Database, cast: Cast, weeks: int
) -> None:
    await turn(database, now=OPENS)
    await changed(database, cast, rule=f"FREQ=WEEKLY;INTERVAL={weeks};BYDAY=TU")

    assert await told(database, cast) == (OPENS + weeks * WEEK, OPENS + weeks * WEEK)


async def test_a_day_off_is_not_told_as_the_day_of_the_next_questions(database: Database, cast: Cast) -> None:
    await turn(database, now=OPENS)
    await changed(database, cast, skips=[(OPENS + WEEK).date().isoformat()])

    assert await told(database, cast) == (OPENS + 2 * WEEK, OPENS + 2 * WEEK)


async def test_a_facilitator_is_told_of_questions_for_a_few_organisations_too(
    database: Database, cast: Cast
) -> None:
    await turn(database, now=OPENS)
    await changed(database, cast, audience=[cast.organisations["council"].id])

    assert await told(database, cast) == (None, OPENS + WEEK)
