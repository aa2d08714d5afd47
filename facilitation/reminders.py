"""Letters that ask, written and not yet sent: they wait for somebody's morning, and may be taken back."""

from sqlalchemy import ColumnElement, update
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.queues import WAITING, Outgoing

FIRST, LAST = 1, 2
WITHDRAWN = "withdrawn"  # what a letter says that was taken back: nobody missed it


def key(invitation_id: int, which: int) -> str:
    """What tells the two reminders of one invitation apart."""
    return f"reminder:{invitation_id}:{which}"


def keys(invitation_id: int) -> list[str]:
    """The keys of one invitation's letters: itself, and its two reminders."""
    return [f"invitation:{invitation_id}", *(key(invitation_id, which) for which in (FIRST, LAST))]


async def withdraw(session: AsyncSession, invitation_id: int) -> None:
    """Nobody is asked, or reminded of, what they have finished, or do not want to do, since."""
    await _take_back(session, col(Outgoing.key).in_(keys(invitation_id)))


async def withdraw_about(session: AsyncSession, raised_id: int) -> None:
    """Nor is anybody asked about what they raised where they have left since."""
    key_of = col(Outgoing.key)
    await _take_back(
        session, key_of.startswith(f"heard:{raised_id}:") | key_of.startswith(f"choice:{raised_id}:")
    )


async def _take_back(session: AsyncSession, which: ColumnElement[bool]) -> None:
    # One that a worker holds is on its way; that cannot be helped. It did not get lost, so it is no
    # undelivered one either: whoever counts those would see that somebody left.
    await session.exec(
        update(Outgoing)
        .where(which, col(Outgoing.state).in_(WAITING))
        .values(state="expired", resend=False, error=WITHDRAWN)
        .execution_options(synchronize_session=False)
    )
