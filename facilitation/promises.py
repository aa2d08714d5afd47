"""Promises: what a seat said it would do, and what came of it."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from facilitation import instruments
from storage.rounds import Answer, Invitation, Promise, Round

OUTCOMES = {1: "done", 2: "partly", 3: "blocked"}


async def follow(
    session: AsyncSession, round_: Round, invitation: Invitation, answer: Answer, *, now: datetime
) -> None:
    """Bring the seat's promise of this round in line with the answer that makes it: no words, no promise."""
    wanted = select(Promise).where(Promise.round_id == round_.id, Promise.seat_id == invitation.seat_id)
    promise = (await session.exec(wanted)).first()
    if answer.text is None:
        if promise is not None:
            await session.delete(promise)
        return
    promise = promise or Promise(
        schedule_id=round_.schedule_id,
        round_id=round_.id,
        seat_id=invitation.seat_id,
        text=answer.text,
        made_at=now,
    )
    promise.text = answer.text
    session.add(promise)


async def settle(session: AsyncSession, invitation: Invitation, answer: Answer) -> None:
    """Note on the promise what this answer says came of it; a skipped question leaves it open."""
    promise = await session.get(Promise, answer.about)
    if promise is not None and promise.seat_id == invitation.seat_id:
        promise.outcome = OUTCOMES.get(answer.value or 0, "")
        session.add(promise)


async def reopen(session: AsyncSession, round_: Round, parts: Sequence[Invitation]) -> None:
    """What was said in these parts of a round about earlier promises is taken out: they are open again."""
    asking = {item.code for item in instruments.parsed(round_.instrument).items if item.kind == "promise"}
    asked = {about for part in parts for code, about in part.questions if code in asking}
    wanted = select(Promise).where(col(Promise.id).in_(asked), Promise.outcome != "")
    for promise in (await session.exec(wanted)).all():
        promise.outcome = ""
        session.add(promise)
