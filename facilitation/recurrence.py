"""An iCalendar rule, read strictly and walked by day.

A rule is walked one period (day, week, month, year) after another, and each period's days are looked at
one by one: the work is bounded by the days walked, whatever the rule says. dateutil's rrule goes on to
the year 9999 where nothing matches (2.7 s for `FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30`), starts from the first
date each time it is asked, and takes BYMONTHDAY=99 without a word; so the tests compare with it, but the
clock does not wait for it.
"""

import calendar
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from itertools import islice
from typing import Any

from facilitation.refusals import Refusal

_WEEKDAYS = {"MO": 0, "TU": 1, "WE": 2, "TH": 3, "FR": 4, "SA": 5, "SU": 6}
_EVERY = 0
_LONGEST = 500
_MOST_DATES = 1000


class RuleUnreadable(Refusal):
    """Parley cannot read "{part}" in this rule. A rule looks like FREQ=WEEKLY;BYDAY=TU for every Tuesday."""


class RuleHasNoFrequency(Refusal):
    """A rule starts with how often: FREQ=DAILY, WEEKLY, MONTHLY or YEARLY."""


class RuleTooFrequent(Refusal):
    """A round opens at most once a day, at the hour beside the rule. Please take {part} out of the rule."""


class RulePartUnknown(Refusal):
    """Parley knows no "{part}" in a rule, only FREQ, INTERVAL, COUNT, UNTIL, WKST and which days, by BY..."""


class RulePartTwice(Refusal):
    """{part} stands twice in this rule; once is enough."""


class RulePartsClash(Refusal):
    """{part} has no meaning together with {other}. Please leave one of the two out."""


class UntilIsNotADate(Refusal):
    """UNTIL names the last day as a date in the partnership's own time, like UNTIL=20261231, not "{part}"."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule, read. Empty sets ask for nothing. Weekdays are (which of them, Monday=0), 0 for every one."""

    frequency: str
    interval: int = 1
    week_start: int = 0
    count: int | None = None
    until: date | None = None
    months: frozenset[int] = frozenset()
    weeks: frozenset[int] = frozenset()
    year_days: frozenset[int] = frozenset()
    month_days: frozenset[int] = frozenset()
    weekdays: frozenset[tuple[int, int]] = frozenset()
    positions: frozenset[int] = frozenset()


@lru_cache(maxsize=1024)
def read(text: str) -> Rule:
    """Read the text of a rule, with or without "RRULE:" in front. Raises a Refusal that names the part."""
    if len(text) > _LONGEST:
        raise RuleUnreadable(part=text[:20] + "...")
    parts = _parts(text.strip(" ;\t\r\n"))
    if "FREQ" not in parts:
        raise RuleHasNoFrequency
    _refuse_clashes(parts)
    return Rule(**{_READERS[name][0]: _READERS[name][1](name, value) for name, value in parts.items()})


def dates(rule: Rule, starts: date, *, first: date, last: date) -> Iterator[date]:
    """Give every date of the rule from `first` to `last`, none before `starts`, in order.

    `starts` is what INTERVAL counts from and where unnamed parts come from (FREQ=WEEKLY alone is the
    weekday of `starts`); it is itself a date of the rule only if it fits.
    """
    rule = _completed(rule, starts)
    # A rule with COUNT has to be counted from its start; any other is entered where it is asked about.
    begin = starts if rule.count is not None else max(first, starts)
    end = min(last, rule.until) if rule.until else last
    found = (
        day
        for days in _periods(rule, starts, begin=begin, end=end)
        for day in _chosen(rule, days)
        if begin <= day <= end
    )
    return (day for day in islice(found, rule.count) if day >= first)


def _parts(text: str) -> dict[str, str]:
    if not text:
        raise RuleHasNoFrequency
    parts: dict[str, str] = {}
    for part in re.sub(r"^rrule:", "", text, flags=re.IGNORECASE).split(";"):
        name, _, value = part.strip().upper().partition("=")
        if not value:
            raise RuleUnreadable(part=part)
        if name in {"BYHOUR", "BYMINUTE", "BYSECOND"}:
            raise RuleTooFrequent(part=name)
        if name not in _READERS:
            raise RulePartUnknown(part=name)
        if name in parts:
            raise RulePartTwice(part=name)
        parts[name] = value
    return parts


