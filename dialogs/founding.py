"""Founding a partnership, and its own menu: name, clock, language, what to do in danger."""

from sqlmodel.ext.asyncio.session import AsyncSession

from dialogs.events import Reply, Said, Setting
from dialogs.verbs import Command, Verb, Words


async def is_ours(session: AsyncSession, secret: str) -> bool:  # noqa: ARG001 - to be filled
    return False


async def offered(session: AsyncSession, message: Said, setting: Setting, secret: str) -> Reply:  # noqa: ARG001 - to be filled
    return Reply()


VERBS: dict[str, Verb] = {}
COMMANDS: dict[str, Command] = {}
WORDS: dict[str, Words] = {}
