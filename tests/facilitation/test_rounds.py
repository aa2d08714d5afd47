"""A round is planned once, opened once or skipped with its reason, reminded of once, and closed once."""

import asyncio
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import select

from facilitation import asking, members, parts, planning, rounds, skipping
from facilitation.rounds import Opened
from storage.database import Database
from storage.members import Seat
from storage.partnerships import Partnership
from storage.rounds import Schedule
from tests.cast import BRIEF, CLOSES, DIGEST, MONDAY, OPENS, REMINDS, Cast, changed, seated
from tests.facilitation.turning import all_rounds, answer, digest_of, part_of, plan, step, turn

LONDON = ZoneInfo("Europe/London")
WEEK = timedelta(days=7)


async def opened(database: Database, round_id: int, *, now: datetime) -> Opened:
    done = await step(database, "open", round_id, now=now)
    assert isinstance(done, Opened)
    return done


async def test_a_round_has_the_hours_of_its_schedule_in_local_time(database: Database, cast: Cast) -> None:
    first = (await all_rounds(database))[0]

    moments = (first.opens_at, first.reminds_at, first.closes_at, first.brief_at, first.digest_at)

    assert (first.local_date, first.state) == (date(2026, 11, 3), "planned")
    assert moments == (OPENS, moments[1], CLOSES, BRIEF, DIGEST)
    assert OPENS < moments[1] <= REMINDS


async def test_planning_again_and_again_plans_each_date_once(database: Database, cast: Cast) -> None:
    for moment in (MONDAY, MONDAY, MONDAY + timedelta(hours=3), MONDAY - timedelta(hours=3), MONDAY + WEEK):
        await plan(database, now=moment)

    days = [round_.local_date for round_ in await all_rounds(database)]

    assert days == [date(2026, 11, 3), date(2026, 11, 10), date(2026, 11, 17)]


async def test_two_clocks_that_plan_at_once_plan_each_date_once(database: Database, cast: Cast) -> None:
    await asyncio.gather(*(plan(database, now=MONDAY + 3 * WEEK) for _ in range(3)))

    days = [round_.local_date for round_ in await all_rounds(database)]

    assert days == [date(2026, 11, 3) + number * WEEK for number in range(5)]


