"""Organisations, their people, and who facilitates."""

from collections.abc import Awaitable, Callable
from functools import partial

from sqlmodel.ext.asyncio.session import AsyncSession

from dialogs import awaited, bundles, people, readers, ways
from dialogs.cards import Card, Reader, draw, short
from dialogs.events import Awaiting, Moment, Reply, Said, Setting, Tapped
from dialogs.verbs import Command, Verb, Words
from facilitation import founding, organisations, partnerships
from facilitation.organisations import KINDS
from facilitation.refusals import NotYours
from storage.partnerships import Organisation, Partnership

BESIDE = 21  # letters of a name on a button, beside what else it tells
CAPACITIES = (30, 60, 120, 240)
NOT_SAID = 0  # in place of minutes
NEWEST = 10**6  # in place of a page: the last one
Keep = Callable[[AsyncSession, Organisation, str], Awaitable[None]]


# The list.


async def listing(session: AsyncSession, moment: Moment, partnership_id: int, page: int = 0) -> Card:
    """The organisations of a partnership, a page at a time. Raises NotYours."""
    partnership = await partnerships.facilitated(session, partnership_id, account=moment.account)
    # Whoever comes here has left whatever they were asked to write.
    await awaited.forget(session, moment.chat)
    found = await organisations.listed(session, partnership_id, now=moment.received_at)
    some, page, pages = people.paged(found, page)
    return draw(
        "organisations",
        await readers.of(session, account=moment.account, partnership_id=partnership_id),
        partnership=partnership,
        organisations=[
            {
                "id": one.organisation.id,
                "name": short(one.organisation.name, BESIDE),
                "joined": one.joined,
                "expected": one.joined + one.to_come,
            }
            for one in some
        ],
        many=len(found),
        not_reached=sum(one.organisation.off_telegram for one in found),
        page=page,
        pages=pages,
        bundled=1 < len(organisations.waiting(found)) <= bundles.MOST,
    )


async def _list(session: AsyncSession, tap: Tapped, _: Setting, partnership_id: int, page: int = 0) -> Reply:
    return Reply(await listing(session, tap, partnership_id, page), over=tap.message)


# Adding.


async def _add(session: AsyncSession, tap: Tapped, _: Setting, partnership_id: int) -> Reply:
    partnership = await partnerships.facilitated(session, partnership_id, account=tap.account)
    await awaited.expect(session, tap.chat, "organisation_add", partnership_id, message=tap.message)
    reader = await readers.of(session, account=tap.account, partnership_id=partnership_id)
    first = not [one for one in await organisations.of(session, partnership_id) if one.kind != "backbone"]
    return Reply(draw("organisation_add", reader, partnership=partnership, first=first), over=tap.message)


async def _named(session: AsyncSession, message: Said, awaiting: Awaiting, _: Setting) -> Reply:
    partnership = await partnerships.facilitated(session, awaiting.about, account=message.account)
    added = await organisations.add(session, partnership.id, message.text)
    await awaited.forget(session, message.chat)
    left = len(added) if len(added) > 1 else 0
    return Reply(
        await _kinds(session, message, added[0], left=left, fresh=True),
        settled=await _settled(session, message, awaiting, partnership),
    )


async def _settled(
    session: AsyncSession, message: Said, awaiting: Awaiting, partnership: Partnership
) -> tuple[int, Card] | None:
    """The card that asked for these words: it asks nothing now."""
    if awaiting.message is None:
        return None
    reader = await readers.of(session, account=message.account, partnership_id=partnership.id)
    return awaiting.message, draw("written_down", reader, words=short(message.text, 200))


async def _kinds(
    session: AsyncSession, moment: Moment, organisation: Organisation, *, left: int, fresh: bool
) -> Card:
    """What kind it is, asked; `left`: so many of those just added are still to be told, this one too."""
    return draw(
        "organisation_kind",
        await _reader(session, moment, organisation),
        organisation=organisation,
        kinds=KINDS,
        left=left,
        fresh=fresh,
    )


async def _kind(session: AsyncSession, tap: Tapped, _: Setting, organisation_id: int) -> Reply:
    organisation = await _mine(session, tap, organisation_id)
    return Reply(await _kinds(session, tap, organisation, left=0, fresh=False), over=tap.message)


async def _is(session: AsyncSession, tap: Tapped, _: Setting, *numbers: int) -> Reply:
    """The kind is chosen: on to the next one that was added with it, then the list; else its card."""
    organisation_id, kind, left = numbers
    organisation = await _mine(session, tap, organisation_id)
    if kind >= len(KINDS):
        raise NotYours
    organisation.kind = KINDS[kind]
    session.add(organisation)
    await session.flush()
    if left == 0:
        return await _back(session, tap, organisation)
    following = await _following(session, organisation) if left > 1 else None
    if following is None:
        return await _all_told(session, tap, organisation.partnership_id)
    return Reply(await _kinds(session, tap, following, left=left - 1, fresh=True), over=tap.message)


async def _all_told(session: AsyncSession, tap: Tapped, partnership_id: int) -> Reply:
    """Before anybody is let in, on to what they are told first, where that is not said yet; else the list."""
    partnership = await partnerships.facilitated(session, partnership_id, account=tap.account)
    if partnership.danger or (await founding.progress(session, partnership, now=tap.received_at)).invited:
        return Reply(await listing(session, tap, partnership_id, NEWEST), over=tap.message)
    return Reply(await ways.danger(session, tap, partnership), over=tap.message)


async def _following(session: AsyncSession, organisation: Organisation) -> Organisation | None:
    found = await organisations.of(session, organisation.partnership_id)
    return next((one for one in found if one.id > organisation.id), None)


# One organisation.


