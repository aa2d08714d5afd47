"""The figures are facts from the published scripts named beside them."""

from itertools import product
from math import factorial, isnan, prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthesis import spread

FIVE = (-2, -1, 0, 1, 2)
SEVEN = (-3, -2, -1, 0, 1, 2, 3)
THREE = (-1, 0, 1)
NO_NEUTRAL = (-2, -1, 1, 2)

# INBO fistools and fblpalmeira/pcir agree on all of these (distance D1); the first row's
# frequencies are Manfredo, Vaske & Teel 2003, table 1.
PUBLISHED = [
    (SEVEN, (26, 31, 20, 15, 52, 90, 108), 0.43474573373),
    (FIVE, (4, 0, 0, 0, 4), 1.0),
    (FIVE, (4, 0, 0, 0, 3), 1.0),
    (FIVE, (1, 0, 0, 0, 2), 1.0),
    (FIVE, (1, 0, 0, 0, 1), 1.0),
    (FIVE, (0, 1, 0, 1, 0), 1 / 3),
    (FIVE, (0, 1, 0, 2, 0), 1 / 3),
    (FIVE, (0, 0, 8, 0, 0), 0.0),
    (FIVE, (0, 0, 4, 2, 2), 0.0),
    (FIVE, (1, 1, 1, 1, 1), 4 / 9),
    (FIVE, (2, 2, 2, 2, 2), 0.4266666666667),
    (FIVE, (1, 0, 0, 0, 7), 0.4375),
    (FIVE, (1, 0, 0, 0, 4), 0.6666666666667),
    (FIVE, (1, 0, 0, 0, 3), 0.75),
    (FIVE, (3, 1, 0, 1, 3), 0.8333333333333),
    (FIVE, (0, 1, 1, 2, 4), 0.2083333333333),
    (FIVE, (5, 1, 0, 1, 5), 0.8888888888889),
    (FIVE, (3, 6, 9, 8, 4), 0.2666666666667),
    (FIVE, (1, 2, 1, 3, 1), 0.3958333333333),
    (SEVEN, (3, 3, 3, 3, 3, 3, 3), 0.4418181818182),
    (SEVEN, (2, 0, 1, 0, 1, 1, 2), 0.7166666666667),
    (THREE, (4, 1, 0), 0.0),
    (THREE, (1, 1, 3), 0.5),
    (THREE, (19, 0, 23), 0.9909297052154),
    (NO_NEUTRAL, (3, 1, 2, 2), 0.75),
    (NO_NEUTRAL, (0, 4, 4, 0), 1 / 3),
    (NO_NEUTRAL, (2, 1, 1, 5), 0.75),
]

# Population shares at 1..5 and their PCI2.
POPULATIONS = [
    ((0.0, 0.05, 0.15, 0.5, 0.3), 0.0733333333333),
    ((0.1, 0.2, 0.3, 0.25, 0.15), 0.2733333333333),
    ((0.2, 0.2, 0.2, 0.2, 0.2), 0.4266666666667),
    ((0.35, 0.15, 0.0, 0.15, 0.35), 0.8),
    ((0.2, 0.0, 0.0, 0.3, 0.5), 0.56),
]

tables = st.lists(
    st.lists(st.sampled_from([1.0, 2.0, 3.0, 4.0, 5.0, float("nan")]), min_size=3, max_size=3),
    min_size=1,
    max_size=12,
)


@pytest.mark.parametrize(("scale", "counts", "value"), PUBLISHED)
def test_the_conflict_index_equals_the_published_scripts(
    scale: tuple[int, ...], counts: tuple[int, ...], value: float
) -> None:
    index = spread.pci2(counts, scale=scale)

    assert float(index) == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize("n", [3, 4, 5, 6, 8])
@pytest.mark.parametrize(("shares", "truth"), POPULATIONS)
def test_over_all_samples_the_index_is_low_by_its_known_factor_and_the_pairwise_one_by_none(
    shares: tuple[float, ...], truth: float, n: int
) -> None:
    samples = np.array([c for c in product(range(n + 1), repeat=5) if sum(c) == n])
    chances = [
        factorial(n) * prod(p**c / factorial(c) for p, c in zip(shares, sample, strict=True))
        for sample in samples.tolist()
    ]

    index = float(np.dot(chances, spread.pci2(samples)))
    pairwise = float(np.dot(chances, spread.pairwise(samples)))

    factor = n / (n + 1) if n % 2 else (n - 1) / n
    assert index == pytest.approx(truth * factor, abs=1e-9)
    assert pairwise == pytest.approx(truth / 2, abs=1e-9)