@pytest.mark.parametrize("hour", ["09:00", "10:30", "23:59", "00:00"])
@pytest.mark.parametrize("planned_at", ["03 09:59", "03 10:00", "03 10:01", "02 09:00"])
async def test_an_edited_hour_neither_skips_nor_doubles_a_date(
    database: Database, cast: Cast, hour: str, planned_at: str
) -> None:
    now = datetime.strptime(f"2026-11-{planned_at}", "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
    await plan(database, now=now)

    await changed(database, cast, opens=hour)
    for weeks in range(4):
        await plan(database, now=now + weeks * WEEK)

    found = await all_rounds(database)
    days = [round_.local_date for round_ in found]
    assert days == [date(2026, 11, 3) + number * WEEK for number in range(len(days))]
    assert {round_.opens_at.astimezone(LONDON).time() for round_ in found} == {time.fromisoformat(hour)}


async def test_a_round_that_is_open_keeps_the_hours_it_was_announced_with(
    database: Database, cast: Cast
) -> None:
    await turn(database, now=OPENS)

    await changed(database, cast, closes="12:00")
    await plan(database, now=OPENS)

    first, second = (await all_rounds(database))[:2]
    assert first.closes_at == CLOSES
    assert second.closes_at == CLOSES + WEEK - timedelta(hours=5)


async def test_a_schedule_made_after_today_s_hour_begins_with_the_next_date(
    database: Database, cast: Cast
) -> None:
    async with database.writing() as session:
        schedule = Schedule(
            partnership_id=cast.partnership.id,
            instrument="pulse",
            rule="FREQ=DAILY",
            starts=date(2020, 1, 1),
            started_at=OPENS + timedelta(minutes=1),
            created_at=OPENS + timedelta(minutes=1),
        )
        session.add(schedule)
        await session.flush()
        await planning.plan(session, schedule.id, now=OPENS + timedelta(minutes=1))

    days = [one.local_date for one in await all_rounds(database) if one.schedule_id == schedule.id]

    assert days == [date(2026, 11, 4) + timedelta(days=number) for number in range(14)]


async def test_a_paused_schedule_is_not_planned(database: Database, cast: Cast) -> None:
    await changed(database, cast, paused_at=MONDAY)

    async with database.reading() as session:
        assert not await planning.schedules(session)


async def test_opening_asks_every_member_s_seat_and_no_facilitator(database: Database, cast: Cast) -> None:
    first = (await all_rounds(database))[0]

    done = await opened(database, first.id, now=OPENS)

    assert (done.round.state, done.round.number) == ("open", 1)
    assert done.round.instrument["name"] == "pulse"
    assert sorted(asked.account or 0 for asked in done.asked) == cast.members
    assert {asked.organisation for asked in done.asked} >= {"Council", "Refugee Group"}


async def test_a_member_of_the_backbone_is_asked_nothing(database: Database, cast: Cast) -> None:
    async with database.writing() as session:
        seat = (await members.sittings(session, account=cast.facilitator))[0].seat
        seat.role = "member"
        session.add(seat)

    done = await opened(database, (await all_rounds(database))[0].id, now=OPENS)

    assert cast.facilitator not in [asked.account for asked in done.asked]


async def test_who_cannot_be_reached_has_a_part_and_no_message(database: Database, cast: Cast) -> None:
    gone = cast.members[0]
    async with database.writing() as session:
        await members.lost(session, account=gone, now=MONDAY)

    done = await opened(database, (await all_rounds(database))[0].id, now=OPENS)

    assert len(done.asked) == len(cast.members)
    assert [asked.account for asked in done.asked].count(None) == 1


@pytest.mark.parametrize("late", [timedelta(hours=36), timedelta(days=3, hours=7), timedelta(days=30)])
async def test_a_round_missed_by_36_hours_is_skipped_and_says_so(
    database: Database, cast: Cast, late: timedelta
) -> None:
    first = (await all_rounds(database))[0]

    done = await opened(database, first.id, now=OPENS + late)

    assert (done.round.state, done.round.reason, done.asked) == ("skipped", skipping.MISSED, ())


async def test_a_round_just_short_of_36_hours_late_still_opens(database: Database, cast: Cast) -> None:
    first = (await all_rounds(database))[0]

    done = await opened(database, first.id, now=OPENS + timedelta(hours=36) - timedelta(seconds=1))

    assert done.round.state == "open"


async def test_a_round_is_skipped_when_the_next_one_is_due(database: Database, cast: Cast) -> None:
    await changed(database, cast, rule="FREQ=DAILY", window_days=1)
    async with database.writing() as session:
        for round_ in await all_rounds(database):
            await session.delete(await session.get_one(type(round_), round_.id))
    await plan(database, now=MONDAY)

    done = await turn(database, now=OPENS + timedelta(hours=24))

    first, second = (await all_rounds(database))[:2]
    assert done == ["open", "open"]
    assert (first.state, first.reason, second.state) == ("skipped", skipping.MISSED, "open")


async def test_a_round_is_skipped_where_nobody_has_joined(database: Database, cast: Cast) -> None:
    async with database.writing() as session:
        for seat in (await session.exec(select(Seat).where(Seat.role == "member"))).all():
            seat.left_at = MONDAY
            session.add(seat)

    done = await opened(database, (await all_rounds(database))[0].id, now=OPENS)

    assert (done.round.state, done.round.reason) == ("skipped", asking.NOBODY)


async def test_skipped_rounds_do_not_count(database: Database, cast: Cast) -> None:
    await turn(database, now=OPENS + timedelta(hours=40))

    second = await opened(database, (await all_rounds(database))[1].id, now=OPENS + WEEK)

    assert second.round.number == 1


@pytest.mark.parametrize("verb", ["open", "remind", "close", "freeze", "brief", "publish"])
async def test_of_several_clocks_one_does_each_step(database: Database, cast: Cast, verb: str) -> None:
    moments = {"open": OPENS, "remind": REMINDS, "close": CLOSES, "freeze": CLOSES}
    moments |= {"brief": BRIEF, "publish": DIGEST}
    round_id = (await all_rounds(database))[0].id
    for before, moment in moments.items():
        if before == verb:
            break
        await step(database, before, round_id, now=moment)

    came = await asyncio.gather(*(step(database, verb, round_id, now=moments[verb]) for _ in range(4)))

    assert sum(one is not None for one in came) == 1


async def test_a_round_goes_through_its_steps_in_order(database: Database, cast: Cast) -> None:
    async with database.reading() as session:
        before = await rounds.next_moment(session, MONDAY)

    steps = [await turn(database, now=moment) for moment in (MONDAY, OPENS, REMINDS, CLOSES, BRIEF, DIGEST)]

    assert before == OPENS
    assert steps == [[], ["open"], ["remind"], ["close", "freeze"], ["brief"], ["publish"]]


@pytest.mark.parametrize("name", ["check-in", "retro", "nudge"])
async def test_each_questionnaire_goes_through_a_whole_round(
    database: Database, cast: Cast, name: str
) -> None:
    await changed(database, cast, instrument=name)
    async with database.writing() as session:
        for seat in (await session.exec(select(Seat).where(Seat.role == "member"))).all():
            seat.lead = True
            session.add(seat)

    steps = [await turn(database, now=moment) for moment in (OPENS, CLOSES, BRIEF, DIGEST)]

    first = (await all_rounds(database))[0]
    assert steps == [["open"], ["close", "freeze"], ["brief"], ["publish"]]
    assert (first.state, first.instrument["name"]) == ("published", name)
    assert (await digest_of(database, first.id)).facts["instrument"] == name


async def test_after_an_outage_the_brief_still_goes_out_an_hour_before_the_digest(
    database: Database, cast: Cast
) -> None:
    await turn(database, now=OPENS)
    round_id = (await all_rounds(database))[0].id
    for verb in ("close", "freeze", "brief"):
        await step(database, verb, round_id, now=DIGEST)

    async with database.reading() as session:
        early = await rounds.due(session, DIGEST + timedelta(minutes=59))
        due = await rounds.due(session, DIGEST + planning.BRIEF_BEFORE)

    assert (early, due) == ([], [("publish", round_id)])


async def test_a_round_that_closed_in_a_crash_gets_its_digest_at_the_next_tick(
    database: Database, cast: Cast
) -> None:
    await turn(database, now=OPENS)
    round_id = (await all_rounds(database))[0].id
    await step(database, "close", round_id, now=CLOSES)

    steps = await turn(database, now=CLOSES)

    assert steps == ["freeze"]
    assert (await digest_of(database, round_id)).facts["number"] == 1


async def test_a_round_that_could_only_be_opened_in_its_last_night_is_missed(
    database: Database, cast: Cast
) -> None:
    await changed(database, cast, window_days=1, closes="07:00")
    await plan(database, now=MONDAY)

    await turn(database, now=OPENS.replace(hour=22))

    assert [(one.state, one.reason) for one in await all_rounds(database)][:1] == [("skipped", "missed")]


async def test_the_next_moment_is_told_at_every_stage(database: Database, cast: Cast) -> None:
    first = (await all_rounds(database))[0]
    reminds, again = first.reminds_at, first.reminds_again_at
    expected = {MONDAY: OPENS, OPENS: reminds, REMINDS: again, again: CLOSES, CLOSES: BRIEF, BRIEF: DIGEST}

    found = {}
    for moment in expected:
        await turn(database, now=moment)
        async with database.reading() as session:
            found[moment] = await rounds.next_moment(session, moment)

    assert found == expected


async def test_not_this_week_is_taken_back_by_answering(database: Database, cast: Cast) -> None:
    await turn(database, now=OPENS)
    round_id = (await all_rounds(database))[0].id
    one, two = cast.members[:2]
    for account in (one, two):
        async with database.writing() as session:
            await parts.decline(session, await part_of(database, account, round_id, now=OPENS))

    await answer(database, one, round_id, {0: 4}, now=OPENS)

    assert (await part_of(database, one, round_id, now=OPENS)).invitation.state == "started"
    assert (await part_of(database, two, round_id, now=OPENS)).invitation.state == "declined"


async def test_each_partnership_has_its_own_rounds(database: Database, cast: Cast) -> None:
    other = await seated(database, first_account=2000, name="Hillside")

    await turn(database, now=OPENS)

    async with database.reading() as session:
        for partnership in (cast.partnership, other.partnership):
            found = await session.get_one(Partnership, partnership.id)
            assert found.cells_version == 1
    assert [round_.state for round_ in await all_rounds(database)].count("open") == 2
