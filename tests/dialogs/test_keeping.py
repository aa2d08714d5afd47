"""What is kept about somebody, in the chat: to read, to erase, to complain about; and coming back."""

import json
from datetime import timedelta

import pytest
from sqlmodel import col, select

from bot import drawing, outbox
from bot.outbox import Letter
from dialogs.cards import plain
from dialogs.events import Reply, Setting
from facilitation import members
from storage.database import Database
from storage.queues import Outgoing
from storage.rounds import Awaited
from tests.cast import OPENS, Cast, seated
from tests.dialogs.phone import Phone, card, data, labels, text
from tests.dialogs.test_joining import link
from tests.facilitation import marked
from tests.facilitation.turning import all_rounds, turn

OPERATOR = 900
LONGEST_CAPTION = 1024
HERE = Setting(operator="Riverside Forum", operator_chat=OPERATOR)


@pytest.fixture
def phone(database: Database, cast: Cast) -> Phone:
    return Phone(database, cast.members[0], setting=HERE)


async def deliver(database: Database, reply: Reply) -> None:
    """Write a reply's posts into the outbox, as handling does."""
    async with database.writing() as session:
        for post in reply.posts:
            method, payload = drawing.sent(post.card, post.chat)
            until = post.begins + post.lasts
            letter = Letter(post.key, "note", post.chat, method, payload, post.begins, until)
            await outbox.put(database, session, [letter])


async def known(database: Database, account: int) -> bool:
    async with database.reading() as session:
        return await members.of(session, account=account) is not None


async def test_everything_kept_comes_as_one_file_with_a_card_in_words(
    database: Database, cast: Cast, phone: Phone
) -> None:
    await turn(database, now=OPENS)
    await marked.lived(database, cast, [phone.account], round_id=(await all_rounds(database))[0].id)

    reply = await phone.say("/mydata")

    enclosed = card(reply).enclosed
    assert enclosed is not None
    assert (enclosed.name, enclosed.picture) == ("parley-mydata.json", False)
    kept = json.loads(enclosed.content)
    assert kept["places"][0]["organisation"] == "Council"
    assert marked.mark(phone.account, "quote") in enclosed.content.decode()
    assert "Not in it: what Telegram keeps." in text(reply)
    assert len(text(reply)) <= LONGEST_CAPTION


async def test_a_stranger_s_file_is_short_and_says_so(database: Database, cast: Cast) -> None:
    reply = await Phone(database, 5).say("/mydata")

    assert "You are in no partnership, so it is short." in text(reply)
    assert card(reply).enclosed is not None


async def test_being_forgotten_is_said_first_asked_twice_and_then_done(
    database: Database, cast: Cast, phone: Phone
) -> None:
    first = await phone.say("/forget")
    second = await phone.tap(data(first, "Go on to erase"))
    between = await known(database, phone.account)
    done = await phone.tap(data(second, "Yes, erase everything"))

    assert "This cannot be taken back: digests and messages that were sent already" in text(first)
    assert "Erase everything now?" in text(second)
    assert between
    assert "Parley does not know you any more." in text(done)
    assert [name for name, _ in done.commands] == ["/start", "/help"]
    assert not await known(database, phone.account)
    assert "To take part you need a link" in text(await phone.say("/start"))


@pytest.mark.parametrize(("asked", "no"), [("/forget", "Back"), ("surely", "No, keep it")])
async def test_whoever_does_not_go_on_stays(database: Database, phone: Phone, asked: str, no: str) -> None:
    before = await (phone.say(asked) if asked.startswith("/") else phone.tap(asked))

    home = await phone.tap(data(before, no))

    assert "Riverside" in text(home)
    assert await known(database, phone.account)


async def test_who_was_forgotten_can_join_again_as_somebody_new(
    database: Database, cast: Cast, phone: Phone
) -> None:
    await phone.tap("erase")

    joined = await phone.tap(data(await phone.say(f"/start {await link(database, cast)}"), "Join"))

    assert "Welcome to Riverside." in text(joined)


async def test_the_only_facilitator_is_told_what_to_do_before_they_are_forgotten(
    database: Database, cast: Cast
) -> None:
    phone = Phone(database, cast.facilitator)

    replies = [await phone.say("/forget"), await phone.tap("surely"), await phone.tap("erase")]

    assert text(replies[0]).startswith("You are the only facilitator of Riverside")
    assert all(reply.alert and "/setup" in reply.notice for reply in replies[1:])
    assert await known(database, cast.facilitator)


async def test_a_stranger_s_chat_is_forgotten_on_request(database: Database, cast: Cast) -> None:
    stranger = Phone(database, 5)

    asked = await stranger.say("/forget")
    done = await stranger.tap(data(asked, "Forget this chat"))

    assert "Nothing about you is kept as a member." in text(asked)
    assert "erased" in text(done)


# Complaining.


async def test_a_complaint_goes_to_the_operator_without_a_name(
    database: Database, cast: Cast, phone: Phone
) -> None:
    asked = await phone.say("/complain")
    passed = await phone.say("The facilitator reads the answers aloud. <b>")

    (post,) = passed.posts
    told = plain(post.card.text)
    assert "It goes to Riverside Forum" in text(asked)
    assert "They do not see your name." in text(asked)
    assert "Passed on to Riverside Forum." in text(passed)
    assert post.chat == OPERATOR
    assert told.startswith("Somebody in Riverside writes to you, without a name:")
    assert "reads the answers aloud. <b>" in told
    assert f"Person {phone.account}" not in told
    assert str(phone.account) not in post.key


