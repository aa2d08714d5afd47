import random
from dataclasses import astuple
from math import isnan, nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthesis import round as rounds

COUNCIL, COMMUNITY, HEALTH = 0, 1, 2
GROUPS = [COUNCIL] * 5 + [COMMUNITY] * 5 + [HEALTH] * 5
# Columns: "our view changed a decision", "worth its time", "I know whom to ask".
PARTED = [4, 5, 5, 4, 5, 1, 2, 1, 2, 1, 4, 4, 5, 4, 5]
SHARED = [4, 5, 4, 5, 5, 5, 4, 5, 5, 5, 4, 4, 5, 5, 4]
MIXED = [2, 3, 4, 3, 2, 3, 4, 2, 3, 3, 4, 2, 3, 3, 3]
RATINGS = np.array([PARTED, SHARED, MIXED], dtype=float).T


def test_a_round_gives_who_differs_and_where_all_agree() -> None:
    found = rounds.analyse(RATINGS, GROUPS, invited=18, seed=14)

    assert {(signal.kind, signal.item) for signal in found.signals} == {
        ("organisation_differs", 0),
        ("common_ground", 1),
    }
    differs = next(signal for signal in found.signals if signal.kind == "organisation_differs")
    assert (differs.low, differs.high) == ((COMMUNITY,), (COUNCIL, HEALTH))
    assert differs.p == found.divisions[0].p
    assert differs.q == found.divisions[0].q
    assert differs.severity == pytest.approx((4.5 - 1.5) / 4)
    assert [one.verdict for one in found.divisions] == ["between", "none", "none"]


def test_the_steps_between_are_kept() -> None:
    found = rounds.analyse(RATINGS, GROUPS, invited=18, seed=14)

    assert found.spread.n.tolist() == [15, 15, 15]
    assert found.cell_n.tolist() == [[5] * 3] * 3
    assert found.cell_mean[:, 0].tolist() == pytest.approx([4.6, 1.4, 4.4])
    assert found.shown_mean[:, 0].tolist() == [4.5, 1.5, 4.5]
    assert found.shown_total.tolist() == [3.5, 4.6, 2.9]
    assert [may.cells for may in found.shown] == [(0, 1, 2)] * 3
    assert [one.n for one in found.permutations] == [15, 15, 15]


def test_a_cell_with_too_few_answers_is_neither_shown_nor_heard_through_the_test() -> None:
    ratings = RATINGS.copy()
    ratings[10:12] = nan
    ratings[12:, 0] = 1

    found = rounds.analyse(ratings, GROUPS, invited=18, seed=14)

    # Three left in health; community goes too, or subtraction would show them.
    assert [may.cells for may in found.shown] == [(COUNCIL,)] * 3
    assert isnan(found.shown_mean[HEALTH, 0])
    assert found.divisions[0].verdict == "cannot_tell"
    assert found.divisions[0].p is None


def test_people_outside_all_cells_count_in_the_total_alone() -> None:
    ratings = np.vstack([RATINGS, [[1, 1, 1]] * 4])

    found = rounds.analyse(ratings, [*GROUPS, -1, -1, -1, -1], invited=30, seed=14)

    assert found.spread.n.tolist() == [19, 19, 19]
    assert found.cell_n.sum(axis=0).tolist() == [15, 15, 15]
    assert found.shown[0].total
    assert found.permutations[0].n == 15


def test_an_analysts_own_data_is_neither_hidden_nor_rounded() -> None:
    ratings, groups = RATINGS[:7], GROUPS[:7]

    found = rounds.analyse(ratings, groups, invited=7, seed=14, k=None)

    assert found.shown[0].cells == (COUNCIL, COMMUNITY)
    assert found.shown_mean[:, 0].tolist() == pytest.approx([4.6, 1.5])
    assert found.shown_total[0] == pytest.approx(26 / 7)


def test_common_ground_rests_on_shown_values_alone() -> None:
    ratings = np.array([[5.0, 5.0]] * 8)
    ratings[0, 1] = 1

    found = rounds.analyse(ratings, [0] * 4 + [1] * 4, invited=8, seed=1)

    assert [(signal.kind, signal.item) for signal in found.signals] == [
        ("common_ground", 0),
        ("common_ground", 1),
    ]
    assert found.signals[0].severity == 1
    assert found.signals[0].high == (0, 1)


