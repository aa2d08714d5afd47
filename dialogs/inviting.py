"""Links that let people in: made, shown once, looked after, replaced and taken back."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from urllib.parse import quote

from sqlmodel.ext.asyncio.session import AsyncSession

from dialogs import awaited, people, readers
from dialogs.cards import Card, Enclosed, draw, short
from dialogs.events import Awaiting, Moment, Reply, Said, Setting, Tapped
from dialogs.verbs import Command, Verb, Words
from facilitation import invites, organisations
from facilitation.intake import Invited
from facilitation.refusals import NotYours
from facilitation.roster import Person, inert
from storage.members import Invite
from storage.partnerships import Organisation, Partnership

ROLES = invites.ROLES  # buttons carry the position
DAYS = (60, 7)
PLACES = (2, 5, 10, 25)
SHOWN = 12  # names of those who joined by a link
BESIDE = 20  # letters of a name on a button, beside what else it tells


def link(setting: Setting, secret: str) -> str:
    """Where a secret leads. Raises LinksNotReady while Parley's own name is unknown."""
    if not setting.bot:
        raise invites.LinksNotReady
    return f"https://t.me/{setting.bot}?start={secret}"


def picture(url: str) -> Enclosed:
    """A link as a picture that a phone's camera reads, with the quiet border it needs."""
    drawn = io.BytesIO()
    import segno  # noqa: PLC0415 - 1 MB, for the few who make links

    segno.make(url, error="m", micro=False).save(drawn, kind="png", scale=12, border=4)
    return Enclosed("link.png", drawn.getvalue(), picture=True)


# Making one.


async def _invite(session: AsyncSession, tap: Tapped, setting: Setting, *numbers: int) -> Reply:
    organisation_id, role = numbers
    return await _set(session, tap, setting, organisation_id, role, 0, 0, DAYS[0])


async def _set(session: AsyncSession, tap: Tapped, _: Setting, *numbers: int) -> Reply:
    """What the link will be; their name, or how many they are, is awaited."""
    organisation_id, role, several, lead, days = numbers
    organisation = await organisations.facilitated(session, organisation_id, account=tap.account)
    _checked(role, lead, days)
    item = f"{role}:{lead}:{days}"
    kind = "invite_several" if several else "invite"
    await awaited.expect(session, tap.chat, kind, organisation_id, item=item, message=tap.message)
    asks = draw(
        kind,
        await readers.of(session, account=tap.account, partnership_id=organisation.partnership_id),
        organisation=organisation,
        role=role,
        lead=lead,
        days=days,
        other_days=DAYS[1] if days == DAYS[0] else DAYS[0],
        places=PLACES,
    )
    return Reply(asks, over=tap.message)


def _checked(role: int, lead: int, days: int) -> None:
    """Raises NotYours for what no button of ours carries: a facilitator speaks for no organisation."""
    if role >= len(ROLES) or lead > 1 or days not in DAYS or (lead and ROLES[role] != "member"):
        raise NotYours


async def _make(session: AsyncSession, tap: Tapped, setting: Setting, *numbers: int) -> Reply:
    """A link without a name, for one person or for several."""
    organisation_id, role, places, lead, days = numbers
    organisation = await organisations.facilitated(session, organisation_id, account=tap.account)
    _checked(role, lead, days)
    if lead and places > 1:
        raise NotYours
    terms = _terms(role, lead, days, places=places)
    return await _made(session, tap, setting, organisation, names=("",), terms=terms, over=tap.message)


async def _named(session: AsyncSession, message: Said, awaiting: Awaiting, setting: Setting) -> Reply:
    """Somebody's name makes their link; several names, one a line, make one each."""
    organisation = await organisations.facilitated(session, awaiting.about, account=message.account)
    role, lead, days = (int(part) for part in awaiting.item.split(":"))
    names = organisations.names(message.text)
    terms = _terms(role, lead if len(names) == 1 else 0, days)
    await awaited.forget(session, message.chat)
    return await _made(
        session, message, setting, organisation, names=names, terms=terms, over=awaiting.message
    )


