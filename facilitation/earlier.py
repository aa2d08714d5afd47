"""Earlier digests of a partnership, to be read again."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from facilitation import rounds, seats, skipping
from facilitation.instruments import Wording
from facilitation.refusals import NotYours
from storage.digests import Digest
from storage.rounds import Round

PAGE = 10


@dataclass(frozen=True)
class Earlier:
    digest: int
    title: Wording
    number: int
    closed: datetime


async def digests(
    session: AsyncSession, partnership_id: int, *, account: int, page: int
) -> tuple[list[Earlier], bool]:
    """A page of what was published here, newest first, and whether there is another. Raises NotYours.

    Facilitators look first at what will be published and is not sent: nothing else leads them there.
    """
    mine = await seats.mine(session, account=account, partnership_id=partnership_id)
    first = ["closing"] if any(one.seat.role == "facilitator" for one in mine) else []
    there = or_(
        col(Round.state).in_(rounds.PUBLISHED),
        and_(col(Round.state).in_(first), col(Round.reason).in_(skipping.NOT_SENT)),
    )
    wanted = (
        select(Digest, Round)
        .join(Round, col(Round.id) == col(Digest.round_id))
        .where(Digest.partnership_id == partnership_id, there)
        .order_by(col(Round.closes_at).desc(), col(Digest.id).desc())
        .offset(page * PAGE)
        .limit(PAGE + 1)
    )
    rows = (await session.exec(wanted)).all()
    if page and not rows:
        raise NotYours
    found = [
        Earlier(digest.id, digest.facts["title"], digest.facts["number"], round_.closes_at)
        for digest, round_ in rows[:PAGE]
    ]
    return found, len(rows) > PAGE
