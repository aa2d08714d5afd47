"""Those who facilitate a partnership, and handing it over."""

from sqlmodel.ext.asyncio.session import AsyncSession

from dialogs import awaited, commands, readers
from dialogs.cards import draw
from dialogs.events import Post, Reply, Setting, Tapped
from dialogs.verbs import Command, Verb, Words
from facilitation import facilitators, partnerships
from facilitation.facilitators import Facilitator, NobodyElse
from storage.partnerships import Partnership


async def _who(session: AsyncSession, tap: Tapped, _: Setting, partnership_id: int) -> Reply:
    partnership = await partnerships.facilitated(session, partnership_id, account=tap.account)
    await awaited.forget(session, tap.chat)
    everybody = await facilitators.of(session, partnership_id)
    names = [one.seat.name for one in everybody if one.seat.name]
    card = draw(
        "facilitators",
        await readers.of(session, account=tap.account, partnership_id=partnership_id),
        partnership=partnership,
        organisation=(await facilitators.organisation(session, partnership_id, account=tap.account)).id,
        names=names,
        nameless=len(everybody) - len(names),
        alone=not await facilitators.others(session, partnership_id, account=tap.account),
    )
    return Reply(card, over=tap.message)


async def _sure(session: AsyncSession, tap: Tapped, _: Setting, partnership_id: int) -> Reply:
    """What stepping down means, asked once more. Raises NobodyElse."""
    partnership = await partnerships.facilitated(session, partnership_id, account=tap.account)
    staying = await facilitators.others(session, partnership_id, account=tap.account)
    if not staying:
        raise NobodyElse
    reader = await readers.of(session, account=tap.account, partnership_id=partnership_id)
    card = draw("step_down", reader, partnership=partnership, staying=len(staying))
    return Reply(card, over=tap.message)


async def _down(session: AsyncSession, tap: Tapped, setting: Setting, partnership_id: int) -> Reply:
    partnership = await partnerships.facilitated(session, partnership_id, account=tap.account)
    reader = await readers.of(session, account=tap.account, partnership_id=partnership_id)
    mine = [one for one in await facilitators.of(session, partnership_id) if one.account == tap.account]
    staying = await facilitators.step_down(session, partnership, account=tap.account, now=tap.received_at)
    posts = [await _told(session, tap, partnership, one, who=mine[0].seat.name) for one in staying]
    await awaited.forget(session, tap.chat)
    return Reply(
        draw("stepped_down", reader, partnership=partnership),
        over=tap.message,
        posts=tuple(posts),
        commands=await commands.of(session, tap, setting),
    )


async def _told(
    session: AsyncSession, tap: Tapped, partnership: Partnership, one: Facilitator, *, who: str
) -> Post:
    chat = one.account or 0  # whoever can be reached has one
    reader = await readers.of(session, account=chat, partnership_id=partnership.id)
    card = draw("handed_over", reader, partnership=partnership, who=who)
    begins = readers.by_day(reader, tap.received_at)
    return Post(f"handed_over:{partnership.id}:{chat}:{tap.update_id}", chat, card, begins)


VERBS: dict[str, Verb] = {"fac": Verb(_who, 1), "fac_down": Verb(_sure, 1), "fac_gone": Verb(_down, 1)}
COMMANDS: dict[str, Command] = {}
WORDS: dict[str, Words] = {}
