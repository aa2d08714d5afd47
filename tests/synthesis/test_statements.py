"""The small table is worked by hand; the larger figures are what the Polis server itself returned."""

import time
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthesis import statements
from synthesis.statements import Representative

NAN = float("nan")

# Three of a council, three of a trust, one facilitator in no group.
VOTES: list[list[float]] = [
    [1, 1, -1],
    [1, NAN, -1],
    [1, 0, 0],
    [-1, 1, 1],
    [-1, NAN, NAN],
    [1, 1, NAN],
    [1, -1, NAN],
]
GROUPS = [0, 0, 0, 1, 1, 1, -1]

# Agree, disagree, pass of three groups, and the group-informed consensus, of statements of the
# public conversation pol.is/2dhnep37ie (27 people), counted from the data that
# polis-community/red-dwarf keeps as fixtures, with the answer of the server beside them.
SERVER = {
    52: ([(10, 0, 0), (7, 0, 2), (4, 0, 0)], 0.5555555555555555),
    34: ([(0, 10, 1), (7, 1, 2), (2, 4, 0)], 0.019230769230769232),
    15: ([(1, 5, 5), (6, 1, 2), (0, 5, 1)], 0.012237762237762238),
    40: ([(1, 3, 7), (2, 1, 5), (5, 0, 0)], 0.039560439560439566),
    27: ([(11, 0, 0), (8, 0, 1), (6, 0, 0)], 0.6608391608391609),
}
# Statement, group, side; share, its test, ratio, its test.
SERVER_REPRESENTATIVE = [
    (52, 0, "agree", (0.9166666666666667, 3.3166247903554, 1.145833333333333, 1.3069333)),
    (34, 0, "disagree", (0.8461538461538461, 2.886751345948129, 2.538461538461538, 3.0357547)),
    (15, 1, "agree", (0.6363636363636364, 1.2649110640673515, 6.045454545454545, 3.1970584)),
    (34, 1, "agree", (0.6666666666666667, 1.5075567228888183, 4.222222222222222, 3.018956)),
    (40, 2, "agree", (0.8571428571428571, 2.449489742783178, 4.5, 3.5327044)),
]

vote = st.sampled_from([1.0, 0.0, -1.0, NAN])
rounds = st.integers(1, 12).flatmap(
    lambda people: st.tuples(
        st.lists(st.lists(vote, min_size=4, max_size=4), min_size=people, max_size=people),
        st.lists(st.integers(-1, 3), min_size=people, max_size=people),
    )
)


def voted(*counts: list[tuple[int, int, int]]) -> tuple[list[list[float]], list[int]]:
    """Rows of people who vote as counted: per statement, (agree, disagree, pass) of each group."""
    sizes = [max(sum(statement[group]) for statement in counts) for group in range(len(counts[0]))]
    columns = [
        [
            answer
            for (agree, disagree, neither), size in zip(statement, sizes, strict=True)
            for answer in ([1.0] * agree + [-1.0] * disagree + [0.0] * neither + [NAN] * size)[:size]
        ]
        for statement in counts
    ]
    return np.array(columns).T.tolist(), [group for group, size in enumerate(sizes) for _ in range(size)]


def assert_same(one: statements.Statements, other: statements.Statements) -> None:
    """Equal to the last bit."""
    np.testing.assert_equal(asdict(one), asdict(other))


def test_votes_are_counted_by_group_and_over_everybody() -> None:
    found = statements.picture(VOTES, GROUPS)

    assert found.groups.tolist() == [0, 1]
    assert found.group.agreed.tolist() == [[3, 1, 0], [1, 2, 1]]
    assert found.group.disagreed.tolist() == [[0, 0, 2], [2, 0, 0]]
    assert found.group.voted.tolist() == [[3, 2, 3], [3, 2, 1]]
    assert found.everybody.agreed.tolist() == [5, 3, 1]
    assert found.everybody.disagreed.tolist() == [2, 1, 2]
    assert found.everybody.voted.tolist() == [7, 5, 4]


