"""The cards of schedules: how often, when, how long, whom, and a try of the questions."""

from collections.abc import Callable, Iterator
from datetime import date
from itertools import product
from typing import Any

from markupsafe import escape

from dialogs import cadences, cards
from dialogs.cards import Card
from facilitation import cadence
from facilitation.cadence import Cadence
from facilitation.outlook import Share
from tests.dialogs.published import LARGE
from tests.dialogs.scenes import READER, Scene, drawn

DAY = date(2026, 11, 24)
LAST_DAY = 3_652_059  # the largest number of a day
SID = {"schedule": LARGE}
PID = {"partnership": LARGE}
BESIDE = 30


def line(words: str) -> str:
    """What our own words are made of: a day, a cadence, a title."""
    return cards.short(words, 60)


CADENCES = {
    "once": Cadence("once", on=DAY),
    "daily": Cadence("day"),
    "every 3 days": Cadence("day", 3),
    "weekly": Cadence("week", weekdays=(1,), until=date(2026, 11, 30)),
    "working days": Cadence("week", weekdays=cadence.WORKING_DAYS),
    "fortnightly": Cadence("week", 2, weekdays=(3,), count=6),
    "fortnightly, two": Cadence("week", 2, weekdays=(0, 3), count=1),
    "monthly": Cadence("month", weekdays=(4,), places=(1, 3)),
    "every 2 months": Cadence("month", 2, weekdays=(4,), places=(-1,)),
    "days of the month": Cadence("month", days=(1, 15)),
    "days and the last": Cadence("month", days=(15, -1)),
    "the last day": Cadence("month", days=(-1,)),
    "yearly": Cadence("year", month=11, days=(24,)),
}


def scenes() -> Iterator[Scene]:
    yield from words()
    yield from lists()
    yield from whole()
    yield from parts()
    yield from menus()
    yield from small()


def words() -> Iterator[Scene]:
    for state, told in CADENCES.items():
        yield Scene("cadence", state, lambda _, told=told: Card(cadences.said(told, READER)))  # type: ignore[misc]  # the loop's own
    yield Scene(
        "cadence",
        "beyond",
        lambda words: Card(str(escape(cadences.said(Cadence("", text=cards.short(words, 300)), READER)))),
    )
    for place in (1, 2, 3, 4, 5, -1):
        yield Scene("nth", str(place), drawn("nth", place=place))
    for about, days in product(("window", "digest", "span"), (0, 1, 2)):
        facts = {"about": about, "days": days, "first": "20:00", "last": "8:00"}
        yield Scene("plan_later", f"{about} {days}", drawn("plan_later", **facts))


def _row(state: str, told: bool, following: bool) -> Callable[[str], list[dict[str, Any]]]:  # noqa: FBT001 - filled in below
    def rows(words: str) -> list[dict[str, Any]]:
        row = {
            "id": LARGE,
            "title": line(words),
            "state": state,
            "told": line(words) if told else "",
            "hour": "10:00",
            "next": line(words) if following else "",
            "label": cards.short(words, 34),
        }
        return [row, row]

    return rows


def lists() -> Iterator[Scene]:
    yield Scene("plans", "none", drawn("plans", plans=[], **PID))
    for state, told, following in product(("draft", "running", "paused"), (True, False), (True, False)):
        yield Scene(
            "plans", f"{state} {told} {following}", drawn("plans", plans=_row(state, told, following), **PID)
        )
    names = ("pulse", "check-in", "retro", "nudge", "own")

    def kinds(words: str) -> list[dict[str, Any]]:
        return [
            {"name": name, "title": cards.short(words, 30), "number": at} for at, name in enumerate(names)
        ]

    yield Scene("plan_new", "", drawn("plan_new", kinds=kinds, **PID))


HOURS = {"opens": "10:00", "closes": "17:00", "digest": "9:00", "quiet_from": "20:00", "quiet_until": "8:00"}


def whole() -> Iterator[Scene]:
    """A schedule's card."""

    def dates(words: str) -> list[dict[str, str]]:
        return [{"day": line(words), "rests": rests} for rests in ("", "cancelled", "day off", words)]

    usual: dict[str, Any] = {
        "title": line,
        "told": line,
        "foreign": "",
        "dates": dates,
        "hours": HOURS | {"days": 3, "digest_days": 3},
        "country": "",
        "days_off": 0,
        "who": "",
        "leadless": False,
        "shows": "",
        "next_day": None,
        "first": None,
        "open_until": "",
        "open_hour": "",
        "open_day": None,
        **SID,
        **PID,
    }
    states: dict[str, dict[str, Any]] = {
        "usual": {},
        "without a time": {"told": ""},
        "no dates": {"dates": []},
        "open": {"open_until": line, "open_hour": "17:00", "open_day": LAST_DAY},
        "next": {
            "next_day": LAST_DAY,
            "first": {
                "opens": "Tuesday 8 December",
                "closes": "Friday 11 December",
                "digest": "Monday 14 December",
            },
        },
        "elsewhere": {"foreign": line},
        "nobody leads": {"leadless": True},
        "next day": {"hours": HOURS | {"days": 1, "digest_days": 1}},
        "same day, never quiet": {
            "hours": HOURS | {"days": 0, "digest_days": 0, "quiet_from": "0:00", "quiet_until": "0:00"}
        },
        "holidays": {"country": line, "days_off": 1},
        "holidays and days": {"country": line, "days_off": 2},
        "one day off": {"days_off": 1},
        "days off": {"days_off": 12},
    }
    for (name, changes), state in product(states.items(), ("draft", "running", "paused")):
        yield Scene("plan", f"{name} {state}", drawn("plan", **usual | changes | {"state": state}))


