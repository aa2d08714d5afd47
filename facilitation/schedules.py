"""Schedules: drafted, changed, started, paused and deleted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from sqlalchemy import delete
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from facilitation import (
    cadence,
    holidays,
    hours,
    instruments,
    occurrences,
    partnerships,
    planning,
    recurrence,
    skipping,
)
from facilitation import days as days_
from facilitation.cadence import Cadence, Heard
from facilitation.refusals import NotYours, Refusal
from storage.partnerships import Organisation, Partnership
from storage.rounds import Round, Schedule

CANCELLED = "cancelled"
DAY_OFF = "day off"
MOST_DAYS_OFF = 400
A_DAY = timedelta(days=1)


class NoRuleYet(Refusal):
    """Choose first when these questions come; then they can start."""


class NothingAhead(Refusal):
    """No day of this is still to come. Choose again when the questions come."""


class TooManyDaysOff(Refusal):
    """That is more than {most} days off. Pause the questions instead; they start again when you say so."""


class NobodyLeft(Refusal):
    """At least one organisation has to be asked. Choose another one first, or everyone."""


@dataclass(frozen=True)
class Plan:
    """A schedule with its partnership, whose clock it goes by."""

    schedule: Schedule
    partnership: Partnership

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.partnership.timezone)

    def there(self, now: datetime) -> datetime:
        """What the clock shows there, without a zone."""
        return now.astimezone(self.zone).replace(tzinfo=None)

    def earliest(self, now: datetime) -> date:
        """The first local date whose opening is still to come."""
        there = self.there(now)
        later_today = time.fromisoformat(self.schedule.opens) > there.time()
        return there.date() if later_today else there.date() + A_DAY


@dataclass(frozen=True)
class Coming:
    """A date of a schedule; `rests` says why nothing opens then: a holiday's name, DAY_OFF or CANCELLED."""

    day: date
    rests: str = ""


async def of(session: AsyncSession, schedule_id: int, *, account: int, hold: bool = False) -> Plan:
    """A schedule of a partnership that this account facilitates. Raises NotYours, also for a deleted one.

    `hold`: it is about to change, so whoever plans or changes it at the same time waits.
    """
    wanted = select(Schedule).where(Schedule.id == schedule_id, col(Schedule.deleted_at).is_(None))
    if hold:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    schedule = (await session.exec(wanted)).first()
    if schedule is None:
        raise NotYours
    partnership = await partnerships.facilitated(session, schedule.partnership_id, account=account)
    return Plan(schedule, partnership)


async def listed(session: AsyncSession, partnership_id: int) -> Sequence[Schedule]:
    """Every schedule of a partnership, drafts and paused ones too, oldest first."""
    wanted = select(Schedule).where(
        Schedule.partnership_id == partnership_id, col(Schedule.deleted_at).is_(None)
    )
    return (await session.exec(wanted.order_by(col(Schedule.id)))).all()


async def draft(session: AsyncSession, partnership: Partnership, instrument: str, *, now: datetime) -> Plan:
    """A schedule that asks nothing until it is started. A draft of it without a time yet is taken up again.

    Raises InstrumentUnknown.
    """
    instruments.raw(instrument)
    # Two taps at once: the second waits here, and takes the first's draft.
    await session.refresh(partnership, with_for_update={"key_share": True})
    for known in await listed(session, partnership.id):
        if known.instrument == instrument and not known.rule:
            return Plan(known, partnership)
    made = Schedule(
        partnership_id=partnership.id,
        instrument=instrument,
        rule="",
        starts=now.astimezone(ZoneInfo(partnership.timezone)).date(),
        created_at=now,
    )
    hours.take(made, hours.usual(instrument))
    session.add(made)
    await session.flush()
    return Plan(made, partnership)


def heard(plan: Plan, text: str, *, now: datetime) -> Heard:
    """When somebody's words say that the questions come. Raises what `cadence.heard` raises."""
    return cadence.heard(text, now=plan.there(now), opens=time.fromisoformat(plan.schedule.opens))


def preset(plan: Plan, rule: str, *, now: datetime) -> Heard:
    """A rule that a button stands for, from its first date still to come."""
    return Heard(rule, cadence.first(rule, plan.earliest(now)), None)