def test_the_spread_of_both_indices_at_small_n_is_the_tabulated_one() -> None:
    samples = np.array([c for c in product(range(4), repeat=5) if sum(c) == 3])
    shares = (0.1, 0.2, 0.3, 0.25, 0.15)
    chances = [
        6 * prod(p**c / factorial(c) for p, c in zip(shares, s, strict=True)) for s in samples.tolist()
    ]
    index = spread.pci2(samples)

    deviation = np.sqrt(np.dot(chances, (index - np.dot(chances, index)) ** 2))

    assert deviation == pytest.approx(0.2637, abs=1e-4)


def test_an_item_is_pictured_by_counts_centre_and_spread() -> None:
    nan = float("nan")
    ratings = [[1, 4, nan], [5, 4, nan], [nan, 5, 3], [5, 4, nan]]

    found = spread.picture(ratings, invited=[4, 5, 6])

    assert found.counts.tolist() == [[1, 0, 0, 0, 2], [0, 0, 0, 3, 1], [0, 0, 1, 0, 0]]
    assert found.n.tolist() == [3, 4, 1]
    assert found.invited.tolist() == [4, 5, 6]
    assert found.mean.tolist() == pytest.approx([11 / 3, 4.25, 3.0])
    assert found.median.tolist() == [5, 4, 3]
    assert found.pci2[:2].tolist() == pytest.approx([1.0, 0.0])
    assert found.pairwise[:2].tolist() == pytest.approx([2 / 3, 0.0])
    assert isnan(found.pci2[2])
    assert isnan(found.pairwise[2])


def test_an_item_nobody_answered_has_no_centre_and_no_spread() -> None:
    found = spread.picture([[float("nan")]] * 3, invited=3)

    assert found.n.tolist() == [0]
    assert all(isnan(one[0]) for one in (found.mean, found.median, found.pci2, found.pairwise))


@given(tables)
def test_the_centre_is_numpys_own(rows: list[list[float]]) -> None:
    table = np.array(rows)

    found = spread.picture(table, invited=len(rows))

    for item in range(table.shape[1]):
        there = table[~np.isnan(table[:, item]), item]
        if len(there):
            assert found.mean[item] == pytest.approx(np.mean(there))
            assert found.median[item] == np.median(there)


@given(tables, st.randoms())
def test_the_order_of_rows_changes_nothing(rows: list[list[float]], chance: object) -> None:
    shuffled = list(rows)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # Hypothesis hands out a random.Random

    first, second = spread.picture(rows, invited=12), spread.picture(shuffled, invited=12)

    assert np.array_equal(first.pci2, second.pci2, equal_nan=True)
    assert np.array_equal(first.median, second.median, equal_nan=True)


@given(tables)
def test_both_indices_stay_between_nought_and_one(rows: list[list[float]]) -> None:
    found = spread.picture(rows, invited=12)

    for index in (found.pci2, found.pairwise):
        known = index[~np.isnan(index)]
        assert ((known >= 0) & (known <= 1 + 1e-12)).all()


@pytest.mark.parametrize("ratings", [[1, 2], [[0]], [[6]], [[2.5]], [[float("inf")]]])
def test_what_is_no_table_of_ratings_is_refused(ratings: list[object]) -> None:
    with pytest.raises(ValueError, match="rating"):
        spread.counts(ratings)  # type: ignore[arg-type]  # that is the test


def test_more_answers_than_people_asked_are_refused() -> None:
    with pytest.raises(ValueError, match="invited"):
        spread.picture([[1], [2]], invited=1)


@pytest.mark.parametrize("counts", [[0.5, 1], [-1, 0, 0, 0, 1]])
def test_counts_are_whole_and_not_below_nought(counts: list[float]) -> None:
    with pytest.raises(ValueError, match="whole"):
        spread.pci2(counts)


def test_a_scale_has_two_sides_and_as_many_points_as_the_counts() -> None:
    with pytest.raises(ValueError, match="below and above"):
        spread.distances([0, 1, 2])
    with pytest.raises(ValueError, match="different numbers"):
        spread.pci2([1, 2, 3])
