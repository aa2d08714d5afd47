"""A member's own ways: away, pausing, leaving, language and clock, places and earlier digests."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from sqlmodel.ext.asyncio.session import AsyncSession

from dialogs import awaited, choosing, commands, founding, joining, languages, readers
from dialogs.cards import Card, Reader, draw, short
from dialogs.events import Awaiting, Moment, Reply, Said, Setting, Tapped
from dialogs.verbs import Command, Verb, Words
from facilitation import coming, days, earlier, members, seats, zones
from facilitation.instruments import said
from facilitation.members import Sitting
from facilitation.refusals import NotYours

WEEKS = (7, 14)  # days away that have a button
BESIDE = 40  # letters of a name on a button


# Away and pausing.


async def _away(session: AsyncSession, message: Said, _: Setting, rest: str) -> Reply:
    """/away asks for a day; with one behind it ("/away until 14 December") that is taken at once."""
    which = await choosing.one_of(session, message, "away", everywhere=True)
    if isinstance(which, Reply):
        return which
    if rest:
        return Reply(await _until(session, message, which, _day(rest, today=await _today(session, message))))
    return Reply(await _until_when(session, message, which))


async def _ask_away(session: AsyncSession, tap: Tapped, _: Setting, partnership_id: int) -> Reply:
    return Reply(await _until_when(session, tap, partnership_id), over=tap.message)


async def _until_when(session: AsyncSession, moment: Moment, partnership_id: int) -> Card:
    """Until when, by a button or in words: the next text of this chat is a day."""
    sittings = await seats.mine(session, account=moment.account, partnership_id=partnership_id)
    shown_in = moment.message if isinstance(moment, Tapped) else None
    await awaited.expect(session, moment.chat, "away", partnership_id, message=shown_in)
    reader = await _reader(session, moment, partnership_id)
    return draw("away", reader, **_where(sittings, partnership_id), weeks=WEEKS)


async def _away_for(
    session: AsyncSession, tap: Tapped, _: Setting, partnership_id: int, length: int
) -> Reply:
    if length not in WEEKS:
        raise NotYours
    until = await _today(session, tap) + timedelta(days=length)
    return Reply(await _until(session, tap, partnership_id, until), over=tap.message)


async def _until(session: AsyncSession, moment: Moment, partnership_id: int, until: date) -> Card:
    sittings = await seats.mine(session, account=moment.account, partnership_id=partnership_id)
    today = await _today(session, moment)
    await seats.away(session, [one.seat for one in sittings], until=until, today=today)
    await awaited.forget(session, moment.chat)
    return await _resting(session, moment, partnership_id, sittings)


async def _named_day(session: AsyncSession, message: Said, awaiting: Awaiting, _: Setting) -> Reply:
    until = _day(message.text, today=await _today(session, message))
    return Reply(await _until(session, message, awaiting.about, until))


def _day(words: str, *, today: date) -> date:
    """The day somebody names. Raises AwayUnreadable, DayNotThere."""
    plain = words.strip().lower()
    for beginning in ("until", "till", "to"):
        plain = plain.removeprefix(f"{beginning} ")
    found = days.day(plain, today=today)
    if found is None:
        raise seats.AwayUnreadable
    return found


async def _pause(session: AsyncSession, message: Said, _: Setting, __: str) -> Reply:
    which = await choosing.one_of(session, message, "pause", everywhere=True)
    if isinstance(which, Reply):
        return which
    return Reply(await _paused(session, message, which))


async def _pause_now(session: AsyncSession, tap: Tapped, _: Setting, partnership_id: int) -> Reply:
    return Reply(await _paused(session, tap, partnership_id), over=tap.message)


async def _paused(session: AsyncSession, moment: Moment, partnership_id: int) -> Card:
    sittings = await seats.mine(session, account=moment.account, partnership_id=partnership_id)
    await seats.pause(session, [one.seat for one in sittings], now=moment.received_at)
    await awaited.forget(session, moment.chat)
    return await _resting(session, moment, partnership_id, sittings)


async def _resting(
    session: AsyncSession, moment: Moment, partnership_id: int, sittings: list[Sitting]
) -> Card:
    reader = await _reader(session, moment, partnership_id)
    day = sittings[0].seat.away_until
    until = readers.noon(day, reader) if day else None
    return draw("resting", reader, **_where(sittings, partnership_id), until=until)


async def _back(session: AsyncSession, tap: Tapped, _: Setting, partnership_id: int) -> Reply:
    sittings = await seats.mine(session, account=tap.account, partnership_id=partnership_id)
    await seats.resume(session, [one.seat for one in sittings])
    return Reply(await joining.home(session, tap, now=tap.received_at), over=tap.message)


# Leaving.


async def _leave(session: AsyncSession, message: Said, _: Setting, __: str) -> Reply:
    which = await choosing.one_of(session, message, "leave")
    if isinstance(which, Reply):
        return which
    return Reply(await _sure(session, message, which))


async def _ask_leave(session: AsyncSession, tap: Tapped, _: Setting, partnership_id: int) -> Reply:
    return Reply(await _sure(session, tap, partnership_id), over=tap.message)


async def _sure(session: AsyncSession, moment: Moment, partnership_id: int) -> Card:
    """What leaving means, before anything is done. Raises NotYours, OnlyFacilitator."""
    sittings = await _in_one(session, moment, partnership_id)
    await seats.may_go(session, [one.seat for one in sittings])
    reader = await _reader(session, moment, partnership_id)
    answered = await seats.answered_now(session, [one.seat for one in sittings])
    return draw("leave", reader, **_where(sittings, partnership_id), answered=answered)


async def _left(
    session: AsyncSession, tap: Tapped, setting: Setting, partnership_id: int, taking_out: int
) -> Reply:
    sittings = await _in_one(session, tap, partnership_id)
    reader = await _reader(session, tap, partnership_id)
    places = [one.seat for one in sittings]
    await seats.leave(session, places, taking_out=bool(taking_out), now=tap.received_at)
    await awaited.forget(session, tap.chat)
    card = draw("left", reader, **_where(sittings, partnership_id), taken_out=bool(taking_out))
    return Reply(card, over=tap.message, commands=await commands.of(session, tap, setting))


async def _in_one(session: AsyncSession, moment: Moment, partnership_id: int) -> list[Sitting]:
    """The places in one partnership: nobody leaves everything with one tap. Raises NotYours."""
    if partnership_id == seats.EVERYWHERE:
        raise NotYours
    return await seats.mine(session, account=moment.account, partnership_id=partnership_id)


# Language and clock.


async def _language(session: AsyncSession, message: Said, setting: Setting, _: str) -> Reply:
    return Reply(await _tongues(session, message, setting))


async def _show_language(session: AsyncSession, tap: Tapped, setting: Setting) -> Reply:
    return Reply(await _tongues(session, tap, setting), over=tap.message)


async def _tongues(session: AsyncSession, moment: Moment, setting: Setting) -> Card:
    member = await members.of(session, account=moment.account)
    reader = await readers.alone(session, account=moment.account, language=moment.language)
    await awaited.forget(session, moment.chat)
    offered = [
        {"name": name, "number": zones.number(code), "chosen": member is not None and member.language == code}
        for code, name in languages.offered(setting)
    ]
    city = zones.city(member.timezone) if member is not None and member.timezone else ""
    return draw("language", reader, known=member is not None, offered=offered, city=city)


async def _speak(session: AsyncSession, tap: Tapped, setting: Setting, number: int) -> Reply:
    code = next((code for code, _ in languages.offered(setting) if zones.number(code) == number), None)
    if code is None:
        raise NotYours
    await seats.speak(session, code, account=tap.account)
    card = await _tongues(session, tap, setting)
    return Reply(card, over=tap.message, commands=await commands.of(session, tap, setting))


async def _clock(session: AsyncSession, tap: Tapped, _: Setting) -> Reply:
    await awaited.expect(session, tap.chat, "clock", 0, message=tap.message)
    return Reply(await _clocks(session, tap), over=tap.message)


async def _clocks(session: AsyncSession, moment: Moment, found: tuple[str, ...] = ()) -> Card:
    """The clock somebody lives by, and others to choose. Raises NotYours for a stranger."""
    member = await members.of(session, account=moment.account)
    if member is None:
        raise NotYours
    reader = await readers.alone(session, account=moment.account, language=moment.language)
    now = moment.received_at
    offered = [{"name": short(zones.city(zone), BESIDE), "number": zones.number(zone)} for zone in found]
    return draw(
        "clock",
        reader,
        zone=zones.city(member.timezone) if member.timezone else "",
        now=founding.clock(member.timezone or "UTC", now),
        found=[one | {"now": founding.clock(zone, now)} for one, zone in zip(offered, found, strict=True)],
    )


async def _named_clock(session: AsyncSession, message: Said, _: Awaiting, setting: Setting) -> Reply:
    """A city's name: the clock is set if it is the only one, else asked which."""
    found = tuple(zones.found(message.text))
    if len(found) == 1:
        await seats.live_by(session, found[0], account=message.account)
        return Reply(await _tongues(session, message, setting))
    return Reply(await _clocks(session, message, found))


