"""When people open what arrived: seeded, and in waking hours."""

from datetime import UTC, date, datetime, timedelta

import pytest

from sandbox import temperaments
from sandbox.temperaments import HOME, SLEEPS, WAKES, absences, awake, of, opening, week_of, whim

TUESDAY = datetime(2026, 11, 3, 10, tzinfo=UTC)
MONDAY = date(2026, 11, 2)


def openings(name: str, *, arrived: datetime = TUESDAY, week: int = 0) -> list[datetime | None]:
    return [opening(name, arrived, week=week, chance=whim(1, user, week, "opening")) for user in range(400)]


def test_prompt_people_open_within_three_hours() -> None:
    times = openings("prompt")

    assert all(at is not None and TUESDAY <= at <= TUESDAY + timedelta(hours=3) for at in times)


def test_late_people_come_a_day_and_a_half_to_three_days_later_or_the_morning_after() -> None:
    times = openings("late")

    waits = [(at - TUESDAY).total_seconds() / 3600 for at in times if at]
    assert len(waits) == 400
    assert min(waits) >= 36
    assert max(waits) <= 72


def test_silent_people_open_about_one_round_in_five() -> None:
    times = openings("silent")

    assert 50 <= sum(at is not None for at in times) <= 110


@pytest.mark.parametrize("name", ["prompt", "late", "terse", "angry", "nonsense", "hostile"])
def test_nobody_opens_anything_at_night(name: str) -> None:
    late_evening = datetime(2026, 10, 24, 21, 30, tzinfo=UTC)  # the night in which the clocks change

    times = [at.astimezone(HOME).time() for at in openings(name, arrived=late_evening) if at]

    assert all(WAKES <= at < SLEEPS for at in times)


def test_being_awake_leaves_a_moment_of_the_day_alone() -> None:
    assert awake(TUESDAY, whim(1)) == TUESDAY


def test_before_dawn_becomes_the_same_morning_and_night_the_next() -> None:
    early, late = TUESDAY.replace(hour=3), TUESDAY.replace(hour=23)

    mornings = awake(early, whim(1)), awake(late, whim(1))

    assert [moment.day for moment in mornings] == [3, 4]
    assert all(7 <= moment.hour < 9 for moment in mornings)


def test_the_changing_go_from_prompt_to_silent() -> None:
    assert [of("changing", week) for week in (0, 1, 2, 3, 4, 9)] == [
        "prompt",
        "prompt",
        "late",
        "late",
        "silent",
        "silent",
    ]


def test_whoever_blocks_does_so_in_the_second_week_and_returns_in_the_fifth() -> None:
    weeks = [(week_of(at, MONDAY) + 1, what) for at, what in absences("blocks", MONDAY)]

    assert weeks == [(2, "block"), (5, "return")]
    assert absences("prompt", MONDAY) == ()


def test_a_week_begins_with_the_local_date() -> None:
    before_midnight = datetime(2026, 11, 8, 23, 59, tzinfo=UTC)

    assert week_of(before_midnight, MONDAY) == 0
    assert week_of(before_midnight + timedelta(minutes=1), MONDAY) == 1
    assert week_of(TUESDAY - timedelta(days=30), MONDAY) == 0


def test_chance_depends_on_nothing_but_what_it_is_about() -> None:
    first = whim(1, 1001, 0, "opening").random()

    assert whim(1, 1001, 0, "opening").random() == first
    assert whim(2, 1001, 0, "opening").random() != first
    assert whim(1, 1002, 0, "opening").random() != first
    assert whim(1, 1001, 0, "\ud800").random() != first


def test_every_temperament_of_the_demo_has_habits() -> None:
    for name in temperaments.NAMES:
        for week in range(7):
            assert of(name, week) in temperaments.TEMPERAMENTS
