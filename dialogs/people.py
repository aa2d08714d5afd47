"""The people of an organisation: who sits there, who speaks for it, and who has left."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from sqlmodel.ext.asyncio.session import AsyncSession

from dialogs import awaited, readers
from dialogs.cards import Card, Reader, draw, short
from dialogs.events import Moment, Post, Reply, Setting, Tapped
from dialogs.verbs import Verb
from facilitation import invites, organisations
from facilitation.organisations import Person
from facilitation.reach import Unreached
from storage.partnerships import Organisation, Partnership

PAGE = 8
BESIDE = 19  # letters of a name on a button, beside what else it tells
T = TypeVar("T")


def paged(found: Sequence[T], page: int) -> tuple[Sequence[T], int, int]:
    """One page of a list, its number, and how many there are; beyond the end it is the last."""
    pages = max(1, -(-len(found) // PAGE))
    page = min(page, pages - 1)
    return found[page * PAGE : (page + 1) * PAGE], page, pages


async def card(session: AsyncSession, moment: Moment, organisation: Organisation, page: int = 0) -> Card:
    """Who sits in an organisation, and how many links wait for people."""
    # Whoever comes here has left whatever they were asked to write.
    await awaited.forget(session, moment.chat)
    found = await organisations.people(session, organisation.id)
    some, page, pages = paged(found, page)
    return draw(
        "people",
        await readers.of(session, account=moment.account, partnership_id=organisation.partnership_id),
        organisation=organisation,
        people=[_shown(one) for one in some],
        many=len(found),
        links=len(await invites.kept(session, organisation.id)),
        page=page,
        pages=pages,
    )


def _shown(one: Person) -> dict[str, object]:
    """What a facilitator sees of somebody; whether they are away or answer is not among it."""
    return {
        "id": one.seat.id,
        "name": short(one.seat.name, BESIDE),
        "lead": one.seat.lead,
        "facilitator": one.seat.role == "facilitator",
        "reachable": one.reachable,
    }


async def _people(
    session: AsyncSession, tap: Tapped, _: Setting, organisation_id: int, page: int = 0
) -> Reply:
    organisation = await organisations.facilitated(session, organisation_id, account=tap.account)
    return Reply(await card(session, tap, organisation, page), over=tap.message)


async def _drawn(session: AsyncSession, tap: Tapped, template: str, seat_id: int) -> Reply:
    one, organisation = await organisations.person(session, seat_id, account=tap.account)
    reader = await readers.of(session, account=tap.account, partnership_id=organisation.partnership_id)
    facts = _shown(one) | {"name": one.seat.name, "organisation": organisation}
    return Reply(draw(template, reader, **facts), over=tap.message)


async def _person(session: AsyncSession, tap: Tapped, _: Setting, seat_id: int) -> Reply:
    return await _drawn(session, tap, "person", seat_id)


async def _lead(session: AsyncSession, tap: Tapped, _: Setting, seat_id: int, leads: int) -> Reply:
    one, _organisation = await organisations.person(session, seat_id, account=tap.account)
    await organisations.lead(session, one, leads=leads == 1)
    await session.flush()
    return await _drawn(session, tap, "person", seat_id)


async def _drop(session: AsyncSession, tap: Tapped, _: Setting, seat_id: int) -> Reply:
    return await _drawn(session, tap, "person_drop", seat_id)


async def _dropped(session: AsyncSession, tap: Tapped, _: Setting, seat_id: int) -> Reply:
    one, organisation = await organisations.person(session, seat_id, account=tap.account)
    await organisations.put_out(session, one, account=tap.account, now=tap.received_at)
    post = await farewell(session, one, organisation, now=tap.received_at)
    return Reply(
        await card(session, tap, organisation), over=tap.message, posts=(post,) if post is not None else ()
    )


async def farewell(
    session: AsyncSession, one: Person, organisation: Organisation, *, now: datetime
) -> Post | None:
    """What somebody is told whose seat was ended; None where no message reaches them."""
    if one.account is None or not one.reachable:
        return None
    partnership = await session.get_one(Partnership, organisation.partnership_id)
    reader = await readers.of(session, account=one.account, partnership_id=partnership.id)
    told = draw(
        "seat_ended",
        reader,
        partnership=partnership,
        organisation=organisation,
        removed=organisation.removed_at is not None,
    )
    begins = readers.by_day(reader, now)
    return Post(f"seat_ended:{one.seat.id}:{now.timestamp():.0f}", one.account, told, begins)


def unreached(reader: Reader, partnership: Partnership, people: Sequence[Unreached]) -> Card:
    """Whom no message of a partnership reaches, for one of its facilitators."""
    return draw("unreached", reader, partnership=partnership, **listed(people))


def listed(people: Sequence[Unreached]) -> dict[str, object]:
    """A page of them as a card tells them, and how many more there are."""
    told = [
        {"name": one.seat.name, "organisation": one.organisation, "facilitates": one.facilitates}
        for one in people[:PAGE]
    ]
    return {"people": told, "more": len(people) - len(told)}


def renamed(reader: Reader, partnership: Partnership, *, bot: str) -> Card:
    """Links made before no longer work: the bot has another name."""
    return draw("renamed", reader, partnership=partnership, bot=bot)


VERBS: dict[str, Verb] = {
    "people": Verb(_people, 1),
    "peoplepage": Verb(_people, 2),
    "person": Verb(_person, 1),
    "personlead": Verb(_lead, 2),
    "persondrop": Verb(_drop, 1),
    "persongone": Verb(_dropped, 1),
}