async def _live_by(session: AsyncSession, tap: Tapped, setting: Setting, number: int) -> Reply:
    """A clock by its number; 0 is each partnership's own."""
    await seats.live_by(session, zones.numbered(number) if number else "", account=tap.account)
    return Reply(await _tongues(session, tap, setting), over=tap.message)


# Places and earlier digests.


async def _places(session: AsyncSession, message: Said, _: Setting, __: str) -> Reply:
    sittings = await members.sittings(session, account=message.account)
    drawn = [await _described(session, message, one) for one in sittings]
    reader = await readers.alone(session, account=message.account, language=message.language)
    return Reply(draw("places", reader, places=drawn))


async def _described(session: AsyncSession, moment: Moment, one: Sitting) -> dict[str, object]:
    reader = await _reader(session, moment, one.partnership.id)
    found = await coming.open_now(session, one.seat, moment.received_at)
    return {
        "partnership": one.partnership.name,
        "organisation": one.organisation.name,
        "role": one.seat.role,
        "lead": one.seat.lead,
        "name": one.seat.name,
        "since": readers.noon(one.seat.consented_at.astimezone(ZoneInfo(reader.timezone)).date(), reader),
        "open": [f"{said(part.title, reader.language)} {part.number}" for part in found],
    }


async def _digests(session: AsyncSession, message: Said, _: Setting, __: str) -> Reply:
    which = await choosing.one_of(session, message, "earlier")
    if isinstance(which, Reply):
        return which
    return Reply(await _page(session, message, which, 0))


