"""What is said back to whatever happens in a chat: one function from an event to a reply."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup
from sqlmodel.ext.asyncio.session import AsyncSession

from dialogs import answering, digests, joining
from dialogs.cards import Reader, draw, sentence, visible
from dialogs.events import Event, Moved, Reachable, Reply, Reworded, Said, Tapped
from facilitation import members, partnerships
from facilitation.answers import NotYours, TextTooLong
from facilitation.refusals import Refusal

LARGEST = 2**95  # a fingerprint is the largest number a button carries
JOINING = ("join", "who", "later", "look")


@dataclass(frozen=True)
class Setting:
    """What the cards say about the house they are in."""

    operator: str = ""
    source: str = ""  # where this version's source can be had, as its licence asks


async def respond(session: AsyncSession, event: Event, setting: Setting) -> Sequence[Reply]:
    """Change what the event changes, and say what its author gets to see. Raises no Refusal."""
    if isinstance(event, Moved):
        await partnerships.move_group(session, old=event.old, new=event.new)
        return ()
    if isinstance(event, Reachable):
        await _reachable(session, event)
        return ()
    try:
        async with session.begin_nested():
            return await _respond(session, event, setting)
    except Refusal as refusal:
        return (_refused(event, refusal),)


async def _respond(
    session: AsyncSession, event: Tapped | Said | Reworded, setting: Setting
) -> Sequence[Reply]:
    if isinstance(event, Reworded):
        again = await answering.retried(session, event)
        return (await _said(session, again, setting),) if again else await answering.reworded(session, event)
    await members.found_again(session, account=event.account)
    if isinstance(event, Tapped):
        return (await _tapped(session, event, setting),)
    return (await _said(session, event, setting),)


async def _reachable(session: AsyncSession, event: Reachable) -> None:
    if event.reachable:
        await members.found_again(session, account=event.account)
    else:
        await members.lost(session, account=event.account, now=event.received_at)


async def _tapped(session: AsyncSession, tap: Tapped, setting: Setting) -> Reply:
    kind, numbers = _read(tap.data)
    if kind in JOINING:
        card = await joining.tapped(session, tap, kind, numbers, operator=setting.operator)
        return Reply(card, over=tap.message)
    if kind in answering.VERBS:
        return await answering.tapped(session, tap, kind, numbers)
    if kind in digests.VERBS:
        return await digests.tapped(session, tap, kind, numbers)
    raise NotYours


def _read(data: str) -> tuple[str, tuple[int, ...]]:
    """A button's kind and numbers. Whatever we could not have written ourselves is refused."""
    kind, *rest = data.split(":")
    if not all(part.isascii() and part.isdigit() and len(part) <= len(str(LARGEST)) for part in rest):
        raise NotYours
    numbers = tuple(int(part) for part in rest)
    ids = numbers[:1] if kind in JOINING else numbers
    if any(number >= 2**63 for number in ids):
        raise NotYours
    return kind, numbers


async def _said(session: AsyncSession, message: Said, setting: Setting) -> Reply:
    command, _, rest = message.text.strip().partition(" ")
    if command.startswith("/"):
        return await _commanded(session, message, command.partition("@")[0], rest.strip(), setting)
    awaiting = await answering.answered(session, message)
    if awaiting is None or not visible(message.text).strip():
        return await _unexpected(session, message)
    try:
        async with session.begin_nested():
            if awaiting.kind == "item":
                return await answering.written(session, message, awaiting)
            return await digests.written(session, message, awaiting)
    except NotYours:
        # They have left since they were asked for these words.
        await answering.forget(session, message.chat)
        return await _unexpected(session, message)
    except TextTooLong as refusal:
        await answering.refused(session, message, awaiting)
        return _refused(message, refusal)


async def _unexpected(session: AsyncSession, message: Said) -> Reply:
    home = await joining.home(session, message, now=message.received_at)
    text = visible(message.text).strip()
    kind = "command" if text.startswith("/") else "text" if text else "other"
    said = draw("unknown", Reader(message.language), home=Markup(home.text), kind=kind)  # noqa: S704 - a card's text is HTML
    return Reply(replace(said, rows=home.rows))


async def _commanded(
    session: AsyncSession, message: Said, command: str, rest: str, setting: Setting
) -> Reply:
    if command == "/start" and rest:
        return await joining.offer(session, message, rest, operator=setting.operator)
    if command == "/help":
        return Reply(draw("help", Reader(message.language), source=setting.source))
    if command != "/start" and message.awaiting is not None:
        return await _unexpected(session, message)
    return Reply(await joining.home(session, message, now=message.received_at))


def _refused(event: Tapped | Said | Reworded, refusal: Refusal) -> Reply:
    reader = Reader(event.language)
    said = sentence(refusal, reader)
    if isinstance(event, Tapped):
        return Reply(notice=said, alert=True)
    return Reply(draw("refused", reader, said=said))
