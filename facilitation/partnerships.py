"""Partnerships as a whole."""

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from facilitation.refusals import NotYours, Refusal
from storage.members import Member, Seat
from storage.partnerships import Partnership

LONGEST = 100  # letters of a name
JOINERS = "\u200c\u200d"  # some scripts, and emoji, need them inside a word


class NameMissing(Refusal):
    """A name needs a letter or two. Please write it once more."""


class NameTooLong(Refusal):
    """That name is a little long: {most} letters at most, so that it fits a phone. Please write a shorter
    one.
    """


def named(text: str) -> str:
    """A name as it was typed, on one line. Raises NameMissing, NameTooLong."""
    seen = "".join(sign if sign.isprintable() or sign in JOINERS else " " for sign in text)
    name = " ".join(seen.split())
    if not name.strip(JOINERS):
        raise NameMissing
    if len(name) > LONGEST:
        raise NameTooLong(most=LONGEST)
    return name


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
