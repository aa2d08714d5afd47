"""After an outage: what opens late, what is skipped, and the one note about it."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import pytest
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot import catching_up, ticking
from bot.outbox import Letter
from facilitation import members, skipping
from facilitation.skipping import Gap
from storage.database import Database
from storage.members import Member
from storage.rounds import Schedule
from tests.bot.lateness import (
    DAY,
    HOUR,
    MINUTE,
    OPERATOR,
    SECOND,
    WEEK,
    daily,
    letters,
    states,
    told,
)
from tests.cast import DIGEST, MONDAY, OPENS, Cast, changed, seated
from tests.facilitation.turning import plan

# The boundaries of the rule.


@pytest.mark.parametrize(
    ("late", "state"),
    [(36 * HOUR - SECOND, "open"), (36 * HOUR, "skipped"), (36 * HOUR + SECOND, "skipped")],
)
async def test_a_round_opens_until_the_second_in_which_it_is_36_hours_late(
    database: Database, cast: Cast, late: timedelta, state: str
) -> None:
    await changed(database, cast, quiet_from="00:00", quiet_until="00:00")

    await ticking.tick(database, now=OPENS + late)

    assert [found for _, found, _ in await states(database, cast.schedule.id)] == [state]


@pytest.mark.parametrize("late", [DAY - SECOND, DAY, DAY + SECOND])
async def test_a_round_opens_until_the_very_moment_of_the_next(
    database: Database, cast: Cast, late: timedelta
) -> None:
    await daily(database, cast, window_days=1, closes="12:00", digest_days=0, digest="14:00")

    await ticking.tick(database, now=OPENS + late)

    first = (3, "open", "") if late < DAY else (3, "skipped", skipping.MISSED)
    assert await states(database, cast.schedule.id) == [first] + [(4, "open", "")] * (late >= DAY)


@pytest.mark.parametrize(("closes", "state"), [("08:30", "skipped"), ("09:00", "skipped"), ("09:01", "open")])
async def test_a_round_whose_first_waking_moment_is_less_than_an_hour_before_its_close_is_skipped(
    database: Database, cast: Cast, closes: str, state: str
) -> None:
    await daily(database, cast, window_days=1, closes=closes, digest_days=0, digest="14:00")

    await ticking.tick(database, now=OPENS.replace(hour=23))

    assert [found for _, found, _ in await states(database, cast.schedule.id)] == [state]


@pytest.mark.parametrize(
    ("late", "state"),
    [(6 * HOUR - SECOND, "open"), (6 * HOUR, "skipped"), (6 * HOUR + 59 * MINUTE, "skipped")],
)
async def test_a_round_opens_late_only_if_an_hour_is_left_to_answer(
    database: Database, cast: Cast, late: timedelta, state: str
) -> None:
    await daily(database, cast)

    await ticking.tick(database, now=OPENS + late)

    assert [found for _, found, _ in await states(database, cast.schedule.id)] == [state]


async def test_a_short_round_opens_in_its_time(database: Database, cast: Cast) -> None:
    await daily(database, cast, closes="10:50")

    await ticking.tick(database, now=OPENS + 14 * MINUTE)

    assert await states(database, cast.schedule.id) == [(3, "open", "")]


async def test_no_invitation_waits_for_the_morning_in_which_the_next_round_opens(
    database: Database, cast: Cast
) -> None:
    await daily(
        database, cast, opens="07:00", window_days=1, closes="20:00", digest_days=1, quiet_until="08:00"
    )

    await ticking.tick(database, now=OPENS.replace(hour=23))
    await ticking.tick(database, now=OPENS.replace(hour=8) + DAY)

    assert await states(database, cast.schedule.id) == [(3, "skipped", skipping.MISSED), (4, "open", "")]
    assert len(await letters(database, "invitation")) == len(cast.members)


# One note.


async def test_after_a_week_each_facilitator_gets_one_note_by_schedule(
    database: Database, cast: Cast
) -> None:
    await daily(database, cast)
    async with database.writing() as session:
        session.add(
            Schedule(
                partnership_id=cast.partnership.id,
                instrument="nudge",
                rule="FREQ=WEEKLY;BYDAY=WE",
                starts=date(2026, 11, 4),
                started_at=MONDAY,
                created_at=MONDAY,
            )
        )
    await ticking.tick(database, now=MONDAY)

    for late in (timedelta(), HOUR, DAY):
        await ticking.tick(database, now=OPENS + WEEK + 2 * HOUR + late)

    [note] = await told(database, cast.facilitator)
    assert note == (
        "While I was away\n\n"
        "Riverside · pulse\n"
        "7 rounds did not open, from Tue 3 to Mon 9 November.\n"
        "The round of 10 November can still open now, a little late.\n\n"
        "Riverside · nudge\n"
        "The round of Wed 4 November did not open.\n"
        "The next round opens on 11 November.\n\n"
        "There is nothing you need to do."
    )


async def test_a_single_round_that_was_missed_keeps_its_own_words(database: Database, cast: Cast) -> None:
    await ticking.tick(database, now=OPENS + 2 * DAY)

    [note] = await told(database, cast.facilitator)
    assert "The round of 3 November was skipped: Parley was not running when it was due." in note
    assert "The next one opens on 10 November." in note


async def test_who_facilitates_two_partnerships_gets_one_note_about_both(
    database: Database, cast: Cast
) -> None:
    other = await seated(database, first_account=2000, name="Hillside")
    async with database.writing() as session:
        theirs = (await session.exec(select(Member).where(Member.account == other.facilitator))).one()
        mine = (await session.exec(select(Member).where(Member.account == cast.facilitator))).one()
        seat = (await members.sittings(session, account=other.facilitator))[0].seat
        seat.member_id, theirs.account = mine.id, None
        session.add(seat)

    await ticking.tick(database, now=OPENS + 2 * DAY)

    [note] = await told(database, cast.facilitator)
    assert "Riverside · pulse" in note
    assert "Hillside · pulse" in note


async def test_days_off_in_an_outage_stand_in_the_same_note_as_such(database: Database, cast: Cast) -> None:
    await daily(database, cast, skips=["2026-11-05", "2026-11-06"])

    await ticking.tick(database, now=OPENS + WEEK)

    [note] = await told(database, cast.facilitator)
    assert "5 rounds did not open, from Tue 3 to Mon 9 November." in note
    assert "Nobody was asked on 2 of your days off, from Thu 5 to Fri 6 November." in note


async def test_a_day_off_is_told_on_its_day(database: Database, cast: Cast) -> None:
    await daily(database, cast, skips=["2026-11-04", "2026-11-05"])

    notes = []
    for days in range(4):
        await ticking.tick(database, now=OPENS + days * DAY)
        notes.append(len(await told(database, cast.facilitator)))

    assert notes == [0, 1, 2, 2]


async def test_a_note_about_the_night_waits_for_the_morning(database: Database, cast: Cast) -> None:
    await ticking.tick(database, now=OPENS.replace(hour=23) + 2 * DAY)

    [note] = await letters(database, "brief")
    assert note.not_before == OPENS.replace(hour=8) + 3 * DAY


async def test_two_clocks_that_catch_up_at_once_write_one_note(database: Database, cast: Cast) -> None:
    await daily(database, cast)
    await plan(database, now=OPENS + WEEK)

    for _ in range(2):
        await catching_up.tick(database, now=OPENS + WEEK)

    assert len(await told(database, cast.facilitator)) == 1


async def test_what_cannot_be_told_in_one_note_is_still_skipped_and_told(
    database: Database, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    await daily(database, cast)
    monkeypatch.setattr(catching_up, "told", None)

    await ticking.tick(database, now=OPENS + 2 * DAY)

    assert [found[1] for found in await states(database, cast.schedule.id)] == ["skipped", "skipped", "open"]
    assert len(await told(database, cast.facilitator)) == 2


async def test_a_partnership_that_cannot_be_told_holds_up_no_other(
    database: Database, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = await seated(database, first_account=2000, name="Hillside")
    note = catching_up.told

    async def broken(
        session: AsyncSession, gaps: Sequence[Gap], *, operator: int, now: datetime
    ) -> list[Letter]:
        if any(gap.partnership.name == "Riverside" for gap in gaps):
            raise RuntimeError
        return await note(session, gaps, operator=operator, now=now)

    for moment in (OPENS, OPENS + WEEK):
        await ticking.tick(database, now=moment)
    monkeypatch.setattr(catching_up, "told", broken)

    await ticking.tick(database, now=DIGEST + 2 * WEEK)

    [told_there] = await told(database, other.facilitator)
    assert "came too late to be sent" in told_there
    assert await told(database, cast.facilitator, "digest:") == []
    assert (await states(database, cast.schedule.id))[0][2] == skipping.OVERTAKEN


async def test_where_no_facilitator_is_reached_the_operator_is_told(database: Database, cast: Cast) -> None:
    async with database.writing() as session:
        wanted = select(Member).where(Member.account == cast.facilitator)
        (await session.exec(wanted)).one().unreachable_since = MONDAY

    await ticking.tick(database, operator=OPERATOR, now=OPENS + 2 * DAY)

    [note] = await told(database, OPERATOR, "untold:")
    assert note.startswith(
        "Some rounds did not open, or their digest was not sent. Nobody who facilitates them"
    )
    assert "• Riverside · pulse" in note
    assert await told(database, cast.facilitator) == []


async def test_the_next_round_that_is_told_is_none_of_a_day_off(database: Database, cast: Cast) -> None:
    await daily(database, cast, skips=["2026-11-05", "2026-11-06"], digest_days=0, digest="19:00")

    await ticking.tick(database, now=OPENS + 9 * HOUR)

    [note] = await told(database, cast.facilitator)
    assert "The next one opens on 4 November." in note
    await ticking.tick(database, now=OPENS + DAY + 9 * HOUR)
    assert "The next one opens on 7 November." in (await told(database, cast.facilitator))[1]
