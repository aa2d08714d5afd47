"""What can happen in a chat, told without any messenger's words."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from dialogs.cards import Card

A_FEW_DAYS = timedelta(days=5)


@dataclass(frozen=True)
class Setting:
    """What the cards say about the house they are in."""

    operator: str = ""
    operator_chat: int = 0
    source: str = ""  # where this version's source can be had, as its licence asks
    bot: str = ""  # Parley's own name in the messenger; "": not known yet
    unreviewed: tuple[str, ...] = ()  # languages offered although nobody has reviewed them
    commands: tuple[tuple[str, tuple[str, ...]], ...] = ()  # each with the roles it is offered to


@dataclass(frozen=True, kw_only=True)
class Moment:
    """Who did something, where, and where it stands in the order of what they did."""

    account: int
    chat: int
    language: str
    update_id: int
    received_at: datetime
    name: str = ""  # what they call themselves


@dataclass(frozen=True, kw_only=True)
class Tapped(Moment):
    data: str = ""
    message: int | None = None


@dataclass(frozen=True)
class Awaiting:
    """What a text answers, as it stood when the text arrived."""

    kind: str
    about: int
    item: str
    message: int | None


@dataclass(frozen=True, kw_only=True)
class Said(Moment):
    """A text, what was awaited when it came, and the message it replies to, if it replies to one."""

    text: str = ""
    message: int = 0
    awaiting: Awaiting | None = None
    reply_to: int | None = None


@dataclass(frozen=True, kw_only=True)
class Reworded(Moment):
    """Somebody edited a text they had sent."""

    text: str = ""
    message: int = 0


@dataclass(frozen=True, kw_only=True)
class Filed(Moment):
    """Somebody sent a file. `content` is None where it is too large to be one of ours, or still `waits`."""

    file_name: str
    content: bytes | None
    waits: bool = False  # it is fetched only for somebody who may send one
    message: int = 0


@dataclass(frozen=True, kw_only=True)
class Grouped(Moment):
    """Somebody brought Parley into a group chat with a link; `chat` is the group."""

    secret: str
    title: str


@dataclass(frozen=True, kw_only=True)
class PutOut(Moment):
    """Somebody put Parley out of a group chat."""


@dataclass(frozen=True, kw_only=True)
class LetIn(Moment):
    """Somebody let Parley into a group chat, or changed what it may do there."""


@dataclass(frozen=True, kw_only=True)
class Reachable(Moment):
    """Somebody blocked Parley, or came back."""

    reachable: bool = True


@dataclass(frozen=True)
class Moved:
    """A group got another chat id."""

    old: int
    new: int


Event = Tapped | Said | Reworded | Filed | Grouped | Reachable | Moved | PutOut | LetIn


class FileWanted(Exception):  # noqa: N818 - it asks for something, nothing failed
    """Its sender may send a file: it has to be fetched before this can be answered."""


@dataclass(frozen=True)
class Post:
    """A card for somebody else: delivered by itself, once for its key, while it is worth having."""

    key: str
    chat: int
    card: Card
    begins: datetime
    lasts: timedelta = A_FEW_DAYS


@dataclass(frozen=True)
class Reply:
    """What a person gets to see for what they did.

    `card` is drawn over message `over`, or sent anew where `over` is None; `notice` is a short word on a tap;
    `settled` is an older card (message, card) that loses its buttons; `posts` are cards for others;
    `commands` are to be offered in this chat from now on, as (name, description).
    """

    card: Card | None = None
    over: int | None = None
    notice: str = ""
    alert: bool = False
    settled: tuple[int, Card] | None = None
    posts: tuple[Post, ...] = ()
    commands: tuple[tuple[str, str], ...] = ()
