"""The hours of a schedule: how long a round is open, when its digest comes, when nothing is sent."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import time, timedelta
from itertools import pairwise, product

from facilitation import occurrences
from facilitation.refusals import NotYours, Refusal
from storage.rounds import Schedule

# How many dates are looked at to see how close together two rounds can come.
SAMPLE = 120
LONGEST = 14  # days that a round may stay open, or a digest may wait
# When a round closes, if the hour it has leaves no room.
CLOSING = ("17:00", "20:00", "23:00")
A_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Shape:
    """How long a round is open and when its digest comes, in days and hours."""

    window_days: int = 3
    closes: str = "17:00"
    digest_days: int = 3
    digest: str = "09:00"


# What a questionnaire starts with, where that is not the usual.
SHAPES = {
    "nudge": Shape(window_days=2, digest_days=1),
    "retro": Shape(window_days=7, closes="12:00", digest_days=1),
}


class WindowTooLong(Refusal):
    """A round has to close before the next one opens. Choose a shorter time, or questions less often."""


class WindowEmpty(Refusal):
    """A round has to close after it opens. Choose a later time to close."""


class DigestTooEarly(Refusal):
    """The digest cannot come before the round has closed. Choose a later time."""


def usual(instrument: str) -> Shape:
    return SHAPES.get(instrument, Shape())


def shape(schedule: Schedule) -> Shape:
    return Shape(schedule.window_days, schedule.closes, schedule.digest_days, schedule.digest)


def take(schedule: Schedule, wanted: Shape) -> None:
    """Give a schedule this shape, with a window as much shorter as its rule asks for."""
    for name, value in vars(wanted).items():
        setattr(schedule, name, value)
    fit(schedule)


def is_usual(schedule: Schedule) -> bool:
    """Whether nobody has chosen any of these hours: they are what its rule leaves of the usual ones."""
    untouched = Schedule(**schedule.model_dump())
    take(untouched, usual(schedule.instrument))
    return shape(untouched) == shape(schedule)


def fit(schedule: Schedule) -> None:
    """Make a window shorter that would reach into the next round, and let no digest come before the close."""
    choices = product(range(schedule.window_days, -1, -1), (schedule.closes, *CLOSING))
    fitting = (choice for choice in choices if refused(schedule, *choice) is None)
    schedule.window_days, schedule.closes = next(fitting, (schedule.window_days, schedule.closes))
    while not digest_fits(schedule, schedule.digest_days, schedule.digest):
        schedule.digest_days += 1


def refused(schedule: Schedule, days: int, closes: str) -> type[Refusal] | None:
    """Why a round cannot close so many days after it opens, at this hour; None: it can."""
    if not 0 <= days <= LONGEST:
        return NotYours
    if days == 0 and closes <= schedule.opens:
        return WindowEmpty
    gap = closest(schedule)
    return WindowTooLong if gap is not None and (days, closes) > (gap, schedule.opens) else None


def closest(schedule: Schedule) -> int | None:
    """The fewest days from one date of the rule to the next; None: it has only one."""
    if not schedule.rule:
        return None
    found = occurrences.next_dates(schedule.rule, schedule.starts, schedule.starts - A_DAY, count=SAMPLE)
    return min(((after - before).days for before, after in pairwise(found)), default=None)


def stay_open(schedule: Schedule, days: int, at: time) -> None:
    """Rounds close so many days after they open, at this hour.

    Raises WindowEmpty, WindowTooLong, NotYours.
    """
    closes = f"{at:%H:%M}"
    reason = refused(schedule, days, closes)
    if reason is not None:
        raise reason
    schedule.window_days, schedule.closes = days, closes
    fit(schedule)


def digest_fits(schedule: Schedule, days: int, digest: str) -> bool:
    # The brief goes out an hour before it, and has to find the round closed.
    return days > 0 or _minutes(digest) >= _minutes(schedule.closes) + 60


def _minutes(hour: str) -> int:
    return int(hour[:2]) * 60 + int(hour[3:])


def tell(schedule: Schedule, days: int, at: time) -> None:
    """The digest comes so many days after a round closes, at this hour. Raises DigestTooEarly, NotYours."""
    if not 0 <= days <= LONGEST:
        raise NotYours
    if not digest_fits(schedule, days, f"{at:%H:%M}"):
        raise DigestTooEarly
    schedule.digest_days, schedule.digest = days, f"{at:%H:%M}"


def be_quiet(schedule: Schedule, first: time, last: time) -> None:
    """No message of a round goes out from `first` to `last`; the same hour twice means no quiet hours."""
    schedule.quiet_from, schedule.quiet_until = f"{first:%H:%M}", f"{last:%H:%M}"


def windows(schedule: Schedule, days: tuple[int, ...], closes: tuple[str, ...]) -> Iterator[tuple[int, str]]:
    """Of these days and hours, those at which a round of this schedule can close."""
    return ((day, at) for day, at in product(days, closes) if refused(schedule, day, at) is None)
