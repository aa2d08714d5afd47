"""Figures are worked by hand; the oracle is numpy, over one person's differences at a time."""

import random
from types import SimpleNamespace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthesis import perception

NAN = float("nan")

said = st.sampled_from([1.0, 2.0, 3.0, 4.0, 5.0, NAN])
guessed = st.sampled_from([1.0, 2.0, 3.3, 3.7, 4.1, 5.0, NAN])
people = st.lists(st.tuples(said, guessed), min_size=1, max_size=15)
# Waves of one item: gap, variance, n.
wave = st.tuples(st.floats(-4, 4), st.floats(0, 4), st.integers(0, 30))
histories = st.lists(wave, min_size=10, max_size=32)


def of(pairs: list[tuple[float, float]]) -> perception.Gap:
    return perception.gaps([[own] for own, _ in pairs], [[guess] for _, guess in pairs])


def over(waves: list[tuple[float, float, int]]) -> SimpleNamespace:
    """The change of one item, its figures as plain numbers."""
    gap, variance, n = zip(*waves, strict=True)
    found = perception.change(gap, variance, n=n)
    return SimpleNamespace(**{name: float(getattr(found, name)) for name in found.__slots__})


def same(first: perception.Gap, second: perception.Gap) -> bool:
    return all(
        np.array_equal(getattr(first, name), getattr(second, name), equal_nan=True)
        for name in first.__slots__
    )


def test_the_gap_is_mean_answer_less_mean_guess() -> None:
    own = [[2.0, 4.0, NAN], [1.0, 4.0, 3.0], [3.0, 5.0, NAN], [2.0, NAN, NAN]]
    guesses = [[4.0, 4.0, NAN], [4.0, 3.0, NAN], [4.0, NAN, NAN], [2.0, NAN, NAN]]

    found = perception.gaps(own, guesses)

    assert found.own.tolist()[:2] == pytest.approx([2.0, 13 / 3])
    assert found.guess.tolist()[:2] == pytest.approx([3.5, 3.5])
    assert found.gap.tolist()[:2] == pytest.approx([-1.5, 13 / 3 - 3.5])
    assert (found.n_own.tolist(), found.n_guess.tolist()) == ([4, 3, 1], [4, 2, 0])
    assert found.n.tolist() == [4, 2, 0]
    assert found.own[2] == 3
    assert np.isnan([found.guess[2], found.gap[2], found.variance[2]]).all()


def test_six_people_on_both_sides_are_shown_and_five_are_not() -> None:
    five_guesses = [(2.0, 4.0)] * 5 + [(2.0, NAN)] * 4

    assert of([(2.0, 4.0)] * 6).shown.tolist() == [True]
    assert of([(2.0, 4.0)] * 5).shown.tolist() == [False]
    assert of(five_guesses).shown.tolist() == [False]


@given(people)
def test_where_all_give_both_the_variance_is_that_of_the_differences(
    pairs: list[tuple[float, float]],
) -> None:
    whole = [pair for pair in pairs if not np.isnan(pair).any()]
    if len(whole) < 2:
        whole = [(1.0, 4.1), (5.0, 3.3)]

    found = of(whole)

    differences = [own - guess for own, guess in whole]
    assert found.gap[0] == pytest.approx(np.mean(differences), abs=1e-9)
    assert found.variance[0] == pytest.approx(np.var(differences, ddof=1), abs=1e-9)


def test_where_answers_and_guesses_come_from_different_people_their_errors_add() -> None:
    own, guess = [1.0, 2.0, 4.0], [2.0, 2.0, 5.0, 5.0]

    apart = of([*((one, NAN) for one in own), *((NAN, one) for one in guess)])
    one_in_common = of([(4.0, 5.0), *((one, NAN) for one in own[:2]), *((NAN, one) for one in guess[:3])])

    error = np.var(own, ddof=1) / 3 + np.var(guess, ddof=1) / 4
    assert apart.n.tolist() == [3]
    assert apart.variance[0] == pytest.approx(3 * error)
    assert one_in_common.variance[0] == pytest.approx(3 * error)


def test_who_gave_both_makes_the_gap_surer_by_their_share() -> None:
    pairs = [(1.0, 2.0), (2.0, 2.0), (4.0, 5.0), (NAN, 3.0), (NAN, 5.0), (5.0, NAN)]

    found = of(pairs)

    own, guess = [1, 2, 4, 5], [2, 2, 5, 3, 5]
    together = np.cov([1, 2, 4], [2, 2, 5])[0, 1]
    error = np.var(own, ddof=1) / 4 + np.var(guess, ddof=1) / 5 - 2 * together * 3 / (4 * 5)
    assert found.variance[0] == pytest.approx(4 * error)


def test_two_people_who_gave_both_are_enough_to_share_an_error() -> None:
    found = of([(1.0, 2.0), (3.0, 4.0)])

    assert found.variance[0] == pytest.approx(0)


