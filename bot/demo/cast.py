"""The demo's cast as data: the roster it joins by, and what the sandbox is told about each person."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from facilitation import instruments
from facilitation.roster import Person

FILE = Path(__file__).parent / "riverside.yaml"
INSTRUMENT = "pulse"
JOINS_WITHIN = timedelta(minutes=45)
SHOWN = {
    "quoted": "quoted",
    "someone": "someone at",
    "name": "my name",
    "facilitator": "facilitator only",
}

Json = dict[str, Any]


@dataclass(frozen=True)
class Figure:
    """One of the cast. `phone` names the visitor's phone they hold, "" for a simulated person.

    `lead`: they may speak for their organisation.
    """

    organisation: str
    name: str
    temperament: str
    phone: str = ""
    says: tuple[tuple[int, str, str], ...] = ()
    complains: tuple[tuple[int, str, str], ...] = ()
    lead: bool = False


@dataclass(frozen=True)
class Side:
    """Organisations that move on the item in question, by so much each week."""

    organisations: tuple[str, ...]
    shift: tuple[float, ...]


@dataclass(frozen=True)
class Conflict:
    item: str
    high: Side
    low: Side


@dataclass(frozen=True)
class Cast:
    partnership: str
    timezone: str
    group: str
    hello: str
    danger: str
    facilitator: Person
    captions: Mapping[str, str]
    organisations: Mapping[str, Json]
    items: Mapping[str, Mapping[str, float]]
    conflict: Conflict
    people: tuple[Figure, ...]

    def roster(self) -> list[Person]:
        """The facilitator first, then everybody else, as lines of a roster."""
        members = [
            self._line(number, figure.organisation, figure.name, "member")
            for number, figure in enumerate(self.people, start=3)
        ]
        return [self.facilitator, *members]

    def _line(self, line: int, organisation: str, name: str, role: str) -> Person:
        return _person(self.partnership, self.organisations[organisation], line=line, name=name, role=role)


@cache
def riverside() -> Cast:
    content = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    organisations = {row["key"]: row for row in content["organisations"]}
    told = content["facilitator"]
    backbone = next(row for row in organisations.values() if row["name"] == told["organisation"])
    return Cast(
        partnership=content["partnership"],
        timezone=content["timezone"],
        group=content["group"],
        hello=content["hello"],
        danger=content["danger"],
        facilitator=_person(content["partnership"], backbone, line=2, name=told["name"], role="facilitator"),
        captions=content["captions"],
        organisations=organisations,
        items=content["items"],
        conflict=_conflict(content["conflict"]),
        people=tuple(_figure(row) for row in content["people"]),
    )


def _person(partnership: str, organisation: Mapping[str, Any], *, line: int, name: str, role: str) -> Person:
    return Person(
        line=line,
        partnership=partnership,
        organisation=organisation["name"],
        kind=organisation["kind"],
        capacity=str(organisation.get("capacity", "")),
        name=name,
        role=role,
        language="en",
    )


def _figure(row: Mapping[str, Any]) -> Figure:
    says, complains = (
        tuple((week, words, SHOWN[shown]) for week, words, shown in row.get(key, ()))
        for key in ("says", "complains")
    )
    return Figure(
        row["organisation"],
        row["name"],
        row["temperament"],
        row.get("phone", ""),
        says,
        complains,
        lead=row.get("lead", False),
    )


def _conflict(row: Mapping[str, Any]) -> Conflict:
    high, low = (
        Side(tuple(row[side]["organisations"]), tuple(row[side]["shift"])) for side in ("high", "low")
    )
    return Conflict(row["item"], high, low)


def crowd(
    cast: Cast, invites: Sequence[tuple[Figure, int, str]], *, starts: datetime, conflict: bool, seed: int
) -> Json:
    """What the sandbox is told: each person with their phone's number and their invite's secret."""
    return {
        "seed": seed,
        "start": starts.date().isoformat(),
        "people": [
            {
                "user": user,
                "temperament": figure.temperament,
                "invite": secret,
                "joins": (starts + JOINS_WITHIN * place / len(invites)).isoformat(),
                "stances": stances(cast, figure.organisation, conflict=conflict),
                "texts": lines(figure, conflict=conflict),
            }
            for place, (figure, user, secret) in enumerate(invites, start=1)
        ],
    }


def stances(cast: Cast, organisation: str, *, conflict: bool) -> list[Json]:
    """Where somebody of this organisation stands on each item, week by week."""
    pulse = instruments.parsed(instruments.raw(INSTRUMENT))
    wordings = {item.code: item.wording["en"] for item in (*pulse.items, *pulse.bank)}
    return [
        {
            "match": re.escape(wordings[code]),
            "levels": levels(cast, code, organisation, conflict=conflict),
            "spread": item["spread"],
        }
        for code, item in cast.items.items()
    ]


def levels(cast: Cast, code: str, organisation: str, *, conflict: bool) -> list[float]:
    planted, level = cast.conflict, cast.items[code]["level"]
    if conflict and code == planted.item:
        for side in (planted.high, planted.low):
            if organisation in side.organisations:
                return [round(level + shift, 2) for shift in side.shift]
    return [level]


def lines(figure: Figure, *, conflict: bool) -> list[Json]:
    """What somebody says in which week. Between two of their sentences they say nothing."""
    says = figure.says + (figure.complains if conflict else ())
    if not says:
        return []
    said = {
        week: {"from_week": week, "say": words, "chance": 1.0, "show": show} for week, words, show in says
    }
    quiet = {0, *(week + 1 for week in said)} - said.keys()
    return [*said.values(), *({"from_week": week, "say": "-", "chance": 0.0} for week in sorted(quiet))]
