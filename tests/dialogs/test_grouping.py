"""A group chat is brought in by a link, told what it will read, moved, unlinked and lost."""

from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlmodel import col, select

from bot import outbox, telling, translation
from dialogs.cards import plain
from dialogs.events import Grouped, LetIn, Moment, Moved, PutOut, Reply, Setting
from facilitation import groups, invites
from storage.database import Database
from storage.members import Invite
from storage.partnerships import Partnership
from storage.queues import Outgoing
from tests.cast import MONDAY, Cast, seated
from tests.dialogs.phone import Phone, card, data, labels, text

GROUP, SUPERGROUP = -500, -1000500
SETTING = Setting(bot="parley_bot")


@pytest.fixture
def facilitator(database: Database, cast: Cast) -> Phone:
    return Phone(database, cast.facilitator, now=MONDAY, setting=SETTING)


async def link(phone: Phone, cast: Cast) -> str:
    """The secret on the button that lets a facilitator choose a group."""
    offered = await phone.tap(f"grp:{cast.partnership.id}")
    url = next(one.url for row in card(offered).rows for one in row if one.label == "Choose the group")
    assert url.startswith("https://t.me/parley_bot?startgroup=")
    return parse_qs(urlsplit(url).query)["startgroup"][0]


async def brings(phone: Phone, secret: str, *, chat: int = GROUP, title: str = "Riverside all") -> Reply:
    moment = phone.moment() | {"chat": chat}
    (reply,) = await phone.does(Grouped(**moment, secret=secret, title=title))
    return reply


async def group_of(database: Database, cast: Cast) -> int | None:
    async with database.reading() as session:
        return (await session.get_one(Partnership, cast.partnership.id)).group_chat


def told(reply: Reply) -> tuple[int, str]:
    (post,) = reply.posts
    return post.chat, plain(post.card.text)


async def test_whoever_links_a_group_is_warned_first(cast: Cast, facilitator: Phone) -> None:
    offered = await facilitator.tap(f"grp:{cast.partnership.id}")

    assert "Everyone in that group will read every digest, also people who are not members." in text(offered)
    assert "Who joins it later can read back." in text(offered)
    assert labels(offered) == [["Choose the group"], ["Back"]]


async def test_a_group_brought_in_by_a_link_is_told_what_comes_there(
    database: Database, cast: Cast, facilitator: Phone
) -> None:
    reply = await brings(facilitator, await link(facilitator, cast))

    assert "From now on every digest of Riverside comes here." in text(reply)
    assert "Everybody in this group reads it, also who joins later." in text(reply)
    assert labels(reply) == []
    chat, words = told(reply)
    assert chat == cast.facilitator
    assert "The group Riverside all is linked to Riverside." in words
    assert await group_of(database, cast) == GROUP


async def test_a_group_without_a_title_is_linked_too(cast: Cast, facilitator: Phone) -> None:
    reply = await brings(facilitator, await link(facilitator, cast), title="")

    assert "The group is linked to Riverside." in told(reply)[1]


async def test_the_link_of_a_group_keeps_only_its_hash_and_lasts_a_day(
    database: Database, cast: Cast, facilitator: Phone
) -> None:
    secret = await link(facilitator, cast)

    async with database.reading() as session:
        kept = (await session.exec(select(Invite).where(Invite.role == groups.GROUP))).one()
    assert (kept.secret_hash, kept.places) == (invites.hashed(secret), 1)
    assert kept.expires_at == MONDAY + timedelta(days=1)


async def test_to_anybody_else_a_link_says_nothing(
    database: Database, cast: Cast, facilitator: Phone
) -> None:
    secret = await link(facilitator, cast)
    other = await seated(database, first_account=5000, name="Hillside")
    seat, _ = await seat_link(database, cast)

    replies = [
        await brings(Phone(database, account, now=MONDAY, setting=SETTING), secret)
        for account in (cast.members[0], other.facilitator, 99)
    ]
    replies += [await brings(facilitator, "no-such-secret"), await brings(facilitator, seat)]

    assert replies == [Reply()] * 5
    assert await group_of(database, cast) is None


