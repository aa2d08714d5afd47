"""Where each organisation stands on an item, once the luck of few answers is taken off.

The mean of three answers is mostly luck: of real ratings, an organisation explains 4 to 13% of one
person's answer. So each organisation's mean is drawn towards that of all, the more the fewer its
answers, and the more the less organisations differ at all (empirical Bayes; Efron & Morris 1975,
with the variance between organisations of a one-way analysis of variance).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from synthesis import spread
from synthesis.spread import Floats, Ints

# Squared points of a 5-point scale: unanimous tiny organisations would otherwise weigh without limit.
LEAST_WITHIN = 0.3


@dataclass(frozen=True, slots=True, eq=False)
class Organisations:
    """Every organisation's place on every item.

    n, mean, shrunken: (organisations, items); mean and shrunken on the scale of the answers, nan where
    nobody of an organisation answered. All others (items,): msb and msw, the mean squares between
    and within organisations, nan without degrees of freedom; within, the msw that was used; n0,
    the answers of a typical organisation; tau2, variance between organisations, from 0 (no
    evidence that they differ: all are drawn to one place); grand, the precision-weighted mean.
    tau2, grand and shrunken are nan with fewer than two organisations, or nothing known of the
    spread within them.
    """

    n: Ints
    mean: Floats
    msb: Floats
    msw: Floats
    within: Floats
    n0: Floats
    tau2: Floats
    grand: Floats
    shrunken: Floats


def places(answers: npt.ArrayLike, groups: npt.ArrayLike, *, within: npt.ArrayLike = np.nan) -> Organisations:
    """Give means and shrunken means of organisations on each item.

    answers: (respondents, items), finite numbers or nan. groups: (respondents,), organisation 0.. of each,
    below 0 for people who are left out. within: the variance within organisations, one figure or
    one an item, if it is known better than from this round alone (pooled over earlier ones); nan: from
    these answers. It is never taken for less than 0.3.

    `tau2 = max(0, (MSB - within) / n0)`, `n0 = (N - sum n_j^2 / N) / (J - 1)`, weights
    `1 / (tau2 + within / n_j)`, `shrunken_j = grand + tau2 / (tau2 + within / n_j) (mean_j - grand)`.
    With few organisations tau2 is rough, and 0 more often than not: it says that nothing is
    to be seen, not that they agree. Raises ValueError on shapes and values that do not fit.
    """
    table, member = _read(answers, groups)
    here = ~np.isnan(table)
    n = member @ here.astype(np.int64)
    mean = spread.ratio(member @ np.where(here, table, 0.0), n)
    total, organisations = n.sum(axis=0), (n > 0).sum(axis=0)
    msb = _between(mean, n)
    msw = spread.ratio(_squares(table, member, mean), total - organisations)
    used = _used(within, msw)
    n0 = spread.ratio(total - spread.ratio((n**2).sum(axis=0), total), organisations - 1)
    tau2 = np.maximum(0.0, (msb - used) / n0)
    precision = np.where(n > 0, n / (tau2 * n + used), 0.0)
    grand = spread.ratio(np.nansum(precision * mean, axis=0), precision.sum(axis=0))
    shrunken = grand + tau2 * precision * (mean - grand)
    return Organisations(n, mean, msb, msw, used, n0, tau2, grand, shrunken)


def _read(answers: npt.ArrayLike, groups: npt.ArrayLike) -> tuple[Floats, Ints]:
    """The answers, and who belongs where: (organisations, respondents) of 0 and 1."""
    table, labels = np.asarray(answers, dtype=np.float64), np.asarray(groups)
    if table.ndim != 2 or labels.shape != table.shape[:1]:  # noqa: PLR2004  # rows and columns
        raise ValueError("answers are a table: one row a respondent, with one group each")
    if labels.size and not np.issubdtype(labels.dtype, np.integer):
        raise ValueError("groups are whole numbers")
    if np.isinf(table).any():
        raise ValueError("an answer is a finite number or missing")
    numbers = np.arange(int(labels.max(initial=-1)) + 1)
    return table, (numbers[:, None] == labels[None, :]).astype(np.int64)


def _used(within: npt.ArrayLike, msw: Floats) -> Floats:
    known = np.broadcast_to(np.asarray(within, dtype=np.float64), msw.shape)
    if (known < 0).any():
        raise ValueError("a variance is 0 or more")
    return np.maximum(LEAST_WITHIN, np.where(np.isnan(known), msw, known))


def _between(mean: Floats, n: Ints) -> Floats:
    """Mean square between organisations, (items,)."""
    middle = spread.ratio(np.nansum(n * mean, axis=0), n.sum(axis=0))
    squares = np.nansum(n * (mean - middle) ** 2, axis=0)
    return spread.ratio(squares, (n > 0).sum(axis=0) - 1)


def _squares(table: Floats, member: Ints, mean: Floats) -> Floats:
    """Squared distances of all answers from their own organisation's mean, summed, (items,)."""
    counted = np.where(member.sum(axis=0)[:, None] > 0, table, np.nan)
    return np.asarray(np.nansum((counted - member.T @ np.nan_to_num(mean)) ** 2, axis=0))
