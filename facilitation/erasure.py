"""Forgetting a person: everything that is kept about them, and their words wherever they were kept."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from markupsafe import escape
from sqlalchemy import delete, update
from sqlmodel import SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from facilitation import members, rounds, seats
from storage import memos
from storage.digests import Digest, Response
from storage.members import Invite, Member, Roster, Seat
from storage.partnerships import Partnership
from storage.queues import SETTLED, Incoming, Outgoing, Pace
from storage.raised import Raised
from storage.rounds import Answer, Awaited, Invitation, Promise, Round

WORDED = ("text", "words")  # what a list of quotes, in frozen facts, calls what somebody said
BEGINNING = 40  # so many letters tell whose words those are, where they were shortened


@dataclass(frozen=True)
class Person:
    """All that leads to what is kept about one person."""

    account: int
    member: Member | None
    seats: Sequence[Seat]

    @property
    def seat_ids(self) -> list[int]:
        return [seat.id for seat in self.seats]

    @property
    def partnerships(self) -> set[int]:
        return {seat.partnership_id for seat in self.seats}


async def person(session: AsyncSession, *, account: int) -> Person:
    """Somebody with every seat they hold or held."""
    member = await members.of(session, account=account)
    wanted = select(Seat).where(Seat.member_id == (member.id if member else None)).order_by(col(Seat.id))
    return Person(account, member, (await session.exec(wanted)).all())


async def may_forget(session: AsyncSession, *, account: int) -> None:
    """Raises OnlyFacilitator where a partnership would be left without one."""
    await seats.may_go(session, [one.seat for one in await members.sittings(session, account=account)])


async def forget(session: AsyncSession, *, account: int, update_id: int, now: datetime) -> None:
    """Erase a person, at their word in the update `update_id`, which is being handled. Raises
    OnlyFacilitator.

    What was sent to others cannot be called back; here nothing of it stays.
    """
    await may_forget(session, account=account)
    gone = await person(session, account=account)
    await _hold_rounds(session, gone)
    words = await _words(session, gone)
    await _erase_names(session, gone)
    await _erase_seats(session, gone)
    await _erase_quotes(session, gone, words)
    await _erase_letters(session, gone, words, now=now)
    await _erase_rosters(session, gone)
    await _erase_updates(session, gone, update_id=update_id)
    for one in filter(None, (await session.get(Awaited, account), gone.member)):
        await session.delete(one)
    await session.flush()


async def _hold_rounds(session: AsyncSession, gone: Person) -> None:
    """Nothing of theirs is published meanwhile: whoever freezes a digest waits, and reads the words anew."""
    wanted = (
        select(Round.id)
        .join(Invitation, col(Invitation.round_id) == col(Round.id))
        .where(col(Invitation.seat_id).in_(gone.seat_ids), col(Round.state).in_(("open", "closing")))
        .order_by(col(Round.id))
    )
    for round_id in (await session.exec(wanted)).all():
        await rounds.locked(session, round_id)


async def _words(session: AsyncSession, gone: Person) -> set[str]:
    """Everything this person wrote, as it was stored."""
    answers = (
        select(Answer.text)
        .join(Invitation, col(Invitation.id) == col(Answer.invitation_id))
        .where(col(Invitation.seat_id).in_(gone.seat_ids))
    )
    found: set[str] = {text for text in (await session.exec(answers)).all() if text}
    for table in (Promise, Response, Raised):
        texts = select(table.text).where(col(table.seat_id).in_(gone.seat_ids))
        found |= {text for text in (await session.exec(texts)).all() if text}
    return found


async def _erase_names(session: AsyncSession, gone: Person) -> None:
    """Links made out to them by name: a used one says no name any more, and nor does one never used."""
    for seat in gone.seats:
        theirs = (col(Invite.id) == seat.invite_id) & (col(Invite.places) == 1)
        if seat.name:
            theirs |= (col(Invite.organisation_id) == seat.organisation_id) & (col(Invite.name) == seat.name)
        await session.exec(_quietly(update(Invite).where(theirs).values(name="", language="en")))


async def _erase_seats(session: AsyncSession, gone: Person) -> None:
    parts = select(col(Invitation.id)).where(col(Invitation.seat_id).in_(gone.seat_ids))
    await session.exec(_quietly(delete(Answer).where(col(Answer.invitation_id).in_(parts))))
    by_seat: tuple[type[SQLModel], ...] = (Invitation, Promise, Response, Raised)
    for table in by_seat:
        column = table.__table__.c.seat_id  # type: ignore[attr-defined]  # each of these tables has it
        await session.exec(_quietly(delete(table).where(column.in_(gone.seat_ids))))
    for seat in gone.seats:
        await session.delete(seat)
    await session.flush()


async def _erase_quotes(session: AsyncSession, gone: Person, words: Collection[str]) -> None:
    """A digest read again, from now on, is without them; its figures stand, for they name nobody."""
    wanted = select(Digest).where(col(Digest.partnership_id).in_(gone.partnerships)).with_for_update()
    for digest in (await session.exec(wanted.execution_options(populate_existing=True))).all():
        kept = _without(digest.facts, words)
        if kept != digest.facts:
            digest.facts = kept
            session.add(digest)
    await session.flush()


def _without(facts: Any, words: Collection[str]) -> Any:  # noqa: ANN401 - JSON
    """The same facts, less every entry of a list that quotes these words."""
    if isinstance(facts, dict):
        return {name: _without(fact, words) for name, fact in facts.items()}
    if isinstance(facts, list):
        return [_without(one, words) for one in facts if not _quotes(one, words)]
    return facts


def _quotes(entry: object, words: Collection[str]) -> bool:
    return isinstance(entry, dict) and any(entry.get(name) in words for name in WORDED if entry.get(name))


async def _erase_letters(
    session: AsyncSession, gone: Person, words: Collection[str], *, now: datetime
) -> None:
    """Letters to them go; of letters to others that have arrived, or never will, nothing need be kept."""
    own = col(Outgoing.chat) == gone.account
    if gone.member is not None:
        own |= col(Outgoing.key).startswith(complaints_of(gone.member))
    own_letters = _quietly(delete(Outgoing).where(own)).returning(col(Outgoing.state))
    states = (await session.exec(own_letters)).scalars().all()
    await memos.swept(session, "outbox", (state for state in states if state in SETTLED), now=now)
    others = (
        select(col(Member.account))
        .join(Seat, col(Seat.member_id) == col(Member.id))
        .where(col(Seat.partnership_id).in_(gone.partnerships), col(Member.account).is_not(None))
    )
    groups = select(col(Partnership.group_chat)).where(
        col(Partnership.id).in_(gone.partnerships), col(Partnership.group_chat).is_not(None)
    )
    read = col(Outgoing.chat).in_(others) | col(Outgoing.chat).in_(groups)
    settled = col(Outgoing.state).in_(SETTLED)
    await session.exec(_quietly(update(Outgoing).where(read, settled).values(payload={})))
    for letter in (await session.exec(select(Outgoing).where(read, ~settled).with_for_update())).all():
        letter.payload = {name: _unsaid(value, words) for name, value in letter.payload.items()}
        session.add(letter)


async def _erase_rosters(session: AsyncSession, gone: Person) -> None:
    """A file of people that waits for its sender's yes: theirs goes, and in others' their name does."""
    await session.exec(_quietly(delete(Roster).where(col(Roster.account) == gone.account)))
    names = {seat.name for seat in gone.seats if seat.name}
    wanted = select(Roster).where(col(Roster.partnership_id).in_(gone.partnerships)).with_for_update()
    for roster in (await session.exec(wanted)).all():
        roster.people = [one for one in roster.people if one.get("name") not in names]
        session.add(roster)


def complaints_of(member: Member) -> str:
    """How the keys of this member's letters to the operator begin."""
    return f"complaint:{member.id}:"


def _unsaid(value: Any, words: Iterable[str]) -> Any:  # noqa: ANN401 - whatever a payload holds
    """What a letter still to be sent says, without these words, whole or shortened."""
    if not isinstance(value, str):
        return value
    for text in words:
        whole = str(escape(" ".join(text.split())))
        value = value.replace(f"“{whole}”", "…")
        if len(whole) > BEGINNING:
            value = re.sub(re.escape(whole[:BEGINNING]) + "[^…”]*", "", value)
    return value


async def _erase_updates(session: AsyncSession, gone: Person, *, update_id: int) -> None:
    """Of what they sent only the update's number stays, by which one sent twice is known."""
    done = (col(Incoming.state) != "new") | (col(Incoming.update_id) == update_id)
    theirs = select(Incoming).where(Incoming.chat == gone.account, done)
    for row in (await session.exec(theirs)).all():
        row.chat, row.payload, row.awaited = 0, "", None
        session.add(row)
    await session.exec(_quietly(delete(Pace).where(col(Pace.chat) == gone.account)))


def _quietly(statement: Any) -> Any:  # noqa: ANN401 - an UPDATE or a DELETE
    """Rows already read are let go of anyway; to look for them among the session's objects costs time."""
    return statement.execution_options(synchronize_session=False)
