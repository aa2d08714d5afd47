"""Instruments: versioned questionnaires, read from the bank and frozen into each round."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

import yaml

from facilitation.refusals import Refusal

BANK = Path(__file__).parent / "bank"
# How a text may be shown, as its author chooses; a button carries the number.
SHOWN_AS = ("facilitator", "quoted", "organisation", "named")
# How an instrument's answers are shown, from closed to open.
CONFIDENTIAL, ORGANISATION, OPEN = MODES = ("confidential", "organisation", "open")

# What each kind of question needs, and what else it may have, beside the parts that all have.
NEEDS: dict[str, tuple[str, ...]] = {
    "scale": ("low", "high"),
    "agree": (),
    "choice": ("options",),
    "directed": ("low", "high"),
    "guess": ("of",),
    "number": ("least", "most"),
    "text": (),
    "promise": (),
}
MAY_HAVE: dict[str, tuple[str, ...]] = {"choice": ("several",), "text": ("promises",)}
KINDS = tuple(NEEDS)
# What only those are asked who have somebody to rate, or a promise to speak of.
ASKED_OF_SOME = ("directed", "promise")
OF_ALL = ("code", "kind", "construct", "wording", "why")
OPTIONAL_OF_ALL = ("shown_as", "section")
CODE = re.compile(r"[a-z][a-z0-9_]{0,39}")
# More than these are no choice on a small screen, and no number anybody counts.
FEWEST_OPTIONS, MOST_OPTIONS = 2, 10
LARGEST = 1_000_000

Wording = dict[str, str]


class InstrumentUnknown(Refusal):
    """There is no such questionnaire. Choose one of those in the list."""


class InstrumentBroken(Refusal):
    """This questionnaire cannot be used yet: {problem}."""


@dataclass(frozen=True)
class Item:
    """One question. What beside the first five it has, `NEEDS` and `MAY_HAVE` say by kind.

    A guess has the ends of the item `of` which it is. `promises`: what is written is looked at again.
    """

    code: str
    kind: str
    construct: str
    wording: Wording
    why: Wording
    low: Wording | None = None
    high: Wording | None = None
    options: tuple[Wording, ...] = ()
    several: bool = False
    least: int = 0
    most: int = 0
    of: str = ""
    shown_as: str | None = None
    promises: bool = False
    section: str = ""


@dataclass(frozen=True)
class Instrument:
    """`bank` holds the items of which each round takes `rotates`; one frozen in a round has none."""

    name: str
    version: int
    shown_as: str
    title: Wording
    items: tuple[Item, ...]
    rotates: int = 0
    bank: tuple[Item, ...] = ()

    @property
    def rated(self) -> tuple[Item, ...]:
        return tuple(item for item in self.items if item.kind == "scale")

    def shows(self, item: Item) -> str:
        """How the answers to an item are shown, one of MODES."""
        return item.shown_as or self.shown_as


def said(wording: Wording, language: str) -> str:
    """The wording in this language, else in English."""
    return wording.get(language) or wording["en"]


@cache
def raw(name: str) -> dict[str, Any]:
    """The questionnaire as its file has it, checked. Raises InstrumentUnknown, InstrumentBroken."""
    path = BANK / f"{name}.yaml"
    if path.parent != BANK or not path.is_file():
        raise InstrumentUnknown
    try:
        content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise InstrumentBroken(problem=f"line {line} is not YAML") from None
    parsed(content)
    return content


def frozen(name: str, number: int) -> dict[str, Any]:
    """What the round of this number (1, 2, ...) asks and keeps: the core, and its share of the bank."""
    content = dict(raw(name))
    bank, rotates = content.pop("bank", []), content.pop("rotates", 0)
    first = (number - 1) * rotates
    taken = [bank[at % len(bank)] for at in range(first, first + rotates)]
    return content | {"items": _woven(content["items"], taken)}


def _woven(core: list[dict[str, Any]], taken: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rotated items before the last rated one of the core, but a guess behind what it is about."""
    last = max((at for at, row in enumerate(core) if row["kind"] == "scale"), default=len(core))
    guesses = [row for row in taken if row["kind"] == "guess"]
    others = [row for row in taken if row["kind"] != "guess"]
    return [*core[:last], *others, *core[last : last + 1], *guesses, *core[last + 1 :]]


def parsed(content: dict[str, Any]) -> Instrument:
    """An instrument from its YAML, as it stands in the bank or frozen in a round. Raises InstrumentBroken."""
    if not isinstance(content, dict):
        raise InstrumentBroken(problem="it is not a table of names and values")
    core = _rows(content, "items")
    if not core:
        raise InstrumentBroken(problem="it has no questions")
    facts = _facts(content)
    rows = [(f"question {at}", row) for at, row in enumerate(core, start=1)]
    rows += [(f"bank question {at}", row) for at, row in enumerate(_rows(content, "bank"), start=1)]
    found = [_item(place, row) for place, row in rows]
    _check_codes(found)
    _check_openness(found, facts["shown_as"])
    rated = {item.code: item for item in found[: len(core)] if item.kind == "scale"}
    if all(item.kind in ASKED_OF_SOME for item in found[: len(core)]):
        raise InstrumentBroken(problem="it has no question that everyone can be asked")
    complete = tuple(_with_ends(item, rated) for item in found)
    rotates = _rotates(content, len(found) - len(core))
    return Instrument(**facts, items=complete[: len(core)], rotates=rotates, bank=complete[len(core) :])


def _rows(content: dict[str, Any], name: str) -> list[Any]:
    rows = content.get(name) or []
    if not isinstance(rows, list):
        raise InstrumentBroken(problem=f"its {name} are no list of questions")
    return rows


