"""Joining by a link: what it means is said first, then consent is asked. And home, where a person is."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup
from sqlmodel.ext.asyncio.session import AsyncSession

from dialogs import awaited, cadences, commands, founding, invitations, readers
from dialogs.cards import Card, Reader, draw, short
from dialogs.events import Moment, Post, Reply, Said, Setting, Tapped
from dialogs.verbs import FACILITATOR, MEMBER, STRANGER, Command, Verb, Words
from facilitation import cadence, coming, invites, members, reminders, returning, seats
from facilitation.coming import Open
from facilitation.instruments import said
from facilitation.members import Sitting
from facilitation.rounds import Asked, Opened
from storage.members import Invite
from storage.partnerships import Organisation, Partnership

BESIDE = 22  # letters of a name beside a button's word

Place = dict[str, Any]  # one part of the card home, and what its buttons need to know


async def _started(session: AsyncSession, message: Said, setting: Setting, secret: str) -> Reply:
    """/start alone shows where one is; with the secret of a link it opens what the link is for."""
    if not secret:
        card = await home(session, message, now=message.received_at)
        return Reply(card, commands=await commands.of(session, message, setting))
    if await founding.is_ours(session, secret):
        return await founding.offered(session, message, setting, secret)
    return await offer(session, message, secret, setting)


async def offer(session: AsyncSession, moment: Moment, secret: str, setting: Setting) -> Reply:
    """The card behind a link. Raises InviteUnknown, and what `invites.open_places` raises."""
    invite = await invites.by_secret(session, secret)
    seat = await invites.open_places(session, invite, account=moment.account, now=moment.received_at)
    if seat is not None:
        return Reply(await home(session, moment, now=moment.received_at))
    return Reply(await _card("join", session, moment, invite, setting))


async def _help(session: AsyncSession, message: Said, setting: Setting, _: str) -> Reply:
    reader = await readers.alone(session, account=message.account, language=message.language)
    role = await commands.role(session, account=message.account)
    told = commands.told(setting, role, reader)
    theirs = {name for name, offered in setting.commands if offered == (FACILITATOR,)}
    return Reply(
        draw(
            "help",
            reader,
            everyone=[one for one in told if one[0] not in theirs],
            facilitators=[one for one in told if one[0] in theirs],
            source=setting.source,
        )
    )


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
    return Reply(await _card(template, session, tap, invite, setting), over=tap.message)


async def _look(session: AsyncSession, tap: Tapped, setting: Setting, invite_id: int, print_: int) -> Reply:
    invite = await _offered(session, invite_id, print_)
    if await invites.held(session, invite, account=tap.account) is not None:
        return Reply(await home(session, tap, now=tap.received_at), over=tap.message)
    return await _shown("join", session, tap, setting, invite_id, print_)


async def _join(session: AsyncSession, tap: Tapped, setting: Setting, invite_id: int, print_: int) -> Reply:
    invite = await _offered(session, invite_id, print_)
    await invites.join(
        session, invite, account=tap.account, language=tap.language, now=tap.received_at, name=tap.name
    )
    card = await _card("joined", session, tap, invite, setting)
    return Reply(card, over=tap.message, commands=await commands.of(session, tap, setting))


def fingerprint(invite: Invite) -> int:
    """A part of the secret's hash: a button made for one link cannot be rewritten for another by counting."""
    return int(invite.secret_hash[:24], 16)


async def _card(
    template: str, session: AsyncSession, moment: Moment, invite: Invite, setting: Setting
) -> Card:
    partnership, organisation = await invites.whereto(session, invite)
    reader = await _reader(session, moment, invite, partnership)
    asked = await _asked(session, organisation, reader, now=moment.received_at)
    return draw(
        template,
        reader,
        invite=invite.id,
        fingerprint=fingerprint(invite),
        partnership=partnership,
        organisation=organisation,
        role=invite.role,
        called=invites.called(invite, moment.name),
        operator=setting.operator,
        complaints=bool(setting.operator_chat),
        expires=invite.expires_at,
        asked=asked,
        first=next((one["opens"] for one in asked), None),
        consent=invites.CONSENT,
    )


async def _reader(session: AsyncSession, moment: Moment, invite: Invite, partnership: Partnership) -> Reader:
    """Whoever is known here already reads in their own language; others in that of the link."""
    if await members.of(session, account=moment.account) is None:
        return Reader(invite.language, partnership.timezone)
    return await readers.of(session, account=moment.account, partnership_id=partnership.id)


async def _asked(
    session: AsyncSession, organisation: Organisation, reader: Reader, *, now: datetime
) -> list[dict[str, object]]:
    found = await coming.next_for(session, organisation, now)
    return [
        {
            "title": said(one.title, reader.language),
            "often": cadences.said(cadence.told(one.schedule.rule, one.schedule.starts), reader),
            "seconds": one.seconds,
            "opens": one.opens,
        }
        for one in found
    ]


# Home.


async def _home(session: AsyncSession, tap: Tapped, _: Setting) -> Reply:
    """The way back of many cards: whatever one was asked to write there is not waited for any more."""
    await awaited.forget(session, tap.chat)
    return Reply(await home(session, tap, now=tap.received_at), over=tap.message)


