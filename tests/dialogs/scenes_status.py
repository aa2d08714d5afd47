"""The card that says where a partnership stands."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from dialogs import cards
from facilitation.burden import Load
from tests.cast import CLOSES, DIGEST, OPENS
from tests.dialogs.published import LARGE
from tests.dialogs.scenes import Scene, drawn, same

REASONS = ("cancelled", "skip", "holiday", "missed", "unled", "nobody", "resting", "away", "restored")
QUIET: dict[str, Any] = {
    "partnership": LARGE,
    "name": same,
    "running": [],
    "following": [],
    "skipped": [],
    "undelivered": 0,
    "owed": 0,
    "empty": [],
    "places": [],
    "facilitators": None,
    "group": "",
    "unreached": 0,
    "off_telegram": [],
    "loads": [],
    "more_loads": 0,
}


def scenes() -> Iterator[Scene]:
    states: dict[str, dict[str, Any]] = {
        "nothing at all": {},
        "open, most answered": {"running": _running("open", half=True)},
        "open, few answered": {"running": _running("open", half=False)},
        "open, few asked": {"running": _running("open", half=None)},
        "closed": {"running": _running("closing", half=None)},
        "next": {"following": _following},
        "left out": {"skipped": _skipped},
        "one of each": {
            "undelivered": 1,
            "owed": 1,
            "unreached": 1,
            "places": _places(1),
            "loads": _loads(1),
        },
        "several": {"undelivered": 5, "owed": 2, "unreached": 3, "places": _places(2), "loads": _loads(12)},
        "people": {"empty": _two, "off_telegram": _two, "more_loads": 1, "loads": _loads(0)},
        "a facilitator not reached": {"facilitators": _listed(1, 0)},
        "facilitators not reached": {"facilitators": _listed(4, 2)},
        "a facilitator without a name not reached": {"facilitators": _listed(0, 1)},
        "the group lost": {"group": "lost"},
        "the group closed to us": {"group": "barred"},
        "many": {"more_loads": 4, "loads": _loads(30)},
    }
    for state, changes in states.items():
        yield Scene("status", state, drawn("status", **QUIET | changes))


def _two(words: str) -> list[str]:
    return [words, words]


def _running(state: str, *, half: bool | None) -> Any:  # noqa: ANN401 - a fact of a scene
    facts = {"number": 14, "open": state == "open", "closes": CLOSES, "digest": DIGEST, "half": half}
    return lambda words: [{"title": cards.short(words, 60), **facts}]


def _following(words: str) -> list[dict[str, str]]:
    line = cards.short(words, 60)
    return [{"title": line, "day": day, "hour": "10:00"} for day in (line, "")]


def _skipped(words: str) -> list[dict[str, Any]]:
    line = cards.short(words, 60)
    return [{"title": line, "opened": OPENS, "reason": reason, "holiday": words} for reason in REASONS]


def _places(count: int) -> Any:  # noqa: ANN401 - a fact of a scene
    people = _listed(4, count - 1)
    return lambda words: [{"name": words, "people": people(words)}] * count


def _listed(named: int, more: int) -> Any:  # noqa: ANN401 - a fact of a scene
    return lambda words: {
        "names": ", ".join([cards.short(words, 30)] * named),
        "more": more,
        "many": named + more,
    }


def _loads(minutes: int) -> Any:  # noqa: ANN401 - a fact of a scene
    def loads(words: str) -> list[Load]:
        rested = (date(2026, 11, 3),)
        return [
            Load(1, words, minutes, None),
            Load(2, words, minutes, 60),
            Load(3, words, minutes, 10, rested),
        ]

    return loads
