"""Those who facilitate a partnership: who they are, and handing it over."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from facilitation import invites, members
from facilitation.refusals import NotYours, Refusal
from storage.members import Invite, Member, Seat
from storage.memos import Memo
from storage.partnerships import Organisation, Partnership

SUCCESSOR = "successor:"  # with the partnership's id: the link that the operator made last


class NobodyElse(Refusal):
    """Nobody else facilitates this partnership yet, and it needs somebody. Invite another facilitator first;
    once they have joined, you can step down.
    """


@dataclass(frozen=True)
class Facilitator:
    seat: Seat
    account: int | None
    reachable: bool


async def of(session: AsyncSession, partnership_id: int) -> Sequence[Facilitator]:
    """Those of a partnership, oldest first."""
    wanted = (
        select(Seat, Member)
        .join(Member, col(Member.id) == col(Seat.member_id))
        .where(
            Seat.partnership_id == partnership_id,
            Seat.role == "facilitator",
            col(Seat.left_at).is_(None),
        )
        .order_by(col(Seat.id))
    )
    rows = (await session.exec(wanted)).all()
    return [
        Facilitator(seat, member.account, member.account is not None and member.unreachable_since is None)
        for seat, member in rows
    ]


async def accounts(session: AsyncSession, partnership_id: int) -> list[int]:
    """Everybody who facilitates a partnership and can be told, each once, oldest first."""
    found = [one.account for one in await of(session, partnership_id) if one.reachable]
    return list(dict.fromkeys(account for account in found if account is not None))


async def led(session: AsyncSession) -> set[int]:
    """The partnerships that somebody facilitates who can be told."""
    wanted = (
        select(Seat.partnership_id)
        .join(Member, col(Member.id) == col(Seat.member_id))
        .where(
            Seat.role == "facilitator",
            col(Seat.left_at).is_(None),
            col(Member.account).is_not(None),
            col(Member.unreachable_since).is_(None),
        )
        .distinct()
    )
    return set((await session.exec(wanted)).all())


async def organisation(session: AsyncSession, partnership_id: int, *, account: int) -> Organisation:
    """The organisation for which this account facilitates. Raises NotYours."""
    mine = [one for one in await of(session, partnership_id) if one.account == account]
    if not mine:
        raise NotYours
    return await session.get_one(Organisation, mine[0].seat.organisation_id)


async def orphaned(session: AsyncSession, partnership_id: int) -> Organisation | None:
    """The organisation that facilitates a partnership which nobody reachable facilitates now."""
    found = await of(session, partnership_id)
    if not found or any(one.reachable for one in found):
        return None
    return await session.get_one(Organisation, found[0].seat.organisation_id)


async def successor(
    session: AsyncSession, partnership: Partnership, organisation: Organisation, *, now: datetime
) -> str:
    """The secret of a link by which the operator finds a partnership somebody new. The one before ends."""
    name = f"{SUCCESSOR}{partnership.id}"
    known = await session.get(Memo, name)
    earlier = await session.get(Invite, json.loads(known.value)) if known is not None else None
    if earlier is not None and earlier.revoked_at is None:
        earlier.revoked_at = now
        session.add(earlier)
    invite, secret = invites.make(
        organisation, role="facilitator", name="", language=partnership.language, now=now
    )
    session.add(invite)
    await session.flush()
    await session.merge(Memo(name=name, value=json.dumps(invite.id), at=now))
    return secret


async def others(session: AsyncSession, partnership_id: int, *, account: int) -> list[Facilitator]:
    """Who would go on without this account, and can be reached."""
    return [one for one in await of(session, partnership_id) if one.account != account and one.reachable]


async def step_down(
    session: AsyncSession, partnership: Partnership, *, account: int, now: datetime
) -> list[Facilitator]:
    """Facilitate no more. The result is who goes on. Raises NotYours, NobodyElse."""
    # Two may hand over to each other in the same moment: the second waits here, and finds nobody else.
    await session.refresh(partnership, with_for_update={"key_share": True})
    mine = [one for one in await of(session, partnership.id) if one.account == account]
    staying = await others(session, partnership.id, account=account)
    if not mine:
        raise NotYours
    if not staying:
        raise NobodyElse
    for one in mine:
        await members.leave(session, one.seat, now=now)
    await session.flush()
    return staying
