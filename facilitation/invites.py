"""Invites: the only way into a partnership. A secret is shown once; only its hash is kept."""

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, exists, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from facilitation import members, partnerships
from facilitation.refusals import NotYours, Refusal
from storage.members import Invite, Seat
from storage.partnerships import Organisation, Partnership

LASTS = timedelta(days=60)
MOST_PLACES = 200
LONGEST_NAME = 100
CONSENT = "2026-12"  # the two pages that whoever joins agrees to
ROLES = ("member", "facilitator")  # a third, "group", brings Parley into a group chat


class InviteUnknown(Refusal):
    """This link does not open anything here. Perhaps a part of it got lost on the way. Ask the facilitator
    of your partnership to send you a new one.
    """


class InviteUsed(Refusal):
    """This link has been used. Each one works for one person. Ask the facilitator of the partnership for a
    new one; nothing is lost.
    """


class InviteFull(Refusal):
    """All places of this link are taken. Ask the facilitator of the partnership for a new one; nothing is
    lost.
    """


class InviteRevoked(Refusal):
    """This link was taken back, so it does not open anything now. Ask the facilitator of the partnership for
    a new one; nothing is lost.
    """


class InviteForGroup(Refusal):
    """This link brings Parley into a group chat; it gives nobody a seat. Ask the facilitator for a link of
    your own.
    """


class LinkGone(Refusal):
    """That link has ended already. The list of open links shows which ones still work."""


class LinkUsedUp(Refusal):
    """Everybody this link was for has joined, so there is nothing to replace."""


class TooManyPlaces(Refusal):
    """A link can be for {most} people at most, and for one at least. Please send a number in between."""


class PlacesUnclear(Refusal):
    """Please send how many people the link is for, as a number like 12."""


class LinksNotReady(Refusal):
    """No link can be made right now: Parley has not heard its own name in Telegram yet. Please try again in
    a minute.
    """


class InviteExpired(Refusal):
    """This link is too old to be used. Ask the facilitator of the partnership for a new one; it takes them
    a moment.
    """


def hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def places(text: str) -> int:
    """How many people a link is for, as somebody typed it. Raises PlacesUnclear, TooManyPlaces."""
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) <= len(str(MOST_PLACES))):
        raise PlacesUnclear
    if not 1 <= int(digits) <= MOST_PLACES:
        raise TooManyPlaces(most=MOST_PLACES)
    return int(digits)


def make(
    organisation: Organisation,
    *,
    role: str,
    name: str,
    language: str,
    now: datetime,
    places: int = 1,
    lead: bool = False,
    lasts: timedelta = LASTS,
) -> tuple[Invite, str]:
    """An invite, not stored yet, and the secret for its link (192 bits; never stored).

    Raises TooManyPlaces.
    """
    if not 1 <= places <= MOST_PLACES:
        raise TooManyPlaces(most=MOST_PLACES)
    secret = secrets.token_urlsafe(24)
    invite = Invite(
        secret_hash=hashed(secret),
        partnership_id=organisation.partnership_id,
        organisation_id=organisation.id,
        role=role,
        name=name,
        language=language,
        lead=lead,
        places=places,
        expires_at=now + lasts,
    )
    return invite, secret


async def replace(session: AsyncSession, new: Invite, *, now: datetime) -> int:
    """Take back the links that this one, not stored yet, stands for: to the same name in the same place,
    never used. The result is how many.
    """
    took_back = await session.exec(
        update(Invite)
        .where(
            col(Invite.organisation_id) == new.organisation_id,
            col(Invite.role) == new.role,
            col(Invite.name) == new.name,
            col(Invite.taken) == 0,
            col(Invite.revoked_at).is_(None),
            col(Invite.expires_at) > now,
        )
        .values(revoked_at=now)
    )
    return took_back.rowcount


async def by_secret(session: AsyncSession, secret: str) -> Invite:
    """The invite behind a link, used or not. Raises InviteUnknown."""
    found = await session.exec(select(Invite).where(Invite.secret_hash == hashed(secret)))
    invite = found.first()
    if invite is None:
        raise InviteUnknown
    return invite


async def open_places(session: AsyncSession, invite: Invite, *, account: int, now: datetime) -> Seat | None:
    """The seat this account already has, or None if it may join.

    Raises InviteForGroup, InviteUsed, InviteFull, InviteRevoked, InviteExpired.
    """
    if invite.role not in ROLES:
        raise InviteForGroup
    seat = await held(session, invite, account=account)
    if seat is not None:
        return seat
    if invite.revoked_at is not None:
        raise InviteRevoked
    if invite.taken >= invite.places:
        raise _taken(invite)
    if invite.expires_at <= now:
        raise InviteExpired
    return None