def test_shares_and_their_tests_are_as_worked_by_hand() -> None:
    found = statements.picture(VOTES, GROUPS)

    assert found.group.pa == pytest.approx(np.array([[4 / 5, 1 / 2, 1 / 5], [2 / 5, 3 / 4, 2 / 3]]))
    assert found.group.pd == pytest.approx(np.array([[1 / 5, 1 / 4, 3 / 5], [3 / 5, 1 / 4, 1 / 3]]))
    assert found.group.pat == pytest.approx(np.array([[2, 3**-0.5, -1], [0, 3**0.5, 2**0.5]]))
    assert found.group.pdt == pytest.approx(np.array([[-1, -(3**-0.5), 1], [1, -(3**-0.5), 0]]))
    assert found.everybody.pa == pytest.approx(np.array([6 / 9, 4 / 7, 2 / 6]))
    assert found.everybody.pd == pytest.approx(np.array([3 / 9, 2 / 7, 3 / 6]))
    assert found.everybody.pat == pytest.approx(np.array([2**0.5, 6**0.5 / 3, -(5**0.5) / 5]))
    assert found.everybody.pdt == pytest.approx(np.array([-(2**0.5) / 2, -(6**0.5) / 3, 5**0.5 / 5]))


def test_groups_are_compared_as_worked_by_hand() -> None:
    found = statements.picture(VOTES, GROUPS)

    z = np.array([(8 / 3) ** 0.5, -(1.2**0.5), -(3**0.5)])
    z_against = np.array([-(2**0.5), 0, 0.375**0.5])
    assert found.ra == pytest.approx(np.array([[2, 2 / 3, 0.3], [1 / 2, 3 / 2, 10 / 3]]))
    assert found.rd == pytest.approx(np.array([[1 / 3, 1, 9 / 5], [3, 1, 5 / 9]]))
    assert found.rat == pytest.approx(np.array([z, -z]))
    assert found.rdt == pytest.approx(np.array([z_against, -z_against]))


def test_the_lists_of_the_small_table_are_as_worked_by_hand() -> None:
    found = statements.picture(VOTES, GROUPS)

    assert found.representative == (
        (Representative(0, "agree", best_agree=True, significant=True),),
        (Representative(2, "agree", best_agree=True, significant=True),),
    )
    assert (found.consensus_agree, found.consensus_disagree) == ((0,), ())


def test_consensus_over_groups_is_a_product_or_its_geometric_mean() -> None:
    found = statements.picture(VOTES, GROUPS)

    assert found.group_informed == pytest.approx(np.array([0.32, 0.375, 2 / 15]), abs=1e-15)
    assert found.organisation_informed == pytest.approx(np.sqrt([0.32, 0.375, 2 / 15]), abs=1e-15)


def test_the_geometric_mean_does_not_fall_as_organisations_become_more() -> None:
    three = statements.picture([[1], [1], [1]], range(3))
    fifteen = statements.picture([[1]] * 15, range(15))

    assert three.organisation_informed == pytest.approx([2 / 3])
    assert fifteen.organisation_informed == pytest.approx([2 / 3])
    assert fifteen.group_informed == pytest.approx([(2 / 3) ** 15])


@pytest.mark.parametrize(("statement", "group", "side", "figures"), SERVER_REPRESENTATIVE)
def test_the_statistics_are_those_of_the_polis_server(
    statement: int, group: int, side: str, figures: tuple[float, ...]
) -> None:
    counts, consensus = SERVER[statement]

    found = statements.picture(*voted(counts))

    one = found.group
    agree = one.pa, one.pat, found.ra, found.rat
    disagree = one.pd, one.pdt, found.rd, found.rdt
    mine = [float(figure[group, 0]) for figure in (agree if side == "agree" else disagree)]
    assert mine == pytest.approx(figures, abs=1e-6)
    assert float(found.group_informed[0]) == pytest.approx(consensus, abs=1e-15)


def test_the_consensus_is_that_of_the_polis_server() -> None:
    found = statements.picture(*voted(*(counts for counts, _ in SERVER.values())))

    # Statement 27 is the first of the server's list; 52 follows it among these five.
    assert found.consensus_agree == (4, 0)
    assert float(found.everybody.pa[4]) == pytest.approx(0.9285714285714286, abs=1e-15)
    assert float(found.everybody.pat[4]) == pytest.approx(4.811252243246882, abs=1e-14)


