"""Schedules: drafts ask nothing, changes touch no open round, and calling off leaves nothing behind."""

import asyncio
from datetime import UTC, date, datetime, time, timedelta
from functools import partial

import pytest
from sqlmodel import select

from facilitation import cadence, days, hours, planning, schedules
from facilitation.cadence import Heard
from facilitation.refusals import NotYours
from facilitation.schedules import DAY_OFF, Coming, NobodyLeft, NoRuleYet, NothingAhead
from storage.database import Database
from storage.rounds import Invitation
from tests.cast import CLOSES, MONDAY, OPENS, Cast, seated
from tests.facilitation.scheduled import EVERY_DAY, TUESDAYS, WEEK, choose, coming, does, new, planned, states
from tests.facilitation.turning import all_rounds, turn

# Drafts.


async def test_a_draft_asks_nothing_until_it_is_started(database: Database, cast: Cast) -> None:
    draft = await new(database, cast, "retro", Heard("FREQ=WEEKLY;BYDAY=WE", date(2026, 11, 4), time(9)))

    await turn(database, now=OPENS + WEEK)

    assert {round_.schedule_id for round_ in await all_rounds(database)} == {cast.schedule.id}
    async with database.writing() as session:
        plan = await schedules.of(session, draft, account=cast.facilitator, hold=True)
        await schedules.start(session, plan, now=OPENS + WEEK)
    found = [one for one in await all_rounds(database) if one.schedule_id == draft]
    # What lay before the start is not caught up.
    assert [one.local_date for one in found] == [date(2026, 11, 11), date(2026, 11, 18)]


async def test_a_draft_without_a_time_is_taken_up_again_and_cannot_start(
    database: Database, cast: Cast
) -> None:
    first = await new(database, cast, "retro")

    second = await new(database, cast, "retro")

    assert first == second
    async with database.writing() as session:
        plan = await schedules.of(session, first, account=cast.facilitator)
        with pytest.raises(NoRuleYet):
            await schedules.start(session, plan, now=MONDAY)


async def test_what_is_over_when_it_is_started_is_refused(database: Database, cast: Cast) -> None:
    draft = await new(database, cast, "retro", Heard("FREQ=DAILY;COUNT=1", date(2026, 11, 4), None))

    async with database.writing() as session:
        plan = await schedules.of(session, draft, account=cast.facilitator)
        with pytest.raises(NothingAhead):
            await schedules.start(session, plan, now=MONDAY + WEEK)


async def test_a_rule_that_counts_has_fewer_dates_left_when_it_starts_late(
    database: Database, cast: Cast
) -> None:
    draft = await new(database, cast, "nudge", Heard("FREQ=WEEKLY;BYDAY=WE;COUNT=4", date(2026, 11, 4), None))

    async with database.writing() as session:
        plan = await schedules.of(session, draft, account=cast.facilitator)
        await schedules.start(session, plan, now=MONDAY + WEEK)

    assert (plan.schedule.rule, plan.schedule.starts) == ("FREQ=WEEKLY;BYDAY=WE;COUNT=3", date(2026, 11, 11))


async def test_every_second_week_keeps_its_turn_over_a_pause(database: Database, cast: Cast) -> None:
    heard = Heard("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU", date(2026, 11, 3), None)
    await does(database, cast, schedules.come, heard)
    await does(database, cast, schedules.pause)

    await does(database, cast, schedules.resume, now=OPENS + timedelta(hours=1))

    ahead = [one.day for one in await coming(database, cast, now=OPENS + timedelta(hours=1))]
    assert ahead[:2] == [date(2026, 11, 17), date(2026, 12, 1)]


# Pausing, deleting, changing.


async def test_a_pause_takes_what_is_planned_and_leaves_what_is_open(database: Database, cast: Cast) -> None:
    await turn(database, now=OPENS)

    await does(database, cast, schedules.pause, now=OPENS)
    await does(database, cast, schedules.pause, now=OPENS + WEEK)

    assert await states(database) == [(TUESDAYS[0], "open")]
    assert (await planned(database, cast)).schedule.paused_at == OPENS
    await turn(database, now=CLOSES + WEEK)
    assert await states(database) == [(TUESDAYS[0], "published")]


