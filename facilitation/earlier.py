"""Earlier digests of a partnership, to be read again."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from facilitation import rounds, seats
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
    """A page of what was published here, newest first, and whether there is another. Raises NotYours."""
    await seats.mine(session, account=account, partnership_id=partnership_id)
    wanted = (
        select(Digest, Round)
        .join(Round, col(Round.id) == col(Digest.round_id))
        .where(Digest.partnership_id == partnership_id, col(Round.state).in_(rounds.PUBLISHED))
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
