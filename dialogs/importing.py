"""A roster sent as a file: looked at first, taken in once its sender agrees."""

import asyncio

from sqlmodel.ext.asyncio.session import AsyncSession

from dialogs import awaited, inviting, languages, organising, readers
from dialogs.cards import Card, Reader, draw, plain
from dialogs.events import Filed, FileWanted, Moment, Reply, Setting, Tapped
from dialogs.verbs import Command, Verb, Words
from facilitation import intake, members, partnerships, roster
from facilitation.roster import RosterWrong
from storage import hops
from storage.partnerships import Partnership

MOST_PROBLEMS = 20


async def filed(session: AsyncSession, event: Filed, setting: Setting) -> Reply:
    """A file came: what it would do is shown; nothing is done yet. Raises what makes it no roster of ours.

    Raises FileWanted where it has to be fetched first.
    """
    if not await _facilitates(session, event):
        reader = await readers.alone(session, account=event.account, language=event.language)
        return Reply(draw("file_unexpected", reader))
    if event.waits:
        raise FileWanted
    if event.content is None:
        raise roster.FileTooLarge
    offered = tuple(dict(languages.offered(setting)))
    try:
        # A large file takes its time to read, and others are waiting to be answered.
        people = await asyncio.to_thread(roster.read, event.content, offered)
        partnership = await roster.meant(session, people, account=event.account)
        with hops.at_length():
            [plan] = await intake.planned(session, people, now=event.received_at, within=partnership)
    except RosterWrong as wrong:
        reader = await readers.alone(session, account=event.account, language=event.language)
        return Reply(_problems(wrong, reader))
    kept = await roster.put_by(session, people, partnership, account=event.account, now=event.received_at)
    return Reply(await _preview(session, event, partnership, plan, kept.id))


async def _facilitates(session: AsyncSession, event: Filed) -> bool:
    sittings = await members.sittings(session, account=event.account)
    return any(one.seat.role == "facilitator" for one in sittings)


def told(wrong: RosterWrong) -> str:
    """What needs mending in a file, line by line, in plain letters."""
    return plain(_problems(wrong, Reader()).text)


def _problems(wrong: RosterWrong, reader: Reader) -> Card:
    some = wrong.problems[:MOST_PROBLEMS]
    facts = {"problems": some, "many": len(wrong.problems), "kinds": ", ".join(roster.KINDS)}
    return draw("roster_problems", reader, more=len(wrong.problems) - len(some), **facts)


async def _preview(
    session: AsyncSession, moment: Moment, partnership: Partnership, plan: intake.Plan, roster_id: int
) -> Card:
    return draw(
        "roster_preview",
        await readers.of(session, account=moment.account, partnership_id=partnership.id),
        partnership=partnership,
        roster=roster_id,
        organisations=plan.organisations,
        new=plan.new,
        unsaid=[plan.known[key].name for key in plan.kinds],
        people=len(plan.invited) + len(plan.here),
        invited=len(plan.invited),
        here=len(plan.here),
        replacing=plan.replacing,
    )


async def _how(session: AsyncSession, tap: Tapped, setting: Setting, partnership_id: int) -> Reply:
    """What a roster file looks like, before anybody makes one."""
    partnership = await partnerships.facilitated(session, partnership_id, account=tap.account)
    await awaited.forget(session, tap.chat)
    reader = await readers.of(session, account=tap.account, partnership_id=partnership_id)
    codes = ", ".join(dict(languages.offered(setting)))
    facts = {"columns": ", ".join(roster.COLUMNS), "kinds": ", ".join(roster.KINDS), "languages": codes}
    return Reply(draw("roster_how", reader, partnership=partnership, **facts), over=tap.message)


async def _take(session: AsyncSession, tap: Tapped, setting: Setting, roster_id: int) -> Reply:
    """Yes: taken in, and the links shown, the one time they can be."""
    inviting.link(setting, "")  # refused before anything is made
    partnership, people = await roster.taken_up(session, roster_id, account=tap.account, now=tap.received_at)
    reader = await readers.of(session, account=tap.account, partnership_id=partnership.id)
    try:
        with hops.at_length():
            invited = await intake.take(session, people, now=tap.received_at, within=partnership)
    except RosterWrong as wrong:
        # Something was changed between the preview and the yes.
        return Reply(_problems(wrong, reader), over=tap.message)
    done = draw("roster_taken", reader, partnership=partnership, links=len(invited))
    if not invited:
        return Reply(done, over=tap.message)
    shown = await inviting.several(session, tap, setting, partnership, invited)
    return Reply(shown, settled=(tap.message, done) if tap.message is not None else None)


async def _leave(session: AsyncSession, tap: Tapped, _: Setting, roster_id: int) -> Reply:
    """No: the file is forgotten."""
    partnership, _people = await roster.taken_up(session, roster_id, account=tap.account, now=tap.received_at)
    return Reply(await organising.listing(session, tap, partnership.id), over=tap.message)


VERBS: dict[str, Verb] = {
    "roster": Verb(_how, 1),
    "rostertake": Verb(_take, 1),
    "rosterno": Verb(_leave, 1),
}
COMMANDS: dict[str, Command] = {}
WORDS: dict[str, Words] = {}
