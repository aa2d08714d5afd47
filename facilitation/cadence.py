"""How often, in words and as a rule: every second Thursday is FREQ=WEEKLY;INTERVAL=2;BYDAY=TH, and back.

Words come in here in English; a template says them in every language from a `Cadence`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from itertools import product

from facilitation import days, occurrences, recurrence
from facilitation.recurrence import Rule
from facilitation.refusals import Refusal

ONCE, DAY, WEEK, MONTH, YEAR = "once", "day", "week", "month", "year"
BEYOND = ""  # a rule that our words do not reach
WORKING_DAYS = (0, 1, 2, 3, 4)
LAST = -1
# The kinds of buttons that stand for a place in the month.
MONTHLY = {11: 1, 12: 2, 13: 3, 14: 4, 15: LAST}

_CODES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_FREQUENCIES = {DAY: "DAILY", WEEK: "WEEKLY", MONTH: "MONTHLY", YEAR: "YEARLY"}
_PLACES = {"first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4}
_PLACES |= {"fifth": 5, "5th": 5, "last": LAST}
_NUMBERS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "eight": 8, "ten": 10, "twelve": 12}
_NUMBERS |= {"second": 2, "2nd": 2, "other": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4}
_TIMES = re.compile(r"\b(?:for )?(\d{1,3}|two|three|four|five|six|eight|ten|twelve) (?:times|rounds)\b")
_HOUR = re.compile(
    r"(?:\bat )?\b(?P<hour>\d{1,2})(?::(?P<minute>\d{2})|\.(?P<dotted>\d{2})(?![\d/.]))?\s*(?P<half>am|pm)\b"
    r"|(?:\bat )?\b(?P<hour24>\d{1,2})[:.](?P<minute24>\d{2})(?![\d/.])(?: ?h)?"
    r"|\bat (?P<bare>\d{1,2})(?: ?o'?clock| ?h)?(?![\d/.:])"
    r"|(?:\bat )?\b(?P<noon>noon|midday)\b"
)


class CadenceUnclear(Refusal):
    """Parley could not read "{part}". Try words like: every Tuesday 10:00, every second Thursday,
    last Friday of the month, on 3 December.
    """


class CadenceTwofold(Refusal):
    """That can mean two things: "{part}". Write "{place} of the month", or
    "every {number} weeks on {weekday}".
    """


class HourNotThere(Refusal):
    """There is no such time as {part}. Write it like 10:00 or 2.30pm."""


class DayIsPast(Refusal):
    """{part} is over. Choose a day that is still to come."""


class DayTooFar(Refusal):
    """{part} is more than four years away. Choose a day that is nearer."""


@dataclass(frozen=True)
class Cadence:
    """How often, by its parts; `unit` is once, day, week, month or year, or BEYOND with the rule as `text`.

    Weekdays count from Monday = 0, `places` say which of them in the month (-1: the last), `days` which day
    of the month.
    """

    unit: str
    interval: int = 1
    weekdays: tuple[int, ...] = ()
    places: tuple[int, ...] = ()
    days: tuple[int, ...] = ()
    month: int = 0
    on: date | None = None
    until: date | None = None
    count: int | None = None
    text: str = ""


@dataclass(frozen=True)
class Heard:
    """What somebody's words come to: a rule, its first date, and the hour if they named one."""

    rule: str
    starts: date
    opens: time | None


# From words to a rule.


def heard(text: str, *, now: datetime, opens: time) -> Heard:
    """Read words or an RRULE; `now` is local time there, `opens` the hour if none is named.

    Raises CadenceUnclear, CadenceTwofold, HourNotThere, DayIsPast, and what days and rules refuse.
    """
    plain, hour = _hour(days.tidy(text))
    at = hour or opens
    earliest = now.date() if at > now.time() else now.date() + timedelta(days=1)
    if "freq=" in plain:
        written = next(part for part in text.upper().split() if "FREQ=" in part)
        rule = written.removeprefix("RRULE:").strip(";")
        return Heard(rule, first(rule, earliest), hour)
    plain, begins = _taken(
        plain, r"\b(?:starting|beginning|from|starts)(?: on| from)? (.+?)(?= until | till |$)", earliest
    )
    plain, until = _taken(plain, r"\b(?:until|till|up to|to) (.+)$", begins or earliest)
    plain, count = _times(plain)
    read = _read(plain, text, max(begins or earliest, earliest))
    if max(begins or earliest, read.on or earliest) - earliest > occurrences.HORIZON:
        raise DayTooFar(part=days.shown(text))
    told = replace(read, until=until, count=count) if read.unit != ONCE else read
    if told.on is not None and told.on < earliest:
        raise DayIsPast(part=days.shown(text))
    return Heard(as_rule(told), told.on or first(as_rule(told), max(begins or earliest, earliest)), hour)


