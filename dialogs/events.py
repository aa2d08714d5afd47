"""What can happen in a chat, told without any messenger's words."""

from dataclasses import dataclass
from datetime import datetime

from dialogs.cards import Card


@dataclass(frozen=True)
class Moment:
    """Who did something, where, and where it stands in the order of what they did."""

    account: int
    chat: int
    language: str
    update_id: int
    received_at: datetime


@dataclass(frozen=True)
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


@dataclass(frozen=True)
class Said(Moment):
    """A text, what was awaited when it came, and the message it replies to, if it replies to one."""

    text: str = ""
    message: int = 0
    awaiting: Awaiting | None = None
    reply_to: int | None = None


@dataclass(frozen=True)
class Reworded(Moment):
    """Somebody edited a text they had sent."""

    text: str = ""
    message: int = 0


@dataclass(frozen=True)
class Reachable(Moment):
    """Somebody blocked Parley, or came back."""

    reachable: bool = True


@dataclass(frozen=True)
class Moved:
    """A group got another chat id."""

    old: int
    new: int


Event = Tapped | Said | Reworded | Reachable | Moved


@dataclass(frozen=True)
class Reply:
    """What a person gets to see for what they did.

    `card` is drawn over message `over`, or sent anew where `over` is None; `notice` is a short word on a tap;
    `settled` is an older card (message, card) that loses its buttons.
    """

    card: Card | None = None
    over: int | None = None
    notice: str = ""
    alert: bool = False
    settled: tuple[int, Card] | None = None
