"""Reach: whom no message reaches, so that nobody forgets them, and what facilitators know of it already."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from facilitation import quiet
from storage.members import Member, Seat
from storage.memos import Memo
from storage.partnerships import Organisation, Partnership
from storage.rounds import Round
from synthesis import disclosure

MEMO = "unreached:"  # with the partnership's id: the seats its facilitators were told of, and when


@dataclass(frozen=True)
class Unreached:
    """A seat whose holder blocked Parley, never started it, or is gone from Telegram."""

    seat: Seat
    organisation: str

    @property
    def facilitates(self) -> bool:
        return self.seat.role == "facilitator"


@dataclass(frozen=True)
class News:
    """Whom facilitators are to be told of now (nobody: somebody is back), and what to remember then."""

    partnership: Partnership
    people: Sequence[Unreached]
    memo: Memo


async def missing(session: AsyncSession, partnership_id: int) -> dict[str, list[str]]:
    """The names of partners with nobody who can be reached ("none"), and with some who cannot ("some")."""
    wanted = select(Organisation).where(
        Organisation.partnership_id == partnership_id,
        col(Organisation.removed_at).is_(None),
        Organisation.kind != disclosure.NOT_ASKED,
    )
    reached = (
        select(Seat.organisation_id)
        .join(Member, col(Member.id) == col(Seat.member_id))
        .where(
            Seat.partnership_id == partnership_id,
            Seat.role == "member",
            col(Seat.left_at).is_(None),
            col(Member.account).is_not(None),
            col(Member.unreachable_since).is_(None),
        )
    )
    there = set((await session.exec(reached)).all())
    organisations = (await session.exec(wanted.order_by(col(Organisation.id)))).all()
    return {
        "none": [one.name for one in organisations if one.id not in there],
        "some": [one.name for one in organisations if one.id in there and one.off_telegram],
    }


async def rested(session: AsyncSession, round_: Round) -> list[str]:
    """The names of partners who were asked nothing this time, because it would have been too much."""
    wanted = select(Organisation.name).where(col(Organisation.id).in_(round_.rested))
    return list((await session.exec(wanted.order_by(col(Organisation.id)))).all())


async def unreached(session: AsyncSession) -> dict[int, list[Unreached]]:
    """Everybody with a seat whom no message reaches, by partnership."""
    wanted = (
        select(Seat, Organisation.name)
        .join(Member, col(Member.id) == col(Seat.member_id))
        .join(Organisation, col(Organisation.id) == col(Seat.organisation_id))
        .where(col(Member.unreachable_since).is_not(None), col(Seat.left_at).is_(None))
        .order_by(col(Seat.id))
    )
    found = defaultdict(list)
    for seat, organisation in (await session.exec(wanted)).all():
        found[seat.partnership_id].append(Unreached(seat, organisation))
    return dict(found)


async def news(session: AsyncSession, *, now: datetime) -> list[News]:
    """What has changed since facilitators were told; of who is lost they are told by day, once a day."""
    found = await unreached(session)
    wanted = select(Memo).where(col(Memo.name).startswith(MEMO))
    memos = {int(memo.name.removeprefix(MEMO)): memo for memo in (await session.exec(wanted)).all()}
    told = []
    for partnership_id in sorted(found.keys() | memos.keys()):
        partnership = await session.get(Partnership, partnership_id)
        if partnership is not None:
            told.append(_news(partnership, found.get(partnership_id, ()), memos.get(partnership_id), now=now))
    return [one for one in told if one is not None]


def _news(
    partnership: Partnership, found: Sequence[Unreached], memo: Memo | None, *, now: datetime
) -> News | None:
    before = {int(seat) for seat in memo.value.split(",") if seat} if memo is not None else set()
    zone = ZoneInfo(partnership.timezone)
    today = now.astimezone(zone).date()
    due = quiet.by_day(now, zone) == now and (memo is None or memo.at.astimezone(zone).date() < today)
    people = [one for one in found if one.seat.id not in before] if due else []
    # Who is back is forgotten here, so that the next time is told again.
    known = {one.seat.id for one in found if one.seat.id in before} | {one.seat.id for one in people}
    if known == before:
        return None
    at = now if people or memo is None else memo.at
    value = ",".join(str(seat) for seat in sorted(known))
    return News(partnership, people, Memo(name=f"{MEMO}{partnership.id}", value=value, at=at))
