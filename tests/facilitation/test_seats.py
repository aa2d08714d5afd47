"""Seats: away, paused, back, left; and the clock a person lives by."""

import asyncio
from datetime import date, timedelta

import pytest
from sqlmodel import col, select

from facilitation import instruments, invites, members, reminders, rounds, seats, zones
from facilitation.refusals import NotYours, Refusal
from facilitation.seats import OnlyFacilitator
from storage.database import Database
from storage.queues import Outgoing
from storage.raised import Raised
from storage.rounds import Answer, Invitation, Promise, Round
from tests.cast import CLOSES, MONDAY, OPENS, REMINDS, Cast, seat_of
from tests.facilitation.turning import all_rounds, answer, invitation_of, turn

TODAY = date(2026, 11, 3)
WEEK = timedelta(days=7)


async def rest(database: Database, account: int, *, until: date | None = None) -> None:
    """Away until a day, or paused."""
    async with database.writing() as session:
        mine = [one.seat for one in await seats.mine(session, account=account)]
        if until is None:
            await seats.pause(session, mine, now=OPENS)
        else:
            await seats.away(session, mine, until=until, today=TODAY)


async def go(database: Database, account: int, *, taking_out: bool = False) -> None:
    async with database.writing() as session:
        mine = [one.seat for one in await seats.mine(session, account=account)]
        await seats.leave(session, mine, taking_out=taking_out, now=OPENS)


async def reminded(database: Database) -> set[int | None]:
    """Whom the first reminder of the first round goes to."""
    async with database.writing() as session:
        opened = await rounds.remind(session, (await all_rounds(database))[0].id, now=REMINDS)
    return {asked.account for asked in opened.asked} if opened else set()


@pytest.mark.parametrize(
    ("away_until", "paused", "day", "expected"),
    [
        (None, False, TODAY, False),
        (TODAY + WEEK, False, TODAY, True),
        (TODAY + WEEK, False, TODAY + WEEK, False),
        (None, True, TODAY + 99 * WEEK, True),
    ],
)
async def test_a_seat_rests_until_its_day_or_until_it_says_so(
    database: Database, cast: Cast, *, away_until: date | None, paused: bool, day: date, expected: bool
) -> None:
    seat = await seat_of(database, cast.members[0])
    seat.away_until, seat.paused_at = away_until, MONDAY if paused else None

    assert seats.rests(seat, day) is expected


async def test_whoever_is_away_is_not_reminded_of_what_is_open(database: Database, cast: Cast) -> None:
    away, paused, there = cast.members[:3]
    await turn(database, now=OPENS)
    await rest(database, away, until=TODAY + WEEK)
    await rest(database, paused)

    asked = await reminded(database)

    assert there in asked
    assert not {away, paused} & asked


async def test_what_waits_for_the_morning_is_taken_back(database: Database, cast: Cast) -> None:
    account = cast.members[0]
    await turn(database, now=OPENS)
    part = await invitation_of(database, account, (await all_rounds(database))[0].id)
    of_others = (f"reminder:{part.id}1:1", f"invitation:{part.id}1")
    mine = (f"invitation:{part.id}", *(reminders.key(part.id, which) for which in (1, 2)))
    keys = (*mine, *of_others)
    async with database.writing() as session:
        for key in keys:
            session.add(
                Outgoing(
                    key=key,
                    kind="reminder",
                    chat=account,
                    method="sendMessage",
                    resend=True,
                    not_before=OPENS,
                    not_after=CLOSES,
                )
            )

    await rest(database, account)

    async with database.reading() as session:
        kept = await session.exec(
            select(Outgoing.key, Outgoing.resend).where(
                col(Outgoing.key).in_(keys), Outgoing.state == "expired", Outgoing.error == "withdrawn"
            )
        )
    # Not to be sent again, and not to be reported as lost.
    assert sorted(kept.all()) == sorted((key, False) for key in mine)


async def test_coming_back_is_being_asked_again_from_the_next_round_on(
    database: Database, cast: Cast
) -> None:
    account = cast.members[0]
    await rest(database, account)

    async with database.writing() as session:
        await seats.resume(session, [one.seat for one in await seats.mine(session, account=account)])

    seat = await seat_of(database, account)
    assert (seat.away_until, seat.paused_at) == (None, None)