async def test_resuming_goes_on_with_the_next_date_and_catches_up_nothing(
    database: Database, cast: Cast
) -> None:
    await does(database, cast, schedules.pause)
    back = OPENS + 2 * WEEK + timedelta(hours=2)

    await does(database, cast, schedules.resume, now=back)
    await does(database, cast, schedules.resume, now=back)

    assert await states(database) == [(day, "planned") for day in TUESDAYS[3:5]]


async def test_a_deleted_schedule_opens_nothing_and_its_open_round_ends(
    database: Database, cast: Cast
) -> None:
    await turn(database, now=OPENS)

    await does(database, cast, schedules.remove, now=OPENS)

    await turn(database, now=CLOSES + WEEK)
    assert await states(database) == [(TUESDAYS[0], "published")]
    with pytest.raises(NotYours):
        await planned(database, cast)
    async with database.reading() as session:
        assert list(await schedules.listed(session, cast.partnership.id)) == []
        assert list(await planning.schedules(session)) == []


async def test_a_new_rule_takes_the_place_of_planned_rounds_but_of_no_open_one(
    database: Database, cast: Cast
) -> None:
    await turn(database, now=OPENS)
    now = OPENS + timedelta(hours=1)

    heard = schedules.heard(await planned(database, cast), "every Thursday 9:00", now=now)
    await does(database, cast, schedules.come, heard, now=now)

    days_ = [day for day, _ in await states(database)]
    assert await states(database) == [(TUESDAYS[0], "open"), *((day, "planned") for day in days_[1:])]
    assert days_[1:] == [date(2026, 11, 5), date(2026, 11, 12)]


async def test_a_new_rule_opens_nothing_for_days_gone_by(database: Database, cast: Cast) -> None:
    now = OPENS + timedelta(days=4)
    await turn(database, now=OPENS)
    plan = await planned(database, cast)

    await does(database, cast, schedules.come, schedules.preset(plan, "FREQ=DAILY", now=now), now=now)

    found = await states(database)
    assert found[0] == (TUESDAYS[0], "open")
    assert found[1][0] == date(2026, 11, 8)


async def test_a_date_has_one_round_however_often_the_rule_changes(database: Database, cast: Cast) -> None:
    plan = await planned(database, cast)
    for text in ("every Thursday", "every day 9:00", "every second Tuesday", "every Tuesday 10:00"):
        await does(database, cast, schedules.come, schedules.heard(plan, text, now=MONDAY))

    assert await states(database) == [(day, "planned") for day in TUESDAYS[:2]]


async def test_hours_reach_planned_rounds(database: Database, cast: Cast) -> None:
    await does(database, cast, schedules.open_at, time(9, 30))
    await does(database, cast, schedules.change, partial(hours.stay_open, days=2, at=time(20)))
    await does(database, cast, schedules.change, partial(hours.tell, days=1, at=time(12)))

    await does(database, cast, schedules.change, partial(hours.be_quiet, first=time(21), last=time(7)))

    first = (await all_rounds(database))[0]
    assert [first.opens_at, first.closes_at, first.brief_at, first.digest_at] == [
        datetime(2026, 11, 3, 9, 30, tzinfo=UTC),
        datetime(2026, 11, 5, 20, 0, tzinfo=UTC),
        datetime(2026, 11, 6, 11, 0, tzinfo=UTC),
        datetime(2026, 11, 6, 12, 0, tzinfo=UTC),
    ]
    assert (await planned(database, cast)).schedule.quiet_from == "21:00"


async def test_a_shorter_rule_shortens_the_window_and_a_longer_one_gives_it_back(
    database: Database, cast: Cast
) -> None:
    await does(database, cast, schedules.come, EVERY_DAY)
    short = (await planned(database, cast)).schedule.window_days

    await does(database, cast, schedules.come, Heard("FREQ=WEEKLY;BYDAY=TU", date(2026, 11, 3), None))

    assert (short, (await planned(database, cast)).schedule.window_days) == (0, 3)


