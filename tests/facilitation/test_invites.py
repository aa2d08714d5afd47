"""A link gives as many seats as it has places, to whoever consents, and says kindly why it does not."""

import asyncio
from datetime import timedelta

import pytest
from sqlmodel import col, func, select

from facilitation import invites, members
from facilitation.invites import InviteExpired, InviteFull, InviteRevoked, InviteUnknown, InviteUsed
from facilitation.refusals import Refusal
from storage.database import Database
from storage.members import Invite, Seat
from tests.cast import MONDAY, Cast

NEWCOMER = 77


async def made(database: Database, cast: Cast, **changes: object) -> tuple[int, str]:
    """An invite to the youth centre, and its secret."""
    async with database.writing() as session:
        invite, secret = invites.make(
            cast.organisations["youth_centre"], role="member", name="Ada", language="en", now=MONDAY
        )
        for name, value in changes.items():
            setattr(invite, name, value)
        session.add(invite)
        await session.flush()
        return invite.id, secret


async def join(database: Database, invite_id: int, account: int, *, later: timedelta = timedelta()) -> Seat:
    async with database.writing() as session:
        invite = await session.get_one(Invite, invite_id)
        return await invites.join(session, invite, account=account, language="de", now=MONDAY + later)


async def leave(database: Database, account: int) -> None:
    async with database.writing() as session:
        for sitting in await members.sittings(session, account=account):
            sitting.seat.left_at = MONDAY
            session.add(sitting.seat)


async def test_a_link_gives_a_seat_with_its_name_and_consent(database: Database, cast: Cast) -> None:
    invite_id, secret = await made(database, cast)
    async with database.reading() as session:
        found = await invites.by_secret(session, secret)
        place = await invites.open_places(session, found, account=NEWCOMER, now=MONDAY)
        partnership, organisation = await invites.whereto(session, found)

    seat = await join(database, invite_id, NEWCOMER)

    assert place is None
    assert (partnership.name, organisation.name) == ("Riverside", "Youth Centre")
    assert (seat.role, seat.name, seat.consent_version) == ("member", "Ada", invites.CONSENT)


async def test_only_the_hash_of_a_secret_of_at_least_128_bits_is_kept(database: Database, cast: Cast) -> None:
    invite_id, secret = await made(database, cast)

    async with database.reading() as session:
        stored = (await session.get_one(Invite, invite_id)).model_dump()

    assert secret not in str(stored)
    assert len(secret) * 6 >= 128


async def test_joining_twice_is_joining_once(database: Database, cast: Cast) -> None:
    invite_id, _ = await made(database, cast, places=2)

    first, second = await join(database, invite_id, NEWCOMER), await join(database, invite_id, NEWCOMER)

    assert first.id == second.id
    async with database.reading() as session:
        assert (await session.get_one(Invite, invite_id)).taken == 1


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"taken": 1}, InviteUsed),
        ({"places": 3, "taken": 3}, InviteFull),
        ({"revoked_at": MONDAY}, InviteRevoked),
        ({"expires_at": MONDAY}, InviteExpired),
    ],
)
async def test_a_link_that_gives_no_seat_says_why(
    database: Database, cast: Cast, changes: dict[str, object], refusal: type[Refusal]
) -> None:
    invite_id, secret = await made(database, cast, **changes)

    with pytest.raises(refusal):
        await join(database, invite_id, NEWCOMER)
    async with database.reading() as session:
        invite = await invites.by_secret(session, secret)
        with pytest.raises(refusal):
            await invites.open_places(session, invite, account=NEWCOMER, now=MONDAY)
        assert await members.of(session, account=NEWCOMER) is None


@pytest.mark.parametrize("secret", ["", "x", "\ud800", "ä" * 500])
async def test_a_guessed_link_opens_nothing(database: Database, cast: Cast, secret: str) -> None:
    async with database.reading() as session:
        with pytest.raises(InviteUnknown):
            await invites.by_secret(session, secret)


async def test_a_link_seen_as_free_and_taken_meanwhile_is_refused(database: Database, cast: Cast) -> None:
    invite_id, _ = await made(database, cast)
    async with database.reading() as session:
        seen = await session.get_one(Invite, invite_id)
    await join(database, invite_id, NEWCOMER)

    async with database.writing() as session:
        with pytest.raises(InviteUsed):
            await invites.join(session, seen, account=NEWCOMER + 1, language="en", now=MONDAY)


@pytest.mark.parametrize("places", [1, 7])
async def test_a_link_for_n_people_seats_exactly_n_of_fifty_at_once(
    database: Database, cast: Cast, places: int
) -> None:
    invite_id, _ = await made(database, cast, places=places)

    came = await asyncio.gather(
        *(join(database, invite_id, 5000 + number) for number in range(50)), return_exceptions=True
    )

    refused = [one for one in came if isinstance(one, InviteUsed | InviteFull)]
    assert sum(isinstance(one, Seat) for one in came) == places
    assert len(refused) == 50 - places
    async with database.reading() as session:
        wanted = select(func.count(col(Seat.id))).where(
            Seat.organisation_id == cast.organisations["youth_centre"].id
        )
        assert (await session.exec(wanted)).one() == 2 + places


async def test_who_left_and_comes_back_by_a_new_link_has_the_old_seat_as_the_new_link_says(
    database: Database, cast: Cast
) -> None:
    account = cast.accounts["youth_centre"][0]
    async with database.reading() as session:
        old = (await members.sittings(session, account=account))[0].seat
    await leave(database, account)
    invite_id, _ = await made(database, cast, name="New Name", role="facilitator")

    seat = await join(database, invite_id, account)

    assert (seat.id, seat.left_at, seat.name, seat.role) == (old.id, None, "New Name", "facilitator")


async def test_a_seat_that_was_left_does_not_open_a_used_link(database: Database, cast: Cast) -> None:
    account = cast.accounts["youth_centre"][0]
    await leave(database, account)
    invite_id, _ = await made(database, cast, taken=1)

    with pytest.raises(InviteUsed):
        await join(database, invite_id, account)


async def test_one_person_may_sit_in_two_organisations(database: Database, cast: Cast) -> None:
    invite_id, _ = await made(database, cast)

    await join(database, invite_id, cast.facilitator)

    async with database.reading() as session:
        sittings = await members.sittings(session, account=cast.facilitator)
    assert [(one.organisation.name, one.seat.role) for one in sittings] == [
        ("Forum", "facilitator"),
        ("Youth Centre", "member"),
    ]


async def test_a_link_without_a_language_takes_the_phone_s(database: Database, cast: Cast) -> None:
    invite_id, _ = await made(database, cast, language="")

    await join(database, invite_id, NEWCOMER)

    async with database.reading() as session:
        member = await members.of(session, account=NEWCOMER)
    assert member is not None
    assert member.language == "de"


async def test_who_blocks_is_lost_once_and_found_again(database: Database, cast: Cast) -> None:
    account = cast.members[0]
    async with database.writing() as session:
        await members.lost(session, account=account, now=MONDAY)
        await members.lost(session, account=account, now=MONDAY + timedelta(days=1))
        await members.lost(session, account=NEWCOMER, now=MONDAY)
        member = await members.of(session, account=account)
        assert member is not None
        since = member.unreachable_since

        await members.found_again(session, account=account)
        await members.found_again(session, account=account)
        await members.found_again(session, account=NEWCOMER)

    assert since == MONDAY
    assert member.unreachable_since is None
