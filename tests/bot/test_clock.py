import asyncio
import os
import threading
import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from bot import clock

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
LOCAL = "http://127.0.0.1:8081"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    clock.move(tmp_path / "clock", MONDAY)
    return tmp_path / "clock"


def test_without_a_file_the_time_is_the_machines_in_utc() -> None:
    before = time.time()

    now = clock.Clock().now()

    assert before <= now.timestamp() <= time.time()
    assert now.utcoffset() == timedelta(0)


def test_a_clock_file_stands_still_until_it_is_moved(file: Path) -> None:
    calendar = clock.Clock(file)
    first = calendar.now()
    time.sleep(0.02)

    second = calendar.now()
    clock.move(file, MONDAY + timedelta(days=7))

    assert (first, second, calendar.now()) == (MONDAY, MONDAY, MONDAY + timedelta(days=7))


def test_moves_quicker_than_the_file_systems_tick_are_all_seen(file: Path) -> None:
    calendar = clock.Clock(file)
    seen = []

    for step in range(300):
        clock.move(file, MONDAY + timedelta(minutes=step % 60))
        seen.append(calendar.now())

    assert seen == [MONDAY + timedelta(minutes=step % 60) for step in range(300)]


def test_a_reader_never_sees_half_a_move(file: Path) -> None:
    done = threading.Event()

    def mover() -> None:
        for step in range(300):
            clock.move(file, MONDAY + timedelta(days=step))
        done.set()

    thread = threading.Thread(target=mover)
    thread.start()
    seen = [MONDAY]
    while not done.is_set():
        seen.append(clock.read(file))
    thread.join()

    assert seen == sorted(seen)


def test_an_unmoved_file_is_read_once(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calendar = clock.Clock(file)
    calendar.now()
    monkeypatch.setattr(clock, "read", lambda _: pytest.fail("it was read again"))

    assert calendar.now() == MONDAY


def test_a_moment_in_another_zone_is_kept_in_utc(file: Path) -> None:
    clock.move(file, datetime(2026, 3, 2, 11, tzinfo=timezone(timedelta(hours=2))))

    assert clock.Clock(file).now().isoformat() == "2026-03-02T09:00:00+00:00"


async def test_a_sleeper_wakes_when_the_file_reaches_the_moment(file: Path) -> None:
    calendar = clock.Clock(file)
    sleeper = asyncio.create_task(calendar.sleep_until(MONDAY + timedelta(hours=2)))

    clock.move(file, MONDAY + timedelta(hours=1))
    await asyncio.sleep(0.05)
    too_early = sleeper.done()
    clock.move(file, MONDAY + timedelta(hours=2))
    await asyncio.wait_for(sleeper, 1)

    assert not too_early


async def test_a_sleeper_on_the_machines_clock_wakes_in_time_and_at_once_for_the_past() -> None:
    calendar = clock.Clock()
    moment = calendar.now() + timedelta(milliseconds=50)

    await calendar.sleep_until(moment)
    woken = calendar.now()
    await asyncio.wait_for(calendar.sleep_until(moment - timedelta(days=1)), 0.5)

    assert moment <= woken <= moment + timedelta(seconds=1)


async def test_who_waits_for_a_move_is_told_the_new_time(file: Path) -> None:
    waiting = asyncio.create_task(clock.Clock(file).moved())
    await asyncio.sleep(0.02)

    clock.move(file, MONDAY - timedelta(hours=3))

    assert await asyncio.wait_for(waiting, 1) == MONDAY - timedelta(hours=3)


async def test_who_was_busy_during_a_move_hears_of_it_all_the_same(file: Path) -> None:
    clocks = clock.Clock(file)
    known = clocks.now()
    clock.move(file, MONDAY + timedelta(hours=3))
    clocks.now()

    assert await asyncio.wait_for(clocks.moved(since=known), 1) == MONDAY + timedelta(hours=3)


async def test_the_machines_clock_is_never_moved() -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(clock.Clock().moved(), 0.05)


@pytest.mark.parametrize(
    "base", ["http://127.0.0.1:8081", "http://localhost:8081/", "http://[::1]:8081", "http://127.8.8.8"]
)
def test_a_clock_file_is_taken_where_the_bot_api_is_this_machine(file: Path, base: str) -> None:
    assert clock.for_settings(file, base).now() == MONDAY


@pytest.mark.parametrize(
    "base",
    [
        "https://api.telegram.org",
        "http://localhost.example.org",
        "http://10.0.0.1",
        "http://127.0.0.1@example.org",
        "http://0.0.0.0",
        "127.0.0.1:8081",
        "",
    ],
)
def test_a_clock_file_is_refused_where_the_bot_api_is_elsewhere(file: Path, base: str) -> None:
    with pytest.raises(clock.ClockNotAllowedError, match="PARLEY_CLOCK_FILE"):
        clock.for_settings(file, base)


def test_without_a_clock_file_any_bot_api_will_do() -> None:
    now = clock.for_settings(None, "https://api.telegram.org").now()

    assert now.tzinfo is UTC


@pytest.mark.parametrize("content", ["", "soon", "2026-03-02T09:00:00", "\u0662026"])
def test_a_clock_file_that_holds_no_moment_is_refused_by_name(file: Path, content: str) -> None:
    file.write_text(content, encoding="utf-8")

    with pytest.raises(clock.ClockUnreadableError, match="2026-03-02T09:00:00"):
        clock.for_settings(file, LOCAL)


def test_a_missing_clock_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(clock.ClockUnreadableError, match="nowhere"):
        clock.for_settings(tmp_path / "nowhere", LOCAL)


def test_a_moment_without_an_offset_is_not_written(file: Path) -> None:
    with pytest.raises(clock.ClockUnreadableError):
        clock.move(file, datetime(2026, 3, 2))  # noqa: DTZ001 - the mistake under test

    assert clock.read(file) == MONDAY


def test_a_move_leaves_nothing_else_behind(file: Path) -> None:
    clock.move(file, MONDAY)

    assert os.listdir(file.parent) == ["clock"]  # noqa: PTH208 - names are what is asked about