# Days off.


async def test_days_off_and_holidays_rest_and_are_named(database: Database, cast: Cast) -> None:
    await does(database, cast, schedules.rest_on, "9 to 11 November")
    await does(database, cast, schedules.rest_on, "Wales")
    await does(database, cast, schedules.come, Heard("FREQ=WEEKLY;BYDAY=FR,TU", date(2026, 11, 3), None))

    now = datetime(2026, 12, 22, 12, 0, tzinfo=UTC)

    assert (await coming(database, cast))[2] == Coming(date(2026, 11, 10), DAY_OFF)
    assert [one.rests for one in await coming(database, cast, now=now)] == [
        "Christmas Day",
        "",
        "New Year's Day",
        "",
        "",
    ]
    await turn(database, now=OPENS + WEEK)
    found = {round_.local_date: (round_.state, round_.reason) for round_ in await all_rounds(database)}
    assert found[date(2026, 11, 10)] == ("skipped", "skip")


async def test_days_that_are_past_or_too_many_are_refused(database: Database, cast: Cast) -> None:
    for text, refusal in (
        ("1/1/2020", cadence.DayIsPast),
        ("Narnia", days.DayUnreadable),
        ("1 January 2027 to 30 December 2027, 1 January 2028 to 30 December 2028", schedules.TooManyDaysOff),
    ):
        with pytest.raises(refusal):
            await does(database, cast, schedules.rest_on, text)

    assert (await planned(database, cast)).schedule.skips == []


async def test_ones_own_days_off_can_be_given_back(database: Database, cast: Cast) -> None:
    await does(database, cast, schedules.rest_on, "3 November")

    await does(database, cast, schedules.rest_no_more)

    assert [one.rests for one in await coming(database, cast)] == [""] * 5


# Who.


async def test_organisations_are_asked_or_not_and_all_of_them_mean_everyone(
    database: Database, cast: Cast
) -> None:
    partners = [one for one in cast.organisations if one != "forum"]

    left = [await choose(database, cast, name, asked=False) for name in partners[:-1]]

    assert left[-1] == [cast.organisations[partners[-1]].id]
    assert await choose(database, cast, partners[0], asked=False) == left[-1]  # tapped twice
    with pytest.raises(NobodyLeft):
        await choose(database, cast, partners[-1], asked=False)
    with pytest.raises(NotYours):
        await choose(database, cast, "forum", asked=False)
    back = [await choose(database, cast, name, asked=True) for name in partners[:-1]]
    assert back[-1] == []


async def test_only_the_chosen_organisations_are_asked(database: Database, cast: Cast) -> None:
    await choose(database, cast, "council", asked=False)

    await turn(database, now=OPENS)

    async with database.reading() as session:
        asked = set((await session.exec(select(Invitation.organisation_id))).all())
    assert asked == {
        cast.organisations[name].id for name in cast.organisations if name not in {"forum", "council"}
    }


# Whose.


async def test_a_schedule_is_nobodys_who_does_not_facilitate_it(database: Database, cast: Cast) -> None:
    other = await seated(database, first_account=5000, name="Hillside")

    for account in (cast.members[0], other.facilitator, 4):
        async with database.reading() as session:
            with pytest.raises(NotYours):
                await schedules.of(session, cast.schedule.id, account=account)


# Two at once.


async def test_two_changes_at_once_leave_one_round_a_date(database: Database, cast: Cast) -> None:
    await asyncio.gather(
        does(database, cast, schedules.come, EVERY_DAY),
        does(database, cast, schedules.open_at, time(9)),
        does(database, cast, schedules.pause),
        does(database, cast, schedules.resume),
    )

    found = [day for day, _ in await states(database)]

    assert len(found) == len(set(found))


async def test_two_taps_at_once_make_one_draft(database: Database, cast: Cast) -> None:
    drafts = await asyncio.gather(*(new(database, cast, "nudge") for _ in range(3)))

    assert len(set(drafts)) == 1
