"""Publishing: the one way a figure that rests on answers gets out. It keeps a ledger of all ever shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from facilitation import (
    consent,
    instruments,
    ledger,
    raised,
    reach,
    responses,
    rounds,
    shares,
    skipping,
    tallies,
    voices,
)
from facilitation.instruments import Instrument
from storage.digests import Digest, Signal
from storage.partnerships import Cell, Partnership
from storage.rounds import Answer, Invitation, Round
from synthesis import disclosure
from synthesis import round as analysis

# Answers about single partners, and guesses: they say something only once several rounds are read together.
KEPT_FOR_LATER = ("directed", "guess")

Facts = dict[str, Any]
# Each invited seat: the cell it is shown in, and its ratings by item.
Rated = Sequence[tuple[int | None, dict[str, int]]]


@dataclass(frozen=True)
class Gathered:
    """All of a closed round that its digest is made of; nobody changes it any more.

    `given`: of each item that is no rating, one value a person. `told`: facts that need no working out.
    """

    round: Round
    partnership: Partnership
    instrument: Instrument
    cells: list[Cell]
    rated: Rated
    given: dict[str, list[int]]
    replied: int
    invited: int
    said_back: dict[str, int]
    heard: dict[str, int]
    told: Facts


async def close(session: AsyncSession, round_id: int, *, now: datetime) -> Round | None:  # noqa: ARG001 - as every step of the clock
    """End a round: from here on nobody's answer changes. None: another clock did it."""
    round_ = await rounds.claimed(session, round_id, state="open")
    if round_ is None:
        return None
    round_.state = "closing"
    session.add(round_)
    await session.flush()
    return round_


async def gather(session: AsyncSession, round_id: int) -> Gathered | None:
    """Read what the digest is made of. None: it is not closed, or has its digest already."""
    round_ = await session.get_one(Round, round_id)
    known = await session.exec(select(Digest.id).where(Digest.round_id == round_id))
    if round_.state != "closing" or known.first() is not None:
        return None
    partnership = await session.get_one(Partnership, round_.partnership_id)
    instrument = instruments.parsed(round_.instrument)
    replied, invited = await rounds.replied(session, round_.id)
    owed = await _owed(session, partnership)
    heard = owed.pop("heard")
    return Gathered(
        round=round_,
        partnership=partnership,
        instrument=instrument,
        cells=await _cells(session, round_),
        rated=await _ratings(session, round_, instrument),
        given=await _given(session, round_, instrument),
        replied=replied,
        invited=invited,
        said_back=await responses.counted(session, round_),
        heard=heard,
        told={
            "quotes": await voices.quotes(session, round_),
            "withheld": await voices.withheld(session, round_),
            "unreached": await reach.missing(session, partnership.id),
            "rested": await reach.rested(session, round_),
            "owed": owed,
        },
    )


def worked_out(gathered: Gathered) -> Facts:
    """The facts of the digest. Large rounds take seconds, so this has its place in a thread."""
    cells, instrument, k = gathered.cells, gathered.instrument, gathered.partnership.minimum_group
    found = _analysed(gathered)
    items = [
        _item_facts(item.code, position, found, cells, k=k) for position, item in enumerate(instrument.rated)
    ]
    heard = shares.told(gathered.heard["yes"], sum(gathered.heard.values()), k=k)
    return _heading(gathered) | {
        "cells": {str(cell.id): {"shape": cell.shape, "label": cell.label} for cell in cells},
        "apart": all(place is not None for place, _ in gathered.rated),
        "wordings": {item.code: item.wording for item in instrument.rated},
        "ends": {item.code: {"low": item.low, "high": item.high} for item in instrument.rated},
        "items": items,
        "signals": [_signal_facts(signal, instrument, cells) for signal in found.signals],
        "tallies": tallies.told(_tallied(instrument), gathered.given, k=k),
        "answered_back": responses.told(gathered.said_back, k=k),
        "owed": gathered.told["owed"] | {"heard": heard},
    }


async def freeze(session: AsyncSession, gathered: Gathered, facts: Facts, *, now: datetime) -> Digest | None:
    """Keep the digest's facts, its signals and what it shows, for good. None: another clock did it."""
    # Whoever else worked the same out waits here, and then finds the digest.
    round_ = await rounds.claimed(session, gathered.round.id, state="closing")
    known = await session.exec(select(Digest.id).where(Digest.round_id == gathered.round.id))
    if round_ is None or known.first() is not None:
        return None
    shown = [
        *ledger.of_items(facts["items"]),
        *tallies.entries(facts["tallies"]),
        *responses.entries(facts["answered_back"]),
        *shares.entry("heard", facts["owed"]["heard"]),
    ]
    ledger.note(session, round_, shown, versions=ledger.versions(gathered.cells, gathered.partnership))
    for signal in facts["signals"]:
        kept = {key: signal[key] for key in ("kind", "item", "severity", "numbers")}
        session.add(Signal(round_id=round_.id, **kept))
    digest = Digest(round_id=round_.id, partnership_id=round_.partnership_id, facts=facts, made_at=now)
    session.add(digest)
    await session.flush()
    # Words that were taken back since they were gathered are not kept.
    await consent.as_of_now(session, digest, round_)
    return digest


