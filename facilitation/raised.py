"""What people raise by themselves: kept, before the facilitators the next morning, and owed a reply.

Nobody is shown it earlier than the morning after the day it was raised, nor told the hour: so whoever watches
a list grow cannot tell by the moment whose words arrived. Editing and taking back count at once, for they
are the author's right.
"""

import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from facilitation import instruments, rounds, voices
from facilitation.answers import EditEmpty, EditTooLong, TextTooLong, storable
from facilitation.refusals import NotYours, Refusal
from storage.members import Member, Seat
from storage.partnerships import Organisation, Partnership
from storage.raised import Raised
from synthesis import disclosure

# How soon a reply is owed, from the day something was raised.
OWED_WITHIN = timedelta(days=14)
KINDS_HEARD = ("", "yes", "partly", "no")
# What somebody tapped just before a digest or brief was made may be handled just after: the next one looks
# back so much further. Told twice is better than never.
LOOKS_BACK = timedelta(minutes=10)
LARGEST_ID = 2**53
LONGEST = 2500  # letters: a reply and its reason fit beside them
ALONE = "facilitator"  # for the facilitators alone, without a name
QUOTABLE = ("quoted", "organisation", "named")


class TakenBack(Refusal):
    """These words were taken back, so nothing of them is kept."""


class RepliedAlready(Refusal):
    """There is a reply to these words already, so they stay as they are. /raise says something new."""


@dataclass(frozen=True)
class Spoken:
    """Something raised with the author's place; both None where the author was forgotten."""

    raised: Raised
    seat: Seat | None
    organisation: Organisation | None


async def owed(session: AsyncSession, partnership_id: int) -> list[Raised]:
    """What stands before the facilitators and has no reply, oldest first; even if it is withheld."""
    found = await standing(session, partnership_id)
    return [one.raised for one in found if one.raised.replied_at is None]


async def standing(session: AsyncSession, partnership_id: int) -> list[Spoken]:
    """All that stands before the facilitators, replied or not, oldest first. Ids and rows tell no order."""
    return await _spoken(
        session,
        Raised.partnership_id == partnership_id,
        col(Raised.seen_at).is_not(None),
        col(Raised.shown_as).is_not(None),
        col(Raised.withdrawn_at).is_(None),
    )


async def _spoken(session: AsyncSession, *conditions: ColumnElement[bool] | bool) -> list[Spoken]:
    wanted = (
        select(Raised, Seat, Organisation)
        .join(Seat, col(Seat.id) == col(Raised.seat_id), isouter=True)
        .join(Organisation, col(Organisation.id) == col(Seat.organisation_id), isouter=True)
        .where(*conditions)
        # Those of one morning stand in the order of their words, which tells nothing.
        .order_by(col(Raised.seen_at), col(Raised.text), col(Raised.id))
    )
    return [Spoken(*row) for row in (await session.exec(wanted)).all()]


async def for_brief(
    session: AsyncSession, partnership_id: int, *, since: datetime | None = None
) -> list[dict[str, Any]]:
    """What the facilitator's brief lists, JSON-able: what is owed a reply, and what is still in negotiation.

    With `since` (the brief before): also what its author has said since then about being heard; that stands
    beside the words without a name, however they are signed. `withheld` tells why words stay out of the
    digest.
    """
    crowds, zone = await crowds_of(session, partnership_id), await zone_of(session, partnership_id)
    listed = []
    for one in await standing(session, partnership_id):
        row = one.raised
        said = since is not None and row.heard_at is not None and row.heard_at >= since - LOOKS_BACK
        if row.replied_at is None or row.reply == "negotiating" or said:
            quote = {"by": "", "name": ""} if said else label(one, crowds=crowds)
            owed_by = owed_until(row, zone).isoformat()
            listed.append(
                _told(one, zone)
                | quote
                | {"heard": row.heard if said else "", "withheld": row.withheld, "owed_by": owed_by}
            )
    return listed


async def for_digest(session: AsyncSession, partnership_id: int, *, since: datetime) -> dict[str, Any]:
    """What a digest tells of what was raised, JSON-able; words only where their authors let them be quoted.

    `owed`: without a reply; `replied`: replied to since then; `alone`: a band of how many of those owed were
    said to the facilitator alone, None below the smallest group that is ever shown (one would point at its
    author); `withheld`: how many of owed and replied are kept out; `heard`: how many authors said yes, partly
    and no since then, not yet safe to show: bands, or nothing, are for the caller to make of them.
    """
    partnership = await session.get_one(Partnership, partnership_id)
    crowds, zone = await crowds_of(session, partnership_id), ZoneInfo(partnership.timezone)
    found = await standing(session, partnership_id)
    back = since - LOOKS_BACK
    current = [one for one in found if one.raised.replied_at is None or one.raised.replied_at >= back]
    quotable = [one for one in current if one.raised.shown_as in QUOTABLE]
    open_: list[dict[str, Any]] = []
    replied: list[dict[str, Any]] = []
    for one in quotable:
        if not one.raised.withheld:
            told = _told(one, zone) | label(one, crowds=crowds)
            told["owed_by"] = owed_until(one.raised, zone).isoformat()
            (open_ if one.raised.replied_at is None else replied).append(told)
    said = _said([one.raised for one in found], since=back)
    return {
        "owed": open_,
        "replied": replied,
        "alone": _alone(found, k=partnership.minimum_group),
        "withheld": sum(bool(one.raised.withheld) for one in quotable),
        "heard": {word: said[word] for word in ("yes", "partly", "no")},
    }