async def _first_digests(session: AsyncSession, tap: Tapped, _: Setting, partnership_id: int) -> Reply:
    return Reply(await _page(session, tap, partnership_id, 0), over=tap.message)


async def _more_digests(
    session: AsyncSession, tap: Tapped, _: Setting, partnership_id: int, page: int
) -> Reply:
    return Reply(await _page(session, tap, partnership_id, page), over=tap.message)


async def _page(session: AsyncSession, moment: Moment, partnership_id: int, page: int) -> Card:
    if not 0 <= page < 2**31 or partnership_id == seats.EVERYWHERE:
        raise NotYours
    found, more = await earlier.digests(session, partnership_id, account=moment.account, page=page)
    reader = await _reader(session, moment, partnership_id)
    shown = [{"one": one, "title": short(said(one.title, reader.language), 18)} for one in found]
    return draw("digests", reader, partnership=partnership_id, digests=shown, page=page, more=more)


# What these share.


async def _reader(session: AsyncSession, moment: Moment, partnership_id: int) -> Reader:
    if partnership_id == seats.EVERYWHERE:
        return await readers.alone(session, account=moment.account, language=moment.language)
    return await readers.of(session, account=moment.account, partnership_id=partnership_id)


def _where(sittings: list[Sitting], partnership_id: int) -> dict[str, object]:
    """Which places are meant, as a card names them: one partnership, or "" for all of them."""
    everywhere = partnership_id == seats.EVERYWHERE
    return {"place": "" if everywhere else sittings[0].partnership.name, "partnership": partnership_id}


async def _today(session: AsyncSession, moment: Moment) -> date:
    """The day it is where this person is: by their own clock, else by their first partnership's."""
    sittings = await seats.mine(session, account=moment.account)
    reader = await readers.of(session, account=moment.account, partnership_id=sittings[0].partnership.id)
    return moment.received_at.astimezone(ZoneInfo(reader.timezone)).date()


VERBS: dict[str, Verb] = {
    "away": Verb(_ask_away, 1),
    "awayfor": Verb(_away_for, 2),
    "pause": Verb(_pause_now, 1),
    "back": Verb(_back, 1),
    "leave": Verb(_ask_leave, 1),
    "left": Verb(_left, 2),
    "language": Verb(_show_language, 0),
    "speak": Verb(_speak, 1),
    "clock": Verb(_clock, 0),
    "liveby": Verb(_live_by, 1),
    "earlier": Verb(_first_digests, 1),
    "older": Verb(_more_digests, 2),
}
COMMANDS: dict[str, Command] = {
    "/away": Command(_away),
    "/pause": Command(_pause),
    "/leave": Command(_leave),
    "/language": Command(_language),
    "/partnerships": Command(_places),
    "/digests": Command(_digests),
}
WORDS: dict[str, Words] = {"away": _named_day, "clock": _named_clock}
