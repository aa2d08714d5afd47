"""Digests as plain facts: every state a published round can be in."""

from collections.abc import Callable
from functools import partial
from typing import Any

from facilitation import instruments
from storage.digests import Digest
from tests.cast import CLOSES, OPENS

LARGE = 2**63 - 1  # ids as long as they can be
PULSE = instruments.parsed(instruments.frozen("pulse", 1))
TURNOUTS = ((0, 1, 1), *((low, low + 1, parts) for parts in (2, 4, 5) for low in range(parts)))
SHAPES = ("public", "funder", "anchor", "community", "social_enterprise", "other")


def facts(words: str, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any fact of a digest
    """A digest's facts: two groups of three part on the second item, and all agree on the first."""
    kinds = {"1": ("organisation", words), "2": ("kind", "community"), "3": ("others", "others")}
    means = ((4.5, 4, 4.5), (4.5, 1.5, 4.5), (3, 3, 3), (3, 2.5, 3), (4, 2, 4))
    items = [
        _item(item.code, means[at], "between" if at == 1 else "none") for at, item in enumerate(PULSE.rated)
    ]
    found: dict[str, Any] = {
        "partnership": words,
        "instrument": "pulse",
        "title": {"en": "pulse"},
        "number": 14,
        "opened": OPENS.isoformat(),
        "closed": CLOSES.isoformat(),
        "minimum_group": 4,
        "turnout": {"low": 3, "high": 4, "parts": 4},
        "cells": {id_: {"shape": shape, "label": label} for id_, (shape, label) in kinds.items()},
        "apart": True,
        "wordings": {item.code: item.wording for item in PULSE.rated},
        "ends": {item.code: {"low": item.low, "high": item.high} for item in PULSE.rated},
        "items": items,
        "signals": [gap("can_disagree", [2], [1, 3], p=0.004), ground("made_a_difference", [1, 2, 3])],
        "quotes": [{"text": words, "by": "partner", "name": ""}],
        "answered_back": None,
    }
    return found | changes


def _item(code: str, means: tuple[float, ...], verdict: str, *, most: int | None = 14) -> dict[str, Any]:
    figures = [{"cell": at, "mean": mean, "least": 4, "most": 6} for at, mean in enumerate(means, start=1)]
    total = {"mean": 3.4, "least": 10 if most else 25, "most": most}
    return {"code": code, "total": total, "cells": figures, "verdict": verdict}


def gap(item: str, low: list[int], high: list[int], *, p: float) -> dict[str, Any]:
    numbers = {"p": p, "q": p, "low": low, "high": high}
    return {"kind": "organisation_differs", "item": item, "severity": 0.7, "numbers": numbers}


def ground(item: str, high: list[int]) -> dict[str, Any]:
    numbers = {"p": None, "q": None, "low": [], "high": high}
    return {"kind": "common_ground", "item": item, "severity": 0.5, "numbers": numbers}


def quotes(words: str, *, count: int) -> list[dict[str, str]]:
    return [{"text": " ".join([words] * (at + 1)), "by": "name", "name": words} for at in range(count)]


def nothing(words: str) -> dict[str, Any]:
    """A round that too few answered to show anything."""
    items: list[dict[str, Any]] = [
        {"code": item.code, "total": None, "cells": [], "verdict": "cannot_tell"} for item in PULSE.rated
    ]
    return facts(words, items=items, signals=[], quotes=[])


def crowded(words: str) -> dict[str, Any]:
    """Twelve cells with long names, and as much to say as there can be."""
    # Told apart by a letter, so that no number in a digest is anything but a figure.
    cells = {
        str(at): {"shape": "organisation", "label": f"{chr(64 + at)} {words}" * 3} for at in range(1, 13)
    }
    means = tuple(1.5 if at < 6 else 4.5 for at in range(12))
    items = [_item(item.code, means, "between") for item in PULSE.rated]
    halves = list(range(1, 7)), list(range(7, 13))
    signals = [gap(item.code, *halves, p=0.0001) for item in PULSE.rated[:3]]
    signals += [ground(item.code, halves[1]) for item in PULSE.rated[3:]]
    back = {"low": 1, "high": 2, "parts": 5, "least": 25, "most": None}
    made = facts(words, cells=cells, items=items, signals=signals, quotes=quotes(words * 9, count=9))
    return made | {"answered_back": back}


def _mixed(words: str) -> dict[str, Any]:
    """Totals of different sizes, an item without figures, and a weak gap between many groups."""
    made = facts(words)
    items = [_item("made_a_difference", (4, 4), "none", most=None), *made["items"][1:]]
    items[2] = items[2] | {"total": None, "cells": []}
    return made | {"items": items, "signals": [gap("can_disagree", [2], [1], p=0.06)]}


def states() -> dict[str, Callable[[str], dict[str, Any]]]:
    """The digests there can be."""
    undivided = {"signals": [ground("worth_it", [])]}
    alone = {"1": {"shape": "organisation", "label": "Council"}}
    unsure = [_item(item.code, (3,), "cannot_tell") for item in PULSE.rated]
    alike = [_item(item.code, (4, 4), "none") for item in PULSE.rated]
    partly = [*alike[:2], *unsure[2:]]
    found: dict[str, Callable[[str], dict[str, Any]]] = {
        "no division": lambda words: facts(words, items=alike, **undivided),
        "no division in part": lambda words: facts(words, items=partly, **undivided),
        "a gap too small to show": lambda words: facts(words, **undivided),
        "too few to tell": lambda words: facts(words, signals=[], quotes=[], items=unsure, cells=alone),
        "somebody in no group": lambda words: facts(
            words, cells=alone, items=unsure, apart=False, signals=[]
        ),
        "nothing": nothing,
        "nothing but words": lambda words: nothing(words) | {"quotes": quotes(words, count=1)},
        "crowded": crowded,
        "mixed": _mixed,
    }
    for low, high, parts in TURNOUTS:
        found[f"turnout {low} of {parts}"] = partial(
            facts, turnout={"low": low, "high": high, "parts": parts}
        )
    for low, high, parts in TURNOUTS[1:]:
        back = {"low": low, "high": high, "parts": parts, "least": 7, "most": 9}
        found[f"answered back {low} of {parts}"] = partial(facts, answered_back=back)
    for by, name in [("name", ""), ("organisation", ""), *(("kind", kind) for kind in SHAPES)]:
        found[f"quote by {by} {name}"] = partial(_quoted, by, name)
    return found


def _quoted(by: str, name: str, words: str) -> dict[str, Any]:
    return facts(words, quotes=[{"text": words, "by": by, "name": name or words}])


def digest(made: dict[str, Any]) -> Digest:
    return Digest(id=LARGE, round_id=1, partnership_id=LARGE, facts=made, made_at=CLOSES)
