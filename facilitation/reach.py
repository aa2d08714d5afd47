"""Reach: which partners a round does not reach, so that nobody forgets them."""

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.members import Member, Seat
from storage.partnerships import Organisation
from storage.rounds import Round
from synthesis import disclosure


async def missing(session: AsyncSession, partnership_id: int) -> dict[str, list[str]]:
    """The names of partners with nobody who can be reached ("none"), and with some who cannot ("some")."""
    wanted = select(Organisation).where(
        Organisation.partnership_id == partnership_id,
        col(Organisation.removed_at).is_(None),
        Organisation.kind != disclosure.NOT_ASKED,
    )
    reached = (
        select(Seat.organisation_id)
        .join(Member, col(Member.id) == col(Seat.member_id))
        .where(
            Seat.partnership_id == partnership_id,
            Seat.role == "member",
            col(Seat.left_at).is_(None),
            col(Member.account).is_not(None),
            col(Member.unreachable_since).is_(None),
        )
    )
    there = set((await session.exec(reached)).all())
    organisations = (await session.exec(wanted.order_by(col(Organisation.id)))).all()
    return {
        "none": [one.name for one in organisations if one.id not in there],
        "some": [one.name for one in organisations if one.id in there and one.off_telegram],
    }


async def rested(session: AsyncSession, round_: Round) -> list[str]:
    """The names of partners who were asked nothing this time, because it would have been too much."""
    wanted = select(Organisation.name).where(col(Organisation.id).in_(round_.rested))
    return list((await session.exec(wanted.order_by(col(Organisation.id)))).all())
