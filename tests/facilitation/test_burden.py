"""No organisation is asked for more of its time than it can give, and its seats take turns."""

from datetime import timedelta

import pytest

from facilitation import asking, burden, instruments
from facilitation.burden import Load, Wish
from facilitation.rounds import Opened
from storage.database import Database
from storage.members import Member, Seat
from storage.partnerships import Organisation
from storage.rounds import Promise, Schedule
from tests.cast import MONDAY, OPENS, Cast, member_of, seat_of
from tests.facilitation.turning import all_rounds, plan, step, turn

WEEK = timedelta(days=7)
PULSE = 80  # seconds of the first pulse


def test_each_kind_of_question_takes_its_time() -> None:
    first = instruments.parsed(instruments.frozen("pulse", 1))

    assert burden.seconds(first.items) == PULSE
    assert burden.SECONDS.keys() == set(instruments.KINDS)


def wish(seat: int, *, before: int = 0, seconds: int = 60, reachable: bool = True) -> Wish:
    return Wish(seat, 1, seconds, (not reachable, before))


@pytest.mark.parametrize(
    ("wishes", "spent", "capacity", "asked"),
    [
        ([wish(1), wish(2)], 0, None, {1, 2}),
        ([wish(1), wish(2)], 0, 2, {1, 2}),
        ([wish(1), wish(2, before=5)], 0, 1, {1}),
        ([wish(1, before=9), wish(2, before=5)], 0, 1, {2}),
        ([wish(1), wish(2)], 61, 2, set()),
        ([wish(1), wish(2)], 60, 2, {1}),
        ([wish(1, seconds=90), wish(2, seconds=30)], 0, 1, {2}),
        ([wish(1, reachable=False), wish(2, before=9)], 0, 1, {2}),
        ([wish(1)], 0, 0, set()),
    ],
    ids=[
        "it has not said",
        "both fit",
        "one fits",
        "who was asked less recently",
        "too much was asked already",
        "just enough is left",
        "what fits",
        "who can be reached",
        "no time at all",
    ],
)
def test_as_many_are_asked_as_fit_and_those_asked_least_recently_first(
    wishes: list[Wish], spent: int, capacity: int | None, asked: set[int]
) -> None:
    assert burden.fitting(wishes, spent={1: spent}, capacities={1: capacity}) == asked


async def capacity(database: Database, cast: Cast, *names: str, minutes: int) -> None:
    async with database.writing() as session:
        for name in names:
            organisation = await session.get_one(Organisation, cast.organisations[name].id)
            organisation.capacity = minutes
            session.add(organisation)


async def asked_in_turn(database: Database, cast: Cast, name: str, *, rounds: int) -> list[list[int]]:
    """Open the next rounds, each when it is due; which of an organisation's people were asked in each."""
    found = []
    for _ in range(rounds):
        planned = next(one for one in await all_rounds(database) if one.state == "planned")
        done = await step(database, "open", planned.id, now=planned.opens_at)
        await plan(database, now=planned.opens_at)
        assert isinstance(done, Opened)
        accounts = {asked.account for asked in done.asked}
        found.append([account for account in cast.accounts[name] if account in accounts])
    return found


async def test_the_seats_of_an_organisation_with_little_time_take_turns(
    database: Database, cast: Cast
) -> None:
    await capacity(database, cast, "refugee_group", minutes=2)
    one, two = cast.accounts["refugee_group"]

    asked = await asked_in_turn(database, cast, "refugee_group", rounds=2)

    # 80 seconds of 120; then 102 more do not fit.
    assert asked == [[one], []]
    await capacity(database, cast, "refugee_group", minutes=3)
    assert await asked_in_turn(database, cast, "refugee_group", rounds=1) == [[two]]


