"""A schedule on a card: everything about it in words."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from markupsafe import Markup
from sqlmodel.ext.asyncio.session import AsyncSession

from dialogs import cadences, labels, readers
from dialogs.cards import Card, Reader, draw
from dialogs.events import Moment
from facilitation import cadence, cancelling, holidays, instruments, outlook, schedules
from facilitation.instruments import said
from facilitation.outlook import Outlook, Share
from facilitation.schedules import Plan
from storage.rounds import Round, Schedule

NAMED = 8  # names of organisations on a card


async def reader(session: AsyncSession, moment: Moment, plan: Plan) -> Reader:
    """Whoever schedules reads the partnership's clock, not their own: all of it goes by that one."""
    found = await readers.of(session, account=moment.account, partnership_id=plan.partnership.id)
    return replace(found, timezone=plan.partnership.timezone)


def title(schedule: Schedule, for_whom: Reader) -> str:
    """What the questionnaire is called, as a heading."""
    return heading(schedule.instrument, for_whom)


def heading(instrument: str, for_whom: Reader) -> str:
    called = said(instruments.parsed(instruments.raw(instrument)).title, for_whom.language)
    return called[:1].upper() + called[1:]


def told(schedule: Schedule, for_whom: Reader) -> str:
    """How often it comes, in words; "" where that is not chosen yet."""
    return cadences.said(cadence.told(schedule.rule, schedule.starts), for_whom) if schedule.rule else ""


def state(schedule: Schedule) -> str:
    if schedule.started_at is None:
        return "draft"
    return "paused" if schedule.paused_at else "running"


async def card(session: AsyncSession, moment: Moment, plan: Plan) -> Card:
    """Everything about a schedule, and the way to change each of it."""
    schedule, now = plan.schedule, moment.received_at
    for_whom = await reader(session, moment, plan)
    coming = await schedules.coming(session, plan, now=now)
    running = state(schedule) == "running"
    opened = await cancelling.open_now(session, schedule.id)
    found = await outlook.of(session, plan)
    first = next((one.day for one in coming if not one.rests), None)
    return draw(
        "plan",
        for_whom,
        schedule=schedule.id,
        partnership=plan.partnership.id,
        title=title(schedule, for_whom),
        state=state(schedule),
        told=told(schedule, for_whom),
        foreign=await _foreign(session, moment, plan),
        dates=[{"day": cadences.long_date(one.day, for_whom), "rests": one.rests} for one in coming],
        hours=_hours(schedule),
        country=holidays.called(schedule.holidays) if schedule.holidays else "",
        days_off=len(days_off(plan, now=now)),
        who=Markup(_who(plan, found, await _asked(session, plan), for_whom)),  # noqa: S704 - a card's text is HTML
        leadless=bool(found.leadless),
        shows=Markup(await _shows(session, plan, found, for_whom, now=now)),  # noqa: S704 - as above
        next_day=first.toordinal() if first and running else None,
        first=_first(first, schedule, for_whom),
        **_opened(opened, plan, for_whom),
    )


def _first(day: date | None, schedule: Schedule, for_whom: Reader) -> dict[str, str] | None:
    """The weekdays of the next round: whoever chose "3 days later" sees that it is a Sunday."""
    if day is None:
        return None
    closes = day + timedelta(days=schedule.window_days)
    days = {"opens": day, "closes": closes, "digest": closes + timedelta(days=schedule.digest_days)}
    return {name: cadences.long_date(one, for_whom) for name, one in days.items()}


def _opened(opened: Round | None, plan: Plan, for_whom: Reader) -> dict[str, Any]:
    if opened is None:
        return {"open_until": "", "open_hour": "", "open_day": None}
    closes = plan.there(opened.closes_at)
    return {
        "open_until": cadences.long_date(closes.date(), for_whom),
        "open_hour": cadences.hour(closes.time()),
        "open_day": opened.local_date.toordinal(),
    }


async def _foreign(session: AsyncSession, moment: Moment, plan: Plan) -> str:
    """The partnership's clock, where the reader lives by another."""
    mine = await readers.of(session, account=moment.account, partnership_id=plan.partnership.id)
    zone = plan.partnership.timezone
    return zone.replace("_", " ") if mine.timezone != zone else ""


def _hours(schedule: Schedule) -> dict[str, Any]:
    names = ("opens", "closes", "digest", "quiet_from", "quiet_until")
    told_hours: dict[str, Any] = {name: cadences.hour(getattr(schedule, name)) for name in names}
    return told_hours | {"days": schedule.window_days, "digest_days": schedule.digest_days}


def days_off(plan: Plan, *, now: datetime) -> list[date]:
    """The days off of one's own that are still to come."""
    today = plan.there(now).date()
    found = (date.fromisoformat(day) for day in plan.schedule.skips)
    return [day for day in found if day >= today]


async def _asked(session: AsyncSession, plan: Plan) -> list[str]:
    return [one.name for one in await outlook.partners_asked(session, plan.schedule)]


def _who(plan: Plan, found: Outlook, partners: Sequence[str], for_whom: Reader) -> str:
    instrument = instruments.parsed(instruments.raw(plan.schedule.instrument))
    return draw(
        "plan_who",
        for_whom,
        everyone=not plan.schedule.audience,
        partners=partners[:NAMED],
        cut=len(partners) > NAMED,
        seats=found.seats,
        leading=outlook.speaks_for_organisations(instrument),
        leadless=found.leadless[:NAMED],
        empty=found.empty[:NAMED],
    ).text


async def _shows(
    session: AsyncSession, plan: Plan, found: Outlook, for_whom: Reader, *, now: datetime
) -> str:
    """Before the first round: what the digest could show. Always: what time it takes."""
    schedule = plan.schedule
    instrument = instruments.parsed(instruments.raw(schedule.instrument))
    rounds_held = await outlook.held(session, schedule.id)
    asking = await outlook.minutes(session, plan, now=now)
    together = [
        {
            "label": labels.cell({"shape": kind if kind == "others" else "kind", "label": kind}, for_whom),
            "names": names[:NAMED],
        }
        for kind, names in found.together
    ]
    return draw(
        "plan_shows",
        for_whom,
        groups=not rounds_held and outlook.shows_groups(instrument),
        k=plan.partnership.minimum_group,
        total=found.total,
        alone=found.alone[:NAMED],
        together=together,
        unseen=found.unseen[:NAMED],
        seconds=outlook.seconds(schedule, 1 + rounds_held),
        times=outlook.times(plan, now=now),
        less=_less(asking),
        meets=outlook.rounds_to_meet_all(schedule),
    ).text


def _less(asking: Sequence[Share]) -> list[Share]:
    return [one for one in asking if one.too_much][:NAMED]
