"""Arrangement counts are facts of enumeration; the BH vectors are published teaching examples."""

import random
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthesis import division

# Answers by group; all arrangements; how many part the answers at least as much.
ENUMERATED = [
    ([[1, 2, 2], [4, 5, 5]], 20, 2),
    ([[1, 1, 2], [4, 5]], 10, 1),
    ([[1, 2], [3, 3], [5, 5]], 90, 6),
    ([[1, 1], [4, 5, 4], [4, 4]], 210, 20),
    ([[1], [5, 5, 5, 5]], 5, 1),
    ([[2, 2, 1, 3], [4, 4, 5, 5]], 70, 2),
]

ATTAINABLE = {
    (1, 3): 1 / 4,
    (1, 5): 1 / 6,
    (2, 2): 1 / 3,
    (2, 3): 1 / 10,
    (3, 3): 1 / 10,
    (2, 5): 1 / 21,
    (3, 4): 1 / 35,
    (4, 4): 2 / 70,
    (1, 19): 1 / 20,
    (2, 2, 2): 6 / 90,
}

# p and its Benjamini-Hochberg q: a common teaching vector; 25 dietary variables
# (McDonald, Handbook of Biological Statistics); ties; all ones.
CORRECTED = [
    (
        [0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205, 0.212, 0.216],
        [0.01, 0.04, 0.084, 0.084, 0.084, 0.1, 0.10571428571428572, 0.216, 0.216, 0.216],
    ),
    (
        [
            *(0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205, 0.212, 0.216, 0.222, 0.251, 0.269),
            *(0.275, 0.34, 0.341, 0.384, 0.569, 0.594, 0.696, 0.762, 0.94, 0.942, 0.975, 0.986),
        ],
        [
            *(0.025, 0.1, 0.21, 0.21, 0.21, 0.25, 0.2642857142857),
            *[0.4910714285714] * 7,
            *(0.5328125, 0.5328125, 0.5647058823529, 0.7815789473684, 0.7815789473684, 0.87),
            *(0.9071428571429, 0.986, 0.986, 0.986, 0.986),
        ],
    ),
    ([0.2, 0.001, 0.5, 0.03, 0.04, 0.04], [0.24, 0.006, 0.5, 0.06, 0.06, 0.06]),
    ([1, 1, 1], [1, 1, 1]),
    ([], []),
]

groups_of_answers = st.lists(
    st.lists(st.integers(1, 5), min_size=1, max_size=4), min_size=2, max_size=4
).filter(lambda groups: sum(map(len, groups)) <= 10)


def rows(groups: list[list[int]]) -> tuple[list[int], list[int]]:
    flat = [(answer, label) for label, group in enumerate(groups) for answer in group]
    return [answer for answer, _ in flat], [label for _, label in flat]


@pytest.mark.parametrize(("groups", "ways", "extreme"), ENUMERATED)
def test_every_arrangement_is_counted_as_by_hand(groups: list[list[int]], ways: int, extreme: int) -> None:
    answers, labels = rows(groups)

    found = division.between(answers, labels, seed=0)

    assert (found.arrangements, found.as_extreme, found.exact) == (ways, extreme, True)
    assert found.p == pytest.approx(extreme / ways, abs=1e-9)


@given(st.lists(st.lists(st.integers(1, 5), min_size=1, max_size=3), min_size=2, max_size=3))
@settings(max_examples=25, deadline=None)
def test_counting_arrangements_equals_trying_every_order_of_answers(groups: list[list[int]]) -> None:
    groups = [group[:2] for group in groups]
    answers, labels = rows(groups)

    found = division.between(answers, labels, seed=0)

    # Means over groups only: comparing sums of squares needs no centring here.
    def parted(order: tuple[int, ...]) -> float:
        held = [[a for a, b in zip(order, labels, strict=True) if b == label] for label in set(labels)]
        return sum(sum(group) ** 2 / len(group) for group in held)

    tried = [parted(order) for order in permutations(answers)]
    expected = sum(value >= parted(tuple(answers)) - 1e-9 for value in tried) / len(tried)
    assert found.p == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("sizes", "p"), ATTAINABLE.items())
def test_the_smallest_attainable_p_is_the_tabulated_one(sizes: tuple[int, ...], p: float) -> None:
    assert division.attainable(sizes) == pytest.approx(p, abs=1e-12)


def test_no_drawn_p_can_be_smaller_than_one_in_ten_thousand() -> None:
    assert division.attainable([12, 12]) == 1 / 10_000


def test_above_twenty_thousand_arrangements_labels_are_drawn() -> None:
    answers, labels = rows([[1, 2] * 5, [4, 5] * 5])

    found = division.between(answers, labels, seed=7)

    assert (found.exact, found.looked_at) == (False, 9_999)
    assert found.p == (found.as_extreme + 1) / 10_000


def test_drawn_and_counted_p_agree_where_both_can_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    answers, labels = rows([[1, 2, 4, 3, 2, 5], [3, 5, 4, 4, 2], [2, 3, 1]])
    monkeypatch.setattr(division, "MOST_ARRANGEMENTS", 10**6)
    counted = division.between(answers, labels, seed=7)
    monkeypatch.setattr(division, "MOST_ARRANGEMENTS", 1)
    monkeypatch.setattr(division, "BATCH", 2_000)

    drawn = division.between(answers, labels, seed=7)

    assert (counted.exact, drawn.exact) == (True, False)
    assert counted.p is not None
    assert drawn.p == pytest.approx(counted.p, abs=0.02)


