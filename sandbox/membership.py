"""Groups: made, joined, left, turned into supergroups; and where the bot stands in each."""

from collections.abc import Iterable

from aiogram.types import ChatMemberUpdated, User

from sandbox import messages
from sandbox.refusals import Mistaken
from sandbox.standings import standing
from sandbox.world import Room, Telegram

SUPERGROUP_BASE = -1_001_000_000_000
GROUP_BASE = -4_000_000
IN_CHAT = frozenset({"creator", "administrator", "member"})


def create(
    telegram: Telegram, title: str, *, members: Iterable[int], admins: Iterable[int], bot: bool, forum: bool
) -> Room:
    """Make a group; a forum is a supergroup from the start."""
    numbers = list(dict.fromkeys([*admins, *members]))
    if not numbers:
        raise Mistaken("a group needs at least one member")
    first = telegram.person(numbers[0]).user
    room = Room(id=_new_id(telegram, large=forum), kind="supergroup" if forum else "group", title=title)
    room.forum = forum
    room.bot_status = "left"
    room.members = {telegram.person(number).user.id: "member" for number in numbers}
    room.members.update(dict.fromkeys(admins, "administrator"))
    room.members[first.id] = "creator"
    telegram.rooms[room.id] = room
    if bot:
        made = "supergroup_chat_created" if forum else "group_chat_created"
        bot_becomes(telegram, room, "member", by=first)
        announce(telegram, room, by=first, **{made: True})
    telegram.changed(room)
    return room


def _new_id(telegram: Telegram, *, large: bool) -> int:
    return (SUPERGROUP_BASE if large else GROUP_BASE) - telegram.next_serial()


def announce(telegram: Telegram, room: Room, *, by: User, **content: object) -> None:
    """A service message; the bot always hears of those while it is inside."""
    message = messages.post(telegram, room, **{"from": by}, **content)
    if room.bot_status in IN_CHAT:
        telegram.updates.push("message", message, chat=room.id)


def bot_becomes(telegram: Telegram, room: Room, status: str, *, by: User) -> None:
    """The bot is let in, promoted or thrown out."""
    if status == room.bot_status:
        return
    _member_updated(telegram, room, "my_chat_member", telegram.bot, old=room.bot_status, new=status, by=by)
    room.bot_status = status
    telegram.changed(room)


def _member_updated(
    telegram: Telegram, room: Room, kind: str, who: User, *, old: str, new: str, by: User
) -> None:
    update = ChatMemberUpdated(
        chat=telegram.chat(room),
        from_user=by,
        date=telegram.clock.now(),
        old_chat_member=standing(who, old),
        new_chat_member=standing(who, new),
    )
    telegram.updates.push(kind, update, chat=room.id)


def set_bot(telegram: Telegram, room: Room, status: str) -> None:
    """Somebody of the group changes the bot's place in it."""
    if status not in (*IN_CHAT, "left", "kicked") or status == "creator":
        raise Mistaken(f"a bot cannot be {status}")
    by = telegram.person(next(iter(room.members))).user
    was_inside = room.bot_status in IN_CHAT
    bot_becomes(telegram, room, status, by=by)
    if not was_inside and status in IN_CHAT:
        announce(telegram, room, by=by, new_chat_members=[telegram.bot])
    elif was_inside and status not in IN_CHAT:
        announce(telegram, room, by=by, left_chat_member=telegram.bot)


def let_in(telegram: Telegram, room: Room, *, by: User) -> None:
    """Somebody of the group brings the bot in; nothing happens where it is inside."""
    if room.bot_status not in IN_CHAT:
        bot_becomes(telegram, room, "member", by=by)
        announce(telegram, room, by=by, new_chat_members=[telegram.bot])


def add(telegram: Telegram, room: Room, user_id: int) -> None:
    """Somebody joins. With admin rights the bot may also hear of it as chat_member."""
    user = telegram.person(user_id).user
    if user_id in room.members:
        raise Mistaken(f"{user_id} is a member already")
    room.members[user_id] = "member"
    if room.bot_status == "administrator":
        _member_updated(telegram, room, "chat_member", user, old="left", new="member", by=user)
    announce(telegram, room, by=user, new_chat_members=[user])


def remove(telegram: Telegram, room: Room, user_id: int) -> None:
    user = telegram.person(user_id).user
    if user_id not in room.members:
        raise Mistaken(f"{user_id} is no member")
    old = room.members[user_id]
    if room.bot_status == "administrator":
        _member_updated(telegram, room, "chat_member", user, old=old, new="left", by=user)
    announce(telegram, room, by=user, left_chat_member=user)
    del room.members[user_id]
    telegram.tell({"type": "changed", "user": user_id, "chat": room.id})


# What Telegram says to a bot that may not write: by the group's rules, by an old group's, in a closed topic.
NO_RIGHT = (
    "not enough rights to send text messages to the chat",
    "have no rights to send a message",
    "CHAT_WRITE_FORBIDDEN",
    "TOPIC_CLOSED",
)


def mute(telegram: Telegram, room: Room, said: str) -> None:
    """The group's rules let nobody but administrators write, or ("") everybody again. No update tells it."""
    if said and said not in NO_RIGHT:
        raise Mistaken(f"Telegram says none of this: {said}")
    room.mute = said
    telegram.changed(room)


def delete(telegram: Telegram, room: Room) -> None:
    """The owner deletes the group for everybody. The bot is not told; it finds out when it writes."""
    room.deleted = True
    for number in list(room.members):
        del room.members[number]
        telegram.tell({"type": "changed", "user": number, "chat": room.id})


def migrate(telegram: Telegram, room: Room) -> Room:
    """The group becomes a supergroup: a new id, with a word about it in both rooms."""
    if room.kind != "group" or room.migrated_to is not None:
        raise Mistaken("only a small group can become a supergroup")
    by = telegram.person(next(iter(room.members))).user
    large = Room(id=_new_id(telegram, large=True), kind="supergroup", title=room.title)
    large.members = dict(room.members)
    large.bot_status = room.bot_status
    telegram.rooms[large.id] = large
    announce(telegram, room, by=by, migrate_to_chat_id=large.id)
    room.migrated_to = large.id
    announce(telegram, large, by=by, migrate_from_chat_id=room.id)
    return large
