"""Whom a card is drawn for: their own language and clock, else the partnership's."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from dialogs.cards import Reader
from facilitation import facilitators, quiet
from storage.members import Member, Seat
from storage.partnerships import Partnership


async def of(session: AsyncSession, *, account: int, partnership_id: int) -> Reader:
    """A member's reader for what one partnership says."""
    seats = (
        select(func.count(col(Seat.partnership_id).distinct()))
        .join(Member, col(Member.id) == col(Seat.member_id))
        .where(Member.account == account, col(Seat.left_at).is_(None))
        .scalar_subquery()
    )
    wanted = (
        select(Partnership, Member.language, Member.timezone, seats)
        .join(Member, Member.account == account, isouter=True)  # type: ignore[arg-type]  # a column, to SQLAlchemy
        .where(Partnership.id == partnership_id)
    )
    partnership, language, timezone, several = (await session.exec(wanted)).one()
    return Reader(
        language or partnership.language,
        timezone or partnership.timezone,
        partnership.name if several > 1 else "",
    )


async def facilitating(session: AsyncSession, partnership_id: int) -> list[tuple[int, Reader]]:
    """Everybody who facilitates a partnership and can be told, each with their own language and clock."""
    return [
        (account, await of(session, account=account, partnership_id=partnership_id))
        for account in await facilitators.accounts(session, partnership_id)
    ]


async def alone(session: AsyncSession, *, account: int, language: str) -> Reader:
    """A reader for what no partnership says: the member's language, else that of their messenger."""
    known = (await session.exec(select(Member).where(Member.account == account))).first()
    if known is None:
        return Reader(language)
    return Reader(known.language or language, known.timezone or "UTC")


def noon(day: date, reader: Reader) -> datetime:
    """A day as cards tell one: at noon it is the same day on the reader's own clock."""
    return datetime.combine(day, time(12), ZoneInfo(reader.timezone))


def by_day(reader: Reader, moment: datetime) -> datetime:
    """The first moment from this one on at which this reader may be written to."""
    return quiet.by_day(moment, ZoneInfo(reader.timezone))