def _refuse_clashes(parts: dict[str, str]) -> None:
    frequency = parts["FREQ"]
    if "COUNT" in parts and "UNTIL" in parts:
        raise RulePartsClash(part="COUNT", other="UNTIL")
    if "BYWEEKNO" in parts and frequency != "YEARLY":
        raise RulePartsClash(part="BYWEEKNO", other=f"FREQ={frequency}")
    if "BYYEARDAY" in parts and frequency != "YEARLY":
        raise RulePartsClash(part="BYYEARDAY", other=f"FREQ={frequency}")
    if "BYMONTHDAY" in parts and frequency == "WEEKLY":
        raise RulePartsClash(part="BYMONTHDAY", other="FREQ=WEEKLY")
    if "BYSETPOS" in parts and not any(name.startswith("BY") for name in parts.keys() - {"BYSETPOS"}):
        raise RulePartsClash(part="BYSETPOS", other="no other BY part")
    _refuse_numbered_weekdays(parts)


def _refuse_numbered_weekdays(parts: dict[str, str]) -> None:
    numbered = re.search(r"\d", parts.get("BYDAY", ""))
    if numbered and parts["FREQ"] not in {"MONTHLY", "YEARLY"}:
        raise RulePartsClash(part=f"BYDAY={parts['BYDAY']}", other=f"FREQ={parts['FREQ']}")
    if numbered and "BYWEEKNO" in parts:
        raise RulePartsClash(part=f"BYDAY={parts['BYDAY']}", other="BYWEEKNO")


def _frequency(name: str, value: str) -> str:
    if value in {"HOURLY", "MINUTELY", "SECONDLY"}:
        raise RuleTooFrequent(part=f"{name}={value}")
    if value not in _UNIT_OF:
        raise RuleHasNoFrequency
    return value


def _number(name: str, value: str, *, most: int) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", value) or not 1 <= int(value) <= most:
        raise RuleUnreadable(part=f"{name}={value}")
    return int(value)


def _numbers(*, most: int, signed: bool = True) -> Callable[[str, str], frozenset[int]]:
    def read_them(name: str, value: str) -> frozenset[int]:
        pattern = r"[+-]?[0-9]{1,3}" if signed else r"[0-9]{1,3}"
        if not all(re.fullmatch(pattern, one) and 1 <= abs(int(one)) <= most for one in value.split(",")):
            raise RuleUnreadable(part=f"{name}={value}")
        return frozenset(int(one) for one in value.split(","))

    return read_them


def _weekdays(name: str, value: str) -> frozenset[tuple[int, int]]:
    found = [re.fullmatch(r"([+-]?(?!0)[0-9]{1,2})?(MO|TU|WE|TH|FR|SA|SU)", one) for one in value.split(",")]
    if not all(found):
        raise RuleUnreadable(part=f"{name}={value}")
    return frozenset((int(one[1] or _EVERY), _WEEKDAYS[one[2]]) for one in found if one)


def _week_start(name: str, value: str) -> int:
    if value not in _WEEKDAYS:
        raise RuleUnreadable(part=f"{name}={value}")
    return _WEEKDAYS[value]


def _until(_: str, value: str) -> date:
    try:
        # The pattern first: fromisoformat also takes weeks and dashes, which are no iCalendar dates.
        return date.fromisoformat(value if re.fullmatch(r"[0-9]{8}", value) else "")
    except ValueError:
        raise UntilIsNotADate(part=value) from None


def _completed(rule: Rule, starts: date) -> Rule:
    """Take from the first day what the rule leaves open, as RFC 5545 does."""
    if rule.weeks and not rule.weekdays:
        return replace(rule, weekdays=frozenset({(_EVERY, starts.weekday())}))
    if rule.weeks or rule.year_days or rule.month_days or rule.weekdays or rule.frequency == "DAILY":
        return rule
    if rule.frequency == "WEEKLY":
        return replace(rule, weekdays=frozenset({(_EVERY, starts.weekday())}))
    months = frozenset({starts.month}) if rule.frequency == "YEARLY" else frozenset[int]()
    return replace(rule, months=rule.months or months, month_days=frozenset({starts.day}))


def _periods(rule: Rule, starts: date, *, begin: date, end: date) -> Iterator[range]:
    """Give the ordinals of the days of each period that INTERVAL keeps, as far as `begin` to `end` touch."""
    unit_of = _UNIT_OF[rule.frequency]
    origin = unit_of(starts, rule.week_start)
    passed = (unit_of(begin, rule.week_start) - origin) // rule.interval
    first, last = origin + passed * rule.interval, unit_of(end, rule.week_start)
    for unit in range(first, last + 1, rule.interval):
        yield _DAYS_OF[rule.frequency](unit, rule.week_start)


