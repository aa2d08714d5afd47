"""Coming back: what could not reach somebody, and is still worth having, comes once they can be reached."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from facilitation import members, reminders, seats
from storage.digests import Digest
from storage.members import Member, Seat
from storage.partnerships import Organisation, Partnership
from storage.queues import Outgoing
from storage.rounds import Invitation, Round

INVITATION, DIGEST, BRIEF = "invitation", "digest", "brief"


@dataclass(frozen=True)
class Waiting:
    """A part that is open for somebody, and that they have not begun."""

    invitation: Invitation
    round: Round
    partnership: Partnership
    organisation: Organisation
    member: Member


async def found(session: AsyncSession, *, account: int, now: datetime) -> list[Waiting]:
    """Letters that did not arrive go out again; the result is the parts for which none was ever written."""
    open_ = await _open(session, account=account, now=now)
    dead = select(Outgoing).where(
        Outgoing.chat == account,
        Outgoing.state == "dead",
        col(Outgoing.kind).in_((INVITATION, DIGEST, BRIEF)),
        col(Outgoing.not_after) > now,
    )
    mine = {reminders.keys(one.invitation.id)[0] for one in open_} | await _digests(session, account=account)
    for letter in (await session.exec(dead.order_by(col(Outgoing.id)).with_for_update())).all():
        # Its key names the part, or the digest; the picture of one stands behind that.
        if letter.key.removesuffix(":picture") in mine:
            letter.state, letter.error, letter.resend = "pending", "", True
            letter.tries, letter.retry_s = 0, 0.0
            session.add(letter)
    return [one for one in open_ if not await _written(session, one.invitation)]


async def _open(session: AsyncSession, *, account: int, now: datetime) -> list[Waiting]:
    wanted = (
        select(Invitation, Seat, Member)
        .join(Round, col(Round.id) == col(Invitation.round_id))
        .join(Seat, col(Seat.id) == col(Invitation.seat_id))
        .join(Member, col(Member.id) == col(Seat.member_id))
        .where(
            Member.account == account,
            col(Seat.left_at).is_(None),
            Round.state == "open",
            col(Round.closes_at) > now,
            Invitation.state == "asked",
        )
        .order_by(col(Round.closes_at), col(Round.id))
    )
    found = []
    for invitation, seat, member in (await session.exec(wanted)).all():
        round_ = await session.get_one(Round, invitation.round_id)
        partnership = await session.get_one(Partnership, round_.partnership_id)
        organisation = await session.get_one(Organisation, invitation.organisation_id)
        today = now.astimezone(ZoneInfo(member.timezone or partnership.timezone)).date()
        if not seats.rests(seat, today):
            found.append(Waiting(invitation, round_, partnership, organisation, member))
    return found


async def _digests(session: AsyncSession, *, account: int) -> set[str]:
    """The keys of all that this account may be sent about the digests of where they sit."""
    sittings = await members.sittings(session, account=account)
    kinds = {one.partnership.id: {DIGEST} for one in sittings}
    for one in sittings:
        if one.seat.role == "facilitator":
            kinds[one.partnership.id].add(BRIEF)
    wanted = select(Digest.id, Digest.partnership_id).where(col(Digest.partnership_id).in_(kinds))
    rows = (await session.exec(wanted)).all()
    return {f"{kind}:{id_}:{account}" for id_, partnership_id in rows for kind in kinds[partnership_id]}


async def _written(session: AsyncSession, invitation: Invitation) -> bool:
    wanted = select(Outgoing.id).where(Outgoing.key == reminders.keys(invitation.id)[0])
    return (await session.exec(wanted)).first() is not None
