"""Complaints to whoever runs this Parley: passed on, kept nowhere else, one an hour from each person."""

from datetime import datetime, timedelta

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from facilitation import erasure, members
from facilitation.answers import LONGEST_TEXT, TextTooLong
from facilitation.refusals import NotYours, Refusal
from storage.members import Member
from storage.queues import Outgoing

ONE_EVERY = timedelta(hours=1)


class ComplainedAlready(Refusal):
    """Your last words were passed on less than an hour ago. Please wait a little and send these again;
    nothing was passed on now.
    """


async def key(session: AsyncSession, text: str, *, account: int, update_id: int, now: datetime) -> str:
    """The key of the letter that passes these words on. Raises NotYours, TextTooLong, ComplainedAlready."""
    member = await members.of(session, account=account)
    if member is None:
        raise NotYours
    if len(text) > LONGEST_TEXT:
        raise TextTooLong(most=LONGEST_TEXT)
    if await _lately(session, member, now=now):
        raise ComplainedAlready
    return f"{erasure.complaints_of(member)}{update_id}"


async def _lately(session: AsyncSession, member: Member, *, now: datetime) -> bool:
    """Whether words of theirs were passed on within the hour: their letter is the proof of it."""
    # Held, so that two at once are two, one after the other.
    await session.exec(select(Member.id).where(Member.id == member.id).with_for_update())
    letters = select(Outgoing.id).where(
        col(Outgoing.key).startswith(erasure.complaints_of(member)),
        col(Outgoing.not_before) > now - ONE_EVERY,
    )
    return (await session.exec(letters.limit(1))).first() is not None
