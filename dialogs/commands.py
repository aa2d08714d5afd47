"""Which commands are offered to whom, each with what it is for, in the reader's language."""

from collections.abc import Iterable

from sqlmodel.ext.asyncio.session import AsyncSession

from dialogs import readers
from dialogs.cards import Reader, draw, plain
from dialogs.events import Moment, Setting
from dialogs.verbs import FACILITATOR, MEMBER, STRANGER
from facilitation import members

Told = tuple[tuple[str, str], ...]

COMPLAIN = "/complain"
# In the order in which they are listed; one that is not here is listed last.
ORDER = (
    *("/start", "/help", "/raise", "/digests", "/away", "/pause", "/language", "/partnerships"),
    *("/mydata", "/complain", "/leave", "/forget", "/setup", "/status", "/cancel"),
)


async def role(session: AsyncSession, *, account: int) -> str:
    """What somebody is here; who left every partnership may still read, erase and complain."""
    sittings = await members.sittings(session, account=account)
    if any(one.seat.role == "facilitator" for one in sittings):
        return FACILITATOR
    known = bool(sittings) or await members.of(session, account=account) is not None
    return MEMBER if known else STRANGER


async def of(session: AsyncSession, moment: Moment, setting: Setting) -> Told:
    """The commands for whoever did this, to be offered in their chat."""
    reader = await readers.alone(session, account=moment.account, language=moment.language)
    return told(setting, await role(session, account=moment.account), reader)


def told(setting: Setting, role: str, reader: Reader) -> Told:
    """What is listed for somebody. Where nobody would get a complaint none is asked for."""
    names = [name for name, offered in setting.commands if role in offered]
    names = [name for name in names if name != COMPLAIN or setting.operator_chat]
    return tuple((name, described(name, reader)) for name in in_order(names))


def in_order(names: Iterable[str]) -> list[str]:
    return sorted(names, key=lambda name: (ORDER.index(name) if name in ORDER else len(ORDER), name))


def described(name: str, reader: Reader) -> str:
    """What a command is for, in a few words. One without words of its own is an error."""
    return plain(draw("commands", reader, name=name).text)
