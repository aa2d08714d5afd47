"""Voices: the words of a round that their authors let be quoted, and how they are taken out again."""

import hashlib
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import col, select, true
from sqlmodel.ext.asyncio.session import AsyncSession

from facilitation import instruments
from facilitation.instruments import CONFIDENTIAL, Instrument
from storage.digests import Digest
from storage.members import Seat
from storage.partnerships import Organisation
from storage.rounds import Answer, Invitation, Round

# A kind of organisation is named beside a quote only if so many of its seats were invited.
KIND_IS_CROWD = 5
ALOUD = ("quoted", "organisation", "named")
SIGNED = ("name", "organisation")

Quote = dict[str, str]


@dataclass(frozen=True)
class Voice:
    """Words that may be quoted, as they stand in a digest, and the answer they come from."""

    answer: Answer
    quote: Quote


async def quotes(session: AsyncSession, round_: Round) -> list[Quote]:
    """What may be quoted of a round, without what is withheld: by question, in an order that is fair."""
    return [voice.quote for voice in await of_round(session, round_) if not voice.answer.withheld]


async def withheld(session: AsyncSession, round_: Round) -> int:
    return sum(bool(voice.answer.withheld) for voice in await of_round(session, round_))


async def of_round(session: AsyncSession, round_: Round) -> list[Voice]:
    """Every text whose author chose to be quoted, withheld or not.

    Confidential words come in an order that tells nothing and prefers nobody. Where organisations speak for
    themselves, the smallest comes first, and those of one size take turns from round to round; whoever asked
    for no name stands behind them, again in an order that tells nothing.
    """
    wanted = (
        select(Answer, Seat, Organisation)
        .join(Invitation, col(Invitation.id) == col(Answer.invitation_id))
        .join(Seat, col(Seat.id) == col(Invitation.seat_id))
        .join(Organisation, col(Organisation.id) == col(Seat.organisation_id))
        .where(
            Invitation.round_id == round_.id,
            col(Answer.text).is_not(None),
            col(Answer.shown_as).in_(ALOUD),
        )
    )
    rows = (await session.exec(wanted)).all()
    crowds, seats = await _crowds(session, round_), await _seats(session, round_)
    instrument = instruments.parsed(round_.instrument)
    found = []
    for answer, seat, organisation in rows:
        quote = _quote(answer, seat, organisation, crowds=crowds)
        size = (seats[organisation.id], _mixed(round_.number, organisation.id))
        found.append((_place(instrument, quote, size), Voice(answer, quote)))
    return [voice for _, voice in sorted(found, key=lambda one: one[0])]


def _place(
    instrument: Instrument, quote: Quote, size: tuple[int, bytes]
) -> tuple[int, bool, int, bytes, bytes]:
    """Where a quote stands: its question, then as `of_round` says."""
    at = next(at for at, item in enumerate(instrument.items) if item.code == quote["item"])
    told = instrument.shows(instrument.items[at]) != CONFIDENTIAL and quote["by"] in SIGNED
    first, then = size if told else (0, b"")
    return at, not told, first, then, _mixed(quote["text"])


def _mixed(*parts: object) -> bytes:
    """The same for the same, and otherwise without any order."""
    return hashlib.sha256("\0".join(map(str, parts)).encode()).digest()


def _quote(answer: Answer, seat: Seat, organisation: Organisation, *, crowds: set[str]) -> Quote:
    """A quote as it is frozen; of its author nothing is kept beyond what may be said."""
    by = _by(answer, seat, organisation, crowds=crowds)
    named = f"{seat.name}, {organisation.name}"
    names = {"name": named, "organisation": organisation.name, "kind": organisation.kind, "partner": ""}
    return {"item": answer.item, "text": answer.text or "", "by": by, "name": names[by]}


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
    kinds = Counter((await session.exec(wanted)).all())
    return {kind for kind, seats in kinds.items() if seats >= KIND_IS_CROWD}


async def _seats(session: AsyncSession, round_: Round) -> Counter[int]:
    wanted = select(Seat.organisation_id).where(
        Seat.partnership_id == round_.partnership_id, Seat.role == "member", col(Seat.left_at).is_(None)
    )
    return Counter((await session.exec(wanted)).all())


async def unsay(
    session: AsyncSession, partnership_id: int, texts: Collection[str], *, states: Collection[str] = ()
) -> None:
    """Take these words out of every digest of a partnership (of rounds in these states): their author took
    them back.

    What Telegram has delivered stays delivered; whoever reads the digest again does not find them.
    """
    wanted = (
        select(Digest)
        .join(Round, col(Round.id) == col(Digest.round_id))
        .where(Digest.partnership_id == partnership_id, col(Round.state).in_(states) if states else true())
        .with_for_update(of=Digest)
    )
    for digest in (await session.exec(wanted.execution_options(populate_existing=True))).all():
        facts = digest.facts
        owed = facts["owed"] | {key: _without(facts["owed"][key], texts) for key in ("owed", "replied")}
        changed = facts | {"quotes": _without(facts["quotes"], texts), "owed": owed}
        if changed != facts:
            digest.facts = changed
            session.add(digest)
    await session.flush()


def _without(words: Sequence[dict[str, Any]], texts: Collection[str]) -> list[dict[str, Any]]:
    return [one for one in words if one["text"] not in texts]
