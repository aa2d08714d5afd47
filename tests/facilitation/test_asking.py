"""A round asks those whose turn it is, and says why it asks nobody."""

from collections.abc import Collection
from datetime import date, timedelta

import pytest
from sqlmodel import col, select

from facilitation import asking, burden, instruments
from facilitation.rounds import Opened
from storage.database import Database
from storage.members import Member, Seat
from storage.partnerships import Organisation, Partnership
from storage.rounds import Invitation, Promise, Round
from tests.cast import MONDAY, OPENS, Cast, changed
from tests.facilitation.turning import all_rounds, step, turn

WEEK = timedelta(days=7)
TUESDAY = OPENS.date()


async def opened(database: Database, *, which: int = 0) -> Opened:
    """Open the first round, or a later one, when it is due."""
    round_ = (await all_rounds(database))[which]
    done = await step(database, "open", round_.id, now=round_.opens_at)
    assert isinstance(done, Opened)
    return done


def accounts(done: Opened) -> list[int]:
    return sorted(asked.account or 0 for asked in done.asked)


async def seats_are(database: Database, accounts: Collection[int], **values: object) -> None:
    """Change the seats of these people."""
    async with database.writing() as session:
        wanted = select(Seat).join(Member, col(Member.id) == col(Seat.member_id))
        for seat in (await session.exec(wanted.where(col(Member.account).in_(accounts)))).all():
            for name, value in values.items():
                setattr(seat, name, value)
            session.add(seat)


async def organisation_is(database: Database, cast: Cast, name: str, **values: object) -> None:
    async with database.writing() as session:
        organisation = await session.get_one(Organisation, cast.organisations[name].id)
        for column, value in values.items():
            setattr(organisation, column, value)
        session.add(organisation)


@pytest.mark.parametrize(
    ("values", "asked"),
    [
        ({"paused_at": MONDAY}, False),
        ({"away_until": TUESDAY + timedelta(days=1)}, False),
        ({"away_until": TUESDAY}, True),
        ({"left_at": MONDAY}, False),
        ({"role": "facilitator"}, False),
    ],
    ids=["paused", "away", "back today", "left", "facilitator"],
)
async def test_who_is_not_there_is_not_asked(
    database: Database, cast: Cast, values: dict[str, object], *, asked: bool
) -> None:
    one, *others = cast.members
    await seats_are(database, [one], **values)

    done = await opened(database)

    assert accounts(done) == ([one] if asked else []) + others


async def test_a_day_away_is_a_day_where_the_partnership_is(database: Database, cast: Cast) -> None:
    async with database.writing() as session:
        partnership = await session.get_one(Partnership, cast.partnership.id)
        partnership.timezone = "Pacific/Auckland"
        session.add(partnership)
    one = cast.members[0]
    # At 10:00 in London it is 23:00 there, and at 12:00 the next day.
    await seats_are(database, [one], away_until=TUESDAY + timedelta(days=1))
    round_ = (await all_rounds(database))[0]

    done = await step(database, "open", round_.id, now=OPENS + timedelta(hours=2))

    assert isinstance(done, Opened)
    assert one in accounts(done)


async def test_a_round_for_some_organisations_asks_nobody_else(database: Database, cast: Cast) -> None:
    await changed(database, cast, audience=[cast.organisations["council"].id])

    assert accounts(await opened(database)) == cast.accounts["council"]


async def test_an_organisation_that_was_removed_is_not_asked(database: Database, cast: Cast) -> None:
    await organisation_is(database, cast, "council", removed_at=MONDAY)

    assert set(accounts(await opened(database))) == set(cast.members) - set(cast.accounts["council"])


async def test_where_organisations_speak_only_their_lead_seats_are_asked_and_no_groups_are_drawn(
    database: Database, cast: Cast
) -> None:
    leads = [cast.accounts["council"][0], cast.accounts["youth_centre"][1]]
    await changed(database, cast, instrument="check-in")
    await seats_are(database, leads, lead=True)

    done = await opened(database)

    assert accounts(done) == leads
    assert [asked.invitation.cell_id for asked in done.asked] == [None, None]
    assert done.partnership.cells_version == 0


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"skips": [TUESDAY.isoformat()]}, "skip"),
        ({"skips": [(TUESDAY + WEEK).isoformat()]}, ""),
        ({"instrument": "check-in"}, asking.UNLED),
        ({"audience": [0]}, asking.NOBODY),
    ],
    ids=["a day off", "another day off", "nobody leads", "an audience of nobody"],
)
async def test_a_round_that_asks_nobody_says_why(
    database: Database, cast: Cast, values: dict[str, object], reason: str
) -> None:
    await changed(database, cast, **values)

    done = await opened(database)

    assert (done.round.reason, bool(done.asked)) == (reason, not reason)
    assert done.round.number == (0 if reason else 1)


