"""Replies to what was raised: written in steps, sent once, and followed up by asking who was heard."""

import json
import zlib
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import update
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from facilitation import occurrences, partnerships, quiet, raised, seats
from facilitation.answers import TextTooLong, storable
from facilitation.raised import Spoken, TakenBack
from facilitation.refusals import NotYours, Refusal
from storage.members import Member, Seat
from storage.partnerships import Organisation, Partnership
from storage.raised import Raised

KINDS = ("agreed", "negotiating", "declined", "not_ours")
# A no is owed its reason; and it promises nothing, so it has no date.
WITH_REASON = ("declined", "not_ours")
LONGEST_WORDS, LONGEST_REASON = 600, 200
FURTHEST = timedelta(days=364)
# What is raised on one day comes before the facilitators on the next, before anybody is at work.
COMES_UP = time(6, 0)
ASKED_AFTER = timedelta(days=7)
CHOICE_WAITS = timedelta(days=1)


class DateBehind(Refusal):
    """That day is not ahead of us. Please choose a later one."""


class DateTooFar(Refusal):
    """That is about a year away or more. Please choose a day that is nearer; it can be moved later."""


class NoDay(Refusal):
    """Parley cannot read that as a day. Write it like 14 December, or 14/12/2026."""


class WordsWanted(Refusal):
    """A sentence goes with this reply, so that whoever raised it knows why. Please write it first."""


async def before(session: AsyncSession, raised_id: int, *, account: int) -> Spoken:
    """What stands before this facilitator, held for this transaction. Raises NotYours, TakenBack."""
    wanted = select(Raised).where(Raised.id == raised_id).with_for_update()
    row = (await session.exec(wanted.execution_options(populate_existing=True))).first()
    if row is None or row.seen_at is None:
        raise NotYours
    await partnerships.facilitated(session, row.partnership_id, account=account)
    if row.withdrawn_at is not None:
        raise TakenBack
    seat = await session.get(Seat, row.seat_id) if row.seat_id else None
    organisation = await session.get(Organisation, seat.organisation_id) if seat else None
    return Spoken(row, seat, organisation)


async def choose(session: AsyncSession, row: Raised, kind: int) -> None:
    """Begin a reply of this kind; a sentence written before stays. Raises NotYours."""
    if not 0 <= kind < len(KINDS):
        raise NotYours
    words = row.draft.get("words", "")
    await _draft(session, row, {"reply": KINDS[kind], "words": words})


async def word(session: AsyncSession, row: Raised, text: str) -> None:
    """The sentence that goes with the reply begun; "" for none. Raises NotYours, TextTooLong, WordsWanted."""
    if "reply" not in row.draft:
        raise NotYours
    if len(text) > LONGEST_WORDS:
        raise TextTooLong(most=LONGEST_WORDS)
    if not text.strip() and row.draft["reply"] in WITH_REASON:
        raise WordsWanted
    await _draft(session, row, row.draft | {"words": storable(text)})


async def promise(session: AsyncSession, row: Raised, until: date, *, today: date) -> None:
    """The day by which the raiser hears more. Raises NotYours, DateBehind, DateTooFar."""
    if "reply" not in row.draft or row.draft["reply"] in WITH_REASON:
        raise NotYours
    if until <= today:
        raise DateBehind
    if until - today > FURTHEST:
        raise DateTooFar
    await _draft(session, row, row.draft | {"until": until.isoformat()})


async def _draft(session: AsyncSession, row: Raised, draft: dict[str, Any]) -> None:
    row.draft = draft
    session.add(row)
    await session.flush()


def wants(row: Raised) -> str:
    """What a reply that was begun still lacks: "words", "date", or nothing."""
    if not row.draft.get("words") and row.draft.get("reply") in WITH_REASON:
        return "words"
    return "date" if row.draft.get("reply") not in WITH_REASON and "until" not in row.draft else ""


def mark(row: Raised) -> int:
    """Stands for the words and the reply a preview showed: what is sent is what was looked at."""
    return zlib.crc32(json.dumps([row.text, row.shown_as, row.draft], sort_keys=True).encode())


async def send(session: AsyncSession, row: Raised, seen: int, *, now: datetime) -> bool:
    """Give the reply that was looked at. False, and nothing is changed: it is another by now.

    Nothing is being written any more after the first tap: a second one finds that. Raises NotYours.
    """
    if "reply" not in row.draft or wants(row):
        raise NotYours
    if mark(row) != seen:
        return False
    draft = row.draft
    row.reply, row.words = draft["reply"], draft["words"]
    row.until = date.fromisoformat(draft["until"]) if draft.get("until") else None
    row.replied_at, row.draft = now, {}
    row.asked_at = row.heard_at = None
    row.heard = ""
    session.add(row)
    await session.flush()
    return True


async def withhold(session: AsyncSession, row: Raised, reason: str) -> bool:
    """Keep these words out of the digest. False: they are already, for this reason.

    Raises NotYours, TextTooLong.
    """
    if row.shown_as not in raised.QUOTABLE:
        raise NotYours
    if len(reason) > LONGEST_REASON:
        raise TextTooLong(most=LONGEST_REASON)
    if row.withheld == storable(reason):
        return False
    row.withheld = storable(reason)
    session.add(row)
    await session.flush()
    return True