def _two(words: str) -> list[str]:
    return [words, words]


def _lines(words: str) -> list[str]:
    return [line(words), line(words)]


def parts() -> Iterator[Scene]:
    """Who is asked, and what can be shown."""
    for seats, everyone, leading in product((0, 1, 14), (True, False), (True, False)):
        facts = {"seats": seats, "everyone": everyone, "leading": leading, "cut": leading}
        missing: dict[str, Any] = {"leadless": _two if leading else [], "empty": _two if everyone else []}
        yield Scene(
            "plan_who", f"{seats} {everyone} {leading}", drawn("plan_who", partners=_two, **facts, **missing)
        )

    def together(words: str) -> list[dict[str, Any]]:
        return [{"label": line(words), "names": [words, words]}]

    groups: dict[str, dict[str, Any]] = {
        "all": {"alone": _two, "together": together, "unseen": _two},
        "total": {},
        "none": {"total": False},
        "not first": {"groups": False},
    }
    for (name, changes), (seconds, times) in product(groups.items(), ((80, 1), (110, 2), (60, 4))):
        usual = {"groups": True, "k": 4, "total": True, "alone": [], "together": [], "unseen": []}
        load = {"seconds": seconds, "times": times, "less": _less, "meets": times}
        facts_ = usual | changes | load
        yield Scene("plan_shows", f"{name} {seconds}", drawn("plan_shows", **facts_))


def _less(words: str) -> list[Share]:
    return [Share(words, 40, 30)]


def menus() -> Iterator[Scene]:
    for told in ("", line):
        yield Scene("plan_when", str(bool(told)), drawn("plan_when", told=told, opens="10:00", **SID))
    rows = [[{"label": "24", "verb": "planday", "numbers": (15, 6)}] * 2]
    for kind in ("week", "fortnight", "month", "place", "once"):
        yield Scene("plan_day", kind, drawn("plan_day", kind=kind, place=line, rows=rows, **SID))
    choices = [
        [{"label": "20:00", "verb": "planlast", "numbers": (14, 1439), "now": now} for now in (True, False)]
    ]
    for kind, nothing in (
        ("opens", ""),
        ("window", ""),
        ("digest", ""),
        ("quiet", "now"),
        ("quiet", "offered"),
    ):
        facts = {"kind": kind, "nothing": nothing, "rows": choices, "opens": "10:00", "closes": "17:00"}
        yield Scene("plan_hours", f"{kind} {nothing}", drawn("plan_hours", **facts, **SID))
    yield from resting()
    for everyone, leadless in product((True, False), (_two, [])):

        def partners(words: str) -> list[dict[str, Any]]:
            return [
                {"id": LARGE, "name": cards.short(words, BESIDE), "asked": ticked} for ticked in (True, False)
            ]

        asked: dict[str, Any] = {"everyone": everyone, "leadless": leadless, "partners": partners}
        yield Scene("plan_audience", f"{everyone} {bool(leadless)}", drawn("plan_audience", **asked, **SID))


def resting() -> Iterator[Scene]:
    def countries(words: str) -> list[list[dict[str, Any]]]:
        return [[{"name": cards.short(words, 13), "number": at, "now": at == 1} for at in (1, 2)]]

    def holiday(words: str) -> dict[str, str]:
        return {"day": line(words), "name": words}

    for (country, coming), days, more in product(
        ((line, holiday), (line, None), ("", None)), (_lines, []), (0, 1, 5)
    ):
        facts = {"country": country, "holidays": coming, "days": days, "more": more, "countries": countries}
        state = f"{bool(country)} {bool(coming)} {bool(days)} {more}"
        yield Scene("plan_rest", state, drawn("plan_rest", **facts, **SID))


def small() -> Iterator[Scene]:
    for about, running in product(("open", "next", "delete"), (True, False)):
        facts = {"about": about, "running": running, "when": line, "ordinal": LAST_DAY}
        yield Scene("plan_sure", f"{about} {running}", drawn("plan_sure", **facts, **SID))
    for back in ("planwhen", "planoff"):
        yield Scene("plan_refused", back, drawn("plan_refused", said=line, back=back, **SID))
    yield Scene("plan_heard", "", drawn("plan_heard", words=line))
    yield Scene("trying", "", drawn("trying", question=line, **SID))
    for questions, promises, rotates, draft in product((1, 6), *[(True, False)] * 3):
        facts = {"questions": questions, "seconds": 80, "promises": promises, "rotates": rotates}
        facts["draft"] = draft
        yield Scene("tried", f"{questions} {promises} {rotates} {draft}", drawn("tried", **facts, **SID))
