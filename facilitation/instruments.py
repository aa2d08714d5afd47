"""Instruments: versioned questionnaires, read from the bank and frozen into each round."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from facilitation.refusals import Refusal

BANK = Path(__file__).parent / "bank"
KINDS = ("scale", "text")
SHOWN_AS = ("facilitator", "quoted", "organisation", "named")
CONFIDENTIAL = "confidential"  # the one way Parley can keep an instrument's answers so far

Wording = dict[str, str]


class InstrumentUnknown(Refusal):
    """There is no such questionnaire. Choose one of those in the list."""


class InstrumentBroken(Refusal):
    """This questionnaire cannot be used yet: {problem}."""


@dataclass(frozen=True)
class Item:
    code: str
    kind: str
    construct: str
    wording: Wording
    why: Wording
    low: Wording | None = None
    high: Wording | None = None


@dataclass(frozen=True)
class Instrument:
    name: str
    version: int
    shown_as: str
    seconds: int
    title: Wording
    items: tuple[Item, ...]

    @property
    def rated(self) -> tuple[Item, ...]:
        return tuple(item for item in self.items if item.kind == "scale")


def said(wording: Wording, language: str) -> str:
    """The wording in this language, else in English."""
    return wording.get(language) or wording["en"]


@cache
def raw(name: str) -> dict[str, Any]:
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


def parsed(content: dict[str, Any]) -> Instrument:
    """An instrument from its YAML, as it stands in the bank or frozen in a round. Raises InstrumentBroken."""
    if not isinstance(content, dict):
        raise InstrumentBroken(problem="it is not a table of names and values")
    rows = content.get("items")
    items = tuple(_item(at, row) for at, row in enumerate(rows if isinstance(rows, list) else (), start=1))
    if not items:
        raise InstrumentBroken(problem="it has no questions")
    codes = [item.code for item in items]
    twice = {code for code in codes if codes.count(code) > 1}
    if twice:
        raise InstrumentBroken(problem=f"the code {min(twice)} stands twice")
    try:
        facts = {key: content[key] for key in ("name", "version", "shown_as", "seconds", "title")}
    except KeyError as missing:
        raise InstrumentBroken(problem=f"{missing.args[0]} is missing") from None
    if not _is_wording(facts["title"]):
        raise InstrumentBroken(problem="its title lacks its English wording, like {en: pulse}")
    if facts["shown_as"] != CONFIDENTIAL:
        raise InstrumentBroken(
            problem=f"its answers are to be '{facts['shown_as']}', but Parley can keep '{CONFIDENTIAL}' only"
        )
    return Instrument(items=items, **facts)


def _item(position: int, row: dict[str, Any]) -> Item:
    if not isinstance(row, dict) or row.get("kind") not in KINDS:
        raise InstrumentBroken(problem=f"question {position} is of no known kind ({', '.join(KINDS)})")
    if row["kind"] == "scale" and not (row.get("low") and row.get("high")):
        raise InstrumentBroken(problem=f"question {position} needs words for both ends of its scale")
    try:
        item = Item(**row)
    except TypeError:
        raise InstrumentBroken(problem=f"question {position} lacks a part, or has one too many") from None
    wordings = [item.wording, item.why, *(end for end in (item.low, item.high) if end)]
    if not all(isinstance(wording, dict) for wording in wordings):
        raise InstrumentBroken(problem=f"question {position} needs its words by language, like {{en: yes}}")
    if not all(isinstance(text, str) for wording in wordings for text in wording.values()):
        raise InstrumentBroken(
            problem=f"question {position} has a word that YAML reads as no text; put it in quotes"
        )
    if not all(_is_wording(wording) for wording in wordings):
        raise InstrumentBroken(problem=f"question {position} lacks its English wording")
    return item


def _is_wording(found: object) -> bool:
    return isinstance(found, dict) and isinstance(found.get("en"), str) and bool(found["en"].strip())
