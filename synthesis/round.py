"""One round, from ratings to signals: the method's table of contents."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from synthesis import disclosure, division, spread
from synthesis.disclosure import Shown
from synthesis.division import Division, Permutation
from synthesis.spread import Floats, Ints, Spread

Kind = Literal["organisation_differs", "common_ground"]

# Common ground: everyone shown leans to the high end.
AGREED = 4.0
ENOUGH = 7
WIDEST = spread.POINTS - 1


@dataclass(frozen=True, slots=True)
class Signal:
    """One finding, without a sentence.

    item, and low and high: column and cell numbers; low answered lower than high. p, q: of
    the permutation test, None where the finding rests on no test. severity: 0..1, see the
    function that makes the kind.
    """

    kind: Kind
    item: int
    low: tuple[int, ...]
    high: tuple[int, ...]
    p: float | None
    q: float | None
    severity: float


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """A round, with everything the signals were made from.

    spread: per item, over all answers. cell_n, cell_mean: (cells, items); mean nan where
    nobody answered. shown: per item, what may be shown. shown_mean: (cells, items), and
    shown_total: (items,), as published (rounded), nan where hidden. permutations,
    divisions: per item, run on the shown cells alone. signals: strongest first.
    """

    spread: Spread
    cell_n: Ints
    cell_mean: Floats
    shown: tuple[Shown[int], ...]
    shown_mean: Floats
    shown_total: Floats
    permutations: tuple[Permutation, ...]
    divisions: tuple[Division, ...]
    signals: tuple[Signal, ...]


def analyse(
    ratings: npt.ArrayLike,
    groups: npt.ArrayLike,
    *,
    invited: npt.ArrayLike,
    seed: int,
    k: int | None = disclosure.FEWEST,
    level: float = division.LEVEL,
) -> Analysis:
    """Find where the cells of one round part, and where they meet.

    ratings: (respondents, items), 1..5 or nan. groups: (respondents,), the cell 0.. of each,
    below 0 for people who count in the total alone. invited: people asked, one figure or one
    an item. seed: the round's own number, from 0. k: nothing rests on fewer people than
    this; None for an analyst's own data, where nothing is hidden or rounded.

    Nothing depends on the order of respondents, and an item's test not on the other items
    (its q does). Raises ValueError on shapes and values that do not fit, and on k below 4.
    """
    picture = spread.picture(ratings, invited=invited)
    cell_counts, outside = _by_cell(ratings, groups)
    cell_n, cell_mean = cell_counts.sum(axis=-1), spread.mean(cell_counts)
    shown = _disclosed(cell_n, outside, k=k)
    shown_mean, shown_total = _published(picture, cell_n, cell_mean, shown=shown, k=k)
    permutations = _tested(ratings, groups, shown=shown, seed=seed)
    divisions = division.judge(permutations, level=level)
    signals = _parted(cell_n, shown_mean, divisions) + _agreed(picture, shown_mean, shown_total)
    return Analysis(
        spread=picture,
        cell_n=cell_n,
        cell_mean=cell_mean,
        shown=shown,
        shown_mean=shown_mean,
        shown_total=shown_total,
        permutations=permutations,
        divisions=divisions,
        signals=tuple(sorted(signals, key=lambda signal: (-signal.severity, signal.item, signal.kind))),
    )


def _by_cell(ratings: npt.ArrayLike, groups: npt.ArrayLike) -> tuple[Ints, Ints]:
    """Count answers (cells, items, points), and those to each item from outside all cells (items,)."""
    table, labels = np.asarray(ratings, dtype=np.float64), np.asarray(groups)
    if labels.shape != table.shape[:1] or (labels.size and not np.issubdtype(labels.dtype, np.integer)):
        raise ValueError("groups are whole numbers, one a respondent")
    cells = int(labels.max(initial=-1)) + 1
    found = np.zeros((cells, table.shape[1], spread.POINTS), dtype=np.int64)
    for cell in range(cells):
        found[cell] = spread.counts(table[labels == cell])
    return found, spread.counts(table[labels < 0]).sum(axis=-1)


def _disclosed(cell_n: Ints, outside: Ints, *, k: int | None) -> tuple[Shown[int], ...]:
    if k is None:
        return tuple(Shown(cells=tuple(np.flatnonzero(n).tolist()), total=True) for n in cell_n.T)
    return tuple(
        disclosure.shown(dict(enumerate(n.tolist())), k, outside=int(others))
        for n, others in zip(cell_n.T, outside, strict=True)
    )


def _published(
    picture: Spread, cell_n: Ints, cell_mean: Floats, *, shown: Sequence[Shown[int]], k: int | None
) -> tuple[Floats, Floats]:
    """Means of shown cells and totals, rounded as published."""
    cells, totals = np.full(cell_mean.shape, np.nan), np.full(picture.n.shape, np.nan)
    for item, may in enumerate(shown):
        for cell in may.cells:
            cells[cell, item] = _rounded(cell_mean[cell, item], cell_n[cell, item], k=k)
        if may.total:
            totals[item] = _rounded(picture.mean[item], picture.n[item], k=k)
    return cells, totals


def _rounded(mean: np.float64, n: np.int64, *, k: int | None) -> float:
    return float(mean) if k is None else disclosure.rounded_mean(float(mean), int(n))


def _tested(
    ratings: npt.ArrayLike, groups: npt.ArrayLike, *, shown: Sequence[Shown[int]], seed: int
) -> tuple[Permutation, ...]:
    """Test each item over its shown cells: who is hidden must not be heard through a verdict."""
    table, labels = np.asarray(ratings, dtype=np.float64), np.asarray(groups)
    return tuple(
        division.between(table[:, item], np.where(np.isin(labels, may.cells), labels, -1), seed=seed)
        for item, may in enumerate(shown)
    )


def _parted(cell_n: Ints, shown_mean: Floats, divisions: Sequence[Division]) -> list[Signal]:
    """Items on which cells differ by more than luck, and the two sides they fall into.

    severity: distance of the outermost shown means over the length of the scale. A verdict
    whose distance vanishes in rounding gives no signal: there would be nothing to show for it.
    """
    found = []
    for item, judged in enumerate(divisions):
        means = shown_mean[:, item]
        gap = float(np.nanmax(means) - np.nanmin(means)) if judged.verdict == "between" else 0.0
        if gap > 0:
            low, high = _sides(means, cell_n[:, item])
            found.append(
                Signal("organisation_differs", item, low, high, judged.p, judged.q, severity=gap / WIDEST)
            )
    return found


def _sides(means: Floats, n: Ints) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Split cells by their means where the two sides lie furthest apart, weighted by people.

    The cut of a row of means that leaves the least spread within both sides (Fisher 1958,
    On grouping for maximum homogeneity); equal means never part.
    """
    order = [int(cell) for cell in np.argsort(means, kind="stable") if not np.isnan(means[cell])]
    cuts = [at for at in range(1, len(order)) if means[order[at]] > means[order[at - 1]]]
    middle = np.average(means[order], weights=n[order])

    def apart(cut: int) -> float:
        return sum(
            float(n[side].sum() * (np.average(means[side], weights=n[side]) - middle) ** 2)
            for side in (order[:cut], order[cut:])
        )

    best = max(cuts, key=apart)
    return tuple(sorted(order[:best])), tuple(sorted(order[best:]))


def _agreed(picture: Spread, shown_mean: Floats, shown_total: Floats) -> list[Signal]:
    """Items that everybody shown leans to: common ground.

    Shown values alone decide, so that the finding tells no more than they do: the total and every
    shown cell stand at 4 or more, and 7 answers or more are behind the total. A few firm noes
    may hide behind such a mean; it says where most lean. Agreement at the low end is not called
    common ground.
    high: the shown cells. severity: how far the lowest shown mean reaches from 3 to 5, 0..1.
    """
    found = []
    for item, total in enumerate(shown_total):
        cells = tuple(np.flatnonzero(~np.isnan(shown_mean[:, item])).tolist())
        lowest = float(min([total, *shown_mean[list(cells), item]]))
        enough = disclosure.band(int(picture.n[item]))[0] >= ENOUGH
        if enough and lowest >= AGREED:
            found.append(Signal("common_ground", item, (), cells, None, None, severity=(lowest - 3) / 2))
    return found
