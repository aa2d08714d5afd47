"""Digests as plain facts: every state a published round can be in."""

from collections.abc import Callable
from functools import partial
from typing import Any

from facilitation import instruments
from storage.digests import Digest
from tests.cast import CLOSES, OPENS

LARGE = 2**63 - 1  # ids as long as they can be
PULSE = instruments.parsed(instruments.frozen("pulse", 1))
SAID_ALOUD = next(item for item in PULSE.items if item.kind == "text")
TURNOUTS = ((0, 1, 1), *((low, low + 1, parts) for parts in (2, 4, 5) for low in range(parts)))
WORDED = {"en": "ερώτηση"}  # what an instrument brings is not ours to translate
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
        "shown_as": "confidential",
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
        "questions": {"said_aloud": {"wording": SAID_ALOUD.wording, "shows": "confidential"}},
        "quotes": [{"item": "said_aloud", "text": words, "by": "partner", "name": ""}],
        "tallies": [],
        "later": [],
        "withheld": 0,
        "unreached": {"none": [], "some": []},
        "rested": [],
        "owed": {"owed": [], "replied": [], "alone": None, "withheld": 0, "heard": None},
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
    return [
        {"item": "said_aloud", "text": " ".join([words] * (at + 1)), "by": "name", "name": words}
        for at in range(count)
    ]


SHARES = ((0, 2), (1, 2), (0, 4), (1, 4), (3, 4), (2, 5))
TALLIES: tuple[tuple[str, tuple[int, int] | None, tuple[int, int] | None], ...] = (
    *(("agree", share, None) for share in SHARES),
    *(("choice", share, None) for share in SHARES if share[0]),
    ("number", None, None),
    *(("promise", share, share) for share in SHARES),
    *(("promise", (0, 4), begun) for begun in ((1, 4), (2, 4), (3, 4))),
    ("promise", (0, 5), (2, 5)),
    ("promise", (2, 5), (3, 5)),
    ("promise", (1, 4), (2, 4)),
    ("promise", (2, 4), (3, 4)),
)


def tally(
    kind: str, share: tuple[int, int] | None, *, partly: tuple[int, int] | None = None
) -> dict[str, Any]:
    return {
        "code": f"a_{kind}",
        "kind": kind,
        "wording": WORDED,
        "share": _share(share),
        "partly": _share(partly),
        "option": WORDED if kind == "choice" else None,
        "value": 14 if kind == "number" else None,
        "least": 10,
        "most": 14,
    }


def _share(found: tuple[int, int] | None) -> dict[str, Any] | None:
    if found is None:
        return None
    low, parts = found
    return {"low": low, "high": low + 1, "parts": parts, "least": 10, "most": 14}


REPLIES = ("", "negotiating", "agreed", "declined", "not_ours")


def raised(words: str, at: int) -> dict[str, Any]:
    """Something raised, in one of its states."""
    reply = REPLIES[at % 5]
    return {
        "text": words,
        "by": "name" if at % 2 else "partner",
        "name": words if at % 2 else "",
        "raised": "2026-11-03",
        "reply": reply,
        "words": words if reply and at < len(REPLIES) else "",
        "until": "2026-11-14" if reply in ("agreed", "negotiating") else None,
        "owed_by": "2026-11-14" if at % 3 else "2026-11-03",
        "heard": ("", "", "yes", "partly", "no")[at % 5],
        "withheld": "",
    }


def owed(words: str, *, count: int = 5, heard: tuple[int, int] | None = None) -> dict[str, Any]:
    """What was raised: so many with a reply, and so many without."""
    found = [raised(words, at) for at in range(5 * count)]
    return {
        "owed": [one for one in found if not one["reply"]][:count],
        "replied": [one for one in found if one["reply"]][:count],
        "alone": {"least": 4, "most": 6} if count > 1 else None,
        "withheld": count // 2,
        "heard": _share(heard),
    }


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
    return made | {"answered_back": back} | _around(words)


def _around(words: str) -> dict[str, Any]:
    """As much as there can be beside figures and quotes."""
    partners = [f"{chr(64 + at)} {words}" for at in range(1, 13)]
    return {
        "tallies": [tally(*one[:2], partly=one[2]) for one in TALLIES[-12:]],
        "later": ["directed", "guess"],
        "withheld": 1,
        "unreached": {"none": partners, "some": partners},
        "rested": partners,
        "owed": owed(words, heard=(0, 4)),
    }


