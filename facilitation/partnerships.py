"""Partnerships as a whole."""

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from facilitation.refusals import NotYours
from storage.members import Member, Seat
from storage.partnerships import Partnership


async def facilitated(session: AsyncSession, partnership_id: int, *, account: int) -> Partnership:
    """A partnership that this account facilitates. Raises NotYours, also where there is none."""
    wanted = (
        select(Partnership)
        .join(Seat, col(Seat.partnership_id) == col(Partnership.id))
        .join(Member, col(Member.id) == col(Seat.member_id))
        .where(
            Partnership.id == partnership_id,
            Member.account == account,
            Seat.role == "facilitator",
            col(Seat.left_at).is_(None),
        )
    )
    found = (await session.exec(wanted)).first()
    if found is None:
        raise NotYours
    return found


async def move_group(session: AsyncSession, *, old: int, new: int) -> None:
    """A partnership's group chat was given another id."""
    for partnership in (await session.exec(select(Partnership).where(Partnership.group_chat == old))).all():
        partnership.group_chat = new
        session.add(partnership)


async def lose_group(session: AsyncSession, *, chat: int) -> None:
    """A partnership's group chat is gone, or Parley was put out of it: digests go to the seats alone."""
    for partnership in (await session.exec(select(Partnership).where(Partnership.group_chat == chat))).all():
        partnership.group_chat = None
        session.add(partnership)
