"""What does not take place, or comes too late to be sent, and why: decided here, told to the facilitators.

The rule. A round opens while it is less than 36 hours late and its next occurrence has not come; else it is
skipped. A digest is sent, and its brief before it, while it is less than five days late and no newer one of
the same schedule is due as well; else it is published all the same, to be read with /digests, but not sent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from facilitation import holidays, instruments, quiet
from facilitation.instruments import Wording
from storage.partnerships import Partnership
from storage.rounds import Round, Schedule

TOO_LATE = timedelta(hours=36)
# A digest is worth having a few days late.
DIGEST_LASTS = timedelta(days=5)

# Why a round is skipped, beside what `asking` knows; a holiday's name stands behind its colon.
MISSED, SKIP, HOLIDAY = "missed", "skip", "holiday:"
# Why a published round's digest was not sent.
LATE = "late"


@dataclass(frozen=True)
class Gap:
    """What one schedule did not do when it was due: rounds that did not open, digests that are not sent.

    Oldest first. `following`: when it opens next, as far as it is planned; perhaps at once, and late.
    """

    partnership: Partnership
    title: Wording
    skipped: tuple[Round, ...]
    unsent: tuple[Round, ...]
    following: datetime | None


async def reason(session: AsyncSession, round_: Round, schedule: Schedule, *, now: datetime) -> str:
    """Why this round does not open, as far as the calendar knows; "" if it does."""
    if round_.local_date.isoformat() in schedule.skips:
        return SKIP
    holiday = holidays.named(schedule.holidays, round_.local_date)
    if holiday:
        return HOLIDAY + holiday
    return MISSED if await _is_missed(session, round_, now=now) else ""


async def _is_missed(session: AsyncSession, round_: Round, *, now: datetime) -> bool:
    if now >= round_.closes_at or now - round_.opens_at >= TOO_LATE:
        return True
    later = select(Round.id).where(
        Round.schedule_id == round_.schedule_id,
        col(Round.opens_at) > round_.opens_at,
        col(Round.opens_at) <= now,
    )
    if (await session.exec(later)).first() is not None:
        return True
    return await quiet.considerate(session, round_, due=round_.opens_at, now=now) >= round_.closes_at


async def following(session: AsyncSession, round_: Round) -> datetime | None:
    """When this schedule opens the next time, as far as it is planned."""
    wanted = select(Round.opens_at).where(
        Round.schedule_id == round_.schedule_id,
        Round.state == "planned",
        col(Round.local_date) > round_.local_date,
    )
    return (await session.exec(wanted.order_by(col(Round.opens_at)).limit(1))).first()


async def overdue(session: AsyncSession, now: datetime) -> list[int]:
    """The rounds that `catch_up` would find something amiss with; looked at without holding anybody up."""
    found = (await session.exec(select(Round).where(_due(now)))).all()
    return [round_.id for round_ in found if await _amiss(session, round_, now=now)]


async def catch_up(session: AsyncSession, round_ids: Sequence[int], *, now: datetime) -> list[Gap]:
    """Skip those of these rounds that are to open no more, and mark those whose digest is not to be sent.

    All in one transaction, so that it is told in one note. Another clock may have done it: then not again.
    """
    # Each is held, in an order that all keep who hold several.
    wanted = select(Round).where(col(Round.id).in_(round_ids), _due(now)).order_by(col(Round.id))
    wanted = wanted.with_for_update().execution_options(populate_existing=True)
    held = (await session.exec(wanted)).all()
    found = [(round_, why) for round_ in held if (why := await _amiss(session, round_, now=now))]
    for round_, why in found:
        if round_.state == "planned":
            round_.state = "skipped"
        round_.reason = why
        session.add(round_)
    await session.flush()
    return await _gaps(session, [round_ for round_, _ in found])


def _due(now: datetime) -> ColumnElement[bool]:
    return or_(
        and_(col(Round.state) == "planned", col(Round.opens_at) <= now),
        and_(_waits(), col(Round.digest_at) <= now, col(Round.reason) != LATE),
    )


def _waits() -> ColumnElement[bool]:
    return col(Round.state).in_(("open", "closing"))


async def _amiss(session: AsyncSession, round_: Round, *, now: datetime) -> str:
    if round_.state == "planned":
        schedule = await session.get_one(Schedule, round_.schedule_id)
        return await reason(session, round_, schedule, now=now)
    return LATE if await _is_stale(session, round_, now=now) else ""


async def _is_stale(session: AsyncSession, round_: Round, *, now: datetime) -> bool:
    if now - round_.digest_at >= DIGEST_LASTS:
        return True
    newer = select(Round.id).where(
        Round.schedule_id == round_.schedule_id,
        col(Round.opens_at) > round_.opens_at,
        col(Round.digest_at) <= now,
        _waits(),
    )
    return (await session.exec(newer)).first() is not None


async def _gaps(session: AsyncSession, rounds: Sequence[Round]) -> list[Gap]:
    by_schedule: dict[int, list[Round]] = {}
    for round_ in sorted(rounds, key=lambda one: one.opens_at):
        by_schedule.setdefault(round_.schedule_id, []).append(round_)
    return [
        Gap(
            await session.get_one(Partnership, theirs[-1].partnership_id),
            await _title(session, theirs[-1]),
            tuple(one for one in theirs if one.state == "skipped"),
            tuple(one for one in theirs if one.state != "skipped"),
            await following(session, theirs[-1]),
        )
        for theirs in by_schedule.values()
    ]


async def _title(session: AsyncSession, round_: Round) -> Wording:
    schedule = await session.get_one(Schedule, round_.schedule_id)
    return instruments.parsed(instruments.raw(schedule.instrument)).title
