"""What groups and everybody say to statements: where they meet, and what sets one group apart.

Votes are agree, disagree or pass. The groups are given (organisations, or cells of them),
never found: clusters of so few people would be read out of noise.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from synthesis.spread import Floats, Ints

Side = Literal["agree", "disagree"]
SIDES: tuple[Side, Side] = ("disagree", "agree")
Bools = npt.NDArray[np.bool_]

# One-sided 90 % point of the normal distribution, as Polis rounds it.
SIGNIFICANT = 1.2816
MOST_LISTED = 5


@dataclass(frozen=True, slots=True, eq=False)
class Proportions:
    """How statements were voted on, by each group (groups, statements) or by everybody (statements,).

    agreed, disagreed, voted: people; voted counts passes too. pa, pd: share that agrees,
    disagrees, 0..1, drawn towards one half by two votes made up (half without votes).
    pat, pdt: how many standard errors that share lies above one half (1 without votes).
    """

    agreed: Ints
    disagreed: Ints
    voted: Ints
    pa: Floats
    pd: Floats
    pat: Floats
    pdt: Floats


@dataclass(frozen=True, slots=True)
class Representative:
    """A statement that tells of a group.

    side: on which side the group is further from the others. best_agree: listed first, as what
    the group best agrees on. significant: that side passes both tests, against one half and
    against the others; if not, it is listed because Polis lists it, and is no finding.
    """

    statement: int
    side: Side
    best_agree: bool
    significant: bool


@dataclass(frozen=True, slots=True, eq=False)
class Statements:
    """Every statement of a round, with everything the lists were made from.

    groups: (groups,), the labels that voted, ascending. everybody counts people in no group too.
    ra, rd: (groups, statements), a group's share over that of all other groups together, above 0.
    rat, rdt: (groups, statements), standard errors between the two; all four nan with one group.
    representative: a list a group, at most 5 each, agreeing before disagreeing; empty with one
    group, or where nothing tells of it. consensus_agree, consensus_disagree: statements that most
    of everybody is for, against; strongest first, at most 5 each.
    group_informed, organisation_informed: (statements,), see `picture`.
    """

    groups: Ints
    group: Proportions
    everybody: Proportions
    ra: Floats
    rd: Floats
    rat: Floats
    rdt: Floats
    representative: tuple[tuple[Representative, ...], ...]
    consensus_agree: tuple[int, ...]
    consensus_disagree: tuple[int, ...]
    group_informed: Floats
    organisation_informed: Floats


def picture(votes: npt.ArrayLike, groups: npt.ArrayLike) -> Statements:
    """Give the statistics of statements as Polis has them, for groups that are known.

    votes: (respondents, statements), 1 agree, 0 pass, -1 disagree, nan unseen. groups:
    (respondents,), whole numbers; below 0 is in no group: counted in everybody, compared with nobody.
    A group without a single vote is left out, so an unanswered seat changes nothing.

    With A of S votes: share (A+1)/(S+2), its test `2 sqrt(S+1) ((A+1)/(S+1) - 1/2)`, and a
    pooled two-proportion z with 1 added to every count (Small, Bjorkegren, Erkkila, Shaw &
    Megill 2021, Polis: Scaling deliberation by mapping high dimensional opinion spaces, Recerca 26).
    group_informed: `prod_g (A_g+1)/(S_g+2)`, 0..1, smaller the more groups there are.
    organisation_informed: its geometric mean over groups, 0..1, which partnerships of 3 and
    of 15 organisations may compare. A group that did not see a statement counts one half in
    both; without groups both are nan.
    The counts added let a single vote pass both tests: in small groups significance proves nothing.

    Nothing depends on the order of respondents, nor on the groups' numbers. Ties between
    statements, and which one is best agreed on, can depend on the order of statements.
    Raises ValueError on shapes and values that do not fit.
    """
    table, labels = _table(votes, groups)
    agree, disagree, seen = table == 1, table == -1, ~np.isnan(table)
    present = np.unique(labels[(labels >= 0) & seen.any(axis=1)]).astype(np.int64)
    member = labels == present[:, None]
    group = _proportions(*(_counts(member, vote) for vote in (agree, disagree, seen)))
    everybody = _proportions(*(vote.sum(axis=0) for vote in (agree, disagree, seen)))
    (ra, rat), (rd, rdt) = (_against(of, group.voted) for of in (group.agreed, group.disagreed))
    group_informed, organisation_informed = _informed(group.pa)
    return Statements(
        groups=present,
        group=group,
        everybody=everybody,
        ra=ra,
        rd=rd,
        rat=rat,
        rdt=rdt,
        representative=_representatives(group, agree=(ra, rat), disagree=(rd, rdt)),
        consensus_agree=_most_shared(everybody.pa, everybody.pat),
        consensus_disagree=_most_shared(everybody.pd, everybody.pdt),
        group_informed=group_informed,
        organisation_informed=organisation_informed,
    )


def _table(votes: npt.ArrayLike, groups: npt.ArrayLike) -> tuple[Floats, Ints]:
    table, labels = np.asarray(votes, dtype=np.float64), np.asarray(groups)
    if table.ndim != 2:  # noqa: PLR2004  # rows and columns
        raise ValueError("votes are a table: one row a respondent, one column a statement")
    if labels.shape != table.shape[:1] or (labels.size and not np.issubdtype(labels.dtype, np.integer)):
        raise ValueError("groups are whole numbers, one a respondent")
    if not ((table == 1) | (table == -1) | (table == 0) | np.isnan(table)).all():
        raise ValueError("a vote is 1, 0, -1 or missing")
    return table, labels


def _counts(member: Bools, vote: Bools) -> Ints:
    # Single precision holds whole numbers to 16 million exactly, and takes half the time.
    return np.asarray(member.astype(np.float32) @ vote.astype(np.float32), dtype=np.int64)


def _proportions(agreed: Ints, disagreed: Ints, voted: Ints) -> Proportions:
    shares = _share(agreed, voted), _share(disagreed, voted)
    return Proportions(agreed, disagreed, voted, *shares, _test(agreed, voted), _test(disagreed, voted))


def _share(of: Ints, voted: Ints) -> Floats:
    return np.asarray((of + 1) / (voted + 2))


def _test(of: Ints, voted: Ints) -> Floats:
    return np.asarray(2 * np.sqrt(voted + 1) * ((of + 1) / (voted + 1) - 0.5))


def _against(of: Ints, voted: Ints) -> tuple[Floats, Floats]:
    """Share of each group over that of the others, and the z of their difference."""
    if len(of) < 2:  # noqa: PLR2004  # nothing to compare
        return np.full(of.shape, np.nan), np.full(of.shape, np.nan)
    of_others, others = of.sum(axis=0) - of, voted.sum(axis=0) - voted
    pooled = (of + of_others + 2) / (voted + others + 2)
    error = np.sqrt(pooled * (1 - pooled) * (1 / (voted + 1) + 1 / (others + 1)))
    apart = (of + 1) / (voted + 1) - (of_others + 1) / (others + 1)
    # No error is left where all votes are the same; then nobody differs.
    z = np.divide(apart, error, out=np.zeros(of.shape), where=error > 0)
    return _share(of, voted) / _share(of_others, others), z


def _informed(pa: Floats) -> tuple[Floats, Floats]:
    """Product and geometric mean over groups of the share that agrees: (statements,) each."""
    if not len(pa):
        return np.full(pa.shape[1], np.nan), np.full(pa.shape[1], np.nan)
    # By size, so that how groups are numbered does not show in the last digit.
    factors = np.sort(pa, axis=0)
    return factors.prod(axis=0), np.exp(np.log(factors).mean(axis=0))


def _most_shared(share: Floats, test: Floats) -> tuple[int, ...]:
    """Statements a significant majority is for; a share above one half follows from that."""
    return tuple(_strongest(test > SIGNIFICANT, share * test)[:MOST_LISTED])


def _strongest(chosen: Bools, strength: Floats) -> list[int]:
    places = np.flatnonzero(chosen)
    order = np.argsort(-strength[places], kind="stable")
    return [int(place) for place in places[order]]


def _representatives(
    group: Proportions, *, agree: tuple[Floats, Floats], disagree: tuple[Floats, Floats]
) -> tuple[tuple[Representative, ...], ...]:
    """List what tells of each group. agree, disagree: ratio and z against the others.

    Polis lists some statement even of a group that nothing sets apart; that is left out.
    """
    (ra, rat), (rd, rdt) = agree, disagree
    if len(rat) < 2:  # noqa: PLR2004  # nothing to compare
        return ((),) * len(rat)
    agree_passes = (rat > SIGNIFICANT) & (group.pat > SIGNIFICANT)
    disagree_passes = (rdt > SIGNIFICANT) & (group.pdt > SIGNIFICANT)
    agree_strength = ra * rat * group.pa * group.pat
    agrees = rat > rdt
    rows = zip(
        _best_agreed(group, ra > 1, agree_strength),
        agree_passes | disagree_passes,
        np.where(agrees, agree_strength, rd * rdt * group.pd * group.pdt),
        agrees,
        np.where(agrees, agree_passes, disagree_passes),
        strict=True,
    )
    return tuple(_listed(*row) for row in rows)


def _listed(
    best: int | None, passes: Bools, strength: Floats, agrees: Bools, significant: Bools
) -> tuple[Representative, ...]:
    places = [] if best is None else [best]
    places += [place for place in _strongest(passes, strength) if place != best]
    found = [
        Representative(place, SIDES[int(agrees[place])], place == best, bool(significant[place]))
        for place in places[:MOST_LISTED]
    ]
    return tuple(sorted(found, key=lambda one: one.side == "disagree"))


def _best_agreed(group: Proportions, above: Bools, strength: Floats) -> list[int | None]:
    """Per group, the statement it best agrees on. above: where it agrees more than the others."""
    taken_side = group.agreed + group.disagreed > 0
    likely, strong = (np.where(taken_side, one, -np.inf) for one in (group.pa * group.pat, strength))
    agreed = (group.pat > SIGNIFICANT) | (above & (group.pa > 0.5))  # noqa: PLR2004  # a majority
    return [_champion(*rows) for rows in zip(agreed, above, likely, strong, strict=True)]


def _champion(agreed: Bools, above: Bools, likely: Floats, strong: Floats) -> int | None:
    """Find who ends on top when statements challenge the best so far, each in its turn.

    The first one agreed on begins. The likelier wins, but where the best so far is agreed on
    more than elsewhere, the stronger; so each turn of that kind starts the search anew.
    """
    best = int(agreed.argmax()) if agreed.any() else None
    while best is not None:
        measure, turned = (strong[best:], ~above[best:]) if above[best] else (likely[best:], above[best:])
        leads = measure > np.maximum.accumulate(np.append(-np.inf, measure[:-1]))
        turns = np.flatnonzero(leads & turned)
        if not turns.size:
            return best + int(measure.argmax())
        best += int(turns[0])
    return None
