"""Taking a roster in: what it comes to first, then what is missing of it, with a link for each newcomer."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from facilitation import invites, occurrences, organisations, recurrence
from facilitation.refusals import Refusal
from facilitation.roster import Person, Problem, RosterUnclear, RosterWrong
from storage.members import Invite, Seat
from storage.partnerships import Organisation, Partnership
from storage.rounds import Schedule

LONDON = "Europe/London"
WEEKLY = "FREQ=WEEKLY;BYDAY=TU"
UNSAID = "other"
Place = tuple[int | None, str, str]  # organisation, role and name of somebody


class TimezoneUnknown(Refusal):
    """There is no timezone called {timezone}. Use a name like Europe/London."""


class TimezoneSet(Refusal):
    """{partnership} is there already, and keeps the time of {known}, not of {timezone}. A roster does not
    change that. Give {known} as the timezone and send it again; nothing was stored.
    """


class RuleSet(Refusal):
    """{partnership} is there already, and its questions come by {known}, not by {rule}. A roster does not
    change that. Give {known} as the rule and send it again; nothing was stored.
    """


@dataclass(frozen=True)
class Invited:
    """A person's new link; `replaced`: how many earlier ones, never used, it took the place of."""

    person: Person
    secret: str
    replaced: int = 0


@dataclass(frozen=True)
class Plan:
    """What a roster comes to in one partnership, which may not be there yet."""

    name: str
    partnership: Partnership | None
    known: dict[str, Organisation]
    organisations: int
    new: tuple[str, ...]  # organisations, as the file first writes them
    invited: tuple[Person, ...]
    here: tuple[Person, ...]  # they sit there already, and need no link
    replacing: int  # links never used that new ones take the place of
    capacities: dict[str, int]
    kinds: dict[str, str]  # of organisations that are there, and whose kind was left open


async def planned(
    session: AsyncSession, people: Sequence[Person], *, now: datetime, within: Partnership | None = None
) -> list[Plan]:
    """What a roster comes to, partnership by partnership; nothing is stored.

    `within`: the one partnership they are for, whatever others share its name. Raises RosterUnclear, and
    RosterWrong with every line that does not fit what is there.
    """
    by_name: dict[str, list[Person]] = {}
    for person in people:
        by_name.setdefault(person.partnership, []).append(person)
    plans, problems = [], []
    for name, some in by_name.items():
        partnership = within or await _called(session, name)
        known = await organisations.of(session, partnership.id) if partnership else ()
        problems += _clashes(known, some)
        plans.append(await _plan(session, name, some, partnership=partnership, known=known, now=now))
    if problems:
        raise RosterWrong(sorted(problems, key=lambda problem: problem.line))
    return plans


async def _called(session: AsyncSession, name: str) -> Partnership | None:
    found = (await session.exec(select(Partnership).where(Partnership.name == name))).all()
    if len(found) > 1:
        raise RosterUnclear(partnership=name)
    return found[0] if found else None


def _clashes(known: Sequence[Organisation], people: Sequence[Person]) -> list[Problem]:
    """Lines that say of an organisation something else than an earlier line, or than what is there."""
    # "Other" stands there too until somebody says a kind: a file may say it.
    kinds = {one.name.casefold(): one.kind for one in known if one.kind != UNSAID}
    minutes = {one.name.casefold(): str(one.capacity) for one in known if one.capacity is not None}
    found = []
    for person in people:
        key, line = person.organisation.casefold(), person.line
        kind = kinds.setdefault(key, person.kind)
        if kind != person.kind:
            found.append(Problem(line, "kind_differs", person.organisation, person.kind, kind))
        if person.capacity:
            said = str(int(person.capacity))
            before = minutes.setdefault(key, said)
            if before != said:
                found.append(Problem(line, "capacity_differs", person.organisation, said, before))
    return found


async def _plan(
    session: AsyncSession,
    name: str,
    people: Sequence[Person],
    *,
    partnership: Partnership | None,
    known: Sequence[Organisation],
    now: datetime,
) -> Plan:
    by_name = {one.name.casefold(): one for one in known}
    ids = {key: one.id for key, one in by_name.items()}
    seated = Counter(await _seated(session, partnership))
    unused = Counter(await _unused(session, partnership, now=now))
    spelt: dict[str, str] = {}
    invited: list[Person] = []
    here: list[Person] = []
    for person in people:
        spelt.setdefault(person.organisation.casefold(), person.organisation)
        place = (ids.get(person.organisation.casefold()), person.role, person.name)
        # Two people of one name, one of whom sits there: the other is invited.
        (here if seated[place] > 0 else invited).append(person)
        seated[place] -= 1
    wanted = {(ids.get(one.organisation.casefold()), one.role, one.name) for one in invited}
    return Plan(
        name=name,
        partnership=partnership,
        known=by_name,
        organisations=len(spelt),
        new=tuple(name for key, name in spelt.items() if key not in by_name),
        invited=tuple(invited),
        here=tuple(here),
        replacing=sum(unused[place] for place in wanted),
        capacities={p.organisation.casefold(): int(p.capacity) for p in people if p.capacity},
        kinds=_kinds_said(by_name, people),
    )


