"""The clock's work: what is due in the database becomes verbs, and their results become letters."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import cache, partial

import structlog
from sqlmodel.ext.asyncio.session import AsyncSession

from bot import catching_up, drawing, heard, logs, outbox
from bot.outbox import Letter
from dialogs import briefs, glances, invitations, pictures, readers
from dialogs import digests as digest_cards
from dialogs.cards import Card
from facilitation import archiving, digests, mailings, planning, publishing, quiet, reminders, rounds
from facilitation.digests import Going
from facilitation.rounds import Opened
from facilitation.skipping import DIGEST_LASTS
from storage.database import Database
from storage.partnerships import Partnership

log = structlog.get_logger(__name__)

PLAN_AHEAD = timedelta(days=7)
DRAWN_WITHIN = 30.0


async def tick(database: Database, *, operator: int = 0, now: datetime) -> int:
    """Do everything that is due by `now`; the result is how many steps that took. Clocks may tick at once.

    A step that fails is tried again at the next beat, and holds up no other round. `operator`: whom to tell
    what nobody else can be told; 0: nobody.
    """
    await _plan(database, now=now)
    failed: set[tuple[str, int]] = set()
    steps = await catching_up.tick(database, operator=operator, now=now)
    steps += await heard.tick(database, now=now)  # before any brief that is to bring it
    while due := [step for step in await _due(database, now) if step not in failed]:
        for verb, round_id in due:
            if await _kept(
                STEPS[verb](database, round_id, now), "round_step_failed", step=verb, round=round_id
            ):
                steps += 1
                log.info("round_step", step=verb, round=round_id)
            else:
                failed.add((verb, round_id))
    return steps + await _archive(database, now=now)


async def _kept(doing: Awaitable[None], failure: str, /, **which: object) -> bool:
    """Take a step; whether it worked. A failure is told in the log, and holds up nothing else."""
    try:
        await doing
    except Exception as error:  # noqa: BLE001 - see the docstring
        log.error(failure, **which, error=type(error).__name__, at=logs.place(error))
        return False
    return True


async def _due(database: Database, now: datetime) -> list[tuple[str, int]]:
    async with database.reading() as session:
        return await rounds.due(session, now)


async def _plan(database: Database, *, now: datetime) -> None:
    async with database.reading() as session:
        wanted = [
            schedule.id
            for schedule, _ in await planning.schedules(session)
            if schedule.planned_until is None or schedule.planned_until < now + PLAN_AHEAD
        ]
    for schedule_id in wanted:
        await _kept(_planned(database, schedule_id, now), "planning_failed", schedule=schedule_id)


async def _planned(database: Database, schedule_id: int, now: datetime) -> None:
    async with database.writing() as session:
        await planning.plan(session, schedule_id, now=now)


async def _archive(database: Database, *, now: datetime) -> int:
    async with database.reading() as session:
        over = await archiving.due(session, now)
    return sum([await _kept(_archived(database, one, now), "archiving_failed", round=one) for one in over])


async def _archived(database: Database, round_id: int, now: datetime) -> None:
    async with database.writing() as session:
        await archiving.archive(session, round_id, now=now)


async def _open(database: Database, round_id: int, now: datetime) -> None:
    async with database.writing() as session:
        opened = await rounds.open_(session, round_id, now=now)
        if opened is None:
            return
        drawn = _skipped if opened.round.state == "skipped" else _invited
        if opened.round.state == "open":
            await mailings.overtake(session, opened.round)
        await outbox.put(database, session, await drawn(session, opened, now))


async def _invited(session: AsyncSession, opened: Opened, now: datetime) -> list[Letter]:
    """One letter to each who can be reached. None is lost: what cannot wait for the day comes at once."""
    due, until = opened.round.opens_at, opened.round.closes_at
    begin = await _mornings(session, opened, due=due, now=now)
    hours = {zone: await quiet.kept(session, opened.round, timezone=zone) for zone in begin}
    letters, card = [], invitations.to_each(invitations.invitation, opened)
    for asked in opened.asked:
        if asked.account is not None:
            begins = begin[asked.timezone] if begin[asked.timezone] < until else max(due, now)
            method, payload = drawing.sent(card(asked), asked.account)
            key, kept = f"invitation:{asked.invitation.id}", hours[asked.timezone]
            letters.append(Letter(key, "invitation", asked.account, method, payload, begins, until, kept))
    return letters


async def _mornings(
    session: AsyncSession, opened: Opened, *, due: datetime, now: datetime
) -> dict[str, datetime]:
    """From when on something may come, in each of the timezones its readers live in."""
    zones = {asked.timezone for asked in opened.asked}
    return {
        zone: await quiet.considerate(session, opened.round, due=due, now=now, timezone=zone)
        for zone in zones
    }


async def _reminded(session: AsyncSession, opened: Opened, now: datetime) -> list[Letter]:
    """One letter to each for whom there is a good hour left in which to answer."""
    round_, again = opened.round, opened.round.reminds_again_at
    due = again if round_.reminded == reminders.LAST else round_.reminds_at
    begin = await _mornings(session, opened, due=due, now=now)
    end = {
        zone: await quiet.reminds_until(session, round_, begins=begins, timezone=zone)
        for zone, begins in begin.items()
    }
    cards = {
        last: invitations.to_each(partial(invitations.reminder, last=last), opened) for last in (True, False)
    }
    letters = []
    for asked in opened.asked:
        begins, until = begin[asked.timezone], end[asked.timezone]
        # One that is held up over somebody's night until the other is due stands for both.
        which = reminders.LAST if begins >= again else round_.reminded
        until = min(until, again) if which == reminders.FIRST else until
        if asked.account is not None and begins < until:
            method, payload = drawing.sent(cards[which == reminders.LAST](asked), asked.account)
            key = reminders.key(asked.invitation.id, which)
            letters.append(Letter(key, "reminder", asked.account, method, payload, begins, until))
    return letters


async def _skipped(session: AsyncSession, opened: Opened, now: datetime) -> list[Letter]:
    """Tell the facilitators that a round did not take place, and why."""
    letters, due = [], opened.round.opens_at
    for chat, reader in await readers.facilitating(session, opened.partnership.id):
        begins = await quiet.considerate(session, opened.round, due=due, now=now, timezone=reader.timezone)
        method, payload = drawing.sent(invitations.skipped(opened, reader), chat)
        key, until = f"skipped:{opened.round.id}:{chat}", begins + DIGEST_LASTS
        kept = await quiet.kept(session, opened.round, timezone=reader.timezone)
        letters.append(Letter(key, "brief", chat, method, payload, begins, until, kept))
    return letters


async def _remind(database: Database, round_id: int, now: datetime) -> None:
    async with database.writing() as session:
        reminded = await rounds.remind(session, round_id, now=now)
        if reminded is None:
            return
        await outbox.put(database, session, await _reminded(session, reminded, now))


async def _close(database: Database, round_id: int, now: datetime) -> None:
    async with database.writing() as session:
        await publishing.close(session, round_id, now=now)


async def _freeze(database: Database, round_id: int, now: datetime) -> None:
    """Read, work it out off the event loop and outside any transaction, and keep it."""
    async with database.reading() as session:
        gathered = await publishing.gather(session, round_id)
    if gathered is None:
        return
    facts = await asyncio.to_thread(publishing.worked_out, gathered)
    async with database.writing() as session:
        await publishing.freeze(session, gathered, facts, now=now)


async def _brief(database: Database, round_id: int, now: datetime) -> None:
    async with database.writing() as session:
        going = await digests.brief(session, round_id, now=now)
        if going is None:
            return
        await mailings.overtake(session, going.round)
        words = await digests.words_for_facilitator(session, round_id)
        back = await digests.words_back(session, going.digest)
        begins = await quiet.considerate(session, going.round, due=going.round.brief_at, now=now)
        until = await mailings.until(session, going.round, mailings.BRIEF, begins=begins)
        kept, letters = await quiet.kept(session, going.round), []
        for chat, language in going.chats if begins < until else ():
            card = briefs.brief(going, language=language, words=words, back=back)
            method, payload = drawing.sent(card, chat)
            key = f"brief:{going.digest.id}:{chat}"
            letters.append(Letter(key, "brief", chat, method, payload, begins, until, kept))
        await outbox.put(database, session, letters)


async def _publish(database: Database, round_id: int, now: datetime) -> None:
    png = await _picture(database, round_id)
    async with database.writing() as session:
        going = await digests.publish(session, round_id, now=now)
        if going is None:
            return
        going.digest.picture = going.digest.picture or png
        session.add(going.digest)
        begins = await quiet.considerate(session, going.round, due=going.round.digest_at, now=now)
        until = await mailings.until(session, going.round, mailings.DIGEST, begins=begins)
        kept = await quiet.kept(session, going.round)
        if begins < until:
            await outbox.put(database, session, _digests(going, begins, until, kept))


async def _picture(database: Database, round_id: int) -> bytes | None:
    """Draw the digest's picture, off the event loop and outside any transaction. None: it has no figure."""
    async with database.reading() as session:
        digest = await digests.of_round(session, round_id)
        if digest is None:
            return None
        partnership = await session.get_one(Partnership, digest.partnership_id)
    picture = glances.picture(digest, partnership, language=partnership.language)
    return await _rasterised(pictures.svg(picture)) if picture else None