def first(rule: str, earliest: date) -> date:
    """The first date of a rule from a day on, which INTERVAL and COUNT then count from.

    Raises NoDateInFourYears, and what a rule refuses.
    """
    read = recurrence.read(rule)
    # Every second Thursday begins with the next Thursday, not with the one after it.
    plain = replace(read, interval=1, count=None)
    end = earliest + occurrences.HORIZON
    found = next(recurrence.dates(plain, earliest, first=earliest, last=end), None)
    if found is None:
        raise occurrences.NoDateInFourYears(starts=earliest.isoformat())
    return found


def _hour(plain: str) -> tuple[str, time | None]:
    found = _HOUR.search(plain)
    if found is None:
        return plain, None
    rest = " ".join((plain[: found.start()] + " " + plain[found.end() :]).split())
    parts = {name: part for name, part in found.groupdict().items() if part}
    hour = int(parts.get("hour") or parts.get("hour24") or parts.get("bare") or 12)
    minute = int(parts.get("minute") or parts.get("dotted") or parts.get("minute24") or 0)
    if "half" in parts:
        hour = hour % 12 + (12 if parts["half"] == "pm" else 0) if 1 <= hour <= 12 else 99  # noqa: PLR2004 - the clock's
    try:
        return rest, time(hour, minute)
    except ValueError:
        raise HourNotThere(part=found[0].strip()) from None


def _taken(plain: str, shape: str, today: date) -> tuple[str, date | None]:
    """The words without a day said behind "from" or "until", and that day."""
    found = re.search(shape, plain)
    named = days.day(found[1], today=today) if found else None
    if found is None or named is None:
        return plain, None
    return " ".join((plain[: found.start()] + plain[found.end() :]).split()), named


def _times(plain: str) -> tuple[str, int | None]:
    found = _TIMES.search(plain)
    if found is None:
        return plain, None
    return " ".join(_TIMES.sub(" ", plain).split()), _NUMBERS.get(found[1]) or int(found[1])


def _read(plain: str, text: str, earliest: date) -> Cadence:
    readers: tuple[Callable[[str, date], Cadence | None], ...] = (_once, _daily, _yearly, _monthly, _weekly)
    found = next((told for reader in readers if (told := reader(plain, earliest))), None)
    if found is None:
        raise CadenceUnclear(part=days.shown(text))
    return found


def _once(plain: str, earliest: date) -> Cadence | None:
    bare = re.sub(r"^(?:once|one time|only)\b ?", "", plain)
    named = days.day(bare, today=earliest)
    return None if named is None else Cadence(ONCE, on=named)


def _daily(plain: str, _: date) -> Cadence | None:
    if re.fullmatch(r"(?:daily|every day|each day)", plain):
        return Cadence(DAY)
    found = re.fullmatch(r"every (\w+) days?", plain)
    if found and (number := _number(found[1])):
        return Cadence(DAY, number)
    if re.fullmatch(
        r"(?:every |each |on )?(?:weekdays?|working days?)(?: monday to friday)?|monday (?:to|-) friday",
        plain,
    ):
        return Cadence(WEEK, weekdays=WORKING_DAYS)
    return None


def _yearly(plain: str, earliest: date) -> Cadence | None:
    found = re.fullmatch(r"(?:every year|yearly|annually|once a year)(?: on)? (.+)", plain)
    named = days.day(found[1], today=earliest) if found else None
    return None if named is None else Cadence(YEAR, month=named.month, days=(named.day,))


