"""Archiving: a published round of which nothing more can be sent; its letters then keep no words."""

from datetime import datetime

from sqlalchemy import update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from facilitation import mailings, rounds, skipping
from storage.queues import LIVE, Outgoing
from storage.rounds import Round

A_BEAT = 100  # of years of rounds that an older version left published, so many are archived at one beat


async def due(session: AsyncSession, now: datetime) -> list[int]:
    """The rounds to archive by now: published, the days over in which a digest is worth having, and no letter
    of theirs on its way, however late that went out.
    """
    wanted = select(Round.id).where(
        Round.state == "published", col(Round.digest_at) <= now - skipping.DIGEST_LASTS
    )
    found = (await session.exec(wanted.order_by(col(Round.id)).limit(A_BEAT))).all()
    return [round_id for round_id in found if not await _is_live(session, round_id)]


async def archive(session: AsyncSession, round_id: int, *, now: datetime) -> Round | None:
    """Empty the letters of a round: they are copies of what stands elsewhere. None: another clock did it.

    Their keys and states stay, so that none of them is ever written anew.
    """
    round_ = await rounds.claimed(session, round_id, state="published")
    if round_ is None or now < round_.digest_at + skipping.DIGEST_LASTS or await _is_live(session, round_id):
        return None
    for which in await mailings.about(session, round_id):
        await session.exec(
            update(Outgoing).where(which).values(payload={}).execution_options(synchronize_session=False)
        )
    round_.state = "archived"
    session.add(round_)
    await session.flush()
    return round_


async def _is_live(session: AsyncSession, round_id: int) -> bool:
    for which in await mailings.about(session, round_id):
        wanted = select(Outgoing.id).where(which, col(Outgoing.state).in_(LIVE)).limit(1)
        if (await session.exec(wanted)).first() is not None:
            return True
    return False
