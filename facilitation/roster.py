"""A roster: a file of people becomes a partnership, its organisations, a weekly pulse, and invites."""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from facilitation import invites, occurrences, recurrence
from facilitation.refusals import Refusal
from storage.partnerships import Organisation, Partnership
from storage.rounds import Schedule

COLUMNS = ("partnership", "organisation", "kind", "capacity", "name", "role", "language")
NEEDED = ("partnership", "organisation", "kind", "name", "role")
KINDS = ("public", "funder", "anchor", "community", "social_enterprise", "backbone", "other")
ROLES = ("member", "facilitator")
LANGUAGES = ("en",)
WEEKLY = "FREQ=WEEKLY;BYDAY=TU"
LONGEST = 100
MINUTES = re.compile("[0-9]{1,5}")
MOST_PROBLEMS = 20
JOINERS = "\u200c\u200d"  # unprintable, and yet part of how some names are written


class RosterUnreadable(Refusal):
    """This file cannot be read as a table: {problem}. Save it as CSV in UTF-8 and try again. Nothing was
    stored.
    """


class RosterWrong(Refusal):
    """Some lines need mending, and nothing was stored: {problems}."""


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
class Person:
    line: int
    partnership: str
    organisation: str
    kind: str
    name: str
    role: str
    language: str
    capacity: str = ""  # minutes a month, as digits; "": not said


@dataclass(frozen=True)
class Invited:
    """A person's new link; `replaced`: how many earlier ones, never used, it took the place of."""

    person: Person
    secret: str
    replaced: int = 0


def read(content: bytes) -> list[Person]:
    """The people of a CSV file (comma, semicolon or tab). Raises RosterUnreadable, RosterWrong."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise RosterUnreadable(problem="it is not UTF-8 text") from None
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        people = _people(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise RosterUnreadable(problem=str(error)) from None
    problems = [f"line {person.line}: {found}" for person in people if (found := _problem(person))]
    if problems or not people:
        raise RosterWrong(problems=_listed(problems) or "there is no person in it")
    return people


def _people(table: "csv.DictReader[str]") -> list[Person]:
    names = [(field or "").strip().lower() for field in table.fieldnames or ()]
    missing = [name for name in NEEDED if name not in names]
    if missing:
        raise RosterUnreadable(
            problem=f"the first line lacks the column {missing[0]} (it needs {', '.join(COLUMNS)})"
        )
    return [_person(table.line_num, row) for row in table]


def _listed(problems: Sequence[str]) -> str:
    more = len(problems) - MOST_PROBLEMS
    return "; ".join(problems[:MOST_PROBLEMS]) + (f"; and {more} more" if more > 0 else "")


def _person(line: int, row: dict[str | Any, str | Any]) -> Person:
    cells = {
        (key or "").strip().lower(): _one_line(value or "")
        for key, value in row.items()
        if isinstance(value, str | None)
    }
    facts = {name: cells.get(name, "") for name in COLUMNS}
    facts["kind"] = facts["kind"].lower().replace(" ", "_")
    facts["role"] = facts["role"].lower() or "member"
    facts["language"] = facts["language"].lower() or "en"
    return Person(line=line, **facts)


def _one_line(cell: str) -> str:
    """A cell as it can stand in the middle of a sentence: no line breaks, nothing unprintable."""
    return " ".join("".join(sign if sign.isprintable() or sign in JOINERS else " " for sign in cell).split())


def _problem(person: Person) -> str:
    for name in ("partnership", "organisation", "name"):
        if not getattr(person, name):
            return f"the {name} is empty"
        if len(getattr(person, name)) > LONGEST:
            return f"the {name} is longer than {LONGEST} letters"
    return _unknown(person)


def _unknown(person: Person) -> str:
    if person.capacity and not MINUTES.fullmatch(person.capacity):
        return f"the capacity is '{person.capacity}', but has to be minutes a month, like 60, or nothing"
    if person.kind not in KINDS:
        return f"the kind is '{person.kind}', but has to be one of {', '.join(KINDS)}"
    if person.role not in ROLES:
        return f"the role is '{person.role}', but has to be one of {', '.join(ROLES)}"
    if person.language not in LANGUAGES:
        return f"the language is '{person.language}', but Parley speaks {', '.join(LANGUAGES)} so far"
    return ""


async def take_in(
    session: AsyncSession,
    people: Sequence[Person],
    *,
    timezone: str,
    now: datetime,
    rule: str = WEEKLY,
    starts: date | None = None,
) -> list[Invited]:
    """Make what is missing of partnerships and organisations, and an invite for each person.

    A new partnership gets a weekly pulse: open Tuesday 10:00 to Friday 17:00, digest on Monday 9:00.
    Who is in the same place of an earlier roster and has not joined yet gets a new link for the old one.
    Raises TimezoneUnknown, TimezoneSet, RuleSet, RosterWrong, and what `occurrences.check` raises.
    """
    if timezone not in available_timezones():
        raise TimezoneUnknown(timezone=timezone)
    invited, made = [], []
    for person in people:
        partnership = await _partnership(
            session, person, timezone=timezone, now=now, rule=rule, starts=starts
        )
        organisation = await _organisation(session, person, partnership)
        invite, secret = invites.make(
            organisation, role=person.role, name=person.name, language=person.language, now=now
        )
        # Stored at the end: two people of one name in one file have two links, and keep them.
        made.append(invite)
        replaced = await invites.replace(session, invite, now=now)
        invited.append(Invited(person, secret, replaced))
    session.add_all(made)
    await session.flush()
    return invited


async def _partnership(
    session: AsyncSession, person: Person, *, timezone: str, now: datetime, rule: str, starts: date | None
) -> Partnership:
    known = (await session.exec(select(Partnership).where(Partnership.name == person.partnership))).first()
    if known is not None:
        await _unchanged(session, known, timezone=timezone, rule=rule)
        return known
    first = starts or now.astimezone(ZoneInfo(timezone)).date() + timedelta(days=1)
    occurrences.check(rule, first)
    partnership = Partnership(name=person.partnership, timezone=timezone, created_at=now)
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


async def _unchanged(session: AsyncSession, known: Partnership, *, timezone: str, rule: str) -> None:
    """Refuse what would silently be passed over: a partnership that is there keeps its time and its rule."""
    if timezone != known.timezone:
        raise TimezoneSet(partnership=known.name, known=known.timezone, timezone=timezone)
    wanted = select(Schedule.rule).where(Schedule.partnership_id == known.id).order_by(col(Schedule.id))
    kept = (await session.exec(wanted)).all()
    if kept and recurrence.read(rule) not in [recurrence.read(one) for one in kept]:
        raise RuleSet(partnership=known.name, known=kept[0], rule=rule)


async def _organisation(session: AsyncSession, person: Person, partnership: Partnership) -> Organisation:
    wanted = select(Organisation).where(
        Organisation.partnership_id == partnership.id, Organisation.name == person.organisation
    )
    known = (await session.exec(wanted)).first()
    if known is not None and known.kind != person.kind:
        raise RosterWrong(
            problems=f"line {person.line}: {known.name} is '{known.kind}' already, not '{person.kind}'"
        )
    if known is not None:
        return known
    organisation = Organisation(
        partnership_id=partnership.id, name=person.organisation, kind=person.kind, capacity=_minutes(person)
    )
    session.add(organisation)
    await session.flush()
    return organisation


def _minutes(person: Person) -> int | None:
    return int(person.capacity) if person.capacity else None
