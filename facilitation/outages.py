"""Outages: whom to ask to look again, because what they tapped meanwhile may not have reached us."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from facilitation import quiet, seats
from storage.members import Member, Seat
from storage.partnerships import Partnership
from storage.rounds import Answer, Invitation, Round, Schedule

LASTS = timedelta(hours=3)  # later than that, people have looked by themselves


@dataclass(frozen=True)
class Place:
    """One part somebody may have been in the middle of."""

    partnership: str
    invitation: int
    given: int
    of: int


@dataclass(frozen=True)
class ToCheck:
    """One person to be told, from when, and until when that is worth it."""

    account: int
    language: str
    timezone: str
    places: tuple[Place, ...]
    begins: datetime
    ends: datetime


Found = tuple[Invitation, Round, Schedule, Seat, Member, Partnership]


async def to_check(session: AsyncSession, *, since: datetime, now: datetime) -> list[ToCheck]:
    """Everybody with an unfinished part in a round that was open at `since` and is open now.

    Who said "not this week", rests, left or cannot be reached is not among them.
    """
    wanted = (
        select(Invitation, Round, Schedule, Seat, Member, Partnership)  # type: ignore[call-overload]  # six at most are known to it
        .join(Round, col(Round.id) == col(Invitation.round_id))
        .join(Schedule, col(Schedule.id) == col(Round.schedule_id))
        .join(Seat, col(Seat.id) == col(Invitation.seat_id))
        .join(Member, col(Member.id) == col(Seat.member_id))
        .join(Partnership, col(Partnership.id) == col(Round.partnership_id))
        .where(
            Round.state == "open",
            col(Round.opens_at) <= since,
            col(Round.closes_at) > now,
            col(Invitation.state).in_(("asked", "started")),
            col(Seat.left_at).is_(None),
            col(Member.account).is_not(None),
            col(Member.unreachable_since).is_(None),
        )
        .order_by(col(Invitation.id))
    )
    found = (await session.exec(wanted)).all()
    given = await _given(session, {round_.id for _, round_, *_ in found})
    people: dict[int, list[Found]] = defaultdict(list)
    for row in found:
        people[row[4].account].append(row)
    told = [_person(account, rows, given, now=now) for account, rows in people.items()]
    return [one for one in told if one is not None]


async def _given(session: AsyncSession, round_ids: set[int]) -> dict[int, int]:
    """How many questions each invitation of these rounds has an answer to."""
    wanted = (
        select(Answer.invitation_id, func.count())
        .join(Invitation, col(Invitation.id) == col(Answer.invitation_id))
        .where(
            col(Invitation.round_id).in_(round_ids),
            col(Answer.value).is_not(None) | col(Answer.text).is_not(None),
        )
        .group_by(col(Answer.invitation_id))
    )
    return dict((await session.exec(wanted)).all())


def _person(account: int, rows: Sequence[Found], given: dict[int, int], *, now: datetime) -> ToCheck | None:
    """None: nothing of theirs is open any more once their night is over, or they rest."""
    _, _, _, _, member, partnership = rows[0]
    zone = ZoneInfo(member.timezone or partnership.timezone)
    today = now.astimezone(zone).date()
    awake = [row for row in rows if not seats.rests(row[3], today)]
    begins = max((quiet.awake(now, row[2], zone) for row in awake), default=now)
    still = [row for row in awake if row[1].closes_at > begins]
    if not still:
        return None
    places = tuple(
        Place(
            partnership.name,
            invitation.id,
            given.get(invitation.id, 0),
            len(invitation.questions) or len(round_.instrument["items"]),
        )
        for invitation, round_, _, _, _, partnership in still
    )
    ends = min(begins + LASTS, *(round_.closes_at for _, round_, *_ in still))
    return ToCheck(account, member.language, str(zone), places, begins, ends)