def _heading(gathered: Gathered) -> Facts:
    round_, instrument = gathered.round, gathered.instrument
    kinds = {item.kind for item in instrument.items}
    questions = {
        item.code: {"wording": item.wording, "shows": instrument.shows(item)}
        for item in instrument.items
        if item.kind == "text"
    }
    return gathered.told | {
        "partnership": gathered.partnership.name,
        "instrument": instrument.name,
        "title": instrument.title,
        "shown_as": instrument.shown_as,
        "number": round_.number,
        "opened": round_.opens_at.isoformat(),
        "closed": round_.closes_at.isoformat(),
        "minimum_group": gathered.partnership.minimum_group,
        "turnout": disclosure.share_band(gathered.replied, gathered.invited)._asdict(),
        "questions": questions,
        "later": [kind for kind in KEPT_FOR_LATER if kind in kinds],
    }


async def _owed(session: AsyncSession, partnership: Partnership) -> dict[str, Any]:
    """What was raised and what came of it since the partnership's last digest; ids stay out of facts."""
    # One that was not sent told nobody.
    before = (
        select(Digest.made_at)
        .join(Round, col(Round.id) == col(Digest.round_id))
        .where(Digest.partnership_id == partnership.id, col(Round.reason).not_in(skipping.NOT_SENT))
    )
    since = (await session.exec(before.order_by(col(Digest.id).desc()).limit(1))).first()
    found = await raised.for_digest(session, partnership.id, since=since or partnership.created_at)
    kept = ("text", "by", "name", "raised", "reply", "words", "until", "owed_by")
    told = {key: [{name: one[name] for name in kept} for one in found[key]] for key in ("owed", "replied")}
    return told | {"alone": found["alone"], "withheld": found["withheld"], "heard": found["heard"]}


async def _cells(session: AsyncSession, round_: Round) -> list[Cell]:
    wanted = (
        select(Cell)
        .join(Invitation, col(Invitation.cell_id) == col(Cell.id))
        .where(Invitation.round_id == round_.id)
        .distinct()
        .order_by(col(Cell.id))
    )
    return list((await session.exec(wanted)).all())


async def _ratings(session: AsyncSession, round_: Round, instrument: Instrument) -> Rated:
    values: dict[int, dict[str, int]] = {}
    for invitation_id, item, value in await _values(session, round_, [one.code for one in instrument.rated]):
        values.setdefault(invitation_id, {})[item] = value
    wanted = select(Invitation.id, Invitation.cell_id).where(Invitation.round_id == round_.id)
    invited = (await session.exec(wanted.order_by(col(Invitation.id)))).all()
    return [(cell_id, values.get(invitation_id, {})) for invitation_id, cell_id in invited]


async def _given(session: AsyncSession, round_: Round, instrument: Instrument) -> dict[str, list[int]]:
    """One value a person of each item that is tallied; of several promises that which is furthest back."""
    values: dict[str, dict[int, int]] = {}
    for invitation_id, item, value in await _values(
        session, round_, [one.code for one in _tallied(instrument)]
    ):
        people = values.setdefault(item, {})
        people[invitation_id] = max(value, people.get(invitation_id, value))
    return {item: list(people.values()) for item, people in values.items()}


async def _values(
    session: AsyncSession, round_: Round, codes: Sequence[str]
) -> Sequence[tuple[int, str, int]]:
    # Columns, not rows of the domain: in a large round making those would take most of a second.
    kept = (
        select(Answer.invitation_id, Answer.item, Answer.value)
        .join(Invitation, col(Invitation.id) == col(Answer.invitation_id))
        .where(Invitation.round_id == round_.id, col(Answer.value).is_not(None), col(Answer.item).in_(codes))
    )
    return [(id_, item, value) for id_, item, value in (await session.exec(kept)).all() if value is not None]


def _tallied(instrument: Instrument) -> list[instruments.Item]:
    return [item for item in instrument.items if item.kind in tallies.KINDS]


def _analysed(gathered: Gathered) -> analysis.Analysis:
    columns = [item.code for item in gathered.instrument.rated]
    place = {cell.id: number for number, cell in enumerate(gathered.cells)}
    rated = gathered.rated
    table = np.array(
        [[values.get(code, np.nan) for code in columns] for _, values in rated], dtype=np.float64
    )
    groups = np.array([place.get(cell_id or 0, -1) for cell_id, _ in rated], dtype=np.int64)
    return analysis.analyse(
        table.reshape(len(rated), len(columns)),
        groups,
        invited=len(rated),
        seed=gathered.round.id,
        k=gathered.partnership.minimum_group,
    )


def _item_facts(
    code: str, position: int, found: analysis.Analysis, cells: Sequence[Cell], *, k: int
) -> dict[str, Any]:
    """What of one item may be shown: the total and the cells, each a rounded mean with a band of n."""
    allowed = found.shown[position]
    total = None
    if allowed.total:
        total = _figure(float(found.shown_total[position]), int(found.spread.n[position]), k=k)
    shown = [
        {"cell": cells[place].id}
        | _figure(float(found.shown_mean[place][position]), int(found.cell_n[place][position]), k=k)
        for place in allowed.cells
    ]
    return {"code": code, "total": total, "cells": shown, "verdict": found.divisions[position].verdict}


def _figure(mean: float, n: int, *, k: int) -> dict[str, Any]:
    least, most = disclosure.band(n)
    return {"mean": mean, "least": max(least, k), "most": most}


def _signal_facts(signal: analysis.Signal, instrument: Instrument, cells: Sequence[Cell]) -> dict[str, Any]:
    return {
        "kind": signal.kind,
        "item": instrument.rated[signal.item].code,
        "severity": signal.severity,
        "numbers": {
            "p": signal.p,
            "q": signal.q,
            "low": [cells[place].id for place in signal.low],
            "high": [cells[place].id for place in signal.high],
        },
    }
