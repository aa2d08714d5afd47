"""Organisations of a partnership: added, described, renamed and removed by its facilitators."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from facilitation import days, invites, members, partnerships, seats
from facilitation.partnerships import NameTooLong
from facilitation.refusals import NotYours, Refusal
from storage.members import Invite, Member, Seat
from storage.partnerships import Organisation

# The order is also what buttons carry: a new kind goes to the end.
KINDS = ("public", "funder", "anchor", "community", "social_enterprise", "backbone", "other")
MOST_AT_ONCE = 30
MOST_MINUTES = 10_000
MOST_OFF_TELEGRAM = 500
LONGEST_UNWANTED = 500


class NameTaken(Refusal):
    """{name} is here already, so nothing was stored. Please leave that name out, or send another one."""


class OneNameTooLong(Refusal):
    """This name is too long, so nothing was stored: {name}. It may have {most} letters. Please shorten it,
    and send all of them once more.
    """


class TooManyNames(Refusal):
    """That is more than {most} names. Please send them in two messages; nothing was stored yet."""


class MinutesUnclear(Refusal):
    """Please send the minutes a month as a number, like 90. It can be up to {most}."""


class UnwantedTooLong(Refusal):
    """That is a little long for a card. Please keep it under {most} letters and send it again. Nothing was
    stored yet.
    """


class OwnSeat(Refusal):
    """You facilitate from this seat yourself. Another facilitator can remove it, or you send /leave."""


@dataclass(frozen=True)
class Listed:
    """An organisation with who sits in it, and how many more its open links are for."""

    organisation: Organisation
    joined: int
    to_come: int


@dataclass(frozen=True)
class Person:
    """Whoever holds a seat. Whether they are away or answer is nobody's business here."""

    seat: Seat
    account: int | None
    reachable: bool


async def facilitated(session: AsyncSession, organisation_id: int, *, account: int) -> Organisation:
    """An organisation of a partnership this account facilitates. Raises NotYours, also once it is removed."""
    organisation = await session.get(Organisation, organisation_id)
    if organisation is None or organisation.removed_at is not None:
        raise NotYours
    await partnerships.facilitated(session, organisation.partnership_id, account=account)
    return organisation


async def of(session: AsyncSession, partnership_id: int) -> Sequence[Organisation]:
    """The organisations of a partnership that were not removed, in the order they came."""
    wanted = (
        select(Organisation)
        .where(Organisation.partnership_id == partnership_id, col(Organisation.removed_at).is_(None))
        .order_by(col(Organisation.id))
    )
    return (await session.exec(wanted)).all()


async def listed(session: AsyncSession, partnership_id: int, *, now: datetime) -> list[Listed]:
    """The organisations of a partnership with their seats, in the order they came."""
    sitting = (
        select(Seat.organisation_id, func.count())
        .where(Seat.partnership_id == partnership_id, col(Seat.left_at).is_(None))
        .group_by(col(Seat.organisation_id))
    )
    coming = (
        select(Invite.organisation_id, func.sum(col(Invite.places) - col(Invite.taken)))
        .where(Invite.partnership_id == partnership_id, *invites.open_at(now))
        .group_by(col(Invite.organisation_id))
    )
    joined = dict((await session.exec(sitting)).all())
    to_come = dict((await session.exec(coming)).all())
    return [
        Listed(one, int(joined.get(one.id, 0)), int(to_come.get(one.id, 0)))
        for one in await of(session, partnership_id)
    ]


def waiting(found: Sequence[Listed]) -> list[Organisation]:
    """The partners among these that nobody has joined yet."""
    return [one.organisation for one in found if one.organisation.kind != "backbone" and not one.joined]


def names(text: str) -> list[str]:
    """Names as they were typed, one a line. Raises NameMissing, NameTooLong, OneNameTooLong, TooManyNames."""
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) > MOST_AT_ONCE:
        raise TooManyNames(most=MOST_AT_ONCE)
    if len(lines) < 2:  # noqa: PLR2004 - of several, the refusal has to say which
        return [partnerships.named(text)]
    return [_of_several(line) for line in lines]


def _of_several(line: str) -> str:
    try:
        return partnerships.named(line)
    except NameTooLong:
        raise OneNameTooLong(name=days.shown(line), most=partnerships.LONGEST) from None


