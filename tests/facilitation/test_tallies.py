"""Votes, choices, numbers and promises: told of all together, so that no small side can be worked out."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import product

import pytest

from facilitation import shares, tallies
from facilitation.instruments import Item

WORDED = {"en": "words"}
LARGEST = 24  # people; from 20 on a share is told in the finest parts


def item(kind: str, *, options: int = 0) -> Item:
    return Item(
        "it", kind, "Five barriers", WORDED, WORDED, options=tuple({"en": str(at)} for at in range(options))
    )


def told(one: Item, values: Sequence[int], *, k: int = 4) -> tallies.Tally | None:
    found = tallies.told([one], {"it": values}, k=k)
    return found[0] if found else None


def splits(n: int, sides: int) -> Iterator[tuple[int, ...]]:
    """Every way in which n people can fall into so many sides."""
    if sides == 1:
        yield (n,)
        return
    for first in range(n + 1):
        for rest in splits(n - first, sides - 1):
            yield (first, *rest)


# Each kind with the value of each of its sides.
SIDES = {
    "agree": (item("agree"), (-1, 0, 1)),
    "promise": (item("promise"), (1, 2, 3)),
    "choice of two": (item("choice", options=2), (1, 2)),
    "choice of three": (item("choice", options=3), (1, 2, 4)),
    "choice of four": (item("choice", options=4), (1, 2, 4, 8)),
}


def given_away(values: Sequence[int], look_of: Callable[[list[int]], str | None], n: int) -> list[str]:
    """What a reader who knows that n answered can work out: a side of one or two, or that all are on one.

    Of all ways to answer that look the same, each side has to be nobody in some, or three or more in some.
    """
    looks: dict[str | None, list[tuple[int, ...]]] = defaultdict(list)
    for split in splits(n, len(values)):
        given = [value for value, size in zip(values, split, strict=True) for _ in range(size)]
        looks[look_of(given)].append(split)
    return [
        f"{n}: {look}"
        for look, ways in looks.items()
        for side in zip(*ways, strict=True)
        if min(side) == n or (look is not None and min(side) > 0 and max(side) < 3)
    ]


@pytest.mark.parametrize("kind", SIDES)
def test_no_small_side_nor_that_all_are_on_one_can_be_worked_out(kind: str) -> None:
    one, values = SIDES[kind]

    found = [
        away
        for n in range(4, LARGEST + 1)
        for away in given_away(values, lambda given: str(told(one, given)) if told(one, given) else None, n)
    ]

    assert not found


def test_the_attack_finds_what_a_careless_digest_gives_away() -> None:
    """The oracle bites: the parts of all three sides pin the small ones down."""

    def careless(given: list[int]) -> str:
        return str([shares.told(given.count(side), len(given), k=4) for side in (-1, 0, 1)])

    assert given_away((-1, 0, 1), careless, 12)


@pytest.mark.parametrize("options", [2, 3])
def test_what_is_chosen_several_at_once_gives_no_small_side_away(options: int) -> None:
    one = item("choice", options=options)
    for n in range(4, 13):
        looks: dict[str, list[tuple[int, ...]]] = defaultdict(list)
        for counts in product(range(n + 1), repeat=options):
            given = [sum(2**at for at, chosen in enumerate(counts) if person < chosen) for person in range(n)]
            looks[repr(told(one, given))].append(counts)
        for look, ways in looks.items():
            for side in zip(*ways, strict=True):
                assert look == "None" or min(side) == 0 or max(side) >= 3, (n, look)


def test_a_vote_tells_how_large_a_part_agrees_and_nothing_of_the_others() -> None:
    found = told(item("agree"), [1] * 8 + [0, -1, -1, -1])

    assert found is not None
    assert found["share"] == {"low": 2, "high": 3, "parts": 4, "least": 10, "most": 14}
    assert (found["partly"], found["option"], found["value"]) == (None, None, None)


def test_a_choice_tells_the_one_that_stands_out() -> None:
    one = item("choice", options=3)

    ahead, level = told(one, [4] * 7 + [1, 2, 2, 2, 1]), told(one, [1] * 6 + [2] * 6)

    assert ahead is not None
    assert (ahead["option"], ahead["share"]["low"]) == ({"en": "2"}, 2)
    assert level is None


def test_a_promise_tells_what_is_done_and_what_is_begun_but_not_what_is_stuck() -> None:
    found = told(item("promise"), [1] * 4 + [2] * 6 + [3] * 2)

    assert found is not None
    assert (found["share"]["low"], found["partly"]["low"]) == (1, 3)
    assert [entry[0] for entry in tallies.entries([found])] == ["it", "it:partly"]


@pytest.mark.parametrize(
    ("kind", "answered", "k", "shown"),
    [
        ("agree", 5, 4, False),
        ("agree", 6, 4, True),
        ("agree", 9, 10, False),
        ("promise", 5, 4, False),
        ("number", 3, 4, False),
        ("number", 4, 4, True),
        ("number", 4, 5, False),
    ],
)
def test_nothing_is_told_of_too_few(kind: str, answered: int, k: int, *, shown: bool) -> None:
    assert (told(item(kind), [1] * answered, k=k) is not None) == shown


@pytest.mark.parametrize(
    ("median", "expected"),
    [(0, 0), (3, 3), (4.5, 5), (9, 9), (12, 12), (13, 14), (37, 35), (117, 120), (1234, 1200), (-3, -3)],
)
def test_a_number_is_told_in_steps_of_about_a_fifth(median: float, expected: int) -> None:
    assert tallies.rounded(median) == expected
    assert abs(tallies.rounded(median) - median) <= max(0.5, abs(median) / 10)


def test_the_middle_of_the_numbers_is_told_and_never_their_ends() -> None:
    found = told(item("number"), [0, 10, 11, 12, 400])

    assert found is not None
    assert (found["value"], found["least"], found["most"]) == (12, 4, 6)
