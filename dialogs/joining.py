"""Joining by a link: what it means is said first, then consent is asked."""

from datetime import datetime

from markupsafe import Markup
from sqlmodel.ext.asyncio.session import AsyncSession

from dialogs.cards import Card, Reader, draw, short
from dialogs.events import Moment, Reply
from facilitation import invites, members, rounds
from facilitation.members import Sitting
from storage.members import Invite

BESIDE = 24  # letters of a name beside a button's word


async def offer(session: AsyncSession, moment: Moment, secret: str, *, operator: str) -> Reply:
    """The card behind a link. Raises InviteUnknown, and what `invites.open_places` raises."""
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
    if kind == "look" and await members.seat_in(
        session, account=moment.account, organisation_id=invite.organisation_id
    ):
        return await home(session, moment, now=moment.received_at)
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
        expires=invite.expires_at,
        first=await rounds.next_opening(session, partnership.id, moment.received_at),
    )


async def home(session: AsyncSession, moment: Moment, *, now: datetime) -> Card:
    """Where a person is: every partnership they sit in, what is open for them, what comes next."""
    found = await members.sittings(session, account=moment.account)
    if not found:
        return draw("stranger", Reader(moment.language))
    places = [await _place(session, sitting, now=now) for sitting in found]
    several = sum(place["invitation"] is not None for place in places) > 1
    return draw("home", Reader(found[0].partnership.language), places=places, several=several)


async def _place(session: AsyncSession, sitting: Sitting, *, now: datetime) -> dict[str, object]:
    """One place as a part of that card, in the partnership's own language and time."""
    partnership = sitting.partnership
    invitation, given, of = await rounds.open_for(session, sitting.seat, now)
    drawn = draw(
        "place",
        Reader(partnership.language, partnership.timezone),
        partnership=partnership.name,
        organisation=sitting.organisation.name,
        role=sitting.seat.role,
        backbone=sitting.organisation.kind == "backbone",
        invited=invitation is not None,
        given=given,
        of=of,
        next=await rounds.next_opening(session, partnership.id, now),
    )
    return {
        "text": Markup(drawn.text),  # noqa: S704 - a card's text is HTML
        "name": short(partnership.name, BESIDE),
        "invitation": invitation.id if invitation else None,
        "given": given,
        "of": of,
    }
