"""A link gives as many seats as it has places, to whoever consents, and says kindly why it does not."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlmodel import col, func, select

from facilitation import invites, members
from facilitation.invites import (
    InviteExpired,
    InviteForGroup,
    InviteFull,
    InviteRevoked,
    InviteUnknown,
    InviteUsed,
    LinkGone,
    LinkUsedUp,
    PlacesUnclear,
    TooManyPlaces,
)
from facilitation.refusals import NotYours, Refusal
from storage.database import Database
from storage.members import Invite, Seat
from tests.cast import MONDAY, Cast, seat_of, seated

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


async def join(
    database: Database, invite_id: int, account: int, *, later: timedelta = timedelta(), name: str = ""
) -> Seat:
    async with database.writing() as session:
        invite = await session.get_one(Invite, invite_id)
        now = MONDAY + later
        return await invites.join(session, invite, account=account, language="de", now=now, name=name)


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
        ({"role": "group"}, InviteForGroup),
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
    database: Database, cast: Cast, note: Callable[..., None], places: int
) -> None:
    """Promise 22, with every other way in tried at the same time: guessed, expired, taken back."""
    invite_id, secret = await made(database, cast, places=places)
    expired, _ = await made(database, cast, expires_at=MONDAY, places=50)
    revoked, _ = await made(database, cast, revoked_at=MONDAY, places=50)

    came = await asyncio.gather(
        *(join(database, invite_id, 5000 + number) for number in range(50)),
        *(join(database, expired, 6000 + number) for number in range(5)),
        *(join(database, revoked, 7000 + number) for number in range(5)),
        *(opened(database, guess) for guess in guesses(secret)),
        return_exceptions=True,
    )

    assert Counter(type(one) for one in came) == {
        Seat: places,
        InviteFull if places > 1 else InviteUsed: 50 - places,
        InviteExpired: 5,
        InviteRevoked: 5,
        InviteUnknown: len(guesses(secret)),
    }
    async with database.reading() as session:
        wanted = select(func.count(col(Seat.id))).where(
            Seat.organisation_id == cast.organisations["youth_centre"].id
        )
        assert (await session.exec(wanted)).one() == 2 + places
    note(22, places=places, tried=50, joined=places, bits=len(secret) * 6, by_guess=0)


async def opened(database: Database, secret: str) -> Invite:
    async with database.reading() as session:
        return await invites.by_secret(session, secret)


def guesses(secret: str) -> list[str]:
    """What somebody might try who knows all but a letter of a secret, or its hash."""
    return [secret[:-1], secret + "A", secret.swapcase(), secret[::-1], invites.hashed(secret), ""]


async def test_a_link_taken_back_while_somebody_looks_at_it_seats_nobody(
    database: Database, cast: Cast
) -> None:
    invite_id, _ = await made(database, cast)
    async with database.reading() as session:
        seen = await session.get_one(Invite, invite_id)
    async with database.writing() as session:
        await invites.revoke(session, await session.get_one(Invite, invite_id), now=MONDAY)

    async with database.writing() as session:
        with pytest.raises(InviteRevoked):
            await invites.join(session, seen, account=NEWCOMER, language="en", now=MONDAY)


@pytest.mark.parametrize(
    ("given", "own", "called"),
    [
        ("Ada", "Ada Lovelace", "Ada"),
        ("", "  Ada\n Lovelace ", "Ada Lovelace"),
        ("", "x" * 300, "x" * 100),
        ("", "", ""),
    ],
)
async def test_a_seat_is_called_as_its_link_says_else_as_its_person_does(
    database: Database, cast: Cast, given: str, own: str, called: str
) -> None:
    invite_id, _ = await made(database, cast, name=given)

    seat = await join(database, invite_id, NEWCOMER, name=own)

    assert (seat.name, seat.invite_id) == (called, invite_id)


async def test_a_link_with_the_lead_seat_makes_one_lead_and_no_second(database: Database, cast: Cast) -> None:
    first, _ = await made(database, cast, lead=True)
    second, _ = await made(database, cast, lead=True)
    await join(database, first, NEWCOMER)

    await join(database, second, NEWCOMER + 1)

    async with database.reading() as session:
        wanted = select(Seat.invite_id).where(col(Seat.lead).is_(True))
        assert list((await session.exec(wanted)).all()) == [second]


async def test_a_lost_link_is_replaced_for_the_places_that_are_left(database: Database, cast: Cast) -> None:
    lost, secret = await made(database, cast, places=5, lead=False)
    await join(database, lost, NEWCOMER)
    later = MONDAY + timedelta(days=59)

    async with database.writing() as session:
        old = await session.get_one(Invite, lost)
        new, found = await invites.renew(session, old, now=later)

    assert (new.places, new.role, new.name, new.expires_at) == (4, "member", "Ada", later + invites.LASTS)
    assert found != secret
    with pytest.raises(InviteRevoked):
        await join(database, lost, NEWCOMER + 1)
    assert (await join(database, new.id, NEWCOMER + 1)).invite_id == new.id


async def test_a_link_is_replaced_once_and_not_at_all_when_it_is_used_up(
    database: Database, cast: Cast
) -> None:
    lost, _ = await made(database, cast)
    used, _ = await made(database, cast, taken=1)
    async with database.writing() as session:
        await invites.renew(session, await session.get_one(Invite, lost), now=MONDAY)

    for invite_id, refusal in ((lost, LinkGone), (used, LinkUsedUp)):
        async with database.writing() as session:
            invite = await session.get_one(Invite, invite_id)
            with pytest.raises(refusal):
                await invites.renew(session, invite, now=MONDAY)
            with pytest.raises(LinkGone):
                await invites.revoke(session, invite, now=MONDAY)


async def test_links_are_looked_after_by_the_facilitators_of_their_partnership(
    database: Database, cast: Cast
) -> None:
    other = await seated(database, first_account=3000, name="Hillside")
    invite_id, _ = await made(database, cast)
    group, _ = await made(database, cast, role="group")

    async with database.reading() as session:
        found = await invites.facilitated(session, invite_id, account=cast.facilitator)
        for id_, account in (
            (invite_id, cast.members[0]),
            (invite_id, other.facilitator),
            (group, cast.facilitator),
            (10**9, cast.facilitator),
        ):
            with pytest.raises(NotYours):
                await invites.facilitated(session, id_, account=account)

    assert found.id == invite_id


async def test_the_list_shows_links_that_wait_and_those_of_several_people(
    database: Database, cast: Cast
) -> None:
    waiting, old, several = [
        (await made(database, cast, **changes))[0]
        for changes in ({}, {"expires_at": MONDAY}, {"places": 3, "taken": 3})
    ]
    for changes in ({"taken": 1}, {"revoked_at": MONDAY}, {"role": "group"}):
        await made(database, cast, **changes)

    async with database.reading() as session:
        found = await invites.kept(session, cast.organisations["youth_centre"].id)

    assert [one.id for one in found] == [several, old, waiting]


@pytest.mark.parametrize(("text", "places"), [("1", 1), (" 12 ", 12), ("200", 200)])
def test_a_number_of_people_is_read(text: str, places: int) -> None:
    assert invites.places(text) == places


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("0", TooManyPlaces),
        ("201", TooManyPlaces),
        ("", PlacesUnclear),
        ("a few", PlacesUnclear),
        ("-5", PlacesUnclear),
        ("²", PlacesUnclear),
        ("9" * 5000, PlacesUnclear),
    ],
)
def test_what_is_no_number_of_people_is_refused(text: str, refusal: type[Refusal]) -> None:
    with pytest.raises(refusal):
        invites.places(text)


@pytest.mark.parametrize("places", [0, -1, 201])
async def test_no_link_is_made_for_nobody_or_for_too_many(cast: Cast, places: int) -> None:
    council = cast.organisations["council"]

    with pytest.raises(TooManyPlaces):
        invites.make(council, role="member", name="", language="en", now=MONDAY, places=places)


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


async def test_a_member_becomes_a_facilitator_by_a_link_and_a_facilitator_no_member(
    database: Database, cast: Cast
) -> None:
    account = cast.accounts["youth_centre"][0]
    before = await seat_of(database, account)
    async with database.writing() as session:
        await members.lead(session, await session.get_one(Seat, before.id))
    facilitating, _ = await made(database, cast, role="facilitator", name="")
    back, _ = await made(database, cast)

    after = await join(database, facilitating, account, name="Bea")
    again = await join(database, back, account)

    assert (after.id, after.role, after.name, after.lead) == (before.id, "facilitator", "Bea", False)
    assert (again.id, again.role) == (before.id, "facilitator")
    async with database.reading() as session:
        taken = [(await session.get_one(Invite, one)).taken for one in (facilitating, back)]
    assert taken == [1, 0]


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
