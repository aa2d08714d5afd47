"""/cancel, in every state: nothing is awaited any more, and where one is."""

from dataclasses import replace

from markupsafe import Markup
from sqlmodel.ext.asyncio.session import AsyncSession

from dialogs import awaited, founding, joining, readers
from dialogs.cards import Card, draw
from dialogs.events import Reply, Said, Setting
from dialogs.verbs import FACILITATOR, MEMBER, Command, Verb, Words
from facilitation import members


async def _cancel(session: AsyncSession, message: Said, _: Setting, __: str) -> Reply:
    await awaited.forget(session, message.chat)
    home = await _home(session, message)
    reader = await readers.alone(session, account=message.account, language=message.language)
    told = Markup(home.text)  # noqa: S704 - a card's text is HTML
    card = draw("cancelled", reader, home=told, waiting=message.awaiting is not None)
    return Reply(replace(card, rows=home.rows))


async def _home(session: AsyncSession, message: Said) -> Card:
    """Whoever facilitates one partnership and nothing else is at home in its menu."""
    sittings = await members.sittings(session, account=message.account)
    if [one.seat.role for one in sittings] == ["facilitator"]:
        return await founding.menu(session, message, sittings[0].partnership.id)
    return await joining.home(session, message, now=message.received_at)


VERBS: dict[str, Verb] = {}
COMMANDS: dict[str, Command] = {"/cancel": Command(_cancel, (MEMBER, FACILITATOR))}
WORDS: dict[str, Words] = {}