def _said(rows: Sequence[Raised], *, since: datetime) -> Counter[str]:
    """One word an author, that which is furthest from yes: who raised much is not a crowd by themselves."""
    words: dict[int | None, int] = {}
    for row in rows:
        if row.heard_at is not None and row.heard_at >= since:
            word = KINDS_HEARD.index(row.heard)
            words[row.seat_id] = max(word, words.get(row.seat_id, word))
    return Counter(KINDS_HEARD[word] for word in words.values())


def _alone(found: Sequence[Spoken], *, k: int) -> dict[str, int | None] | None:
    """A band, so that two digests side by side do not tell that exactly one more was said."""
    alone = [one.raised for one in found if one.raised.shown_as == ALONE and one.raised.replied_at is None]
    if len({row.seat_id for row in alone}) < k:
        return None
    least, most = disclosure.band(len(alone))
    return {"least": max(least, k), "most": most}


def _told(one: Spoken, zone: ZoneInfo) -> dict[str, Any]:
    row = one.raised
    replied = row.replied_at is not None
    return {
        "id": row.id,
        "text": row.text,
        "raised": day_raised(row, zone).isoformat(),
        "reply": row.reply if replied else "",
        "words": row.words if replied else "",
        "until": row.until.isoformat() if replied and row.until else None,
    }


def day_raised(row: Raised, zone: ZoneInfo) -> date:
    """A day, never an hour: that would be a trace."""
    return row.raised_at.astimezone(zone).date()


def owed_until(row: Raised, zone: ZoneInfo) -> date:
    return day_raised(row, zone) + OWED_WITHIN


def label(one: Spoken, *, crowds: set[str]) -> dict[str, str]:
    """What may be said of an author, as beside a round's quotes; "facilitator": for facilitators alone."""
    by = _by(one, crowds=crowds)
    seat, organisation = one.seat, one.organisation
    if seat is None or organisation is None:
        return {"by": by, "name": ""}
    names = {
        "name": f"{seat.name}, {organisation.name}",
        "organisation": organisation.name,
        "kind": organisation.kind,
    }
    return {"by": by, "name": names.get(by, "")}


def _by(one: Spoken, *, crowds: set[str]) -> str:
    shown_as, seat, organisation = one.raised.shown_as, one.seat, one.organisation
    if shown_as not in QUOTABLE:
        return ALONE
    if seat is None or organisation is None:
        return "partner"
    if shown_as == "named" and seat.name:
        return "name"
    if shown_as in ("named", "organisation"):
        return "organisation"
    return "kind" if organisation.kind in crowds else "partner"


async def crowds_of(session: AsyncSession, partnership_id: int) -> set[str]:
    wanted = (
        select(Organisation.kind)
        .join(Seat, col(Seat.organisation_id) == col(Organisation.id))
        .where(
            Organisation.partnership_id == partnership_id, Seat.role == "member", col(Seat.left_at).is_(None)
        )
    )
    counted = Counter((await session.exec(wanted)).all())
    return {kind for kind, seats in counted.items() if seats >= voices.KIND_IS_CROWD}


async def zone_of(session: AsyncSession, partnership_id: int) -> ZoneInfo:
    return ZoneInfo((await session.get_one(Partnership, partnership_id)).timezone)


# What the author does.


async def place(session: AsyncSession, partnership_id: int, *, account: int) -> Seat:
    """The seat somebody raises things from: a member's before a facilitator's. Raises NotYours."""
    wanted = (
        select(Seat)
        .join(Member, col(Member.id) == col(Seat.member_id))
        .where(Seat.partnership_id == partnership_id, Member.account == account, col(Seat.left_at).is_(None))
        .order_by(col(Seat.role).desc(), col(Seat.id))
    )
    found = (await session.exec(wanted)).first()
    if found is None:
        raise NotYours
    return found


