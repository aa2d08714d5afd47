"""When and how often, in words: cadences, dates and hours, as one language says them."""

import re
from collections.abc import Sequence
from datetime import date, time

from babel.dates import format_date, get_day_names
from babel.lists import format_list

from dialogs.cards import Reader, draw, plain, spoken
from facilitation import cadence
from facilitation.cadence import LAST, Cadence

# Babel leaves it open which "and" Welsh needs: "ac" stands before a vowel, "a" before anything else.
WELSH_AND = re.compile(r"\ba\(c\) (?=(?P<vowel>[aeiouwyâêîôûŵŷ])?)", re.IGNORECASE)


def said(told: Cadence, for_whom: Reader) -> str:
    """How often: "every Tuesday", "on the last Friday of the month, until 30 June 2027"."""
    return plain(
        draw(
            "cadence",
            for_whom,
            told=told,
            working=told.weekdays == cadence.WORKING_DAYS,
            days=weekdays(told.weekdays, for_whom),
            places=listed([nth(place, for_whom) for place in told.places], for_whom),
            numbers=listed([str(day) for day in told.days if day != LAST], for_whom),
            last=LAST in told.days,
            on=long_date(told.on, for_whom, year=True) if told.on else "",
            yearly=_yearly(told, for_whom),
            until=_until(told, for_whom),
        ).text
    )


def _yearly(told: Cadence, for_whom: Reader) -> str:
    if told.unit != cadence.YEAR:
        return ""
    # A leap year, so that 29 February is a day.
    return format_date(date(2028, told.month, told.days[0]), "d MMMM", locale=spoken(for_whom.language))


def _until(told: Cadence, for_whom: Reader) -> str:
    return format_date(told.until, "d MMMM y", locale=spoken(for_whom.language)) if told.until else ""


def nth(place: int, for_whom: Reader) -> str:
    """Which one in the month: "first", "last"."""
    return plain(draw("nth", for_whom, place=place).text)


def weekdays(days: Sequence[int], for_whom: Reader) -> str:
    return listed([weekday(day, for_whom) for day in days], for_whom)


def weekday(day: int, for_whom: Reader) -> str:
    """A weekday's name; 0 is Monday."""
    return str(get_day_names("wide", locale=spoken(for_whom.language))[day])


def listed(words: Sequence[str], for_whom: Reader) -> str:
    """Several words as one: "Monday, Tuesday and Friday"."""
    said = format_list(list(words), locale=spoken(for_whom.language)) if words else ""
    return WELSH_AND.sub(lambda found: "ac " if found["vowel"] else "a ", said)


def long_date(day: date, for_whom: Reader, *, year: bool = False) -> str:
    """Tuesday 24 November; with the year: Tuesday 24 November 2026."""
    shape = "EEEE d MMMM y" if year else "EEEE d MMMM"
    return format_date(day, shape, locale=spoken(for_whom.language))


def short_date(day: date, for_whom: Reader) -> str:
    """A day for a button: Tue 24 Nov."""
    return format_date(day, "EEE d MMM", locale=spoken(for_whom.language))


def weekday_date(day: date, for_whom: Reader, *, month: bool = True) -> str:
    """Tue 24 November; without its month, where that follows: Tue 24."""
    return format_date(day, "EEE d MMMM" if month else "EEE d", locale=spoken(for_whom.language))


def hour(at: str | time) -> str:
    """An hour as it is stored, as it is said: 9:00."""
    moment = time.fromisoformat(at) if isinstance(at, str) else at
    return f"{moment.hour}:{moment:%M}"
