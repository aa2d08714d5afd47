"""Organisations are added, described and removed by their partnership's facilitators, and by nobody else."""

import asyncio

import pytest
from sqlmodel import col, select

from facilitation import invites, members, organisations, partnerships, rounds
from facilitation.organisations import (
    MinutesUnclear,
    NameTaken,
    OneNameTooLong,
    OwnSeat,
    TooManyNames,
    UnwantedTooLong,
)
from facilitation.partnerships import NameMissing, NameTooLong
from facilitation.refusals import NotYours, Refusal
from storage.database import Database
from storage.members import Invite, Seat
from storage.partnerships import Organisation
from storage.rounds import Answer, Invitation
from tests.cast import MONDAY, OPENS, Cast, seat_of, seated
from tests.facilitation.turning import all_rounds, turn

GONE = 10**9


async def invited(database: Database, cast: Cast, place: str, **changes: object) -> int:
    async with database.writing() as session:
        invite, _ = invites.make(
            cast.organisations[place], role="member", name="Ada", language="en", now=MONDAY
        )
        for column, value in changes.items():
            setattr(invite, column, value)
        session.add(invite)
        await session.flush()
        return invite.id


async def named(database: Database, cast: Cast) -> list[str]:
    async with database.reading() as session:
        return [one.name for one in await organisations.of(session, cast.partnership.id)]


async def test_the_list_tells_who_joined_and_how_many_links_wait(database: Database, cast: Cast) -> None:
    await invited(database, cast, "council", places=5, taken=2)
    await invited(database, cast, "council")
    await invited(database, cast, "council", expires_at=MONDAY)
    await invited(database, cast, "council", revoked_at=MONDAY)
    await invited(database, cast, "council", role="group")
    async with database.writing() as session:
        seat = await session.get_one(Seat, (await seat_of(database, cast.accounts["council"][0])).id)
        await members.leave(session, seat, now=MONDAY)

    async with database.reading() as session:
        found = await organisations.listed(session, cast.partnership.id, now=MONDAY)

    assert [(one.organisation.name, one.joined, one.to_come) for one in found] == [
        ("Council", 4, 4),
        ("Health Trust", 4, 0),
        ("Family Charity", 2, 0),
        ("Youth Centre", 2, 0),
        ("Refugee Group", 2, 0),
        ("Forum", 1, 0),
    ]


async def test_several_organisations_are_added_at_once_in_their_order(database: Database, cast: Cast) -> None:
    async with database.writing() as session:
        added = await organisations.add(session, cast.partnership.id, "Shed\n\n  Tide \u202e Mill\nArk")

    assert [(one.name, one.kind) for one in added] == [
        ("Shed", "other"),
        ("Tide Mill", "other"),
        ("Ark", "other"),
    ]
    assert (await named(database, cast))[-3:] == ["Shed", "Tide Mill", "Ark"]


async def test_a_name_typed_twice_is_one_organisation(database: Database, cast: Cast) -> None:
    async with database.writing() as session:
        await organisations.add(session, cast.partnership.id, "Shed\nArk\nshed")

    assert (await named(database, cast))[-2:] == ["Shed", "Ark"]


def test_of_several_names_the_one_that_is_too_long_is_named() -> None:
    with pytest.raises(OneNameTooLong) as refused:
        organisations.names("Shed\n" + "Long " * 21)

    assert "Long Long" in str(refused.value)


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("", NameMissing),
        ("\u200c\n", NameMissing),
        ("x" * 101, NameTooLong),
        ("Shed\n" + "x" * 101, OneNameTooLong),
        ("COUNCIL", NameTaken),
        ("Shed\nCouncil", NameTaken),
        ("\n".join(f"Shed {number}" for number in range(31)), TooManyNames),
    ],
)
async def test_names_that_do_not_fit_are_refused_and_none_is_stored(
    database: Database, cast: Cast, text: str, refusal: type[Refusal]
) -> None:
    before = await named(database, cast)

    with pytest.raises(refusal):
        async with database.writing() as session:
            await organisations.add(session, cast.partnership.id, text)

    assert await named(database, cast) == before


async def test_the_name_of_a_removed_organisation_is_free_again(database: Database, cast: Cast) -> None:
    async with database.writing() as session:
        council = await session.get_one(Organisation, cast.organisations["council"].id)
        await organisations.remove(session, council, account=cast.facilitator, now=MONDAY)

        added = await organisations.add(session, cast.partnership.id, "Council")

    assert [one.name for one in added] == ["Council"]


