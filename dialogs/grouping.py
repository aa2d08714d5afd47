"""A partnership's group chat: brought in by a link, told what it will read."""

from dataclasses import replace

from markupsafe import Markup
from sqlmodel.ext.asyncio.session import AsyncSession

from dialogs import answering, awaited, founding, readers
from dialogs.cards import Card, Reader, draw, sentence
from dialogs.events import Grouped, Moment, Post, Reply, Setting, Tapped
from dialogs.verbs import Command, Verb, Words
from facilitation import groups, invites, partnerships
from facilitation.invites import InviteUnknown
from facilitation.refusals import NotYours, Refusal
from storage.partnerships import Partnership


async def brought_in(session: AsyncSession, event: Grouped, setting: Setting) -> Reply:  # noqa: ARG001 - as every door
    """Whoever may link the group is told in their own chat what came of it; to anybody else nothing is said,
    so that a link tells nothing about a partnership.
    """
    try:
        invite = await invites.by_secret(session, event.secret)
        if invite.role != groups.GROUP:
            return Reply()
        partnership = await partnerships.facilitated(session, invite.partnership_id, account=event.account)
    except (InviteUnknown, NotYours):
        return Reply()
    reader = await readers.of(session, account=event.account, partnership_id=partnership.id)
    if partnership.group_chat == event.chat:
        return Reply(posts=(_told(event, await _linked(session, reader, event, partnership)),))
    try:
        await groups.bring(session, invite, partnership, chat=event.chat, now=event.received_at)
    except Refusal as refusal:
        return Reply(posts=(_told(event, draw("refused", reader, said=sentence(refusal, reader))),))
    hello = draw("group_hello", _everybody(partnership), partnership=partnership)
    return Reply(hello, posts=(_told(event, await _linked(session, reader, event, partnership)),))


async def _linked(session: AsyncSession, reader: Reader, event: Grouped, partnership: Partnership) -> Card:
    """That it worked, and the menu to go on from."""
    menu = await founding.menu(session, replace(event, chat=event.account), partnership.id)
    told = draw(
        "group_linked",
        reader,
        partnership=partnership,
        title=event.title,
        menu=Markup(menu.text),  # noqa: S704 - a card's text is HTML
    )
    return replace(told, rows=menu.rows)


def _told(event: Grouped, card: Card) -> Post:
    return Post(f"group:{event.account}:{event.update_id}", event.account, card, event.received_at)


def _everybody(partnership: Partnership) -> Reader:
    return Reader(partnership.language, partnership.timezone)


def ill(what: str, reader: Reader, partnership: Partnership) -> Card:
    """What is wrong with a partnership's group, for one of its facilitators."""
    return draw(f"group_{what}", reader, partnership=partnership)


async def _group(session: AsyncSession, tap: Tapped, setting: Setting, partnership_id: int) -> Reply:
    """What a group chat would read; then the link that brings Parley in, new each time."""
    partnership = await partnerships.facilitated(session, partnership_id, account=tap.account)
    await awaited.forget(session, tap.chat)
    return Reply(await _card(session, tap, setting, partnership), over=tap.message)


async def _card(session: AsyncSession, moment: Moment, setting: Setting, partnership: Partnership) -> Card:
    url, linked = "", partnership.group_chat is not None
    if setting.bot and not linked:
        secret = await groups.link(session, partnership, account=moment.account, now=moment.received_at)
        url = f"https://t.me/{setting.bot}?startgroup={secret}"
    reader = await readers.of(session, account=moment.account, partnership_id=partnership.id)
    ill = await groups.of(session, partnership.id, now=moment.received_at)
    barred = linked and ill is not None and ill.what == groups.BARRED
    return draw("group", reader, partnership=partnership, linked=linked, barred=barred, url=url)


async def _unlink(session: AsyncSession, tap: Tapped, setting: Setting, partnership_id: int) -> Reply:
    partnership = await partnerships.facilitated(session, partnership_id, account=tap.account)
    chat = await groups.unlink(session, partnership)
    card = await _card(session, tap, setting, partnership)
    if chat is None:
        return Reply(card, over=tap.message)
    goodbye = draw("group_goodbye", _everybody(partnership), partnership=partnership)
    post = Post(f"group_off:{partnership.id}:{tap.update_id}", chat, goodbye, tap.received_at)
    return Reply(card, over=tap.message, notice=answering.TICK, posts=(post,))


VERBS: dict[str, Verb] = {"grp": Verb(_group, 1), "grp_off": Verb(_unlink, 1)}
COMMANDS: dict[str, Command] = {}
WORDS: dict[str, Words] = {}
