"""A restored copy that goes live: what the Parley it was copied from may have done since the backup.

Nobody is reminded twice. And a round whose results may be out ends without a digest here: the copy has fewer
answers, and from two digests of one round it could be worked out who gave those that are missing.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import exists
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.digests import Digest
from storage.rounds import Round

LOST = "restored"  # why a round was skipped that had been opened


async def caught_up(session: AsyncSession, *, now: datetime) -> Sequence[Round]:
    """Do with what the other one may have done; the result is the rounds that end without a digest."""
    wanted = (
        select(Round)
        .where(
            col(Round.state).in_(("open", "closing")), ~exists().where(col(Digest.round_id) == col(Round.id))
        )
        .order_by(col(Round.id))
        .with_for_update()
    )
    ended = []
    for round_ in (await session.exec(wanted)).all():
        moments = (round_.reminds_at, round_.reminds_again_at)
        round_.reminded = max(round_.reminded, sum(moment <= now for moment in moments))
        if round_.brief_at <= now:
            round_.state, round_.reason = "skipped", LOST
            ended.append(round_)
        session.add(round_)
    await session.flush()
    return ended
