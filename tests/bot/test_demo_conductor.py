"""The conductor: where the demo's clock goes next, and that it waits for everything."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import cast

import pytest

from bot.demo import conductor
from bot.demo.conductor import Conductor, StalledError, following
from bot.demo.stage import Scene

NOW = datetime(2026, 11, 3, 9, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
END = NOW + timedelta(days=1)


def test_with_nobody_planning_anything_time_goes_to_the_rounds_next_moment() -> None:
    assert following(NOW, of_people=None, of_round=NOW + 5 * HOUR, end=END, step=HOUR) == NOW + 5 * HOUR


def test_with_nothing_ahead_time_goes_to_the_end_and_no_further() -> None:
    assert following(NOW, of_people=None, of_round=None, end=END, step=HOUR) == END
    assert following(NOW, of_people=END + HOUR, of_round=END + 2 * HOUR, end=END, step=HOUR) == END


def test_people_of_one_hour_act_together() -> None:
    assert following(NOW, of_people=NOW + 20 * MINUTE, of_round=None, end=END, step=HOUR) == NOW + HOUR
    assert following(NOW, of_people=NOW + 61 * MINUTE, of_round=None, end=END, step=HOUR) == NOW + 2 * HOUR


def test_whoever_is_due_before_a_round_closes_acts_before_it_closes() -> None:
    closes = NOW + 30 * MINUTE

    moment = following(NOW, of_people=NOW + 20 * MINUTE, of_round=closes, end=END, step=HOUR)

    assert NOW + 20 * MINUTE <= moment < closes


def test_a_rounds_moment_comes_before_people_who_are_due_after_it() -> None:
    assert following(NOW, of_people=NOW + HOUR, of_round=NOW + MINUTE, end=END, step=HOUR) == NOW + MINUTE


def test_time_never_goes_back_for_people_who_are_overdue() -> None:
    closes = NOW + timedelta(seconds=1)

    assert NOW <= following(NOW, of_people=NOW - HOUR, of_round=closes, end=END, step=HOUR) < closes


async def test_it_waits_until_nothing_is_on_its_way() -> None:
    answers = iter(["a letter", "a letter", ""])
    looks = 0

    async def waits_for() -> str:
        nonlocal looks
        looks += 1
        return next(answers)

    await conductor.settled(waits_for, look=0.001)

    assert looks == 3


async def test_a_reply_that_began_while_it_looked_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    busy: set[int] = set()

    async def nothing_is_pending(_: str) -> dict[str, object]:
        return {"idle": True, "updates": 0, "callbacks": 0}

    async def handled_just_now(_: Conductor) -> str:
        busy.add(5)
        return ""

    scene = SimpleNamespace(
        running=SimpleNamespace(done=lambda: False),
        control=SimpleNamespace(get=nothing_is_pending),
        house=SimpleNamespace(handler=SimpleNamespace(busy=busy)),
    )
    monkeypatch.setattr(Conductor, "_in_the_database", handled_just_now)

    assert await Conductor(cast(Scene, scene)).waits_for() == "Parley's replies"


async def test_what_it_waits_for_in_vain_is_said() -> None:
    async def waits_for() -> str:
        return "3 letters in the outbox"

    with pytest.raises(StalledError, match="3 letters in the outbox"):
        await conductor.settled(waits_for, patience=0.02, look=0.001)
