"""Planning: which rounds a schedule will have, and at which moments each of them does what."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from facilitation import occurrences, quiet
from storage.partnerships import Partnership
from storage.rounds import Round, Schedule

AHEAD = timedelta(days=14)
BRIEF_BEFORE = timedelta(hours=1)
REMIND_AT = (0.5, 0.85)  # of the window


async def plan(session: AsyncSession, schedule_id: int, *, now: datetime) -> None:
    """Write down the rounds of the next two weeks; those still planned take over an edited hour.

    It goes by local dates, as `occurrences.due` does: each has one round, whatever its hour was or becomes.
    """
    # Another clock may be planning the same schedule: it waits here, and then finds the dates known.
    schedule = await session.get_one(Schedule, schedule_id, with_for_update=True)
    partnership = await session.get_one(Partnership, schedule.partnership_id)
    zone = ZoneInfo(partnership.timezone)
    await _replan(session, schedule, zone)
    wanted = select(col(Round.local_date)).where(Round.schedule_id == schedule.id)
    before = schedule.created_at.astimezone(zone).date() - timedelta(days=1)
    # Not merely the last of them: a date ahead may be called off already, or a new rule fill a gap.
    known = set((await session.exec(wanted)).all())
    opens, until = time.fromisoformat(schedule.opens), now + AHEAD
    for found in occurrences.due(schedule.rule, schedule.starts, opens, zone, done=before, now=until):
        if found.day not in known and found.opens > schedule.created_at:
            times = _times(schedule, found.day, zone)
            session.add(
                Round(
                    schedule_id=schedule.id,
                    partnership_id=schedule.partnership_id,
                    local_date=found.day,
                    **times,
                )
            )
    schedule.planned_until = until
    session.add(schedule)
    await session.flush()


async def _replan(session: AsyncSession, schedule: Schedule, zone: ZoneInfo) -> None:
    # Held, so that none of them is opened by another clock while its hours change; in the order that all keep
    # who hold several.
    wanted = select(Round).where(Round.schedule_id == schedule.id, Round.state == "planned")
    wanted = wanted.order_by(col(Round.id)).with_for_update()
    for round_ in (await session.exec(wanted.execution_options(populate_existing=True))).all():
        for name, moment in _times(schedule, round_.local_date, zone).items():
            setattr(round_, name, moment)
        session.add(round_)


def _times(schedule: Schedule, day: date, zone: ZoneInfo) -> dict[str, Any]:
    """The moments of the round of a local date, by the name of their column."""
    opens_at = occurrences.opens_at(day, time.fromisoformat(schedule.opens), zone)
    closing_day = day + timedelta(days=schedule.window_days)
    closes_at = occurrences.opens_at(closing_day, time.fromisoformat(schedule.closes), zone)
    digest_day = closing_day + timedelta(days=schedule.digest_days)
    digest_at = occurrences.opens_at(digest_day, time.fromisoformat(schedule.digest), zone)
    first, second = (
        quiet.awake(opens_at + (closes_at - opens_at) * part, schedule, zone) for part in REMIND_AT
    )
    return {
        "opens_at": opens_at,
        "reminds_at": first,
        "reminds_again_at": second,
        "closes_at": closes_at,
        "brief_at": digest_at - BRIEF_BEFORE,
        "digest_at": digest_at,
    }


async def schedules(session: AsyncSession) -> Sequence[tuple[Schedule, Partnership]]:
    wanted = (
        select(Schedule, Partnership)
        .join(Partnership, col(Partnership.id) == col(Schedule.partnership_id))
        .where(
            col(Schedule.started_at).is_not(None),
            col(Schedule.paused_at).is_(None),
            col(Schedule.deleted_at).is_(None),
        )
        .order_by(col(Schedule.id))
    )
    return (await session.exec(wanted)).all()
