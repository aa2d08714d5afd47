"""What this Telegram knows: one bot, the people around it, the rooms they talk in."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiogram.types import (
    BotCommand,
    Chat,
    ForumTopic,
    Message,
    Poll,
    User,
)

from sandbox.carriers import Webhook
from sandbox.clock import Clock
from sandbox.faults import Faults
from sandbox.journal import Journal
from sandbox.limits import Limits
from sandbox.refusals import Mistaken
from sandbox.updates import Updates

Json = dict[str, Any]


@dataclass
class Person:
    """Somebody with a phone."""

    user: User
    deactivated: bool = False
    notices: list[Json] = field(default_factory=list)


@dataclass
class Ballot:
    """A poll's true votes; the poll itself shows only the counts."""

    poll: Poll
    room: "Room"
    message_id: int
    votes: dict[int, list[int]] = field(default_factory=dict)


@dataclass
class Room:
    """A chat, and everything said in it."""

    id: int
    kind: str
    title: str = ""
    forum: bool = False
    members: dict[int, str] = field(default_factory=dict)
    bot_status: str = "member"
    started: bool = False
    blocked: bool = False
    migrated_to: int | None = None
    deleted: bool = False
    mute: str = ""  # what a bot without the right to write here is told
    messages: dict[int, Message] = field(default_factory=dict)
    next_id: int = 1
    # Telegram lets nobody edit a message that came with a reply keyboard or a forced reply.
    fixed: set[int] = field(default_factory=set)
    reply_keyboard: Json | None = None
    force_reply: int | None = None
    topics: dict[int, ForumTopic] = field(default_factory=dict)
    closed_topics: set[int] = field(default_factory=set)
    pinned: list[int] = field(default_factory=list)
    reactions: defaultdict[int, dict[int, list[str]]] = field(default_factory=lambda: defaultdict(dict))
    read: dict[int, int] = field(default_factory=dict)
    action: tuple[str, float] = ("", 0.0)

    @property
    def private(self) -> bool:
        return self.kind == "private"


@dataclass
class Tap:
    """A callback query that waits for its tick."""

    id: str
    user: int
    room: Room
    message_id: int
    data: str
    at: float


@dataclass(frozen=True)
class Blob:
    """A file this Telegram keeps."""

    id: str
    unique_id: str
    path: str
    name: str
    mime: str
    data: bytes
    size: tuple[int, int] | None


class Telegram:
    """One bot's whole world. Nothing in it outlives the process but the journal's file."""

    def __init__(self, token: str, *, clock: Clock, journal: Journal, scale: float = 1.0) -> None:
        bot_id, _, rest = token.partition(":")
        if not bot_id.isdigit() or not rest:
            raise Mistaken("a token looks like 42:sandbox")
        self.token = token
        self.revoked = False
        name = "parley_bot" if rest == "sandbox" else f"parley{bot_id}_bot"
        self.bot = User(id=int(bot_id), is_bot=True, first_name="Parley", username=name)
        self.clock = clock
        self.journal = journal
        self.machine: Callable[[], float] = time.monotonic
        self.limits = Limits(self.machine, scale=scale)
        self.faults = Faults()
        self.updates = Updates(self.faults, journal)
        self.webhook: Webhook | None = None
        self.people: dict[int, Person] = {}
        self.rooms: dict[int, Room] = {}
        self.taps: dict[str, Tap] = {}
        self.ballots: dict[str, Ballot] = {}
        self.files: dict[str, Blob] = {}
        self.commands: dict[tuple[str, str], list[BotCommand]] = {}
        self.names: dict[tuple[str, str], str] = {}
        self.menus: dict[int, Json] = {}
        self.callback_ttl = 150.0
        self.message_ids = 0
        self.serial = 0
        self.listeners: set[Callable[[Json], None]] = set()
        self.strip: Json = {}
        self.wishes: asyncio.Queue[Json] = asyncio.Queue()

    def next_serial(self) -> int:
        self.serial += 1
        return self.serial

    def message_id(self, room: Room) -> int:
        """Private chats and small groups share one row of numbers; every supergroup has its own."""
        if room.kind == "supergroup":
            room.next_id += 1
            return room.next_id - 1
        self.message_ids += 1
        return self.message_ids

    def person(self, user_id: int) -> Person:
        try:
            return self.people[user_id]
        except KeyError:
            raise Mistaken(f"nobody here has the id {user_id}") from None

    def tell(self, event: Json) -> None:
        for listener in tuple(self.listeners):
            listener(event)

    def changed(self, room: Room) -> None:
        """Every phone that shows the room is told to look again."""
        for user_id in room.members:
            self.tell({"type": "changed", "user": user_id, "chat": room.id})

    def chat(self, room: Room) -> Chat:
        if room.private:
            user = self.people[room.id].user
            return Chat(
                id=room.id,
                type="private",
                first_name=user.first_name,
                last_name=user.last_name,
                username=user.username,
            )
        return Chat(id=room.id, type=room.kind, title=room.title, is_forum=True if room.forum else None)

    def name(self, what: str) -> str:
        return self.names.get((what, ""), "")
