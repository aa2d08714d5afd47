"""When a schedule comes and whom it asks: each setting is changed in place, and stored at once."""

from collections.abc import Awaitable, Callable
from datetime import date, time, timedelta
from functools import partial
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from dialogs import awaited, cadences, plans
from dialogs.cards import Card, Reader, draw, sentence, short
from dialogs.events import Awaiting, Moment, Reply, Said, Setting, Tapped
from dialogs.verbs import Verb, Words
from facilitation import cadence, holidays, hours, outlook, schedules
from facilitation.refusals import NotYours, Refusal
from facilitation.schedules import Plan
from storage.rounds import Schedule

OPENING = tuple(time(hour) for hour in (8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19))
WINDOW_DAYS, CLOSING = (0, 1, 2, 3, 4, 5, 7), ("12:00", "17:00", "20:00")
DIGEST_DAYS, DIGESTS = (0, 1, 2, 3, 4, 5, 7), ("09:00", "12:00", "17:00", "20:00")
QUIET = ((20, 8), (21, 7), (22, 7), (18, 9))
# The countries most partnerships live in; others are written. A button carries the place in this list.
COUNTRIES = ("", "GB-ENG", "GB-WLS", "GB-SCT", "GB-NIR", "IE")
DAYS_AHEAD = 21  # of which one is chosen for what comes once
BESIDE = 30
LISTED = 12
A_DAY = timedelta(days=1)
HOUR, DAY_MINUTES = 60, 24 * 60

Menu = Callable[..., Awaitable[Card]]  # (session, tap, plan, reader, *numbers)
Change = Callable[..., Awaitable[None]]  # (session, tap, plan, *numbers)


async def _menu(
    menu: Menu, session: AsyncSession, tap: Tapped, _: Setting, schedule_id: int, *rest: int
) -> Reply:
    plan = await schedules.of(session, schedule_id, account=tap.account)
    await awaited.forget(session, tap.chat)
    return Reply(
        await menu(session, tap, plan, await plans.reader(session, tap, plan), *rest), over=tap.message
    )


async def _changed(
    change: Change,
    back: Menu | None,
    session: AsyncSession,
    tap: Tapped,
    _: Setting,
    schedule_id: int,
    *rest: int,
) -> Reply:
    """Change it, and show what it is now: in the same menu, or on the schedule's card."""
    plan = await schedules.of(session, schedule_id, account=tap.account, hold=True)
    await change(session, tap, plan, *rest)
    await awaited.forget(session, tap.chat)
    if back is None:
        return Reply(await plans.card(session, tap, plan), over=tap.message)
    return Reply(await back(session, tap, plan, await plans.reader(session, tap, plan)), over=tap.message)


