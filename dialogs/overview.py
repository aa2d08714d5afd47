"""A part as a whole: what was answered, what can be changed, and what an old button leads to."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel.ext.asyncio.session import AsyncSession

from dialogs import questions, readers
from dialogs.cards import Card, Reader, draw
from facilitation import coming, digests, restored, rounds, schedules, seats, standing
from facilitation.parts import Part
from storage.members import Seat
from storage.rounds import Round


async def summary(session: AsyncSession, part: Part, for_whom: Reader, *, now: datetime) -> Card:
    """The end of a part: what is kept, in short, and that all of it can be changed."""
    answered, invited = await rounds.replied(session, part.round.id)
    seat = await session.get_one(Seat, part.invitation.seat_id)
    return draw(
        "summary",
        for_whom,
        given=part.given,
        left=sum(not part.settled(question) for question in part.questions),
        rows=[row for row in await questions.listed(session, part, for_whom) if row["given"]],
        closes=part.round.closes_at,
        digest=part.round.digest_at,
        more_than_half=invited >= standing.CROWD and answered * 2 > invited,
        partnership=part.round.partnership_id,
        invitation=part.invitation.id,
        **resting(seat, for_whom, now=now),
    )


async def change(session: AsyncSession, part: Part, for_whom: Reader) -> Card:
    rows = await questions.listed(session, part, for_whom)
    return draw("change", for_whom, rows=rows, invitation=part.invitation.id)


async def declined(session: AsyncSession, part: Part, for_whom: Reader, *, now: datetime) -> Card:
    seat = await session.get_one(Seat, part.invitation.seat_id)
    facts = resting(seat, for_whom, now=now)
    return draw("declined", for_whom, invitation=part.invitation.id, closes=part.round.closes_at, **facts)


async def closed(  # every fact of it comes from somebody else
    session: AsyncSession,
    round_: Round,
    seat: Seat,
    for_whom: Reader,
    *,
    account: int,
    lost_words: bool,
    now: datetime,
) -> Card:
    """What a button of an earlier round leads to: its digest, and today's questions."""
    digest = await digests.of_round(session, round_.id)
    published = digest is not None and round_.state in rounds.PUBLISHED
    ended = round_.state == "skipped"  # early, and without a digest
    return draw(
        "closed",
        for_whom,
        called_off=ended and round_.reason == schedules.CANCELLED,
        lost=ended and round_.reason == restored.LOST,
        ended=ended,
        lost_words=lost_words,
        closed=round_.closes_at,
        digest=digest.id if digest is not None and published else None,
        comes=round_.digest_at if round_.digest_at > now and not ended else None,
        invitation=await coming.newest_for(session, round_.partnership_id, account=account, now=now),
        **resting(seat, for_whom, now=now),
    )


def resting(seat: Seat, for_whom: Reader, *, now: datetime) -> dict[str, object]:
    """Whether this seat is asked nothing new for now: paused, or away until a day."""
    today = now.astimezone(ZoneInfo(for_whom.timezone)).date()
    paused = seat.paused_at is not None
    back = seat.away_until if seats.rests(seat, today) and not paused else None
    return {"away": readers.noon(back, for_whom) if back else None, "paused": paused}
