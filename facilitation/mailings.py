"""Mailings: the letters about a round, and until when its brief and its digest are worth having."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from facilitation import reminders, skipping
from storage.digests import Digest
from storage.queues import LIVE, Outgoing
from storage.rounds import Invitation, Round

AT_ONCE = 500
BRIEF, DIGEST = "brief", "digest"
KINDS = (BRIEF, DIGEST)


async def about(session: AsyncSession, round_id: int) -> Sequence[ColumnElement[bool]]:
    """Which letters are about this round, in as many conditions as a database takes well."""
    invited = (await session.exec(select(Invitation.id).where(Invitation.round_id == round_id))).all()
    keys = [key for invitation_id in invited for key in reminders.keys(invitation_id)]
    found: list[ColumnElement[bool]] = [
        col(Outgoing.key).in_(keys[at : at + AT_ONCE]) for at in range(0, len(keys), AT_ONCE)
    ]
    digest_id = (await session.exec(select(Digest.id).where(Digest.round_id == round_id))).first()
    if digest_id is not None:
        found.append(or_(*(_keyed(session, kind, digest_id) for kind in KINDS)))
    return found


def _keyed(session: AsyncSession, kind: str, digest_id: int) -> ColumnElement[bool]:
    """Whether a letter's key begins with "digest:5:"."""
    key, begins = col(Outgoing.key), f"{kind}:{digest_id}:"
    if session.get_bind().dialect.name != "sqlite":
        return key.startswith(begins)
    # SQLite looks through every letter for a LIKE; a range it finds by the index. ";" comes after ":".
    return and_(key >= begins, key < f"{kind}:{digest_id};")


async def until(session: AsyncSession, round_: Round, kind: str, *, begins: datetime) -> datetime:
    """Until when this brief or digest is to be sent: for some days, and not beside that of a newer round.

    Of a round that opens only later `overtake` takes care.
    """
    newer = select(Round).where(
        Round.schedule_id == round_.schedule_id,
        col(Round.opens_at) > round_.opens_at,
        col(Round.digest_at) > round_.digest_at,
        col(Round.state).in_(skipping.HELD),
    )
    due = [_due(one, kind) for one in (await session.exec(newer)).all()]
    return min(begins + skipping.DIGEST_LASTS, *due) if due else begins + skipping.DIGEST_LASTS


async def overtake(session: AsyncSession, round_: Round) -> None:
    """A round has opened: earlier briefs and digests of its schedule are not to come beside its own.

    Letters that a worker holds at this moment, too: should they come back, their time is over.
    """
    older = (
        select(Digest.id)
        .join(Round, col(Round.id) == col(Digest.round_id))
        .where(
            Round.schedule_id == round_.schedule_id,
            col(Round.opens_at) < round_.opens_at,
            col(Round.digest_at) < round_.digest_at,
            col(Round.state).in_(("closing", "published")),
        )
    )
    for digest_id in (await session.exec(older)).all():
        for kind in KINDS:
            due = _due(round_, kind)
            await session.exec(
                update(Outgoing)
                .where(
                    _keyed(session, kind, digest_id),
                    col(Outgoing.state).in_(LIVE),
                    col(Outgoing.not_after) > due,
                )
                .values(not_after=due)
                .execution_options(synchronize_session=False)
            )


def _due(round_: Round, kind: str) -> datetime:
    return round_.brief_at if kind == BRIEF else round_.digest_at