def _at(minutes: int) -> time:
    """An hour of the day on a button. Raises NotYours."""
    if minutes >= DAY_MINUTES:
        raise NotYours
    return time(minutes // HOUR, minutes % HOUR)


def _minutes(at: time | str) -> int:
    moment = time.fromisoformat(at) if isinstance(at, str) else at
    return moment.hour * HOUR + moment.minute


def day(ordinal: int) -> date:
    """A date on a button. Raises NotYours."""
    if not 1 <= ordinal <= date.max.toordinal():
        raise NotYours
    return date.fromordinal(ordinal)


# When.


async def when(session: AsyncSession, moment: Moment, plan: Plan, for_whom: Reader) -> Card:
    """Asks when it comes; the next words in this chat say it."""
    message = moment.message if isinstance(moment, Tapped) else None
    await awaited.expect(session, moment.chat, "plan_when", plan.schedule.id, message=message)
    return draw(
        "plan_when",
        for_whom,
        schedule=plan.schedule.id,
        told=plans.told(plan.schedule, for_whom),
        opens=cadences.hour(plan.schedule.opens),
    )


async def _often(_: AsyncSession, __: Tapped, plan: Plan, for_whom: Reader, kind: int) -> Card:
    names = {1: "week", 2: "fortnight"} | dict.fromkeys(cadence.MONTHLY, "place")
    if kind not in names:
        raise NotYours
    days = [
        {"label": cadences.weekday(day, for_whom), "verb": "planday", "numbers": (kind, day)}
        for day in range(7)
    ]
    place = cadences.nth(cadence.MONTHLY[kind], for_whom) if kind in cadence.MONTHLY else ""
    rows = [days[:2], days[2:4], days[4:5], days[5:]]
    return draw("plan_day", for_whom, schedule=plan.schedule.id, kind=names[kind], place=place, rows=rows)


async def _month(_: AsyncSession, __: Tapped, plan: Plan, for_whom: Reader) -> Card:
    places = [
        {"label": cadences.nth(place, for_whom).capitalize(), "verb": "planoften", "numbers": (kind,)}
        for kind, place in cadence.MONTHLY.items()
    ]
    rows = [places[:2], places[2:4], places[4:]]
    return draw("plan_day", for_whom, schedule=plan.schedule.id, kind="month", place="", rows=rows)


async def _once(session: AsyncSession, tap: Tapped, plan: Plan, for_whom: Reader) -> Card:
    await awaited.expect(session, tap.chat, "plan_when", plan.schedule.id, message=tap.message)
    first = plan.earliest(tap.received_at)
    ahead = [first + A_DAY * days for days in range(DAYS_AHEAD)]
    days = [
        {"label": cadences.short_date(day, for_whom), "verb": "planon", "numbers": (day.toordinal(),)}
        for day in ahead
        if day.weekday() in cadence.WORKING_DAYS
    ]
    rows = [days[at : at + 2] for at in range(0, len(days), 2)]
    return draw("plan_day", for_whom, schedule=plan.schedule.id, kind="once", place="", rows=rows)


async def _to_day(session: AsyncSession, tap: Tapped, plan: Plan, kind: int, weekday: int) -> None:
    rule = cadence.preset(kind, weekday)
    if rule is None:
        raise NotYours
    heard = schedules.preset(plan, rule, now=tap.received_at)
    await schedules.come(session, plan, heard, now=tap.received_at)


async def _to_date(session: AsyncSession, tap: Tapped, plan: Plan, ordinal: int) -> None:
    heard = schedules.once(plan, day(ordinal), now=tap.received_at)
    await schedules.come(session, plan, heard, now=tap.received_at)


async def written(session: AsyncSession, message: Said, awaiting: Awaiting, _: Setting) -> Reply:
    """Words or a rule that say when it comes. What cannot be read is asked again; nothing is lost."""
    plan = await schedules.of(session, awaiting.about, account=message.account, hold=True)
    try:
        heard = schedules.heard(plan, message.text, now=message.received_at)
        await schedules.come(session, plan, heard, now=message.received_at)
    except Refusal as refusal:
        return await _not_heard(session, message, awaiting, plan, refusal, back="planwhen")
    await awaited.forget(session, message.chat)
    return Reply(
        await plans.card(session, message, plan), settled=await _settled(session, message, awaiting, plan)
    )


async def _not_heard(
    session: AsyncSession, message: Said, awaiting: Awaiting, plan: Plan, refusal: Refusal, *, back: str
) -> Reply:
    """The same question still waits for words; those that could not be read may also be edited."""
    await awaited.refused(session, message, awaiting)
    for_whom = await plans.reader(session, message, plan)
    said = sentence(refusal, for_whom)
    return Reply(draw("plan_refused", for_whom, said=said, back=back, schedule=plan.schedule.id))


async def _settled(
    session: AsyncSession, message: Said, awaiting: Awaiting, plan: Plan
) -> tuple[int, Card] | None:
    if awaiting.message is None:
        return None
    return awaiting.message, draw(
        "plan_heard", await plans.reader(session, message, plan), words=message.text
    )


# Hours.


def _choice(label: str, verb: str, *numbers: int, now: bool) -> dict[str, Any]:
    return {"label": label, "verb": verb, "numbers": numbers, "now": now}


def _hours_card(
    plan: Plan, for_whom: Reader, kind: str, rows: list[list[dict[str, Any]]], *, nothing: str = ""
) -> Card:
    opens, closes = cadences.hour(plan.schedule.opens), cadences.hour(plan.schedule.closes)
    facts = {"kind": kind, "rows": rows, "nothing": nothing, "opens": opens, "closes": closes}
    return draw("plan_hours", for_whom, schedule=plan.schedule.id, **facts)


async def _hours(_: AsyncSession, __: Tapped, plan: Plan, for_whom: Reader) -> Card:
    now = time.fromisoformat(plan.schedule.opens)
    at = [_choice(cadences.hour(one), "planhour", _minutes(one), now=one == now) for one in OPENING]
    return _hours_card(plan, for_whom, "opens", [at[row : row + 4] for row in range(0, len(at), 4)])


async def _long(_: AsyncSession, __: Tapped, plan: Plan, for_whom: Reader) -> Card:
    """Only what fits before the next round: nothing that would be refused is offered."""
    schedule = plan.schedule
    days = [day for day in WINDOW_DAYS if _closing(schedule, day)]
    first = [
        _choice(
            _later("window", day, for_whom),
            "planlast",
            day,
            _minutes(_closing(schedule, day)),
            now=day == schedule.window_days,
        )
        for day in days
    ]
    closing = sorted({*CLOSING, schedule.closes})
    second = [
        _choice(cadences.hour(at), "planlast", day, _minutes(at), now=at == schedule.closes)
        for day, at in hours.windows(schedule, (schedule.window_days,), tuple(closing))
    ]
    rows = [first[row : row + 2] for row in range(0, len(first), 2)]
    return _hours_card(plan, for_whom, "window", [*rows, *_thirds(second)])


def _closing(schedule: Schedule, day: int) -> str:
    """The hour a round could close that many days on: the one it has, else another; "": none."""
    found = hours.windows(schedule, (day,), (schedule.closes, *hours.CLOSING, *CLOSING))
    return next((at for _, at in found), "")


async def _digest(_: AsyncSession, __: Tapped, plan: Plan, for_whom: Reader) -> Card:
    schedule = plan.schedule
    first = [
        _choice(
            _later("digest", day, for_whom), "planout", day, _minutes(at), now=day == schedule.digest_days
        )
        for day in DIGEST_DAYS
        if (
            at := next((at for at in (schedule.digest, *DIGESTS) if hours.digest_fits(schedule, day, at)), "")
        )
    ]
    second = [
        _choice(cadences.hour(at), "planout", schedule.digest_days, _minutes(at), now=at == schedule.digest)
        for at in sorted({*DIGESTS, schedule.digest})
        if hours.digest_fits(schedule, schedule.digest_days, at)
    ]
    rows = [first[row : row + 2] for row in range(0, len(first), 2)]
    return _hours_card(plan, for_whom, "digest", [*rows, *_thirds(second)])


def _thirds(choices: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    return [choices[row : row + 3] for row in range(0, len(choices), 3)]


def _later(about: str, days: int, for_whom: Reader) -> str:
    return draw("plan_later", for_whom, about=about, days=days, first="", last="").text


def _span(first: int, last: int, for_whom: Reader) -> str:
    return _from_to(f"{first}:00", f"{last}:00", for_whom)


def _from_to(first: str, last: str, for_whom: Reader) -> str:
    return draw("plan_later", for_whom, about="span", days=0, first=first, last=last).text


def spans(days: list[date], for_whom: Reader) -> list[str]:
    """Days in words, those in a row as one span."""
    runs: list[list[date]] = []
    for day_ in days:
        if runs and day_ - runs[-1][-1] == A_DAY:
            runs[-1].append(day_)
        else:
            runs.append([day_])
    ends = [[cadences.long_date(one, for_whom) for one in (run[0], run[-1])] for run in runs]
    return [first if first == last else _from_to(first, last, for_whom) for first, last in ends]


async def _quiet(_: AsyncSession, __: Tapped, plan: Plan, for_whom: Reader) -> Card:
    schedule = plan.schedule
    now = (schedule.quiet_from, schedule.quiet_until)
    choices = [
        _choice(
            _span(first, last, for_whom),
            "planhush",
            first * HOUR,
            last * HOUR,
            now=now == (f"{first:02}:00", f"{last:02}:00"),
        )
        for first, last in QUIET
    ]
    nothing = "now" if now[0] == now[1] else "offered"
    return _hours_card(plan, for_whom, "quiet", [choices[:2], choices[2:]], nothing=nothing)


async def _to_hour(session: AsyncSession, tap: Tapped, plan: Plan, minutes: int) -> None:
    await schedules.open_at(session, plan, _at(minutes), now=tap.received_at)


async def _to_window(session: AsyncSession, tap: Tapped, plan: Plan, days: int, minutes: int) -> None:
    change = partial(hours.stay_open, days=days, at=_at(minutes))
    await schedules.change(session, plan, change, now=tap.received_at)


async def _to_digest(session: AsyncSession, tap: Tapped, plan: Plan, days: int, minutes: int) -> None:
    change = partial(hours.tell, days=days, at=_at(minutes))
    await schedules.change(session, plan, change, now=tap.received_at)


async def _to_quiet(session: AsyncSession, tap: Tapped, plan: Plan, first: int, last: int) -> None:
    change = partial(hours.be_quiet, first=_at(first), last=_at(last))
    await schedules.change(session, plan, change, now=tap.received_at)


# Days off.


async def _rest(session: AsyncSession, moment: Moment, plan: Plan, for_whom: Reader) -> Card:
    schedule, now = plan.schedule, moment.received_at
    message = moment.message if isinstance(moment, Tapped) else None
    await awaited.expect(session, moment.chat, "plan_rest", schedule.id, message=message)
    found = spans(plans.days_off(plan, now=now), for_whom)
    countries = [
        {"name": holidays.called(code), "number": at, "now": code == schedule.holidays}
        for at, code in enumerate(COUNTRIES)
        if code
    ]
    return draw(
        "plan_rest",
        for_whom,
        schedule=schedule.id,
        country=holidays.called(schedule.holidays) if schedule.holidays else "",
        holidays=_next_holiday(plan, for_whom, today=plan.there(now).date()),
        days=found[:LISTED],
        more=max(0, len(found) - LISTED),
        countries=[countries[:2], countries[2:4], countries[4:]],
    )


def _next_holiday(plan: Plan, for_whom: Reader, *, today: date) -> dict[str, str] | None:
    for day in (today + A_DAY * ahead for ahead in range(366)):
        name = holidays.named(plan.schedule.holidays, day)
        if name:
            return {"day": cadences.long_date(day, for_whom), "name": name}
    return None


async def _to_country(session: AsyncSession, tap: Tapped, plan: Plan, number: int) -> None:
    if number >= len(COUNTRIES):
        raise NotYours
    await schedules.rest(session, plan, country=COUNTRIES[number], now=tap.received_at)


async def _to_no_days(session: AsyncSession, tap: Tapped, plan: Plan) -> None:
    await schedules.rest_no_more(session, plan, now=tap.received_at)


async def days_written(session: AsyncSession, message: Said, awaiting: Awaiting, _: Setting) -> Reply:
    """Days off, or a country whose public holidays are to be kept."""
    plan = await schedules.of(session, awaiting.about, account=message.account, hold=True)
    try:
        await schedules.rest_on(session, plan, message.text, now=message.received_at)
    except Refusal as refusal:
        return await _not_heard(session, message, awaiting, plan, refusal, back="planoff")
    settled = await _settled(session, message, awaiting, plan)
    return Reply(
        await _rest(session, message, plan, await plans.reader(session, message, plan)), settled=settled
    )


# Who.


async def _who(session: AsyncSession, _: Tapped, plan: Plan, for_whom: Reader) -> Card:
    found = await outlook.of(session, plan)
    audience = plan.schedule.audience
    partners = [
        {"id": one.id, "name": short(one.name, BESIDE), "asked": not audience or one.id in audience}
        for one in await schedules.partners_of(session, plan.partnership.id)
    ]
    return draw(
        "plan_audience",
        for_whom,
        schedule=plan.schedule.id,
        everyone=not audience,
        partners=partners,
        leadless=found.leadless[: plans.NAMED],
    )


async def _to_organisation(
    session: AsyncSession, _: Tapped, plan: Plan, organisation_id: int, asked: int
) -> None:
    """The button says what it leads to, so the same tap twice is once."""
    await schedules.choose(session, plan, organisation_id, asked=asked == 1)


async def _to_everyone(session: AsyncSession, _: Tapped, plan: Plan) -> None:
    await schedules.ask_all(session, plan)


MENUS: dict[str, tuple[Menu, int]] = {
    "planwhen": (when, 1),
    "planoften": (_often, 2),
    "planmonth": (_month, 1),
    "planonce": (_once, 1),
    "planhours": (_hours, 1),
    "planlong": (_long, 1),
    "plandigest": (_digest, 1),
    "planquiet": (_quiet, 1),
    "planoff": (_rest, 1),
    "planwho": (_who, 1),
}
CHANGES: dict[str, tuple[Change, Menu | None, int]] = {
    "planday": (_to_day, None, 3),
    "planon": (_to_date, None, 2),
    "planhour": (_to_hour, None, 2),
    "planlast": (_to_window, _long, 3),
    "planout": (_to_digest, _digest, 3),
    "planhush": (_to_quiet, _quiet, 3),
    "planland": (_to_country, _rest, 2),
    "planclear": (_to_no_days, _rest, 1),
    "planorg": (_to_organisation, _who, 3),
    "planall": (_to_everyone, _who, 1),
}
VERBS: dict[str, Verb] = {kind: Verb(partial(_menu, menu), n) for kind, (menu, n) in MENUS.items()}
VERBS |= {kind: Verb(partial(_changed, change, back), n) for kind, (change, back, n) in CHANGES.items()}
WORDS: dict[str, Words] = {"plan_when": written, "plan_rest": days_written}
