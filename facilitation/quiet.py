"""Quiet hours: when a message may come to somebody, and until when a reminder is worth sending."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlmodel.ext.asyncio.session import AsyncSession

from facilitation import occurrences
from storage.partnerships import Partnership
from storage.rounds import Round, Schedule

PROMPT = timedelta(minutes=15)
A_WHILE = timedelta(minutes=30)
# Nobody is written to outside these hours about what belongs to no schedule.
DAY_BEGINS, DAY_ENDS = time(9, 0), time(20, 0)


def awake(moment: datetime, schedule: Schedule, zone: ZoneInfo) -> datetime:
    """The first moment from `moment` on that is outside the schedule's quiet hours."""
    return lifts(_written(schedule, zone), moment)


async def kept(session: AsyncSession, round_: Round, *, timezone: str = "") -> str:
    """The quiet hours of somebody in this timezone, as a letter carries them: "20:00 08:00 Europe/London".

    "" is the partnership's timezone.
    """
    schedule = await session.get_one(Schedule, round_.schedule_id)
    partnership = await session.get_one(Partnership, round_.partnership_id)
    return _written(schedule, ZoneInfo(timezone or partnership.timezone))


def _written(schedule: Schedule, zone: ZoneInfo) -> str:
    return f"{schedule.quiet_from} {schedule.quiet_until} {zone.key}"


def _read(hours: str) -> tuple[time, time, ZoneInfo]:
    start, end, zone = hours.split(" ", 2)
    return time.fromisoformat(start), time.fromisoformat(end), ZoneInfo(zone)


def lifts(hours: str, moment: datetime) -> datetime:
    """The first moment from this one on that is outside these quiet hours."""
    start, end, zone = _read(hours)
    local = moment.astimezone(zone)
    wall = local.time()
    quiet = (wall >= start or wall < end) if start > end else start <= wall < end
    if not quiet:
        return moment
    day = local.date() + timedelta(days=1 if wall >= end else 0)
    return occurrences.opens_at(day, end, zone)


def falls(hours: str, begins: datetime) -> datetime | None:
    """When the night falls on something that may be sent from `begins` on; just before it, a while later.

    None: there is no night, or `begins` lies inside it and was meant so.
    """
    return _night(hours, begins) if lifts(hours, begins) == begins else None


def _night(hours: str, begins: datetime) -> datetime | None:
    start, end, zone = _read(hours)
    if start == end:
        return None
    day = begins.astimezone(zone).date()
    nights = [occurrences.opens_at(day + timedelta(days=ahead), start, zone) for ahead in (0, 1)]
    # Just before the night there are more letters than minutes.
    return max(next(night for night in nights if night > begins), begins + A_WHILE)


def by_day(moment: datetime, zone: ZoneInfo) -> datetime:
    """The first moment from this one on at which somebody may be written to."""
    local = moment.astimezone(zone)
    if DAY_BEGINS <= local.time() < DAY_ENDS:
        return moment
    day = local.date() + timedelta(days=1 if local.time() >= DAY_ENDS else 0)
    return occurrences.opens_at(day, DAY_BEGINS, zone)


async def considerate(
    session: AsyncSession, round_: Round, *, due: datetime, now: datetime, timezone: str = ""
) -> datetime:
    """From when on a message that was due at `due` may be sent to somebody in this timezone.

    "" is the partnership's. Whatever comes late, and whatever falls into the night of somebody who lives
    by another clock, keeps the quiet hours.
    """
    schedule = await session.get_one(Schedule, round_.schedule_id)
    home = ZoneInfo((await session.get_one(Partnership, round_.partnership_id)).timezone)
    there = ZoneInfo(timezone) if timezone else home
    # An hour that somebody set inside the quiet hours was meant so, but only where it is that hour, and if
    # it is kept.
    same_hour = due.astimezone(there).utcoffset() == due.astimezone(home).utcoffset()
    meant = same_hour and awake(due, schedule, home) != due and now - due < PROMPT
    return due if meant else awake(max(due, now), schedule, there)


async def reminds_until(
    session: AsyncSession, round_: Round, *, begins: datetime, timezone: str = ""
) -> datetime:
    """Until when a reminder is worth sending: one held up into the night is left out, not sent then."""
    schedule = await session.get_one(Schedule, round_.schedule_id)
    partnership = await session.get_one(Partnership, round_.partnership_id)
    zone = ZoneInfo(timezone or partnership.timezone)
    night = _night(_written(schedule, zone), begins)
    return round_.closes_at if night is None else min(round_.closes_at, night)
