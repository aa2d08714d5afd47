"""What only whoever runs this Parley can do from a chat: find a partnership somebody new to facilitate it."""

from sqlmodel.ext.asyncio.session import AsyncSession

from dialogs import inviting
from dialogs.cards import Card, Reader, draw
from dialogs.events import Reply, Setting, Tapped
from dialogs.verbs import Command, Verb, Words
from facilitation import facilitators, invites
from facilitation.reach import Unreached
from facilitation.refusals import NotYours
from storage.partnerships import Partnership


def unled(
    partnership: Partnership, lost: Unreached, *, others: bool, operator: int, reader: Reader | None = None
) -> Card:
    """Who facilitates cannot be reached. A button works only in a person's own chat, not in a group."""
    return draw(
        "unled",
        reader or Reader(),
        partnership=partnership.id,
        name=partnership.name,
        person=lost.seat.name,
        others=others,
        here=operator > 0,
    )


async def _link(session: AsyncSession, tap: Tapped, setting: Setting, partnership_id: int) -> Reply:
    """A link for a new facilitator, while the partnership has nobody else. Raises NotYours."""
    partnership = await session.get(Partnership, partnership_id)
    if not setting.operator_chat or tap.account != setting.operator_chat or partnership is None:
        raise NotYours
    organisation = await facilitators.orphaned(session, partnership.id)
    if organisation is None:
        raise NotYours
    invite, secret = invites.make(
        organisation, role="facilitator", name="", language=partnership.language, now=tap.received_at
    )
    session.add(invite)
    await session.flush()
    url = inviting.link(setting, secret)
    return Reply(draw("unled_link", Reader(), name=partnership.name, url=url, days=invites.LASTS.days))


VERBS: dict[str, Verb] = {"unled": Verb(_link, 1)}
COMMANDS: dict[str, Command] = {}
WORDS: dict[str, Words] = {}
