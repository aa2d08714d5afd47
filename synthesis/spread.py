"""How far apart the answers to one question stand.

Everything works on counts: an array of shape (..., points), one row an item,
one column a point of the scale, so any number of items is one call.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

POINTS = 5
# A 5-point scale seen from its neutral middle, as the conflict index wants it.
FIVE_POINTS = (-2, -1, 0, 1, 2)


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """The picture of every item of a round. All arrays run over the items.

    counts: (items, 5), answers at 1..5. n, invited: (items,), people.
    mean, median: (items,), 1..5, nan where nobody answered.
    pci2: (items,), 0..1, nan below 2 answers. pairwise: (items,), nan below 2 answers.
    """

    counts: Ints
    n: Ints
    invited: Ints
    mean: Floats
    median: Floats
    pci2: Floats
    pairwise: Floats


def picture(ratings: npt.ArrayLike, *, invited: npt.ArrayLike) -> Spread:
    """Give counts, centre and spread of every item.

    ratings: (respondents, items), 1..5, nan for no answer. invited: how many people
    were asked, one figure or one an item; never fewer than answered.
    Raises ValueError on another shape, on values off the scale, on too few invited.
    """
    found = counts(ratings)
    n = found.sum(axis=-1)
    asked = np.broadcast_to(np.asarray(invited, dtype=np.int64), n.shape)
    if (asked < n).any():
        raise ValueError("more people answered than were invited")
    return Spread(
        counts=found,
        n=n,
        invited=asked,
        mean=mean(found),
        median=median(found),
        pci2=pci2(found),
        pairwise=pairwise(found),
    )


def counts(ratings: npt.ArrayLike) -> Ints:
    """Count the answers at 1..5: (respondents, items) of 1..5 or nan to (items, 5).

    Raises ValueError on any other shape, and on a value that is no point of the scale.
    """
    table = np.asarray(ratings, dtype=np.float64)
    if table.ndim != 2:  # noqa: PLR2004  # rows and columns
        raise ValueError("ratings are a table: one row a respondent, one column an item")
    points = np.arange(1, POINTS + 1)
    at = table[:, :, None] == points
    if (at.any(axis=-1) == np.isnan(table)).any():
        raise ValueError("a rating is 1, 2, 3, 4, 5 or missing")
    return np.asarray(at.sum(axis=0), dtype=np.int64)


def mean(found: npt.ArrayLike) -> Floats:
    """Mean on 1..points of counts of shape (..., points); nan where nobody answered."""
    table = _counted(found)
    return ratio(table @ np.arange(1.0, table.shape[-1] + 1), table.sum(axis=-1))


def median(found: npt.ArrayLike) -> Floats:
    """Median on 1..points of counts (..., points); between two points for an even split; nan for nobody."""
    table = _counted(found)
    n = table.sum(axis=-1, keepdims=True)
    below = table.cumsum(axis=-1)
    lower = (below < (n + 1) // 2).sum(axis=-1)
    upper = (below < n // 2 + 1).sum(axis=-1)
    return np.where(n[..., 0] > 0, (lower + upper) / 2 + 1, np.nan)


def distances(scale: Sequence[int] = FIVE_POINTS) -> Floats:
    """Distance D1 between every two points of a scale with its neutral at 0: (points, points).

    `|x - y| - 1` if one is below 0 and the other above, else 0: who is neutral is in
    conflict with nobody. -2 and 1 are 2 apart. (Vaske, Beaman, Barreto & Shelby 2010,
    An extension and further validation of the Potential for Conflict Index, Leisure
    Sciences 32. Without a neutral point -1 and 1 are 1 apart still, as in the R package pcir.)
    Raises ValueError if the scale has only one side.
    """
    at = np.asarray(scale, dtype=np.float64)
    opposed = np.sign(at)[:, None] * np.sign(at)[None, :] < 0
    if not opposed.any():
        raise ValueError("a scale needs points below and above 0")
    return np.where(opposed, np.abs(at[:, None] - at[None, :]) - 1, 0.0)


def pci2(found: npt.ArrayLike, *, scale: Sequence[int] = FIVE_POINTS) -> Floats:
    """Potential for Conflict Index 2 with distance D1: 0 nobody opposed, 1 split in two at the ends.

    found: (..., points) counts. Result (...,), nan below 2 answers.
    `sum_{i != j} n_i n_j d_ij / (d_max (n^2 - n mod 2) / 2)` (Vaske et al. 2010).
    It describes the people who answered. As an estimate it is low in small groups,
    by (n-1)/n for even and n/(n+1) for odd n (a quarter at n = 3 and 4), and one
    dissenter among three scores 1.0: show the counts first, and compare over time
    or between groups with `pairwise`.
    """
    table = _counted(found)
    n = table.sum(axis=-1)
    return ratio(_opposition(table, scale) * 2, n * n - n % 2)


def pairwise(found: npt.ArrayLike, *, scale: Sequence[int] = FIVE_POINTS) -> Floats:
    """Give the mean D1 distance of two different respondents over the largest distance.

    found: (..., points) counts. Result (...,), nan below 2 answers; 0 nobody opposed;
    `sum_{i != j} n_i n_j d_ij / (n (n - 1) d_max)`. Unbiased at any n >= 2 (a U-statistic,
    Hoeffding 1948): its expectation is half the population's PCI2, so waves and groups
    of unequal size may be compared. Two opposed people score 1, a large even split 0.5.
    """
    table = _counted(found)
    n = table.sum(axis=-1)
    return ratio(_opposition(table, scale), n * (n - 1))


def _counted(found: npt.ArrayLike) -> Ints:
    table = np.asarray(found)
    if not np.issubdtype(table.dtype, np.integer) or (table < 0).any():
        raise ValueError("counts are whole numbers from 0")
    return table.astype(np.int64)


def _opposition(table: Ints, scale: Sequence[int]) -> Floats:
    """Sum of distances over all ordered pairs of people, in units of the largest distance."""
    apart = distances(scale)
    if table.shape[-1] != len(apart):
        raise ValueError("counts and scale have different numbers of points")
    return np.asarray(np.einsum("...i,ij,...j->...", table, apart, table) / apart.max())


def ratio(above: npt.ArrayLike, below: Ints | Floats) -> Floats:
    """Divide, with nan where there is nothing to divide by."""
    top = np.asarray(above, dtype=np.float64)
    result = np.full(top.shape, np.nan)
    np.divide(top, below, out=result, where=below > 0)
    return result
