"""Calling off a round: one that is planned does not open, an open one ends without a digest."""

from datetime import date, datetime, time

from sqlalchemy import delete, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from facilitation import occurrences, planning, promises, reminders, schedules
from facilitation.refusals import NotYours, Refusal
from facilitation.schedules import CANCELLED, Plan
from storage.queues import WAITING, Outgoing
from storage.rounds import Answer, Invitation, Promise, Round

AT_ONCE = 500
CALLED_OFF = "called off"  # what a letter says that was held back


class TooLateToCallOff(Refusal):
    """That round has closed already, so there is nothing to call off any more."""


async def open_now(session: AsyncSession, schedule_id: int) -> Round | None:
    """The round of this schedule that can be answered now."""
    wanted = select(Round).where(Round.schedule_id == schedule_id, Round.state == "open")
    return (await session.exec(wanted.order_by(col(Round.opens_at).desc()))).first()


async def call_off(session: AsyncSession, plan: Plan, day: date, *, now: datetime) -> Round:
    """This date's round does not take place. An open one loses its answers and the letters not yet sent.

    A second tap changes nothing. Raises NotYours, TooLateToCallOff.
    """
    round_ = await _held(session, plan, day)
    if round_ is None and any(one.day == day for one in await schedules.coming(session, plan, now=now)):
        # So far ahead that no clock has planned it yet.
        opens = occurrences.opens_at(day, time.fromisoformat(plan.schedule.opens), plan.zone)
        await planning.plan(session, plan.schedule.id, now=max(now, opens - planning.AHEAD))
        round_ = await _held(session, plan, day)
    if round_ is None:
        raise NotYours
    if round_.reason == CANCELLED:
        return round_
    if round_.state not in {"planned", "open"}:
        raise TooLateToCallOff
    if round_.state == "open":
        await _erase(session, round_)
    round_.state, round_.reason = "skipped", CANCELLED
    session.add(round_)
    await session.flush()
    return round_


async def _held(session: AsyncSession, plan: Plan, day: date) -> Round | None:
    """The round of a date. A clock that opens or closes it comes before us or after us, never between."""
    wanted = select(Round).where(Round.schedule_id == plan.schedule.id, Round.local_date == day)
    wanted = wanted.with_for_update().execution_options(populate_existing=True)
    return (await session.exec(wanted)).first()


async def _erase(session: AsyncSession, round_: Round) -> None:
    """Its answers, what was promised in it, and the letters that have not gone out yet."""
    asked = (await session.exec(select(Invitation).where(Invitation.round_id == round_.id))).all()
    await promises.reopen(session, round_, asked)
    parts = [part.id for part in asked]
    mine = select(Invitation.id).where(Invitation.round_id == round_.id)
    await session.exec(
        delete(Answer).where(col(Answer.invitation_id).in_(mine)).execution_options(synchronize_session=False)
    )
    await session.exec(
        delete(Promise).where(col(Promise.round_id) == round_.id).execution_options(synchronize_session=False)
    )
    keys = [key for part in parts for key in reminders.keys(part)]
    for at in range(0, len(keys), AT_ONCE):
        # One that is on its way at this moment arrives; a tap on it says that the round was called off.
        await session.exec(
            update(Outgoing)
            .where(
                col(Outgoing.key).in_(keys[at : at + AT_ONCE]),
                col(Outgoing.state).in_(WAITING),
            )
            .values(state="expired", resend=False, error=CALLED_OFF)
            .execution_options(synchronize_session=False)
        )
