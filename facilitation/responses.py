"""What people said back to the digest before: that's how I see it, or not quite."""

from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from facilitation import rounds, shares
from facilitation.ledger import Entry
from storage.digests import Digest, Response
from storage.members import Seat
from storage.partnerships import Organisation
from storage.rounds import Round
from synthesis import disclosure

# What stands in the ledger, in an item's place, for what people said back to a digest.
ANSWERED_BACK = "answered_back"


async def counted(session: AsyncSession, round_: Round) -> dict[str, int]:
    """How many of those who are asked said "same" and "other" to the digest before this one.

    Only its newest digest's: so each digest is counted once, and no two counts can be compared.
    """
    before = (
        select(Digest.id, Round.state)
        .join(Round, col(Round.id) == col(Digest.round_id))
        .where(Round.schedule_id == round_.schedule_id, Round.id != round_.id)
        .order_by(col(Digest.id).desc())
        .limit(1)
    )
    last, state = (await session.exec(before)).first() or (None, "")
    wanted = (
        select(Response.kind)
        .join(Seat, col(Seat.id) == col(Response.seat_id))
        .join(Organisation, col(Organisation.id) == col(Seat.organisation_id))
        .where(Response.digest_id == last, Seat.role == "member", Organisation.kind != disclosure.NOT_ASKED)
    )
    said = (await session.exec(wanted)).all() if state in rounds.PUBLISHED else ()
    return {kind: said.count(kind) for kind in ("same", "other")}


def told(said: dict[str, int], *, k: int) -> dict[str, Any] | None:
    """Of those who answered back, the share that saw it that way. None: too few answered."""
    return shares.told(said["same"], sum(said.values()), k=k)


def entries(told: dict[str, Any] | None) -> list[Entry]:
    return shares.entry(ANSWERED_BACK, told)
