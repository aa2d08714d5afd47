"""Reminders that are written and not yet sent: they wait for somebody's morning."""

from sqlalchemy import update
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.queues import Outgoing

FIRST, LAST = 1, 2


def key(invitation_id: int, which: int) -> str:
    """What tells the two reminders of one invitation apart."""
    return f"reminder:{invitation_id}:{which}"


async def withdraw(session: AsyncSession, invitation_id: int) -> None:
    """Nobody is reminded of what they have finished, or do not want to do, since."""
    # One that a worker holds is on its way; that cannot be helped.
    await session.exec(
        update(Outgoing)
        .where(
            col(Outgoing.key).in_([key(invitation_id, which) for which in (FIRST, LAST)]),
            col(Outgoing.state).in_(("pending", "retry")),
        )
        .values(state="expired")
        .execution_options(synchronize_session=False)
    )
