"""What is asked of people: what is open for a seat now, and what comes next in a partnership."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from facilitation import burden, instruments, questions
from facilitation.instruments import Wording
from storage.members import Seat
from storage.partnerships import Organisation
from storage.rounds import Answer, Invitation, Round, Schedule


@dataclass(frozen=True)
class Open:
    """A round that is open for a seat: how many of its questions are settled, of how many."""

    invitation: int
    title: Wording
    number: int
    given: int
    of: int
    seconds: int
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
        round_.closes_at,
    )


async def next_for(session: AsyncSession, organisation: Organisation, now: datetime) -> list[Coming]:
    """What is asked of this organisation's people, what comes soonest first."""
    wanted = select(Schedule).where(
        Schedule.partnership_id == organisation.partnership_id,
        col(Schedule.started_at).is_not(None),
        col(Schedule.paused_at).is_(None),
        col(Schedule.deleted_at).is_(None),
    )
    theirs = [
        schedule
        for schedule in (await session.exec(wanted)).all()
        if not schedule.audience or organisation.id in schedule.audience
    ]
    found = [await _coming(session, schedule, now) for schedule in theirs]
    return sorted(found, key=lambda one: (one.opens is None, one.opens, one.schedule.id))


async def _coming(session: AsyncSession, schedule: Schedule, now: datetime) -> Coming:
    opens = (
        select(Round.opens_at)
        .where(Round.schedule_id == schedule.id, Round.state == "planned", col(Round.opens_at) > now)
        .order_by(col(Round.opens_at))
        .limit(1)
    )
    instrument = instruments.parsed(_first(schedule))
    return Coming(
        instrument.title,
        burden.seconds(instrument.items),
        schedule,
        (await session.exec(opens)).first(),
    )


def _first(schedule: Schedule) -> dict[str, Any]:
    """A round of it as people meet it: the questions that rotate take about as long every time."""
    return instruments.frozen(schedule.instrument, 1)
