"""Where everything stands, for facilitators."""

from collections.abc import Sequence
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from dialogs import awaited, cadences, choosing, plans, readers
from dialogs.cards import Card, Reader, draw, short
from dialogs.events import Moment, Reply, Said, Setting, Tapped
from dialogs.verbs import FACILITATOR, Command, Verb, Words
from facilitation import partnerships, standing
from facilitation.skipping import HOLIDAY
from facilitation.standing import Following, Place, Running, Skipped, Standing

LISTED = 8
NAMED = 4


async def card(session: AsyncSession, moment: Moment, partnership_id: int) -> Card:
    """Rounds, what comes next, what did not happen or arrive. Raises NotYours."""
    partnership = await partnerships.facilitated(session, partnership_id, account=moment.account)
    await awaited.forget(session, moment.chat)
    found = await standing.of(session, partnership, now=moment.received_at)
    reader = await readers.of(session, account=moment.account, partnership_id=partnership_id)
    return draw(
        "status",
        reader,
        partnership=partnership_id,
        name=partnership.name,
        running=[_running(one, reader) for one in found.running],
        following=[_following(one, reader) for one in found.following],
        skipped=[_skipped(one, reader) for one in found.skipped[:LISTED]],
        undelivered=found.undelivered,
        owed=found.owed,
        **_people(found),
    )


def _running(one: Running, reader: Reader) -> dict[str, Any]:
    return {
        "title": plans.title(one.schedule, reader),
        "number": one.round.number,
        "open": one.round.state == "open",
        "closes": one.round.closes_at,
        "digest": one.round.digest_at,
        "half": one.half,
    }


def _following(one: Following, reader: Reader) -> dict[str, Any]:
    return {
        "title": plans.title(one.schedule, reader),
        "day": cadences.long_date(one.coming.day, reader) if one.coming else "",
        "hour": cadences.hour(one.schedule.opens),
    }


def _skipped(one: Skipped, reader: Reader) -> dict[str, Any]:
    reason, _, holiday = one.round.reason.partition(HOLIDAY[-1])
    return {
        "title": plans.title(one.schedule, reader),
        "opened": one.round.opens_at,
        "reason": reason,
        "holiday": holiday,
    }


def _people(found: Standing) -> dict[str, Any]:
    empty = [place.name for place in found.places if not place.seats]
    loads = [load for load in found.loads if load.minutes or load.rested]
    return {
        "empty": empty[:LISTED],
        "places": [_unreached(place) for place in found.places if place.seats][:LISTED],
        "facilitators": _listed(found.facilitators) if found.facilitators else None,
        "group": found.group,
        # Where nobody has joined yet is told already.
        "unreached": len(set(found.missed["none"]) - set(empty)),
        "off_telegram": found.missed["some"][:LISTED],
        "loads": loads[:LISTED],
        "more_loads": max(0, len(loads) - LISTED),
    }


def _unreached(place: Place) -> dict[str, Any]:
    return {"name": place.name, "people": _listed(place.people)}


def _listed(names: Sequence[str]) -> dict[str, Any]:
    """A few names on one line; whoever has none is one of those counted."""
    known = [short(name, 30) for name in names if name][:NAMED]
    return {"names": ", ".join(known), "more": len(names) - len(known), "many": len(names)}


async def _tapped(session: AsyncSession, tap: Tapped, _: Setting, partnership_id: int) -> Reply:
    return Reply(await card(session, tap, partnership_id), over=tap.message)


async def _said(session: AsyncSession, message: Said, _: Setting, __: str) -> Reply:
    which = await choosing.one_of(session, message, "status", role=FACILITATOR)
    return which if isinstance(which, Reply) else Reply(await card(session, message, which))


VERBS: dict[str, Verb] = {"status": Verb(_tapped, 1)}
COMMANDS: dict[str, Command] = {"/status": Command(_said, (FACILITATOR,))}
WORDS: dict[str, Words] = {}
