"""A partnership's group chat: brought in by one of its facilitators, with a link that works once."""

from datetime import datetime, timedelta

from sqlalchemy import update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from facilitation import facilitators, invites
from facilitation.invites import InviteExpired, InviteRevoked, InviteUsed
from facilitation.refusals import Refusal
from storage.members import Invite
from storage.partnerships import Partnership

GROUP = "group"  # the role of such an invite
LASTS = timedelta(days=1)


class GroupTaken(Refusal):
    """That group belongs to another partnership already, so it was not linked. Please choose another
    group.
    """


class GroupThere(Refusal):
    """Your partnership has a group chat already. Unlink that one first; you find it in the menu, under Group
    chat.
    """


async def link(session: AsyncSession, partnership: Partnership, *, account: int, now: datetime) -> str:
    """The secret of a new link that brings Parley into a group chat, for a day. Earlier ones stop."""
    organisation = await facilitators.organisation(session, partnership.id, account=account)
    invite, secret = invites.make(
        organisation, role=GROUP, name="", language=partnership.language, now=now, lasts=LASTS
    )
    await _take_back(session, partnership.id, now=now)
    session.add(invite)
    await session.flush()
    return secret


async def _take_back(session: AsyncSession, partnership_id: int, *, now: datetime) -> None:
    await session.exec(
        update(Invite)
        .where(
            col(Invite.partnership_id) == partnership_id,
            col(Invite.role) == GROUP,
            col(Invite.revoked_at).is_(None),
        )
        .values(revoked_at=now)
    )


async def bring(
    session: AsyncSession, invite: Invite, partnership: Partnership, *, chat: int, now: datetime
) -> None:
    """This chat is the partnership's group from now on; `partnerships.facilitated` has been asked.

    Raises InviteUsed, InviteRevoked, InviteExpired, GroupTaken, GroupThere.
    """
    # The link may be used in two groups at once: the second waits here, and finds it used.
    await session.refresh(partnership, with_for_update={"key_share": True})
    await session.refresh(invite)
    if invite.revoked_at is not None:
        raise InviteRevoked
    if invite.taken >= invite.places:
        raise InviteUsed
    if invite.expires_at <= now:
        raise InviteExpired
    if partnership.group_chat is not None:
        raise GroupThere
    if (await session.exec(select(Partnership.id).where(Partnership.group_chat == chat))).first() is not None:
        raise GroupTaken
    invite.taken += 1
    partnership.group_chat = chat
    session.add_all((invite, partnership))
    await session.flush()


async def unlink(session: AsyncSession, partnership: Partnership) -> int | None:
    """Digests go to the seats alone from now on. The result is the chat that was linked, if one was."""
    chat, partnership.group_chat = partnership.group_chat, None
    session.add(partnership)
    await session.flush()
    return chat
