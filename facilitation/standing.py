"""Where a partnership stands: its rounds, what comes next, what was left out, and whom nothing reaches.

Nothing here tells who answered: of a round that is open, only whether more than half did, and that only
among enough people.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from facilitation import burden, cancelling, facilitators, groups, raised, reach, reminders, rounds, schedules
from facilitation.burden import Load
from facilitation.schedules import Coming, Plan
from storage.digests import Digest
from storage.members import Member, Seat
from storage.partnerships import Organisation, Partnership
from storage.queues import Outgoing
from storage.rounds import Invitation, Round, Schedule

# Among fewer people even "more than half have answered" would tell too much while a round is open.
CROWD = 8
LATELY = timedelta(days=28)
UNDELIVERED_FOR = timedelta(days=14)
COUNTED = ("invitation", "digest", "brief")


@dataclass(frozen=True)
class Running:
    """A round that is open, or waits for its digest; `half`: more than half answered (None: not told)."""

    round: Round
    schedule: Schedule
    half: bool | None


@dataclass(frozen=True)
class Following:
    schedule: Schedule
    coming: Coming | None  # None: no date is ahead


@dataclass(frozen=True)
class Skipped:
    round: Round
    schedule: Schedule


@dataclass(frozen=True)
class Place:
    """An organisation with people who cannot be reached (`people`), or with nobody at all (`seats` 0)."""

    name: str
    seats: int
    people: Sequence[str] = ()


@dataclass(frozen=True)
class Standing:
    running: Sequence[Running]
    following: Sequence[Following]
    skipped: Sequence[Skipped]
    undelivered: int
    places: Sequence[Place]
    facilitators: Sequence[str]  # those who cannot be reached
    group: str  # what is wrong with its group chat: groups.LOST, groups.BARRED or ""
    missed: dict[str, list[str]]
    owed: int
    loads: Sequence[Load]


async def of(session: AsyncSession, partnership: Partnership, *, now: datetime) -> Standing:
    return Standing(
        running=await _running(session, partnership.id),
        following=await _following(session, partnership, now=now),
        skipped=await _skipped(session, partnership.id, now=now),
        undelivered=await _undelivered(session, partnership.id, now=now),
        places=await _places(session, partnership.id),
        facilitators=await _facilitators(session, partnership.id),
        group=ill.what if (ill := await groups.of(session, partnership.id, now=now)) is not None else "",
        missed=await reach.missing(session, partnership.id),
        owed=len(await raised.owed(session, partnership.id)),
        loads=await burden.ledger(session, partnership.id, now=now),
    )


async def _running(session: AsyncSession, partnership_id: int) -> list[Running]:
    wanted = (
        select(Round, Schedule)
        .join(Schedule, col(Schedule.id) == col(Round.schedule_id))
        .where(Round.partnership_id == partnership_id, col(Round.state).in_(("open", "closing")))
        .order_by(col(Round.opens_at))
    )
    found = (await session.exec(wanted)).all()
    return [Running(round_, schedule, await _half(session, round_)) for round_, schedule in found]


async def _half(session: AsyncSession, round_: Round) -> bool | None:
    if round_.state != "open":
        return None
    replied, invited = await rounds.replied(session, round_.id)
    return replied * 2 > invited if invited >= CROWD else None


async def _following(session: AsyncSession, partnership: Partnership, *, now: datetime) -> list[Following]:
    """Of each schedule that runs, the next date on which something opens; the soonest first."""
    found = []
    for schedule in await schedules.listed(session, partnership.id):
        if schedule.started_at is not None and schedule.paused_at is None:
            coming = await schedules.coming(session, Plan(schedule, partnership), now=now, count=12)
            found.append(Following(schedule, next((one for one in coming if not one.rests), None)))
    return sorted(found, key=lambda one: one.coming.day if one.coming is not None else date.max)


async def _skipped(session: AsyncSession, partnership_id: int, *, now: datetime) -> list[Skipped]:
    wanted = (
        select(Round, Schedule)
        .join(Schedule, col(Schedule.id) == col(Round.schedule_id))
        .where(
            Round.partnership_id == partnership_id,
            Round.state == "skipped",
            col(Round.opens_at) > now - LATELY,
            col(Round.opens_at) <= now,
        )
        .order_by(col(Round.opens_at).desc())
    )
    return [Skipped(*row) for row in (await session.exec(wanted)).all()]


async def _undelivered(session: AsyncSession, partnership_id: int, *, now: datetime) -> int:
    """How many messages of this partnership did not arrive lately. A count, and to whom is not asked."""
    wanted = select(Outgoing.key).where(
        col(Outgoing.kind).in_(COUNTED),
        col(Outgoing.state).in_(("dead", "expired")),
        col(Outgoing.error).not_in((cancelling.CALLED_OFF, reminders.WITHDRAWN)),
        col(Outgoing.not_after) > now - UNDELIVERED_FOR,
    )
    keys = [key.split(":") for key in (await session.exec(wanted)).all()]
    # A digest may have gone as two messages, a picture and its words: that is one.
    lost = {(key[0], int(key[1]), *key[2:3]) for key in keys if key[0] in COUNTED and key[1].isdigit()}
    rounds_, digests = ({key[1] for key in lost if (key[0] == "invitation") is one} for one in (True, False))
    invited = (
        select(Invitation.id)
        .join(Round, col(Round.id) == col(Invitation.round_id))
        .where(Round.partnership_id == partnership_id, col(Invitation.id).in_(rounds_))
    )
    told = select(Digest.id).where(Digest.partnership_id == partnership_id, col(Digest.id).in_(digests))
    parts, mine = set((await session.exec(invited)).all()), set((await session.exec(told)).all())
    return sum(key[1] in (parts if key[0] == "invitation" else mine) for key in lost)


async def _places(session: AsyncSession, partnership_id: int) -> list[Place]:
    wanted = (
        select(Seat.organisation_id, Seat.name, Member.unreachable_since)
        .join(Member, col(Member.id) == col(Seat.member_id))
        .where(Seat.partnership_id == partnership_id, Seat.role == "member", col(Seat.left_at).is_(None))
        .order_by(col(Seat.id))
    )
    rows = (await session.exec(wanted)).all()
    seats, lost = Counter(organisation for organisation, _, _ in rows), defaultdict(list)
    for organisation, name, since in rows:
        if since is not None:
            lost[organisation].append(name)
    partners: Sequence[Organisation] = await schedules.partners_of(session, partnership_id)
    places = [Place(one.name, seats[one.id], lost[one.id]) for one in partners]
    return [place for place in places if not place.seats or place.people]


async def _facilitators(session: AsyncSession, partnership_id: int) -> list[str]:
    return [one.seat.name for one in await facilitators.of(session, partnership_id) if not one.reachable]
