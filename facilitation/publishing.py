"""Publishing: the one way a figure that rests on answers gets out. It keeps a ledger of all ever shown."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from facilitation import instruments, rounds
from facilitation.instruments import Instrument
from storage.digests import Digest, Response, Shown, Signal
from storage.members import Seat
from storage.partnerships import Cell, Organisation, Partnership
from storage.rounds import Answer, Invitation, Round
from synthesis import disclosure
from synthesis import round as analysis

# A kind of organisation is named beside a quote only if so many of its seats were invited.
KIND_IS_CROWD = 5
# What stands in the ledger, in an item's place, for what people said back to a digest.
ANSWERED_BACK = "answered_back"

Facts = dict[str, Any]
# Each invited seat: the cell it is shown in, and its ratings by item.
Rated = Sequence[tuple[int | None, dict[str, int]]]


@dataclass(frozen=True)
class Gathered:
    """All of a closed round that its digest is made of; nobody changes it any more."""

    round: Round
    partnership: Partnership
    instrument: Instrument
    cells: list[Cell]
    rated: Rated
    replied: int
    invited: int
    quotes: list[dict[str, str]]
    said_back: dict[str, int]


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
    return Gathered(
        round_,
        partnership,
        instrument,
        await _cells(session, round_),
        await _ratings(session, round_, instrument),
        replied,
        invited,
        await _quotes(session, round_),
        await _said_back(session, round_),
    )


def worked_out(gathered: Gathered) -> Facts:
    """The facts of the digest. Large rounds take seconds, so this has its place in a thread."""
    cells, instrument, partnership = gathered.cells, gathered.instrument, gathered.partnership
    found = _analysed(gathered.rated, cells, instrument, round_=gathered.round, partnership=partnership)
    items = [
        _item_facts(item.code, position, found, cells, k=partnership.minimum_group)
        for position, item in enumerate(instrument.rated)
    ]
    return {
        "partnership": partnership.name,
        "instrument": instrument.name,
        "title": instrument.title,
        "number": gathered.round.number,
        "opened": gathered.round.opens_at.isoformat(),
        "closed": gathered.round.closes_at.isoformat(),
        "minimum_group": partnership.minimum_group,
        "turnout": disclosure.share_band(gathered.replied, gathered.invited)._asdict(),
        "cells": {str(cell.id): {"shape": cell.shape, "label": cell.label} for cell in cells},
        "apart": all(place is not None for place, _ in gathered.rated),
        "wordings": {item.code: item.wording for item in instrument.rated},
        "ends": {item.code: {"low": item.low, "high": item.high} for item in instrument.rated},
        "items": items,
        "signals": [_signal_facts(signal, instrument, cells) for signal in found.signals],
        "quotes": gathered.quotes,
        "answered_back": _answered_back(gathered.said_back, k=partnership.minimum_group),
    }


async def freeze(session: AsyncSession, gathered: Gathered, facts: Facts, *, now: datetime) -> Digest | None:
    """Keep the digest's facts, its signals and what it shows, for good. None: another clock did it."""
    # Whoever else worked the same out waits here, and then finds the digest.
    round_ = await rounds.claimed(session, gathered.round.id, state="closing")
    known = await session.exec(select(Digest.id).where(Digest.round_id == gathered.round.id))
    if round_ is None or known.first() is not None:
        return None
    # Whoever was forgotten while this was worked out is quoted no more.
    still = {quote["text"] for quote in await _quotes(session, round_)}
    facts = facts | {"quotes": [quote for quote in facts["quotes"] if quote["text"] in still]}
    versions = _versions(gathered.cells, gathered.partnership)
    _note(session, round_, facts["items"], versions=versions)
    _note_answered_back(session, round_, facts["answered_back"], version=versions[None])
    for signal in facts["signals"]:
        kept = {key: signal[key] for key in ("kind", "item", "severity", "numbers")}
        session.add(Signal(round_id=round_.id, **kept))
    digest = Digest(round_id=round_.id, partnership_id=round_.partnership_id, facts=facts, made_at=now)
    session.add(digest)
    await session.flush()
    return digest


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
    # Columns, not rows of the domain: in a large round making those would take most of a second.
    wanted = select(Invitation.id, Invitation.cell_id).where(Invitation.round_id == round_.id)
    codes = [item.code for item in instrument.rated]
    kept = (
        select(Answer.invitation_id, Answer.item, Answer.value)
        .join(Invitation, col(Invitation.id) == col(Answer.invitation_id))
        .where(Invitation.round_id == round_.id, col(Answer.value).is_not(None), col(Answer.item).in_(codes))
    )
    values: dict[int, dict[str, int]] = {}
    for invitation_id, item, value in (await session.exec(kept)).all():
        if value is not None:
            values.setdefault(invitation_id, {})[item] = value
    invited = (await session.exec(wanted.order_by(col(Invitation.id)))).all()
    return [(cell_id, values.get(invitation_id, {})) for invitation_id, cell_id in invited]


