"""A clock is found by the place somebody names."""

import pytest

from facilitation import zones


@pytest.mark.parametrize("words", ["London", "Cardiff", "wales", "Northern  Ireland", "UK", "Manchester"])
def test_a_place_in_britain_has_the_clock_of_london(words: str) -> None:
    assert zones.found(words) == ["Europe/London"]