def test_agreeing_is_listed_before_disagreeing_and_no_more_than_five() -> None:
    against = [(0, 9, 0), (9, 0, 0)]
    slightly_for = [(6, 0, 3), (0, 6, 3)]

    found = statements.picture(*voted(against, against, against, slightly_for, against, against, against))

    first = [(one.statement, one.side, one.best_agree) for one in found.representative[0]]
    assert first == [
        (3, "agree", True),
        (0, "disagree", False),
        (1, "disagree", False),
        (2, "disagree", False),
        (4, "disagree", False),
    ]


def test_the_strongest_come_first_whatever_their_place() -> None:
    weak, middling, strong = [(7, 0, 2), (0, 7, 2)], [(8, 0, 1), (0, 8, 1)], [(9, 0, 0), (0, 9, 0)]

    found = statements.picture(*voted(weak, strong, middling))

    assert [one.statement for one in found.representative[0]] == [1, 2, 0]
    assert [one.best_agree for one in found.representative[0]] == [True, False, False]
    assert [one.statement for one in found.representative[1]] == [1, 2, 0]
    assert not any(one.best_agree for one in found.representative[1])


def test_what_all_agree_on_stands_first_though_it_sets_no_group_apart() -> None:
    shared, against = [(9, 0, 0), (9, 0, 0)], [(0, 9, 0), (9, 0, 0)]

    found = statements.picture(*voted(against, shared))

    assert found.representative[0] == (
        Representative(1, "disagree", best_agree=True, significant=False),
        Representative(0, "disagree", best_agree=False, significant=True),
    )


def test_a_likelier_statement_takes_the_lead_only_until_the_leader_is_agreed_on_more_than_elsewhere() -> None:
    # Agreed on alike by both; more here than there; and again alike, by more people.
    alike_few, more_here, alike_many = [(6, 1, 0), (6, 0, 0)], [(8, 1, 0), (3, 5, 0)], [(9, 0, 0), (9, 0, 0)]

    def best(*counts: list[tuple[int, int, int]]) -> list[int]:
        lists = statements.picture(*voted(*counts)).representative
        return [one.statement for one in lists[0] if one.best_agree]

    assert best(alike_few, more_here, alike_many) == [1]
    assert best(alike_few, alike_many, more_here) == [1]
    assert best(more_here, alike_many) == [0]
    assert best(alike_few, alike_many) == [1]
    assert best(alike_many, alike_few) == [0]


def test_the_lead_turns_back_when_what_nobody_agrees_with_takes_it() -> None:
    # Found by the test below: two negative tests make a positive strength, as in Polis.
    all_agree, nobody_agrees = [(1, 0, 0), (2, 0, 0)], [(1, 0, 0), (0, 1, 1)]

    found = statements.picture(*voted(all_agree, nobody_agrees, all_agree))

    assert [one.statement for one in found.representative[1] if one.best_agree] == [2]


def test_who_only_passed_or_did_not_see_a_statement_does_not_best_agree_on_it() -> None:
    agreed, passed, unseen = [(3, 2, 0), (1, 4, 0)], [(0, 0, 5), (5, 0, 0)], [(0, 0, 0), (0, 5, 0)]

    found = statements.picture(*voted(agreed, passed, unseen))

    assert [one.statement for one in found.representative[0] if one.best_agree] == [0]


def test_a_majority_that_is_not_significant_is_enough_to_best_agree_if_others_agree_less() -> None:
    fewer_elsewhere, half, more_elsewhere = (
        [(3, 2, 0), (1, 4, 0)],
        [(3, 3, 0), (0, 4, 0)],
        [(3, 2, 0), (6, 0, 0)],
    )

    listed = [
        statements.picture(*voted(one)).representative[0] for one in (fewer_elsewhere, half, more_elsewhere)
    ]

    assert listed == [(Representative(0, "agree", best_agree=True, significant=False),), (), ()]