@pytest.mark.parametrize(
    ("until", "refusal"),
    [
        (TODAY, seats.AwayPast),
        (TODAY - timedelta(days=1), seats.AwayPast),
        (TODAY + timedelta(days=367), seats.AwayTooLong),
    ],
)
async def test_a_day_that_is_no_day_to_come_back_is_refused(
    database: Database, cast: Cast, until: date, refusal: type[Refusal]
) -> None:
    with pytest.raises(refusal):
        await rest(database, cast.members[0], until=until)

    assert (await seat_of(database, cast.members[0])).away_until is None


async def _kept(database: Database, account: int) -> int:
    part = await invitation_of(database, account, (await all_rounds(database))[0].id)
    async with database.reading() as session:
        answers = (await session.exec(select(Answer).where(Answer.invitation_id == part.id))).all()
        promises = (await session.exec(select(Promise).where(Promise.seat_id == part.seat_id))).all()
    return len(answers) + len(promises)


async def _promised(database: Database, account: int) -> None:
    round_ = (await all_rounds(database))[0]
    part = await invitation_of(database, account, round_.id)
    async with database.writing() as session:
        session.add(
            Promise(
                schedule_id=round_.schedule_id,
                round_id=round_.id,
                seat_id=part.seat_id,
                text="I will call them.",
                made_at=OPENS,
            )
        )


@pytest.mark.parametrize("taking_out", [False, True])
async def test_who_leaves_may_take_their_open_answers_out(
    database: Database, cast: Cast, *, taking_out: bool
) -> None:
    gone, stays = cast.accounts["council"][:2]
    await turn(database, now=OPENS)
    round_id = (await all_rounds(database))[0].id
    for account in (gone, stays):
        await answer(database, account, round_id, {0: 4, 1: 2}, now=OPENS)
    await _promised(database, gone)

    await go(database, gone, taking_out=taking_out)

    assert await _kept(database, gone) == (0 if taking_out else 3)
    assert await _kept(database, stays) == 2
    assert gone not in await reminded(database)
    async with database.reading() as session:
        assert await members.sittings(session, account=gone) == []


async def test_what_was_said_of_an_earlier_promise_is_taken_out_too(database: Database, cast: Cast) -> None:
    account = cast.members[0]
    await turn(database, now=OPENS)
    await _promised(database, account)
    opened = (await all_rounds(database))[0]
    part = await invitation_of(database, account, opened.id)
    async with database.writing() as session:
        promise = (await session.exec(select(Promise))).one()
        planned = (await all_rounds(database))[1]
        promise.round_id, promise.outcome = planned.id, "blocked"
        content = instruments.frozen("nudge", 1)
        code = next(item["code"] for item in content["items"] if item["kind"] == "promise")
        (await session.get_one(Round, opened.id)).instrument = content
        (await session.get_one(Invitation, part.id)).questions = [(code, promise.id)]

    await go(database, account, taking_out=True)

    async with database.reading() as session:
        assert (await session.exec(select(Promise.outcome))).all() == [""]


async def test_answers_of_a_closed_round_are_not_taken_out(database: Database, cast: Cast) -> None:
    account = cast.members[0]
    await turn(database, now=OPENS)
    await answer(database, account, (await all_rounds(database))[0].id, {0: 4}, now=OPENS)
    await turn(database, now=CLOSES)

    await go(database, account, taking_out=True)

    assert await _kept(database, account) == 1


async def test_the_only_facilitator_stays_until_there_is_another(database: Database, cast: Cast) -> None:
    with pytest.raises(seats.OnlyFacilitator, match="only facilitator of Riverside"):
        await go(database, cast.facilitator)
    async with database.writing() as session:
        second = (await members.sittings(session, account=cast.members[0]))[0].seat
        second.role = "facilitator"

    await go(database, cast.facilitator)

    with pytest.raises(seats.OnlyFacilitator):
        await go(database, cast.members[0])