def _chosen(rule: Rule, days: range) -> list[date]:
    fitting = [day for day in map(date.fromordinal, days) if _fits(rule, day)]
    if not rule.positions:
        return fitting
    places = {place - 1 if place > 0 else len(fitting) + place for place in rule.positions}
    return [day for place, day in enumerate(fitting) if place in places]


def _fits(rule: Rule, day: date) -> bool:
    return (
        (not rule.months or day.month in rule.months)
        and (not rule.month_days or not rule.month_days.isdisjoint(_month_days(day)))
        and (not rule.weekdays or not rule.weekdays.isdisjoint(_weekdays_of(rule, day)))
        and (not rule.year_days or not rule.year_days.isdisjoint(_year_days(day)))
        and (not rule.weeks or not rule.weeks.isdisjoint(_weeks(day, rule.week_start)))
    )


def _from_both_ends(place: int, length: int) -> tuple[int, int]:
    return place, place - length - 1


def _month_days(day: date) -> tuple[int, int]:
    return _from_both_ends(day.day, calendar.monthrange(day.year, day.month)[1])


def _year_days(day: date) -> tuple[int, int]:
    return _from_both_ends(day.timetuple().tm_yday, 365 + calendar.isleap(day.year))


def _weekdays_of(rule: Rule, day: date) -> set[tuple[int, int]]:
    """Say which weekday this is: every one, the n-th, the n-th from the end, of its month or year."""
    in_year = rule.frequency == "YEARLY" and not rule.months
    place, from_end = _year_days(day) if in_year else _month_days(day)
    weekday = day.weekday()
    return {(_EVERY, weekday), ((place + 6) // 7, weekday), (-((6 - from_end) // 7), weekday)}


def _weeks(day: date, week_start: int) -> tuple[int, int]:
    """Count weeks as ISO 8601 does: one belongs to the year that has four of its days, its fourth day's."""
    fourth = date.fromordinal(day.toordinal() - (day.weekday() - week_start) % 7 + 3)
    # 28 December always lies in its year's last week.
    last = date(fourth.year, 12, 28)
    last_fourth = last.toordinal() - (last.weekday() - week_start) % 7 + 3
    length = (date.fromordinal(last_fourth).timetuple().tm_yday + 6) // 7
    return _from_both_ends((fourth.timetuple().tm_yday + 6) // 7, length)


def _month_range(unit: int) -> range:
    first = date(unit // 12, unit % 12 + 1, 1).toordinal()
    return range(first, first + calendar.monthrange(unit // 12, unit % 12 + 1)[1])


# Ordinal 1, the first day of the year 1, is a Monday.
_UNIT_OF: dict[str, Callable[[date, int], int]] = {
    "DAILY": lambda day, _: day.toordinal(),
    "WEEKLY": lambda day, week_start: (day.toordinal() - 1 - week_start) // 7,
    "MONTHLY": lambda day, _: day.year * 12 + day.month - 1,
    "YEARLY": lambda day, _: day.year,
}
_DAYS_OF: dict[str, Callable[[int, int], range]] = {
    "DAILY": lambda unit, _: range(unit, unit + 1),
    "WEEKLY": lambda unit, week_start: range(unit * 7 + 1 + week_start, unit * 7 + 8 + week_start),
    "MONTHLY": lambda unit, _: _month_range(unit),
    "YEARLY": lambda unit, _: range(date(unit, 1, 1).toordinal(), date(unit, 12, 31).toordinal() + 1),
}
_READERS: dict[str, tuple[str, Callable[[str, str], Any]]] = {
    "FREQ": ("frequency", _frequency),
    "INTERVAL": ("interval", lambda name, value: _number(name, value, most=_MOST_DATES)),
    "COUNT": ("count", lambda name, value: _number(name, value, most=_MOST_DATES)),
    "UNTIL": ("until", _until),
    "WKST": ("week_start", _week_start),
    "BYMONTH": ("months", _numbers(most=12, signed=False)),
    "BYWEEKNO": ("weeks", _numbers(most=53)),
    "BYYEARDAY": ("year_days", _numbers(most=366)),
    "BYMONTHDAY": ("month_days", _numbers(most=31)),
    "BYDAY": ("weekdays", _weekdays),
    "BYSETPOS": ("positions", _numbers(most=366)),
}
