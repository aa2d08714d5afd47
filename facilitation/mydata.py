"""Everything that is kept about one person, as one document with plain names."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import inspect
from sqlmodel import SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from facilitation import erasure, instruments
from facilitation.erasure import Person
from facilitation.instruments import said
from storage.digests import Digest, Response
from storage.members import Invite, Roster, Seat
from storage.partnerships import Organisation, Partnership
from storage.queues import Incoming, Outgoing, Pace
from storage.raised import Raised
from storage.rounds import Answer, Awaited, Invitation, Promise, Round

Kept = dict[str, Any]

# How the document calls each column that tells something about a person. A column that is not here is
# named in tests/facilitation/test_mydata.py, with why it tells nothing about anybody.
MEMBER = {
    "account": "telegram_account",
    "language": "language",
    "timezone": "clock",
    "unreachable_since": "not_reachable_since",
    "created_at": "here_since",
}
SEAT = {
    "role": "role",
    "name": "name",
    "lead": "speaks_for_the_organisation",
    "consent_version": "agreed_to_version",
    "consented_at": "agreed_at",
    "left_at": "left_at",
    "away_until": "away_until",
    "paused_at": "paused_since",
}
INVITE = {
    "name": "made_out_to",
    "role": "role",
    "language": "language",
    "lead": "speaks_for_the_organisation",
    "expires_at": "good_until",
    "revoked_at": "taken_back_at",
}
INVITATION = {
    "state": "state",
    "questions": "asked",
    "seconds": "seconds_it_takes",
    "card": "message_that_shows_it",
    "card_item": "question_on_that_message",
}
ANSWER = {
    "item": "question",
    "about": "about",
    "value": "value",
    "text": "words",
    "shown_as": "may_be_shown",
    "withheld": "kept_out_because",
    "ticked": "ticked_one_by_one",
    "message": "message",
    "update_id": "telegram_update",
    "received_at": "received_at",
}
PROMISE = {"text": "words", "made_at": "made_at", "outcome": "outcome"}
RESPONSE = {"kind": "said", "text": "words"}
RAISED = {
    "text": "words",
    "shown_as": "may_be_shown",
    "message": "message",
    "raised_at": "raised_at",
    "seen_at": "seen_by_facilitators_at",
    "withdrawn_at": "withdrawn_at",
    "withheld": "kept_out_because",
    "reply": "reply",
    "words": "words_of_the_reply",
    "until": "reply_until",
    "replied_at": "replied_at",
    "asked_at": "asked_whether_heard_at",
    "heard": "heard",
    "heard_at": "heard_said_at",
}
AWAITED = {
    "kind": "kind",
    "about": "about",
    "item": "question",
    "message": "message",
    "refused": "message_not_taken",
}
INCOMING = {
    "update_id": "telegram_update",
    "received_at": "received_at",
    "payload": "content",
    "awaited": "answers",
    "state": "state",
    "tries": "tries",
    "error": "went_wrong",
}
OUTGOING = {
    "kind": "kind",
    "method": "sent_as",
    "payload": "content",
    "not_before": "not_before",
    "not_after": "not_after",
    "quiet": "your_quiet_hours",
    "nightfall": "next_quiet_from",
    "state": "state",
    "tries": "tries",
    "uncertain": "perhaps_sent",
    "message": "message",
    "error": "went_wrong",
}
ROSTER = {"people": "people", "filed_at": "sent_at"}
PACE = {"free_s": "next_message_at_machine_second", "halted_s": "halted_until_machine_second"}


async def collected(session: AsyncSession, *, account: int) -> Kept:
    """Everything kept about whoever uses this account, ready to be written as JSON."""
    whose = await erasure.person(session, account=account)
    awaited = await session.get(Awaited, account)
    return {
        "you": _told(whose.member, MEMBER) if whose.member else {"telegram_account": account},
        "places": [await _place(session, seat) for seat in whose.seats],
        "expected_from_you": _told(awaited, AWAITED) if awaited else None,
        "received_from_you": await _rows(session, Incoming, INCOMING, chat=account),
        "sent_to_you": await _rows(session, Outgoing, OUTGOING, chat=account),
        "files_waiting_for_your_yes": await _rows(session, Roster, ROSTER, account=account),
        "complaints_passed_on": await _complaints(session, whose),
        "pace_of_this_chat": await _rows(session, Pace, PACE, chat=account),
    }


async def _place(session: AsyncSession, seat: Seat) -> Kept:
    partnership = await session.get_one(Partnership, seat.partnership_id)
    organisation = await session.get_one(Organisation, seat.organisation_id)
    return {
        "partnership": partnership.name,
        "organisation": organisation.name,
        **_told(seat, SEAT),
        "links": await _links(session, seat),
        "rounds": await _parts(session, seat, partnership),
        "promises": await _rows(session, Promise, PROMISE, seat_id=seat.id),
        "said_back": await _responses(session, seat),
        "raised": await _rows(session, Raised, RAISED, seat_id=seat.id),
    }


async def _links(session: AsyncSession, seat: Seat) -> list[Kept]:
    """The link they came by, and any other that was made out to them."""
    theirs = col(Invite.id) == seat.invite_id
    if seat.name:
        theirs |= (col(Invite.organisation_id) == seat.organisation_id) & (col(Invite.name) == seat.name)
    found = await session.exec(select(Invite).where(theirs).order_by(col(Invite.id)))
    return [_told(invite, INVITE) for invite in found.all()]


async def _parts(session: AsyncSession, seat: Seat, partnership: Partnership) -> list[Kept]:
    wanted = (
        select(Invitation, Round)
        .join(Round, col(Round.id) == col(Invitation.round_id))
        .where(Invitation.seat_id == seat.id)
        .order_by(col(Round.opens_at))
    )
    return [
        await _part(session, invitation, round_, language=partnership.language)
        for invitation, round_ in (await session.exec(wanted)).all()
    ]


async def _part(session: AsyncSession, invitation: Invitation, round_: Round, *, language: str) -> Kept:
    instrument = instruments.parsed(round_.instrument)
    wordings = {item.code: said(item.wording, language) for item in instrument.items}
    found = select(Answer).where(Answer.invitation_id == invitation.id).order_by(col(Answer.id))
    answers = [_told(answer, ANSWER) for answer in (await session.exec(found)).all()]
    return {
        "round": f"{said(instrument.title, language)} {round_.number}",
        "opened": _plain(round_.opens_at),
        "closed": _plain(round_.closes_at),
        **_told(invitation, INVITATION),
        "answers": [{"wording": wordings.get(answer["question"], ""), **answer} for answer in answers],
    }


async def _responses(session: AsyncSession, seat: Seat) -> list[Kept]:
    wanted = (
        select(Response, Digest)
        .join(Digest, col(Digest.id) == col(Response.digest_id))
        .where(Response.seat_id == seat.id)
        .order_by(col(Response.id))
    )
    found = (await session.exec(wanted)).all()
    return [{"digest_of": _plain(digest.made_at), **_told(response, RESPONSE)} for response, digest in found]


async def _complaints(session: AsyncSession, whose: Person) -> list[Kept]:
    """What was passed on to the operator, for as long as it is kept."""
    if whose.member is None:
        return []
    wanted = select(Outgoing).where(col(Outgoing.key).startswith(erasure.complaints_of(whose.member)))
    return [_told(letter, OUTGOING) for letter in (await session.exec(wanted)).all()]


async def _rows(
    session: AsyncSession, table: type[SQLModel], names: Mapping[str, str], **wanted: int
) -> list[Kept]:
    """The rows of a table that have these values, told by these names."""
    order = inspect(table).primary_key
    found: Sequence[SQLModel] = (await session.exec(select(table).filter_by(**wanted).order_by(*order))).all()
    return [_told(row, names) for row in found]


def _told(row: SQLModel, names: Mapping[str, str]) -> Kept:
    return {name: _plain(getattr(row, column)) for column, name in names.items()}


def _plain(value: object) -> object:
    """A value as JSON has it; a moment says its zone."""
    return value.isoformat() if isinstance(value, datetime | date) else value
