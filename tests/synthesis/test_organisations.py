"""The analysis of variance is R's, on answers of lq2002, quoted in the project's notes on measures."""

from collections.abc import Sequence
from random import Random

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthesis import organisations

ORGANISATIONS = np.repeat(np.arange(8), [1, 2, 3, 4, 5, 6, 8, 12])
LEADERSHIP = [2, 5, 3, 4, 3, 4, 3, 4, 3, 3, 4, 3, 4, 4, 4, 2, 4, 4, 4, 4, 1, 2, 2, 5, 5, 2, 4, 4, 4, 4, 5]
LEADERSHIP += [4, 5, 4, 3, 5, 5, 2, 1, 4, 5]
TASKS = [1, 4, 3, 4, 1, 3, 5, 4, 4, 2, 1, 2, 3, 1, 3, 2, 2, 2, 4, 1, 3, 5, 2, 3, 4, 5, 4, 5, 4, 2, 3, 4, 4, 3]
TASKS += [5, 3, 2, 4, 2, 3, 3]
# MSB, MSW, n0, tau2 by the analysis of variance.
PUBLISHED = [
    (LEADERSHIP, 0.8549361207898, 1.332323232323, 4.815331010453, 0.0),
    (TASKS, 3.283681765389, 1.118686868687, 4.815331010453, 0.4496045841921),
]

rating = st.sampled_from([1.0, 2.0, 3.0, 4.0, 5.0, float("nan")])
answered = st.lists(st.tuples(rating, st.integers(-1, 3)), min_size=1, max_size=14)


def found(pairs: Sequence[tuple[float, int]]) -> organisations.Organisations:
    answers, groups = zip(*pairs, strict=True)
    return organisations.places(np.array(answers)[:, None], np.array(groups))


@pytest.mark.parametrize(("answers", "msb", "msw", "n0", "tau2"), PUBLISHED, ids=["leadership", "tasks"])
def test_the_variances_are_the_published_ones(
    answers: list[int], msb: float, msw: float, n0: float, tau2: float
) -> None:
    seen = organisations.places(np.array(answers)[:, None], ORGANISATIONS)

    assert [seen.msb[0], seen.msw[0], seen.n0[0]] == pytest.approx([msb, msw, n0], abs=1e-9)
    assert seen.tau2[0] == pytest.approx(tau2, abs=1e-9)


def test_one_answer_is_drawn_far_towards_the_others_and_twelve_hardly() -> None:
    seen = organisations.places(np.array(TASKS)[:, None], ORGANISATIONS)

    assert (seen.mean[0, 0], seen.shrunken[0, 0]) == (1.0, pytest.approx(2.39, abs=0.01))
    assert abs(seen.shrunken[7, 0] - seen.mean[7, 0]) < 0.05
    # Restricted maximum likelihood, another method, comes to nearly the same places (lme4).
    assert seen.shrunken[:, 0] == pytest.approx(
        [2.3851, 3.1866, 2.7898, 3.4365, 2.3132, 2.5114, 3.7461, 3.1269], abs=0.004
    )


def test_without_evidence_of_a_difference_all_are_drawn_to_one_place() -> None:
    seen = organisations.places(np.array(LEADERSHIP)[:, None], ORGANISATIONS)

    assert seen.tau2[0] == 0
    assert seen.shrunken[:, 0] == pytest.approx([np.mean(LEADERSHIP)] * 8)


def test_all_items_are_one_call_and_none_depends_on_another() -> None:
    both = organisations.places(np.array([LEADERSHIP, TASKS]).T, ORGANISATIONS)
    apart = [organisations.places(np.array(one)[:, None], ORGANISATIONS) for one in (LEADERSHIP, TASKS)]

    assert np.allclose(both.shrunken, np.hstack([one.shrunken for one in apart]))
    assert np.allclose(both.tau2, np.hstack([one.tau2 for one in apart]))


def test_the_shrinkage_by_hand() -> None:
    # Means 1.5 and 4.5, MSB 9, MSW .5, n0 2: tau2 = 4.25, weight of each mean 4.25 / (4.25 + .25).
    seen = found([(1, 0), (2, 0), (4, 1), (5, 1)])

    assert [seen.msb[0], seen.msw[0], seen.n0[0], seen.tau2[0]] == [9, 0.5, 2, 4.25]
    assert seen.shrunken[:, 0] == pytest.approx([3 - 1.5 * 17 / 18, 3 + 1.5 * 17 / 18])
    assert seen.grand[0] == pytest.approx(3)


