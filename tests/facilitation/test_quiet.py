"""Whatever comes late keeps the quiet hours, each person's own; a reminder is not kept for the night."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from facilitation import quiet
from storage.database import Database
from storage.rounds import Schedule
from tests.cast import CLOSES, MONDAY, OPENS, REMINDS, Cast, changed
from tests.facilitation.turning import all_rounds

LONDON = ZoneInfo("Europe/London")
TOKYO = "Asia/Tokyo"  # nine hours ahead of London in winter

NIGHT = OPENS.replace(hour=22)
MORNING = OPENS.replace(hour=8) + timedelta(days=1)


@pytest.mark.parametrize(
    ("due", "now", "begins"),
    [
        (OPENS, OPENS + timedelta(seconds=10), OPENS + timedelta(seconds=10)),
        (OPENS, NIGHT, MORNING),
        (NIGHT, NIGHT + timedelta(seconds=10), NIGHT),
        (NIGHT, NIGHT + timedelta(hours=1), MORNING),
        (OPENS.replace(hour=19, minute=59), OPENS.replace(hour=20), MORNING),
    ],
    ids=["on time", "late", "meant for the night", "meant for the night, and late", "late by a minute"],
)
async def test_what_comes_late_keeps_the_quiet_hours(
    database: Database, cast: Cast, due: datetime, now: datetime, begins: datetime
) -> None:
    round_ = (await all_rounds(database))[0]

    async with database.reading() as session:
        assert await quiet.considerate(session, round_, due=due, now=now) == begins


@pytest.mark.parametrize(
    ("begins", "until"),
    [
        (REMINDS, REMINDS.replace(hour=20)),
        (REMINDS.replace(hour=19, minute=50), REMINDS.replace(hour=20, minute=20)),
        (CLOSES - timedelta(hours=1), CLOSES),
    ],
    ids=["by day", "just before the night", "just before the end"],
)
async def test_a_reminder_is_not_kept_for_the_night(
    database: Database, cast: Cast, begins: datetime, until: datetime
) -> None:
    round_ = (await all_rounds(database))[0]

    async with database.reading() as session:
        assert await quiet.reminds_until(session, round_, begins=begins) == until


async def test_where_no_hours_are_quiet_a_reminder_is_kept_until_the_end(
    database: Database, cast: Cast
) -> None:
    await changed(database, cast, quiet_from="00:00", quiet_until="00:00")
    round_ = (await all_rounds(database))[0]

    async with database.reading() as session:
        assert await quiet.reminds_until(session, round_, begins=REMINDS) == CLOSES


@pytest.mark.parametrize(
    ("timezone", "moments"),
    [
        (TOKYO, (OPENS, OPENS, OPENS)),
        (TOKYO, (OPENS.replace(hour=11), OPENS.replace(hour=11), OPENS.replace(hour=23))),
        (TOKYO, (OPENS, OPENS.replace(hour=18), OPENS.replace(hour=23))),
        (TOKYO, (NIGHT, NIGHT, NIGHT + timedelta(hours=1))),
        ("Europe/Dublin", (NIGHT, NIGHT, NIGHT)),
        ("Europe/Paris", (NIGHT, NIGHT, MORNING - timedelta(hours=1))),
    ],
    ids=[
        "in the evening there",
        "in the night there",
        "late",
        "meant for the night, but not for theirs",
        "by the same clock",
        "an hour on, in their night",
    ],
)
async def test_who_lives_by_another_clock_sleeps_by_it(
    database: Database, cast: Cast, timezone: str, moments: tuple[datetime, datetime, datetime]
) -> None:
    due, now, begins = moments
    round_ = (await all_rounds(database))[0]

    async with database.reading() as session:
        found = await quiet.considerate(session, round_, due=due, now=now, timezone=timezone)

    assert found == begins


async def test_a_reminder_lasts_until_the_evening_where_its_reader_lives(
    database: Database, cast: Cast
) -> None:
    round_ = (await all_rounds(database))[0]

    async with database.reading() as session:
        found = await quiet.reminds_until(session, round_, begins=OPENS.replace(hour=1), timezone=TOKYO)

    assert found == OPENS.replace(hour=11)


@pytest.mark.parametrize(
    ("hours", "moment", "expected"),
    [
        (("20:00", "08:00"), "2026-11-03 12:00", "2026-11-03 12:00"),
        (("20:00", "08:00"), "2026-11-03 20:00", "2026-11-04 08:00"),
        (("20:00", "08:00"), "2026-11-03 23:59", "2026-11-04 08:00"),
        (("20:00", "08:00"), "2026-11-04 00:00", "2026-11-04 08:00"),
        (("20:00", "08:00"), "2026-11-04 07:59", "2026-11-04 08:00"),
        (("20:00", "08:00"), "2026-11-04 08:00", "2026-11-04 08:00"),
        (("12:00", "14:00"), "2026-11-04 12:30", "2026-11-04 14:00"),
        (("12:00", "14:00"), "2026-11-04 14:00", "2026-11-04 14:00"),
        (("12:00", "14:00"), "2026-11-04 11:59", "2026-11-04 11:59"),
        (("00:00", "00:00"), "2026-11-04 03:00", "2026-11-04 03:00"),
        (("20:00", "01:30"), "2027-03-27 21:00", "2027-03-28 02:00"),
    ],
)
def test_a_reminder_waits_for_the_end_of_the_quiet_hours(
    hours: tuple[str, str], moment: str, expected: str
) -> None:
    schedule = Schedule(
        partnership_id=1,
        instrument="pulse",
        rule="",
        starts=MONDAY.date(),
        quiet_from=hours[0],
        quiet_until=hours[1],
        started_at=MONDAY,
        created_at=MONDAY,
    )
    at = datetime.fromisoformat(moment).replace(tzinfo=LONDON).astimezone(UTC)

    woken = quiet.awake(at, schedule, LONDON)

    assert woken.astimezone(LONDON).strftime("%Y-%m-%d %H:%M") == expected
