"""Days as people write them: 3 December, 25/12/2026, tomorrow, 24 December to 2 January."""

import re
from collections.abc import Iterator
from datetime import date, timedelta

from facilitation.refusals import Refusal

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july"),
    *("august", "september", "october", "november", "december"),
)
YEARS = range(1970, 3000)
LONGEST_SPAN = 366
LONGEST_YEARLESS = 100  # days; in a longer span without a year the ends were rather swapped
MOST_SPANS = 40

_MONTH = (
    r"(?P<month>" + "|".join(f"{name[:3]}(?:{name[3:]})?" for name in MONTHS).replace("sep(", "sept?(") + ")"
)
_DASHES = re.compile("[\u2013\u2014]")
_YEAR = r"(?:\s+(?P<year>\d{4}))?"
_SHAPES = tuple(
    re.compile(shape)
    for shape in (
        r"(?P<year>\d{4})-(?P<number>\d{1,2})-(?P<day>\d{1,2})",
        r"(?P<day>\d{1,2})[/.](?P<number>\d{1,2})(?:[/.](?P<year>\d{4}|\d{2}))?\.?",
        r"(?P<day>\d{1,2})(?:st|nd|rd|th)?\s+(?:of\s+)?" + _MONTH + _YEAR,
        _MONTH + r"\s+(?:the\s+)?(?P<day>\d{1,2})(?:st|nd|rd|th)?" + _YEAR,
    )
)
_NAMED = re.compile(
    r"(?:on |the )*(?:(?:" + "|".join(WEEKDAYS) + r"|mon|tues?|wed|thur?s?|fri|sat|sun) (?:the )?)?"
)


class DayUnreadable(Refusal):
    """Parley cannot read "{part}" as days. Write them like 25 December, 25/12/2026, or
    24 December to 2 January.
    """


class DayNotThere(Refusal):
    """There is no such day as "{part}". Please look at it again."""


class SpanTooLong(Refusal):
    """More than a year is too long for days off: "{part}". You can pause the questions instead."""


class SpanUnsure(Refusal):
    """That would be {days} days in a row: "{part}". If you mean that, please write the years too."""


def tidy(text: str) -> str:
    """What somebody wrote, in small letters, on one line, without the signs that mean nothing here."""
    plain = _DASHES.sub("-", text.lower()).replace("&", " and ")
    return " ".join(re.sub(r"[,;!?\"'\u201c\u201d\u2019]|\.(?=\s|$)", " ", plain).split())


def day(text: str, *, today: date) -> date | None:
    """The one day this names; None: it names none. Without a year it is the next one, today included.

    Raises DayNotThere for 31 February.
    """
    plain = tidy(text)
    soon = {"today": today, "tomorrow": today + timedelta(days=1)}.get(plain)
    if soon is not None:
        return soon
    for number, name in enumerate(WEEKDAYS):
        if re.fullmatch(rf"(?:on )?(?:next|this|the coming) (?:{name}|{name[:3]})", plain):
            return today + timedelta(days=(number - today.weekday() - 1) % 7 + 1)
    bare = _NAMED.sub("", plain, count=1) if _NAMED.match(plain) else plain
    found = next((match for shape in _SHAPES if (match := shape.fullmatch(bare))), None)
    return None if found is None else _dated(found.groupdict(), text, today)


def _dated(parts: dict[str, str | None], text: str, today: date) -> date:
    named = parts.get("month")
    month = _month(named) if named else int(parts["number"] or 0)
    number, year = int(parts["day"] or 0), int(parts["year"] or 0)
    year += 2000 if 0 < year < 100 else 0  # noqa: PLR2004 - a year of two digits
    # Words reach us in small letters; a month's name is given back as people write it.
    said = f"{number} {MONTHS[month - 1].capitalize()} {parts.get('year') or ''}" if named else text
    if year and year not in YEARS:
        raise DayNotThere(part=shown(said))
    # A day without a year is the next one; 29 February waits for its year.
    for candidate in [year] if year else range(today.year, today.year + 9):
        try:
            found = date(candidate, month, number)
        except ValueError:
            continue
        if year or found >= today:
            return found
    raise DayNotThere(part=shown(said))


def _month(name: str) -> int:
    return next(at for at, month in enumerate(MONTHS, start=1) if month.startswith(name[:3]))


def several(text: str, *, today: date) -> list[date]:
    """Every day this names, in order: days and spans, with commas, "and" or lines between them.

    Raises DayUnreadable, DayNotThere, SpanTooLong, SpanUnsure.
    """
    parts = [part for part in re.split(r"[,;\n]|\band\b|&", text) if part.strip()]
    if not parts or len(parts) > MOST_SPANS:
        raise DayUnreadable(part=shown(text))
    return sorted({day for part in parts for day in _span(part, today)})


def _span(part: str, today: date) -> Iterator[date]:
    ends = _ends(re.sub(r"^(?:from|between)\s+", "", _DASHES.sub("-", part.lower()).strip(" .\t")))
    last = day(ends[-1], today=today)
    first = day(ends[0], today=today)
    if first is None and last is not None:
        # "24 to 27 December" names its month once.
        first = day(re.sub(r"^\d+", ends[0], ends[-1]), today=today)
    if first is not None and last is not None and last < first:
        last = day(ends[-1], today=first)
    if first is None or last is None or last < first:
        raise DayUnreadable(part=shown(part))
    if (last - first).days >= LONGEST_SPAN:
        raise SpanTooLong(part=shown(part))
    if (last - first).days >= LONGEST_YEARLESS and not re.search(r"\d{4}", part):
        raise SpanUnsure(days=(last - first).days + 1, part=shown(part))
    return (first + timedelta(days=ahead) for ahead in range((last - first).days + 1))


def _ends(part: str) -> tuple[str, str]:
    """Both ends of a span; a day alone is both of them."""
    if day(part, today=date.min) is not None:
        return part, part
    found = re.fullmatch(r"(.+?)\s*(?:\s(?:to|until|till|through)\s|-)\s*(.+)", part)
    return (found[1], found[2]) if found else (part, part)


def shown(text: str) -> str:
    """What somebody wrote, short enough to stand in a sentence."""
    line = " ".join(text.split())
    return line if len(line) <= 40 else line[:39] + "…"  # noqa: PLR2004 - letters of a phone's line
