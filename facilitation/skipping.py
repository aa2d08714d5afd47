"""What does not take place, or comes too late to be sent, and why: decided here, told to the facilitators.

The rule. A round opens while it is less than 36 hours late, and if its invitations can still go out before
its next occurrence and, where they come late, an hour before it closes; else it is skipped. A digest is sent,
and its brief before it, while it is less than five days late and none of a newer round of the same schedule
would come beside it; else it is published all the same, to be read with /digests, but not sent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from facilitation import holidays, instruments, quiet
from facilitation.instruments import Wording
from facilitation.planning import BRIEF_BEFORE
from storage.partnerships import Partnership
from storage.rounds import Round, Schedule

TOO_LATE = timedelta(hours=36)
# Whoever is asked late has at least so long to answer.
LEAST = timedelta(hours=1)
# A digest is worth having a few days late.
DIGEST_LASTS = timedelta(days=5)

# Why a round is skipped, beside what `asking` knows; a holiday's name stands behind its colon.
MISSED, SKIP, HOLIDAY = "missed", "skip", "holiday:"
# Why a published round's digest was not sent: it was days late, or a newer one was due beside it.
LATE, OVERTAKEN = "late", "overtaken"
NOT_SENT = (LATE, OVERTAKEN)
# Rounds that were opened, and neither called off nor lost since.
HELD = ("open", "closing", "published", "archived")


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

    @property
    def rounds(self) -> tuple[Round, ...]:
        return (*self.skipped, *self.unsent)


async def reason(session: AsyncSession, round_: Round, schedule: Schedule, *, now: datetime) -> str:
    """Why this round does not open, as far as the calendar knows; "" if it does."""
    rest = rests(schedule, round_.local_date)
    return rest or (MISSED if await _is_missed(session, round_, now=now) else "")


def rests(schedule: Schedule, day: date) -> str:
    """Why a schedule asks nothing on this date, as a round's reason says it; "" if it does."""
    if day.isoformat() in schedule.skips:
        return SKIP
    holiday = holidays.named(schedule.holidays, day)
    return HOLIDAY + holiday if holiday else ""


async def _is_missed(session: AsyncSession, round_: Round, *, now: datetime) -> bool:
    if now - round_.opens_at >= TOO_LATE:
        return True
    begins = await quiet.considerate(session, round_, due=round_.opens_at, now=now)
    late = begins - round_.opens_at >= quiet.PROMPT
    if begins + (LEAST if late else timedelta()) >= round_.closes_at:
        return True
    later = select(Round.id).where(
        Round.schedule_id == round_.schedule_id,
        col(Round.opens_at) > round_.opens_at,
        col(Round.opens_at) <= begins,
    )
    return (await session.exec(later)).first() is not None


async def following(session: AsyncSession, round_: Round) -> datetime | None:
    """When this schedule asks the next time, as far as it is planned; days off are passed over."""
    schedule = await session.get_one(Schedule, round_.schedule_id)
    wanted = select(Round).where(
        Round.schedule_id == round_.schedule_id,
        Round.state == "planned",
        col(Round.local_date) > round_.local_date,
    )
    planned = (await session.exec(wanted.order_by(col(Round.opens_at)))).all()
    return next((one.opens_at for one in planned if not rests(schedule, one.local_date)), None)


async def overdue(session: AsyncSession, now: datetime) -> list[Round]:
    """The rounds that `catch_up` would find something amiss with; looked at without holding anybody up."""
    found = (await session.exec(select(Round).where(_due(now)).order_by(col(Round.id)))).all()
    return [round_ for round_ in found if await _amiss(session, round_, now=now)]


async def catch_up(session: AsyncSession, round_ids: Sequence[int], *, now: datetime) -> list[Round]:
    """Skip those of these rounds that are to open no more, and mark those whose digest is not to be sent.

    All in one transaction, so that it is told in one note. Another clock may have done it: then not again.
    The result is the rounds there is something to tell of.
    """
    # Each is held, in an order that all keep who hold several.
    wanted = select(Round).where(col(Round.id).in_(round_ids), _due(now)).order_by(col(Round.id))
    wanted = wanted.with_for_update().execution_options(populate_existing=True)
    held = (await session.exec(wanted)).all()
    found = [(round_, why) for round_ in held if (why := await _amiss(session, round_, now=now))]
    for round_, why in found:
        if round_.state == "planned":
            round_.state = "skipped"
        elif why == OVERTAKEN:
            # No brief goes before it; but its facilitators are told, and may look first.
            round_.digest_at = await goes_out(session, round_, now=now)
        round_.reason = why
        session.add(round_)
    await session.flush()
    return [round_ for round_, _ in found]


async def goes_out(session: AsyncSession, round_: Round, *, now: datetime) -> datetime:
    """When its digest goes out if its brief goes out now: at its hour, or an hour after a late brief.

    So there is always time to keep a quote out of it.
    """
    begins = await quiet.considerate(session, round_, due=round_.brief_at, now=now)
    if round_.briefed_at is not None or begins - round_.brief_at < quiet.PROMPT:
        return round_.digest_at
    schedule = await session.get_one(Schedule, round_.schedule_id)
    partnership = await session.get_one(Partnership, round_.partnership_id)
    hour_later = quiet.awake(begins + BRIEF_BEFORE, schedule, ZoneInfo(partnership.timezone))
    return max(round_.digest_at, hour_later)


def _due(now: datetime) -> ColumnElement[bool]:
    return or_(
        and_(col(Round.state) == "planned", col(Round.opens_at) <= now),
        and_(
            col(Round.state).in_(("open", "closing")),
            col(Round.digest_at) <= now,
            col(Round.reason).not_in(NOT_SENT),
        ),
    )


async def _amiss(session: AsyncSession, round_: Round, *, now: datetime) -> str:
    if round_.state == "planned":
        schedule = await session.get_one(Schedule, round_.schedule_id)
        return await reason(session, round_, schedule, now=now)
    if now - round_.digest_at >= DIGEST_LASTS:
        return OVERTAKEN if await _overtaken(session, round_, by=now) else LATE
    going = max(now, await goes_out(session, round_, now=now))
    late = going - round_.digest_at >= quiet.PROMPT
    return OVERTAKEN if late and await _overtaken(session, round_, by=going) else ""


async def _overtaken(session: AsyncSession, round_: Round, *, by: datetime) -> bool:
    """Whether the brief of a newer round is out by then, whatever became of its digest since."""
    newer = select(Round.id).where(
        Round.schedule_id == round_.schedule_id,
        col(Round.opens_at) > round_.opens_at,
        col(Round.brief_at) <= by,
        col(Round.state).in_(HELD),
    )
    return (await session.exec(newer)).first() is not None


async def gaps(session: AsyncSession, rounds: Sequence[Round]) -> list[Gap]:
    """What these rounds, skipped or not sent, make for each schedule."""
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
