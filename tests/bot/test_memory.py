"""The memory of this process."""

import ctypes

import pytest

from bot import memory

pytestmark = pytest.mark.alone


def test_the_peak_is_in_megabytes() -> None:
    assert 20 < memory.peak() < 5_000


def test_a_c_library_without_arenas_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _: object())

    memory.one_arena()