@given(groups_of_answers, st.randoms(), st.sampled_from([1, 3]))
@settings(max_examples=40, deadline=None)
def test_rows_in_another_order_and_groups_with_other_names_change_nothing(
    groups: list[list[int]], chance: random.Random, times: int
) -> None:
    answers, labels = rows(groups * times)
    names = list(range(20))
    chance.shuffle(names)
    people = [(answer, names[label]) for answer, label in zip(answers, labels, strict=True)]
    chance.shuffle(people)
    first = division.between(answers, labels, seed=3)

    second = division.between([a for a, _ in people], [b for _, b in people], seed=3)
    third = division.between([a for a, _ in people], [b for _, b in people], seed=3)

    assert first == second == third


def test_people_in_no_group_and_missing_answers_are_left_out() -> None:
    found = division.between([1, 2, 2, 4, 5, 5, 1, float("nan")], [0, 0, 0, 1, 1, 1, -1, 1], seed=0)

    assert (found.n, found.arrangements, found.as_extreme) == (6, 20, 2)


def test_one_group_cannot_be_compared() -> None:
    found = division.between([1, 2, 3], [4, 4, 4], seed=0)

    assert found.p is None
    assert found.attainable == 1


def test_equal_answers_are_never_a_division() -> None:
    found = division.between([4] * 12, [0] * 6 + [1] * 6, seed=0)

    assert found.p == 1


def test_without_structure_false_alarms_stay_within_the_level() -> None:
    chance = np.random.default_rng(20_240)
    shares = (0.05, 0.15, 0.25, 0.35, 0.2)
    labels = [0] * 4 + [1] * 4 + [2] * 3
    trials = 600

    p = [division.between(chance.choice(5, 11, p=shares) + 1, labels, seed=1).p for _ in range(trials)]

    alarms = sum(value is not None and value <= 0.05 for value in p) / trials
    # Exact tests keep the level; three standard errors of 600 trials on top.
    assert alarms <= 0.05 + 3 * (0.05 * 0.95 / trials) ** 0.5


def test_a_clear_difference_is_found() -> None:
    chance = np.random.default_rng(5)
    labels = [0] * 6 + [1] * 6
    low, high = (0.4, 0.4, 0.2, 0, 0), (0, 0, 0.2, 0.4, 0.4)

    found = [
        division.between(
            np.concatenate([chance.choice(5, 6, p=low), chance.choice(5, 6, p=high)]), labels, seed=1
        ).p
        for _ in range(50)
    ]

    assert sum(value is not None and value <= 0.05 for value in found) >= 45


@pytest.mark.parametrize(("p", "q"), CORRECTED)
def test_p_values_are_corrected_as_published(p: list[float], q: list[float]) -> None:
    assert division.false_discovery(p) == pytest.approx(q, abs=1e-9)


def test_an_item_without_a_test_does_not_count_among_the_tests() -> None:
    assert division.false_discovery([0.02, None, 0.04]) == [0.04, None, 0.04]


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
def test_what_is_no_probability_is_refused(p: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        division.false_discovery([p])


def test_the_verdict_says_when_it_cannot_tell() -> None:
    parted = division.between([1, 1, 2, 1, 5, 4, 5, 5], [0] * 4 + [1] * 4, seed=0)
    mixed = division.between([1, 5, 2, 4, 5, 1, 4, 2], [0] * 4 + [1] * 4, seed=0)
    tiny = division.between([1, 1, 1, 5, 5, 5, 5], [0] * 3 + [1] * 4, seed=0)
    lone = division.between([1, 5, 5, 5, 5, 5, 5, 5, 5], [0] + [1] * 8, seed=0)
    single = division.between([1] * 9, [0] * 9, seed=0)

    judged = division.judge([parted, mixed, tiny, lone, single], level=0.08)

    assert [one.verdict for one in judged] == ["between", "none", "cannot_tell", "cannot_tell", "cannot_tell"]
    assert judged[4].p is None
    assert judged[3].p == pytest.approx(1 / 9)


def test_a_difference_on_one_item_of_many_is_held_to_the_corrected_level() -> None:
    parted = division.between([1, 1, 2, 1, 5, 4, 5, 5], [0] * 4 + [1] * 4, seed=0)
    mixed = division.between([1, 5, 2, 4, 5, 1, 4, 2], [0] * 4 + [1] * 4, seed=0)

    judged = division.judge([parted, mixed])

    assert judged[0].p == pytest.approx(2 / 70)
    assert judged[0].q == pytest.approx(4 / 70)
    assert judged[0].verdict == "none"


@pytest.mark.parametrize(("answers", "groups"), [([1, 2], [0]), ([[1]], [[0]])])
def test_answers_and_groups_must_match(answers: list[int], groups: list[int]) -> None:
    with pytest.raises(ValueError, match="one answer and one group"):
        division.between(answers, groups, seed=0)


def test_an_infinite_answer_is_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        division.between([float("inf"), 1], [0, 1], seed=0)
