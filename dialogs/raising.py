"""What people raise by themselves, and the reply it is owed."""

from collections.abc import Sequence

from sqlmodel.ext.asyncio.session import AsyncSession

from dialogs.events import Reply, Reworded
from dialogs.verbs import Command, Verb, Words


async def reworded(session: AsyncSession, edit: Reworded) -> Sequence[Reply]:  # noqa: ARG001 - to be filled
    return ()


VERBS: dict[str, Verb] = {}
COMMANDS: dict[str, Command] = {}
WORDS: dict[str, Words] = {}
