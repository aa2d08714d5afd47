"""What a door of the conversation offers: buttons, commands, and words that it waits for."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sqlmodel.ext.asyncio.session import AsyncSession

from dialogs.events import Awaiting, Reply, Said, Setting, Tapped

STRANGER, MEMBER, FACILITATOR = "stranger", "member", "facilitator"


@dataclass(frozen=True)
class Verb:
    """A kind of button: what it does, and how many numbers it carries.

    `wide` tells that the last of them is a fingerprint, longer than any id.
    """

    do: Callable[..., Awaitable[Reply]]  # (session, tap, setting, *numbers)
    numbers: int
    wide: bool = False


@dataclass(frozen=True)
class Command:
    """`offered` are the roles it is listed for; whoever types it is answered."""

    do: Callable[[AsyncSession, Said, Setting, str], Awaitable[Reply]]  # the rest of the line last
    offered: tuple[str, ...] = (MEMBER, FACILITATOR)


Words = Callable[[AsyncSession, Said, Awaiting, Setting], Awaitable[Reply]]
Doing = Callable[[AsyncSession, Tapped, Setting], Awaitable[Reply]]