def _monthly(plain: str, earliest: date) -> Cadence | None:
    interval, rest = _every(
        plain, "month", "monthly|once a month|of the month|each month|of each month|of every month"
    )
    if interval is None:
        interval, rest = (
            (3, re.sub(r"\b(?:every quarter|quarterly)\b", "", plain))
            if "quarter" in plain
            else (None, plain)
        )
    if interval is None:
        # "Every last Friday" can be nothing else.
        if not re.match(r"(?:every|each) (?:the )?(?:first|1st|last) ", plain):
            return None
        interval, rest = 1, plain
    words = [word for word in rest.split() if word not in {"on", "the", "every", "each", "of", "and", "a"}]
    if not words:
        return Cadence(MONTH, interval, weekdays=(earliest.weekday(),), places=(_place(earliest),))
    return _numbered(words, interval) or _placed(words, interval)


def _numbered(words: list[str], interval: int) -> Cadence | None:
    """The 1st and the 15th, day 15, the last day."""
    line = re.sub(r"\blast day\b", "-1", " ".join(words))
    found = [
        re.fullmatch(r"(-?\d{1,2})(?:st|nd|rd|th)?", word)
        for word in line.split()
        if word not in {"day", "days"}
    ]
    numbers = tuple(sorted({int(one[1]) for one in found if one}, key=lambda number: number % 100))
    if not found or not all(found) or not all(number == LAST or 1 <= number <= 31 for number in numbers):  # noqa: PLR2004 - days of a month
        return None
    return Cadence(MONTH, interval, days=numbers)


def _placed(words: list[str], interval: int) -> Cadence | None:
    """First and third Tuesday."""
    places = tuple(sorted({_PLACES[word] for word in words if word in _PLACES}, key=lambda place: place % 10))
    weekdays = _weekdays([word for word in words if word not in _PLACES])
    return Cadence(MONTH, interval, weekdays=weekdays, places=places) if places and weekdays else None


def _weekly(plain: str, earliest: date) -> Cadence | None:
    interval, rest = _every(plain, "week", "weekly|once a week|each week|a week")
    fortnight = re.sub(r"\b(?:every fortnight|fortnightly|once a fortnight)\b", "", plain)
    if interval is None and fortnight != plain:
        interval, rest = 2, fortnight
    named = interval is not None
    if interval is None:
        found = re.match(r"every (second|2nd|other|third|3rd|fourth|4th|fifth|5th) (\w+)", plain)
        _refuse_twofold(found)
        interval, rest = (2, plain.replace(found[1], "", 1)) if found else (1, plain)
    words = [word for word in rest.split() if word not in {"on", "every", "each", "the", "and"}]
    if not words and named:
        # They did not say which day: the first one that is a working day.
        weekday = earliest.weekday() if earliest.weekday() in WORKING_DAYS else 0
        return Cadence(WEEK, interval, weekdays=(weekday,))
    weekdays = _weekdays(words)
    return Cadence(WEEK, interval, weekdays=weekdays) if weekdays else None


def _refuse_twofold(found: "re.Match[str] | None") -> None:
    if found and found[1] not in {"second", "2nd", "other"} and _weekdays([found[2]]):
        number = _PLACES[found[1]]
        raise CadenceTwofold(part=found[0], place=f"{found[1]} {found[2]}", number=number, weekday=found[2])


def _every(plain: str, unit: str, others: str) -> tuple[int | None, str]:
    """How many units lie between ("every two weeks" is 2), and the words without it; None: not that unit."""
    found = re.search(rf"\bevery (?:(\w+) )?{unit}s?\b", plain)
    number = 1 if found and not found[1] else _number(found[1] or "") if found else None
    if found and number:
        plain = " ".join((plain[: found.start()] + plain[found.end() :]).split())
        return number, re.sub(rf"\b(?:{others})\b", "", plain)
    bare = re.sub(rf"\b(?:{others})\b", "", plain)
    return (1, bare) if bare != plain else (None, plain)


def _number(word: str) -> int | None:
    return _NUMBERS.get(word) or (int(word) if re.fullmatch(r"[1-9]\d?", word) else None)


def _weekdays(words: list[str]) -> tuple[int, ...]:
    """The weekdays these words name; none if one of them is something else."""
    found = [
        next((at for at, name in enumerate(days.WEEKDAYS) if _is_weekday(word, name)), None) for word in words
    ]
    return tuple(sorted({at for at in found if at is not None})) if None not in found else ()


def _is_weekday(word: str, name: str) -> bool:
    bare = word.removesuffix("s") if len(word) > 4 else word  # noqa: PLR2004 - "tues" is no plural
    return len(bare) >= 3 and (name.startswith(bare) or bare == name)  # noqa: PLR2004 - mon, tue


