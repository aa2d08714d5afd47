"""Burden: how long questions take, what each organisation is asked for in all, and when that is enough."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from facilitation.instruments import Item
from storage.partnerships import Organisation, Partnership
from storage.rounds import Invitation, Round

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

    `minutes` are rounded up. `capacity` in minutes; None: it has not said.
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
    wanted = (
        select(Invitation.seat_id, func.max(Invitation.id))
        .where(col(Invitation.seat_id).in_(list(seats)))
        .group_by(col(Invitation.seat_id))
    )
    return dict((await session.exec(wanted)).all())


async def ledger(session: AsyncSession, partnership_id: int, *, now: datetime) -> list[Load]:
    """What each organisation was asked in the last 28 days, and when it rested; by name."""
    partnership = await session.get_one(Partnership, partnership_id)
    today = now.astimezone(ZoneInfo(partnership.timezone)).date()
    taken = await spent(session, partnership_id, today=today)
    rested = await _rested(session, partnership_id, today=today)
    wanted = select(Organisation).where(
        Organisation.partnership_id == partnership_id,
        Organisation.kind != "backbone",
        col(Organisation.removed_at).is_(None),
    )
    return [
        Load(
            found.id,
            found.name,
            -(-taken.get(found.id, 0) // MINUTE),
            found.capacity,
            tuple(day for day, resting in rested if found.id in resting),
        )
        for found in (await session.exec(wanted.order_by(col(Organisation.name)))).all()
    ]


async def _rested(session: AsyncSession, partnership_id: int, *, today: date) -> list[tuple[date, list[int]]]:
    """The dates of the last 28 days, each with the organisations that rested on it."""
    wanted = select(Round).where(
        Round.partnership_id == partnership_id,
        col(Round.local_date) > today - MONTH,
        col(Round.state) != "planned",
    )
    found = (await session.exec(wanted.order_by(col(Round.local_date)))).all()
    return [(round_.local_date, round_.rested) for round_ in found if round_.rested]
