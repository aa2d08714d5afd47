"""A partnership's settings: each is changed in place, and stored at once."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from dialogs import answering, awaited, founding, languages, readers
from dialogs.cards import Card, draw
from dialogs.events import Awaiting, Moment, Reply, Said, Setting, Tapped
from dialogs.verbs import Command, Verb, Words
from facilitation import partnerships, ways, zones
from facilitation.refusals import NotYours
from storage.partnerships import Partnership

# The clocks most partnerships live by. Others are written.
LIKELY = (
    ("Europe/London", "Europe/Dublin", "Europe/Lisbon"),
    ("Europe/Paris", "Europe/Berlin"),
    ("Europe/Athens", "Europe/Helsinki"),
)
MINIMA = (4, 5, 6, 7, 8, 10, 12, 15, 20)

Facts = Callable[[Partnership, Moment, Setting], dict[str, Any]]
Change = Callable[[AsyncSession, Partnership, Moment, Setting, int], Awaitable[None]]
Write = Callable[[AsyncSession, Partnership, Said], Awaitable[Reply | None]]


async def _card(
    template: str, session: AsyncSession, moment: Moment, partnership: Partnership, **facts: object
) -> Card:
    reader = await readers.of(session, account=moment.account, partnership_id=partnership.id)
    return draw(template, reader, partnership=partnership, **facts)


# What each setting's card shows beside the partnership.


def _all(partnership: Partnership, moment: Moment, setting: Setting) -> dict[str, Any]:
    return {
        "there": founding.clock(partnership.timezone, moment.received_at),
        "language": languages.own_name(partnership.language),
        "several": len(languages.offered(setting)) > 1,
    }


def _nothing(_: Partnership, __: Moment, ___: Setting) -> dict[str, Any]:
    return {}


def _zones(partnership: Partnership, moment: Moment, _: Setting) -> dict[str, Any]:
    return {
        "there": founding.clock(partnership.timezone, moment.received_at),
        "rows": [
            [{"name": zones.city(zone), "number": zones.number(zone)} for zone in row] for row in LIKELY
        ],
    }


def _tongues(_: Partnership, __: Moment, setting: Setting) -> dict[str, Any]:
    offered = languages.offered(setting)
    return {
        "languages": [{"name": name, "number": letters(code)} for code, name in offered],
        "unreviewed": ", ".join(name for code, name in offered if code not in languages.REVIEWED),
    }


def _minima(partnership: Partnership, _: Moment, __: Setting) -> dict[str, Any]:
    return {"higher": [one for one in MINIMA if one > partnership.minimum_group]}


def letters(code: str) -> int:
    """A language on a button: its letters as one number."""
    return int.from_bytes(code.encode()[:7])


async def danger(session: AsyncSession, tap: Tapped, partnership: Partnership) -> Card:
    """What to do in danger, asked; the next words in this chat say it."""
    await awaited.expect(session, tap.chat, "way_help", partnership.id, message=tap.message)
    return await _card("way_danger", session, tap, partnership)


# What each button changes.


async def _to_zone(
    session: AsyncSession, partnership: Partnership, moment: Moment, _: Setting, number: int
) -> None:
    await ways.live_by(session, partnership, zones.numbered(number), now=moment.received_at)


async def _to_language(
    session: AsyncSession, partnership: Partnership, _: Moment, setting: Setting, number: int
) -> None:
    wanted = next((code for code, _ in languages.offered(setting) if letters(code) == number), None)
    if wanted is None:
        raise NotYours
    await ways.speak(session, partnership, wanted)


async def _to_usual(
    session: AsyncSession, partnership: Partnership, _: Moment, __: Setting, ___: int
) -> None:
    await ways.usual_danger(session, partnership)


async def _to_minimum(
    session: AsyncSession, partnership: Partnership, _: Moment, __: Setting, people: int
) -> None:
    await ways.raise_minimum(session, partnership, people)


async def _to_server(
    session: AsyncSession, partnership: Partnership, _: Moment, __: Setting, runs: int
) -> None:
    await ways.tell_server(session, partnership, runs=bool(runs))


async def _shown(  # noqa: PLR0917 - the first three are filled in below, where the buttons are listed
    template: str,
    facts: Facts,
    expected: str,
    session: AsyncSession,
    tap: Tapped,
    setting: Setting,
    partnership_id: int,
) -> Reply:
    """One setting's card; where it can be written, what comes next is taken as that."""
    partnership = await partnerships.facilitated(session, partnership_id, account=tap.account)
    if expected:
        await awaited.expect(session, tap.chat, expected, partnership.id, message=tap.message)
    else:
        await awaited.forget(session, tap.chat)
    card = await _card(template, session, tap, partnership, **facts(partnership, tap, setting))
    return Reply(card, over=tap.message)


