"""Who replies less than they used to: each organisation against its own past.

Silence is the one sign left where disagreement is kept in: people who do not answer are more
often those who think of leaving (Rogelberg et al. 2000), while conformity lowers every index of
spread. It is a reason to ask how somebody is, never a finding about what they think.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from synthesis.spread import Floats, Ints

# The waves looked at, and the waves before them that are an organisation's usual.
RECENT = 2
PAST = 8
# Replies of one wave stand or fall together (a bad week), so a few waves are no usual yet.
FEWEST_WAVES = 4
# One person's silence is that person's own affair.
FEWEST_ASKED = 2
# Jeffreys' prior of a share: half an answer on either side.
PRIOR = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Silence:
    """Replies of the last two waves against those of the eight before. All arrays have one shape, (...).

    asked, answered: counts over the last two waves. past_asked, past_answered: over the eight
    before, or as many as there are; past_waves: in how many of these anybody was asked.
    p: chance of so few answers if all is as usual, 0..1; nan where nothing can be told, with
    fewer than 4 past waves or fewer than 2 asked in each of the last two waves. attainable: the
    smallest p there could have been, had nobody answered; 1 where nobody was asked.
    """

    asked: Ints
    answered: Ints
    past_asked: Ints
    past_answered: Ints
    past_waves: Ints
    p: Floats
    attainable: Floats


def replies(answered: npt.ArrayLike, *, asked: npt.ArrayLike) -> Silence:
    """Tell how unusual the last two waves' reply counts are for each organisation.

    answered, asked: (waves, organisations), people, oldest wave first; the last row is the wave
    told about. A seat that is away or on holiday is not asked, a wave in which an organisation
    rests has 0 asked. Results (organisations,), each from its own column alone.

    Small numbers: two people who always answered and then fall silent for two waves give
    p = .00006; an organisation of one gives none. It is one test an organisation a wave, and the
    tests of neighbouring waves share data: what p is worth an alarm is not decided here.
    Raises ValueError on anything but whole counts from 0 of one shape, and on more answered than asked.
    """
    return _against_past(answered, asked)


def skips(answered: npt.ArrayLike, *, opened: npt.ArrayLike) -> Silence:
    """Tell how unusual it is that people who did reply left so many questions out.

    opened: people who replied at all and were put the item; answered: those of them who
    answered it. (waves, organisations, items), oldest wave first; an item not in a wave has 0
    opened, so a rotated item gives nan until it was put 4 times in 8 waves. (waves,
    organisations) will do for one item. Never sum over items: the gaps of one person come together,
    and p would be too small. Results without the waves, every column by itself.
    Who did not reply is not in here, so this and `replies` are two findings, not one twice.
    Raises ValueError as `replies` does.
    """
    return _against_past(answered, opened)


def tail(
    answered: npt.ArrayLike, asked: npt.ArrayLike, *, past_answered: npt.ArrayLike, past_asked: npt.ArrayLike
) -> Floats:
    """Chance of at most so many answers, given how many came before: P(X <= x), 0..1.

    All counts broadcast to the result's shape. With k of n answered before and m asked now, X is
    beta-binomial (m; k + 1/2, n - k + 1/2), the posterior predictive of a share under Jeffreys'
    prior (Jeffreys 1946; Geisser 1993). Exact but for rounding, summed in logarithms, never 0 at the counts
    people can reach. Discrete: 8 of 8 before and 0 of 1 now is .056, and nothing smaller can come.
    Nobody asked now gives 1; nobody asked before leaves the prior alone.
    Raises ValueError on counts that are not whole or below 0, and on more answered than asked.
    """
    x, m = _counted(answered, asked)
    k, n = _counted(past_answered, past_asked)
    x, m, k, n = (np.asarray(count)[..., None] for count in np.broadcast_arrays(x, m, k, n))
    yes, no = k + PRIOR, n - k + PRIOR
    step = np.arange(m.max(initial=1))
    # Shorter rows than the longest go on with factors of 1; running sums, so that they do not feel it.
    none = np.where(step < m, (no + step) / (yes + no + step), 1.0)
    one_more = np.where(step < m, (m - step) * (yes + step) / ((step + 1) * (no + m - step - 1)), 1.0)
    nobody = np.log(none).cumsum(axis=-1)[..., -1:]
    somebody = np.exp(nobody + np.log(one_more).cumsum(axis=-1))
    upto = np.exp(nobody) + np.where(step < x, somebody, 0.0).cumsum(axis=-1)[..., -1:]
    return np.where(x == m, 1.0, np.minimum(upto, 1.0))[..., 0]


def _against_past(answered: npt.ArrayLike, asked: npt.ArrayLike) -> Silence:
    x, m = _counted(answered, asked)
    if m.ndim < 2 or x.shape != m.shape:  # noqa: PLR2004  # waves, and at least one more axis
        raise ValueError("counts are two tables of one shape: one row a wave, one column an organisation")
    recent, past = slice(-RECENT, None), slice(-RECENT - PAST, -RECENT)
    now = {"answered": x[recent].sum(axis=0), "asked": m[recent].sum(axis=0)}
    before = {"past_answered": x[past].sum(axis=0), "past_asked": m[past].sum(axis=0)}
    waves = (m[past] > 0).sum(axis=0)
    enough = (waves >= FEWEST_WAVES) & (m[recent].max(axis=0, initial=0) >= FEWEST_ASKED)
    return Silence(
        **now,
        **before,
        past_waves=waves,
        p=np.where(enough, tail(**now, **before), np.nan),
        attainable=tail(0, now["asked"], **before),
    )


def _counted(answered: npt.ArrayLike, asked: npt.ArrayLike) -> tuple[Ints, Ints]:
    x, m = np.asarray(answered), np.asarray(asked)
    if not all(np.issubdtype(count.dtype, np.integer) and (count >= 0).all() for count in (x, m)):
        raise ValueError("counts are whole numbers from 0")
    if (x > m).any():
        raise ValueError("more answered than were asked")
    return x.astype(np.int64), m.astype(np.int64)