def _place(day: date) -> int:
    place = (day.day + 6) // 7
    return place if place < 5 else LAST  # noqa: PLR2004 - a fifth one is not in every month


def preset(kind: int, weekday: int) -> str | None:
    """The rule behind a button; None: there is no such button.

    Kind 1 is every week, 2 every second week, 11 to 14 the first to fourth such weekday of the month, 15 the
    last.
    """
    if not 0 <= weekday < len(days.WEEKDAYS):
        return None
    if kind in {1, 2}:
        return as_rule(Cadence(WEEK, kind, weekdays=(weekday,)))
    place = MONTHLY.get(kind)
    return as_rule(Cadence(MONTH, weekdays=(weekday,), places=(place,))) if place else None


# From a rule to its parts.


def as_rule(told: Cadence) -> str:
    """The iCalendar rule of a cadence."""
    if told.unit == BEYOND:
        return told.text
    if told.unit == ONCE:
        return "FREQ=DAILY;COUNT=1"
    parts = [f"FREQ={_FREQUENCIES[told.unit]}"]
    parts += [f"INTERVAL={told.interval}"] if told.interval > 1 else []
    parts += [f"BYMONTH={told.month}"] if told.month else []
    parts += [f"BYMONTHDAY={','.join(map(str, told.days))}"] if told.days else []
    placed = [
        f"{place or ''}{_CODES[weekday]}" for place, weekday in product(told.places or (0,), told.weekdays)
    ]
    parts += [f"BYDAY={','.join(placed)}"] if placed else []
    parts += [f"UNTIL={told.until:%Y%m%d}"] if told.until else []
    parts += [f"COUNT={told.count}"] if told.count else []
    return ";".join(parts)


def told(text: str, starts: date) -> Cadence:
    """A rule by its parts; `unit` BEYOND where our words do not reach it."""
    read = recurrence.read(text)
    units: dict[str, Callable[[Rule, date], Cadence | None]] = {
        "DAILY": _told_daily,
        "WEEKLY": _told_weekly,
        "MONTHLY": _told_monthly,
        "YEARLY": _told_yearly,
    }
    odd = read.weeks or read.year_days or (read.week_start and read.interval > 1)
    found = None if odd else units[read.frequency](read, starts)
    if found is None:
        return Cadence(BEYOND, text=text)
    return found if found.unit == ONCE else replace(found, until=read.until, count=read.count)


def _told_daily(read: Rule, starts: date) -> Cadence | None:
    if read.months or read.month_days or read.positions:
        return None
    if read.weekdays:
        return _told_weekly(read, starts) if read.interval == 1 else None
    return Cadence(ONCE, on=starts) if read.count == 1 else Cadence(DAY, read.interval)


def _told_weekly(read: Rule, starts: date) -> Cadence | None:
    if read.months or read.positions:
        return None
    weekdays = tuple(sorted(weekday for _, weekday in read.weekdays)) or (starts.weekday(),)
    return Cadence(WEEK, read.interval, weekdays=weekdays)


def _told_monthly(read: Rule, starts: date) -> Cadence | None:
    if read.months or (read.month_days and read.weekdays):
        return None
    if not read.weekdays:
        days_ = tuple(sorted(read.month_days or {starts.day}, key=lambda number: number % 100))
        plain = not read.positions and all(day > 0 or day == LAST for day in days_)
        return Cadence(MONTH, read.interval, days=days_) if plain else None
    places = {place for place, _ in read.weekdays}
    weekdays = tuple(sorted({weekday for _, weekday in read.weekdays}))
    if read.positions and places == {0} and len(weekdays) == 1:
        places = set(read.positions)
    elif read.positions or read.weekdays != set(product(places, weekdays)):
        return None
    if not places <= {1, 2, 3, 4, 5, LAST}:
        return None
    return Cadence(
        MONTH, read.interval, weekdays=weekdays, places=tuple(sorted(places, key=lambda place: place % 10))
    )


def _told_yearly(read: Rule, starts: date) -> Cadence | None:
    if read.weekdays or read.positions or read.interval > 1 or bool(read.months) != bool(read.month_days):
        return None
    months, numbers = read.months or {starts.month}, read.month_days or {starts.day}
    (month, *more), (number, *others) = months, numbers
    return None if more or others or number < 1 else Cadence(YEAR, month=month, days=(number,))