async def _changed(  # noqa: PLR0917 - as above
    change: Change,
    session: AsyncSession,
    tap: Tapped,
    setting: Setting,
    partnership_id: int,
    number: int,
) -> Reply:
    """Store what was chosen, and show all settings with it."""
    partnership = await partnerships.facilitated(session, partnership_id, account=tap.account)
    await change(session, partnership, tap, setting, number)
    await awaited.forget(session, tap.chat)
    card = await _card("ways", session, tap, partnership, **_all(partnership, tap, setting))
    return Reply(card, over=tap.message, notice=answering.TICK)


async def _sure(session: AsyncSession, tap: Tapped, _: Setting, partnership_id: int, people: int) -> Reply:
    """Raising the smallest group is for good, so it is asked twice."""
    partnership = await partnerships.facilitated(session, partnership_id, account=tap.account)
    if people not in MINIMA or people <= partnership.minimum_group:
        raise ways.MinimumKept
    return Reply(await _card("way_minimum_sure", session, tap, partnership, people=people), over=tap.message)


# What was written.


async def _written(
    write: Write, session: AsyncSession, message: Said, awaiting: Awaiting, setting: Setting
) -> Reply:
    """Store it, show the menu, and let the card that asked rest: what it asked is answered."""
    partnership = await partnerships.facilitated(session, awaiting.about, account=message.account)
    asked = await _asked(session, message, awaiting, partnership, setting)
    unclear = await write(session, partnership, message)
    return unclear or Reply(await founding.menu(session, message, partnership.id), settled=asked)


async def _asked(
    session: AsyncSession, message: Said, awaiting: Awaiting, partnership: Partnership, setting: Setting
) -> tuple[int, Card] | None:
    if awaiting.message is None:
        return None
    template, facts, _ = CARDS[awaiting.kind]
    card = await _card(template, session, message, partnership, **facts(partnership, message, setting))
    return awaiting.message, replace(card, rows=())


async def _renamed(session: AsyncSession, partnership: Partnership, message: Said) -> None:
    await ways.rename(session, partnership, message.text)


async def _endangered(session: AsyncSession, partnership: Partnership, message: Said) -> None:
    await ways.in_danger(session, partnership, message.text)


async def _placed(session: AsyncSession, partnership: Partnership, message: Said) -> Reply | None:
    """One clock fits: it is taken. Several: they ask which. Raises ZoneUnknown where none does."""
    fitting = zones.found(message.text)
    if len(fitting) > 1:
        offered = [{"name": zone.replace("_", " "), "number": zones.number(zone)} for zone in fitting]
        return Reply(await _card("way_zones", session, message, partnership, zones=offered))
    await ways.live_by(session, partnership, fitting[0], now=message.received_at)
    return None


# Each card: its template, what it shows, and what is awaited while it is read.
CARDS: dict[str, tuple[str, Facts, str]] = {
    "ways": ("ways", _all, ""),
    "way_name": ("way_name", _nothing, "way_name"),
    "way_zone": ("way_zone", _zones, "way_zone"),
    "way_lang": ("way_language", _tongues, ""),
    "way_help": ("way_danger", _nothing, "way_help"),
    "way_k": ("way_minimum", _minima, ""),
    "way_host": ("way_host", _nothing, ""),
}
CHANGES: dict[str, Change] = {
    "way_zone_to": _to_zone,
    "way_lang_to": _to_language,
    "way_help_to": _to_usual,
    "way_k_to": _to_minimum,
    "way_host_to": _to_server,
}
VERBS: dict[str, Verb] = {
    **{kind: Verb(partial(_shown, *card), 1) for kind, card in CARDS.items()},
    **{kind: Verb(partial(_changed, change), 2) for kind, change in CHANGES.items()},
    "way_k_sure": Verb(_sure, 2),
}
COMMANDS: dict[str, Command] = {}
WRITTEN: dict[str, Write] = {"way_name": _renamed, "way_zone": _placed, "way_help": _endangered}
WORDS: dict[str, Words] = {kind: partial(_written, write) for kind, write in WRITTEN.items()}
