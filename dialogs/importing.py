"""A roster sent as a file: looked at first, taken in once its sender agrees."""

from sqlmodel.ext.asyncio.session import AsyncSession

from dialogs.events import Filed, Reply, Setting
from dialogs.verbs import Command, Verb, Words


async def filed(session: AsyncSession, event: Filed, setting: Setting) -> Reply:  # noqa: ARG001 - to be filled
    return Reply()


VERBS: dict[str, Verb] = {}
COMMANDS: dict[str, Command] = {}
WORDS: dict[str, Words] = {}
