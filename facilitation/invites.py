"""Invites: the only way into a partnership. A secret is shown once; only its hash is kept."""

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from facilitation import members
from facilitation.refusals import Refusal
from storage.members import Invite, Seat
from storage.partnerships import Organisation, Partnership

LASTS = timedelta(days=60)
CONSENT = "2026-11"


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


class InviteExpired(Refusal):
    """This link is too old to be used. Ask the facilitator of the partnership for a new one; it takes them
    a moment.
    """


def hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def make(
    organisation: Organisation, *, role: str, name: str, language: str, now: datetime
) -> tuple[Invite, str]:
    """An invite for one person, and the secret for its link (192 bits; never stored)."""
    secret = secrets.token_urlsafe(24)
    invite = Invite(
        secret_hash=hashed(secret),
        partnership_id=organisation.partnership_id,
        organisation_id=organisation.id,
        role=role,
        name=name,
        language=language,
        expires_at=now + LASTS,
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

    Raises InviteUsed, InviteFull, InviteRevoked, InviteExpired.
    """
    seat = await members.seat_in(session, account=account, organisation_id=invite.organisation_id)
    if seat is not None and seat.left_at is None:
        return seat
    if invite.revoked_at is not None:
        raise InviteRevoked
    if invite.taken >= invite.places:
        raise _taken(invite)
    if invite.expires_at <= now:
        raise InviteExpired
    return None


async def join(session: AsyncSession, invite: Invite, *, account: int, language: str, now: datetime) -> Seat:
    """Take a place with consent. Joining twice is joining once. Raises what `open_places` raises."""
    seat = await open_places(session, invite, account=account, now=now)
    if seat is not None:
        return seat
    # Two phones may hold the same link: only as many as there are places get past this one statement.
    took = await session.exec(
        update(Invite)
        .where(col(Invite.id) == invite.id, col(Invite.taken) < col(Invite.places))
        .values(taken=col(Invite.taken) + 1)
    )
    if took.rowcount != 1:
        raise _taken(invite)
    member = await members.of(session, account=account) or await members.add(
        session, account=account, language=invite.language or language, now=now
    )
    return await members.seat(session, member, invite, consent=CONSENT, now=now)


def _taken(invite: Invite) -> Refusal:
    return InviteFull() if invite.places > 1 else InviteUsed()


async def whereto(session: AsyncSession, invite: Invite) -> tuple[Partnership, Organisation]:
    partnership = await session.get_one(Partnership, invite.partnership_id)
    organisation = await session.get_one(Organisation, invite.organisation_id)
    return partnership, organisation
