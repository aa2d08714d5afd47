"""Withholding: a facilitator keeps a quote out of a digest before it goes out, with a reason."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from facilitation import consent, digests, rounds, voices
from facilitation.refusals import NotYours, Refusal
from storage.digests import Digest
from storage.members import Member, Seat
from storage.partnerships import Partnership
from storage.rounds import Invitation, Round

REASONS = ("names", "insults", "harm")


class GoneOut(Refusal):
    """This digest has gone out, so nothing can be kept out of it any more."""


@dataclass(frozen=True)
class KeptOut:
    """Whom to tell that their words stay out of a digest, in their own language."""

    answer: int
    account: int
    language: str
    text: str


def fingerprint(quote: Mapping[str, str]) -> int:
    """What a button says of a quote: it still means the same words when others have gone."""
    told = "\0".join(quote[key] for key in ("item", "by", "name", "text"))
    return int.from_bytes(hashlib.sha256(told.encode()).digest()[:7])


async def waiting(session: AsyncSession, digest_id: int, *, account: int) -> tuple[Digest, Partnership]:
    """A digest of one's own partnership, to look through before it goes out. Raises NotYours, GoneOut."""
    digest, round_ = await _before(session, digest_id, account=account)
    await consent.as_of_now(session, digest, round_)
    return digest, await session.get_one(Partnership, digest.partnership_id)


async def keep_out(
    session: AsyncSession, digest_id: int, mark: int, reason: int, *, account: int
) -> list[KeptOut]:
    """Keep a quote out of a digest that has not gone out, for one of REASONS; whom to tell.

    Raises NotYours, also where nobody wrote these words, and GoneOut.
    """
    digest, round_ = await _before(session, digest_id, account=account)
    if not 0 <= reason < len(REASONS):
        raise NotYours
    found = [
        voice.answer for voice in await voices.of_round(session, round_) if fingerprint(voice.quote) == mark
    ]
    if not found:
        raise NotYours
    told = []
    # A second tap finds them out already, and the first reason stands.
    for answer in (answer for answer in found if not answer.withheld):
        answer.withheld = REASONS[reason]
        session.add(answer)
        member = await _author(session, answer.invitation_id)
        if member is not None and member.account is not None:
            told.append(KeptOut(answer.id, member.account, member.language, answer.text or ""))
    await consent.as_of_now(session, digest, round_)
    return told


async def _before(session: AsyncSession, digest_id: int, *, account: int) -> tuple[Digest, Round]:
    """A facilitator's digest while it waits; sending it waits for us, or we find that it has gone."""
    digest, seat, round_ = await digests.read(session, digest_id, account=account)
    if seat.role != "facilitator":
        raise NotYours
    held = await rounds.claimed(session, round_.id, state="closing")
    if held is None:
        raise GoneOut
    return digest, held


async def _author(session: AsyncSession, invitation_id: int) -> Member | None:
    wanted = (
        select(Member)
        .join(Seat, col(Seat.member_id) == col(Member.id))
        .join(Invitation, col(Invitation.seat_id) == col(Seat.id))
        .where(Invitation.id == invitation_id, col(Seat.left_at).is_(None))
    )
    return (await session.exec(wanted)).first()