def once(plan: Plan, day: date, *, now: datetime) -> Heard:
    """Once, on this day. Raises DayIsPast."""
    if day < plan.earliest(now):
        raise cadence.DayIsPast(part=day.isoformat())
    return Heard(cadence.as_rule(Cadence(cadence.ONCE)), day, None)


async def come(session: AsyncSession, plan: Plan, heard: Heard, *, now: datetime) -> None:
    """From now on the questions come so. Planned rounds are planned anew; an open one stays as it is.

    A window that is too long for it is made shorter.
    """
    schedule = plan.schedule
    untouched = hours.is_usual(schedule)
    schedule.rule, schedule.starts = heard.rule, heard.starts
    if heard.opens is not None:
        schedule.opens = f"{heard.opens:%H:%M}"
    hours.take(schedule, hours.usual(schedule.instrument) if untouched else hours.shape(schedule))
    await _replanned(session, plan, now=now)


async def change(
    session: AsyncSession, plan: Plan, changed: Callable[[Schedule], None], *, now: datetime
) -> None:
    """Change a schedule's hours, and with them those of rounds that are not open yet."""
    changed(plan.schedule)
    await _replanned(session, plan, now=now)


async def open_at(session: AsyncSession, plan: Plan, at: time, *, now: datetime) -> None:
    """The hour at which rounds open."""
    untouched = hours.is_usual(plan.schedule)
    plan.schedule.opens = f"{at:%H:%M}"
    wanted = hours.usual(plan.schedule.instrument) if untouched else hours.shape(plan.schedule)
    hours.take(plan.schedule, wanted)
    await _replanned(session, plan, now=now)


async def rest(
    session: AsyncSession,
    plan: Plan,
    *,
    now: datetime,
    days: Sequence[date] = (),
    country: str | None = None,
) -> None:
    """Rest on these days too, and on a country's public holidays ("": on nobody's). Raises TooManyDaysOff."""
    if country is not None:
        plan.schedule.holidays = country
    today = plan.there(now).date().isoformat()
    together = {day for day in plan.schedule.skips if day >= today} | {day.isoformat() for day in days}
    if len(together) > MOST_DAYS_OFF:
        raise TooManyDaysOff(most=MOST_DAYS_OFF)
    plan.schedule.skips = sorted(together)
    await _replanned(session, plan, now=now)


async def rest_on(session: AsyncSession, plan: Plan, text: str, *, now: datetime) -> None:
    """Rest on the days somebody wrote, or on the public holidays of the country they wrote.

    Raises what `days.several` raises, and TooManyDaysOff.
    """
    today = plan.there(now).date()
    try:
        found = days_.several(text, today=today)
    except days_.DayUnreadable:
        try:
            country = holidays.found(text)
        except holidays.CountryUnknown:
            country = ""
        if not country:
            raise
        await rest(session, plan, country=country, now=now)
        return
    if found[-1] < today:
        raise cadence.DayIsPast(part=days_.shown(text))
    await rest(session, plan, days=found, now=now)


async def rest_no_more(session: AsyncSession, plan: Plan, *, now: datetime) -> None:
    """No days off of one's own any more; the holidays of a country stay."""
    plan.schedule.skips = []
    await _replanned(session, plan, now=now)


# Who.


async def ask_all(session: AsyncSession, plan: Plan) -> None:
    """Everyone is asked, also whoever joins later."""
    plan.schedule.audience = []
    session.add(plan.schedule)
    await session.flush()


async def choose(session: AsyncSession, plan: Plan, organisation_id: int, *, asked: bool) -> None:
    """Ask this organisation, or no longer. Each of them chosen means everyone.

    Raises NotYours, NobodyLeft.
    """
    partners = [partner.id for partner in await partners_of(session, plan.partnership.id)]
    if organisation_id not in partners:
        raise NotYours
    chosen = set(plan.schedule.audience or partners) & set(partners)
    chosen = chosen | {organisation_id} if asked else chosen - {organisation_id}
    if not chosen:
        raise NobodyLeft
    plan.schedule.audience = [] if len(chosen) == len(partners) else sorted(chosen)
    session.add(plan.schedule)
    await session.flush()


async def partners_of(session: AsyncSession, partnership_id: int) -> Sequence[Organisation]:
    """The organisations of a partnership that can be asked anything."""
    wanted = select(Organisation).where(
        Organisation.partnership_id == partnership_id,
        Organisation.kind != "backbone",
        col(Organisation.removed_at).is_(None),
    )
    return (await session.exec(wanted.order_by(col(Organisation.id)))).all()


