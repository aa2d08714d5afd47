"""The figures are scipy's, quoted in the project's notes on measures; the oracle is exact fractions."""

from fractions import Fraction
from math import comb, prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthesis import silence

# Before: answered, asked; now: answered, asked; P(X <= x) of the beta-binomial (scipy 1-sided).
PUBLISHED = [
    ((28, 32), (1, 4), 0.013826155462184877),
    ((28, 32), (2, 4), 0.10214023109243693),
    ((28, 32), (0, 4), 0.00085346638655462),
    ((60, 64), (4, 8), 0.002883194448732829),
    ((8, 8), (0, 1), 0.055555555555555566),
    ((16, 16), (0, 2), 0.002450980392156863),
    ((16, 16), (1, 2), 0.056372549019607865),
    ((20, 24), (0, 3), 0.009166666666666667),
]

shares = st.integers(0, 40).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
# Ten waves of three organisations: answered and asked.
histories = st.lists(st.lists(shares, min_size=3, max_size=3), min_size=10, max_size=10)


def exact(now: tuple[int, int], before: tuple[int, int]) -> Fraction:
    """The tail from rising factorials of halves, without one logarithm."""
    (x, m), (k, n) = now, before

    def rising(start: Fraction, steps: int) -> Fraction:
        return prod((start + step for step in range(steps)), start=Fraction(1))

    yes, no = k + Fraction(1, 2), n - k + Fraction(1, 2)
    ways = (comb(m, i) * rising(yes, i) * rising(no, m - i) for i in range(x + 1))
    return sum(ways, start=Fraction(0)) / rising(yes + no, m)


def parted(waves: list[list[tuple[int, int]]]) -> tuple[np.ndarray, np.ndarray]:
    table = np.array(waves)
    return table[..., 0], table[..., 1]


def one(answered: list[int], asked: list[int]) -> silence.Silence:
    return silence.replies([[x] for x in answered], asked=[[m] for m in asked])


@pytest.mark.parametrize(("before", "now", "p"), PUBLISHED)
def test_the_tail_is_the_published_one(before: tuple[int, int], now: tuple[int, int], p: float) -> None:
    found = silence.tail(*now, past_answered=before[0], past_asked=before[1])

    assert float(found) == pytest.approx(p, abs=1e-9)


def test_all_organisations_are_one_call() -> None:
    before, now, p = (np.array(column) for column in zip(*PUBLISHED, strict=True))

    found = silence.tail(now[:, 0], now[:, 1], past_answered=before[:, 0], past_asked=before[:, 1])

    assert found == pytest.approx(p, abs=1e-9)


@given(shares, shares)
def test_the_tail_is_exact(now: tuple[int, int], before: tuple[int, int]) -> None:
    found = silence.tail(*now, past_answered=before[0], past_asked=before[1])

    assert float(found) == pytest.approx(float(exact(now, before)), rel=1e-12)
    assert 0 < found <= 1


def test_the_tail_is_exact_far_out_and_at_large_counts() -> None:
    found = silence.tail([0, 30], [60, 400], past_answered=[240, 1500], past_asked=[240, 1600])

    assert float(found[0]) == pytest.approx(float(exact((0, 60), (240, 240))), rel=1e-12)
    assert float(found[1]) == pytest.approx(float(exact((30, 400), (1500, 1600))), rel=1e-10)
    assert 0 < found[1] < found[0] < 1e-30


def test_rounding_never_lifts_a_chance_above_one() -> None:
    asked = np.arange(2, 60)[:, None]

    found = silence.tail(asked - 1, asked, past_answered=0, past_asked=np.arange(400))

    assert found.max() == 1.0


def test_with_no_past_only_the_prior_speaks_and_with_nobody_asked_nothing_does() -> None:
    found = silence.tail([0, 1, 0], [1, 1, 0], past_answered=[0, 0, 3], past_asked=[0, 0, 8])

    assert found.tolist() == pytest.approx([0.5, 1.0, 1.0])


def test_the_last_two_waves_stand_against_the_eight_before() -> None:
    # What lies before the window, 0 of 4, must not be seen.
    asked, answered = [4] * 11, [0, *[4] * 4, *[3] * 4, 1, 0]

    found = one(answered, asked)

    assert (found.asked.tolist(), found.answered.tolist()) == ([8], [1])
    assert (found.past_asked.tolist(), found.past_answered.tolist()) == ([32], [28])
    assert found.past_waves.tolist() == [8]
    assert found.p.tolist() == pytest.approx([float(exact((1, 8), (28, 32)))])
    assert found.attainable.tolist() == pytest.approx([float(exact((0, 8), (28, 32)))])


def test_an_organisation_that_always_replied_and_falls_silent_is_told_at_once() -> None:
    found = one([2] * 8 + [0, 0], [2] * 10)

    assert found.p[0] == pytest.approx(0.00006, abs=1e-5)
    assert found.p[0] == found.attainable[0]


def test_an_organisation_that_never_replied_is_as_usual() -> None:
    found = one([0] * 10, [4] * 10)

    assert found.p[0] > 0.8


def test_four_waves_are_a_past_and_three_are_none() -> None:
    four, three = one([3] * 4 + [0, 0], [3] * 6), one([3] * 3 + [0, 0], [3] * 5)

    assert four.p.tolist() == pytest.approx([float(exact((0, 6), (12, 12)))])
    assert np.isnan(three.p).all()
    assert three.attainable.tolist() == pytest.approx([float(exact((0, 6), (9, 9)))])
    assert (four.past_waves.tolist(), three.past_waves.tolist()) == ([4], [3])


