"""Founding a partnership, and the menu it is set up and led from."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel.ext.asyncio.session import AsyncSession

from dialogs import awaited, choosing, commands, languages, readers
from dialogs.cards import Card, draw, sentence
from dialogs.events import Awaiting, Moment, Reply, Said, Setting, Tapped
from dialogs.verbs import FACILITATOR, Command, Verb, Words
from facilitation import founding, partnerships
from facilitation.founding import FoundingExpired, FoundingUsed
from facilitation.invites import InviteUnknown
from facilitation.refusals import NotYours
from storage.members import Founding
from storage.partnerships import Partnership

NAME, ORGANISATION = "fnd_name", "fnd_org"  # what is awaited


async def is_ours(session: AsyncSession, secret: str) -> bool:
    return await founding.by_secret(session, secret) is not None


async def offered(session: AsyncSession, message: Said, setting: Setting, secret: str) -> Reply:
    """The card behind a founding link; who has founded with it, or otherwise facilitates, gets their menu.

    Raises InviteUnknown, FoundingUsed, FoundingExpired.
    """
    found = await founding.by_secret(session, secret)
    if found is None:
        raise InviteUnknown
    if found.used_at is not None and await commands.role(session, account=message.account) == FACILITATOR:
        return await _setup(session, message, setting, "")
    founding.check(found, now=message.received_at)
    return Reply(await _offer(session, message, setting, found))


async def _offer(session: AsyncSession, moment: Moment, setting: Setting, found: Founding) -> Card:
    reader = await readers.alone(session, account=moment.account, language=moment.language)
    facts = {"founding": found.id, "fingerprint": fingerprint(found), "operator": setting.operator}
    return draw("founding", reader, **facts)


def fingerprint(found: Founding) -> int:
    """A part of the secret's hash, as on the buttons of an invite."""
    return int(found.secret_hash[:24], 16)


async def _known(session: AsyncSession, tap: Tapped, founding_id: int, print_: int) -> Founding:
    """Raises NotYours for a link this chat was never offered, FoundingUsed, FoundingExpired."""
    found = await session.get(Founding, founding_id)
    if found is None or print_ != fingerprint(found):
        raise NotYours
    founding.check(found, now=tap.received_at)
    return found


async def _look(session: AsyncSession, tap: Tapped, setting: Setting, founding_id: int, print_: int) -> Reply:
    found = await _known(session, tap, founding_id, print_)
    await awaited.forget(session, tap.chat)
    return Reply(await _offer(session, tap, setting, found), over=tap.message)


async def _begin(
    session: AsyncSession, tap: Tapped, _: Setting, founding_id: int, runs_server: int, print_: int
) -> Reply:
    """Whether they run the server is known; the name founds it."""
    found = await _known(session, tap, founding_id, print_)
    runs = str(min(runs_server, 1))
    await awaited.expect(session, tap.chat, NAME, found.id, item=runs, message=tap.message)
    return Reply(await _naming(session, tap, found, runs=runs), over=tap.message)


async def _naming(session: AsyncSession, moment: Moment, found: Founding, *, runs: str) -> Card:
    reader = await readers.alone(session, account=moment.account, language=moment.language)
    facts = {"founding": found.id, "fingerprint": fingerprint(found), "runs_server": runs == "1"}
    return draw("founding_name", reader, **facts)


async def _founded(session: AsyncSession, message: Said, awaiting: Awaiting, setting: Setting) -> Reply:
    found = await session.get(Founding, awaiting.about)
    if found is None:
        raise NotYours
    asked = await _naming(session, message, found, runs=awaiting.item)
    try:
        partnership = await founding.found(
            session,
            found,
            account=message.account,
            name=message.text,
            called=message.name,
            language=languages.chosen(setting, message.language),
            runs_server=awaiting.item == "1",
            now=message.received_at,
        )
    except (FoundingUsed, FoundingExpired) as refusal:
        # No name can help any more, so none is awaited.
        await awaited.forget(session, message.chat)
        reader = await readers.alone(session, account=message.account, language=message.language)
        return Reply(draw("refused", reader, said=sentence(refusal, reader)))
    await awaited.expect(session, message.chat, ORGANISATION, partnership.id)
    reader = await readers.of(session, account=message.account, partnership_id=partnership.id)
    card = draw("founded", reader, partnership=partnership)
    settled = (awaiting.message, replace(asked, rows=())) if awaiting.message is not None else None
    return Reply(card, settled=settled, commands=await commands.of(session, message, setting))


async def _works_for(session: AsyncSession, message: Said, awaiting: Awaiting, _: Setting) -> Reply:
    partnership = await partnerships.facilitated(session, awaiting.about, account=message.account)
    await founding.name_backbone(session, partnership, account=message.account, name=message.text)
    return Reply(await _partners(session, message, partnership))


async def _partners(session: AsyncSession, message: Said, partnership: Partnership) -> Card:
    """Straight on to the partners: their names are what is written next."""
    await awaited.expect(session, message.chat, "organisation_add", partnership.id)
    reader = await readers.of(session, account=message.account, partnership_id=partnership.id)
    return draw("organisation_add", reader, partnership=partnership, first=True)


async def menu(session: AsyncSession, moment: Moment, partnership_id: int) -> Card:
    """How far a partnership is set up, what comes next, and the way to everything. Raises NotYours."""
    partnership = await partnerships.facilitated(session, partnership_id, account=moment.account)
    # Whoever comes here has left whatever they were asked to write.
    await awaited.forget(session, moment.chat)
    progress = await founding.progress(session, partnership, now=moment.received_at)
    return draw(
        "menu",
        await readers.of(session, account=moment.account, partnership_id=partnership_id),
        partnership=partnership,
        language=languages.own_name(partnership.language),
        there=clock(partnership.timezone, moment.received_at),
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


VERBS: dict[str, Verb] = {
    "menu": Verb(_menu, 1),
    "fnd": Verb(_begin, 3, wide=True),
    "fnd_look": Verb(_look, 2, wide=True),
}
COMMANDS: dict[str, Command] = {"/setup": Command(_setup, (FACILITATOR,))}
WORDS: dict[str, Words] = {NAME: _founded, ORGANISATION: _works_for}