# Start, pause, delete: a second tap changes nothing.


async def start(session: AsyncSession, plan: Plan, *, now: datetime) -> None:
    """Ask from its next date on. Raises NoRuleYet, NothingAhead."""
    if plan.schedule.started_at is not None:
        return
    if not plan.schedule.rule:
        raise NoRuleYet
    _move_up(plan, now=now)
    plan.schedule.started_at = now
    await _replanned(session, plan, now=now)


async def pause(session: AsyncSession, plan: Plan, *, now: datetime) -> None:
    """No new round until it is resumed; an open one goes on to its digest."""
    if plan.schedule.started_at is not None and plan.schedule.paused_at is None:
        plan.schedule.paused_at = now
        await _replanned(session, plan, now=now)


async def resume(session: AsyncSession, plan: Plan, *, now: datetime) -> None:
    """Go on with the next date; what lay in the pause is not caught up. Raises NothingAhead."""
    if plan.schedule.paused_at is not None:
        _move_up(plan, now=now)
        plan.schedule.paused_at = None
        await _replanned(session, plan, now=now)


async def remove(session: AsyncSession, plan: Plan, *, now: datetime) -> None:
    """It opens no round any more and is in no list; an open one finishes, and what was told stays."""
    plan.schedule.deleted_at = now
    await _replanned(session, plan, now=now)


def _move_up(plan: Plan, *, now: datetime) -> None:
    """Begin with the first date still to come, so that none before it is caught up. Raises NothingAhead.

    A rule that counts its dates has fewer of them left.
    """
    schedule, earliest = plan.schedule, plan.earliest(now)
    read, end = recurrence.read(schedule.rule), max(earliest, schedule.starts) + occurrences.HORIZON
    for gone, day in enumerate(recurrence.dates(read, schedule.starts, first=schedule.starts, last=end)):
        if day >= earliest:
            schedule.starts = day
            if read.count is not None:
                schedule.rule = schedule.rule.replace(f"COUNT={read.count}", f"COUNT={read.count - gone}")
            return
    raise NothingAhead


async def _replanned(session: AsyncSession, plan: Plan, *, now: datetime) -> None:
    """Plan anew what no clock has opened yet. What is called off stays called off."""
    schedule = plan.schedule
    schedule.planned_until = None
    session.add(schedule)
    await session.flush()
    if schedule.started_at is None:
        return
    # A clock that opens one of them at this moment comes first: then it is planned no more, and stays.
    await session.exec(
        delete(Round)
        .where(col(Round.schedule_id) == schedule.id, col(Round.state) == "planned")
        .execution_options(synchronize_session=False)
    )
    if schedule.deleted_at is None and schedule.paused_at is None:
        await planning.plan(session, schedule.id, now=now)


# What comes.


async def coming(session: AsyncSession, plan: Plan, *, now: datetime, count: int = 5) -> list[Coming]:
    """The next dates that have not opened yet, and on which of them nothing will."""
    schedule, there = plan.schedule, plan.there(now)
    if not schedule.rule:
        return []
    wanted = select(Round).where(Round.schedule_id == schedule.id, col(Round.local_date) >= there.date())
    known = {round_.local_date: round_ for round_ in (await session.exec(wanted)).all()}
    found = occurrences.next_dates(schedule.rule, schedule.starts, there.date() - A_DAY, count=count + 1)
    if there.date() in found and not _is_ahead(schedule, known.get(there.date()), there):
        found = found[1:]
    return [Coming(day, _rests(schedule, day, known.get(day))) for day in islice(found, count)]


def _is_ahead(schedule: Schedule, today: Round | None, there: datetime) -> bool:
    """Whether today's date is still to come."""
    if today is not None and today.state != "planned" and today.reason != CANCELLED:
        return False
    return time.fromisoformat(schedule.opens) > there.time()


def _rests(schedule: Schedule, day: date, round_: Round | None) -> str:
    if round_ is not None and round_.reason == CANCELLED:
        return CANCELLED
    rest = skipping.rests(schedule, day)
    return DAY_OFF if rest == skipping.SKIP else rest.removeprefix(skipping.HOLIDAY)