def test_both_tests_are_needed_to_set_a_group_apart() -> None:
    # Far from the others and no majority; a majority and like the others.
    no_majority, like_the_others = [(3, 7, 10), (0, 20, 0)], [(18, 2, 0), (17, 3, 0)]

    found = statements.picture(*voted(no_majority, like_the_others))

    assert found.rat[0, 0] > 1.2816
    assert found.group.pat[0, 1] > 1.2816
    assert [one for one in found.representative[0] if one.significant] == []


def test_a_side_that_passes_no_test_is_not_called_significant_though_the_other_side_does() -> None:
    # The others pass; this group is for it, and further from them in its few votes against.
    mostly_for = [(28, 10, 2), (50, 1, 49)]

    found = statements.picture(*voted(mostly_for))

    assert found.representative[0] == (Representative(0, "disagree", best_agree=True, significant=False),)


def test_at_most_five_are_consensus_and_the_strongest_stand_first() -> None:
    columns = [[(agree, 20 - agree, 0)] for agree in (15, 16, 20, 17, 18, 19, 10)]

    found = statements.picture(*voted(*columns))

    assert found.consensus_agree == (2, 5, 4, 3, 1)
    assert found.consensus_disagree == ()


def test_a_consensus_against_is_found_as_one_for_and_ties_keep_their_order() -> None:
    found = statements.picture(*voted([(0, 9, 0)], [(5, 4, 0)], [(0, 9, 0)]))

    assert found.consensus_disagree == (0, 2)
    assert found.consensus_agree == ()


@pytest.mark.parametrize(("agree", "of", "listed"), [(28, 48, (0,)), (13, 21, ())])
def test_consensus_takes_a_majority_significant_at_ninety_percent(
    agree: int, of: int, listed: tuple[int, ...]
) -> None:
    found = statements.picture(*voted([(agree, of - agree, 0)]))

    # 1.2857 and 1.2792 standard errors above one half, on either side of 1.2816.
    assert found.consensus_agree == listed


def test_with_one_group_nothing_is_compared() -> None:
    found = statements.picture([[1, -1], [1, 0]], [4, 4])

    assert found.groups.tolist() == [4]
    assert all(np.isnan(figure).all() for figure in (found.ra, found.rd, found.rat, found.rdt))
    assert found.representative == ((),)
    assert found.group_informed == pytest.approx(found.organisation_informed)


def test_where_all_vote_alike_nobody_differs() -> None:
    found = statements.picture(*voted([(3, 0, 0), (5, 0, 0)]))

    assert found.rat.tolist() == [[0], [0]]


def test_a_group_that_did_not_see_a_statement_counts_one_half() -> None:
    found = statements.picture([[1.0, 1.0], [NAN, 1.0]], [0, 1])

    assert found.group.pa[1, 0] == 0.5
    assert found.group_informed[0] == pytest.approx(1 / 3)


@pytest.mark.parametrize("groups", [[], [-1, -1]])
def test_without_groups_there_is_no_consensus_over_groups(groups: list[int]) -> None:
    found = statements.picture(np.ones((len(groups), 3)), groups)

    assert found.groups.tolist() == []
    assert found.representative == ()
    assert np.isnan(found.group_informed).all()
    assert np.isnan(found.organisation_informed).all()
    assert found.everybody.voted.tolist() == [len(groups)] * 3
    assert found.everybody.pa.tolist() == [(len(groups) + 1) / (len(groups) + 2)] * 3


def test_no_statements_give_empty_lists() -> None:
    found = statements.picture(np.empty((2, 0)), [0, 1])

    assert found.groups.tolist() == []
    assert found.consensus_agree == ()


@given(rounds, st.randoms())
@settings(deadline=None)
def test_the_order_of_people_changes_nothing(
    drawn: tuple[list[list[float]], list[int]], chance: object
) -> None:
    rows = list(zip(*drawn, strict=True))
    chance.shuffle(rows)  # type: ignore[attr-defined]  # Hypothesis hands out a random.Random

    shuffled = statements.picture([row for row, _ in rows], [group for _, group in rows])

    assert_same(shuffled, statements.picture(*drawn))


