"""Burden: how long questions take, what each organisation is asked for in all, and when that is enough."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from facilitation.instruments import ORGANISATION, Item
from storage.members import Seat
from storage.partnerships import Organisation, Partnership
from storage.rounds import Invitation, Round, Schedule

# What we assume a question takes, in seconds: reading it on a small screen, thinking, one tap; a text and a
# number are typed on a phone. By this the first pulse is the 80 seconds that people were promised.
SECONDS = {
    "scale": 11,
    "agree": 9,
    "choice": 15,
    "directed": 11,
    "guess": 9,
    "number": 15,
    "text": 25,
    "promise": 8,
}
MINUTE = 60
MONTH = timedelta(days=28)


@dataclass(frozen=True)
class Load:
    """What one organisation was asked in the last 28 days; `rested` on these dates for its capacity's sake.

    `minutes` are rounded up, and count whoever was away or had paused as asked. `capacity` in minutes; None:
    it has not said.
    """

    organisation: int
    name: str
    minutes: int
    capacity: int | None
    rested: tuple[date, ...] = ()


@dataclass(frozen=True)
class Wish:
    """A seat that could be asked, and how long that would take; the smallest `before` has the first turn."""

    seat: int
    organisation: int
    seconds: int
    before: tuple[bool, int]


def seconds(items: Iterable[Item]) -> int:
    """How long these questions take together; a directed one counts each time it stands there."""
    return sum(SECONDS[item.kind] for item in items)


def fitting(
    wishes: Sequence[Wish], *, spent: Mapping[int, int], capacities: Mapping[int, int | None]
) -> set[int]:
    """The seats that can be asked within the capacity (minutes) of their organisations, of which so many
    seconds are spent; those asked least recently go first.
    """
    used, found = dict(spent), set()
    for wish in sorted(wishes, key=lambda wish: wish.before):
        capacity, taken = capacities[wish.organisation], used.get(wish.organisation, 0)
        if capacity is None or taken + wish.seconds <= capacity * MINUTE:
            used[wish.organisation] = taken + wish.seconds
            found.add(wish.seat)
    return found


async def spent(session: AsyncSession, partnership_id: int, *, today: date) -> dict[int, int]:
    """The seconds asked of each organisation in the 28 days that end today, its local dates counting."""
    wanted = (
        select(Invitation.organisation_id, func.sum(Invitation.seconds))
        .join(Round, col(Round.id) == col(Invitation.round_id))
        .where(Round.partnership_id == partnership_id, col(Round.local_date) > today - MONTH)
        .group_by(col(Invitation.organisation_id))
    )
    return {organisation: int(total) for organisation, total in (await session.exec(wanted)).all()}


async def asked_last(session: AsyncSession, seats: Iterable[int]) -> dict[int, int]:
    """The newest invitation of each of these seats; those never asked are left out."""
    # One look a seat into the index; grouped, it would be one an invitation that was ever sent to it.
    newest = select(func.max(Invitation.id)).where(Invitation.seat_id == Seat.id).scalar_subquery()
    wanted = select(Seat.id, newest).where(col(Seat.id).in_(list(seats)))
    return {seat: last for seat, last in (await session.exec(wanted)).all() if last is not None}


@dataclass(frozen=True)
class _Held:
    """A round of the last 28 days, and the seconds of whoever it asked for most."""

    round: Round
    audience: Sequence[int]
    seconds: int


async def ledger(session: AsyncSession, partnership_id: int, *, now: datetime) -> list[Load]:
    """What each organisation was asked in the last 28 days, and when it rested; by name.

    Facilitators read it. So it goes by seats, and not by who of them was asked what: of a small organisation
    that would tell who is away, and who has promised something.
    """
    partnership = await session.get_one(Partnership, partnership_id)
    held = await _held(session, partnership_id, now.astimezone(ZoneInfo(partnership.timezone)).date())
    wanted = select(Seat).where(Seat.partnership_id == partnership_id, Seat.role == "member")
    seats: dict[int, list[Seat]] = {}
    for seat in (await session.exec(wanted)).all():
        seats.setdefault(seat.organisation_id, []).append(seat)
    organisations = select(Organisation).where(
        Organisation.partnership_id == partnership_id,
        Organisation.kind != "backbone",
        col(Organisation.removed_at).is_(None),
    )
    found = (await session.exec(organisations.order_by(col(Organisation.name)))).all()
    return [_load(one, held, seats.get(one.id, [])) for one in found]


async def _held(session: AsyncSession, partnership_id: int, today: date) -> list[_Held]:
    longest = (
        select(Invitation.round_id, func.max(Invitation.seconds))
        .join(Round, col(Round.id) == col(Invitation.round_id))
        .where(Round.partnership_id == partnership_id, col(Round.local_date) > today - MONTH)
        .group_by(col(Invitation.round_id))
    )
    seconds = dict((await session.exec(longest)).all())
    wanted = (
        select(Round, Schedule)
        .join(Schedule, col(Schedule.id) == col(Round.schedule_id))
        .where(
            Round.partnership_id == partnership_id,
            col(Round.local_date) > today - MONTH,
            col(Round.state) != "planned",
        )
        .order_by(col(Round.local_date))
    )
    found = (await session.exec(wanted)).all()
    return [_Held(round_, schedule.audience, seconds.get(round_.id, 0)) for round_, schedule in found]


def _load(organisation: Organisation, held: Sequence[_Held], seats: Sequence[Seat]) -> Load:
    rested = tuple(one.round.local_date for one in held if organisation.id in one.round.rested)
    asked = [
        one
        for one in held
        if organisation.id not in one.round.rested and (not one.audience or organisation.id in one.audience)
    ]
    minutes = -(-sum(one.seconds * _sitting(seats, one.round) for one in asked) // MINUTE)
    # Nobody is asked for more: those for whom there is no time have their turn another time.
    most = minutes if organisation.capacity is None else min(minutes, organisation.capacity)
    return Load(organisation.id, organisation.name, most, organisation.capacity, rested)


def _sitting(seats: Sequence[Seat], round_: Round) -> int:
    """How many could be asked by a round: those who sat there when it opened, or the lead among them."""
    there = [
        seat
        for seat in seats
        if seat.consented_at <= round_.opens_at and (seat.left_at is None or seat.left_at > round_.opens_at)
    ]
    leading = round_.instrument.get("shown_as") == ORGANISATION
    return sum(seat.lead for seat in there) if leading else len(there)