async def add(session: AsyncSession, partnership_id: int, text: str) -> list[Organisation]:
    """Organisations by their names, one a line; of kind other until somebody says more.

    A name that was typed twice counts once. Raises NameMissing, NameTooLong, OneNameTooLong, NameTaken,
    TooManyNames.
    """
    taken = {one.name.casefold() for one in await of(session, partnership_id)}
    wanted: dict[str, str] = {}
    for name in names(text):
        wanted.setdefault(name.casefold(), name)
    for key, name in wanted.items():
        if key in taken:
            raise NameTaken(name=name)
    added = []
    for name in wanted.values():
        added.append(Organisation(partnership_id=partnership_id, name=name, kind="other"))
        # One by one: their numbers keep the order of the lines.
        session.add(added[-1])
        await session.flush()
    return added


async def rename(session: AsyncSession, organisation: Organisation, text: str) -> None:
    """Raises NameMissing, NameTooLong, NameTaken."""
    name = partnerships.named(text)
    others = [one.name for one in await of(session, organisation.partnership_id) if one.id != organisation.id]
    if name.casefold() in {other.casefold() for other in others}:
        raise NameTaken(name=name)
    organisation.name = name
    session.add(organisation)


def minutes(text: str) -> int:
    """Minutes a month as somebody typed them. Raises MinutesUnclear."""
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) <= len(str(MOST_MINUTES))):
        raise MinutesUnclear(most=MOST_MINUTES)
    if not 1 <= int(digits) <= MOST_MINUTES:
        raise MinutesUnclear(most=MOST_MINUTES)
    return int(digits)


def unwanted(text: str) -> str:
    """What an organisation does not want, as it is kept. Raises UnwantedTooLong."""
    kept = " ".join(text.split())
    if len(kept) > LONGEST_UNWANTED:
        raise UnwantedTooLong(most=LONGEST_UNWANTED)
    return kept


async def remove(
    session: AsyncSession, organisation: Organisation, *, account: int, now: datetime
) -> list[Person]:
    """Out of the partnership: its seats end and its links stop. The result is who sat there.

    What its people said stays. Raises OwnSeat.
    """
    # The links first: whoever joins by one at this moment is done before us, and then among those who sat
    # there; or finds it taken back.
    await session.exec(
        update(Invite)
        .where(col(Invite.organisation_id) == organisation.id, col(Invite.revoked_at).is_(None))
        .values(revoked_at=now)
    )
    sat = await people(session, organisation.id)
    if any(one.account == account and one.seat.role == "facilitator" for one in sat):
        raise OwnSeat
    organisation.removed_at = now
    session.add(organisation)
    await seats.leave(session, [one.seat for one in sat], taking_out=False, now=now)
    return sat


async def people(session: AsyncSession, organisation_id: int) -> list[Person]:
    """Whoever sits in an organisation, in the order they joined."""
    wanted = (
        select(Seat, Member)
        .join(Member, col(Member.id) == col(Seat.member_id))
        .where(Seat.organisation_id == organisation_id, col(Seat.left_at).is_(None))
        .order_by(col(Seat.id))
    )
    return [_person(seat, member) for seat, member in (await session.exec(wanted)).all()]


def _person(seat: Seat, member: Member) -> Person:
    reachable = member.account is not None and member.unreachable_since is None
    return Person(seat, member.account, reachable)


async def person(session: AsyncSession, seat_id: int, *, account: int) -> tuple[Person, Organisation]:
    """A seat of a partnership this account facilitates. Raises NotYours, also once it is empty."""
    seat = await session.get(Seat, seat_id)
    if seat is None or seat.left_at is not None:
        raise NotYours
    organisation = await facilitated(session, seat.organisation_id, account=account)
    return _person(seat, await session.get_one(Member, seat.member_id)), organisation


async def put_out(session: AsyncSession, one: Person, *, account: int, now: datetime) -> None:
    """End somebody's seat. What they answered stays, as if they had left themselves. Raises OwnSeat."""
    if one.account == account and one.seat.role == "facilitator":
        raise OwnSeat
    await seats.leave(session, [one.seat], taking_out=False, now=now)


async def joined_by(session: AsyncSession, invite_id: int) -> list[str]:
    """What those who sit here by a link are called, in the order they came."""
    wanted = (
        select(Seat.name)
        .where(Seat.invite_id == invite_id, col(Seat.left_at).is_(None))
        .order_by(col(Seat.id))
    )
    return list((await session.exec(wanted)).all())


async def lead(session: AsyncSession, one: Person, *, leads: bool) -> None:
    """This person speaks for the organisation from now on, and nobody else there does; or no longer.

    A facilitator speaks for none. Raises NotYours.
    """
    if leads and one.seat.role == "facilitator":
        raise NotYours
    if leads:
        await members.lead(session, one.seat)
    else:
        one.seat.lead = False
        session.add(one.seat)