@given(rounds, st.permutations(range(5, 9)))
@settings(deadline=None)
def test_renaming_organisations_renames_their_rows_and_nothing_else(
    drawn: tuple[list[list[float]], list[int]], names: list[int]
) -> None:
    votes, groups = drawn
    first = statements.picture(votes, groups)

    second = statements.picture(votes, [names[group] if group >= 0 else -7 for group in groups])

    row = [second.groups.tolist().index(names[group]) for group in first.groups]
    assert np.array_equal(first.group.pat, second.group.pat[row])
    assert np.array_equal(first.rat, second.rat[row], equal_nan=True)
    assert first.representative == tuple(second.representative[at] for at in row)
    assert np.array_equal(first.group_informed, second.group_informed, equal_nan=True)
    assert np.array_equal(first.organisation_informed, second.organisation_informed, equal_nan=True)
    assert first.consensus_agree == second.consensus_agree


@given(rounds, st.integers(-1, 6))
@settings(deadline=None)
def test_a_seat_that_did_not_vote_changes_nothing(
    drawn: tuple[list[list[float]], list[int]], seat: int
) -> None:
    votes, groups = drawn

    more = statements.picture([*votes, [NAN] * 4], [*groups, seat])

    assert_same(more, statements.picture(votes, groups))


@given(rounds)
@settings(deadline=None)
def test_turning_every_vote_round_swaps_the_sides(drawn: tuple[list[list[float]], list[int]]) -> None:
    votes, groups = drawn
    first = statements.picture(votes, groups)

    turned = statements.picture(-np.array(votes), groups)

    assert np.array_equal(turned.group.pa, first.group.pd)
    assert np.array_equal(turned.rat, first.rdt, equal_nan=True)
    assert np.array_equal(turned.rd, first.ra, equal_nan=True)
    assert turned.consensus_disagree == first.consensus_agree


@given(rounds)
@settings(deadline=None, max_examples=300)
def test_what_a_group_best_agrees_on_is_what_the_rule_says_one_statement_at_a_time(
    drawn: tuple[list[list[float]], list[int]],
) -> None:
    found = statements.picture(*drawn)

    for at, listed in enumerate(found.representative if len(found.groups) > 1 else ()):
        mine = [one.statement for one in listed if one.best_agree]
        assert mine == one_at_a_time(found, at)
        against = [one.statement for one in listed if one.side == "disagree" and not one.best_agree]
        strength = (found.rd * found.rdt * found.group.pd * found.group.pdt)[at, against].tolist()
        assert strength == sorted(strength, reverse=True)


def one_at_a_time(found: statements.Statements, at: int) -> list[int]:
    """Let the statements challenge the best so far, each in its turn."""
    best: list[int] = []
    likely = found.group.pa[at] * found.group.pat[at]
    strength = found.ra[at] * found.rat[at] * found.group.pa[at] * found.group.pat[at]
    for one in range(likely.size):
        if best:
            measure = strength if found.ra[at, best[0]] > 1 else likely
            wins = measure[one] > measure[best[0]]
        else:
            good = found.ra[at, one] > 1 and found.group.pa[at, one] > 0.5
            wins = found.group.pat[at, one] > 1.2816 or good
        if wins and found.group.agreed[at, one] + found.group.disagreed[at, one]:
            best = [one]
    return best


@pytest.mark.parametrize(
    ("votes", "groups", "reason"),
    [
        ([1, 0], [0, 1], "table"),
        ([[2]], [0], "a vote is"),
        ([[0.5]], [0], "a vote is"),
        ([[float("inf")]], [0], "a vote is"),
        ([[1]], [0, 1], "whole numbers"),
        ([[1]], [[0]], "whole numbers"),
        ([[1]], [0.0], "whole numbers"),
    ],
)
def test_what_is_no_table_of_votes_is_refused(votes: list[object], groups: list[object], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        statements.picture(votes, groups)  # type: ignore[arg-type]  # that is the test


@pytest.mark.alone
def test_two_thousand_people_and_statements_take_well_under_a_second() -> None:
    chance = np.random.default_rng(8)
    votes = chance.choice([-1, 0, 1, np.nan], size=(2_000, 2_000), p=[0.2, 0.1, 0.3, 0.4])
    groups = chance.integers(0, 15, 2_000)
    started = time.perf_counter()

    statements.picture(votes, groups)

    # 0.1 s on two cores with nothing beside it.
    assert time.perf_counter() - started < 1
