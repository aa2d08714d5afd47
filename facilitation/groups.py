"""A partnership's group chat: brought in by one of its facilitators, with a link that works once."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from facilitation import facilitators, invites
from facilitation.invites import InviteExpired, InviteRevoked, InviteUsed
from facilitation.refusals import Refusal
from storage.members import Invite
from storage.memos import Memo
from storage.partnerships import Partnership
from storage.queues import WAITING, Outgoing

GROUP = "group"  # the role of such an invite
LASTS = timedelta(days=1)
# What is wrong with a group, as a memo says it: it is gone for us, or we may not write in it.
LOST, BARRED = "lost", "barred"
MEMO = "group:"
LOST_FOR = timedelta(days=14)  # by then nobody means to link it again


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
    await _well_again(session, partnership.id)
    await session.flush()


async def unlink(session: AsyncSession, partnership: Partnership) -> int | None:
    """Digests go to the seats alone from now on. The result is the chat that was linked, if one was."""
    chat, partnership.group_chat = partnership.group_chat, None
    session.add(partnership)
    await _well_again(session, partnership.id)
    await session.flush()
    return chat


# What Telegram does to a group. Several processes may hear of it at once: the partnership's row decides.


@dataclass(frozen=True)
class Ill:
    """What is wrong with a partnership's group chat since when, and whether its facilitators know."""

    partnership_id: int
    what: str
    chat: int
    told: bool
    since: datetime


async def move(session: AsyncSession, *, old: int, new: int) -> None:
    """A group was given another id: everywhere it stands, with all that waits for it, in one transaction."""
    for partnership in await _of(session, old):
        partnership.group_chat = new
        session.add(partnership)
    await _not_lost_after_all(session, old=old, new=new)
    wanted = select(Outgoing).where(Outgoing.chat == old, col(Outgoing.state).in_(WAITING))
    # Letters that another worker is sending now come back with the new id by themselves.
    for letter in (await session.exec(wanted.with_for_update(skip_locked=True))).all():
        letter.chat, letter.payload = new, letter.payload | {"chat_id": new}
        session.add(letter)


async def _not_lost_after_all(session: AsyncSession, *, old: int, new: int) -> None:
    """Of a group that moved Telegram may say that it was deleted, before it says where it went."""
    for ill in await ills(session):
        partnership = await session.get(Partnership, ill.partnership_id)
        if ill.chat == old and partnership is not None and partnership.group_chat in (None, new):
            partnership.group_chat = new
            session.add(partnership)
            await _well_again(session, partnership.id)


async def lose(session: AsyncSession, *, chat: int, now: datetime) -> None:
    """A group is gone, or Parley was put out of it: digests go to the seats alone. Facilitators are told."""
    for partnership in await _of(session, chat):
        partnership.group_chat = None
        session.add(partnership)
        await _note(session, partnership.id, _written(LOST, chat), now=now)


async def bar(session: AsyncSession, *, chat: int, now: datetime) -> None:
    """Parley may not write in a group now. What is for it waits, and facilitators are told once."""
    for partnership in await _of(session, chat):
        if await session.get(Memo, f"{MEMO}{partnership.id}") is None:
            await _note(session, partnership.id, _written(BARRED, chat), now=now)


async def open_again(session: AsyncSession, *, chat: int) -> None:
    """Somebody changed what Parley may do in a group: what waits for it is tried at once.

    It counts as well until Telegram refuses again.
    """
    await reached(session, chat=chat)
    await session.exec(
        update(Outgoing)
        .where(col(Outgoing.chat) == chat, col(Outgoing.state).in_(WAITING))
        .values(retry_s=0.0)
    )


async def reached(session: AsyncSession, *, chat: int) -> None:
    """Something has come to this group: nothing is wrong with it."""
    here = [_written(BARRED, chat, told=told) for told in (False, True)]
    await session.exec(delete(Memo).where(col(Memo.name).startswith(MEMO), col(Memo.value).in_(here)))


async def of(session: AsyncSession, partnership_id: int, *, now: datetime) -> Ill | None:
    """What is wrong with this partnership's group; that it is gone is news for two weeks."""
    memo = await session.get(Memo, f"{MEMO}{partnership_id}")
    ill = _read(memo) if memo is not None else None
    return None if ill is not None and ill.what == LOST and now - ill.since >= LOST_FOR else ill


async def ills(session: AsyncSession) -> Sequence[Ill]:
    """What is wrong with any group."""
    wanted = select(Memo).where(col(Memo.name).startswith(MEMO)).order_by(col(Memo.name))
    return [_read(memo) for memo in (await session.exec(wanted)).all()]


async def untold(session: AsyncSession) -> Sequence[Ill]:
    """What is wrong of which the facilitators do not know yet, where one of them can be told."""
    waiting = [ill for ill in await ills(session) if not ill.told]
    led = await facilitators.led(session) if waiting else set()
    return [ill for ill in waiting if ill.partnership_id in led]


async def told(session: AsyncSession, ill: Ill) -> bool:
    """The facilitators know. False: it has changed since it was looked at, or another clock tells it."""
    changed = await session.exec(
        update(Memo)
        .where(
            col(Memo.name) == f"{MEMO}{ill.partnership_id}",
            col(Memo.value) == _written(ill.what, ill.chat),
        )
        .values(value=_written(ill.what, ill.chat, told=True))
    )
    return changed.rowcount == 1


def _written(what: str, chat: int, *, told: bool = False) -> str:
    return json.dumps({"what": what, "chat": chat, "told": told})


def _read(memo: Memo) -> Ill:
    return Ill(partnership_id=int(memo.name.removeprefix(MEMO)), since=memo.at, **json.loads(memo.value))


async def _of(session: AsyncSession, chat: int) -> Sequence[Partnership]:
    wanted = select(Partnership).where(Partnership.group_chat == chat).with_for_update(key_share=True)
    return (await session.exec(wanted)).all()


async def _note(session: AsyncSession, partnership_id: int, value: str, *, now: datetime) -> None:
    await session.merge(Memo(name=f"{MEMO}{partnership_id}", value=value, at=now))


async def _well_again(session: AsyncSession, partnership_id: int) -> None:
    await session.exec(delete(Memo).where(col(Memo.name) == f"{MEMO}{partnership_id}"))