def test_waves_in_which_an_organisation_rested_are_no_past() -> None:
    found = one([3, 0, 3, 0, 3, 0, 0, 0, 0, 0], [3, 0, 3, 0, 3, 0, 0, 0, 3, 3])

    assert found.past_waves.tolist() == [3]
    assert np.isnan(found.p).all()


def test_one_person_is_never_told_about_and_two_are_even_when_one_is_away() -> None:
    alone, pair = one([1] * 8 + [0, 0], [1] * 10), one([2] * 8 + [0, 0], [2] * 9 + [1])

    assert np.isnan(alone.p).all()
    assert pair.p.tolist() == pytest.approx([float(exact((0, 3), (16, 16)))])


def test_a_wave_in_which_one_person_was_asked_is_past_too() -> None:
    found = one([1, 1, 1, 1, 0, 0], [1, 1, 1, 1, 2, 2])

    assert found.past_waves.tolist() == [4]
    assert found.p.tolist() == pytest.approx([float(exact((0, 4), (4, 4)))])


def test_who_was_not_asked_lately_is_not_silent() -> None:
    found = one([3] * 8 + [0, 0], [3] * 8 + [0, 0])

    assert np.isnan(found.p).all()
    assert found.attainable.tolist() == [1.0]


@pytest.mark.parametrize("waves", [0, 1, 2])
def test_the_first_waves_tell_nothing(waves: int) -> None:
    counts = np.full((waves, 2), 3)

    found = silence.replies(counts, asked=counts)

    assert np.isnan(found.p).all()
    assert found.p.shape == (2,)
    assert found.asked.tolist() == [3 * waves] * 2
    assert found.past_asked.tolist() == [0, 0]


def test_a_circle_of_nobody_has_nobody_silent() -> None:
    none = np.zeros((10, 0), dtype=np.int64)

    found = silence.replies(none, asked=none)

    assert found.p.shape == found.attainable.shape == (0,)


@given(histories, st.permutations(range(3)), st.permutations(range(8)))
def test_neither_the_order_of_organisations_nor_that_of_past_waves_matters(
    waves: list[list[tuple[int, int]]], names: list[int], earlier: list[int]
) -> None:
    answered, asked = parted(waves)
    order = [*earlier, 8, 9]
    first = silence.replies(answered, asked=asked)

    second = silence.replies(answered[order][:, names], asked=asked[order][:, names])

    assert np.array_equal(second.p, first.p[names], equal_nan=True)
    assert np.array_equal(second.attainable, first.attainable[names])


@given(histories, shares)
def test_an_organisation_more_and_waves_long_past_change_nothing_for_the_others(
    waves: list[list[tuple[int, int]]], other: tuple[int, int]
) -> None:
    answered, asked = parted(waves)
    more = parted([[*wave, other] for wave in [[other] * 3, *waves]])

    first, second = silence.replies(answered, asked=asked), silence.replies(more[0], asked=more[1])

    assert np.array_equal(second.p[:3], first.p, equal_nan=True)


@given(histories)
def test_no_answers_can_be_stranger_than_none(waves: list[list[tuple[int, int]]]) -> None:
    answered, asked = parted(waves)

    found = silence.replies(answered, asked=asked)

    told = ~np.isnan(found.p)
    assert (found.p[told] >= found.attainable[told]).all()


def test_false_alarms_of_steady_repliers_stay_within_the_level() -> None:
    chance = np.random.default_rng(11)
    asked = np.full((10, 20_000), 5)
    answered = chance.binomial(asked, chance.uniform(0.4, 0.95, asked.shape[1]))

    found = silence.replies(answered, asked=asked)

    # The prior is not the one drawn from, and the tail is discrete: near the level, not above it by much.
    assert 0.02 < (found.p <= 0.05).mean() < 0.055


def test_questions_left_out_are_told_item_by_item() -> None:
    opened = np.full((10, 2, 2), 3)
    answered = opened.copy()
    answered[-2:, 1, 0] = 0

    found = silence.skips(answered, opened=opened)

    assert found.p.shape == (2, 2)
    assert found.p[1, 0] == pytest.approx(float(exact((0, 6), (24, 24))))
    assert (np.delete(found.p.ravel(), 2) == 1).all()


def test_a_rotated_item_is_told_about_once_it_was_put_four_times() -> None:
    opened = np.array([[3], [0]] * 5)
    opened[-1] = 3

    often = silence.skips(opened * 0, opened=opened)
    seldom = silence.skips(opened[2:] * 0, opened=opened[2:])

    assert often.past_waves.tolist() == [4]
    assert not np.isnan(often.p).any()
    assert np.isnan(seldom.p).all()


@pytest.mark.parametrize(("answered", "asked"), [([[-1]], [[1]]), ([[0.5]], [[1]]), ([[0]], [[1.5]])])
def test_counts_are_whole_and_not_below_nought(answered: list[object], asked: list[object]) -> None:
    with pytest.raises(ValueError, match="whole numbers"):
        silence.replies(answered, asked=asked)  # type: ignore[arg-type]  # that is the test


def test_more_answers_than_people_asked_are_refused_now_and_before() -> None:
    with pytest.raises(ValueError, match="more answered"):
        silence.skips([[2]], opened=[[1]])
    with pytest.raises(ValueError, match="more answered"):
        silence.tail(0, 1, past_answered=3, past_asked=2)


@pytest.mark.parametrize(("answered", "asked"), [([1, 1], [1, 1]), ([[1, 1]], [[1]]), (1, 1)])
def test_answered_and_asked_are_tables_of_one_shape(answered: object, asked: object) -> None:
    with pytest.raises(ValueError, match="two tables of one shape"):
        silence.replies(answered, asked=asked)  # type: ignore[arg-type]  # that is the test
