"""Whether groups differ by more than the luck of who happens to sit where."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import factorial, prod
from typing import Literal

import numpy as np
import numpy.typing as npt

from synthesis.spread import Floats, Ints

Verdict = Literal["none", "between", "cannot_tell"]

# The figures of the method: exact as long as every arrangement can be looked at,
# then a fixed number of drawn ones.
MOST_ARRANGEMENTS = 20_000
DRAWS = 9_999
LEVEL = 0.05
FEWEST_ANSWERS = 8
# At most this many numbers in memory for one batch of drawn arrangements (2 MB).
BATCH = 250_000
# Sums of squares that differ only by rounding count as equal.
SAME = 1e-9


@dataclass(frozen=True, slots=True)
class Permutation:
    """One permutation test.

    p: chance that labels dealt out blindly part the answers as much; None with fewer than
    two groups. attainable: the smallest p these group sizes could ever give (1 with fewer
    than two groups). n: answers in the test. arrangements: ways to deal out the labels.
    as_extreme of looked_at parted the answers as much (the draws, when drawn). exact: all looked at.
    """

    p: float | None
    attainable: float
    n: int
    arrangements: int
    as_extreme: int
    looked_at: int
    exact: bool


@dataclass(frozen=True, slots=True)
class Division:
    """What may be said of one item: verdict, p, and q (p corrected for the number of items)."""

    verdict: Verdict
    p: float | None
    q: float | None
    attainable: float


def between(answers: npt.ArrayLike, groups: npt.ArrayLike, *, seed: int) -> Permutation:
    """Permutation test of the group labels of one item, with the sum of squares between groups.

    answers: (respondents,), finite numbers or nan for none. groups: (respondents,), whole
    numbers; below 0 is in no group and left out, as are missing answers.

    Up to 20,000 arrangements all are counted: p = as extreme / all. Above, 9,999 are drawn:
    p = (hits + 1) / (9,999 + 1), never 0 (Fisher 1935; Phipson & Smyth 2010). The result
    depends on what was answered in groups of which sizes, and on the seed: not on the order
    of rows, nor on the groups' numbers. Small groups: 3 against 3 never gives p below .10,
    one against five never below .17.
    """
    members = _by_group(answers, groups)
    n = sum(len(member) for member in members)
    if len(members) < 2:  # noqa: PLR2004  # nothing to compare
        return Permutation(p=None, attainable=1.0, n=n, arrangements=1, as_extreme=0, looked_at=0, exact=True)
    sizes = [len(member) for member in members]
    pool = np.sort(np.concatenate(members))
    middle = pool.mean()
    pool -= middle
    ways = arrangements(sizes)
    exact = ways <= MOST_ARRANGEMENTS
    observed = _between_squares(np.array([(member - middle).sum() for member in members]), sizes)
    reached = float(observed) * (1 - SAME) - SAME
    if exact:
        hits, looked_at = int((_between_squares(_all_sums(pool, sizes), sizes) >= reached).sum()), ways
    else:
        hits, looked_at = _drawn_hits(pool, sizes, reached=reached, seed=seed), DRAWS
    return Permutation(
        p=hits / looked_at if exact else (hits + 1) / (looked_at + 1),
        attainable=attainable(sizes),
        n=n,
        arrangements=ways,
        as_extreme=hits,
        looked_at=looked_at,
        exact=exact,
    )


def arrangements(sizes: Sequence[int]) -> int:
    """In how many ways people can be dealt out to groups of these sizes."""
    return factorial(sum(sizes)) // prod(factorial(size) for size in sizes)


def attainable(sizes: Sequence[int]) -> float:
    """Give the smallest p that groups of these sizes can reach, whatever is answered.

    Groups of equal size can swap all their members without changing the statistic, so at
    least that many arrangements are as extreme as the most extreme one.
    """
    alike = prod(factorial(list(sizes).count(size)) for size in set(sizes))
    ways = arrangements(sizes)
    return alike / ways if ways <= MOST_ARRANGEMENTS else max(alike / ways, 1 / (DRAWS + 1))


def false_discovery(p: Sequence[float | None]) -> list[float | None]:
    """Correct the p-values of one round's items: Benjamini & Hochberg 1995, step up.

    `q_(i) = min_{j >= i} p_(j) m / j`, at most 1; m counts the tests that were possible.
    None (no test possible) stays None. An item is a finding if q <= level.
    Raises ValueError on a p outside 0..1.
    """
    known = [at for at, value in enumerate(p) if value is not None]
    values = np.array([value for value in p if value is not None], dtype=np.float64)
    if not ((values >= 0) & (values <= 1)).all():
        raise ValueError("a p-value lies between 0 and 1")
    order = np.argsort(values, kind="stable")
    ranks = np.arange(1, len(values) + 1)
    stepped = np.minimum.accumulate((values[order] * len(values) / ranks)[::-1])[::-1]
    q: list[float | None] = [None] * len(p)
    for place, value in zip(order, stepped, strict=True):
        q[known[place]] = min(float(value), 1.0)
    return q


def judge(tests: Sequence[Permutation], *, level: float = LEVEL) -> tuple[Division, ...]:
    """Give one verdict an item.

    `cannot_tell`: fewer than 8 answers, fewer than two groups, or groups so small that no
    answers at all could have brought p down to the level. `between`: q at most the level.
    `none`: a difference could have shown, and did not. Silence is not agreement: `none`
    says nothing about people who did not answer.
    """
    corrected = false_discovery([test.p for test in tests])
    return tuple(
        Division(verdict=_verdict(test, q, level=level), p=test.p, q=q, attainable=test.attainable)
        for test, q in zip(tests, corrected, strict=True)
    )


def _verdict(test: Permutation, q: float | None, *, level: float) -> Verdict:
    if q is None or test.n < FEWEST_ANSWERS or test.attainable > level:
        return "cannot_tell"
    return "between" if q <= level else "none"


def _by_group(answers: npt.ArrayLike, groups: npt.ArrayLike) -> list[Floats]:
    """Answers of each group, in an order that depends on content alone: small groups first."""
    values = np.asarray(answers, dtype=np.float64)
    labels = np.asarray(groups)
    if values.ndim != 1 or values.shape != labels.shape:
        raise ValueError("one answer and one group a respondent")
    if np.isinf(values).any():
        raise ValueError("an answer is a finite number or missing")
    here = ~np.isnan(values) & (labels >= 0)
    members = [np.sort(values[here & (labels == label)]) for label in np.unique(labels[here])]
    return sorted(members, key=lambda member: (len(member), member.tolist()))


def _between_squares(sums: Floats, sizes: Sequence[int]) -> Floats:
    """Sum of squares between groups (...,), of group sums (..., groups) of centred answers."""
    return np.asarray((sums**2 / np.array(sizes)).sum(axis=-1))


def _all_sums(pool: Floats, sizes: Sequence[int]) -> Floats:
    """Group sums of every arrangement: (arrangements, groups). The last, largest group takes the rest."""
    rest = pool[None, :]
    columns: list[Floats] = []
    for place, size in enumerate(sizes[:-1]):
        picks = _choices(rest.shape[1], size)
        columns = [np.repeat(column, len(picks)) for column in columns]
        columns.append(rest[:, picks].sum(axis=-1).ravel())
        if place < len(sizes) - 2:
            kept = np.array([np.delete(np.arange(rest.shape[1]), pick) for pick in picks])
            rest = rest[:, kept].reshape(-1, kept.shape[1])
    return np.stack([*columns, pool.sum() - np.sum(columns, axis=0)], axis=-1)


def _choices(n: int, size: int) -> Ints:
    return np.array(list(combinations(range(n), size)), dtype=np.int64)


def _drawn_hits(pool: Floats, sizes: Sequence[int], *, reached: float, seed: int) -> int:
    """Of 9,999 drawn arrangements, how many part the answers at least as much."""
    chance = np.random.default_rng(seed)
    starts = np.cumsum([0, *sizes[:-1]])
    batch = max(1, BATCH // len(pool))
    hits = 0
    for done in range(0, DRAWS, batch):
        rows = min(batch, DRAWS - done)
        dealt = chance.permuted(np.broadcast_to(pool, (rows, len(pool))), axis=1)
        hits += int((_between_squares(np.add.reduceat(dealt, starts, axis=1), sizes) >= reached).sum())
    return hits