async def held(session: AsyncSession, invite: Invite, *, account: int) -> Seat | None:
    """The seat this account has where the link leads. None too where the link is for more: a member becomes
    a facilitator by one, and only so.
    """
    seat = await members.seat_in(session, account=account, organisation_id=invite.organisation_id)
    if seat is None or seat.left_at is not None:
        return None
    return None if (seat.role, invite.role) == ROLES else seat


async def join(
    session: AsyncSession, invite: Invite, *, account: int, language: str, now: datetime, name: str = ""
) -> Seat:
    """Take a place with consent. Joining twice is joining once. Raises what `open_places` raises.

    `name` is what they call themselves; see `called`.
    """
    seat = await open_places(session, invite, account=account, now=now)
    if seat is not None:
        return seat
    # Two phones may hold the same link, and it may be taken back meanwhile: only as many as there are places
    # get past this one statement.
    took = await session.exec(
        update(Invite)
        .where(
            col(Invite.id) == invite.id,
            col(Invite.taken) < col(Invite.places),
            col(Invite.revoked_at).is_(None),
        )
        .values(taken=col(Invite.taken) + 1)
    )
    if took.rowcount != 1:
        found = await session.get_one(Invite, invite.id, populate_existing=True)
        raise InviteRevoked if found.revoked_at is not None else _taken(invite)
    member = await members.of(session, account=account) or await members.add(
        session, account=account, language=invite.language or language, now=now
    )
    return await members.seat(session, member, invite, name=called(invite, name), consent=CONSENT, now=now)


def called(invite: Invite, name: str) -> str:
    """What whoever joins by this invite is called: as the facilitator named them, else as they do."""
    return (invite.name or " ".join(name.split()))[:LONGEST_NAME]


def _taken(invite: Invite) -> Refusal:
    return InviteFull() if invite.places > 1 else InviteUsed()


async def revoke(session: AsyncSession, invite: Invite, *, now: datetime) -> None:
    """The link opens nothing from now on. Raises LinkGone."""
    # A second tap, or a second facilitator, finds it ended.
    ended = await session.exec(
        update(Invite)
        .where(col(Invite.id) == invite.id, col(Invite.revoked_at).is_(None))
        .values(revoked_at=now)
    )
    if ended.rowcount != 1:
        raise LinkGone
    await session.refresh(invite)


async def renew(session: AsyncSession, invite: Invite, *, now: datetime) -> tuple[Invite, str]:
    """A new link for the places nobody has taken; the old one stops. Raises LinkGone, LinkUsedUp."""
    await revoke(session, invite, now=now)
    if invite.taken >= invite.places:
        raise LinkUsedUp
    organisation = await session.get_one(Organisation, invite.organisation_id)
    new, secret = make(
        organisation,
        role=invite.role,
        name=invite.name,
        language=invite.language,
        lead=invite.lead,
        places=invite.places - invite.taken,
        now=now,
    )
    session.add(new)
    await session.flush()
    return new, secret


def open_at(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """What holds for a link that still gives somebody a seat."""
    return (
        col(Invite.role).in_(ROLES),
        col(Invite.taken) < col(Invite.places),
        col(Invite.revoked_at).is_(None),
        col(Invite.expires_at) > now,
    )


def ended_before(moment: datetime) -> tuple[ColumnElement[bool], ...]:
    """What holds for a link that ended so long ago without giving anybody a seat."""
    return (
        col(Invite.taken) == 0,
        (col(Invite.expires_at) < moment) | (col(Invite.revoked_at) < moment),
        ~exists().where(col(Seat.invite_id) == col(Invite.id)),
    )


async def kept(session: AsyncSession, organisation_id: int) -> list[Invite]:
    """An organisation's links, newest first, but for those taken back and the used ones of one person."""
    wanted = (
        select(Invite)
        .where(
            Invite.organisation_id == organisation_id,
            col(Invite.role).in_(ROLES),
            col(Invite.revoked_at).is_(None),
            (col(Invite.taken) < col(Invite.places)) | (col(Invite.places) > 1),
        )
        .order_by(col(Invite.id).desc())
    )
    return list((await session.exec(wanted)).all())


async def facilitated(session: AsyncSession, invite_id: int, *, account: int) -> Invite:
    """A link of a partnership this account facilitates. Raises NotYours, also where there is none."""
    invite = await session.get(Invite, invite_id)
    if invite is None or invite.role not in ROLES:
        raise NotYours
    await partnerships.facilitated(session, invite.partnership_id, account=account)
    return invite


async def whereto(session: AsyncSession, invite: Invite) -> tuple[Partnership, Organisation]:
    partnership = await session.get_one(Partnership, invite.partnership_id)
    organisation = await session.get_one(Organisation, invite.organisation_id)
    return partnership, organisation
