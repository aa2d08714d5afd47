"""What an outage holds up into somebody's night waits for the morning."""

from datetime import datetime

import pytest

from bot import outbox, ticking
from bot.outbox import Letter
from storage.database import Database
from tests.bot.test_outbox import DAY, FAST
from tests.cast import MONDAY, OPENS, Cast

HOURS = "20:00 08:00 Europe/London"
EVENING = MONDAY.replace(hour=19)


async def kept(database: Database, not_before: datetime, *, until: datetime) -> None:
    letter = Letter("kept", "invitation", 1, "sendMessage", {"chat_id": 1}, not_before, until, HOURS)
    async with database.writing() as session:
        await outbox.put(database, session, [letter])


async def claimed_at(database: Database, moment: datetime) -> int:
    await outbox.sweep(database, now=moment)
    return len(await outbox.claim(database, FAST, now=moment))


async def test_what_an_outage_holds_up_into_the_night_comes_in_the_morning(database: Database) -> None:
    await kept(database, EVENING, until=MONDAY + 3 * DAY)

    at_night = await outbox.claim(database, FAST, now=EVENING.replace(hour=20))
    rested = [await claimed_at(database, moment) for moment in (EVENING.replace(hour=23), EVENING + DAY / 3)]
    in_the_morning = await claimed_at(database, MONDAY.replace(hour=8) + DAY)

    assert (at_night, rested, in_the_morning) == ([], [0, 0], 1)


async def test_an_outage_of_several_nights_ends_by_day_and_the_letter_leaves_at_once(
    database: Database,
) -> None:
    await kept(database, EVENING, until=MONDAY + 5 * DAY)

    assert await claimed_at(database, MONDAY + 2 * DAY) == 1


async def test_what_would_be_too_late_in_the_morning_comes_at_night(database: Database) -> None:
    await kept(database, EVENING, until=MONDAY.replace(hour=7) + DAY)

    assert await claimed_at(database, EVENING.replace(hour=23)) == 1


@pytest.mark.parametrize(
    ("begins", "moment", "leaves"),
    [
        (EVENING.replace(minute=55), EVENING.replace(hour=20, minute=20), 1),
        (EVENING.replace(minute=55), EVENING.replace(hour=20, minute=30), 0),
        (EVENING.replace(hour=21), EVENING.replace(hour=23), 1),
    ],
    ids=["just before the night", "just before the night, and a while has passed", "meant for the night"],
)
async def test_an_hour_close_to_the_night_or_inside_it_is_kept(
    database: Database, begins: datetime, moment: datetime, leaves: int
) -> None:
    await kept(database, begins, until=MONDAY + 5 * DAY)

    assert await claimed_at(database, moment) == leaves


async def test_invitations_that_an_outage_holds_up_come_in_the_morning(
    database: Database, cast: Cast
) -> None:
    await ticking.tick(database, now=OPENS)

    at_night = await claimed_at(database, OPENS.replace(hour=22))
    in_the_morning = await claimed_at(database, OPENS.replace(hour=8) + DAY)

    assert (at_night, in_the_morning) == (0, outbox.AT_MOST)