async def test_an_organisation_rests_when_its_time_is_used_up_and_the_ledger_says_so(
    database: Database, cast: Cast
) -> None:
    await capacity(database, cast, "refugee_group", minutes=2)
    await asked_in_turn(database, cast, "refugee_group", rounds=2)
    resting = (await all_rounds(database))[1]

    async with database.reading() as session:
        ledger = await burden.ledger(session, cast.partnership.id, now=OPENS + WEEK)
        later = await burden.ledger(session, cast.partnership.id, now=OPENS + 6 * WEEK)

    loads = {load.name: load for load in ledger}
    refugees = cast.organisations["refugee_group"].id
    assert loads["Refugee Group"] == Load(refugees, "Refugee Group", 2, 2, (resting.local_date,))
    # Five people with 80 seconds, then with 102, or 910 in all.
    assert (loads["Council"].minutes, loads["Council"].capacity, loads["Council"].rested) == (16, None, ())
    assert "Forum" not in loads
    assert {(load.minutes, load.rested) for load in later} == {(0, ())}


async def test_the_ledger_does_not_tell_who_was_away_nor_who_had_promised_something(
    database: Database, cast: Cast
) -> None:
    first, second = cast.accounts["youth_centre"]
    seat = await seat_of(database, first)
    async with database.writing() as session:
        (await session.get_one(Seat, seat.id)).paused_at = MONDAY
        schedule = await session.get_one(Schedule, cast.schedule.id)
        schedule.instrument = "nudge"
    await asked_in_turn(database, cast, "youth_centre", rounds=1)
    opened = (await all_rounds(database))[0]
    promised = Promise(
        schedule_id=opened.schedule_id,
        round_id=opened.id,
        seat_id=(await seat_of(database, second)).id,
        text="I will call them.",
        made_at=OPENS,
    )
    async with database.writing() as session:
        session.add(promised)
    await plan(database, now=OPENS + WEEK)
    await turn(database, now=OPENS + WEEK)

    async with database.reading() as session:
        ledger = await burden.ledger(session, cast.partnership.id, now=OPENS + WEEK)

    minutes = {load.name: load.minutes for load in ledger}
    assert minutes["Youth Centre"] == minutes["Refugee Group"] == minutes["Family Charity"] > 0


async def test_who_rests_is_not_rated_by_others(database: Database, cast: Cast) -> None:
    await capacity(database, cast, "refugee_group", "youth_centre", minutes=1)
    await asked_in_turn(database, cast, "council", rounds=1)
    second = (await all_rounds(database))[1]

    done = await step(database, "open", second.id, now=OPENS + WEEK)

    assert isinstance(done, Opened)
    rated = {about for asked in done.asked for _, about in asked.invitation.questions} - {0}
    assert rated == {cast.organisations[name].id for name in ("council", "health_trust", "family_charity")}


async def test_a_month_is_four_weekly_rounds_and_never_five(database: Database, cast: Cast) -> None:
    # Any four of the first six rounds take two seats 688 seconds, and five of them over 840.
    await capacity(database, cast, "refugee_group", minutes=12)

    asked = await asked_in_turn(database, cast, "refugee_group", rounds=6)

    assert asked == [cast.accounts["refugee_group"]] * 6


async def test_where_everyone_rests_the_round_is_skipped(database: Database, cast: Cast) -> None:
    await capacity(database, cast, *(name for name in cast.organisations if name != "forum"), minutes=1)

    done = await step(database, "open", (await all_rounds(database))[0].id, now=OPENS)

    assert isinstance(done, Opened)
    assert (done.round.state, done.round.reason) == ("skipped", asking.RESTING)
    assert len(done.round.rested) == 5


async def test_nobody_s_time_is_kept_for_whom_we_cannot_reach(database: Database, cast: Cast) -> None:
    await capacity(database, cast, "refugee_group", minutes=2)
    gone, here = cast.accounts["refugee_group"]
    member = await member_of(database, gone)
    assert member is not None
    async with database.writing() as session:
        lost = await session.get_one(Member, member.id)
        lost.unreachable_since = MONDAY
        session.add(lost)

    assert await asked_in_turn(database, cast, "refugee_group", rounds=1) == [[here]]
