"""Digests: who gets one, and what people say back to it."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from facilitation import consent, raised, rounds, skipping
from facilitation.answers import LONGEST_TEXT, TextTooLong, storable
from facilitation.refusals import NotYours
from storage.digests import Digest, Response
from storage.members import Member, Seat
from storage.partnerships import Partnership
from storage.queues import Outgoing
from storage.rounds import Answer, Invitation, Round

KINDS = ("same", "other", "word")


@dataclass(frozen=True)
class Going:
    """A digest or brief on its way: the chats it goes to, each with its language.

    `raised`: what the brief lists of what people raised.
    """

    digest: Digest
    round: Round
    partnership: Partnership
    chats: tuple[tuple[int, str], ...]
    raised: tuple[dict[str, Any], ...] = ()


async def of_round(session: AsyncSession, round_id: int) -> Digest | None:
    return (await session.exec(select(Digest).where(Digest.round_id == round_id))).first()


async def publish(session: AsyncSession, round_id: int, *, now: datetime) -> Going | None:  # noqa: ARG001 - as every step of the clock
    """Send the digest to every seat and the group chat. None: another clock did it.

    One that comes too late to be sent (see `skipping`) is published all the same, and goes to nobody.
    """
    going = await _going(session, round_id, role=None)
    if going is None:
        return None
    going.round.state = "published"
    session.add(going.round)
    if going.round.reason in skipping.NOT_SENT:
        return replace(going, chats=())
    group = going.partnership.group_chat
    chats = going.chats + (((group, going.partnership.language),) if group else ())
    return replace(going, chats=chats)


async def brief(session: AsyncSession, round_id: int, *, now: datetime) -> Going | None:
    """Send the brief to the facilitators; after a late one the digest waits. None: another clock did it."""
    going = await _going(session, round_id, role="facilitator")
    if going is None or going.round.briefed_at is not None:
        return None
    going.round.digest_at = await skipping.goes_out(session, going.round, now=now)
    going.round.briefed_at = now
    session.add(going.round)
    since = await _last_brief(session, going.round)
    listed = await raised.for_brief(session, going.partnership.id, since=since)
    return replace(going, raised=tuple(listed))


async def _last_brief(session: AsyncSession, round_: Round) -> datetime | None:
    wanted = select(col(Round.briefed_at)).where(
        Round.partnership_id == round_.partnership_id,
        Round.id != round_.id,
        col(Round.briefed_at).is_not(None),
    )
    return (await session.exec(wanted.order_by(col(Round.briefed_at).desc()).limit(1))).first()


async def _going(session: AsyncSession, round_id: int, *, role: str | None) -> Going | None:
    round_ = await rounds.claimed(session, round_id, state="closing")
    digest = await of_round(session, round_id)
    if round_ is None or digest is None:
        return None
    # Whoever took words back since they were frozen is not quoted.
    await consent.as_of_now(session, digest, round_)
    partnership = await session.get_one(Partnership, round_.partnership_id)
    wanted = (
        select(Member.account, Member.language)
        .join(Seat, col(Seat.member_id) == col(Member.id))
        .where(
            Seat.partnership_id == round_.partnership_id,
            col(Seat.left_at).is_(None),
            col(Member.account).is_not(None),
            col(Member.unreachable_since).is_(None),
        )
        .distinct()
        .order_by(col(Member.account))
    )
    rows = (await session.exec(wanted.where(Seat.role == role) if role else wanted)).all()
    chats = tuple((account, language) for account, language in rows if account is not None)
    return Going(digest, round_, partnership, chats)


async def readable(session: AsyncSession, digest_id: int, *, account: int) -> tuple[Digest, Partnership]:
    """A digest that this account may read: published, or in preview for a facilitator. Raises NotYours."""
    digest, _, _ = await read(session, digest_id, account=account)
    return digest, await session.get_one(Partnership, digest.partnership_id)


async def read(session: AsyncSession, digest_id: int, *, account: int) -> tuple[Digest, Seat, Round]:
    """The digest, the seat it is read from (a facilitator's before a member's), and its round."""
    wanted = (
        select(Digest, Seat, Round)
        .join(Round, col(Round.id) == col(Digest.round_id))
        .join(Seat, col(Seat.partnership_id) == col(Digest.partnership_id))
        .join(Member, col(Member.id) == col(Seat.member_id))
        .where(Digest.id == digest_id, Member.account == account, col(Seat.left_at).is_(None))
        .order_by(col(Seat.role), col(Seat.id))
    )
    found = (await session.exec(wanted)).first()
    if found is None or (found[2].state not in rounds.PUBLISHED and found[1].role != "facilitator"):
        raise NotYours
    return found


async def answer_back(
    session: AsyncSession, digest_id: int, kind: str, *, account: int, text: str | None = None
) -> None:
    """Keep what a seat says back; the last word counts. Raises NotYours, TextTooLong.

    A word stands with the newest digest whose brief is out, whichever digest it was said to: so the next
    brief brings it, and none is said into the void.
    """
    digest, seat, _ = await read(session, digest_id, account=account)
    if kind not in KINDS:
        raise NotYours
    if text is not None and len(text) > LONGEST_TEXT:
        raise TextTooLong(most=LONGEST_TEXT)
    replaced = ("word",) if kind == "word" else ("same", "other")
    stands_with = await _heard_next(session, digest) if kind == "word" else digest
    known = await session.exec(
        select(Response).where(
            Response.digest_id == stands_with.id,
            Response.seat_id == seat.id,
            col(Response.kind).in_(replaced),
        )
    )
    response = known.first() or Response(digest_id=stands_with.id, seat_id=seat.id, kind=kind)
    response.kind, response.text = kind, None if text is None else storable(text)
    session.add(response)
    await session.flush()


async def _heard_next(session: AsyncSession, digest: Digest) -> Digest:
    wanted = (
        select(Digest)
        .join(Round, col(Round.id) == col(Digest.round_id))
        .where(Digest.partnership_id == digest.partnership_id, col(Round.briefed_at).is_not(None))
        .order_by(col(Digest.id).desc())
    )
    return (await session.exec(wanted)).first() or digest


async def word_kept(session: AsyncSession, digest_id: int, *, account: int) -> str:
    """What this seat has said that waits for the next brief; "" for nothing. Raises NotYours."""
    digest, seat, _ = await read(session, digest_id, account=account)
    stands_with = await _heard_next(session, digest)
    wanted = select(Response.text).where(
        Response.digest_id == stands_with.id, Response.seat_id == seat.id, Response.kind == "word"
    )
    return (await session.exec(wanted)).first() or ""


async def words(session: AsyncSession, digest_id: int, *, account: int) -> tuple[list[str], list[str]]:
    """What stands in the brief of this digest, for its facilitators alone. Raises NotYours.

    Nor for them before the brief is out: whoever could watch words arrive could tell whose they are.
    """
    digest, seat, round_ = await read(session, digest_id, account=account)
    out = round_.briefed_at is not None or round_.state in rounds.PUBLISHED
    if seat.role != "facilitator" or not out:
        raise NotYours
    return await words_for_facilitator(session, digest.round_id), await words_back(session, digest)


async def words_for_facilitator(session: AsyncSession, round_id: int) -> list[str]:
    """Texts of this round that only the facilitator may see, without names, ordered by their words."""
    wanted = (
        select(Answer.text)
        .join(Invitation, col(Invitation.id) == col(Answer.invitation_id))
        .where(
            Invitation.round_id == round_id,
            col(Answer.text).is_not(None),
            (col(Answer.shown_as) == "facilitator") | col(Answer.shown_as).is_(None),
        )
    )
    return sorted((text or "" for text in (await session.exec(wanted)).all()), key=str.casefold)


async def words_back(session: AsyncSession, before: Digest) -> list[str]:
    """What people wrote back since the last brief, without names, ordered by their words."""
    earlier = (
        select(Digest.id)
        .join(Round, col(Round.id) == col(Digest.round_id))
        .where(Digest.partnership_id == before.partnership_id, col(Digest.id) < before.id)
        # Words stand with the newest digest whose brief is out: one that a newer one overtook had none.
        .order_by(col(Round.briefed_at).is_(None), col(Digest.id).desc())
        .limit(1)
    )
    last = (await session.exec(earlier)).first()
    wanted = select(Response.text).where(
        Response.digest_id == last, Response.kind == "word", col(Response.text).is_not(None)
    )
    return sorted((text or "" for text in (await session.exec(wanted)).all()), key=str.casefold)


async def waits(session: AsyncSession, digest_id: int, *, account: int) -> bool:
    """Whether this digest is not out yet, so that a facilitator sees a preview. Raises NotYours."""
    _, _, round_ = await read(session, digest_id, account=account)
    return round_.state not in rounds.PUBLISHED


async def came_late(session: AsyncSession, digest_id: int, *, account: int) -> bool:
    """Whether this digest was published but, coming too late, sent to nobody. Raises NotYours."""
    _, _, round_ = await read(session, digest_id, account=account)
    return round_.state in rounds.PUBLISHED and round_.reason in skipping.NOT_SENT


async def brief_lost(session: AsyncSession, digest_id: int, *, account: int) -> bool:
    """Whether this account was to get the brief of this digest, and it did not come, or not in time."""
    wanted = select(Outgoing.id).where(
        Outgoing.key == f"brief:{digest_id}:{account}",
        col(Outgoing.state).in_(("uncertain", "dead", "expired")),
    )
    return (await session.exec(wanted)).first() is not None
