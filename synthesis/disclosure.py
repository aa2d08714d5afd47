"""What may be shown of a round so that nobody's answer can be worked out.

Rules only: counts and numbers in, decisions out; no names, no sentences. Each item of
a round is shown over disjoint cells of people and their total, and nothing else.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_DOWN, ROUND_HALF_UP, Decimal
from fractions import Fraction
from itertools import combinations
from typing import Generic, Literal, NamedTuple, TypeVar

K = TypeVar("K", bound=Hashable)

# No number is shown of fewer people than this; a partnership may ask for more, never for less.
FEWEST = 4
# Lowest figure of each published band of a count; what lies below the first is too few to show.
BANDS = (4, 7, 10, 15, 25)
# From this many answers on a mean carries a decimal; below, halves.
FINE_MEAN = 10
MIDDLE = Decimal(3)
FINE_ENDS = (11, 49)  # tenths
# A share is told in so many parts from so many invited on: at least three possible counts in each part.
PARTS = ((20, 5), (12, 4), (6, 2), (0, 1))
# The backbone holds the ring and has no side in it: its seats are asked nothing.
NOT_ASKED = "backbone"


@dataclass(frozen=True, slots=True)
class Shown(Generic[K]):
    """Which figures of one item of one round may be shown: these cells, and the total or not."""

    cells: tuple[K, ...]
    total: bool


class Share(NamedTuple):
    """A share that lies from `low` to `high` of `parts` equal parts, as in 3 to 4 of 5."""

    low: int
    high: int
    parts: int


@dataclass(frozen=True, slots=True)
class Cell(Generic[K]):
    """People shown together: one organisation, the small ones of one kind, or the small ones left over.

    key: the organisation's id, the kind, or None for those left over.
    """

    sort: Literal["organisation", "kind", "others"]
    key: K | str | None
    organisations: tuple[K, ...]


def shown(answers: Mapping[K, int], k: int = FEWEST, *, outside: int = 0) -> Shown[K]:
    """Decide what may be shown of one item so that no 1..k-1 people can be worked out.

    answers: how many answered, by cell; cells share nobody. outside: answers from people
    in no cell; they count in the total alone.

    What linear algebra can make of cells and total is unions of shown cells and of the rest
    (total less shown cells). So a cell needs k answers, and the rest needs k or nobody. Where
    the rest is 1..k-1 people, one more figure has to go: the smallest shown cell rather than
    the total, which keeps more answers on show, and keeps those counted somewhere who are in
    no shown cell. Equal cells: the later one goes. Cells come back in the order given.
    Raises ValueError for k below 4 and for negative counts.
    """
    if k < FEWEST:
        raise ValueError(f"no group under {FEWEST} people is ever shown")
    if outside < 0 or any(count < 0 for count in answers.values()):
        raise ValueError("a count of answers is 0 or more")
    total = sum(answers.values()) + outside
    if total < k:
        return Shown(cells=(), total=False)
    kept = [cell for cell, count in answers.items() if count >= k]
    rest = total - sum(answers[cell] for cell in kept)
    if kept and 0 < rest < k:
        kept.remove(min(reversed(kept), key=lambda cell: answers[cell]))
    return Shown(cells=tuple(kept), total=True)


def exposed(rows: Sequence[Sequence[int]], k: int) -> list[tuple[int, ...]]:
    """Attack what was published: every set of 1..k-1 people whose sum can be worked out.

    rows: one published sum or mean each; 1 where a column's answer is in it, else 0. A
    column is one answer of one person (in one round, to one item). A set can be worked out
    if its indicator lies in the row space; the arithmetic is exact. Returns sets of column
    numbers, sorted, by size; empty if the publication is safe. A set of answers from
    different rounds counts as that many people.
    Work grows with (columns told apart)^(k-1): meant as a test's oracle, not for a send.
    Raises ValueError on anything but 0 and 1, or rows of unequal length.
    """
    if any(value not in {0, 1} for row in rows for value in row) or len({len(row) for row in rows}) > 1:
        raise ValueError("rows are 0 or 1, and of one length")
    # Answers that always appear together can never be told apart: they move as one.
    alike: dict[tuple[int, ...], list[int]] = {}
    for column, seen_in in enumerate(zip(*rows, strict=True)):
        if any(seen_in):
            alike.setdefault(tuple(seen_in), []).append(column)
    basis = _echelon([[Fraction(value) for value in row] for row in zip(*alike, strict=True)])
    blocks = list(alike.values())
    found = [
        tuple(sorted(column for block in chosen for column in blocks[block]))
        for chosen in _small_unions([len(block) for block in blocks], k)
        if _spanned(chosen, basis)
    ]
    return sorted(found, key=lambda group: (len(group), group))


def draw_cells(organisations: Sequence[tuple[K, str, int]], k: int = FEWEST) -> list[Cell[K]]:
    """Draw the cells of a partnership from (id, kind, seats) of its organisations.

    k seats make a cell of their own. Smaller organisations are rolled up by kind where the
    kind's small ones have k seats together; what is left becomes one cell of others, if that
    has k seats; if not, those people count in the total alone (`shown`: outside). A backbone
    is asked nothing and left out. The order given is kept; kinds follow in alphabetical order.
    Raises ValueError for k below 4.
    """
    if k < FEWEST:
        raise ValueError(f"no group under {FEWEST} people is ever shown")
    asked = [organisation for organisation in organisations if organisation[1] != NOT_ASKED]
    cells: list[Cell[K]] = [Cell("organisation", id_, (id_,)) for id_, _, seats in asked if seats >= k]
    small = [organisation for organisation in asked if organisation[2] < k]
    left: list[tuple[K, str, int]] = []
    for kind in sorted({kind for _, kind, _ in small}):
        same = [organisation for organisation in small if organisation[1] == kind]
        if sum(seats for _, _, seats in same) >= k:
            cells.append(Cell("kind", kind, tuple(id_ for id_, _, _ in same)))
        else:
            left += same
    if sum(seats for _, _, seats in left) >= k:
        cells.append(Cell("others", None, tuple(id_ for id_, _, _ in left)))
    return cells


def band(n: int) -> tuple[int, int | None]:
    """Give the published band of a count: (0, 3), (4, 6), (7, 9), (10, 14), (15, 24) or (25, None)."""
    if n < 0:
        raise ValueError("a count is 0 or more")
    edges = (0, *BANDS)
    low = max(edge for edge in edges if edge <= n)
    above = [edge for edge in edges if edge > n]
    return low, min(above) - 1 if above else None


def share_band(replied: int, invited: int) -> Share:
    """Tell a share without telling the count.

    Fifths from 20 invited on, quarters from 12, halves from 6; below, nothing: 0 to 1 of 1.
    Each part holds at least three possible counts, "all" and "nobody" are not told apart from
    "nearly". A share on a border belongs to the part above. Raises ValueError unless 0 <= replied <= invited.
    """
    if not 0 <= replied <= invited:
        raise ValueError("replied lies between 0 and invited")
    parts = next(parts for least, parts in PARTS if invited >= least)
    low = min(replied * parts // max(invited, 1), parts - 1)
    return Share(low=low, high=low + 1, parts=parts)


def rounded_mean(mean: float, n: int) -> float:
    """Round a mean on 1..5 for showing: to halves below 10 answers, to tenths from 10 on.

    From 10 answers on, 1.1 and 4.9 are the ends: a shown 1 or 5 would tell what each person answered.
    A mean midway goes to the end of the scale, not to its middle: so that below 10 answers
    a shown 1 or 5 never means that everybody answered it (4, 5, 5, 5 shows 5 too).
    Raises ValueError for fewer than 4 answers: such a mean is not shown at all.
    """
    if n < FEWEST:
        raise ValueError(f"a mean of fewer than {FEWEST} answers is not shown")
    # Sums of whole numbers over n: twelve decimals are exact enough to see what lies midway.
    exact = Decimal(str(round(mean, 12)))
    steps = exact * (2 if n < FINE_MEAN else 10)
    away = ROUND_HALF_UP if exact > MIDDLE else ROUND_HALF_DOWN
    rounded = float(steps.quantize(Decimal(1), rounding=away))
    return rounded / 2 if n < FINE_MEAN else min(max(rounded, FINE_ENDS[0]), FINE_ENDS[1]) / 10


def _echelon(rows: list[list[Fraction]]) -> dict[int, list[Fraction]]:
    """Reduced row echelon form: by pivot column, the row that has 1 there and 0 at all other pivots."""
    basis: dict[int, list[Fraction]] = {}
    for row in rows:
        rest = _less(row, basis)
        pivot = next((at for at, value in enumerate(rest) if value), None)
        if pivot is None:
            continue
        scaled = [value / rest[pivot] for value in rest]
        basis = {at: _less(known, {pivot: scaled}) for at, known in basis.items()}
        basis[pivot] = scaled
    return basis


def _less(row: list[Fraction], basis: dict[int, list[Fraction]]) -> list[Fraction]:
    """Take the basis rows out of a row, so that it has 0 at all their pivots."""
    rest = row
    for pivot, known in basis.items():
        if factor := rest[pivot]:
            rest = [value - factor * taken for value, taken in zip(rest, known, strict=True)]
    return rest


def _spanned(chosen: tuple[int, ...], basis: dict[int, list[Fraction]]) -> bool:
    """Whether the indicator of the chosen columns is a combination of the basis rows."""
    used = [row for pivot, row in basis.items() if pivot in chosen]
    width = len(next(iter(basis.values())))
    return all(sum(row[at] for row in used) == (at in chosen) for at in range(width))


def _small_unions(sizes: list[int], k: int) -> Iterator[tuple[int, ...]]:
    """Every choice of blocks that holds 1..k-1 columns together."""
    small = [block for block, size in enumerate(sizes) if size < k]
    for count in range(1, k):
        for chosen in combinations(small, count):
            if sum(sizes[block] for block in chosen) < k:
                yield chosen
