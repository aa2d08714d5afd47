"""The figures are facts from the published script named beside them; the rest is arithmetic by hand."""

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthesis import relations
from synthesis.relations import Effects, Ratings, Relations
from synthesis.spread import Floats

NAN = float("nan")
REFUGEE_GROUP, YOUTH_CENTRE, FAMILY_CHARITY, COUNCIL, HEALTH_TRUST = range(5)

# R package TripleR 1.5.4, function RR: table (rater by rated), actor, partner, relationship effects
# above and below the diagonal by rows, and variances in the order of VARIANCES.
VARIANCES = [field.name for field in fields(Effects)][4:]


def numbers(text: str) -> list[float]:
    return [float(number) for number in text.split()]


def square(text: str) -> Floats:
    return np.array([numbers(row) for row in text.split(",")])


ONE_BADLY_RECEIVED = square("0 5 4 4, 2 0 4 3, 1 4 0 4, 2 3 4 0")
MIXED = square("0 5 4 3 4, 2 0 4 4 3, 1 4 0 4 4, 2 3 4 0 5, 1 3 4 4 0")
TWO_BLOCS = square("0 5 4 2 2 1, 5 0 5 1 2 2, 4 5 0 2 1 2, 2 1 2 0 5 4, 2 2 1 4 0 5, 1 2 2 5 5 0")
PUBLISHED = [
    (
        ONE_BADLY_RECEIVED,
        "0.5 -0.125 -0.125 -0.25",
        "-1.5 0.625 0.625 0.25",
        """0.54166666667 -0.45833333333 -0.083333333333 0.29166666667 0.16666666667 -0.45833333333
        -0.70833333333 0.16666666667 0.54166666667 0.41666666667 -0.70833333333 0.29166666667""",
        "-0.16666666667 0.75 0.58333333333 -0.58333333333 0.5",
    ),
    (
        MIXED,
        "0.13333333333 -0.066666666667 0 0.2 -0.26666666667",
        "-1.8666666667 0.33333333333 0.6 0.4 0.53333333333",
        """1.1333333333 -0.13333333333 -0.93333333333 -0.066666666667
        0.53333333333 0.066666666667 0.26666666667 -0.86666666667
        -0.53333333333 0.26666666667 0.2 0.066666666667
        0.26666666667 -0.93333333333 -0.2 0.86666666667
        -0.26666666667 -0.46666666667 0.26666666667 0.46666666667""",
        "-0.13333333333 0.93333333333 0.56666666667 -0.18333333333 0.23333333333",
    ),
    (
        TWO_BLOCS,
        "-0.083333333333 0.16666666667 -0.083333333333 -0.083333333333 -0.041666666667 0.125",
        "-0.083333333333 0.16666666667 -0.083333333333 -0.083333333333 0.125 -0.041666666667",
        """2.05 1.3 -0.7 -0.90833333333 -1.7416666667 2.05 2.05 -1.95 -1.1583333333 -0.99166666667
        1.3 2.05 -0.7 -1.9083333333 -0.74166666667 -0.7 -1.95 -0.7 2.0916666667 1.2583333333
        -0.74166666667 -0.99166666667 -1.7416666667 1.2583333333 2.2166666667
        -1.9083333333 -1.1583333333 -0.90833333333 2.0916666667 1.8833333333""",
        "-0.96666666667 -0.96666666667 3.9333333333 -0.95833333333 3.85",
    ),
]


def tables(points: st.SearchStrategy[float], n: int) -> st.SearchStrategy[list[list[float]]]:
    return st.lists(st.lists(points, min_size=n, max_size=n), min_size=n, max_size=n)


points = st.sampled_from([1.0, 2.0, 3.0, 4.0, 5.0])
complete = st.integers(4, 7).flatmap(lambda n: tables(st.floats(1, 5).map(lambda x: round(x, 3)), n))
# One rater an organisation who leaves out nobody, then others who may, and where each belongs.
others = st.tuples(st.lists(points | st.just(NAN), min_size=5, max_size=5), st.integers(-1, 4))
rows = st.tuples(tables(points, 5), st.lists(others)).map(
    lambda both: [*((row, group) for group, row in enumerate(both[0])), *both[1]]
)


def one_each(cells: object) -> Ratings:
    """A showing with one rater an organisation."""
    table = np.array(cells, dtype=float)
    return relations.table(table, np.arange(len(table)))


def without(cells: object, *empty: tuple[int, int]) -> Floats:
    table = np.array(cells, dtype=float)
    for cell in empty:
        table[cell] = NAN
    return table


