"""Reach: whom no message reaches, so that nobody forgets them, and what facilitators know of it already."""

import json
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from facilitation import facilitators, quiet
from storage.members import Member, Seat
from storage.memos import Memo
from storage.partnerships import Organisation, Partnership
from storage.rounds import Round
from synthesis import disclosure

# With the partnership's id: the seats of which its facilitators were told and the operator, and when.
MEMO = "unreached:"


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
    """Whom facilitators are to be told of now, and of which facilitators the operator; and what to remember.

    Nobody at all: somebody is back. `before`: what was remembered until now ("": nothing).
    """

    partnership: Partnership
    people: Sequence[Unreached]
    lost: Sequence[Unreached]
    before: str
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
    """What has changed since facilitators were told; of who is lost they are told by day, once a day.

    Where nobody can be told now, they are told once somebody can.
    """
    found, led = await unreached(session), await facilitators.led(session)
    wanted = select(Memo).where(col(Memo.name).startswith(MEMO))
    memos = {int(memo.name.removeprefix(MEMO)): memo for memo in (await session.exec(wanted)).all()}
    told = []
    for partnership_id in sorted(found.keys() | memos.keys()):
        partnership = await session.get(Partnership, partnership_id)
        if partnership is not None:
            memo, lost = memos.get(partnership_id), found.get(partnership_id, ())
            told.append(_news(partnership, lost, memo, led=partnership_id in led, now=now))
    return [one for one in told if one is not None]


def _news(
    partnership: Partnership, found: Sequence[Unreached], memo: Memo | None, *, led: bool, now: datetime
) -> News | None:
    known: dict[str, list[int]] = json.loads(memo.value) if memo is not None else {}
    zone = ZoneInfo(partnership.timezone)
    today = now.astimezone(zone).date()
    due = quiet.by_day(now, zone) == now and (memo is None or memo.at.astimezone(zone).date() < today)
    people = _new(found, known.get("facilitators", ())) if due and led else []
    lost = [one for one in _new(found, known.get("operator", ())) if one.facilitates] if due else []
    # Who is back is forgotten here, so that the next time is told again.
    after = {
        reader: sorted({one.seat.id for one in found} & set(known.get(reader, ())) | _seats(told))
        for reader, told in (("facilitators", people), ("operator", lost))
    }
    if after == known or not (known or people or lost):
        return None
    at = now if people or lost or memo is None else memo.at
    before = memo.value if memo is not None else ""
    kept = Memo(name=f"{MEMO}{partnership.id}", value=json.dumps(after), at=at)
    return News(partnership, people, lost, before, kept)


def _new(found: Sequence[Unreached], known: Collection[int]) -> list[Unreached]:
    return [one for one in found if one.seat.id not in known]


def _seats(people: Sequence[Unreached]) -> set[int]:
    return {one.seat.id for one in people}
