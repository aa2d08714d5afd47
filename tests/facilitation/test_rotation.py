"""The bank is met in a known number of rounds, and everybody rates everybody evenly."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facilitation import instruments, rotation

PULSE = instruments.parsed(instruments.raw("pulse"))
RETRO = instruments.parsed(instruments.raw("retro"))
DIRECTED = [item.code for item in PULSE.bank if item.kind == "directed"]

partnerships = st.dictionaries(st.integers(1, 500), st.integers(1, 12), min_size=1, max_size=12)


def rotated(number: int) -> list[str]:
    core = {item.code for item in PULSE.items}
    return [row["code"] for row in instruments.frozen("pulse", number)["items"] if row["code"] not in core]


def test_the_whole_bank_is_met_in_the_rounds_that_are_told_and_then_again() -> None:
    needed = rotation.rounds_to_meet_all(PULSE)
    once = [code for number in range(1, needed + 1) for code in rotated(number)]
    again = [code for number in range(needed + 1, 2 * needed + 1) for code in rotated(number)]

    assert needed == 26
    assert sorted(once) == sorted(item.code for item in PULSE.bank)
    assert Counter(again) == Counter(once)
    assert {len(rotated(number)) for number in range(1, 100)} == {2}


def test_a_bank_that_does_not_come_out_even_takes_one_round_more() -> None:
    assert rotation.rounds_to_meet_all(replace(PULSE, bank=PULSE.bank[:5])) == 3


def test_what_has_no_bank_is_met_at_once() -> None:
    assert rotation.rounds_to_meet_all(RETRO) == 1


def asked(code: str) -> Iterator[int]:
    """The numbers of the rounds that ask this item."""
    return (number for number in range(1, 200) if code in rotated(number))


@pytest.mark.parametrize("code", DIRECTED)
def test_the_targets_of_an_item_move_on_by_one_each_time_it_is_asked(code: str) -> None:
    turns = [rotation.turns(PULSE, code, number=number) for number in asked(code)]

    assert turns == [turns[0] + times for times in range(len(turns))]
    assert len(turns) > 3


def test_the_items_that_are_asked_one_after_the_other_have_neighbouring_targets() -> None:
    firsts = [rotation.turns(PULSE, code, number=next(asked(code))) for code in DIRECTED]

    assert firsts == list(range(len(DIRECTED)))


def test_the_targets_of_an_item_of_the_core_move_on_every_round() -> None:
    directed = replace(PULSE.items[0], kind="directed")
    instrument = replace(PULSE, items=(directed,), bank=(), rotates=0)

    assert [rotation.turns(instrument, directed.code, number=number) for number in (1, 2, 3)] == [0, 1, 2]


@given(partnerships, st.integers(0, 50))
def test_everybody_rates_three_others_at_most_and_nobody_twice_or_themselves(
    seats: dict[int, int], turn: int
) -> None:
    dealt = rotation.dealt(seats, turn=turn)

    assert {organisation: len(targets) for organisation, targets in dealt.items()} == seats
    for organisation, found in dealt.items():
        for targets in found:
            assert len(targets) == len(set(targets)) == min(3, len(seats) - 1)
            assert set(targets) <= seats.keys() - {organisation}


@given(partnerships.filter(lambda seats: len(seats) > 1), st.integers(0, 50))
def test_within_a_round_each_organisation_rates_all_others_evenly_and_all_are_rated_evenly(
    seats: dict[int, int], turn: int
) -> None:
    dealt = rotation.dealt(seats, turn=turn)

    rated: Counter[int] = Counter()
    for organisation, found in dealt.items():
        counts = Counter(target for targets in found for target in targets)
        others = [counts[other] for other in seats if other != organisation]
        assert max(others) - min(others) <= 1
        rated += counts
    each = min(3, len(seats) - 1) / (len(seats) - 1)
    for organisation in seats:
        share = each * sum(many for other, many in seats.items() if other != organisation)
        assert abs(rated[organisation] - share) <= 3


@settings(max_examples=50)
@given(partnerships.filter(lambda seats: len(seats) > 1))
def test_over_the_rounds_every_seat_rates_every_other_organisation_evenly(seats: dict[int, int]) -> None:
    met: dict[tuple[int, int], Counter[int]] = {}
    for turn in range(2 * len(seats)):
        for organisation, found in rotation.dealt(seats, turn=turn).items():
            for place, targets in enumerate(found):
                met.setdefault((organisation, place), Counter()).update(targets)
                counts = [met[organisation, place][other] for other in seats if other != organisation]
                assert max(counts) - min(counts) <= 1


def test_organisations_of_one_size_are_rated_exactly_as_often_as_each_other() -> None:
    for many in range(1, 9):
        dealt = rotation.dealt(dict.fromkeys(range(4), many), turn=many)
        rated = Counter(target for found in dealt.values() for targets in found for target in targets)

        assert set(rated.values()) == {3 * many}
