"""How organisations rate one another: who rates generously, who is received how, which relation is special.

People rate organisations; their ratings become one table, row the organisation that rates,
column the one rated, diagonal empty. Whether any of it may be published is not decided here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from synthesis.spread import Floats, Ints

FEWEST = 4  # at three organisations a variance of the model would be divided by 0
# With fewer organisations rating, or more than one cell in ten missing, nothing is told.
FEWEST_RATING = 5
ONE_CELL_IN = 10
SHOWINGS = 2  # one has a rater or two a cell; more than two would be of another time


@dataclass(frozen=True, slots=True, eq=False)
class Ratings:
    """What organisations said of one another. All arrays (organisations, organisations), rater by rated.

    total: sum of ratings. n: ratings. people: different people behind them, at least. mean:
    on the item's scale, nan where nobody rated. The diagonal is 0, and nan in the mean.
    """

    total: Floats
    n: Ints
    people: Ints
    mean: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Effects:
    """Social relations model of one table, or of a stack of them (...), in points of the item's scale.

    grand: (...), mean of all cells. actor: (..., organisations), how generously each rates.
    partner: (..., organisations), the received effect: how each is rated. Both sum to 0.
    relationship: (..., organisations, organisations), what is left of a cell; diagonal nan. Variances,
    covariances: (...); up to 8 organisations they often fall below 0: show effects.
    """

    grand: Floats
    actor: Floats
    partner: Floats
    relationship: Floats
    actor_variance: Floats
    partner_variance: Floats
    relationship_variance: Floats
    actor_partner_covariance: Floats
    relationship_covariance: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Relations:
    """One directed item, with everything that decides what may be said of it.

    ratings: of the showings pooled. cannot_tell: then all effects and gaps are nan. rating:
    organisations that rated another. cells: those of the table of all who rated or were rated;
    missing: the empty ones. raters, raters_from: (organisations,), people and organisations
    behind each received effect. effects: nan for the actor effect of who rated nobody, the
    partner effect of whom nobody rated, the relationship of an empty cell. gap: mean[i, j] -
    mean[j, i], above 0 where i rates j higher than j rates i; nan unless both rated.
    """

    ratings: Ratings
    cannot_tell: bool
    rating: int
    cells: int
    missing: int
    raters: Ints
    raters_from: Ints
    effects: Effects
    gap: Floats


def analyse(showings: Sequence[Ratings]) -> Relations:
    """Find who is received how, and which relation is worse one way than the other.

    showings: of one item, oldest first, the same organisations in the same order; the last two
    are pooled. `cannot_tell` with fewer than 5 organisations rating or more than 10% of the cells
    missing. An organisation that neither rated nor was rated is outside the table: its cells
    are not missing, its figures are nan. A gap holds also how generously the two rate everybody and
    how all rate them; the relationship effect holds neither. Raises ValueError on what `pool` refuses.
    """
    found = pool(showings)
    known = found.n > 0
    rating, size = int(known.any(axis=1).sum()), int((known | known.T).any(axis=1).sum())
    cells = size * (size - 1)
    missing = cells - int(known.sum())
    cannot_tell = rating < FEWEST_RATING or missing * ONE_CELL_IN > cells
    return Relations(
        ratings=found,
        cannot_tell=cannot_tell,
        rating=rating,
        cells=cells,
        missing=missing,
        raters=np.asarray(found.people.sum(axis=0)),
        raters_from=np.asarray(known.sum(axis=0)),
        effects=_nothing(len(known)) if cannot_tell else _known_effects(found.mean),
        gap=np.full(known.shape, np.nan) if cannot_tell else found.mean - found.mean.T,
    )


def table(ratings: npt.ArrayLike, groups: npt.ArrayLike) -> Ratings:
    """Gather one showing's ratings by organisation.

    ratings: (respondents, organisations), finite numbers on one scale, nan for none; a column is
    the organisation rated. groups: (respondents,), the organisation of each, numbered as the
    columns from 0; below 0 is in none and left out, as is what people say of their own
    organisation. Raises ValueError on anything else.
    """
    values, labels = np.asarray(ratings, dtype=np.float64), np.asarray(groups)
    if values.ndim != 2 or np.isinf(values).any():  # noqa: PLR2004  # rows and columns
        raise ValueError("ratings are a table of finite or missing numbers, one column an organisation")
    if labels.shape != values.shape[:1] or (labels.size and not np.issubdtype(labels.dtype, np.integer)):
        raise ValueError("groups are whole numbers, one a respondent")
    others = 1 - np.eye(values.shape[1], dtype=np.int64)
    if labels.max(initial=-1) >= len(others):
        raise ValueError("a respondent's organisation has no column")
    member, given = labels == np.arange(len(others))[:, None], ~np.isnan(values)
    n = member.astype(np.int64) @ given.astype(np.int64) * others
    total = member.astype(np.float64) @ np.where(given, values, 0.0) * others
    return Ratings(total=total, n=n, people=n, mean=_mean(total, n))


def pool(showings: Sequence[Ratings]) -> Ratings:
    """Put an item's last two showings together; every rating counts the same.

    showings: oldest first. Nobody is known again in another round, so a cell's people are as many as
    in its fuller showing: at least, unless some moved to another organisation between.
    Raises ValueError on none, or on different organisations.
    """
    last = showings[-SHOWINGS:]
    if len({showing.n.shape for showing in last}) != 1:
        raise ValueError("showings are one or more, all of the same organisations")
    total = np.sum([showing.total for showing in last], axis=0)
    n = np.sum([showing.n for showing in last], axis=0)
    people = np.max([showing.people for showing in last], axis=0)
    return Ratings(total=total, n=n, people=people, mean=_mean(total, n))


def impute(mean: npt.ArrayLike) -> Floats:
    """Fill empty cells with the mean of their row mean and their column mean.

    mean: (organisations, organisations), rater by rated, nan for empty; the result's diagonal is
    nan. A row or column without any rating stands at the mean of all; all is nan if everything is.
    For a few cells alone, two among five organisations (Schoenbrodt, Back & Schmukle 2012,
    TripleR, Behavior Research Methods 44). Raises ValueError on a table that is not square.
    """
    cells = _square(mean)
    known = ~np.isnan(cells)
    held = np.where(known, cells, 0.0)
    grand = _mean(held.sum(), known.sum())
    each = (_mean(held.sum(axis=axis), known.sum(axis=axis)) for axis in (1, 0))
    rows, columns = (np.where(np.isnan(means), grand, means) for means in each)
    return np.where(known | np.eye(len(cells), dtype=bool), cells, (rows[:, None] + columns) / 2)


def effects(mean: npt.ArrayLike) -> Effects:
    """Split complete tables into actor, partner and relationship effects: the social relations model.

    mean: (..., organisations, organisations), rater by rated, at least 4, every cell off the
    diagonal finite. With row means r, column means c and grand mean m of n organisations:
    `a = (n-1)^2/(n(n-2)) r + (n-1)/(n(n-2)) c - (n-1)/(n-2) m`, the partner effect b with r and c
    swapped, the relationship `g_ij = x_ij - a_i - b_j - m` (Kenny 1994, Interpersonal Perception).
    At 4 to 8 organisations one odd cell moves every effect. Raises ValueError on other tables.
    """
    cells = _square(mean)
    n = cells.shape[-1]
    held = np.where(np.eye(n, dtype=bool), 0.0, cells)
    if n < FEWEST or not np.isfinite(held).all():
        raise ValueError("the model needs at least 4 organisations and a finite number in every cell")
    r, c = held.sum(axis=-1) / (n - 1), held.sum(axis=-2) / (n - 1)
    grand = np.asarray(r.mean(axis=-1))
    own, other, middle = (n - 1) ** 2 / (n * (n - 2)), (n - 1) / (n * (n - 2)), (n - 1) / (n - 2)
    a = own * r + other * c - middle * grand[..., None]
    b = own * c + other * r - middle * grand[..., None]
    return _with_variances(grand, a, b, cells - a[..., :, None] - b[..., None, :] - grand[..., None, None])


def change(now: Floats, earlier: Sequence[Floats]) -> tuple[Floats, Ints]:
    """Give received effects, or gaps, less their own mean in the past, and the number of past figures.

    now: any shape; earlier: the same of showings that `now` does not pool; nan is left out, and
    where none is left the change is nan. Received effects are relative: where one falls, others
    rise. Raises ValueError on figures of other shapes.
    """
    if any(past.shape != now.shape for past in earlier):
        raise ValueError("the figures are of different organisations")
    past = np.array(earlier).reshape(-1, *now.shape)
    n = np.asarray((~np.isnan(past)).sum(axis=0))
    return now - _mean(np.nansum(past, axis=0), n), n


def _with_variances(grand: Floats, a: Floats, b: Floats, g: Floats) -> Effects:
    """Mean squares, freed of what the relationships add to row and column means (Kenny 1994, appendix B)."""
    n, back = a.shape[-1], np.swapaxes(g, -1, -2)
    both = np.nansum(((g + back) / 2) ** 2, axis=(-2, -1)) / ((n - 1) * (n - 2) / 2 - 1)
    apart = np.nansum((g - back) ** 2, axis=(-2, -1)) / 2 / ((n - 1) * (n - 2))
    variance, covariance = (both + apart) / 2, (both - apart) / 2
    spilt = ((n - 1) * variance + covariance) / (n * (n - 2))
    crossed = ((n - 1) * covariance + variance) / (n * (n - 2))
    return Effects(
        grand=grand,
        actor=a,
        partner=b,
        relationship=g,
        actor_variance=np.asarray((a * a).sum(axis=-1) / (n - 1) - spilt),
        partner_variance=np.asarray((b * b).sum(axis=-1) / (n - 1) - spilt),
        relationship_variance=np.asarray(variance),
        actor_partner_covariance=np.asarray((a * b).sum(axis=-1) / (n - 1) - crossed),
        relationship_covariance=np.asarray(covariance),
    )


def _known_effects(mean: Floats) -> Effects:
    """Effects of all in the table, without what rests on no rating of its own."""
    known = ~np.isnan(mean)
    rates, rated = known.any(axis=1), known.any(axis=0)
    inside = rates | rated
    # Whoever is outside borrows somebody's place here and is blanked below.
    found, places = effects(impute(mean[np.ix_(inside, inside)])), np.cumsum(inside) - 1
    actor = np.where(rates, found.actor[places], np.nan)
    partner = np.where(rated, found.partner[places], np.nan)
    relationship = np.where(known, found.relationship[np.ix_(places, places)], np.nan)
    return replace(found, actor=actor, partner=partner, relationship=relationship)


def _nothing(n: int) -> Effects:
    one = np.array(np.nan)
    return Effects(one, np.full(n, np.nan), np.full(n, np.nan), np.full((n, n), np.nan), *[one] * 5)


def _square(mean: npt.ArrayLike) -> Floats:
    """Cells off the diagonal, which becomes nan."""
    cells = np.asarray(mean, dtype=np.float64)
    if cells.ndim < 2 or cells.shape[-1] != cells.shape[-2]:  # noqa: PLR2004  # rows and columns
        raise ValueError("a table has one row and one column for each organisation")
    return np.where(np.eye(cells.shape[-1], dtype=bool), np.nan, cells)


def _mean(total: Floats, n: Ints) -> Floats:
    """Mean of n that sum to the total; nan of nobody."""
    with np.errstate(invalid="ignore"):
        return np.asarray(total / n)