async def _counted(session: AsyncSession, message: Said, awaiting: Awaiting, setting: Setting) -> Reply:
    """How many people a link is for, typed."""
    organisation = await organisations.facilitated(session, awaiting.about, account=message.account)
    role, lead, days = (int(part) for part in awaiting.item.split(":"))
    terms = _terms(role, lead, days, places=invites.places(message.text))
    await awaited.forget(session, message.chat)
    return await _made(
        session, message, setting, organisation, names=("",), terms=terms, over=awaiting.message
    )


@dataclass(frozen=True)
class Terms:
    """What a link is for, however many of them are made."""

    role: str
    lead: bool
    lasts: timedelta
    places: int


def _terms(role: int, lead: int, days: int, *, places: int = 1) -> Terms:
    return Terms(ROLES[role], lead == 1, timedelta(days=days), places)


async def _made(
    session: AsyncSession,
    moment: Moment,
    setting: Setting,
    organisation: Organisation,
    *,
    names: Sequence[str],
    terms: Terms,
    over: int | None,
) -> Reply:
    """Make a link for each name and show it, the one time it can be; the card that asked is settled."""
    link(setting, "")  # refused before anything is made
    partnership = await session.get_one(Partnership, organisation.partnership_id)
    made = [
        invites.make(
            organisation,
            name=name,
            language=partnership.language,
            now=moment.received_at,
            role=terms.role,
            lead=terms.lead,
            lasts=terms.lasts,
            places=terms.places,
        )
        for name in names
    ]
    session.add_all([invite for invite, _ in made])
    await session.flush()
    if len(made) == 1:
        shown = await _shown(session, moment, setting, made[0][0], secret=made[0][1])
    else:
        invited = [Invited(_person(organisation, invite), secret) for invite, secret in made]
        shown = await several(
            session, moment, setting, partnership, invited, organisation=organisation, lasts=terms.lasts
        )
    return Reply(shown, settled=await _settled(session, moment, organisation, over))


def _person(organisation: Organisation, invite: Invite) -> Person:
    return Person(0, "", organisation.name, organisation.kind, invite.name, invite.role)


async def _settled(
    session: AsyncSession, moment: Moment, organisation: Organisation, over: int | None
) -> tuple[int, Card] | None:
    if over is None:
        return None
    reader = await readers.of(session, account=moment.account, partnership_id=organisation.partnership_id)
    return over, draw("invite_made", reader, organisation=organisation)


# Showing it, once.


async def _shown(
    session: AsyncSession, moment: Moment, setting: Setting, invite: Invite, *, secret: str
) -> Card:
    """A link with its picture. Its secret is nowhere else, and cannot be shown again."""
    _partnership, organisation = await invites.whereto(session, invite)
    url = link(setting, secret)
    told = draw(
        "invite_link",
        await readers.of(session, account=moment.account, partnership_id=invite.partnership_id),
        organisation=organisation,
        invite=invite,
        role=ROLES.index(invite.role),
        url=url,
        passing_on="https://t.me/share/url?url=" + quote(url, safe=""),
    )
    return replace(told, enclosed=picture(url))


async def several(
    session: AsyncSession,
    moment: Moment,
    setting: Setting,
    partnership: Partnership,
    invited: Sequence[Invited],
    *,
    organisation: Organisation | None = None,
    lasts: timedelta = invites.LASTS,
) -> Card:
    """Many links as one document. Their secrets are nowhere else, and cannot be shown again."""
    told = draw(
        "invite_links",
        await readers.of(session, account=moment.account, partnership_id=partnership.id),
        partnership=partnership,
        organisation=organisation,
        many=len(invited),
        replaced=sum(one.replaced for one in invited),
        expires=moment.received_at + lasts,
    )
    return replace(told, enclosed=Enclosed("links.csv", _table(setting, invited), picture=False))


