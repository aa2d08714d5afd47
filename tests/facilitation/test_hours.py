"""The hours of a schedule: a window ends before the next round, a digest comes after the brief."""

from datetime import date, time
from typing import Any

import pytest

from facilitation import hours
from facilitation.refusals import NotYours
from storage.rounds import Schedule
from tests.cast import MONDAY


def weekly(**changes: str) -> Schedule:
    usual: dict[str, Any] = {
        "instrument": "pulse",
        "rule": "FREQ=WEEKLY;BYDAY=TU",
        "starts": date(2026, 11, 3),
    }
    usual |= {"partnership_id": 1, "created_at": MONDAY}
    return Schedule(**usual | changes)


@pytest.mark.parametrize(
    ("rule", "window"),
    [
        ("FREQ=WEEKLY;BYDAY=TU", (3, "17:00")),
        ("FREQ=WEEKLY;BYDAY=MO,TH", (2, "17:00")),
        ("FREQ=DAILY", (0, "17:00")),
        ("FREQ=DAILY;COUNT=1", (3, "17:00")),
        ("FREQ=MONTHLY;BYDAY=-1FR", (3, "17:00")),
    ],
)
def test_a_window_is_made_to_end_before_the_next_round_opens(rule: str, window: tuple[int, str]) -> None:
    schedule = weekly(rule=rule)

    hours.fit(schedule)

    assert (schedule.window_days, schedule.closes) == window
    assert hours.is_usual(schedule)


@pytest.mark.parametrize("opens", ["00:00", "10:00", "17:00", "22:00", "23:30"])
def test_there_is_always_a_window_that_fits(opens: str) -> None:
    schedule = weekly(rule="FREQ=DAILY", opens=opens)

    hours.fit(schedule)

    assert hours.refused(schedule, schedule.window_days, schedule.closes) is None
    assert hours.digest_fits(schedule, schedule.digest_days, schedule.digest)


@pytest.mark.parametrize(
    ("window", "refusal"),
    [
        ((7, time(10)), None),
        ((7, time(10, 1)), hours.WindowTooLong),
        ((8, time(9)), hours.WindowTooLong),
        ((0, time(10)), hours.WindowEmpty),
        ((0, time(10, 1)), None),
        ((15, time(9)), NotYours),
    ],
)
def test_a_window_ends_after_it_opens_and_before_the_next(
    window: tuple[int, time], refusal: type[Exception] | None
) -> None:
    schedule = weekly()

    if refusal is None:
        hours.stay_open(schedule, *window)
        assert (schedule.window_days, schedule.closes) == (window[0], f"{window[1]:%H:%M}")
    else:
        with pytest.raises(refusal):
            hours.stay_open(schedule, *window)


@pytest.mark.parametrize(
    ("days_after", "at", "fits"), [(0, time(18), True), (0, time(17, 59), False), (1, time(1), True)]
)
def test_a_digest_leaves_the_facilitator_an_hour(days_after: int, at: time, fits: bool) -> None:  # noqa: FBT001 - a column of the table
    schedule = weekly()

    if fits:
        hours.tell(schedule, days_after, at)
        assert schedule.digest == f"{at:%H:%M}"
    else:
        with pytest.raises(hours.DigestTooEarly):
            hours.tell(schedule, days_after, at)
