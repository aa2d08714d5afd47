"""What is said back to whatever happens in a chat: one function from an event to a reply."""

from collections.abc import Sequence
from dataclasses import replace
from types import ModuleType

from markupsafe import Markup
from sqlmodel.ext.asyncio.session import AsyncSession

from dialogs import (
    answering,
    awaited,
    bundles,
    cancelling,
    digests,
    facilitating,
    founding,
    grouping,
    importing,
    inviting,
    joining,
    keeping,
    membership,
    operating,
    organising,
    raising,
    readers,
    replying,
    scheduling,
    status,
    ways,
)
from dialogs.cards import draw, sentence, visible
from dialogs.events import (
    Event,
    Filed,
    Grouped,
    LetIn,
    Moment,
    Moved,
    PutOut,
    Reachable,
    Reply,
    Reworded,
    Said,
    Setting,
    Tapped,
)
from dialogs.verbs import Command, Verb, Words
from facilitation import groups, members
from facilitation.answers import NOT_KEPT
from facilitation.refusals import NotYours, Refusal

LARGEST = 2**95  # a fingerprint is the largest number a button carries

# Every module that offers buttons (VERBS), commands (COMMANDS) or waits for words (WORDS).
DOORS: tuple[ModuleType, ...] = (
    joining,
    answering,
    digests,
    raising,
    replying,
    membership,
    keeping,
    founding,
    ways,
    facilitating,
    organising,
    inviting,
    bundles,
    grouping,
    importing,
    scheduling,
    status,
    cancelling,
    operating,
)
VERBS: dict[str, Verb] = {kind: verb for door in DOORS for kind, verb in door.VERBS.items()}
COMMANDS: dict[str, Command] = {name: command for door in DOORS for name, command in door.COMMANDS.items()}
WORDS: dict[str, Words] = {kind: words for door in DOORS for kind, words in door.WORDS.items()}
OFFERED = tuple((name, command.offered) for name, command in COMMANDS.items())


async def respond(session: AsyncSession, event: Event, setting: Setting) -> Sequence[Reply]:
    """Change what the event changes, and say what its author gets to see. Raises no Refusal."""
    if isinstance(event, Moved | PutOut | LetIn | Reachable):
        return await _standing(session, event)
    if isinstance(event, Tapped | Said | Filed):
        # Whoever writes to us can be written to, whatever becomes of it.
        await members.found_again(session, account=event.account)
    try:
        async with session.begin_nested():
            return await _respond(session, event, replace(setting, commands=OFFERED))
    except Refusal as refusal:
        return (await _refused(session, event, refusal),)


async def _respond(
    session: AsyncSession, event: Tapped | Said | Reworded | Filed | Grouped, setting: Setting
) -> Sequence[Reply]:
    if isinstance(event, Grouped):
        return (await grouping.brought_in(session, event, setting),)
    if isinstance(event, Reworded):
        return await _reworded(session, event, setting)
    if isinstance(event, Tapped):
        return (await _tapped(session, event, setting),)
    if isinstance(event, Filed):
        return (await importing.filed(session, event, setting),)
    return (await _said(session, event, setting),)


async def _reworded(session: AsyncSession, edit: Reworded, setting: Setting) -> Sequence[Reply]:
    again = await awaited.retried(session, edit)
    if again is not None:
        return (await _said(session, again, setting),)
    return await answering.reworded(session, edit) or await raising.reworded(session, edit)


async def _standing(session: AsyncSession, event: Moved | PutOut | LetIn | Reachable) -> Sequence[Reply]:
    """Where Parley stands in a chat has changed."""
    if isinstance(event, Moved):
        await groups.move(session, old=event.old, new=event.new)
    elif isinstance(event, PutOut):
        await groups.lose(session, chat=event.chat, now=event.received_at)
    elif isinstance(event, LetIn):
        await groups.open_again(session, chat=event.chat)
    elif event.reachable:
        await members.found_again(session, account=event.account)
        return await joining.welcome_back(session, event)
    else:
        await members.lost(session, account=event.account, now=event.received_at)
    return ()


async def _tapped(session: AsyncSession, tap: Tapped, setting: Setting) -> Reply:
    verb, numbers = _read(tap.data)
    return await verb.do(session, tap, setting, *numbers)


def _read(data: str) -> tuple[Verb, tuple[int, ...]]:
    """A button's verb and numbers. Whatever we could not have written ourselves is refused."""
    kind, *rest = data.split(":")
    verb = VERBS.get(kind)
    if verb is None or len(rest) != verb.numbers:
        raise NotYours
    if not all(part.isascii() and part.isdigit() and len(part) <= len(str(LARGEST)) for part in rest):
        raise NotYours
    numbers = tuple(int(part) for part in rest)
    ids = numbers[:-1] if verb.wide else numbers
    if any(number >= 2**63 for number in ids):
        raise NotYours
    return verb, numbers


async def _said(session: AsyncSession, message: Said, setting: Setting) -> Reply:
    command, _, rest = message.text.strip().partition(" ")
    if command.startswith("/"):
        return await _commanded(session, message, command.partition("@")[0].lower(), rest.strip(), setting)
    awaiting = await awaited.answered(session, message)
    words = WORDS.get(awaiting.kind) if awaiting is not None else None
    if awaiting is None or words is None or not visible(message.text).strip():
        return await _unexpected(session, message)
    try:
        async with session.begin_nested():
            return await words(session, message, awaiting, setting)
    except NotYours:
        # They have left since they were asked for these words.
        await awaited.forget(session, message.chat)
        return await _unexpected(session, message)
    except NOT_KEPT as refusal:
        await awaited.refused(session, message, awaiting)
        return await _refused(session, message, refusal)


async def _unexpected(session: AsyncSession, message: Said) -> Reply:
    home = await joining.home(session, message, now=message.received_at)
    text = visible(message.text).strip()
    kind = "command" if text.startswith("/") else "text" if text else "other"
    reader = await readers.alone(session, account=message.account, language=message.language)
    said = draw("unknown", reader, home=Markup(home.text), kind=kind)  # noqa: S704 - a card's text is HTML
    return Reply(replace(said, rows=home.rows))


async def _commanded(session: AsyncSession, message: Said, name: str, rest: str, setting: Setting) -> Reply:
    command = COMMANDS.get(name)
    if command is None and message.awaiting is not None:
        return await _unexpected(session, message)
    if command is None:
        return Reply(await joining.home(session, message, now=message.received_at))
    return await command.do(session, message, setting, rest)


async def _refused(session: AsyncSession, event: Moment, refusal: Refusal) -> Reply:
    reader = await readers.alone(session, account=event.account, language=event.language)
    said = sentence(refusal, reader)
    if isinstance(event, Tapped):
        return Reply(notice=said, alert=True)
    return Reply(draw("refused", reader, said=said))