async def test_a_new_name_may_be_its_own_in_other_letters_but_nobody_else_s(
    database: Database, cast: Cast
) -> None:
    async with database.writing() as session:
        council = await session.get_one(Organisation, cast.organisations["council"].id)
        await organisations.rename(session, council, "COUNCIL")
        with pytest.raises(NameTaken):
            await organisations.rename(session, council, "youth centre")

    assert (await named(database, cast))[0] == "COUNCIL"


@pytest.mark.parametrize(("text", "minutes"), [("1", 1), (" 90 ", 90), ("10000", 10_000)])
def test_minutes_are_read(text: str, minutes: int) -> None:
    assert organisations.minutes(text) == minutes


@pytest.mark.parametrize("text", ["", "0", "10001", "an hour", "-5", "1.5", "²", "9" * 5000])
def test_what_are_no_minutes_is_refused(text: str) -> None:
    with pytest.raises(MinutesUnclear):
        organisations.minutes(text)


def test_what_is_not_wanted_is_kept_on_one_line_of_a_card_s_length() -> None:
    assert organisations.unwanted(" no\nmeetings ") == "no meetings"
    with pytest.raises(UnwantedTooLong):
        organisations.unwanted("x" * 501)


# Who may.


async def test_only_facilitators_of_its_partnership_reach_an_organisation(
    database: Database, cast: Cast
) -> None:
    other = await seated(database, first_account=3000, name="Hillside")
    council = cast.organisations["council"].id

    async with database.reading() as session:
        found = await organisations.facilitated(session, council, account=cast.facilitator)
        for id_, account in (
            (council, cast.members[0]),
            (council, other.facilitator),
            (council, GONE),
            (GONE, cast.facilitator),
        ):
            with pytest.raises(NotYours):
                await organisations.facilitated(session, id_, account=account)

    assert found.id == council


async def test_only_facilitators_of_its_partnership_reach_a_seat_and_only_while_it_is_held(
    database: Database, cast: Cast
) -> None:
    other = await seated(database, first_account=3000, name="Hillside")
    seat = await seat_of(database, cast.members[0])

    async with database.writing() as session:
        one, organisation = await organisations.person(session, seat.id, account=cast.facilitator)
        for id_, account in (
            (seat.id, cast.members[0]),
            (seat.id, other.facilitator),
            (GONE, cast.facilitator),
        ):
            with pytest.raises(NotYours):
                await organisations.person(session, id_, account=account)
        await organisations.put_out(session, one, account=cast.facilitator, now=MONDAY)
        with pytest.raises(NotYours):
            await organisations.person(session, seat.id, account=cast.facilitator)

    assert (one.seat.id, organisation.name) == (seat.id, "Council")


# Removing.


async def test_a_removed_organisation_s_seats_end_its_links_stop_and_its_answers_stay(
    database: Database, cast: Cast
) -> None:
    await turn(database, now=OPENS)
    [round_, *_] = await all_rounds(database)
    council = cast.organisations["council"].id
    link = await invited(database, cast, "council")
    async with database.writing() as session:
        wanted = select(Invitation).where(Invitation.organisation_id == council)
        invitation = (await session.exec(wanted)).all()[0]
        session.add(
            Answer(invitation_id=invitation.id, item="worth_it", value=4, update_id=1, received_at=OPENS)
        )

    async with database.writing() as session:
        organisation = await session.get_one(Organisation, council)
        sat = await organisations.remove(session, organisation, account=cast.facilitator, now=OPENS)

    assert len(sat) == 5
    async with database.reading() as session:
        assert (await session.get_one(Organisation, council)).removed_at == OPENS
        assert (await session.get_one(Invite, link)).revoked_at == OPENS
        assert await organisations.people(session, council) == []
        assert len((await session.exec(select(Answer))).all()) == 1
        assert all(one.name != "Council" for one in await organisations.of(session, cast.partnership.id))
        with pytest.raises(NotYours):
            await organisations.facilitated(session, council, account=cast.facilitator)
    assert round_.state == "open"


async def test_who_joins_at_the_moment_an_organisation_is_removed_holds_no_seat_of_it(
    database: Database, cast: Cast
) -> None:
    invite_id = await invited(database, cast, "council")

    async def remove() -> None:
        async with database.writing() as session:
            council = await session.get_one(Organisation, cast.organisations["council"].id)
            await organisations.remove(session, council, account=cast.facilitator, now=MONDAY)

    async with database.writing() as session:
        invite = await session.get_one(Invite, invite_id)
        await invites.join(session, invite, account=9_000, language="en", now=MONDAY)
        removing = asyncio.create_task(remove())
        await asyncio.sleep(0.3)
    await removing

    async with database.reading() as session:
        assert await members.sittings(session, account=9_000) == []


