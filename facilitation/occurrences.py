"""When a schedule opens: the local dates of its rule, and the instant it opens on each.

The rule gives dates, the hour stands beside it, and a round is known by its date alone. So neither a
clock change nor an edited hour can double a round or lose one.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from facilitation import recurrence
from facilitation.refusals import Refusal

# How far a rule is searched, whatever it says. It covers every leap day but the one around 2100.
HORIZON = timedelta(days=4 * 365 + 1)
_DAY = timedelta(days=1)
_FIRST_START, _LAST_START = date(1970, 1, 1), date(2999, 12, 31)


class NoDateInFourYears(Refusal):
    """This rule has no date in the four years from {starts}. Please look at it again."""


class StartOutOfReach(Refusal):
    """A schedule starts between 1970 and 2999, not on {starts}."""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One opening: known by its local `day`, due at the instant `opens` (aware, UTC)."""

    day: date
    opens: datetime


def check(rule: str, starts: date) -> None:
    """Refuse a rule that cannot be kept, in the words a person sees; costs a few milliseconds at most."""
    if not _FIRST_START <= starts <= _LAST_START:
        raise StartOutOfReach(starts=starts.isoformat())
    if not next_dates(rule, starts, starts - _DAY, count=1):
        raise NoDateInFourYears(starts=starts.isoformat())


def next_dates(rule: str, starts: date, after: date, *, count: int) -> list[date]:
    """Give the next local dates, at most `count`; only those within four years after `after` or `starts`."""
    first = max(after + _DAY, starts)
    return list(
        islice(recurrence.dates(recurrence.read(rule), starts, first=first, last=first + HORIZON), count)
    )


def opens_at(day: date, at: time, zone: ZoneInfo) -> datetime:
    """Give the instant at which it is `at` on `day` there, in UTC.

    Where the clocks went forward over it, the first valid instant after; where they went back, the first
    of the two. A date that a place never had (Apia, 30 December 2011) is a long gap like any other: it
    opens as the next day begins there, and keeps its own date as its name.
    """
    wall = datetime.combine(day, at)
    opens = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if _wall(opens, zone) == wall:
        return opens
    return _first_instant_past(wall, zone)


def due(
    rule: str, starts: date, at: time, zone: ZoneInfo, *, done: date | None, now: datetime
) -> list[Occurrence]:
    """Give what should have opened by `now`, of the dates after the last one `done`.

    This is what the clock asks: it goes by dates, so an hour edited in mid-day opens today's round early
    or late, but once.
    """
    first, last = done + _DAY if done else starts, now.astimezone(zone).date()
    days = recurrence.dates(recurrence.read(rule), starts, first=first, last=last)
    found = (Occurrence(day=day, opens=opens_at(day, at, zone)) for day in days)
    return [one for one in found if one.opens <= now]


def _wall(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None)


def _first_instant_past(wall: datetime, zone: ZoneInfo) -> datetime:
    """Find the second at which the wall clock jumped over `wall`, by halving."""
    # The two folds of a time in a gap carry the offsets from before and from after it.
    early, late = sorted(wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    while late - early > timedelta(seconds=1):
        middle = early + timedelta(seconds=(late - early) // timedelta(seconds=2))
        if _wall(middle, zone) < wall:
            early = middle
        else:
            late = middle
    return late.replace(microsecond=0)
