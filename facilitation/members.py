"""Members and their seats."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.members import Invite, Member, Seat
from storage.partnerships import Organisation, Partnership


@dataclass(frozen=True)
class Sitting:
    """One seat with the names around it."""

    seat: Seat
    organisation: Organisation
    partnership: Partnership


async def of(session: AsyncSession, *, account: int) -> Member | None:
    return (await session.exec(select(Member).where(Member.account == account))).first()


async def add(session: AsyncSession, *, account: int, language: str, now: datetime) -> Member:
    member = Member(account=account, language=language, created_at=now)
    session.add(member)
    await session.flush()
    return member


async def seat_in(session: AsyncSession, *, account: int, organisation_id: int) -> Seat | None:
    wanted = (
        select(Seat)
        .join(Member, col(Member.id) == col(Seat.member_id))
        .where(Member.account == account, Seat.organisation_id == organisation_id)
    )
    return (await session.exec(wanted)).first()


async def leave(session: AsyncSession, seat: Seat, *, now: datetime) -> None:
    """End a seat. What it answered and raised stays where it is; an invite gives the same seat back."""
    if seat.left_at is None:
        seat.left_at = now
        seat.lead = False
        seat.away_until = seat.paused_at = None
        session.add(seat)


async def facilitated_without(session: AsyncSession, partnership_id: int, going: Collection[int]) -> bool:
    """Whether somebody would facilitate this partnership without these seats."""
    # Two may go in the same moment: the second waits here, and finds that they are the last.
    partnership = await session.get_one(Partnership, partnership_id)
    await session.refresh(partnership, with_for_update={"key_share": True})
    wanted = select(Seat.id).where(
        Seat.partnership_id == partnership_id,
        Seat.role == "facilitator",
        col(Seat.left_at).is_(None),
        col(Seat.id).not_in(going),
    )
    return (await session.exec(wanted.limit(1))).first() is not None


async def seat(
    session: AsyncSession, member: Member, invite: Invite, *, name: str, consent: str, now: datetime
) -> Seat:
    """Seat a member; whoever left and comes back takes the old seat again, as this invite says it is."""
    known = await session.exec(
        select(Seat).where(Seat.member_id == member.id, Seat.organisation_id == invite.organisation_id)
    )
    taken = known.first() or Seat(
        member_id=member.id,
        organisation_id=invite.organisation_id,
        partnership_id=invite.partnership_id,
        role=invite.role,
        consent_version=consent,
        consented_at=now,
    )
    taken.role, taken.name, taken.invite_id = invite.role, name, invite.id
    if taken.role == "facilitator":
        # They have no vote of their own, so they speak for no organisation either.
        taken.lead = False
    if invite.lead:
        await lead(session, taken)
    taken.consent_version, taken.consented_at, taken.left_at = consent, now, None
    session.add(taken)
    await session.flush()
    return taken


async def lead(session: AsyncSession, chosen: Seat) -> None:
    """From now on this seat speaks for its organisation, and no other does."""
    # Two may be made lead at once: the second waits here, and takes over.
    await session.exec(
        select(Organisation.id)
        .where(Organisation.id == chosen.organisation_id)
        .with_for_update(key_share=True)
    )
    await session.exec(
        update(Seat)
        .where(col(Seat.organisation_id) == chosen.organisation_id, col(Seat.lead).is_(True))
        .values(lead=False)
    )
    chosen.lead = True
    session.add(chosen)


async def sittings(session: AsyncSession, *, account: int) -> list[Sitting]:
    """Every partnership this account sits in, oldest first."""
    wanted = (
        select(Seat, Organisation, Partnership)
        .join(Member, col(Member.id) == col(Seat.member_id))
        .join(Organisation, col(Organisation.id) == col(Seat.organisation_id))
        .join(Partnership, col(Partnership.id) == col(Seat.partnership_id))
        .where(Member.account == account, col(Seat.left_at).is_(None))
        .order_by(col(Seat.id))
    )
    return [Sitting(*row) for row in (await session.exec(wanted)).all()]


async def lost(session: AsyncSession, *, account: int, now: datetime) -> None:
    """This account can no longer be written to: it blocked the bot, or is gone."""
    member = await of(session, account=account)
    if member is not None and member.unreachable_since is None:
        member.unreachable_since = now
        session.add(member)


async def found_again(session: AsyncSession, *, account: int) -> None:
    """Whoever writes to us can be written to."""
    member = await of(session, account=account)
    if member is not None and member.unreachable_since is not None:
        member.unreachable_since = None
        session.add(member)
