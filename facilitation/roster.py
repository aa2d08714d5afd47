"""A roster: a file of people, read line by line, and put by until its sender says yes."""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from facilitation import invites, members, organisations, partnerships
from facilitation.refusals import Refusal
from storage.members import Roster
from storage.partnerships import Partnership

COLUMNS = ("partnership", "organisation", "kind", "capacity", "name", "role", "language")
NEEDED = ("partnership", "organisation", "kind", "name", "role")
KINDS = organisations.KINDS
ROLES = invites.ROLES
LANGUAGES = ("en",)  # the reviewed ones; doors pass those that may be chosen
LONGEST = 100
MINUTES = re.compile("[0-9]{1,5}")
MOST_PEOPLE = 1000
KEPT = timedelta(days=1)
FORMULA = ("=", "+", "-", "@", "\t", "\r")
JOINERS = "\u200c\u200d"  # unprintable, and yet part of how some names are written


class FileTooLarge(Refusal):
    """This file is too large to be a list of people. A roster is a table with a line for each person, saved
    as CSV. Nothing was stored.
    """


class RosterEmpty(Refusal):
    """This file came empty, or only in part. Please send it once more. Nothing was stored."""


class RosterNoText(Refusal):
    """This file is not text in UTF-8. In your spreadsheet, choose Save as, then CSV UTF-8. Then send that
    file. Nothing was stored.
    """


class RosterNoTable(Refusal):
    """This file cannot be read as a table. In your spreadsheet, choose Save as, then CSV UTF-8. Then send
    that file. Nothing was stored.
    """


class RosterLacksColumn(Refusal):
    """The first line lacks the column {column}. It names the columns: {columns}. Please add it and send the
    file again. Nothing was stored.
    """


class RosterWithoutPeople(Refusal):
    """There is no person in this file. Each line below the first is for one person. Nothing was stored."""


class RosterTooLong(Refusal):
    """This file has more than {most} lines. Please send it in two parts. Nothing was stored."""


class RosterWrong(Refusal):
    """Some lines need mending, and nothing was stored."""

    def __init__(self, problems: Sequence["Problem"]) -> None:
        """Keep the problems: whoever shows them has words for each."""
        super().__init__()
        self.problems = tuple(problems)


class RosterOfSeveral(Refusal):
    """This file names more than one partnership. Please send one file for each. Nothing was stored."""


class RosterElsewhere(Refusal):
    """You facilitate no partnership called {partnership}. A file here adds people to a partnership that you
    facilitate already. Please check its name in the file. Nothing was stored.
    """


class RosterUnclear(Refusal):
    """There is more than one partnership called {partnership}. Please give one of them another name first.
    Nothing was stored.
    """


class RosterGone(Refusal):
    """This preview was dealt with already, or is older than a day. Please send the file again."""


@dataclass(frozen=True)
class Person:
    line: int
    partnership: str
    organisation: str
    kind: str
    name: str
    role: str
    language: str = ""  # "": the partnership's
    capacity: str = ""  # minutes a month, as digits; "": not said


@dataclass(frozen=True)
class Problem:
    """What needs mending in a line: an `empty` or `long` cell, an unknown `kind`, `role`, `language` or
    `capacity`, or another kind (`kind_differs`) or capacity (`capacity_differs`) than is `known` already.
    """

    line: int
    what: str
    column: str = ""
    found: str = ""
    known: str = ""


