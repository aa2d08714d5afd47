"""What people think, and what they guess the others think.

Where most see a problem and most believe that the others see none, nobody says it
(pluralistic ignorance: Prentice & Miller 1993; Sargent & Newman 2021). Everything here
takes items coded so that low is concern: an item worded the other way is turned round first,
answers and guesses both. A gap below 0 is concern that nobody expects.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from synthesis.spread import POINTS, Floats, Ints

# Below this many people a gap is neither shown nor counted.
FEWEST = 6
# The newest waves, taken together, and the waves before them that are the item's usual. Half a
# year of weeks: in a short baseline a slow slide would drag its own yardstick along.
RECENT = 2
BASELINE = 26
FEWEST_WAVES = 8
# Variance of a person's own-minus-guess is taken for no less: a run of equal answers is not certainty.
LEAST_VARIANCE = 0.3


@dataclass(frozen=True, slots=True, eq=False)
class Gap:
    """Answers against guesses, in one wave. All arrays run over the items: (items,).

    n: people behind the thinner side, the smaller of n_own and n_guess. own, guess: means, 1..5,
    nan where nobody said. gap: own - guess, -4..4, nan where either is. variance: of one person's
    own - guess, so that the gap's squared standard error is variance / n; from 0, nan
    where a side has fewer than 2 people. shown: n is 6 or more.
    """

    n: Ints
    n_own: Ints
    n_guess: Ints
    own: Floats
    guess: Floats
    gap: Floats
    variance: Floats
    shown: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """The newest gap against the item's own past. All arrays have one shape, the input's without waves.

    n, gap: of the last two waves together, mean weighted by n. baseline, baseline_n,
    baseline_waves: the same of the waves before them, and how many these are. sigma: of one
    person's own - guess, in points. change: gap - baseline, in points; below 0 is more
    concern, or less expected, than is usual for the item. z: change over its standard error. gap and
    baseline are nan without a wave; change and z wherever it is too early or too few to say.
    """

    n: Ints
    gap: Floats
    baseline: Floats
    baseline_n: Ints
    baseline_waves: Ints
    sigma: Floats
    change: Floats
    z: Floats


def gaps(own: npt.ArrayLike, guesses: npt.ArrayLike) -> Gap:
    """Mean own answer minus mean guess of every item of one wave.

    own: (respondents, items), 1..5, nan for no answer. guesses: the same shape, what the
    respondent thinks the others answer, 1..5 and not only whole points, nan for none. All answers
    and all guesses count, also of people who gave only one of them: the guess is about the
    whole group. The measure is S2, measured less predicted, after Prelec, Seung & McCoy 2017, for means.

    The squared error is `s_o^2/n_o + s_g^2/n_g - 2 s_og n_both/(n_o n_g)`, s_og from people who
    gave both (0 below 2 of them): people guess that others think as they do, and a gap of pairs
    is surer for it. The level means little: strangers asked what others think of them guess .42 off
    without any conflict. Look at `change`. Nothing depends on the order of respondents.
    Raises ValueError on other shapes and on values off the scale.
    """
    mine, theirs = _ratings(own), _ratings(guesses)
    if mine.shape != theirs.shape:
        raise ValueError("one rating and one guess a respondent and item")
    paired = np.isnan(mine) | np.isnan(theirs)
    n_own, mean_own, spread_own = _moments(mine, mine)
    n_guess, mean_guess, spread_guess = _moments(theirs, theirs)
    both, _, together = _moments(np.where(paired, np.nan, mine), np.where(paired, np.nan, theirs))
    n = np.minimum(n_own, n_guess)
    sides = np.maximum(n_own, 1), np.maximum(n_guess, 1)
    shared = np.where(both > 1, together, 0.0) * both / (sides[0] * sides[1])
    error = spread_own / sides[0] + spread_guess / sides[1] - 2 * shared
    return Gap(
        n=n,
        n_own=n_own,
        n_guess=n_guess,
        own=mean_own,
        guess=mean_guess,
        gap=mean_own - mean_guess,
        variance=np.maximum(error * n, 0.0),
        shown=n >= FEWEST,
    )


def change(gap: npt.ArrayLike, variance: npt.ArrayLike, *, n: npt.ArrayLike) -> Change:
    """Standardise the newest gap against the item's own running baseline.

    gap, variance, n: (waves,) or (waves, items), oldest wave first, the last row being the wave
    told about; figures of `gaps`, of core items, put in every wave. A wave counts with 6 people or
    more, others are passed over (their gap may be nan).

    The last two waves together, those that count, stand against the baseline: the newest 26
    counted waves before these two. `z = (g - g0) / sqrt(s^2 (1/n + 1/N))`, g and g0 weighted by
    people, s^2 the variance of all N differences of the baseline round their mean,
    `(sum (n_w - 1) v_w + sum n_w (g_w - g0)^2) / (N - 1)`, at least .3. It is about
    standard normal if waves differ by chance alone; they also drift, and the test is made every wave, so
    the limit of an alarm is to be found by simulation, not in a table. nan with fewer than 8
    waves in the baseline, and where the newest wave itself does not count.
    Raises ValueError on other shapes, n not whole or below 0, a figure that is infinite, a variance
    below 0, and a wave that counts without a gap or a variance.
    """
    at, spread, people = _waves(gap, variance, n)
    now, before = _windows(people >= FEWEST)
    recent_n, recent = _pooled(at, np.where(now, people, 0))
    past_n, baseline = _pooled(at, np.where(before, people, 0))
    within = np.where(before, (people - 1) * spread, 0.0).sum(axis=0)
    across = np.where(before, people * (at - baseline) ** 2, 0.0).sum(axis=0)
    waves = before.sum(axis=0)
    found = np.maximum((within + across) / np.maximum(past_n - 1, 1), LEAST_VARIANCE)
    enough = now[-1:].any(axis=0) & (waves >= FEWEST_WAVES)
    moved = np.where(enough, recent - baseline, np.nan)
    return Change(
        n=recent_n,
        gap=recent,
        baseline=baseline,
        baseline_n=past_n,
        baseline_waves=waves,
        sigma=np.where(waves > 0, np.sqrt(found), np.nan),
        change=moved,
        z=moved / np.sqrt(found * (1 / np.maximum(recent_n, 1) + 1 / np.maximum(past_n, 1))),
    )


def _ratings(values: npt.ArrayLike) -> Floats:
    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 2:  # noqa: PLR2004  # rows and columns
        raise ValueError("ratings are a table: one row a respondent, one column an item")
    if not (np.isnan(table) | ((table >= 1) & (table <= POINTS))).all():
        raise ValueError("a rating lies between 1 and 5 or is missing")
    return table


def _moments(one: Floats, other: Floats) -> tuple[Ints, Floats, Floats]:
    """How many gave both, mean of the first, and their covariance, with nan below 1 and 2 people."""
    n = (~np.isnan(one)).sum(axis=0)
    mean = np.where(n > 0, _total(one) / np.maximum(n, 1), np.nan)
    product = _total(one * other) - mean * _total(other)
    return n, mean, np.where(n > 1, product / np.maximum(n - 1, 1), np.nan)


def _total(table: Floats) -> Floats:
    """Sum down the columns, in an order that depends on content alone, without what is missing."""
    return np.asarray(np.nansum(np.sort(table, axis=0), axis=0))


def _waves(gap: npt.ArrayLike, variance: npt.ArrayLike, n: npt.ArrayLike) -> tuple[Floats, Floats, Ints]:
    at, spread = np.asarray(gap, dtype=np.float64), np.asarray(variance, dtype=np.float64)
    people = np.asarray(n)
    if at.ndim < 1 or not at.shape == spread.shape == people.shape:
        raise ValueError("gap, variance and n have one shape, one row a wave")
    if not np.issubdtype(people.dtype, np.integer) or (people < 0).any():
        raise ValueError("n are whole numbers from 0")
    missing = np.isnan(at) | np.isnan(spread)
    impossible = np.isinf(at) | np.isinf(spread) | (spread < 0)
    if (impossible | (missing & (people >= FEWEST))).any():
        raise ValueError("a wave of 6 people or more has a gap, and a variance from 0")
    return at, spread, people.astype(np.int64)


def _windows(counted: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Which waves are the newest and which the baseline, of those that count."""
    now, before = counted.copy(), counted.copy()
    now[:-RECENT] = False
    before[-RECENT:] = False
    newest_first = before[::-1].cumsum(axis=0)[::-1]
    return now, before & (newest_first <= BASELINE)


def _pooled(at: Floats, people: Ints) -> tuple[Ints, Floats]:
    total = people.sum(axis=0)
    weighted = np.where(people > 0, people * at, 0.0).sum(axis=0)
    return total, np.where(total > 0, weighted / np.maximum(total, 1), np.nan)