def test_unanimous_organisations_do_not_weigh_without_limit() -> None:
    seen = found([(2, 0), (2, 0), (3, 1), (3, 1)])

    assert (seen.msw[0], seen.within[0]) == (0, 0.3)
    assert seen.tau2[0] == pytest.approx((1 - 0.3) / 2)


def test_a_spread_that_is_known_from_earlier_is_used_instead() -> None:
    pairs = np.array([[1.0], [2.0], [4.0], [5.0]])
    groups = np.array([0, 0, 1, 1])

    known = organisations.places(pairs, groups, within=[2.0])
    small = organisations.places(pairs, groups, within=0.1)

    assert (known.within[0], known.tau2[0]) == (2.0, 3.5)
    assert small.within[0] == 0.3


def test_organisations_of_one_are_placed_only_where_the_spread_is_known() -> None:
    alone = np.array([[1.0], [5.0]])

    unknown = organisations.places(alone, np.array([0, 1]))
    known = organisations.places(alone, np.array([0, 1]), within=1.0)

    assert np.isnan([unknown.msw[0], unknown.tau2[0], unknown.grand[0], *unknown.shrunken[:, 0]]).all()
    assert known.tau2[0] == 7
    assert known.shrunken[:, 0] == pytest.approx([3 - 2 * 7 / 8, 3 + 2 * 7 / 8])


@pytest.mark.parametrize("pairs", [[(4, 0), (5, 0)], [(float("nan"), 0), (float("nan"), 1)], [(3, -1)]])
def test_with_fewer_than_two_organisations_nothing_is_told(pairs: list[tuple[float, int]]) -> None:
    seen = found(pairs)

    assert np.isnan([seen.msb[0], seen.tau2[0], seen.grand[0]]).all()
    assert np.isnan(seen.shrunken).all()


def test_whoever_is_in_no_organisation_and_whoever_is_missing_changes_nothing() -> None:
    pairs = [(1, 0), (2, 0), (4, 1), (5, 1)]

    seen = found([*pairs, (5, -1), (float("nan"), 0), (float("nan"), 2)])

    plain = found(pairs)
    assert (seen.tau2[0], seen.grand[0]) == (plain.tau2[0], plain.grand[0])
    assert np.array_equal(seen.shrunken[:2], plain.shrunken)
    assert np.isnan(seen.shrunken[2, 0])
    assert seen.n[:, 0].tolist() == [2, 2, 0]


@given(pairs=answered, chance=st.randoms(use_true_random=False))
def test_the_order_of_people_and_the_numbers_of_organisations_change_nothing(
    pairs: list[tuple[float, int]], chance: Random
) -> None:
    shuffled = list(pairs)
    chance.shuffle(shuffled)
    names = {-1: -1, 0: 2, 1: 3, 2: 0, 3: 1}

    here, there = found(pairs), found([(value, names[group]) for value, group in shuffled])

    assert np.allclose(here.tau2, there.tau2, equal_nan=True)
    for group in range(len(here.n)):
        if here.n[group, 0]:
            assert np.allclose(here.shrunken[group], there.shrunken[names[group]], equal_nan=True)


@given(pairs=answered)
def test_a_shrunken_mean_lies_between_the_mean_and_the_middle(pairs: list[tuple[float, int]]) -> None:
    seen = found(pairs)

    told = ~np.isnan(seen.shrunken[:, 0])
    lower = np.minimum(seen.mean[told, 0], seen.grand[0])
    higher = np.maximum(seen.mean[told, 0], seen.grand[0])
    assert (lower - 1e-9 <= seen.shrunken[told, 0]).all()
    assert (seen.shrunken[told, 0] <= higher + 1e-9).all()


@pytest.mark.parametrize(
    ("answers", "groups", "within", "said"),
    [
        ([1.0, 2.0], [0, 1], 1.0, "table"),
        ([[1.0], [2.0]], [0], 1.0, "table"),
        ([[1.0], [2.0]], [0.5, 1.0], 1.0, "whole numbers"),
        ([[1.0], [np.inf]], [0, 1], 1.0, "finite"),
        ([[1.0], [2.0]], [0, 1], -0.1, "0 or more"),
    ],
)
def test_what_does_not_fit_is_refused(
    answers: npt.ArrayLike, groups: npt.ArrayLike, within: float, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        organisations.places(answers, groups, within=within)


def test_a_variance_of_nothing_is_no_error() -> None:
    seen = organisations.places([[1.0], [2.0]], np.array([0, 1]), within=0.0)

    assert seen.within[0] == 0.3