def _kinds_said(known: dict[str, Organisation], people: Sequence[Person]) -> dict[str, str]:
    said = {person.organisation.casefold(): person.kind for person in people}
    unsaid = (key for key, one in known.items() if one.kind == UNSAID)
    return {key: said[key] for key in unsaid if said.get(key, UNSAID) != UNSAID}


async def _seated(session: AsyncSession, partnership: Partnership | None) -> list[Place]:
    if partnership is None:
        return []
    wanted = select(Seat.organisation_id, Seat.role, Seat.name).where(
        Seat.partnership_id == partnership.id, col(Seat.left_at).is_(None)
    )
    return list((await session.exec(wanted)).all())


async def _unused(session: AsyncSession, partnership: Partnership | None, *, now: datetime) -> list[Place]:
    if partnership is None:
        return []
    wanted = select(Invite.organisation_id, Invite.role, Invite.name).where(
        Invite.partnership_id == partnership.id, Invite.taken == 0, *invites.open_at(now)
    )
    return list((await session.exec(wanted)).all())


async def take(
    session: AsyncSession,
    people: Sequence[Person],
    *,
    now: datetime,
    timezone: str | None = None,
    rule: str | None = None,
    starts: date | None = None,
    within: Partnership | None = None,
) -> list[Invited]:
    """Make what is missing of partnerships and organisations, and an invite for whoever is not there yet.

    A new partnership gets a weekly pulse: open Tuesday 10:00 to Friday 17:00, digest on Monday 9:00. One
    that is there keeps its timezone and its rule, and a wish for others is refused.
    Who is in the same place of an earlier roster and has not joined yet gets a new link for the old one.
    Raises TimezoneUnknown, TimezoneSet, RuleSet, what `planned` and what `occurrences.check` raise.
    """
    if timezone is not None and timezone not in available_timezones():
        raise TimezoneUnknown(timezone=timezone)
    invited: list[Invited] = []
    made: list[Invite] = []
    for plan in await planned(session, people, now=now, within=within):
        if plan.partnership is not None:
            await _unchanged(session, plan.partnership, timezone=timezone, rule=rule)
        partnership = plan.partnership or await _founded(
            session, plan.name, timezone=timezone or LONDON, rule=rule or WEEKLY, starts=starts, now=now
        )
        places = await _organisations(session, plan, partnership)
        for person in plan.invited:
            one, invite = await _invited(session, person, places, language=partnership.language, now=now)
            invited.append(one)
            made.append(invite)
    # Stored at the end: two people of one name in one file have two links, and keep them.
    session.add_all(made)
    await session.flush()
    return sorted(invited, key=lambda one: one.person.line)


async def _invited(
    session: AsyncSession, person: Person, places: dict[str, Organisation], *, language: str, now: datetime
) -> tuple[Invited, Invite]:
    invite, secret = invites.make(
        places[person.organisation.casefold()],
        role=person.role,
        name=person.name,
        language=person.language or language,
        now=now,
    )
    replaced = await invites.replace(session, invite, now=now)
    return Invited(person, secret, replaced), invite


async def _founded(
    session: AsyncSession, name: str, *, timezone: str, rule: str, starts: date | None, now: datetime
) -> Partnership:
    first = starts or now.astimezone(ZoneInfo(timezone)).date() + timedelta(days=1)
    occurrences.check(rule, first)
    partnership = Partnership(name=name, timezone=timezone, created_at=now)
    session.add(partnership)
    await session.flush()
    session.add(
        Schedule(
            partnership_id=partnership.id,
            instrument="pulse",
            rule=rule,
            starts=first,
            started_at=now,
            created_at=now,
        )
    )
    return partnership


async def _unchanged(
    session: AsyncSession, known: Partnership, *, timezone: str | None, rule: str | None
) -> None:
    """Refuse what would silently be passed over: a partnership that is there keeps its time and its rule."""
    if timezone not in (None, known.timezone):
        raise TimezoneSet(partnership=known.name, known=known.timezone, timezone=timezone)
    if rule is None:
        return
    wanted = select(Schedule.rule).where(Schedule.partnership_id == known.id).order_by(col(Schedule.id))
    kept = (await session.exec(wanted)).all()
    if kept and recurrence.read(rule) not in [recurrence.read(one) for one in kept]:
        raise RuleSet(partnership=known.name, known=kept[0], rule=rule)


async def _organisations(
    session: AsyncSession, plan: Plan, partnership: Partnership
) -> dict[str, Organisation]:
    """The organisations of a roster by their names: those that are there, and the new ones."""
    places = dict(plan.known)
    kinds = {person.organisation.casefold(): person.kind for person in plan.invited}
    for name in plan.new:
        key = name.casefold()
        places[key] = Organisation(partnership_id=partnership.id, name=name, kind=kinds[key])
        session.add(places[key])
        # One by one: their numbers keep the order of the lines.
        await session.flush()
    for key, kind in plan.kinds.items():
        places[key].kind = kind
        session.add(places[key])
    for key, minutes in plan.capacities.items():
        places[key].capacity = minutes
        session.add(places[key])
    await session.flush()
    return places