async def home(session: AsyncSession, moment: Moment, *, now: datetime) -> Card:
    """Where a person is: every partnership they sit in, what is open for them, what comes next."""
    reader = await readers.alone(session, account=moment.account, language=moment.language)
    found = await members.sittings(session, account=moment.account)
    if not found:
        known = await members.of(session, account=moment.account) is not None
        return draw("stranger", reader, known=known)
    places = [await _place(session, sitting, moment, now=now) for sitting in found]
    return draw(
        "home",
        reader,
        places=places,
        parts=_told_apart([part for place in places for part in place["parts"]]),
        menus=_once(place for place in places if place["role"] == FACILITATOR),
        resting=_once(place for place in places if place["resting"]),
        several=len({place["partnership"] for place in places}) > 1,
    )


async def welcome_back(session: AsyncSession, moment: Moment) -> tuple[Reply, ...]:
    """Whoever can be reached again gets what waits for them, and nothing else: with "Restart" they also say
    /start, and see where they are by that.
    """
    posts = []
    for one in await returning.found(session, account=moment.account, now=moment.received_at):
        opened = Opened(one.round, one.partnership, (), one.round.instrument["title"])
        asked = Asked(
            one.invitation,
            moment.account,
            one.organisation.name,
            one.member.language,
            one.member.timezone,
        )
        card, lasts = invitations.invitation(opened, asked), one.round.closes_at - moment.received_at
        key = reminders.keys(one.invitation.id)[0]
        posts.append(Post(key, moment.account, card, moment.received_at, lasts))
    return (Reply(posts=tuple(posts)),) if posts else ()


async def _place(session: AsyncSession, sitting: Sitting, moment: Moment, *, now: datetime) -> Place:
    """One place as a part of that card, in the reader's language and by their clock."""
    partnership, seat = sitting.partnership, sitting.seat
    reader = await readers.of(session, account=moment.account, partnership_id=partnership.id)
    parts = [_part(part, reader, sitting) for part in await coming.open_now(session, seat, now)]
    opens = await _opens_next(session, sitting, now=now)
    today = now.astimezone(ZoneInfo(reader.timezone)).date()
    resting = seats.rests(seat, today)
    drawn = draw(
        "place",
        replace(reader, speaking=""),
        partnership=partnership.name,
        organisation=sitting.organisation.name,
        role=seat.role,
        backbone=sitting.organisation.kind == "backbone",
        parts=parts,
        resting=resting,
        until=readers.noon(seat.away_until, reader) if resting and seat.away_until else None,
        opens=opens,
    )
    return {
        "text": Markup(drawn.text),  # noqa: S704 - a card's text is HTML
        "partnership": partnership.id,
        "name": short(partnership.name, BESIDE),
        "role": seat.role,
        "resting": resting,
        "parts": parts,
    }


async def _opens_next(session: AsyncSession, sitting: Sitting, *, now: datetime) -> datetime | None:
    """When this organisation is asked next; for a facilitator, when anybody is."""
    if sitting.seat.role == FACILITATOR:
        return await coming.next_opening(session, sitting.partnership.id, now)
    upcoming = await coming.next_for(session, sitting.organisation, now)
    return next((one.opens for one in upcoming if one.opens), None)


def _part(part: Open, reader: Reader, sitting: Sitting) -> Place:
    title = said(part.title, reader.language)
    return {
        "invitation": part.invitation,
        "title": title[:1].upper() + title[1:],
        "number": part.number,
        "given": part.given,
        "of": part.of,
        "seconds": part.seconds,
        "closes": part.closes,
        "partnership": sitting.partnership.name,
        "organisation": sitting.organisation.name,
        "round": f"{title} {part.number}",
    }


def _told_apart(parts: list[Place]) -> list[Place]:
    """Each part with a name for its button: whatever tells them apart, the partnership if it does."""
    telling = ("partnership", "organisation", "round")
    by = next((key for key in telling if len({part[key] for part in parts}) == len(parts)), None)
    return [
        part | {"name": short(part[by] if by else f"{part['organisation']}, {part['round']}", BESIDE)}
        for part in parts
    ]


def _once(places: Iterable[Place]) -> list[dict[str, object]]:
    """The partnerships of these places, each once, with a name for a button."""
    named = {place["partnership"]: place["name"] for place in places}
    return [{"id": id_, "name": name} for id_, name in named.items()]


VERBS = {
    "join": Verb(_join, 2, wide=True),
    "works": Verb(partial(_shown, "works"), 2, wide=True),
    "who": Verb(partial(_shown, "who"), 2, wide=True),
    "later": Verb(partial(_shown, "later"), 2, wide=True),
    "look": Verb(_look, 2, wide=True),
    "home": Verb(_home, 0),
}
COMMANDS = {
    "/start": Command(_started, (STRANGER, MEMBER, FACILITATOR)),
    "/help": Command(_help, (STRANGER, MEMBER, FACILITATOR)),
}
WORDS: dict[str, Words] = {}