async def seat_link(database: Database, cast: Cast) -> tuple[str, int]:
    async with database.writing() as session:
        invite, secret = invites.make(
            cast.organisations["council"], role="member", name="", language="en", now=MONDAY
        )
        session.add(invite)
        await session.flush()
        return secret, invite.id


async def test_a_link_to_a_group_works_once_and_for_a_day(
    database: Database, cast: Cast, facilitator: Phone
) -> None:
    used = await link(facilitator, cast)
    await brings(facilitator, used)
    await facilitator.tap(f"grp_off:{cast.partnership.id}")
    replaced = await link(facilitator, cast)
    late = await link(facilitator, cast)

    twice = await brings(facilitator, used, chat=-6)
    earlier = await brings(facilitator, replaced, chat=-6)
    facilitator.now = MONDAY + timedelta(days=1)
    too_late = await brings(facilitator, late, chat=-6)

    assert [one.card for one in (twice, earlier, too_late)] == [None] * 3
    assert "was taken back" in told(twice)[1]
    assert "was taken back" in told(earlier)[1]
    assert "too old" in told(too_late)[1]
    assert await group_of(database, cast) is None


async def test_the_same_link_in_a_second_group_links_nothing_more(
    database: Database, cast: Cast, facilitator: Phone
) -> None:
    secret = await link(facilitator, cast)
    await brings(facilitator, secret)

    again = await brings(facilitator, secret)
    elsewhere = await brings(facilitator, secret, chat=-6)

    assert again.card is None
    assert "is linked to Riverside" in told(again)[1]
    assert "This link has been used." in told(elsewhere)[1]
    assert await group_of(database, cast) == GROUP


async def test_a_partnership_has_one_group(database: Database, cast: Cast, facilitator: Phone) -> None:
    secret = await link(facilitator, cast)
    async with database.writing() as session:
        (await session.get_one(Partnership, cast.partnership.id)).group_chat = -7

    reply = await brings(facilitator, secret)

    assert "has a group chat already" in told(reply)[1]
    assert await group_of(database, cast) == -7


async def test_a_group_of_another_partnership_is_not_taken(
    database: Database, cast: Cast, facilitator: Phone
) -> None:
    other = await seated(database, first_account=5000, name="Hillside")
    async with database.writing() as session:
        (await session.get_one(Partnership, other.partnership.id)).group_chat = GROUP

    reply = await brings(facilitator, await link(facilitator, cast))

    assert reply.card is None
    assert "belongs to another partnership already" in told(reply)[1]
    assert "Hillside" not in told(reply)[1]
    assert (await group_of(database, cast), await group_of(database, other)) == (None, GROUP)


async def test_an_unlinked_group_is_told_and_gets_nothing_more(
    database: Database, cast: Cast, facilitator: Phone
) -> None:
    await brings(facilitator, await link(facilitator, cast))

    linked = await facilitator.tap(f"grp:{cast.partnership.id}")
    unlinked = await facilitator.tap(data(linked, "Unlink the group"))
    again = await facilitator.tap(data(linked, "Unlink the group"))

    chat, words = told(unlinked)
    assert labels(linked) == [["Unlink the group"], ["Back"]]
    assert "Choose the group" in [label for row in labels(unlinked) for label in row]
    assert chat == GROUP
    assert "No more digests of Riverside come here." in words
    assert again.posts == ()
    assert await group_of(database, cast) is None


async def test_a_group_that_moved_stays_linked(database: Database, cast: Cast, facilitator: Phone) -> None:
    await brings(facilitator, await link(facilitator, cast))

    await facilitator.does(Moved(old=GROUP, new=SUPERGROUP))
    await facilitator.does(PutOut(**facilitator.moment() | {"chat": GROUP}))

    assert await group_of(database, cast) == SUPERGROUP