def test_agreement_at_the_low_end_and_among_few_is_not_called_common_ground() -> None:
    low = rounds.analyse([[1.0]] * 12, [0] * 6 + [1] * 6, invited=12, seed=1)
    few = rounds.analyse([[5.0]] * 6, [0] * 6, invited=6, seed=1)

    assert low.signals == few.signals == ()


def test_common_ground_needs_every_shown_cell() -> None:
    found = rounds.analyse([[5.0]] * 12 + [[3.0]] * 4, [0] * 12 + [1] * 4, invited=16, seed=1)

    assert [signal.kind for signal in found.signals] == ["organisation_differs"]


def test_a_verdict_whose_distance_vanishes_in_rounding_gives_no_signal() -> None:
    ratings = [[4.0]] * 9 + [[4.0]] * 7 + [[5.0]] * 2

    found = rounds.analyse(ratings, [0] * 9 + [1] * 9, invited=18, seed=1, level=0.9)

    assert found.divisions[0].verdict == "between"
    assert found.shown_mean[:, 0].tolist() == [4, 4]
    assert [signal.kind for signal in found.signals] == ["common_ground"]


def test_sides_are_cut_where_the_means_leave_the_widest_gap() -> None:
    ratings = [[v] for v in (1, 1, 2, 1, 1, 2, 2, 1, 2, 2, 4, 5, 4, 4, 5, 5, 5, 5, 4, 5)]

    found = rounds.analyse(ratings, [3] * 5 + [1] * 5 + [0] * 5 + [2] * 5, invited=20, seed=1)

    assert (found.signals[0].low, found.signals[0].high) == ((1, 3), (0, 2))


def test_a_round_without_answers_has_no_findings() -> None:
    found = rounds.analyse(np.empty((0, 2)), [], invited=9, seed=1)

    assert found.spread.n.tolist() == [0, 0]
    assert found.signals == ()
    assert not any(may.total for may in found.shown)
    assert rounds.analyse(np.empty((0, 2)), [], invited=9, seed=1, k=None).signals == ()


@pytest.mark.parametrize("groups", [[0], [0.5] * 15])
def test_groups_are_whole_numbers_one_a_respondent(groups: list[int]) -> None:
    with pytest.raises(ValueError, match="one a respondent"):
        rounds.analyse(RATINGS, groups, invited=18, seed=1)


@given(
    st.lists(st.lists(st.sampled_from([1, 2, 3, 4, 5, nan]), min_size=2, max_size=2), min_size=1, max_size=16)
)
@settings(max_examples=40, deadline=None)
def test_the_order_of_respondents_and_repetition_change_nothing(ratings: list[list[float]]) -> None:
    groups = [at % 3 for at in range(len(ratings))]
    order = list(range(len(ratings)))
    random.Random(2).shuffle(order)
    first = rounds.analyse(ratings, groups, invited=20, seed=5)

    again = rounds.analyse(ratings, groups, invited=20, seed=5)
    mixed = rounds.analyse([ratings[at] for at in order], [groups[at] for at in order], invited=20, seed=5)

    for other in (again, mixed):
        assert other.signals == first.signals
        assert other.divisions == first.divisions
        assert np.array_equal(other.cell_mean, first.cell_mean, equal_nan=True)


@given(st.permutations([0, 1, 2]))
def test_renaming_the_cells_renames_the_findings_and_changes_nothing_else(names: list[int]) -> None:
    first = rounds.analyse(RATINGS, GROUPS, invited=18, seed=14)

    second = rounds.analyse(RATINGS, [names[group] for group in GROUPS], invited=18, seed=14)

    assert second.divisions == first.divisions
    for one, other in zip(first.signals, second.signals, strict=True):
        assert sorted(names[cell] for cell in one.low) == list(other.low)
        assert sorted(names[cell] for cell in one.high) == list(other.high)
        assert astuple(one)[4:] == astuple(other)[4:]
