"""What a facilitator owes a reply to: the list, the steps of a reply, and what is kept out of the digest."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel.ext.asyncio.session import AsyncSession

from dialogs import awaited, labels, raising, readers
from dialogs.cards import Card, Reader, draw, sentence, short
from dialogs.events import Awaiting, Moment, Post, Reply, Said, Setting, Tapped
from dialogs.verbs import Command, Verb, Words
from facilitation import days, partnerships, raised, replies, withholding
from facilitation.raised import Spoken, TakenBack
from facilitation.refusals import NotYours

BESIDE = 18  # letters of somebody's words on a button, beside a date
NAME_ROOM = 100
TICK = "✓"
ORDINALS = (date(2020, 1, 1).toordinal(), date(2999, 12, 31).toordinal())


# (session, tap, what it is about, *numbers)
Stepping = Callable[..., Awaitable[Reply]]


async def _list(
    session: AsyncSession, tap: Tapped, _: Setting, partnership_id: int, page: int = 0, *, old: bool = False
) -> Reply:
    """What is owed a reply, oldest first; `old`: what had one, newest first."""
    await partnerships.facilitated(session, partnership_id, account=tap.account)
    await awaited.forget(session, tap.chat, only=WORDS)
    reader = await readers.of(session, account=tap.account, partnership_id=partnership_id)
    crowds = await raised.crowds_of(session, partnership_id)
    found = await raised.standing(session, partnership_id)
    having = [one for one in found if (one.raised.replied_at is not None) == old]
    having = list(reversed(having)) if old else having
    page, pages = raising.of_pages(page, len(having))
    shown = having[page * raising.A_PAGE : (page + 1) * raising.A_PAGE]
    card = draw(
        "owed",
        reader,
        partnership=partnership_id,
        old=old,
        rows=[told(one, reader, crowds, now=tap.received_at) for one in shown],
        count=len(having),
        others=len(found) - len(having),
        page=page,
        pages=pages,
    )
    return Reply(card, over=tap.message)


def told(one: Spoken, reader: Reader, crowds: set[str], *, now: datetime) -> dict[str, Any]:
    """What a facilitator is told of something raised: days, never hours."""
    row, zone = one.raised, ZoneInfo(reader.timezone)
    today, day = now.astimezone(zone).date(), raised.day_raised(row, zone)
    owed_by = raised.owed_until(row, zone)
    return {
        "id": row.id,
        "text": row.text,
        "label": short(row.text, BESIDE),
        "author": author(raised.label(one, crowds=crowds), reader),
        "raised": readers.noon(day, reader),
        "waits": max(0, (today - day).days),
        "owed_by": readers.noon(owed_by, reader),
        "late": today > owed_by,
        "quotable": row.shown_as in raised.QUOTABLE,
        "withheld": raising.reason(row.withheld, reader),
        "reply": raising.reply(row.reply, row.words, row.until, reader) if row.replied_at else "",
    }


def author(quote: dict[str, str], reader: Reader) -> str:
    """Who says it, as they chose; "" for the facilitator alone."""
    if quote["by"] == raised.ALONE:
        return ""
    return labels.author(quote, reader, NAME_ROOM)


async def _step(
    step: Stepping, session: AsyncSession, tap: Tapped, _: Setting, raised_id: int, *numbers: int
) -> Reply:
    """A button about one thing raised. Raises NotYours, TakenBack."""
    one = await replies.before(session, raised_id, account=tap.account)
    return await step(session, tap, one, *numbers)


async def _one(session: AsyncSession, tap: Tapped, one: Spoken, *, just: str = "") -> Reply:
    # Back from a step: what is written next is no sentence for it.
    await awaited.forget(session, tap.chat, only=WORDS)
    card = await _card("owed_one", session, tap, one, just=just)
    return Reply(card, over=tap.message, notice=TICK if just else "")


async def _card(template: str, session: AsyncSession, moment: Moment, one: Spoken, **facts: object) -> Card:
    """Raises nothing: whoever comes here may see it."""
    row = one.raised
    reader = await readers.of(session, account=moment.account, partnership_id=row.partnership_id)
    crowds = await raised.crowds_of(session, row.partnership_id)
    shown = told(one, reader, crowds, now=moment.received_at)
    return draw(template, reader, one=shown, partnership=row.partnership_id, **facts)


async def _choose(session: AsyncSession, tap: Tapped, one: Spoken, kind: int) -> Reply:
    await replies.choose(session, one.raised, kind)
    return Reply(await _ask_words(session, tap, one), over=tap.message)


async def _ask_words(session: AsyncSession, tap: Tapped, one: Spoken) -> Card:
    await awaited.expect(session, tap.chat, "owedwords", one.raised.id, message=tap.message)
    draft = one.raised.draft
    needed = draft["reply"] in replies.WITH_REASON
    return await _card(
        "owed_words", session, tap, one, kind=draft["reply"], words=draft["words"], needed=needed, waits=True
    )


async def _skip(session: AsyncSession, tap: Tapped, one: Spoken) -> Reply:
    await replies.word(session, one.raised, "")
    return await _go_on(session, tap, one)


async def _go_on(session: AsyncSession, tap: Tapped, one: Spoken) -> Reply:
    return Reply(await _next(session, tap, one), over=tap.message)


async def _next(session: AsyncSession, moment: Moment, one: Spoken) -> Card:
    """The step that a reply being written still lacks; then what it will look like."""
    if "reply" not in one.raised.draft:
        return await _card("owed_one", session, moment, one, just="")
    await awaited.forget(session, moment.chat, only=WORDS)
    if replies.wants(one.raised) == "date":
        return await _ask_date(session, moment, one)
    return await _preview(session, moment, one)


async def _ask_date(session: AsyncSession, moment: Moment, one: Spoken) -> Card:
    reader = await readers.of(session, account=moment.account, partnership_id=one.raised.partnership_id)
    ahead = offered(await _today(session, moment, one))
    return await _card(
        "owed_until",
        session,
        moment,
        one,
        kind=one.raised.draft["reply"],
        days=[(name, day.toordinal(), readers.noon(day, reader)) for name, day in ahead],
    )


async def _today(session: AsyncSession, moment: Moment, one: Spoken) -> date:
    reader = await readers.of(session, account=moment.account, partnership_id=one.raised.partnership_id)
    return moment.received_at.astimezone(ZoneInfo(reader.timezone)).date()


def offered(today: date) -> list[tuple[str, date]]:
    """Days to choose from; a quarter that is nearly over gives way to the next."""
    soon = today + timedelta(days=14)
    return [("weeks", soon), ("month", today + timedelta(days=30)), ("quarter", _quarter(soon))]


def _quarter(day: date) -> date:
    """The last day of the quarter this day is in."""
    month = (day.month - 1) // 3 * 3 + 4
    return date(day.year + (month > 12), (month - 1) % 12 + 1, 1) - timedelta(days=1)  # noqa: PLR2004 - months


async def _until(session: AsyncSession, tap: Tapped, one: Spoken, ordinal: int) -> Reply:
    if not ORDINALS[0] <= ordinal <= ORDINALS[1]:
        raise NotYours
    until = date.fromordinal(ordinal)
    await replies.promise(session, one.raised, until, today=await _today(session, tap, one))
    return await _go_on(session, tap, one)


async def _another_day(session: AsyncSession, tap: Tapped, one: Spoken) -> Reply:
    await awaited.expect(session, tap.chat, "oweddate", one.raised.id, message=tap.message)
    return Reply(await _card("owed_date", session, tap, one, waits=True), over=tap.message)


async def _preview(session: AsyncSession, moment: Moment, one: Spoken) -> Card:
    row = one.raised
    reader = await readers.of(session, account=moment.account, partnership_id=row.partnership_id)
    draft = row.draft
    until = date.fromisoformat(draft["until"]) if draft.get("until") else None
    reply = raising.reply(draft["reply"], draft["words"], until, reader)
    return await _card("owed_preview", session, moment, one, reply=reply, mark=replies.mark(row))


async def _send(session: AsyncSession, tap: Tapped, one: Spoken, mark: int) -> Reply:
    """One reply, however often it is tapped. What was changed meanwhile is shown again first."""
    row = one.raised
    if "reply" not in row.draft and row.replied_at is not None:
        return await _one(session, tap, one)
    if not await replies.send(session, row, mark, now=tap.received_at):
        return Reply(await _preview(session, tap, one), over=tap.message)
    sent = await _one(session, tap, one, just="sent")
    key = f"replied:{row.id}:{tap.update_id}"
    return Reply(sent.card, over=sent.over, notice=TICK, posts=await _to_author(session, tap, one, key))


async def _to_author(session: AsyncSession, moment: Moment, one: Spoken, key: str) -> tuple[Post, ...]:
    """A card for whoever raised it, when they may be written to; none who has left or is not reached."""
    row = one.raised
    account = await replies.author(session, row)
    if account is None:
        return ()
    draw_it = raising.replied if key.startswith("replied") else raising.withheld
    reader = await readers.of(session, account=account, partnership_id=row.partnership_id)
    begins = readers.by_day(reader, moment.received_at)
    return (Post(key, account, await draw_it(session, row, account=account), begins),)


# Keeping words out of the digest.


async def _hold(session: AsyncSession, tap: Tapped, one: Spoken) -> Reply:
    if one.raised.shown_as not in raised.QUOTABLE:
        raise NotYours
    await awaited.forget(session, tap.chat, only=WORDS)
    return Reply(await _card("hold", session, tap, one), over=tap.message)


async def _hold_as(session: AsyncSession, tap: Tapped, one: Spoken, number: int) -> Reply:
    if not 0 <= number < len(withholding.REASONS):
        raise NotYours
    return await _held(session, tap, one, withholding.REASONS[number], over=tap.message)


async def _held(
    session: AsyncSession, moment: Moment, one: Spoken, reason: str, *, over: int | None
) -> Reply:
    changed = await replies.withhold(session, one.raised, reason)
    card = await _card("owed_one", session, moment, one, just="withheld")
    key = f"withheld:{one.raised.id}:{moment.update_id}"
    posts = await _to_author(session, moment, one, key) if changed else ()
    return Reply(card, over=over, notice=TICK, posts=posts)


async def _hold_why(session: AsyncSession, tap: Tapped, one: Spoken) -> Reply:
    await awaited.expect(session, tap.chat, "holdwhy", one.raised.id, message=tap.message)
    return Reply(await _card("hold_why", session, tap, one, waits=True), over=tap.message)


async def _hold_off(session: AsyncSession, tap: Tapped, one: Spoken) -> Reply:
    await replies.show_again(session, one.raised)
    return await _one(session, tap, one, just="shown")


# What facilitators type.

Typing = Callable[[AsyncSession, Said, Spoken], Awaitable[Reply]]


async def _typed(
    template: str, typing: Typing, session: AsyncSession, message: Said, awaiting: Awaiting, _: Setting
) -> Reply:
    """Words about one thing raised; the card that asked for them loses its buttons."""
    try:
        one = await replies.before(session, awaiting.about, account=message.account)
    except TakenBack as refusal:
        await awaited.forget(session, message.chat)
        reader = await readers.alone(session, account=message.account, language=message.language)
        return Reply(draw("refused", reader, said=sentence(refusal, reader)))
    kind = one.raised.draft.get("reply", "")
    reply = await typing(session, message, one)
    await awaited.forget(session, message.chat, only=WORDS)
    if awaiting.message is None:
        return reply
    asked = await _card(template, session, message, one, kind=kind, words="", needed=True, waits=False)
    return replace(reply, settled=(awaiting.message, asked))


async def _word(session: AsyncSession, message: Said, one: Spoken) -> Reply:
    await replies.word(session, one.raised, message.text)
    return Reply(await _next(session, message, one))


async def _day(session: AsyncSession, message: Said, one: Spoken) -> Reply:
    today = await _today(session, message, one)
    until = days.day(message.text, today=today)
    if until is None:
        raise replies.NoDay
    await replies.promise(session, one.raised, until, today=today)
    return Reply(await _next(session, message, one))


async def _why(session: AsyncSession, message: Said, one: Spoken) -> Reply:
    return await _held(session, message, one, message.text.strip(), over=None)


async def noted(session: AsyncSession, partnership_id: int, *, account: int) -> Card:
    """To a facilitator, in the morning: something was raised. Neither what, nor how many, nor when."""
    reader = await readers.of(session, account=account, partnership_id=partnership_id)
    return draw("raise_noted", reader, partnership=partnership_id)


# Each kind of button about one thing raised, and how many numbers it carries behind that thing's id.
STEPS: dict[str, tuple[Stepping, int]] = {
    "owedone": (_one, 0),
    "owedas": (_choose, 1),
    "owedskip": (_skip, 0),
    "owedgo": (_go_on, 0),
    "oweduntil": (_until, 1),
    "oweddate": (_another_day, 0),
    "owedsend": (_send, 1),
    "hold": (_hold, 0),
    "holdas": (_hold_as, 1),
    "holdwhy": (_hold_why, 0),
    "holdoff": (_hold_off, 0),
}
VERBS: dict[str, Verb] = {
    "owed": Verb(_list, 1),
    "owedat": Verb(_list, 2),
    "owedold": Verb(partial(_list, old=True), 2),
} | {kind: Verb(partial(_step, step), 1 + numbers) for kind, (step, numbers) in STEPS.items()}
COMMANDS: dict[str, Command] = {}
WORDS: dict[str, Words] = {
    "owedwords": partial(_typed, "owed_words", _word),
    "oweddate": partial(_typed, "owed_date", _day),
    "holdwhy": partial(_typed, "hold_why", _why),
}