def read(content: bytes, languages: Sequence[str] = LANGUAGES) -> list[Person]:
    """The people of a CSV file (comma, semicolon or tab); `languages` are those that may be chosen.

    Raises RosterEmpty, RosterNoText, RosterNoTable, RosterLacksColumn, RosterWithoutPeople, RosterTooLong,
    RosterWrong.
    """
    if not content.strip():
        raise RosterEmpty
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise RosterNoText from None
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        people = _people(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error:
        raise RosterNoTable from None
    if not people:
        raise RosterWithoutPeople
    if len(people) > MOST_PEOPLE:
        raise RosterTooLong(most=MOST_PEOPLE)
    problems = [found for person in people if (found := _problem(person, languages))]
    if problems:
        raise RosterWrong(problems)
    return people


def _people(table: "csv.DictReader[str]") -> list[Person]:
    names = [(field or "").strip().lower() for field in table.fieldnames or ()]
    missing = [name for name in NEEDED if name not in names]
    if missing:
        raise RosterLacksColumn(column=missing[0], columns=", ".join(COLUMNS))
    people = [_person(table.line_num, row) for row in table]
    # A spreadsheet leaves rows of nothing but delimiters behind.
    return [person for person in people if any((person.partnership, person.organisation, person.name))]


def _person(line: int, row: dict[str | Any, str | Any]) -> Person:
    cells = {
        (key or "").strip().lower(): _one_line(value or "")
        for key, value in row.items()
        if isinstance(value, str | None)
    }
    facts = {name: cells.get(name, "") for name in COLUMNS}
    facts["kind"] = facts["kind"].lower().replace(" ", "_")
    facts["role"] = facts["role"].lower() or "member"
    facts["language"] = facts["language"].lower()
    return Person(line=line, **facts)


def _one_line(cell: str) -> str:
    """A cell as it can stand in the middle of a sentence: no line breaks, nothing unprintable."""
    return " ".join("".join(sign if sign.isprintable() or sign in JOINERS else " " for sign in cell).split())


def _problem(person: Person, languages: Sequence[str]) -> Problem | None:
    for name in ("partnership", "organisation", "name"):
        cell = getattr(person, name)
        if not cell.strip(JOINERS):
            return Problem(person.line, "empty", name)
        if len(cell) > LONGEST:
            return Problem(person.line, "long", name, cell)
    return _unknown(person, languages)


def _unknown(person: Person, languages: Sequence[str]) -> Problem | None:
    if person.capacity and not MINUTES.fullmatch(person.capacity):
        return Problem(person.line, "capacity", "capacity", person.capacity)
    if person.kind not in KINDS:
        return Problem(person.line, "kind", "kind", person.kind)
    if person.role not in ROLES:
        return Problem(person.line, "role", "role", person.role)
    if person.language and person.language not in languages:
        return Problem(person.line, "language", "language", person.language, ", ".join(languages))
    return None


# A file sent to Parley waits here for its sender's yes.


async def meant(session: AsyncSession, people: Sequence[Person], *, account: int) -> Partnership:
    """The partnership a file is for, which its sender facilitates.

    Raises RosterOfSeveral, RosterElsewhere (also where there is none), RosterUnclear.
    """
    names = {person.partnership for person in people}
    if len(names) > 1:
        raise RosterOfSeveral
    name = names.pop()
    mine = {
        one.partnership.id: one.partnership
        for one in await members.sittings(session, account=account)
        if one.seat.role == "facilitator" and one.partnership.name.casefold() == name.casefold()
    }
    if not mine:
        raise RosterElsewhere(partnership=name)
    if len(mine) > 1:
        raise RosterUnclear(partnership=name)
    return next(iter(mine.values()))


async def put_by(
    session: AsyncSession, people: Sequence[Person], partnership: Partnership, *, account: int, now: datetime
) -> Roster:
    """Keep a file until its sender says yes or no; their newest file counts."""
    await session.exec(delete(Roster).where(col(Roster.account) == account))
    kept = Roster(
        partnership_id=partnership.id,
        account=account,
        people=[asdict(person) for person in people],
        filed_at=now,
    )
    session.add(kept)
    await session.flush()
    return kept


async def taken_up(
    session: AsyncSession, roster_id: int, *, account: int, now: datetime
) -> tuple[Partnership, list[Person]]:
    """The file that was put by, for the one yes or no it waits for. Raises RosterGone, NotYours."""
    kept = await session.get(Roster, roster_id)
    # Two taps on one button: the second finds it gone. Somebody else's looks the same.
    if kept is None or kept.account != account or kept.filed_at <= now - KEPT:
        raise RosterGone
    partnership = await partnerships.facilitated(session, kept.partnership_id, account=account)
    people = [Person(**one) for one in kept.people]
    gone = await session.exec(delete(Roster).where(col(Roster.id) == roster_id))
    if gone.rowcount != 1:
        raise RosterGone
    return partnership, people


async def drop_old(session: AsyncSession, *, now: datetime) -> int:
    """Forget the files nobody said yes or no to within a day. The result is how many."""
    gone = await session.exec(delete(Roster).where(col(Roster.filed_at) <= now - KEPT))
    return gone.rowcount


def inert(cell: str) -> str:
    """A cell that a spreadsheet shows as it is: nothing in it is taken for a formula."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell
