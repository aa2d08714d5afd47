"""Joining by a link: what it means is said first, then consent is asked."""

from datetime import datetime
from functools import partial

from markupsafe import Markup
from sqlmodel.ext.asyncio.session import AsyncSession

from dialogs import founding, readers
from dialogs.cards import Card, Reader, draw, short
from dialogs.events import Moment, Reply, Said, Setting, Tapped
from dialogs.verbs import FACILITATOR, MEMBER, STRANGER, Command, Verb, Words
from facilitation import invites, members, rounds
from facilitation.members import Sitting
from storage.members import Invite

BESIDE = 24  # letters of a name beside a button's word


async def _started(session: AsyncSession, message: Said, setting: Setting, secret: str) -> Reply:
    """/start alone shows where one is; with the secret of a link it opens what the link is for."""
    if not secret:
        return Reply(await home(session, message, now=message.received_at))
    if await founding.is_ours(session, secret):
        return await founding.offered(session, message, setting, secret)
    return await offer(session, message, secret, operator=setting.operator)


async def offer(session: AsyncSession, moment: Moment, secret: str, *, operator: str) -> Reply:
    """The card behind a link. Raises InviteUnknown, and what `invites.open_places` raises."""
    invite = await invites.by_secret(session, secret)
    seat = await invites.open_places(session, invite, account=moment.account, now=moment.received_at)
    if seat is not None:
        return Reply(await home(session, moment, now=moment.received_at))
    return Reply(await _card("join", session, moment, invite, operator=operator))


async def _help(session: AsyncSession, message: Said, setting: Setting, _: str) -> Reply:
    reader = await readers.alone(session, account=message.account, language=message.language)
    return Reply(draw("help", reader, source=setting.source))


async def _offered(session: AsyncSession, invite_id: int, print_: int) -> Invite:
    """Raises InviteUnknown for an invite this chat was never offered."""
    invite = await session.get(Invite, invite_id)
    if invite is None or print_ != fingerprint(invite):
        raise invites.InviteUnknown
    return invite


async def _shown(  # noqa: PLR0917 - the first is filled in where the buttons are listed
    template: str, session: AsyncSession, tap: Tapped, setting: Setting, invite_id: int, print_: int
) -> Reply:
    invite = await _offered(session, invite_id, print_)
    return Reply(await _card(template, session, tap, invite, operator=setting.operator), over=tap.message)


async def _look(session: AsyncSession, tap: Tapped, setting: Setting, invite_id: int, print_: int) -> Reply:
    invite = await _offered(session, invite_id, print_)
    if await members.seat_in(session, account=tap.account, organisation_id=invite.organisation_id):
        return Reply(await home(session, tap, now=tap.received_at), over=tap.message)
    return await _shown("join", session, tap, setting, invite_id, print_)


async def _join(session: AsyncSession, tap: Tapped, setting: Setting, invite_id: int, print_: int) -> Reply:
    invite = await _offered(session, invite_id, print_)
    await invites.join(
        session, invite, account=tap.account, language=tap.language, name=tap.name, now=tap.received_at
    )
    return await _shown("joined", session, tap, setting, invite_id, print_)


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


VERBS = {
    "join": Verb(_join, 2, wide=True),
    "who": Verb(partial(_shown, "who"), 2, wide=True),
    "later": Verb(partial(_shown, "later"), 2, wide=True),
    "look": Verb(_look, 2, wide=True),
}
COMMANDS = {
    "/start": Command(_started, (STRANGER, MEMBER, FACILITATOR)),
    "/help": Command(_help, (STRANGER, MEMBER, FACILITATOR)),
}
WORDS: dict[str, Words] = {}