def test_a_variance_is_never_below_nought() -> None:
    # Two who gave both go together far more than the sides spread.
    pairs = [(1.0, 1.0), (5.0, 5.0), *[(3.0, NAN)] * 10, *[(NAN, 3.0)] * 10]

    assert of(pairs).variance.tolist() == [0]


def test_one_person_has_a_gap_and_no_variance_and_nobody_has_neither() -> None:
    one, nobody = of([(2.0, 4.0)]), perception.gaps(np.zeros((0, 2)), np.zeros((0, 2)))

    assert (one.gap[0], one.n[0]) == (-2, 1)
    assert np.isnan(one.variance[0])
    assert nobody.n.tolist() == [0, 0]
    assert np.isnan([nobody.own, nobody.guess, nobody.gap, nobody.variance]).all()


@given(people, st.randoms())
def test_neither_the_order_of_rows_nor_an_unanswered_seat_changes_anything(
    pairs: list[tuple[float, float]], chance: random.Random
) -> None:
    others = [*pairs, (NAN, NAN)]
    chance.shuffle(others)

    first, second = of(pairs), of(others)

    assert same(first, second) or np.allclose(first.variance, second.variance, atol=1e-12, equal_nan=True)
    assert np.allclose(first.gap, second.gap, atol=1e-12, equal_nan=True)
    assert same(of(others), of(others[::-1]))


@given(people)
def test_an_item_turned_round_turns_its_gap_round(pairs: list[tuple[float, float]]) -> None:
    first, second = of(pairs), of([(6 - own, 6 - guess) for own, guess in pairs])

    assert second.gap == pytest.approx(-first.gap, abs=1e-9, nan_ok=True)
    assert second.variance == pytest.approx(first.variance, abs=1e-9, nan_ok=True)


@pytest.mark.parametrize(
    ("own", "guess"),
    [([1, 2], [1, 2]), ([[0.9]], [[1]]), ([[1]], [[5.1]]), ([[1]], [[float("inf")]]), ([[1]], [[1, 2]])],
)
def test_ratings_and_guesses_are_tables_of_one_shape_on_the_scale(
    own: npt.ArrayLike, guess: npt.ArrayLike
) -> None:
    with pytest.raises(ValueError, match="rating"):
        perception.gaps(own, guess)


def test_the_last_two_waves_stand_against_the_waves_before_in_units_of_their_error() -> None:
    waves = [(-0.4, 1.0, 10), (0.4, 1.0, 10)] * 4 + [(-1.0, 2.0, 6), (-0.7, 2.0, 12)]

    found = over(waves)

    # (8 * 9 * 1.0 + 80 * .4^2) / 79, by hand.
    variance = 84.8 / 79
    assert (found.n, found.baseline_n, found.baseline_waves) == (18, 80, 8)
    assert found.gap == pytest.approx(-0.8)
    assert found.baseline == pytest.approx(0)
    assert found.sigma == pytest.approx(variance**0.5)
    assert found.change == pytest.approx(-0.8)
    assert found.z == pytest.approx(-0.8 / (variance * (1 / 18 + 1 / 80)) ** 0.5)


def test_the_baseline_is_the_mean_over_people() -> None:
    found = over([(0.0, 1.0, 6)] * 7 + [(1.0, 1.0, 30), (0.0, 1.0, 6), (0.0, 1.0, 6)])

    assert found.baseline == pytest.approx(30 / 72)
    assert found.change == pytest.approx(-30 / 72)


def test_a_pooled_variance_equals_that_of_all_differences_of_the_baseline() -> None:
    chance = np.random.default_rng(3)
    rated = [(chance.integers(1, 6, (n, 1)), chance.integers(1, 6, (n, 1))) for n in range(6, 16)]
    rounds = [perception.gaps(own, guess) for own, guess in rated]

    found = over([(float(one.gap[0]), float(one.variance[0]), int(one.n[0])) for one in rounds])

    differences = np.concatenate([own - guess for own, guess in rated[:8]])
    assert found.sigma == pytest.approx(np.std(differences, ddof=1))
    assert found.baseline == pytest.approx(differences.mean())


def test_equal_answers_for_weeks_are_not_taken_for_certainty() -> None:
    found = over([(0.0, 0.0, 10)] * 8 + [(0.0, 0.0, 10), (-0.2, 0.0, 10)])

    assert found.sigma == pytest.approx(0.3**0.5)
    assert found.z == pytest.approx(-0.1 / (0.3 * (1 / 20 + 1 / 80)) ** 0.5)


def test_eight_waves_are_a_baseline_and_seven_are_too_early() -> None:
    usual, now = (0.0, 1.0, 6), (-1.0, 1.0, 6)

    eight, seven = over([usual] * 8 + [now] * 2), over([usual] * 7 + [now] * 2)

    assert eight.change == pytest.approx(-1)
    assert np.isnan([seven.change, seven.z]).all()
    assert (seven.gap, seven.baseline, seven.baseline_waves) == (-1, 0, 7)


