"""What only whoever runs this Parley can do from a chat: find a partnership somebody new to facilitate it."""

from collections.abc import Sequence

from sqlmodel.ext.asyncio.session import AsyncSession

from dialogs import inviting, people
from dialogs.cards import Card, Reader, draw
from dialogs.events import Reply, Setting, Tapped
from dialogs.verbs import Command, Verb, Words
from facilitation import facilitators, invites
from facilitation.reach import Unreached
from facilitation.refusals import NotYours
from storage.partnerships import Partnership


def unled(partnership: Partnership, lost: Sequence[Unreached], *, others: bool, operator: int) -> Card:
    """Who facilitates cannot be reached. A button works only in a person's own chat, not in a group."""
    return draw(
        "unled",
        Reader(),
        partnership=partnership.id,
        name=partnership.name,
        **people.listed(lost),
        others=others,
        here=operator > 0,
    )


async def _link(session: AsyncSession, tap: Tapped, setting: Setting, partnership_id: int) -> Reply:
    """A link for a new facilitator, while the partnership has nobody else; the one before ends.

    Raises NotYours for anybody but the operator.
    """
    partnership = await session.get(Partnership, partnership_id)
    if not setting.operator_chat or tap.account != setting.operator_chat or partnership is None:
        raise NotYours
    facts = {"name": partnership.name, "days": invites.LASTS.days}
    organisation = await facilitators.orphaned(session, partnership.id)
    if organisation is None:
        return Reply(draw("unled_link", Reader(), url="", **facts), over=tap.message)
    secret = await facilitators.successor(session, partnership, organisation, now=tap.received_at)
    return Reply(draw("unled_link", Reader(), url=inviting.link(setting, secret), **facts))


VERBS: dict[str, Verb] = {"unled": Verb(_link, 1)}
COMMANDS: dict[str, Command] = {}
WORDS: dict[str, Words] = {}
