"""Joining by a link: what it means is said first, then consent is asked."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from dialogs.cards import Card, Reader, draw
from dialogs.events import Moment, Reply
from facilitation import invites, members, rounds
from facilitation.members import Sitting
from storage.members import Invite


async def offer(session: AsyncSession, moment: Moment, secret: str, *, operator: str) -> Reply:
    """The card behind a link. Raises InviteUnknown, InviteUsed, InviteExpired."""
    invite = await invites.by_secret(session, secret)
    seat = await invites.open_places(session, invite, account=moment.account, now=moment.received_at)
    if seat is not None:
        return Reply(await home(session, moment, now=moment.received_at))
    return Reply(await _card("join", session, moment, invite, operator=operator))


async def tapped(
    session: AsyncSession, moment: Moment, kind: str, numbers: tuple[int, ...], *, operator: str
) -> Card:
    """The buttons of the joining card. Raises InviteUnknown for an invite this chat was never offered."""
    invite = await session.get(Invite, numbers[0]) if numbers else None
    if invite is None or numbers[1:] != (fingerprint(invite),):
        raise invites.InviteUnknown
    if kind != "join":
        return await _card(
            {"who": "who", "later": "later", "look": "join"}[kind], session, moment, invite, operator=operator
        )
    await invites.join(
        session, invite, account=moment.account, language=moment.language, now=moment.received_at
    )
    return await _card("joined", session, moment, invite, operator=operator)


def fingerprint(invite: Invite) -> int:
    """A part of the secret's hash: a button made for one link cannot be rewritten for another by counting."""
    return int(invite.secret_hash[:24], 16)


async def _card(
    template: str, session: AsyncSession, moment: Moment, invite: Invite, *, operator: str
) -> Card:
    partnership, organisation = await invites.whereto(session, invite)
    return draw(
        template,
        Reader(invite.language, partnership.timezone),
        invite=invite.id,
        fingerprint=fingerprint(invite),
        partnership=partnership,
        organisation=organisation,
        role=invite.role,
        operator=operator,
        first=await _first_round(session, partnership.id, moment.received_at),
    )


async def _first_round(session: AsyncSession, partnership_id: int | None, now: datetime) -> datetime | None:
    return await rounds.next_opening(session, partnership_id, now) if partnership_id is not None else None


async def home(session: AsyncSession, moment: Moment, *, now: datetime) -> Card:
    """Where a person is: every partnership they sit in, what is open for them, what comes next."""
    found = await members.sittings(session, account=moment.account)
    if not found:
        return draw("stranger", Reader(moment.language))
    places = [await _place(session, sitting, now=now) for sitting in found]
    return draw("home", Reader("en", found[0].partnership.timezone), places=places)


async def _place(session: AsyncSession, sitting: Sitting, *, now: datetime) -> dict[str, object]:
    invitation, given, of = await rounds.open_for(session, sitting.seat, now)
    return {
        "sitting": sitting,
        "invitation": invitation,
        "given": given,
        "of": of,
        "next": await _first_round(session, sitting.partnership.id, now),
    }