async def test_a_complaint_is_signed_only_if_that_was_chosen(
    database: Database, cast: Cast, phone: Phone
) -> None:
    asked = await phone.say("/complain")
    signing = await phone.tap(data(asked, "With my name"))
    unsigned = await phone.tap(data(signing, "Without my name"))
    await phone.tap(data(unsigned, "With my name"))

    passed = await phone.say("Please call me.")

    assert "They also see your name: Person 1000." in text(signing)
    assert "They do not see your name." in text(unsigned)
    assert plain(passed.posts[0].card.text).startswith("Person 1000 writes to you about Riverside:")


async def test_one_complaint_an_hour_is_passed_on_and_the_next_is_asked_to_wait(
    database: Database, cast: Cast, phone: Phone
) -> None:
    await phone.say("/complain")
    await deliver(database, await phone.say("First."))
    await phone.say("/complain")
    soon = await phone.say("Second.")
    phone.now += timedelta(minutes=61)
    later = await phone.say("Second.")
    other = Phone(database, cast.members[1], setting=HERE)
    await other.say("/complain")

    assert text(soon).startswith("Your last words were passed on less than an hour ago.")
    assert not soon.posts
    assert len(later.posts) == 1
    assert len((await other.say("Mine.")).posts) == 1


async def test_without_an_operator_s_chat_the_card_says_so(database: Database, cast: Cast) -> None:
    named = await Phone(database, cast.members[0], setting=Setting(operator="Ada")).say("/complain")
    unnamed = await Phone(database, cast.members[0]).say("/complain")

    for reply in (named, unnamed):
        assert "nothing you write would be passed on." in text(reply)
        assert labels(reply) == [["Back"]]
    assert "run by Ada" in text(named)
    async with database.reading() as session:
        assert (await session.exec(select(Awaited))).first() is None


async def test_complain_is_listed_only_where_somebody_gets_it(
    database: Database, cast: Cast, phone: Phone
) -> None:
    heard = await phone.say("/start")
    unheard = await Phone(database, cast.members[0]).say("/start")

    listed = [{name for name, _ in reply.commands} for reply in (heard, unheard)]
    assert ["/complain" in names for names in listed] == [True, False]


async def test_who_sits_in_two_partnerships_says_which_it_is_about(
    database: Database, cast: Cast, phone: Phone
) -> None:
    other = await seated(database, first_account=2000, name="Hillside")
    await phone.tap(data(await phone.say(f"/start {await link(database, other)}"), "Join"))

    asked = await phone.tap(data(await phone.say("/complain"), "Hillside"))
    passed = await phone.say("It is too much.")

    assert "They see that it is about Hillside." in text(asked)
    assert "Somebody in Hillside" in plain(passed.posts[0].card.text)


async def test_who_left_can_still_complain(database: Database, cast: Cast, phone: Phone) -> None:
    await phone.tap(data(await phone.say("/leave"), "Leave"))

    asked = await phone.say("/complain")
    passed = await phone.say("I was pushed out.")

    assert "somebody who is in no partnership now" in text(asked)
    assert plain(passed.posts[0].card.text).startswith("Somebody who is in no partnership now")


async def test_a_complaint_too_long_to_read_is_told_and_not_passed_on(phone: Phone) -> None:
    await phone.say("/complain")

    reply = await phone.say("x" * 3001)

    assert "a little long" in text(reply)
    assert not reply.posts


async def test_nobody_complains_in_the_name_of_another_partnership(
    database: Database, cast: Cast, phone: Phone
) -> None:
    other = await seated(database, first_account=2000, name="Hillside")

    replies = [
        await phone.tap(f"{kind}")
        for kind in (f"complain:{other.partnership.id}", f"sign:{other.partnership.id}:1")
    ]

    assert all(reply.alert for reply in replies)


async def test_what_was_passed_on_is_in_one_s_data_and_goes_when_one_is_forgotten(
    database: Database, cast: Cast, phone: Phone
) -> None:
    await phone.say("/complain")
    await deliver(database, await phone.say("planted complaint"))
    enclosed = card(await phone.say("/mydata")).enclosed

    await phone.tap("erase")

    assert enclosed is not None
    assert "planted complaint" in enclosed.content.decode()
    async with database.reading() as session:
        kept = select(Outgoing).where(col(Outgoing.chat) == OPERATOR)
        assert (await session.exec(kept)).first() is None


# Blocking and coming back.


async def test_who_blocked_and_comes_back_is_told_where_they_are(
    database: Database, cast: Cast, phone: Phone
) -> None:
    await phone.block()
    await turn(database, now=OPENS)

    back = await phone.say("/start")

    assert "Pulse 1 is open until Friday 17:00" in text(back)
    assert labels(back) == [["Start"]]
    async with database.reading() as session:
        found = await members.of(session, account=phone.account)
        assert found is not None
        assert found.unreachable_since is None