async def test_a_public_holiday_is_skipped_by_its_name_and_the_next_date_is_told(
    database: Database, cast: Cast
) -> None:
    await changed(database, cast, holidays="GB-SCT")
    async with database.writing() as session:
        round_ = (await all_rounds(database))[0]
        round_.local_date = date(2026, 11, 30)
        session.add(round_)
        later = (await all_rounds(database))[1]
        later.local_date = date(2026, 12, 8)
        session.add(later)

    done = await opened(database)

    assert (done.round.state, done.round.reason) == ("skipped", "holiday:Saint Andrew's Day")
    assert done.following == OPENS + WEEK


async def test_where_everyone_is_away_the_round_says_so(database: Database, cast: Cast) -> None:
    await seats_are(database, cast.members, paused_at=MONDAY)

    assert (await opened(database)).round.reason == asking.AWAY


async def test_cells_are_drawn_from_those_who_are_asked(database: Database, cast: Cast) -> None:
    council = cast.accounts["council"]
    # Three of five are too few for a group of their own.
    await seats_are(database, council[:2], paused_at=MONDAY)

    done = await opened(database)

    cells = {asked.organisation: asked.invitation.cell_id for asked in done.asked}
    assert cells["Health Trust"] is not None
    assert cells["Council"] is None


# What each seat is asked.


async def questions(database: Database) -> dict[int, Invitation]:
    """The invitations of all rounds by account."""
    async with database.reading() as session:
        wanted = (
            select(Member.account, Invitation)
            .join(Seat, col(Seat.member_id) == col(Member.id))
            .join(Invitation, col(Invitation.seat_id) == col(Seat.id))
            .order_by(col(Invitation.id))
        )
        return {account or 0: invitation for account, invitation in (await session.exec(wanted)).all()}


async def test_the_first_pulse_asks_everybody_the_same_six_questions_of_80_seconds(
    database: Database, cast: Cast
) -> None:
    await turn(database, now=OPENS)

    found = await questions(database)

    asked = {tuple(tuple(one) for one in invitation.questions) for invitation in found.values()}
    codes = [row["code"] for row in instruments.frozen("pulse", 1)["items"]]
    assert asked == {tuple((code, 0) for code in codes)}
    assert {invitation.seconds for invitation in found.values()} == {80}


async def test_a_directed_item_asks_about_three_other_organisations_each(
    database: Database, cast: Cast
) -> None:
    await turn(database, now=OPENS)

    second = await opened(database, which=1)

    assert [row["code"] for row in second.round.instrument["items"]][2] == "can_say_no"
    partners = {cast.organisations[name].id for name in cast.organisations if name != "forum"}
    for asked in second.asked:
        about = [about for code, about in asked.invitation.questions if code == "can_say_no"]
        assert len(set(about)) == 3
        assert set(about) <= partners - {asked.invitation.organisation_id}
        assert asked.invitation.seconds == 80 + 2 * burden.SECONDS["directed"]


async def test_who_stands_alone_is_not_asked_about_others(database: Database, cast: Cast) -> None:
    await turn(database, now=OPENS)
    await changed(database, cast, audience=[cast.organisations["council"].id])

    second = await opened(database, which=1)

    codes = {code for asked in second.asked for code, _ in asked.invitation.questions}
    assert "can_say_no" not in codes
    assert "plain_words" in codes


async def test_only_who_promised_something_here_and_has_not_said_what_came_of_it_is_asked_about_it(
    database: Database, cast: Cast
) -> None:
    await changed(database, cast, instrument="nudge")
    await turn(database, now=OPENS)
    first = (await all_rounds(database))[0]
    promised, kept, *_ = [one.seat_id for _, one in sorted((await questions(database)).items())]
    async with database.writing() as session:
        for day, (seat, outcome) in enumerate(((promised, ""), (kept, "done"), (promised, "")), start=1):
            round_ = Round(**first.model_dump(exclude={"id", "local_date"}), local_date=date(2020, 1, day))
            session.add(round_)
            await session.flush()
            session.add(_promise(round_, seat, outcome))
    second = next(one for one in await all_rounds(database) if one.state == "planned")

    done = await step(database, "open", second.id, now=second.opens_at)

    assert isinstance(done, Opened)
    asked = {one.invitation.seat_id: one.invitation.questions for one in done.asked}
    async with database.reading() as session:
        newest = (await session.exec(select(Promise.id).order_by(col(Promise.id).desc()))).first()
    assert asked[promised][0] == ("last_promise", newest)
    assert [seat for seat, of in asked.items() if of[0][0] == "last_promise"] == [promised]
    assert {len(of) for seat, of in asked.items() if seat != promised} == {3}


def _promise(round_: Round, seat: int, outcome: str) -> Promise:
    return Promise(
        schedule_id=round_.schedule_id,
        round_id=round_.id,
        seat_id=seat,
        text="I will call them.",
        made_at=MONDAY,
        outcome=outcome,
    )
