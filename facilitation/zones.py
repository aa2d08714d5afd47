"""Clocks people live by: the zones of the IANA database, found by a city or a country."""

import zlib
from functools import cache
from zoneinfo import available_timezones

from babel import Locale
from babel.core import get_global

from facilitation.refusals import NotYours, Refusal

MOST = 6  # as many as a small screen offers
LONGEST = 60
FEWEST = 3  # fewer letters would fit anything
# Zones kept for old data, and those without a place: nobody would look for them.
_LEFT_OUT = ("Etc/", "posix/", "right/", "SystemV/", "US/", "Canada/", "Brazil/", "Chile/", "Mexico/")

# A country of several nations has one name in the database of zones, and a city or two.
_ALSO = dict.fromkeys(
    (
        *("england", "scotland", "wales", "northern ireland", "uk", "britain", "great britain"),
        *("cardiff", "swansea", "newport", "wrexham", "edinburgh", "glasgow", "aberdeen", "dundee", "derry"),
        *("birmingham", "bristol", "leeds", "leicester", "liverpool", "manchester", "newcastle"),
        *("nottingham", "sheffield", "southampton", "plymouth", "norwich", "hull", "york"),
    ),
    "Europe/London",
)


class ZoneUnknown(Refusal):
    """I do not know that place. Please try a larger city nearby, or the country."""


@cache
def known() -> tuple[str, ...]:
    """Every zone that is named after a place, and UTC."""
    places = {name for name in available_timezones() if "/" in name and not name.startswith(_LEFT_OUT)}
    return tuple(sorted(places | {"UTC"}))


def city(zone: str) -> str:
    """What a zone is called where there is little room: London."""
    return zone.rpartition("/")[2].replace("_", " ")


def number(zone: str) -> int:
    """A zone on a button: the same number in every version of the database."""
    return zlib.crc32(zone.encode())


@cache
def _numbered() -> dict[int, str]:
    return {number(zone): zone for zone in known()}


def numbered(wanted: int) -> str:
    """The zone of a button's number. Raises NotYours."""
    if wanted not in _numbered():
        raise NotYours
    return _numbered()[wanted]


@cache
def _countries(language: str) -> dict[str, str]:
    """The country of each zone, in small letters."""
    names = Locale.parse(language).territories
    territories = get_global("zone_territories")
    return {zone: names.get(code, "").lower() for zone, code in territories.items()}


def found(words: str) -> list[str]:
    """The zones that somebody's words may mean, the likeliest first, at most six. Raises ZoneUnknown."""
    wanted = " ".join(words[:LONGEST].replace("_", " ").lower().split())
    if wanted in _ALSO:
        return [_ALSO[wanted]]
    ranked = sorted((rank, zone) for zone in known() if wanted and (rank := _rank(zone, wanted)))
    if not ranked:
        raise ZoneUnknown
    best = [zone for rank, zone in ranked if rank == ranked[0][0]]
    return (best if ranked[0][0] == 1 else [zone for _, zone in ranked])[:MOST]


def _rank(zone: str, wanted: str) -> int:
    """How well a zone fits, 1 the best; 0: not at all."""
    named, country = city(zone).lower(), _countries("en").get(zone, "")
    enough = len(wanted) >= FEWEST
    fits = (
        wanted in (named, zone.lower(), zone.lower().replace("_", " ")),
        wanted == country,
        enough and (named.startswith(wanted) or country.startswith(wanted)),
        enough and (wanted in named or wanted in country),
    )
    return next((rank for rank, fit in enumerate(fits, 1) if fit), 0)
