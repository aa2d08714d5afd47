"""A bundle: a link for each partner that nobody has joined yet, made and shown at once."""

from sqlmodel.ext.asyncio.session import AsyncSession

from dialogs import awaited, inviting, readers
from dialogs.cards import draw
from dialogs.events import Reply, Setting, Tapped
from dialogs.verbs import Command, Verb, Words
from facilitation import founding, invites, organisations, partnerships
from facilitation.refusals import NotYours

MOST = 12  # links in one message; for more there is the roster file


async def _asks(session: AsyncSession, tap: Tapped, _: Setting, partnership_id: int) -> Reply:
    """For how many people each, asked."""
    partnership = await partnerships.facilitated(session, partnership_id, account=tap.account)
    await awaited.forget(session, tap.chat)
    reader = await readers.of(session, account=tap.account, partnership_id=partnership_id)
    facts = {"days": inviting.DAYS[0], "places": inviting.PLACES, "made": False}
    return Reply(draw("bundle", reader, partnership=partnership, **facts), over=tap.message)


async def _make(
    session: AsyncSession, tap: Tapped, setting: Setting, partnership_id: int, each: int
) -> Reply:
    """Make them and show them, the one time they can be; the card that asked is settled."""
    partnership = await partnerships.facilitated(session, partnership_id, account=tap.account)
    language, now = partnership.language, tap.received_at
    waiting = organisations.waiting(await organisations.listed(session, partnership_id, now=now))
    if each not in inviting.PLACES or not 1 <= len(waiting) <= MOST:
        raise NotYours
    inviting.link(setting, "")  # refused before anything is made
    made = [
        invites.make(one, role="member", name="", language=language, now=now, places=each) for one in waiting
    ]
    session.add_all([invite for invite, _ in made])
    await session.flush()
    reader = await readers.of(session, account=tap.account, partnership_id=partnership_id)
    shown = draw(
        "bundle_links",
        reader,
        partnership=partnership,
        each=each,
        expires=made[0][0].expires_at,
        links=[
            {"name": one.name, "url": inviting.link(setting, secret)}
            for one, (_, secret) in zip(waiting, made, strict=True)
        ],
        next_step=(await founding.progress(session, partnership, now=now)).next_step,
    )
    facts = {"days": inviting.DAYS[0], "places": (), "made": True}
    settled = draw("bundle", reader, partnership=partnership, **facts)
    return Reply(shown, settled=(tap.message, settled) if tap.message is not None else None)


VERBS: dict[str, Verb] = {"bundle": Verb(_asks, 1), "bundlemake": Verb(_make, 2)}
COMMANDS: dict[str, Command] = {}
WORDS: dict[str, Words] = {}