async def show_again(session: AsyncSession, row: Raised) -> None:
    row.withheld = ""
    session.add(row)
    await session.flush()


# What falls due.


@dataclass(frozen=True)
class Due:
    """Something of one author's, with whom to write to."""

    raised: Raised
    seat: Seat
    account: int
    zone: ZoneInfo


def comes_up(moment: datetime, zone: ZoneInfo) -> datetime:
    """The morning on which words raised at this moment come before the facilitators."""
    day = moment.astimezone(zone).date() + timedelta(days=1)
    return occurrences.opens_at(day, COMES_UP, zone)


async def coming_up(session: AsyncSession, *, now: datetime) -> list[tuple[int, datetime]]:
    """What was raised and comes before its facilitators by now: its id, and the morning it does."""
    wanted = (
        select(Raised.id, Raised.raised_at, Partnership.timezone)
        .join(Partnership, col(Partnership.id) == col(Raised.partnership_id))
        .where(
            col(Raised.seen_at).is_(None),
            col(Raised.shown_as).is_not(None),
            col(Raised.withdrawn_at).is_(None),
            Raised.raised_at <= now,
        )
    )
    mornings = [
        (id_, comes_up(moment, ZoneInfo(zone))) for id_, moment, zone in (await session.exec(wanted)).all()
    ]
    return [(id_, morning) for id_, morning in mornings if morning <= now]


async def come_up(session: AsyncSession, raised_id: int, morning: datetime) -> int | None:
    """Put it before the facilitators; the result is its partnership. None: another clock did it."""
    done = (
        update(Raised)
        .where(col(Raised.id) == raised_id, col(Raised.seen_at).is_(None), col(Raised.withdrawn_at).is_(None))
        .values(seen_at=morning)
        .returning(col(Raised.partnership_id))
    )
    return (await session.exec(done)).scalar_one_or_none()


async def to_ask(session: AsyncSession, *, now: datetime) -> list[Due]:
    """Who is to be asked whether they were heard: at the promised date, else a week after the reply.

    Nobody who is away, or has answered by themselves.
    """
    waiting = await _waiting(session, col(Raised.replied_at).is_not(None), col(Raised.heard) == "")
    return [one for one in waiting if _asks_from(one) <= now and not _rests(one, now)]


async def undecided(session: AsyncSession, *, now: datetime) -> list[Due]:
    """Who wrote something a day ago and has not chosen how it may be shown: it is not raised yet."""
    waiting = await _waiting(
        session, col(Raised.shown_as).is_(None), col(Raised.raised_at) <= now - CHOICE_WAITS
    )
    return [one for one in waiting if not _rests(one, now)]


async def asked(session: AsyncSession, due: Due, *, now: datetime) -> bool:
    """Note that this was asked. False: another clock asks it, or the reply is another by now."""
    row = due.raised
    done = (
        update(Raised)
        .where(
            col(Raised.id) == row.id,
            col(Raised.asked_at).is_(None),
            col(Raised.withdrawn_at).is_(None),
            col(Raised.replied_at).is_not_distinct_from(row.replied_at),
            col(Raised.shown_as).is_not_distinct_from(row.shown_as),
        )
        .values(asked_at=now)
        .returning(col(Raised.id))
    )
    return (await session.exec(done)).first() is not None


async def _waiting(session: AsyncSession, *conditions: ColumnElement[bool]) -> list[Due]:
    wanted = (
        select(Raised, Seat, Member, Partnership.timezone)
        .join(Seat, col(Seat.id) == col(Raised.seat_id))
        .join(Member, col(Member.id) == col(Seat.member_id))
        .join(Partnership, col(Partnership.id) == col(Raised.partnership_id))
        .where(
            col(Raised.asked_at).is_(None),
            col(Raised.withdrawn_at).is_(None),
            col(Seat.left_at).is_(None),
            col(Member.account).is_not(None),
            col(Member.unreachable_since).is_(None),
            *conditions,
        )
        .order_by(col(Raised.id))
    )
    return [
        Due(row, seat, member.account or 0, ZoneInfo(member.timezone or zone))
        for row, seat, member, zone in (await session.exec(wanted)).all()
    ]


def _asks_from(one: Due) -> datetime:
    row = one.raised
    if row.until is not None:
        return occurrences.opens_at(row.until, quiet.DAY_BEGINS, one.zone)
    return (row.replied_at or row.raised_at) + ASKED_AFTER


def _rests(one: Due, now: datetime) -> bool:
    return seats.rests(one.seat, now.astimezone(one.zone).date())


async def author(session: AsyncSession, row: Raised) -> int | None:
    """The account of whoever raised this, as long as they sit there and can be reached."""
    wanted = (
        select(Member.account)
        .join(Seat, col(Seat.member_id) == col(Member.id))
        .where(Seat.id == row.seat_id, col(Seat.left_at).is_(None), col(Member.unreachable_since).is_(None))
    )
    return (await session.exec(wanted)).first()