async def write(session: AsyncSession, seat: Seat, text: str, *, message: int, now: datetime) -> Raised:
    """Keep somebody's words; they are raised once it is chosen how they may be shown. Raises TextTooLong.

    The same words sent twice while the choice waits are one thing.
    """
    if len(text) > LONGEST:
        raise TextTooLong(most=LONGEST)
    known = select(Raised).where(
        Raised.seat_id == seat.id, Raised.text == storable(text), col(Raised.shown_as).is_(None)
    )
    row = (await session.exec(known)).first() or Raised(
        id=1 + secrets.randbelow(LARGEST_ID),
        partnership_id=seat.partnership_id,
        seat_id=seat.id,
        text=storable(text),
        raised_at=now,
    )
    row.message = message
    return await _kept(session, row)


async def mine(session: AsyncSession, seat: Seat) -> list[Raised]:
    """Everything this member said in this partnership and did not take back, newest first."""
    wanted = (
        select(Raised)
        .join(Seat, col(Seat.id) == col(Raised.seat_id))
        .where(
            Seat.member_id == seat.member_id,
            Raised.partnership_id == seat.partnership_id,
            col(Seat.left_at).is_(None),
            col(Raised.withdrawn_at).is_(None),
        )
        .order_by(col(Raised.raised_at).desc(), col(Raised.id))
    )
    return list((await session.exec(wanted)).all())


async def own(session: AsyncSession, raised_id: int, *, account: int) -> Raised:
    """One's own words, held for this transaction. Raises NotYours, TakenBack."""
    wanted = _of(account).where(Raised.id == raised_id).with_for_update(of=Raised)
    row = (await session.exec(wanted.execution_options(populate_existing=True))).first()
    if row is None:
        raise NotYours
    if row.withdrawn_at is not None:
        raise TakenBack
    return row


def _of(account: int) -> SelectOfScalar[Raised]:
    return (
        select(Raised)
        .join(Seat, col(Seat.id) == col(Raised.seat_id))
        .join(Member, col(Member.id) == col(Seat.member_id))
        .where(Member.account == account, col(Seat.left_at).is_(None))
    )


async def show_as(
    session: AsyncSession, raised_id: int, shown_as: int, *, account: int, now: datetime
) -> Raised:
    """Choose how one's words may be shown, one of `instruments.SHOWN_AS`; the first choice raises them."""
    row = await own(session, raised_id, account=account)
    seat = await session.get_one(Seat, row.seat_id)
    if not 0 <= shown_as < len(instruments.SHOWN_AS):
        raise NotYours
    chosen = instruments.SHOWN_AS[shown_as]
    if chosen == "named" and not seat.name:
        raise NotYours
    if row.shown_as is not None and shown_as < instruments.SHOWN_AS.index(row.shown_as):
        # Digests that are not out yet are signed anew when they go out.
        await voices.unsay(session, row.partnership_id, {row.text}, states=rounds.PUBLISHED)
    if row.shown_as is None:
        row.raised_at, row.asked_at = now, None
    row.shown_as = chosen
    return await _kept(session, row)


async def withdraw(session: AsyncSession, raised_id: int, *, account: int, now: datetime) -> Raised:
    """Take one's words back: nothing of them is kept, and no reply is owed any more."""
    row = await own(session, raised_id, account=account)
    await voices.unsay(session, row.partnership_id, {row.text})
    row.text, row.message, row.draft, row.withheld, row.words = "", None, {}, "", ""
    row.withdrawn_at = now
    return await _kept(session, row)


async def reword(
    session: AsyncSession, *, message: int, text: str, account: int, now: datetime
) -> Raised | None:
    """Somebody edited the message that held their words. None: that message holds none.

    Words that were kept out of the digest come before the facilitators anew, with the others of the next
    morning. Raises RepliedAlready, EditTooLong, EditEmpty; then the words of before stand.
    """
    found = _of(account).where(Raised.message == message, col(Raised.withdrawn_at).is_(None))
    held = (await session.exec(found)).first()
    if held is None:
        return None
    row = await own(session, held.id, account=account)
    if row.replied_at is not None:
        raise RepliedAlready
    if len(text) > LONGEST:
        raise EditTooLong(most=LONGEST)
    if not text:
        raise EditEmpty
    if row.withheld:
        row.withheld, row.seen_at, row.raised_at = "", None, now
    await voices.unsay(session, row.partnership_id, {row.text} - {storable(text)})
    row.text = storable(text)
    return await _kept(session, row)


async def hear(session: AsyncSession, raised_id: int, word: int, *, account: int, now: datetime) -> Raised:
    """Say whether one was heard, by the number of a word of KINDS_HEARD. Raises NotYours before a reply."""
    row = await own(session, raised_id, account=account)
    if row.replied_at is None or not 0 < word < len(KINDS_HEARD):
        raise NotYours
    if row.heard != KINDS_HEARD[word]:
        row.heard, row.heard_at = KINDS_HEARD[word], now
    return await _kept(session, row)


async def _kept(session: AsyncSession, row: Raised) -> Raised:
    session.add(row)
    await session.flush()
    return row