def spoken(words: str, *, name: str = "check-in", **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any fact
    """A round without ratings: two organisations say something to each question, and one without a name."""
    instrument = instruments.parsed(instruments.raw(name))
    asked = [item for item in instrument.items if item.kind == "text"]
    quotes = [
        {"item": item.code, "text": words, "by": by, "name": name}
        for item in asked
        for by, name in (("organisation", words), ("name", f"{words}, Council"), ("partner", ""))
    ]
    found = {
        "instrument": name,
        "title": instrument.title,
        "shown_as": instrument.shown_as,
        "questions": {
            item.code: {"wording": item.wording, "shows": instrument.shows(item)} for item in asked
        },
        "quotes": quotes,
    }
    empty: dict[str, Any] = {"cells": {}, "items": [], "signals": [], "wordings": {}, "ends": {}}
    return facts(words) | empty | found | changes


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
    found |= _voiced() | _accompanied()
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


def _voiced() -> dict[str, Callable[[str], dict[str, Any]]]:
    """Rounds in which nothing is rated."""
    found: dict[str, Callable[[str], dict[str, Any]]] = {}
    for name in ("check-in", "retro", "nudge"):
        found[f"spoken {name}"] = partial(spoken, name=name)
        found[f"spoken {name}, silent"] = partial(spoken, name=name, quotes=[])
        found[f"spoken {name}, crowded"] = partial(_spoken_crowded, name)
    for low, high, parts in TURNOUTS:
        turnout = {"low": low, "high": high, "parts": parts}
        found[f"spoken, turnout {low} of {parts}"] = partial(spoken, turnout=turnout)
    found["tallied alone"] = lambda words: spoken(words, quotes=[], tallies=[tally("agree", (3, 4))])
    return found


def _spoken_crowded(name: str, words: str) -> dict[str, Any]:
    made = spoken(words, name=name)
    return made | {"quotes": [one | {"text": words * 9} for one in made["quotes"] * 4]} | _around(words)


def _accompanied() -> dict[str, Callable[[str], dict[str, Any]]]:
    """What can stand beside the figures of a round."""
    found: dict[str, Callable[[str], dict[str, Any]]] = {}
    for kind, share, partly in TALLIES:
        told = [tally(kind, share, partly=partly)]
        found[f"tally {kind} {share} {partly}"] = partial(facts, tallies=told)
    for later in (["directed"], ["guess"], ["directed", "guess"]):
        found[f"later {later}"] = partial(facts, later=later)
    for at in range(len(REPLIES)):
        found[f"owed {REPLIES[at]}"] = partial(_owing, at)
    for heard in ((0, 2), (1, 2), (0, 4), (3, 4), (2, 5)):
        found[f"heard {heard}"] = lambda words, heard=heard: facts(  # type: ignore[misc]  # the loop's own
            words, owed=owed(words, count=1, heard=heard)
        )
    for none, some in ((1, 0), (2, 0), (0, 1), (9, 9)):
        found[f"unreached {none} {some}"] = partial(_unreached, none, some)
    found["rested"] = lambda words: facts(words, rested=[words, "Council"])
    for count in (1, 2):
        found[f"withheld {count}"] = partial(facts, withheld=count)
    return found


def _owing(at: int, words: str) -> dict[str, Any]:
    one = raised(words, at)
    told = {"replied": [one, one | {"words": ""}], "owed": []} if one["reply"] else {"owed": [one]}
    return facts(words, owed=owed(words, count=0) | told)


def _unreached(none: int, some: int, words: str) -> dict[str, Any]:
    return facts(words, unreached={"none": [words] * none, "some": [words] * some})


def _quoted(by: str, name: str, words: str) -> dict[str, Any]:
    return facts(words, quotes=[{"item": "said_aloud", "text": words, "by": by, "name": name or words}])


def digest(made: dict[str, Any]) -> Digest:
    return Digest(id=LARGE, round_id=1, partnership_id=LARGE, facts=made, made_at=CLOSES)