async def test_facilitators_are_told_once_and_by_day_when_parley_is_put_out_of_their_group(
    database: Database, cast: Cast, facilitator: Phone
) -> None:
    await brings(facilitator, await link(facilitator, cast))
    somebody = Phone(database, 99, now=MONDAY)
    night = MONDAY.replace(hour=22)

    replies = [await somebody.does(PutOut(**somebody.moment() | {"chat": GROUP})) for _ in range(2)]
    written = [await telling.tell(database, operator=0, now=night) for _ in range(2)]

    assert (replies, written) == ([(), ()], [1, 0])
    (note,) = await noted(database)
    assert (note.chat, note.not_before) == (cast.facilitator, MONDAY + timedelta(days=1))
    words = plain(str(note.payload["text"]))
    assert "The group chat of Riverside is gone, or Parley was taken out of it." in words
    assert "link it again, or another one, with the button below" in words
    assert await group_of(database, cast) is None
    assert "The group chat is gone" in text(await facilitator.say("/status"))


async def test_who_blocked_parley_is_not_told_about_the_group(
    database: Database, cast: Cast, facilitator: Phone
) -> None:
    await brings(facilitator, await link(facilitator, cast))
    await facilitator.block()

    await facilitator.does(PutOut(**facilitator.moment() | {"chat": GROUP}))
    await telling.tell(database, operator=0, now=MONDAY)

    assert await noted(database) == []


async def noted(database: Database) -> Sequence[Outgoing]:
    async with database.reading() as session:
        return (await session.exec(select(Outgoing).where(Outgoing.kind == "note"))).all()


async def test_a_group_that_was_lost_is_linked_again_and_nothing_is_wrong_any_more(
    database: Database, cast: Cast, facilitator: Phone
) -> None:
    await brings(facilitator, await link(facilitator, cast))
    await facilitator.does(PutOut(**facilitator.moment() | {"chat": GROUP}))

    await brings(facilitator, await link(facilitator, cast))

    assert await group_of(database, cast) == GROUP
    assert "group chat" not in text(await facilitator.say("/status"))


async def test_a_group_that_seemed_deleted_and_had_only_moved_is_found_again(
    database: Database, cast: Cast, facilitator: Phone
) -> None:
    await brings(facilitator, await link(facilitator, cast))
    async with database.writing() as session:
        await groups.lose(session, chat=GROUP, now=MONDAY)

    await facilitator.does(Moved(old=GROUP, new=SUPERGROUP))
    written = await telling.tell(database, operator=0, now=MONDAY)

    assert (await group_of(database, cast), written) == (SUPERGROUP, 0)


async def test_what_waits_for_a_group_goes_to_where_it_moved(
    database: Database, cast: Cast, facilitator: Phone
) -> None:
    await brings(facilitator, await link(facilitator, cast))
    async with database.writing() as session:
        waiting = outbox.Letter(
            "a", "digest", GROUP, "sendMessage", {"chat_id": GROUP, "text": "x"}, MONDAY, MONDAY
        )
        await outbox.put(database, session, [waiting])

    for _ in range(2):  # it is said in the old group and in the new one
        await facilitator.does(Moved(old=GROUP, new=SUPERGROUP))

    async with database.reading() as session:
        letter = (await session.exec(select(Outgoing).where(Outgoing.key == "a"))).one()
    assert (letter.chat, letter.payload) == (SUPERGROUP, {"chat_id": SUPERGROUP, "text": "x"})


async def test_where_parley_may_not_write_the_menu_says_what_to_do(
    database: Database, cast: Cast, facilitator: Phone
) -> None:
    await brings(facilitator, await link(facilitator, cast))
    async with database.writing() as session:
        await groups.bar(session, chat=GROUP, now=MONDAY)
    barred = text(await facilitator.tap(f"grp:{cast.partnership.id}"))
    async with database.writing() as session:
        await groups.reached(session, chat=GROUP)

    well = text(await facilitator.tap(f"grp:{cast.partnership.id}"))

    assert "Parley may not write there now. Make it an administrator of that group" in barred
    assert "Every digest comes there too." in well