def _table(setting: Setting, invited: Sequence[Invited]) -> bytes:
    """The links as a spreadsheet reads them; nothing anybody wrote is taken for a formula."""
    written = io.StringIO(newline="")
    table = csv.writer(written)
    table.writerow(("organisation", "name", "role", "link"))
    for one in invited:
        person = one.person
        cells = (person.organisation, person.name, person.role)
        table.writerow([*map(inert, cells), link(setting, one.secret)])
    # With the mark by which spreadsheets know UTF-8.
    return written.getvalue().encode("utf-8-sig")


# Looking after them.


async def _links(session: AsyncSession, tap: Tapped, _: Setting, organisation_id: int, page: int) -> Reply:
    organisation = await organisations.facilitated(session, organisation_id, account=tap.account)
    return Reply(await _list(session, tap, organisation, page), over=tap.message)


async def _list(session: AsyncSession, moment: Moment, organisation: Organisation, page: int = 0) -> Card:
    await awaited.forget(session, moment.chat)
    found = await invites.kept(session, organisation.id)
    some, page, pages = people.paged(found, page)
    return draw(
        "links",
        await readers.of(session, account=moment.account, partnership_id=organisation.partnership_id),
        organisation=organisation,
        links=[_beside(one, now=moment.received_at) for one in some],
        page=page,
        pages=pages,
    )


def _beside(invite: Invite, *, now: datetime) -> dict[str, object]:
    return {
        "id": invite.id,
        "name": short(invite.name, BESIDE),
        "places": invite.places,
        "taken": invite.taken,
        "ended": invite.expires_at <= now,
    }


async def _drawn(session: AsyncSession, tap: Tapped, template: str, invite: Invite) -> Reply:
    _partnership, organisation = await invites.whereto(session, invite)
    names = await organisations.joined_by(session, invite.id)
    drawn = draw(
        template,
        await readers.of(session, account=tap.account, partnership_id=invite.partnership_id),
        organisation=organisation,
        invite=invite,
        role=ROLES.index(invite.role),
        joined=names[:SHOWN],
        more=len(names[SHOWN:]),
        ended=invite.expires_at <= tap.received_at,
    )
    return Reply(drawn, over=tap.message)


async def _link(template: str, session: AsyncSession, tap: Tapped, _: Setting, invite_id: int) -> Reply:
    invite = await invites.facilitated(session, invite_id, account=tap.account)
    if invite.revoked_at is not None:
        raise invites.LinkGone
    return await _drawn(session, tap, template, invite)


async def _ended(session: AsyncSession, tap: Tapped, _: Setting, invite_id: int) -> Reply:
    invite = await invites.facilitated(session, invite_id, account=tap.account)
    await invites.revoke(session, invite, now=tap.received_at)
    _partnership, organisation = await invites.whereto(session, invite)
    return Reply(await _list(session, tap, organisation), over=tap.message)


async def _renewed(session: AsyncSession, tap: Tapped, setting: Setting, invite_id: int) -> Reply:
    """A lost link replaced: the old one stops, the new one is shown."""
    old = await invites.facilitated(session, invite_id, account=tap.account)
    link(setting, "")  # refused before anything is replaced
    invite, secret = await invites.renew(session, old, now=tap.received_at)
    _partnership, organisation = await invites.whereto(session, invite)
    return Reply(
        await _shown(session, tap, setting, invite, secret=secret),
        settled=await _settled(session, tap, organisation, tap.message),
    )


VERBS: dict[str, Verb] = {
    "inv": Verb(_invite, 2),
    "invset": Verb(_set, 5),
    "invmake": Verb(_make, 5),
    "links": Verb(_links, 2),
    "link": Verb(partial(_link, "link"), 1),
    "linkend": Verb(partial(_link, "link_end"), 1),
    "linkended": Verb(_ended, 1),
    "linknew": Verb(_renewed, 1),
}
COMMANDS: dict[str, Command] = {}
WORDS: dict[str, Words] = {"invite": _named, "invite_several": _counted}