def _analysed(
    rated: Rated, cells: Sequence[Cell], instrument: Instrument, *, round_: Round, partnership: Partnership
) -> analysis.Analysis:
    columns = [item.code for item in instrument.rated]
    place = {cell.id: number for number, cell in enumerate(cells)}
    table = np.array(
        [[values.get(code, np.nan) for code in columns] for _, values in rated], dtype=np.float64
    )
    groups = np.array([place.get(cell_id or 0, -1) for cell_id, _ in rated], dtype=np.int64)
    return analysis.analyse(
        table.reshape(len(rated), len(columns)),
        groups,
        invited=len(rated),
        seed=round_.id,
        k=partnership.minimum_group,
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


def _versions(cells: Sequence[Cell], partnership: Partnership) -> dict[int | None, int]:
    """The drawing each cell comes from; another schedule's round may have had a new one since."""
    versions: dict[int | None, int] = {cell.id: cell.version for cell in cells}
    return versions | {None: max(versions.values(), default=partnership.cells_version)}


def _note(
    session: AsyncSession, round_: Round, items: Sequence[dict[str, Any]], *, versions: dict[int | None, int]
) -> None:
    """Write each shown value into the ledger, once and for good."""
    for item in items:
        figures = ([{"cell": None} | item["total"]] if item["total"] else []) + item["cells"]
        for figure in figures:
            session.add(
                Shown(
                    round_id=round_.id,
                    item=item["code"],
                    cell_id=figure["cell"],
                    cells_version=versions[figure["cell"]],
                    least=figure["least"],
                    most=figure["most"],
                    value=figure["mean"],
                )
            )


async def _said_back(session: AsyncSession, round_: Round) -> dict[str, int]:
    """How many of those who are asked said "same" and "other" to the digest before this one.

    Only its newest digest's: so each digest is counted once, and no two counts can be compared.
    """
    before = (
        select(Digest.id, Round.state)
        .join(Round, col(Round.id) == col(Digest.round_id))
        .where(Round.schedule_id == round_.schedule_id, Round.id != round_.id)
        .order_by(col(Digest.id).desc())
        .limit(1)
    )
    last, state = (await session.exec(before)).first() or (None, "")
    wanted = (
        select(Response.kind)
        .join(Seat, col(Seat.id) == col(Response.seat_id))
        .join(Organisation, col(Organisation.id) == col(Seat.organisation_id))
        .where(Response.digest_id == last, Seat.role == "member", Organisation.kind != disclosure.NOT_ASKED)
    )
    said = (await session.exec(wanted)).all() if state == "published" else ()
    return {kind: said.count(kind) for kind in ("same", "other")}


def _answered_back(said: dict[str, int], *, k: int) -> dict[str, Any] | None:
    """Of those who answered back, the share that saw it that way. None: a side is too small, or too few.

    Told as a part of the whole, never as counts: so that "most" may be all, and nobody can be sure of it.
    """
    may, total = disclosure.shown(said, k), sum(said.values())
    share = disclosure.share_band(said["same"], total)
    if not may.total or set(may.cells) != {side for side, n in said.items() if n} or share.parts == 1:
        return None
    least, most = disclosure.band(total)
    return share._asdict() | {"least": max(least, k), "most": most}


def _note_answered_back(
    session: AsyncSession, round_: Round, shown: dict[str, Any] | None, *, version: int
) -> None:
    """One value over all who answered back: the low end of the part that was told."""
    if shown is not None:
        session.add(
            Shown(
                round_id=round_.id,
                item=ANSWERED_BACK,
                cells_version=version,
                least=shown["least"],
                most=shown["most"],
                value=shown["low"] / shown["parts"],
            )
        )


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


async def _quotes(session: AsyncSession, round_: Round) -> list[dict[str, str]]:
    """Texts whose authors chose to be quoted, in an order that tells nothing and prefers nobody."""
    wanted = (
        select(Answer, Seat, Organisation)
        .join(Invitation, col(Invitation.id) == col(Answer.invitation_id))
        .join(Seat, col(Seat.id) == col(Invitation.seat_id))
        .join(Organisation, col(Organisation.id) == col(Seat.organisation_id))
        .where(
            Invitation.round_id == round_.id,
            col(Answer.text).is_not(None),
            col(Answer.shown_as).in_(("quoted", "organisation", "named")),
        )
    )
    rows = (await session.exec(wanted)).all()
    crowds = await _crowds(session, round_)
    quotes = [_quote(answer, seat, organisation, crowds=crowds) for answer, seat, organisation in rows]
    return sorted(quotes, key=lambda quote: hashlib.sha256(quote["text"].encode()).digest())


def _quote(answer: Answer, seat: Seat, organisation: Organisation, *, crowds: set[str]) -> dict[str, str]:
    """A quote as it is frozen; of its author nothing is kept beyond what may be said."""
    by = _by(answer, seat, organisation, crowds=crowds)
    named = f"{seat.name}, {organisation.name}"
    names = {"name": named, "organisation": organisation.name, "kind": organisation.kind, "partner": ""}
    return {"text": answer.text or "", "by": by, "name": names[by]}


def _by(answer: Answer, seat: Seat, organisation: Organisation, *, crowds: set[str]) -> str:
    """What may be said of an author: "name", "organisation", "kind" or "partner"."""
    if answer.shown_as == "named" and seat.name:
        return "name"
    if answer.shown_as in ("named", "organisation"):
        return "organisation"
    return "kind" if organisation.kind in crowds else "partner"


async def _crowds(session: AsyncSession, round_: Round) -> set[str]:
    """The kinds of organisation of which enough seats were invited for a quote to name the kind."""
    wanted = (
        select(Organisation.kind)
        .join(Invitation, col(Invitation.organisation_id) == col(Organisation.id))
        .where(Invitation.round_id == round_.id)
    )
    kinds = list((await session.exec(wanted)).all())
    return {kind for kind in kinds if kinds.count(kind) >= KIND_IS_CROWD}