async def test_once_parley_may_write_again_nothing_is_wrong_until_it_is_refused_again(
    database: Database, cast: Cast, facilitator: Phone
) -> None:
    await brings(facilitator, await link(facilitator, cast))
    async with database.writing() as session:
        await groups.bar(session, chat=GROUP, now=MONDAY)
    await telling.tell(database, operator=0, now=MONDAY)

    await facilitator.does(LetIn(**facilitator.moment() | {"chat": GROUP}))
    well = text(await facilitator.say("/status"))
    async with database.writing() as session:
        await groups.bar(session, chat=GROUP, now=MONDAY + timedelta(hours=1))
    again = await telling.tell(database, operator=0, now=MONDAY + timedelta(hours=1))

    assert "group chat" not in well
    assert "Every digest comes there too." not in text(await facilitator.tap(f"grp:{cast.partnership.id}"))
    assert (again, len(await noted(database))) == (1, 2)


async def test_that_a_group_is_gone_is_shown_for_two_weeks(
    database: Database, cast: Cast, facilitator: Phone
) -> None:
    await brings(facilitator, await link(facilitator, cast))
    await facilitator.does(PutOut(**facilitator.moment() | {"chat": GROUP}))

    facilitator.now = MONDAY + timedelta(days=13)
    shown = text(await facilitator.say("/status"))
    facilitator.now = MONDAY + timedelta(days=14)
    over = text(await facilitator.say("/status"))

    assert "The group chat is gone" in shown
    assert "group chat" not in over


async def test_without_a_name_of_its_own_parley_makes_no_link(
    database: Database, cast: Cast, facilitator: Phone
) -> None:
    facilitator.setting = Setting()

    offered = await facilitator.tap(f"grp:{cast.partnership.id}")

    assert "Telegram has not told me my own name yet" in text(offered)
    assert labels(offered) == [["Look again"], ["Back"]]
    async with database.reading() as session:
        assert (await session.exec(select(Invite).where(col(Invite.role) == groups.GROUP))).all() == []


# As Telegram says it.

AMAL = {"id": 5, "is_bot": False, "first_name": "Amal"}
CHAT = {"id": GROUP, "type": "group", "title": "Riverside all"}


@pytest.mark.parametrize("command", ["/start@parley_bot", "/start"])
def test_a_group_is_brought_in_by_what_privacy_mode_lets_through(command: str) -> None:
    message = {
        "message_id": 3,
        "date": 1,
        "from": AMAL,
        "chat": CHAT,
        "text": f"{command} s3cret",
        "entities": [{"type": "bot_command", "offset": 0, "length": len(command)}],
    }

    event = translation.event({"update_id": 7, "message": message}, received_at=MONDAY, awaited=None)

    assert isinstance(event, Grouped)
    assert (event.secret, event.chat, event.account, event.title) == ("s3cret", GROUP, 5, "Riverside all")


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [("member", "left", PutOut), ("member", "kicked", PutOut), ("left", "member", LetIn)],
)
def test_being_put_out_of_a_group_and_being_let_in_are_events(before: str, after: str, kind: type) -> None:
    parley = {"id": 6, "is_bot": True, "first_name": "Parley"}
    change = {"chat": CHAT, "from": AMAL, "date": 1}
    old, new = ({"status": status, "user": parley, "until_date": 0} for status in (before, after))

    found = translation.event(
        {"update_id": 7, "my_chat_member": change | {"old_chat_member": old, "new_chat_member": new}},
        received_at=MONDAY,
        awaited=None,
    )

    assert isinstance(found, kind)
    assert isinstance(found, Moment)
    assert (found.chat, found.received_at, found.update_id) == (GROUP, MONDAY, 7)


def test_a_group_that_moved_says_so_in_the_old_one_and_in_the_new() -> None:
    old, new = (
        translation.event(
            {"update_id": 7, "message": {"message_id": 1, "date": 1, "chat": chat, **word}},
            received_at=MONDAY,
            awaited=None,
        )
        for chat, word in (
            (CHAT, {"migrate_to_chat_id": SUPERGROUP}),
            (CHAT | {"id": SUPERGROUP, "type": "supergroup"}, {"migrate_from_chat_id": GROUP}),
        )
    )

    assert old == new == Moved(old=GROUP, new=SUPERGROUP)
