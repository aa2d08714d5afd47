"""A partnership's group chat: brought in by a link, told what it will read."""

from sqlmodel.ext.asyncio.session import AsyncSession

from dialogs.events import Grouped, Reply, Setting
from dialogs.verbs import Command, Verb, Words


async def brought_in(session: AsyncSession, event: Grouped, setting: Setting) -> Reply:  # noqa: ARG001 - to be filled
    return Reply()


VERBS: dict[str, Verb] = {}
COMMANDS: dict[str, Command] = {}
WORDS: dict[str, Words] = {}
