"""Tallies: what is told of answers that are no ratings: votes, choices, numbers, and promises kept.

They are told of everybody together and never by cell. A mean over a cell hides its sides; a share tells of
them, and shares over cells and their total would pin small sides down between them. Until a rule for that
is proven, the total alone is told.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import floor
from statistics import median
from typing import Any

from facilitation import shares
from facilitation.instruments import Item
from facilitation.ledger import Entry
from synthesis import disclosure

KINDS = ("agree", "choice", "number", "promise")
AGREED = 1
DONE, PARTLY = 1, 2
# A median is told in steps of about a fifth of itself.
STEPS_OF_IT = 5

Tally = dict[str, Any]


def told(items: Sequence[Item], given: Mapping[str, Sequence[int]], *, k: int) -> list[Tally]:
    """What may be told of each such item, from one value a person; where nothing may, it is left out."""
    found = []
    for item in items:
        values = list(given.get(item.code, ()))
        figures = _figures(item, values, k=k)
        if figures is not None:
            found.append({"code": item.code, "kind": item.kind, "wording": item.wording} | figures)
    return found


def entries(tallies: Sequence[Tally]) -> Iterable[Entry]:
    """What of it stands in the ledger: the low end of each share, or the number."""
    for tally in tallies:
        value = shares.low(tally["share"]) if tally["share"] else float(tally["value"])
        yield tally["code"], None, tally["least"], tally["most"], value
        if tally["partly"]:
            yield f"{tally['code']}:partly", None, tally["least"], tally["most"], shares.low(tally["partly"])


def _figures(item: Item, values: Sequence[int], *, k: int) -> Tally | None:
    empty: Tally = {"share": None, "partly": None, "option": None, "value": None}
    if item.kind == "number":
        return _number(values, empty, k=k)
    if item.kind == "choice":
        return _chosen(item, values, empty, k=k)
    sides = {"agree": (AGREED,), "promise": (DONE,)}[item.kind]
    share = shares.told(sum(value in sides for value in values), len(values), k=k)
    if share is None:
        return None
    # What is done, and what is done or begun, include each other; what is stuck is not told apart.
    begun = sum(value in (DONE, PARTLY) for value in values)
    partly = shares.told(begun, len(values), k=k) if item.kind == "promise" else None
    return _banded(empty | {"share": share, "partly": partly}, len(values), k=k)


def _chosen(item: Item, values: Sequence[int], empty: Tally, *, k: int) -> Tally | None:
    """The one option that most chose, and how large a part they are; nothing where none stands out.

    One option only: the parts of several would add up to the whole, and give the small ones away.
    """
    counts = [sum(bool(value & 2**at) for value in values) for at in range(len(item.options))]
    ahead = max(counts, default=0)
    share = shares.told(ahead, len(values), k=k)
    if share is None or share["low"] == 0 or counts.count(ahead) > 1:
        return None
    option = item.options[counts.index(ahead)]
    return _banded(empty | {"share": share, "option": option}, len(values), k=k)


def _number(values: Sequence[int], empty: Tally, *, k: int) -> Tally | None:
    if len(values) < max(k, disclosure.FEWEST):
        return None
    return _banded(empty | {"value": rounded(median(values))}, len(values), k=k)


def rounded(number: float) -> int:
    """A number in steps of 1, 2 or 5 times a power of ten that are at most a fifth of it, or 1."""
    step = 1
    for wider in (size * 10**power for power in range(7) for size in (1, 2, 5)):
        if wider * STEPS_OF_IT <= abs(number):
            step = wider
    return floor(number / step + 0.5) * step


def _banded(tally: Tally, n: int, *, k: int) -> Tally:
    least, most = disclosure.band(n)
    return tally | {"least": max(least, k), "most": most}