def test_a_wave_of_fewer_than_six_is_passed_over() -> None:
    usual, few = (0.0, 1.0, 6), (3.0, NAN, 5)

    found = over([usual, few, usual, (NAN, NAN, 0), *[usual] * 6, few, (-1.0, 1.0, 6)])

    assert (found.gap, found.n) == (-1, 6)
    assert (found.baseline, found.baseline_waves, found.baseline_n) == (0, 8, 48)
    assert found.change == -1


def test_the_newest_wave_itself_must_count() -> None:
    usual, now, few = (0.0, 1.0, 6), (-1.0, 1.0, 6), (-1.0, 1.0, 5)

    found = over([*[usual] * 8, now, few])

    assert np.isnan([found.change, found.z]).all()
    assert (found.gap, found.n) == (-1, 6)


def test_the_baseline_holds_the_newest_twenty_six_waves_that_count() -> None:
    old, usual, few, now = (2.0, 1.0, 6), (0.0, 1.0, 6), (4.0, 1.0, 5), (-1.0, 1.0, 6)

    filled = over([old, *[usual] * 13, few, *[usual] * 13, now, now])
    one_short = over([old, *[usual] * 12, few, *[usual] * 13, now, now])

    assert (filled.baseline, filled.baseline_waves) == (0, 26)
    assert (one_short.baseline, one_short.baseline_waves) == (pytest.approx(2 / 26), 26)


@pytest.mark.parametrize("waves", [0, 1, 2])
def test_the_first_waves_tell_no_change(waves: int) -> None:
    found = perception.change(np.ones((waves, 2)), np.ones((waves, 2)), n=np.full((waves, 2), 6))

    assert np.isnan([found.change, found.z, found.baseline, found.sigma]).all()
    assert found.n.tolist() == [6 * waves] * 2
    assert np.isnan(found.gap).all() == (waves == 0)
    assert found.baseline_waves.tolist() == [0, 0]


def test_a_baseline_of_one_wave_has_a_sigma_already() -> None:
    found = over([(0.5, 2.0, 6), (0.0, 1.0, 6), (0.0, 1.0, 6)])

    assert found.sigma == pytest.approx(2.0**0.5)
    assert found.baseline == 0.5


@given(st.lists(histories, min_size=3, max_size=3), st.permutations(range(3)))
def test_items_are_told_each_by_itself_in_whatever_order(
    items: list[list[tuple[float, float, int]]], order: list[int]
) -> None:
    length = min(map(len, items))
    table = np.array([item[-length:] for item in items]).transpose(2, 1, 0)

    found = perception.change(table[0], table[1], n=table[2].astype(int))
    moved = perception.change(table[0][:, order], table[1][:, order], n=table[2][:, order].astype(int))

    assert np.array_equal(moved.z, found.z[order], equal_nan=True)
    alone = [over(item[-length:]).z for item in items]
    assert found.z == pytest.approx(np.array(alone), abs=1e-9, nan_ok=True)


@given(histories, st.permutations(range(8)))
def test_the_order_of_baseline_waves_changes_nothing(
    waves: list[tuple[float, float, int]], order: list[int]
) -> None:
    waves = waves[-10:]
    first = over(waves)

    second = over([*(waves[at] for at in order), *waves[8:]])

    assert second.z == pytest.approx(first.z, abs=1e-6, nan_ok=True)


def test_where_nothing_changes_the_standardised_change_is_near_standard_normal() -> None:
    chance = np.random.default_rng(8)
    differences = chance.normal(-0.4, 1.1, (18, 10, 4_000))

    found = perception.change(
        differences.mean(axis=1), differences.var(axis=1, ddof=1), n=np.full((18, 4_000), 10)
    )

    # Three standard errors of 4,000 draws.
    assert abs(found.z.mean()) < 0.05
    assert abs(found.z.std() - 1) < 0.04
    assert abs((found.z < -1.645).mean() - 0.05) < 0.011


def test_figures_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="one shape"):
        perception.change([0.0], [1.0, 1.0], n=[6])
    with pytest.raises(ValueError, match="one shape"):
        perception.change([0.0], [1.0], n=[6, 6])
    with pytest.raises(ValueError, match="one shape"):
        perception.change(0.0, 1.0, n=6)
    for n in ([-1], [6.0]):
        with pytest.raises(ValueError, match="whole numbers"):
            perception.change([0.0], [1.0], n=n)


@pytest.mark.parametrize(
    ("gap", "variance", "n"),
    [(NAN, 1.0, 6), (0.0, NAN, 6), (0.0, -0.1, 3), (float("inf"), 1.0, 3), (0.0, float("inf"), 3)],
)
def test_a_wave_that_counts_has_its_figures_and_none_is_impossible(
    gap: float, variance: float, n: int
) -> None:
    with pytest.raises(ValueError, match="6 people or more"):
        perception.change([gap], [variance], n=[n])
