"""Partnerships as a whole."""

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.partnerships import Partnership


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