async def _mine(session: AsyncSession, moment: Moment, organisation_id: int) -> Organisation:
    return await organisations.facilitated(session, organisation_id, account=moment.account)


async def _reader(session: AsyncSession, moment: Moment, organisation: Organisation) -> Reader:
    return await readers.of(session, account=moment.account, partnership_id=organisation.partnership_id)


async def card(session: AsyncSession, moment: Moment, organisation: Organisation) -> Card:
    """An organisation with what it says of itself, and everything that can be done for it."""
    await awaited.forget(session, moment.chat)
    sat = await organisations.people(session, organisation.id)
    leads = [one.seat.name for one in sat if one.seat.lead]
    return draw(
        "organisation",
        await _reader(session, moment, organisation),
        organisation=organisation,
        joined=len(sat),
        lead=leads[0] if leads else None,
    )


async def _open(session: AsyncSession, tap: Tapped, _: Setting, organisation_id: int) -> Reply:
    return await _back(session, tap, await _mine(session, tap, organisation_id))


async def _back(session: AsyncSession, tap: Tapped, organisation: Organisation) -> Reply:
    await session.flush()
    return Reply(await card(session, tap, organisation), over=tap.message)


async def _asks(  # the template is filled in where the buttons are listed
    template: str, session: AsyncSession, tap: Tapped, _: Setting, organisation_id: int
) -> Reply:
    """A card that waits for words about an organisation; they are told apart by its name."""
    organisation = await _mine(session, tap, organisation_id)
    await awaited.expect(session, tap.chat, template, organisation_id, message=tap.message)
    reader = await _reader(session, tap, organisation)
    facts = {"organisation": organisation, "capacities": CAPACITIES}
    return Reply(draw(template, reader, **facts), over=tap.message)


async def _told(  # what is done with the words is filled in below
    keep: Keep, session: AsyncSession, message: Said, awaiting: Awaiting, _: Setting
) -> Reply:
    """Words about an organisation: kept, and its card drawn anew."""
    organisation = await _mine(session, message, awaiting.about)
    await keep(session, organisation, message.text)
    session.add(organisation)
    await session.flush()
    partnership = await partnerships.facilitated(
        session, organisation.partnership_id, account=message.account
    )
    return Reply(
        await card(session, message, organisation),
        settled=await _settled(session, message, awaiting, partnership),
    )


async def _typed_minutes(_: AsyncSession, organisation: Organisation, text: str) -> None:
    organisation.capacity = organisations.minutes(text)


async def _typed_unwanted(_: AsyncSession, organisation: Organisation, text: str) -> None:
    organisation.unwanted = organisations.unwanted(text)


async def _minutes(
    session: AsyncSession, tap: Tapped, _: Setting, organisation_id: int, minutes: int
) -> Reply:
    organisation = await _mine(session, tap, organisation_id)
    if minutes not in (NOT_SAID, *CAPACITIES):
        raise NotYours
    organisation.capacity = minutes or None
    session.add(organisation)
    return await _back(session, tap, organisation)


async def _wants_all(session: AsyncSession, tap: Tapped, _: Setting, organisation_id: int) -> Reply:
    organisation = await _mine(session, tap, organisation_id)
    organisation.unwanted = ""
    session.add(organisation)
    return await _back(session, tap, organisation)


async def _off_telegram(
    session: AsyncSession, tap: Tapped, _: Setting, organisation_id: int, count: int
) -> Reply:
    """So many of its people are not on Telegram. The button carries the count: twice tapped is once."""
    organisation = await _mine(session, tap, organisation_id)
    organisation.off_telegram = min(count, organisations.MOST_OFF_TELEGRAM)
    session.add(organisation)
    return await _back(session, tap, organisation)


async def _drop(session: AsyncSession, tap: Tapped, _: Setting, organisation_id: int) -> Reply:
    organisation = await _mine(session, tap, organisation_id)
    sat = await organisations.people(session, organisation_id)
    reader = await _reader(session, tap, organisation)
    return Reply(
        draw("organisation_drop", reader, organisation=organisation, joined=len(sat)), over=tap.message
    )


async def _dropped(session: AsyncSession, tap: Tapped, _: Setting, organisation_id: int) -> Reply:
    organisation = await _mine(session, tap, organisation_id)
    sat = await organisations.remove(session, organisation, account=tap.account, now=tap.received_at)
    await session.flush()
    posts = [await people.farewell(session, one, organisation, now=tap.received_at) for one in sat]
    return Reply(
        await listing(session, tap, organisation.partnership_id),
        over=tap.message,
        posts=tuple(post for post in posts if post is not None),
    )


MINUTES, UNWANTED, RENAME = "organisation_time", "organisation_unwanted", "organisation_rename"
VERBS: dict[str, Verb] = {
    "orgs": Verb(_list, 1),
    "orgspage": Verb(_list, 2),
    "orgadd": Verb(_add, 1),
    "org": Verb(_open, 1),
    "orgkind": Verb(_kind, 1),
    "orgis": Verb(_is, 3),
    "orgtime": Verb(partial(_asks, MINUTES), 1),
    "orgminutes": Verb(_minutes, 2),
    "orgnot": Verb(partial(_asks, UNWANTED), 1),
    "orgall": Verb(_wants_all, 1),
    "orgname": Verb(partial(_asks, RENAME), 1),
    "orgoff": Verb(_off_telegram, 2),
    "orgdrop": Verb(_drop, 1),
    "orggone": Verb(_dropped, 1),
    **people.VERBS,
}
COMMANDS: dict[str, Command] = {}
WORDS: dict[str, Words] = {
    "organisation_add": _named,
    MINUTES: partial(_told, _typed_minutes),
    UNWANTED: partial(_told, _typed_unwanted),
    RENAME: partial(_told, organisations.rename),
}
