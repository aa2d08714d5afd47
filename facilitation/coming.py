"""What is asked of people: what is open for a seat now, and what comes next in a partnership."""

from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from facilitation import burden, instruments, members, occurrences, questions, schedules
from facilitation.instruments import Wording
from facilitation.schedules import Plan
from storage.members import Seat
from storage.partnerships import Organisation, Partnership
from storage.rounds import Answer, Invitation, Round, Schedule

LOOKED_AT = 30  # dates: one that rests on all of them has none to tell


@dataclass(frozen=True)
class Open:
    """A round that is open for a seat: how many of its questions are settled, of how many."""

    invitation: int
    title: Wording
    number: int
    given: int
    of: int
    seconds: int
    opened: datetime
    closes: datetime


@dataclass(frozen=True)
class Coming:
    """Something that is asked here again and again: how long it takes, and when it is asked next."""

    title: Wording
    seconds: int
    schedule: Schedule
    opens: datetime | None


async def open_now(session: AsyncSession, seat: Seat, now: datetime) -> list[Open]:
    """What this seat can answer now, what closes first before all."""
    wanted = (
        select(Invitation, Round)
        .join(Round, col(Round.id) == col(Invitation.round_id))
        .where(Invitation.seat_id == seat.id, Round.state == "open", col(Round.closes_at) > now)
        .order_by(col(Round.closes_at), col(Round.id))
    )
    return [await _open(session, *row) for row in (await session.exec(wanted)).all()]


async def _open(session: AsyncSession, invitation: Invitation, round_: Round) -> Open:
    instrument = instruments.parsed(round_.instrument)
    settled = select(Answer.id).where(
        Answer.invitation_id == invitation.id,
        col(Answer.text).is_(None) | col(Answer.shown_as).is_not(None),
    )
    asked = questions.of(invitation, instrument)
    return Open(
        invitation.id,
        instrument.title,
        round_.number,
        len((await session.exec(settled)).all()),
        len(asked),
        invitation.seconds or burden.seconds(question.item for question in asked),
        round_.opens_at,
        round_.closes_at,
    )


async def newest_for(
    session: AsyncSession, partnership_id: int, *, account: int, now: datetime
) -> int | None:
    """The invitation of this account to what opened last in this partnership and is open, if anything is."""
    sittings = await members.sittings(session, account=account)
    mine = [one.seat for one in sittings if one.partnership.id == partnership_id]
    found = [part for seat in mine for part in await open_now(session, seat, now)]
    return max(found, key=lambda part: part.opened).invitation if found else None


async def next_for(session: AsyncSession, organisation: Organisation, now: datetime) -> list[Coming]:
    """What is asked of this organisation's people, what comes soonest first."""
    plans = await _running(session, organisation.partnership_id)
    theirs = [
        plan for plan in plans if not plan.schedule.audience or organisation.id in plan.schedule.audience
    ]
    found = [await _coming(session, plan, now) for plan in theirs]
    return sorted(found, key=lambda one: (one.opens is None, one.opens, one.schedule.id))


async def next_opening(session: AsyncSession, partnership_id: int, now: datetime) -> datetime | None:
    """When something is asked of anybody in a partnership next."""
    plans = await _running(session, partnership_id)
    found = [await _opens(session, plan, now) for plan in plans]
    return min((opens for opens in found if opens), default=None)


async def _running(session: AsyncSession, partnership_id: int) -> list[Plan]:
    partnership = await session.get_one(Partnership, partnership_id)
    wanted = select(Schedule).where(
        Schedule.partnership_id == partnership_id,
        col(Schedule.started_at).is_not(None),
        col(Schedule.paused_at).is_(None),
        col(Schedule.deleted_at).is_(None),
    )
    return [Plan(schedule, partnership) for schedule in (await session.exec(wanted)).all()]


async def _coming(session: AsyncSession, plan: Plan, now: datetime) -> Coming:
    instrument = instruments.parsed(_first(plan.schedule))
    return Coming(
        instrument.title,
        burden.seconds(instrument.items),
        plan.schedule,
        await _opens(session, plan, now),
    )


async def _opens(session: AsyncSession, plan: Plan, now: datetime) -> datetime | None:
    """Its next date on which it does not rest, by its rule: rounds are written down for two weeks only."""
    ahead = await schedules.coming(session, plan, now=now, count=LOOKED_AT)
    day = next((one.day for one in ahead if not one.rests), None)
    at = time.fromisoformat(plan.schedule.opens)
    return None if day is None else occurrences.opens_at(day, at, plan.zone)


def _first(schedule: Schedule) -> dict[str, Any]:
    """A round of it as people meet it: the questions that rotate take about as long every time."""
    return instruments.frozen(schedule.instrument, 1)
