"""When people are told the next questions come: by the rule, however far ahead that is."""

from datetime import date, datetime, timedelta

import pytest
from sqlmodel import select

from facilitation import answers, coming, members, parts, rounds
from storage.database import Database
from storage.members import Member, Seat
from storage.partnerships import Organisation
from storage.rounds import Schedule
from tests.cast import CLOSES, OPENS, Cast, changed
from tests.facilitation.turning import all_rounds, answer, given, part_of, plan, turn

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


async def test_what_is_open_for_a_seat_and_how_far_it_is(database: Database, cast: Cast) -> None:
    one = cast.members[0]
    async with database.reading() as session:
        seat = (await members.sittings(session, account=one))[0].seat
        nothing = await coming.open_now(session, seat, OPENS)
        none = await coming.newest_for(session, cast.partnership.id, account=one, now=OPENS)
    await turn(database, now=OPENS)
    round_id = (await all_rounds(database))[0].id
    await answer(database, one, round_id, {0: 4, 1: None}, now=OPENS)
    async with database.writing() as session:
        part = await parts.of(
            session, (await part_of(database, one, round_id, now=OPENS)).invitation.id, account=one, now=OPENS
        )
        await answers.write(session, part, 5, "not yet chosen", message=1, given=given(one, now=OPENS))

    async with database.reading() as session:
        [open_] = await coming.open_now(session, seat, OPENS)
        newest = await coming.newest_for(session, cast.partnership.id, account=one, now=OPENS)
        later = await coming.newest_for(session, cast.partnership.id, account=one, now=CLOSES)
        closed = await coming.open_now(session, seat, CLOSES)
        elsewhere = await coming.newest_for(session, cast.partnership.id + 1, account=one, now=OPENS)
        replied = await rounds.replied(session, round_id)
        following = await coming.next_opening(session, cast.partnership.id, OPENS)

    assert (nothing, none) == ([], None)
    assert open_.invitation == part.invitation.id
    assert (newest, open_.given, open_.of) == (open_.invitation, 2, 6)
    assert (later, closed, elsewhere) == (None, [], None)
    assert replied == (1, len(cast.members))
    assert following == OPENS + WEEK


async def test_the_newest_of_what_is_open_is_what_opened_last(database: Database, cast: Cast) -> None:
    await turn(database, now=OPENS)
    async with database.writing() as session:
        session.add(
            Schedule(
                partnership_id=cast.partnership.id,
                instrument="nudge",
                rule="FREQ=WEEKLY;BYDAY=WE",
                starts=date(2026, 11, 4),
                window_days=1,
                started_at=OPENS,
                created_at=OPENS,
            )
        )
    await plan(database, now=OPENS)
    await turn(database, now=OPENS + timedelta(days=1))

    async with database.reading() as session:
        newest = await coming.newest_for(
            session, cast.partnership.id, account=cast.members[0], now=OPENS + timedelta(days=1)
        )

    opened = next(one for one in await all_rounds(database) if one.instrument.get("name") == "nudge")
    mine = await part_of(database, cast.members[0], opened.id, now=OPENS + timedelta(days=1))
    assert newest == mine.invitation.id


async def test_who_has_left_has_nothing_open(database: Database, cast: Cast) -> None:
    one = cast.members[0]
    await turn(database, now=OPENS)
    async with database.writing() as session:
        wanted = select(Seat).join(Member).where(Member.account == one)
        (await session.exec(wanted)).one().left_at = OPENS

    async with database.reading() as session:
        newest = await coming.newest_for(session, cast.partnership.id, account=one, now=OPENS)

    assert newest is None
