"""A seat's own ways: away until a day, paused until they say so, back again, and left for good."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import delete
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from facilitation import asking, members, promises, reminders, rounds
from facilitation.refusals import NotYours, Refusal
from storage.members import Member, Seat
from storage.partnerships import Partnership
from storage.raised import Raised
from storage.rounds import Answer, Invitation, Promise, Round

EVERYWHERE = 0  # in place of a partnership's id: all of them
LONGEST_AWAY = timedelta(days=366)


class AwayPast(Refusal):
    """That day is not ahead of us. Please name the day you are back, like 14 December."""


class AwayTooLong(Refusal):
    """That is more than a year from now. With /pause you are asked nothing until you say so."""


class AwayUnreadable(Refusal):
    """I cannot read that as a day. Please write it like 14 December or 14/12, or use the buttons."""


class OnlyFacilitator(Refusal):
    """You are the only facilitator of {partnership}, and it needs one. Let somebody else facilitate first:
    with /setup, under Facilitators.
    """


async def mine(
    session: AsyncSession, *, account: int, partnership_id: int = EVERYWHERE
) -> list[members.Sitting]:
    """This account's places in one partnership, or everywhere. Raises NotYours where there is none."""
    sittings = await members.sittings(session, account=account)
    found = [one for one in sittings if partnership_id in (EVERYWHERE, one.partnership.id)]
    if not found:
        raise NotYours
    return found


def rests(seat: Seat, day: date) -> bool:
    """Whether a seat is asked and reminded of nothing on this day: it is away or paused."""
    return asking.is_away(seat, day)


async def away(session: AsyncSession, seats: Sequence[Seat], *, until: date, today: date) -> None:
    """Ask these seats nothing before the day `until`. Raises AwayPast, AwayTooLong."""
    if until <= today:
        raise AwayPast
    if until - today > LONGEST_AWAY:
        raise AwayTooLong
    for seat in seats:
        seat.away_until, seat.paused_at = until, None
        session.add(seat)
    await _silence(session, seats)


async def pause(session: AsyncSession, seats: Sequence[Seat], *, now: datetime) -> None:
    """Ask these seats nothing until they say so."""
    for seat in seats:
        seat.away_until, seat.paused_at = None, seat.paused_at or now
        session.add(seat)
    await _silence(session, seats)


async def resume(session: AsyncSession, seats: Sequence[Seat]) -> None:
    """They are asked again from the next round on; what they missed is not asked."""
    for seat in seats:
        seat.away_until = seat.paused_at = None
        session.add(seat)
    await session.flush()


async def leave(session: AsyncSession, seats: Sequence[Seat], *, taking_out: bool, now: datetime) -> None:
    """Leave these seats; `taking_out`: with what they answered in open rounds. Raises OnlyFacilitator."""
    await may_go(session, seats)
    if taking_out:
        await _take_out(session, seats)
    await _silence(session, seats)
    wanted = select(Raised.id).where(
        col(Raised.seat_id).in_([seat.id for seat in seats]), col(Raised.asked_at).is_not(None)
    )
    for raised_id in (await session.exec(wanted)).all():
        await reminders.withdraw_about(session, raised_id)
    for seat in seats:
        await members.leave(session, seat, now=now)
    await session.flush()


async def may_go(session: AsyncSession, seats: Sequence[Seat]) -> None:
    """Raises OnlyFacilitator where a partnership would be left without one."""
    going = [seat for seat in seats if seat.role == "facilitator"]
    # One person may facilitate for two organisations: both seats go, so neither is left to the other.
    for partnership_id in sorted({seat.partnership_id for seat in going}):
        if not await members.facilitated_without(session, partnership_id, [seat.id for seat in going]):
            partnership = await session.get_one(Partnership, partnership_id)
            raise OnlyFacilitator(partnership=partnership.name)


async def _open_parts(session: AsyncSession, seats: Sequence[Seat]) -> list[Invitation]:
    """The invitations of these seats to rounds that are open, held so that none closes meanwhile."""
    wanted = (
        select(Invitation.id, Round.id)
        .join(Round, col(Round.id) == col(Invitation.round_id))
        .where(col(Invitation.seat_id).in_([seat.id for seat in seats]), Round.state == "open")
        .order_by(col(Round.id))
    )
    found = []
    for invitation_id, round_id in (await session.exec(wanted)).all():
        if (await rounds.locked(session, round_id)).state == "open":
            found.append(await session.get_one(Invitation, invitation_id))
    return found


async def _silence(session: AsyncSession, seats: Sequence[Seat]) -> None:
    """Nothing of an open round any more, nor what waits for the morning."""
    for part in await _open_parts(session, seats):
        if part.state in ("asked", "started"):
            part.state = "declined"
            session.add(part)
        await reminders.withdraw(session, part.id)
    await session.flush()


async def _take_out(session: AsyncSession, seats: Sequence[Seat]) -> None:
    for part in await _open_parts(session, seats):
        await promises.reopen(session, await session.get_one(Round, part.round_id), [part])
        await session.exec(delete(Answer).where(col(Answer.invitation_id) == part.id))
        await session.exec(
            delete(Promise).where(
                col(Promise.round_id) == part.round_id, col(Promise.seat_id) == part.seat_id
            )
        )
        part.state = "declined"
        session.add(part)


async def answered_now(session: AsyncSession, seats: Sequence[Seat]) -> bool:
    """Whether any of these seats has answered something in a round that is open."""
    wanted = (
        select(Answer.id)
        .join(Invitation, col(Invitation.id) == col(Answer.invitation_id))
        .join(Round, col(Round.id) == col(Invitation.round_id))
        .where(col(Invitation.seat_id).in_([seat.id for seat in seats]), Round.state == "open")
        .limit(1)
    )
    return (await session.exec(wanted)).first() is not None


async def speak(session: AsyncSession, language: str, *, account: int) -> Member:
    """From now on everything is said to this person in this language. Raises NotYours."""
    member = await _known(session, account=account)
    member.language = language
    session.add(member)
    await session.flush()
    return member


async def live_by(session: AsyncSession, zone: str, *, account: int) -> Member:
    """From now on times are told by this clock; "" is each partnership's own. Raises NotYours."""
    member = await _known(session, account=account)
    member.timezone = zone
    session.add(member)
    await session.flush()
    return member


async def _known(session: AsyncSession, *, account: int) -> Member:
    member = await members.of(session, account=account)
    if member is None:
        raise NotYours
    return member