def widened(array: Floats, at: int) -> Floats:
    for axis in range(array.ndim):
        array = np.insert(array, at, NAN, axis=axis)
    return array


def off_diagonal(table: Floats) -> Floats:
    return table[~np.eye(len(table), dtype=bool)]


def variances_of(found: Effects) -> list[float]:
    return [float(getattr(found, name)) for name in VARIANCES]


def told(rated: list[tuple[list[float], int]]) -> Ratings:
    return relations.table([row for row, _ in rated], [group for _, group in rated])


def arrays(found: Relations) -> list[Floats]:
    return [*(np.asarray(getattr(found.effects, field.name)) for field in fields(Effects)), found.gap]


def same(first: list[Floats], second: list[Floats]) -> bool:
    return all(np.allclose(a, b, atol=1e-9, equal_nan=True) for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize(("cells", "actor", "partner", "relationship", "variances"), PUBLISHED)
def test_effects_and_variances_equal_the_published_script(
    cells: Floats, actor: str, partner: str, relationship: str, variances: str
) -> None:
    found = relations.effects(cells)

    assert found.actor.tolist() == pytest.approx(numbers(actor), abs=1e-8)
    assert found.partner.tolist() == pytest.approx(numbers(partner), abs=1e-8)
    assert off_diagonal(found.relationship).tolist() == pytest.approx(numbers(relationship), abs=1e-8)
    assert variances_of(found) == pytest.approx(numbers(variances), abs=1e-8)
    assert float(found.grand) == pytest.approx(off_diagonal(cells).mean(), abs=1e-12)
    assert np.isnan(np.diag(found.relationship)).all()


@given(complete)
def test_effects_add_up_to_the_cells_and_cancel_in_every_row_and_column(cells: list[list[float]]) -> None:
    found = relations.effects(cells)

    again = found.grand + found.actor[:, None] + found.partner + found.relationship
    assert off_diagonal(again).tolist() == pytest.approx(off_diagonal(np.array(cells)).tolist(), abs=1e-9)
    assert [found.actor.sum(), found.partner.sum()] == pytest.approx([0, 0], abs=1e-9)
    assert np.allclose(np.nansum(found.relationship, axis=0), 0, atol=1e-9)
    assert np.allclose(np.nansum(found.relationship, axis=1), 0, atol=1e-9)


@given(complete, st.floats(-3, 3))
def test_how_generously_one_organisation_rates_moves_nobodys_received_effect(
    cells: list[list[float]], more: float
) -> None:
    generous = np.array(cells)
    generous[0] += more

    before, after = relations.effects(cells), relations.effects(generous)

    assert np.allclose(after.partner, before.partner, atol=1e-9)
    assert np.allclose(after.relationship, before.relationship, atol=1e-9, equal_nan=True)
    assert after.actor[0] - before.actor[0] == pytest.approx(more * (1 - 1 / len(cells)), abs=1e-9)


def test_tables_without_special_relations_have_none() -> None:
    actor, partner = np.array([1.0, 0.5, 0.0, -0.5, -1.0]), np.array([0.2, 0.4, -1.2, 0.3, 0.3])

    found = relations.effects(3 + actor[:, None] + partner)

    assert found.actor.tolist() == pytest.approx(actor.tolist())
    assert found.partner.tolist() == pytest.approx(partner.tolist())
    assert off_diagonal(found.relationship).tolist() == pytest.approx([0] * 20)
    assert float(found.relationship_variance) == pytest.approx(0)
    assert float(found.actor_variance) == pytest.approx(2.5 / 4)
    assert float(found.actor_partner_covariance) == pytest.approx(-0.05 / 4)


def test_a_stack_of_tables_is_taken_apart_like_each_of_them() -> None:
    first, second = relations.effects(MIXED), relations.effects(MIXED.T)

    stack = relations.effects([MIXED, MIXED.T])

    for name in (field.name for field in fields(Effects)):
        alone = [getattr(first, name), getattr(second, name)]
        assert np.allclose(getattr(stack, name), alone, atol=1e-12, equal_nan=True)


TOO_LITTLE = [np.ones((0, 0)), np.ones((3, 3)), without(MIXED, (0, 1)), np.where(np.eye(4), 0, np.inf)]


@pytest.mark.parametrize("cells", TOO_LITTLE)
def test_the_model_needs_four_organisations_and_every_cell(cells: Floats) -> None:
    with pytest.raises(ValueError, match="at least 4"):
        relations.effects(cells)


@pytest.mark.parametrize("cells", [[1, 2, 3], 3, [[1, 2, 3], [1, 2, 3]]])
def test_a_table_is_square(cells: object) -> None:
    for verb in (relations.effects, relations.impute):
        with pytest.raises(ValueError, match="one row and one column"):
            verb(np.array(cells))


def test_what_several_people_of_an_organisation_say_becomes_one_cell() -> None:
    found = relations.table([[NAN, 4, 0], [NAN, 5, NAN], [-2, NAN, 3.0], [1.0, 1, 1]], [0, 0, 1, -1])

    assert found.n.tolist() == [[0, 2, 1], [1, 0, 1], [0, 0, 0]]
    assert found.people.tolist() == found.n.tolist()
    assert found.total.tolist() == [[0, 9, 0], [-2, 0, 3], [0, 0, 0]]
    assert np.array_equal(found.mean, [[NAN, 4.5, 0], [-2, NAN, 3], [NAN, NAN, NAN]], equal_nan=True)


def test_what_people_say_of_their_own_organisation_is_left_out() -> None:
    found, silent = one_each(np.full((3, 3), 5.0)), one_each(np.where(np.eye(3), NAN, 5.0))

    assert found.n.tolist() == silent.n.tolist() == [[0, 1, 1], [1, 0, 1], [1, 1, 0]]
    assert found.total.tolist() == silent.total.tolist()


def test_a_showing_nobody_answered_is_an_empty_table() -> None:
    found = relations.analyse([relations.table(np.empty((0, 5)), [])])

    assert found.ratings.n.sum() == 0
    assert (found.cannot_tell, found.rating, found.cells, found.missing) == (True, 0, 0, 0)
    assert found.raters.tolist() == found.raters_from.tolist() == [0] * 5
    assert relations.analyse([relations.table(np.empty((0, 0)), [])]).cannot_tell


@pytest.mark.parametrize("ratings", [[1, 2], [[1, float("inf")], [1, 2]], [[-float("inf"), 1], [1, 2]]])
def test_what_is_no_table_of_ratings_is_refused(ratings: list[object]) -> None:
    with pytest.raises(ValueError, match="finite or missing"):
        relations.table(np.array(ratings), [0, 1])


@pytest.mark.parametrize("groups", [[0], [0, 1, 1], [0.0, 1.0], [[0, 1]]])
def test_every_respondent_has_one_numbered_organisation(groups: object) -> None:
    with pytest.raises(ValueError, match="whole numbers"):
        relations.table([[1, 2], [1, 2]], np.array(groups))


def test_an_organisation_that_nobody_is_asked_about_cannot_rate() -> None:
    with pytest.raises(ValueError, match="no column"):
        relations.table([[1, 2], [1, 2]], [0, 2])


def test_the_last_two_showings_are_pooled_rating_by_rating() -> None:
    first = relations.table([[NAN, 1, 1]], [0])
    second = relations.table([[NAN, 5, NAN], [NAN, 4, NAN], [3, NAN, NAN]], [0, 0, 1])
    third = relations.table([[NAN, 1, 2], [4, NAN, 4]], [0, 1])

    found = relations.pool([first, second, third])

    assert found.total.tolist() == [[0, 10, 2], [7, 0, 4], [0, 0, 0]]
    assert found.n.tolist() == [[0, 3, 1], [2, 0, 1], [0, 0, 0]]
    assert found.mean[0, 1] == pytest.approx(10 / 3)
    assert np.isnan(found.mean[2]).all()


def test_people_asked_twice_are_counted_once() -> None:
    first = relations.table([[NAN, 5], [NAN, 4], [NAN, 4], [1, NAN]], [0, 0, 0, 1])
    second = relations.table([[NAN, 5], [3, NAN], [3, NAN]], [0, 1, 1])

    found = relations.analyse([first, second])

    assert found.ratings.n.tolist() == [[0, 4], [3, 0]]
    assert found.ratings.people.tolist() == [[0, 3], [2, 0]]
    assert found.raters.tolist() == [2, 3]
    assert found.raters_from.tolist() == [1, 1]


def test_showings_are_one_or_more_of_the_same_organisations() -> None:
    with pytest.raises(ValueError, match="one or more"):
        relations.pool([])
    with pytest.raises(ValueError, match="same organisations"):
        relations.analyse([one_each(MIXED), one_each(TWO_BLOCS)])


def test_an_empty_cell_is_filled_with_the_mean_of_its_row_mean_and_its_column_mean() -> None:
    filled = relations.impute(without(MIXED, (0, 1), (3, 4)))

    # Row 0 has 4, 3, 4; column 1 has 4, 3, 3. Row 3 has 2, 3, 4; column 4 has 4, 3, 4.
    assert filled[0, 1] == pytest.approx((11 / 3 + 10 / 3) / 2)
    assert filled[3, 4] == pytest.approx((3 + 11 / 3) / 2)
    rest = ~np.eye(5, dtype=bool)
    rest[0, 1] = rest[3, 4] = False
    assert filled[rest].tolist() == MIXED[rest].tolist()
    assert np.isnan(np.diag(filled)).all()


def test_a_row_or_column_without_ratings_stands_at_the_mean_of_all() -> None:
    nobody = np.array([[0, NAN, 4, NAN], [NAN, 0, 4, NAN], [1, 3, 0, NAN], [NAN, NAN, NAN, 0]])

    filled = relations.impute(nobody)

    assert filled[3, 2] == pytest.approx((3 + 4) / 2)
    assert filled[2, 3] == pytest.approx((2 + 3) / 2)
    # Column 3 holds nothing, nor does row 3: what is left is the mean of all.
    assert relations.impute(without(nobody, (2, 0), (2, 1)))[2, 3] == pytest.approx(4)
    assert np.isnan(relations.impute(np.full((3, 3), NAN))).all()


def test_one_organisation_received_badly_by_all_stands_out_by_its_received_effect() -> None:
    found = relations.analyse([one_each(MIXED)])

    assert int(found.effects.partner.argmin()) == REFUGEE_GROUP
    assert found.effects.partner[REFUGEE_GROUP] == pytest.approx(-1.8666666667, abs=1e-8)
    assert found.raters.tolist() == found.raters_from.tolist() == [4] * 5
    assert (found.rating, found.cells, found.missing) == (5, 20, 0)


def test_one_broken_relation_is_negative_both_ways_and_no_gap() -> None:
    cells = np.full((5, 5), 4.0)
    cells[COUNCIL, YOUTH_CENTRE] = cells[YOUTH_CENTRE, COUNCIL] = 1

    found = relations.analyse([one_each(cells)])

    worst = found.effects.relationship[COUNCIL, YOUTH_CENTRE]
    assert worst == pytest.approx(np.nanmin(found.effects.relationship))
    assert worst == pytest.approx(found.effects.relationship[YOUTH_CENTRE, COUNCIL])
    assert worst < -0.5
    assert np.nansum(np.abs(found.gap)) == 0


def test_a_relation_worse_one_way_than_the_other_is_a_gap_in_both_directions() -> None:
    cells = np.full((5, 5), 4.0)
    cells[HEALTH_TRUST, FAMILY_CHARITY] = 1

    found = relations.analyse([one_each(cells)])

    assert found.gap[HEALTH_TRUST, FAMILY_CHARITY] == -3
    assert found.gap[FAMILY_CHARITY, HEALTH_TRUST] == 3
    assert np.nansum(np.abs(found.gap)) == 6
    assert np.isnan(np.diag(found.gap)).all()


def test_two_cells_of_five_organisations_may_miss_and_not_three() -> None:
    two = relations.analyse([one_each(without(MIXED, (0, 1), (3, 4)))])
    three = relations.analyse([one_each(without(MIXED, (0, 1), (3, 4), (2, 0)))])

    assert (two.cannot_tell, two.missing, two.rating) == (False, 2, 5)
    assert (three.cannot_tell, three.missing, three.rating) == (True, 3, 5)
    assert all(np.isnan(array).all() for array in arrays(three))
    assert [array.shape for array in arrays(three)] == [array.shape for array in arrays(two)]
    assert three.raters.tolist() == [3, 3, 4, 4, 3]


def test_of_a_missing_cell_itself_nothing_is_told() -> None:
    cells = without(MIXED, (0, 1), (3, 4))

    found = relations.analyse([one_each(cells)])

    whole = relations.effects(relations.impute(cells))
    left = without(whole.relationship, (0, 1), (3, 4))
    assert np.allclose(found.effects.relationship, left, atol=1e-12, equal_nan=True)
    assert found.effects.partner.tolist() == pytest.approx(whole.partner.tolist())
    assert found.effects.actor.tolist() == pytest.approx(whole.actor.tolist())
    assert variances_of(found.effects) == pytest.approx(variances_of(whole))
    assert np.isnan(found.gap[[0, 1, 3, 4], [1, 0, 4, 3]]).all()
    assert np.isnan(found.gap).sum() == 5 + 4
    assert found.raters.tolist() == found.raters_from.tolist() == [4, 3, 4, 4, 3]


def test_a_cell_missing_in_one_showing_is_taken_from_the_other() -> None:
    first, second = without(MIXED, (0, 1), (0, 2)), without(MIXED, (3, 4), (2, 1))

    found = relations.analyse([one_each(first), one_each(second)])

    assert found.missing == 0
    assert same(arrays(found), arrays(relations.analyse([one_each(MIXED)])))


def test_with_fewer_than_five_organisations_rating_nothing_can_be_told() -> None:
    four, five = (relations.analyse([one_each(MIXED[:n, :n])]) for n in (4, 5))

    assert (four.rating, four.missing, four.cannot_tell) == (4, 0, True)
    assert (five.rating, five.missing, five.cannot_tell) == (5, 0, False)
    assert all(np.isnan(array).all() for array in arrays(four))


def test_who_rated_nobody_is_still_received_and_whom_nobody_rated_is_still_heard() -> None:
    cells = np.arange(100).reshape(10, 10) % 7 % 5 + 1.0
    quiet, unseen = cells.copy(), cells.copy()
    quiet[0], unseen[:, 9] = NAN, NAN

    silent, unrated = relations.analyse([one_each(quiet)]), relations.analyse([one_each(unseen)])

    assert (silent.rating, silent.missing, silent.cells) == (9, 9, 90)
    assert np.flatnonzero(np.isnan(silent.effects.actor)).tolist() == [0]
    assert np.allclose(silent.effects.partner, relations.effects(relations.impute(quiet)).partner)
    assert silent.raters.tolist() == [9, *[8] * 9]
    assert relations.analyse([one_each(without(quiet, (1, 2)))]).cannot_tell
    assert (unrated.rating, unrated.missing, unrated.cells) == (10, 9, 90)
    assert np.flatnonzero(np.isnan(unrated.effects.partner)).tolist() == [9]
    assert np.allclose(unrated.effects.actor, relations.effects(relations.impute(unseen)).actor)
    assert unrated.raters_from.tolist() == [*[9] * 9, 0]


@pytest.mark.parametrize("at", [0, 2, 5])
def test_an_organisation_outside_the_table_changes_nothing_for_the_others(at: int) -> None:
    cells = without(MIXED, (0, 1))

    alone, beside = (relations.analyse([one_each(table)]) for table in (cells, widened(cells, at)))

    assert (beside.rating, beside.cells, beside.missing) == (alone.rating, alone.cells, alone.missing)
    assert beside.raters.tolist() == np.insert(alone.raters, at, 0).tolist()
    for there, here in zip(arrays(beside), arrays(alone), strict=True):
        assert np.array_equal(there, widened(here, at), equal_nan=True)


@given(rows, st.randoms())
def test_the_order_of_rows_and_an_unanswered_seat_change_nothing(
    rated: list[tuple[list[float], int]], chance: object
) -> None:
    shuffled = [*rated, ([NAN] * 5, 2)]
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # Hypothesis hands out a random.Random

    first, second = relations.analyse([told(rated)]), relations.analyse([told(shuffled)])

    assert same(arrays(first), arrays(second))
    assert first.raters.tolist() == second.raters.tolist()
    assert (first.cannot_tell, second.cannot_tell) == (False, False)


@given(tables(points, 6), st.permutations(range(6)))
def test_renaming_organisations_renames_the_findings(cells: list[list[float]], names: list[int]) -> None:
    table = without(cells, (0, 1), (4, 2))

    first = relations.analyse([one_each(table)])
    second = relations.analyse([one_each(table[np.ix_(names, names)])])

    renamed = [array[np.ix_(*[names] * array.ndim)] if array.ndim else array for array in arrays(first)]
    assert same(arrays(second), renamed)
    assert second.raters.tolist() == first.raters[names].tolist()


def test_everybody_rated_alike_gives_noughts() -> None:
    found = relations.analyse([one_each(np.full((5, 5), 3.0))])

    assert all(np.allclose(array[~np.isnan(array)], 0, atol=1e-12) for array in arrays(found)[1:])
    assert float(found.effects.grand) == pytest.approx(3)


def test_change_is_measured_against_the_mean_of_the_past() -> None:
    now, first, second = np.array([1.0, 2.0, NAN, 4.0]), [0.0, 1.0, 1.0, NAN], [1.0, NAN, 1.0, NAN]

    less, n = relations.change(now, [np.array(first), np.array(second)])
    without_a_past, none = relations.change(now, [])

    assert np.array_equal(less, [0.5, 1.0, NAN, NAN], equal_nan=True)
    assert n.tolist() == [2, 1, 2, 0]
    assert np.isnan(without_a_past).all()
    assert none.tolist() == [0] * 4


def test_the_past_of_other_organisations_is_no_baseline() -> None:
    with pytest.raises(ValueError, match="different organisations"):
        relations.change(np.zeros(5), [np.zeros(5), np.zeros(6)])