def _facts(content: dict[str, Any]) -> dict[str, Any]:
    known = {"name", "version", "shown_as", "title"}
    for name in sorted(known):
        if name not in content:
            raise InstrumentBroken(problem=f"{name} is missing")
    for name in content.keys() - known - {"items", "bank", "rotates"}:
        raise InstrumentBroken(problem=f"{name} is no part of a questionnaire")
    if type(content["version"]) is not int or not isinstance(content["name"], str):
        raise InstrumentBroken(problem="its name is to be a word, and its version a whole number")
    if not is_wording(content["title"]):
        raise InstrumentBroken(problem="its title lacks its English wording, like {en: pulse}")
    if content["shown_as"] not in MODES:
        raise InstrumentBroken(
            problem=f"its answers are to be '{content['shown_as']}', which is none of {', '.join(MODES)}"
        )
    return {name: content[name] for name in known}


def _rotates(content: dict[str, Any], banked: int) -> int:
    rotates = content.get("rotates", 0)
    if type(rotates) is not int or not 0 <= rotates <= banked:
        raise InstrumentBroken(problem=f"a round cannot take '{rotates}' questions of a bank of {banked}")
    if banked and not rotates:
        raise InstrumentBroken(problem="it has a bank, and does not say how many questions a round takes")
    return rotates


def _check_codes(found: list[Item]) -> None:
    codes = [item.code for item in found]
    twice = {code for code in codes if codes.count(code) > 1}
    if twice:
        raise InstrumentBroken(problem=f"the code {min(twice)} stands twice")


def _check_openness(found: list[Item], shown_as: str) -> None:
    for item in found:
        if item.shown_as and MODES.index(item.shown_as) < MODES.index(shown_as):
            raise InstrumentBroken(
                problem=f"{item.code} is to be '{item.shown_as}', which is less open than '{shown_as}'"
            )


def _with_ends(item: Item, rated: dict[str, Item]) -> Item:
    if item.kind != "guess":
        return item
    if item.of not in rated:
        raise InstrumentBroken(
            problem=f"{item.code} is a guess of {item.of}, which is no rated core question"
        )
    about = rated[item.of]
    known = {field.name: getattr(item, field.name) for field in fields(item)}
    return Item(**known | {"low": about.low, "high": about.high})


def _item(place: str, row: object) -> Item:
    """One item of the YAML; `place` says where it stands. Raises InstrumentBroken."""
    if not isinstance(row, dict) or row.get("kind") not in KINDS:
        raise InstrumentBroken(problem=f"{place} is of no known kind ({', '.join(KINDS)})")
    kind, code = row["kind"], row.get("code")
    if not isinstance(code, str) or not CODE.fullmatch(code):
        raise InstrumentBroken(problem=f"{place} needs a code of small letters, digits and underscores")
    place = f"{place} ({code})"
    _check_parts(place, row, needed=(*OF_ALL, *NEEDS[kind]), more=(*OPTIONAL_OF_ALL, *MAY_HAVE.get(kind, ())))
    for problem in chain(_wordings(row), _details(row)):
        raise InstrumentBroken(problem=f"{place} {problem}")
    return Item(**row | {"options": tuple(row.get("options", ()))})


def _check_parts(place: str, row: dict[str, Any], *, needed: tuple[str, ...], more: tuple[str, ...]) -> None:
    lacking = [name for name in needed if row.get(name) is None]
    if {"low", "high"} & set(lacking):
        raise InstrumentBroken(problem=f"{place} needs words for both ends of its scale")
    if lacking:
        raise InstrumentBroken(problem=f"{place} lacks its {lacking[0]}")
    extra = sorted(str(name) for name in row.keys() - {*needed, *more})
    if extra:
        raise InstrumentBroken(problem=f"{place} has a part that a {row['kind']} does not know: {extra[0]}")


def _wordings(row: dict[str, Any]) -> Iterator[str]:
    """What is wrong with the words of an item."""
    if not isinstance(row.get("options", []), list):
        yield "needs its options as a list"
        return
    worded = [row[name] for name in ("wording", "why", "low", "high") if name in row]
    for wording in (*worded, *row.get("options", [])):
        if not isinstance(wording, dict):
            yield "needs its words by language, like {en: yes}"
        elif not all(isinstance(text, str) for text in wording.values()):
            yield "has a word that YAML reads as no text; put it in quotes"
        elif not is_wording(wording):
            yield "lacks its English wording"


def _details(row: dict[str, Any]) -> Iterator[str]:
    """What is wrong with the other parts of an item."""
    for name in ("several", "promises"):
        if not isinstance(row.get(name, False), bool):
            yield f"says neither true nor false for {name}"
    for name in ("construct", "of", "section"):
        if not isinstance(row.get(name, ""), str):
            yield f"needs a text for its {name}"
    if row.get("shown_as") not in (None, *MODES):
        yield f"is shown as none of {', '.join(MODES)}"
    if row["kind"] == "choice" and not FEWEST_OPTIONS <= len(row["options"]) <= MOST_OPTIONS:
        yield f"needs between {FEWEST_OPTIONS} and {MOST_OPTIONS} options"
    if row["kind"] == "number" and not _is_range(row["least"], row["most"]):
        yield f"needs whole numbers for least and most, of at most {LARGEST}, the smaller one first"


def _is_range(least: object, most: object) -> bool:
    if type(least) is not int or type(most) is not int:
        return False
    return -LARGEST <= least < most <= LARGEST


def is_wording(found: object) -> bool:
    return isinstance(found, dict) and isinstance(found.get("en"), str) and bool(found["en"].strip())
