"""Founding a partnership, and the menu it is set up and led from."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel.ext.asyncio.session import AsyncSession

from dialogs import answering, choosing, languages, readers
from dialogs.cards import Card, draw
from dialogs.events import Moment, Reply, Said, Setting, Tapped
from dialogs.verbs import FACILITATOR, Command, Verb, Words
from facilitation import founding, partnerships


async def is_ours(session: AsyncSession, secret: str) -> bool:
    return await founding.by_secret(session, secret) is not None


async def offered(session: AsyncSession, message: Said, setting: Setting, secret: str) -> Reply:  # noqa: ARG001 - to be filled
    return Reply()


async def menu(session: AsyncSession, moment: Moment, partnership_id: int) -> Card:
    """How far a partnership is set up, what comes next, and the way to everything. Raises NotYours."""
    partnership = await partnerships.facilitated(session, partnership_id, account=moment.account)
    # Whoever comes here has left whatever they were asked to write.
    await answering.forget(session, moment.chat)
    progress = await founding.progress(session, partnership, now=moment.received_at)
    return draw(
        "menu",
        await readers.of(session, account=moment.account, partnership_id=partnership_id),
        partnership=partnership,
        language=languages.own_name(partnership.language),
        clock=clock(partnership.timezone, moment.received_at),
        progress=progress,
    )


def clock(timezone: str, now: datetime) -> str:
    """What the clock shows there: 10:41."""
    local = now.astimezone(ZoneInfo(timezone))
    return f"{local.hour}:{local:%M}"


async def _menu(session: AsyncSession, tap: Tapped, _: Setting, partnership_id: int) -> Reply:
    return Reply(await menu(session, tap, partnership_id), over=tap.message)


async def _setup(session: AsyncSession, message: Said, _: Setting, __: str) -> Reply:
    which = await choosing.one_of(session, message, "menu", role="facilitator")
    if isinstance(which, Reply):
        return which
    return Reply(await menu(session, message, which))


VERBS: dict[str, Verb] = {"menu": Verb(_menu, 1)}
COMMANDS: dict[str, Command] = {"/setup": Command(_setup, (FACILITATOR,))}
WORDS: dict[str, Words] = {}