async def test_whoever_holds_both_facilitating_seats_is_still_the_only_facilitator(
    database: Database, cast: Cast
) -> None:
    async with database.writing() as session:
        invite, _ = invites.make(
            cast.organisations["council"], role="facilitator", name="", language="en", now=MONDAY
        )
        session.add(invite)
        await session.flush()
        await invites.join(session, invite, account=cast.facilitator, language="en", now=MONDAY)

    with pytest.raises(seats.OnlyFacilitator):
        await go(database, cast.facilitator)

    async with database.writing() as session:
        one, two = (one.seat for one in await seats.mine(session, account=cast.facilitator))
        await seats.leave(session, [one], taking_out=False, now=OPENS)
        assert two.left_at is None


async def test_who_left_is_not_asked_in_the_morning_whether_they_were_heard(
    database: Database, cast: Cast
) -> None:
    account = cast.members[0]
    seat = await seat_of(database, account)
    keys = ("heard:7:1", "choice:7:1", "heard:70:1", "replied:7:1")
    async with database.writing() as session:
        session.add(
            Raised(
                id=7,
                partnership_id=cast.partnership.id,
                seat_id=seat.id,
                text="An hour earlier?",
                raised_at=MONDAY,
                asked_at=OPENS,
            )
        )
        for key in keys:
            session.add(
                Outgoing(key=key, kind="note", chat=account, method="", not_before=OPENS, not_after=CLOSES)
            )

    await go(database, account)

    async with database.reading() as session:
        kept = await session.exec(select(Outgoing.key).where(Outgoing.state == "pending"))
    assert sorted(kept.all()) == ["heard:70:1", "replied:7:1"]


async def test_whoever_has_no_place_there_gets_the_same_no(database: Database, cast: Cast) -> None:
    async with database.writing() as session:
        for account, place in ((1, 0), (1, cast.partnership.id), (cast.members[0], 999)):
            with pytest.raises(NotYours):
                await seats.mine(session, account=account, partnership_id=place)
        with pytest.raises(NotYours):
            await seats.speak(session, "en", account=1)


async def test_a_round_that_has_closed_is_left_as_it_is(database: Database, cast: Cast) -> None:
    account = cast.members[0]
    await turn(database, now=OPENS)
    await turn(database, now=CLOSES)

    await rest(database, account)

    async with database.reading() as session:
        states = await session.exec(select(Invitation.state).where(Invitation.state == "declined"))
    assert not states.all()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("London", ["Europe/London"]),
        ("  new   york ", ["America/New_York"]),
        ("Asia/Tokyo", ["Asia/Tokyo"]),
        ("germany", ["Europe/Berlin", "Europe/Busingen"]),
        ("Kolk", ["Asia/Kolkata"]),
    ],
)
def test_a_clock_is_found_by_a_city_or_a_country(words: str, expected: list[str]) -> None:
    assert zones.found(words) == expected


@pytest.mark.parametrize("words", ["", "  ", "x", "Atlantis", "\x00", "a" * 5000])
def test_a_place_that_is_not_known_is_told_with_a_way_on(words: str) -> None:
    with pytest.raises(zones.ZoneUnknown, match="larger city"):
        zones.found(words)


def test_every_clock_has_a_number_of_its_own_and_no_other_number_is_one() -> None:
    numbers = {zones.number(zone): zone for zone in zones.known()}

    assert all(zones.numbered(number) == zone for number, zone in numbers.items())
    assert len(numbers) == len(zones.known())
    with pytest.raises(NotYours):
        zones.numbered(1)
    assert max(len(zones.found(word)) for word in ("ame", "ind", "san", "united states")) <= zones.MOST


async def test_of_two_facilitators_who_leave_at_once_one_stays(database: Database, cast: Cast) -> None:
    async with database.writing() as session:
        invite, _ = invites.make(
            cast.organisations["forum"], role="facilitator", name="Bea", language="en", now=MONDAY
        )
        session.add(invite)
        await session.flush()
        await invites.join(session, invite, account=9_000, language="en", now=MONDAY)

    async def leaves(account: int) -> bool:
        try:
            async with database.writing() as session:
                mine = [one.seat for one in await members.sittings(session, account=account)]
                await seats.leave(session, mine, taking_out=False, now=MONDAY)
        except OnlyFacilitator:
            return False
        return True

    left = await asyncio.gather(leaves(cast.facilitator), leaves(9_000))

    assert sorted(left) == [False, True]