async def _rasterised(svg: str) -> bytes | None:
    """A child process draws: the rasteriser holds Python's lock, and its memory goes when it ends.

    A digest without its picture is better than no digest, so a failure is noted and no more.
    """
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "dialogs.pictures",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        png, _ = await asyncio.wait_for(child.communicate(svg.encode()), DRAWN_WITHIN)
    except TimeoutError:
        child.kill()
        png = b""
    if not png:
        log.error("picture_not_drawn", code=await child.wait())
    return png or None


def _digests(going: Going, begins: datetime, until: datetime, kept: str) -> list[Letter]:
    """To each the picture first, if there is one, then the words with their buttons."""
    # Drawn once a language: two thousand would hold up everybody for as many seconds as they take.
    words, pictured = cache(partial(_words, going)), cache(partial(_caption, going))
    letters: list[Letter] = []
    for chat, language in going.chats:
        key = f"digest:{going.digest.id}:{chat}"
        if going.digest.picture:
            photo = {
                "chat_id": chat,
                "photo": going.digest.id,
                "caption": pictured(language).text,
                "parse_mode": "HTML",
            }
            letters.append(Letter(f"{key}:picture", "digest", chat, "sendPhoto", photo, begins, until, kept))
        method, payload = drawing.sent(words(language, chat == going.partnership.group_chat), chat)
        letters.append(Letter(key, "digest", chat, method, payload, begins, until, kept))
    return letters


def _words(going: Going, language: str, to_group: bool) -> Card:  # noqa: FBT001 - a cache's key
    return digest_cards.card(going.digest, going.partnership, language=language, to_group=to_group)


def _caption(going: Going, language: str) -> Card:
    return glances.caption(going.digest, going.partnership, language=language)


STEPS: dict[str, Callable[[Database, int, datetime], Awaitable[None]]] = {
    "open": _open,
    "remind": _remind,
    "close": _close,
    "freeze": _freeze,
    "brief": _brief,
    "publish": _publish,
}