async def test_the_next_round_goes_without_a_removed_organisation(database: Database, cast: Cast) -> None:
    council = cast.organisations["council"].id
    async with database.writing() as session:
        organisation = await session.get_one(Organisation, council)
        await organisations.remove(session, organisation, account=cast.facilitator, now=MONDAY)

    await turn(database, now=OPENS)

    async with database.reading() as session:
        asked = (await session.exec(select(Invitation.organisation_id))).all()
        opened = await rounds.replied(session, (await all_rounds(database))[0].id)
    assert council not in asked
    assert opened == (0, 10)


async def test_a_facilitator_removes_neither_their_own_seat_nor_its_organisation(
    database: Database, cast: Cast
) -> None:
    seat = await seat_of(database, cast.facilitator)

    async with database.writing() as session:
        one, forum = await organisations.person(session, seat.id, account=cast.facilitator)
        with pytest.raises(OwnSeat):
            await organisations.put_out(session, one, account=cast.facilitator, now=MONDAY)
        with pytest.raises(OwnSeat):
            await organisations.remove(session, forum, account=cast.facilitator, now=MONDAY)

    async with database.reading() as session:
        await partnerships.facilitated(session, cast.partnership.id, account=cast.facilitator)
        assert (await session.get_one(Organisation, forum.id)).removed_at is None


async def test_one_facilitator_removes_another_who_has_left(database: Database, cast: Cast) -> None:
    second = await invited(database, cast, "forum", role="facilitator")
    async with database.writing() as session:
        invite = await session.get_one(Invite, second)
        seat = await invites.join(session, invite, account=77, language="en", now=MONDAY)

    async with database.writing() as session:
        one, _ = await organisations.person(session, seat.id, account=cast.facilitator)
        await organisations.put_out(session, one, account=cast.facilitator, now=MONDAY)

    async with database.reading() as session:
        with pytest.raises(NotYours):
            await partnerships.facilitated(session, cast.partnership.id, account=77)


# The lead seat.


async def leads(database: Database) -> list[int]:
    async with database.reading() as session:
        return list(
            (await session.exec(select(Seat.id).where(col(Seat.lead).is_(True)).order_by(col(Seat.id)))).all()
        )


async def test_an_organisation_has_one_lead_seat_at_most(database: Database, cast: Cast) -> None:
    first, second, elsewhere = [
        (await seat_of(database, account)).id
        for account in (*cast.accounts["council"][:2], cast.accounts["youth_centre"][0])
    ]
    for seat in (elsewhere, first, second):
        async with database.writing() as session:
            one, _ = await organisations.person(session, seat, account=cast.facilitator)
            await organisations.lead(session, one, leads=True)

    assert await leads(database) == [second, elsewhere]
    async with database.writing() as session:
        one, _ = await organisations.person(session, second, account=cast.facilitator)
        await organisations.lead(session, one, leads=False)
    assert await leads(database) == [elsewhere]


async def test_whoever_leaves_leads_no_more_and_a_facilitator_never_does(
    database: Database, cast: Cast
) -> None:
    seat, own = [(await seat_of(database, account)).id for account in (cast.members[0], cast.facilitator)]
    async with database.writing() as session:
        one, _ = await organisations.person(session, seat, account=cast.facilitator)
        await organisations.lead(session, one, leads=True)
        await organisations.put_out(session, one, account=cast.facilitator, now=MONDAY)
        facilitator, _ = await organisations.person(session, own, account=cast.facilitator)
        with pytest.raises(NotYours):
            await organisations.lead(session, facilitator, leads=True)

    assert await leads(database) == []


async def test_who_joined_by_a_link_is_told_while_they_sit_there(database: Database, cast: Cast) -> None:
    link = await invited(database, cast, "council", places=3, name="")
    async with database.writing() as session:
        invite = await session.get_one(Invite, link)
        for account, name in ((77, "Ada"), (78, "Bo")):
            seat = await invites.join(session, invite, account=account, language="en", now=MONDAY, name=name)
        await members.leave(session, seat, now=MONDAY)

        found = await organisations.joined_by(session, link)

    assert found == ["Ada"]
