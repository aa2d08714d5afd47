"""Raising something in one's own words, the reply it is owed, and being asked whether one was heard."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import update
from sqlmodel import col, select

from bot import heard
from dialogs.cards import plain
from dialogs.events import Reply
from facilitation import raised
from storage.database import Database
from storage.members import Member, Seat
from storage.partnerships import Partnership
from storage.queues import Outgoing
from storage.raised import Raised
from tests.cast import MONDAY, Cast, seat_of, seated
from tests.dialogs.phone import Phone, card, data, labels, text

TUESDAY = MONDAY + timedelta(days=1)
WORDS = "We hear about the plan when it is printed."
ALONE, QUOTED, ORGANISATION, NAMED = range(4)


async def rows(database: Database) -> list[Raised]:
    async with database.reading() as session:
        return list((await session.exec(select(Raised).order_by(col(Raised.raised_at)))).all())


async def only(database: Database) -> Raised:
    (row,) = await rows(database)
    return row


@dataclass
class Letters:
    """What went out by itself: chat and text, in the order it was written."""

    database: Database

    async def all(self) -> list[tuple[int, str]]:
        async with self.database.reading() as session:
            found = (await session.exec(select(Outgoing).order_by(col(Outgoing.id)))).all()
        return [(row.chat, plain(row.payload["text"])) for row in found]

    async def to(self, account: int) -> list[str]:
        return [said for chat, said in await self.all() if chat == account]

    async def begins(self) -> list[datetime]:
        async with self.database.reading() as session:
            return list((await session.exec(select(Outgoing.not_before).order_by(col(Outgoing.id)))).all())


@pytest.fixture
def letters(database: Database) -> Letters:
    return Letters(database)


@pytest.fixture
def author(database: Database, cast: Cast) -> Phone:
    return Phone(database, cast.accounts["refugee_group"][0], now=MONDAY)


@pytest.fixture
def facilitator(database: Database, cast: Cast) -> Phone:
    return Phone(database, cast.facilitator, now=TUESDAY)


Raising = Callable[..., Awaitable[int]]


@pytest.fixture
def raising(database: Database, author: Phone) -> Raising:
    """Something raised on Monday, that came before the facilitators on Tuesday."""

    async def raise_(words: str = WORDS, shown_as: int = QUOTED) -> int:
        await author.say("/raise")
        how = await author.say(words)
        raised_id = int(card(how).rows[0][0].data.split(":")[1])
        await author.tap(f"raiseas:{raised_id}:{shown_as}")
        await heard.tick(database, now=TUESDAY)
        return raised_id

    return raise_


async def replied(facilitator: Phone, raised_id: int, *, kind: int = 2, words: str = "No money.") -> Reply:
    await facilitator.tap(f"owedas:{raised_id}:{kind}")
    preview = await facilitator.say(words)
    if kind < 2:  # agreed and negotiating have a date
        preview = await facilitator.tap(data_at(preview, 0))
    return await facilitator.tap(data(preview, "Send"))


def data_at(reply: Reply, row: int) -> str:
    return card(reply).rows[row][0].data


# The member.


async def test_what_happens_is_said_before_the_words_are_asked_for(cast: Cast, author: Phone) -> None:
    said = text(await author.say("/raise"))

    assert "The facilitator of Riverside reads it, from the next morning on" in said
    assert "A reply is owed to you by 16 November." in said
    assert "Nobody reads along live. If someone is in danger, call your local emergency number." in said


async def test_the_partnerships_own_word_for_danger_is_said(
    database: Database, cast: Cast, author: Phone
) -> None:
    async with database.writing() as session:
        await session.exec(update(Partnership).values(danger="call 999"))

    said = text(await author.say("/raise"))

    assert "If someone is in danger: call 999" in said


async def test_words_are_kept_and_raised_by_choosing_how_they_may_be_shown(
    database: Database, author: Phone
) -> None:
    await author.say("/raise")
    how = await author.say(WORDS)
    before = await only(database)
    author.now += timedelta(hours=2)

    done = await author.tap(data(how, "Quoted, no name"))

    after = await only(database)
    assert (before.text, before.shown_as) == (WORDS, None)
    assert (after.shown_as, after.raised_at, after.seen_at) == ("quoted", author.now, None)
    assert done.notice == "✓"
    assert "A reply is owed to you by 16 November. It comes here." in text(done)


async def test_two_messages_in_a_row_are_two_things_and_the_same_twice_is_one(
    database: Database, author: Phone
) -> None:
    await author.say("/raise")
    await author.say(WORDS)
    await author.say("And the room is cold.")
    await author.say(WORDS)

    kept = await rows(database)

    assert sorted(row.text for row in kept) == ["And the room is cold.", WORDS]


async def test_words_too_long_are_not_lost_edited_they_are_taken(database: Database, author: Phone) -> None:
    await author.say("/raise")
    refused = await author.say("x" * (raised.LONGEST + 1))
    before = await rows(database)

    (how,) = await author.edit("x" * raised.LONGEST)

    assert f"under {raised.LONGEST} letters" in text(refused)
    assert before == []
    assert "How may it be shown?" in text(how)
    assert (await only(database)).text == "x" * raised.LONGEST


async def test_an_empty_message_raises_nothing_and_the_next_one_still_does(
    database: Database, author: Phone
) -> None:
    await author.say("/raise")
    await author.say("\u200b  ")
    none = await rows(database)

    await author.say(WORDS)

    assert none == []
    assert (await only(database)).text == WORDS


async def test_not_now_keeps_nothing_of_what_is_written_next(database: Database, author: Phone) -> None:
    asked = await author.say("/raise")

    home = await author.tap(data(asked, "Not now"))

    assert "Riverside" in text(home)
    await author.say(WORDS)
    assert await rows(database) == []


async def test_an_edit_rewords_until_there_is_a_reply(
    database: Database, author: Phone, facilitator: Phone, raising: Raising
) -> None:
    raised_id = await raising()
    message = author.message

    (reworded,) = await author.edit("We hear of it late.", message=message)

    assert "Your new words are kept." in text(reworded)
    assert (await only(database)).text == "We hear of it late."
    await replied(facilitator, raised_id)
    (refused,) = await author.edit("Never mind.", message=message)
    (empty,) = await author.edit("\u200b", message=message)
    assert "There is a reply to these words already" in text(refused)
    assert "There is a reply to these words already" in text(empty)
    assert (await only(database)).text == "We hear of it late."


async def test_an_edit_that_cannot_be_kept_leaves_the_words_of_before(
    database: Database, author: Phone, raising: Raising
) -> None:
    await raising()
    message = author.message

    (empty,) = await author.edit("\u200b", message=message)
    (long,) = await author.edit("x" * (raised.LONGEST + 1), message=message)

    assert "The words you had sent before still stand." in text(empty)
    assert "still stand" in text(long)
    assert (await only(database)).text == WORDS


async def test_an_edit_of_any_other_message_says_nothing(author: Phone, raising: Raising) -> None:
    await raising()

    assert await author.edit("Something else", message=99_999) == ()


async def test_what_is_taken_back_is_gone_and_its_old_buttons_say_so(
    database: Database, author: Phone, facilitator: Phone, raising: Raising
) -> None:
    raised_id = await raising()
    sure = await author.tap(f"raiseback:{raised_id}")

    gone = await author.tap(data(sure, "Yes, take it back"))

    row = await only(database)
    assert (row.text, row.message) == ("", None)
    assert "You took it back. Nothing of it is kept." in text(gone)
    assert "These words were taken back" in (await author.tap(f"raiseone:{raised_id}")).notice
    assert "These words were taken back" in (await facilitator.tap(f"owedone:{raised_id}")).notice
    listed = await facilitator.tap(f"owed:{row.partnership_id}")
    assert WORDS not in text(listed)


async def test_ones_own_list_says_where_each_stands(
    cast: Cast, author: Phone, facilitator: Phone, raising: Raising
) -> None:
    await replied(facilitator, await raising())
    await raising("The room is cold.", ALONE)
    await author.say("/raise")
    await author.say("And the tea, too.")
    author.now += timedelta(hours=1)

    listed = text(await author.tap(f"raisemine:{cast.partnership.id}:0"))

    assert (
        "2 November: “We hear about the plan when it is printed.”\nDeclined, because: “No money.”" in listed
    )
    assert "“The room is cold.”\nA reply is owed by 16 November." in listed
    assert "“And the tea, too.”\nNot sent yet: choose how it may be shown." in listed


async def test_a_late_reply_is_still_owed_and_both_sides_are_told_so(
    cast: Cast, author: Phone, facilitator: Phone, raising: Raising
) -> None:
    raised_id = await raising()
    author.now = facilitator.now = MONDAY + timedelta(days=15)

    mine = text(await author.tap(f"raiseone:{raised_id}"))
    owed = text(await facilitator.tap(f"owed:{cast.partnership.id}"))

    assert "A reply was owed to you by 16 November, and still is." in mine
    assert "Waits for 15 days. A reply was owed by 16 November." in owed


async def test_a_long_list_is_read_a_page_at_a_time(cast: Cast, author: Phone) -> None:
    await author.say("/raise")
    for number in range(7):
        author.now += timedelta(minutes=1)
        await author.say(f"Number {number}.")

    first = await author.tap(f"raisemine:{cast.partnership.id}:0")
    second = await author.tap(data(first, "More"))
    beyond = await author.tap(f"raisemine:{cast.partnership.id}:900")

    assert "“Number 6.”" in text(first)
    assert "“Number 1.”" not in text(first)
    assert "“Number 1.”" in text(second)
    assert text(beyond) == text(second)


async def test_who_sits_in_several_partnerships_is_asked_which(
    database: Database, cast: Cast, author: Phone
) -> None:
    other = await seated(database, first_account=9000, name="Hillside")
    async with database.writing() as session:
        member = (await session.exec(select(Member).where(Member.account == 9000))).one()
        mine = (await session.exec(select(Member).where(Member.account == author.account))).one()
        await session.exec(update(Seat).where(col(Seat.member_id) == member.id).values(member_id=mine.id))
    asked = await author.say("/raise")

    opened = await author.tap(data(asked, "Hillside"))

    assert labels(asked) == [["Riverside"], ["Hillside"]]
    assert text(opened).startswith("Say something") or "Hillside" in text(opened)
    await author.say(WORDS)
    assert (await only(database)).partnership_id == other.partnership.id


async def test_a_stranger_is_told_that_they_are_in_no_partnership(database: Database, cast: Cast) -> None:
    said = await Phone(database, 77).say("/raise")

    assert "You are in no partnership here yet." in text(said)


# The facilitator.


async def test_nobody_sees_it_before_the_next_morning_and_then_a_note_without_words(
    database: Database, cast: Cast, author: Phone, facilitator: Phone, letters: Letters
) -> None:
    for words in (WORDS, "The room is cold."):
        await author.say("/raise")
        await author.tap(data(await author.say(words), "Facilitator only, no name"))
    evening = MONDAY.replace(hour=23)
    await heard.tick(database, now=evening)
    hidden = text(await facilitator.tap(f"owed:{cast.partnership.id}"))
    morning = datetime(2026, 11, 3, 6, 5, tzinfo=UTC)

    steps = [await heard.tick(database, now=morning) for _ in range(2)]

    assert "Nothing waits for a reply." in hidden
    assert steps == [2, 0]
    assert await letters.to(cast.facilitator) == [
        "Something was raised, and is owed a reply. It stands in your menu."
    ]
    assert await letters.begins() == [datetime(2026, 11, 3, 9, tzinfo=UTC)]
    listed = text(await facilitator.tap(f"owed:{cast.partnership.id}"))
    assert f"2 November: “{WORDS}”\nWaits since yesterday. A reply is owed by 16 November." in listed


async def test_the_list_shows_no_hours_and_no_order_within_a_day(
    database: Database, cast: Cast, facilitator: Phone
) -> None:
    seats = [await seat_of(database, account) for account in cast.members[:6]]
    async with database.writing() as session:
        for minute, seat in enumerate(seats):
            row = await raised.write(
                session, seat, f"{5 - minute} late", message=minute, now=MONDAY + timedelta(minutes=minute)
            )
            row.shown_as = "facilitator"
            session.add(row)
    await heard.tick(database, now=TUESDAY)

    listed = await facilitator.tap(f"owed:{cast.partnership.id}")
    second = await facilitator.tap(data(listed, "More"))

    words = [line.split("“")[1][0] for line in (text(listed) + text(second)).split("\n") if "“" in line]
    assert words == sorted(words)
    assert ":0" not in text(listed).replace("November:", "")


async def test_a_reply_is_looked_at_before_it_goes_to_whoever_raised_it(
    database: Database, cast: Cast, author: Phone, facilitator: Phone, raising: Raising
) -> None:
    raised_id = await raising()
    asked = await facilitator.tap(f"owedas:{raised_id}:0")
    dates = await facilitator.say("The council writes to all of us first.")
    preview = await facilitator.tap(data(dates, "In 2 weeks: 17 November"))
    unsent = await only(database)

    sent = await facilitator.tap(data(preview, "Send"))

    reply = "Agreed, by 17 November. “The council writes to all of us first.”"
    assert "everyone in the next digest" in text(asked)
    assert reply in text(preview)
    assert unsent.replied_at is None
    row = await only(database)
    assert (row.reply, row.until, row.draft) == ("agreed", date(2026, 11, 17), {})
    (post,) = sent.posts
    assert post.chat == author.account
    assert "There is a reply to what you raised" in plain(post.card.text)
    assert reply in plain(post.card.text)


async def test_a_second_tap_on_send_sends_nothing(
    database: Database, facilitator: Phone, raising: Raising
) -> None:
    raised_id = await raising()
    await facilitator.tap(f"owedas:{raised_id}:3")
    preview = await facilitator.say("The ministry decides that.")
    first = await facilitator.tap(data(preview, "Send"))

    second = await facilitator.tap(data(preview, "Send"))

    assert len(first.posts) == 1
    assert second.posts == ()
    assert "Not for this partnership to decide: “The ministry decides that.”" in text(second)


async def test_what_changed_behind_a_preview_is_shown_again_first(
    database: Database, author: Phone, facilitator: Phone, raising: Raising
) -> None:
    raised_id = await raising()
    await facilitator.tap(f"owedas:{raised_id}:2")
    preview = await facilitator.say("No money.")
    await author.edit("We hear of it late.")

    again = await facilitator.tap(data(preview, "Send"))

    assert again.posts == ()
    assert "“We hear of it late.”" in text(again)
    assert (await only(database)).replied_at is None
    assert len((await facilitator.tap(data(again, "Send"))).posts) == 1


async def test_a_no_needs_its_sentence_and_a_yes_may_go_without(
    database: Database, facilitator: Phone, raising: Raising
) -> None:
    raised_id = await raising()
    declined = await facilitator.tap(f"owedas:{raised_id}:2")
    forged = await facilitator.tap(f"owedskip:{raised_id}")
    negotiating = await facilitator.tap(f"owedas:{raised_id}:1")

    dates = await facilitator.tap(data(negotiating, "No sentence"))

    assert "No sentence" not in str(labels(declined))
    assert "A sentence goes with this reply" in forged.notice
    assert labels(dates) == [
        ["In 2 weeks: 17 November"],
        ["In a month: 3 December"],
        ["End of quarter: 31 December"],
        ["Another day"],
        ["Back"],
    ]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("14 December", "by 14 December."),
        ("some time", "cannot read that as a day"),
        ("2026-11-03", "not ahead of us"),
        ("1 December 2027", "about a year away"),
    ],
)
async def test_a_day_can_be_typed(facilitator: Phone, raising: Raising, typed: str, said: str) -> None:
    raised_id = await raising()
    await facilitator.tap(f"owedas:{raised_id}:0")
    dates = await facilitator.say("We do.")
    await facilitator.tap(data(dates, "Another day"))

    answer = await facilitator.say(typed)

    assert said in text(answer)
    # Whatever could not be read: the next message is still taken.
    assert "by 20 December." in text(await facilitator.say("20 December")) or "14" in said


async def test_a_reply_goes_on_where_it_was_left_after_anything_else(
    database: Database, facilitator: Phone, raising: Raising
) -> None:
    raised_id = await raising()
    await facilitator.tap(f"owedas:{raised_id}:1")
    await facilitator.say("We meet on Friday.")
    await facilitator.say("/start")

    again = await facilitator.tap(f"owedas:{raised_id}:0")

    assert "So far: “We meet on Friday.”" in text(again)
    dates = await facilitator.tap(data(again, "Keep this sentence"))
    preview = await facilitator.tap(data_at(dates, 1))
    assert "Agreed, by 3 December. “We meet on Friday.”" in text(preview)


async def test_words_written_after_going_back_are_no_reply(
    database: Database, facilitator: Phone, raising: Raising
) -> None:
    asked = await facilitator.tap(f"owedas:{await raising()}:2")
    await facilitator.tap(data(asked, "Back"))

    await facilitator.say("Where is the kettle?")

    assert (await only(database)).draft == {"reply": "declined", "words": ""}


async def test_a_reply_being_written_to_words_taken_back_ends_kindly(
    author: Phone, facilitator: Phone, raising: Raising
) -> None:
    raised_id = await raising()
    await facilitator.tap(f"owedas:{raised_id}:2")
    await author.tap(f"raiseaway:{raised_id}")

    said = await facilitator.say("No money.")

    assert "These words were taken back" in text(said)
    assert "These words were taken back" not in text(await facilitator.say("Anything else"))


async def test_two_facilitators_who_send_at_once_send_one_reply(
    database: Database, cast: Cast, facilitator: Phone, raising: Raising
) -> None:
    raised_id = await raising()
    await facilitator.tap(f"owedas:{raised_id}:2")
    preview = await facilitator.say("No money.")

    both = await asyncio.gather(*(facilitator.tap(data(preview, "Send")) for _ in range(4)))

    assert sum(len(sent.posts) for sent in both) == 1


async def test_several_clocks_at_once_ask_and_note_once(
    database: Database, cast: Cast, author: Phone, facilitator: Phone, letters: Letters
) -> None:
    await author.say("/raise")
    await author.tap(data(await author.say(WORDS), "Quoted, no name"))
    await asyncio.gather(*(heard.tick(database, now=TUESDAY) for _ in range(3)))
    await replied(facilitator, (await only(database)).id)

    await asyncio.gather(*(heard.tick(database, now=TUESDAY + timedelta(days=8)) for _ in range(3)))

    assert [chat for chat, _ in await letters.all()] == [cast.facilitator, author.account]


async def test_a_reply_is_brought_up_to_date_and_its_raiser_told_again(
    database: Database, cast: Cast, author: Phone, facilitator: Phone, raising: Raising
) -> None:
    raised_id = await raising()
    await replied(facilitator, raised_id, kind=1, words="We talk to the council.")
    await author.tap(f"heard:{raised_id}:3")
    facilitator.now += timedelta(days=3)
    old = await facilitator.tap(f"owedold:{cast.partnership.id}:0")
    await facilitator.tap(data_at(old, 0))
    await facilitator.tap(f"owedas:{raised_id}:0")
    standing = await only(database)

    sent = await replied(facilitator, raised_id, kind=0, words="They write first.")

    assert (standing.reply, standing.words) == ("negotiating", "We talk to the council.")
    assert "Agreed, by 20 November. “They write first.”" in plain(sent.posts[0].card.text)
    row = await only(database)
    assert (row.heard, row.asked_at) == ("", None)


async def test_nobody_is_woken_by_a_reply(facilitator: Phone, raising: Raising) -> None:
    raised_id = await raising()
    facilitator.now = TUESDAY.replace(hour=22)

    sent = await replied(facilitator, raised_id)

    assert sent.posts[0].begins == datetime(2026, 11, 4, 9, tzinfo=UTC)


async def test_whoever_left_is_told_nothing_and_the_reply_stands(
    database: Database, author: Phone, facilitator: Phone, raising: Raising
) -> None:
    raised_id = await raising()
    seat = await seat_of(database, author.account)
    async with database.writing() as session:
        seat.left_at = TUESDAY
        session.add(seat)

    sent = await replied(facilitator, raised_id)

    assert sent.posts == ()
    assert (await only(database)).reply == "declined"


# Keeping words out of the digest.


async def test_words_are_kept_out_with_a_reason_that_their_author_is_told(
    database: Database, cast: Cast, author: Phone, facilitator: Phone, raising: Raising
) -> None:
    raised_id = await raising("Jo is useless.")
    asked = await facilitator.tap(f"hold:{raised_id}")

    held = await facilitator.tap(data(asked, "It names a person"))
    again = await facilitator.tap(data(asked, "It names a person"))

    (post,) = held.posts
    assert again.posts == ()
    assert post.chat == author.account
    assert "It names a person." in plain(post.card.text)
    assert "You are still owed a reply." in plain(post.card.text)
    async with database.reading() as session:
        told = await raised.for_digest(session, cast.partnership.id, since=MONDAY)
    assert (told["owed"], told["withheld"]) == ([], 1)


async def test_a_reason_can_be_typed_and_taken_back(
    database: Database, facilitator: Phone, raising: Raising
) -> None:
    raised_id = await raising()
    await facilitator.tap(f"holdwhy:{raised_id}")
    held = await facilitator.say("It tells where a family lives.")
    typed = await only(database)

    shown = await facilitator.tap(data(held, "Let it stand in the digest"))

    assert typed.withheld == "It tells where a family lives."
    assert "“It tells where a family lives.”" in plain(held.posts[0].card.text)
    assert "It may stand in the digest again." in text(shown)
    assert (await only(database)).withheld == ""


async def test_words_worded_otherwise_come_before_the_facilitators_anew(
    database: Database, cast: Cast, author: Phone, facilitator: Phone, raising: Raising
) -> None:
    raised_id = await raising("Jo is useless.")
    await facilitator.tap(f"holdas:{raised_id}:0")
    author.now = TUESDAY

    await author.edit("Nobody answers the phone.")

    hidden = text(await facilitator.tap(f"owed:{cast.partnership.id}"))
    await heard.tick(database, now=TUESDAY + timedelta(hours=1))
    still = await only(database)
    await heard.tick(database, now=TUESDAY + timedelta(days=1))
    assert "Nothing waits for a reply." in hidden
    assert (still.seen_at, still.withheld) == (None, "")
    assert "Nobody answers the phone." in text(await facilitator.tap(f"owed:{cast.partnership.id}"))


async def test_what_is_for_the_facilitator_alone_cannot_be_kept_out(
    facilitator: Phone, raising: Raising
) -> None:
    raised_id = await raising(shown_as=ALONE)

    shown = await facilitator.tap(f"owedone:{raised_id}")
    forged = await facilitator.tap(f"holdas:{raised_id}:0")

    assert "Keep it out of the digest" not in str(labels(shown))
    assert "does not belong to anything of yours" in forged.notice


# Being heard.


@pytest.mark.parametrize(
    ("kind", "due"),
    [(2, datetime(2026, 11, 10, 9, tzinfo=UTC)), (0, datetime(2026, 11, 17, 9, tzinfo=UTC))],
)
async def test_the_raiser_is_asked_once_whether_they_were_heard(
    database: Database, facilitator: Phone, raising: Raising, kind: int, due: datetime
) -> None:
    raised_id = await raising()
    await replied(facilitator, raised_id, kind=kind)
    early = await heard.tick(database, now=due - timedelta(minutes=1))

    steps = [await heard.tick(database, now=due + timedelta(minutes=at)) for at in range(3)]

    (question,) = [said for _, said in await Letters(database).all() if "Were you" in said]
    assert (early, steps) == (0, [1, 0, 0])
    assert "Were you heard?" in question
    assert "“No money.”" in question


async def test_a_no_is_kept_and_offers_to_say_more(
    database: Database, author: Phone, facilitator: Phone, raising: Raising
) -> None:
    raised_id = await raising()
    await replied(facilitator, raised_id)
    author.now += timedelta(days=8)

    thanks = await author.tap(f"heard:{raised_id}:3")

    row = await only(database)
    assert (row.heard, row.heard_at) == ("no", author.now)
    assert thanks.notice == "✓"
    opened = await author.tap(data(thanks, "Say more"))
    assert "Say something in your own words" in text(opened)
    assert labels(await author.tap(f"heard:{raised_id}:1")) == [["What I raised"]]


async def test_a_raiser_who_is_away_is_asked_when_they_are_back(
    database: Database, author: Phone, facilitator: Phone, raising: Raising, letters: Letters
) -> None:
    await replied(facilitator, await raising())
    seat = await seat_of(database, author.account)
    async with database.writing() as session:
        seat.away_until = date(2026, 11, 20)
        session.add(seat)

    away = await heard.tick(database, now=datetime(2026, 11, 19, 12, tzinfo=UTC))
    back = await heard.tick(database, now=datetime(2026, 11, 20, 3, tzinfo=UTC))

    assert (away, back) == (0, 1)
    assert (await letters.begins())[-1] == datetime(2026, 11, 20, 9, tzinfo=UTC)


async def test_words_without_a_choice_are_asked_about_once(
    database: Database, author: Phone, letters: Letters
) -> None:
    await author.say("/raise")
    await author.say(WORDS)

    steps = [await heard.tick(database, now=MONDAY + timedelta(days=day)) for day in (0, 1, 2)]

    assert steps == [0, 1, 0]
    (waits,) = await letters.to(author.account)
    assert "Your words still wait here" in waits


async def test_the_raiser_is_told_in_their_own_language_and_zone(
    database: Database, author: Phone, facilitator: Phone, raising: Raising
) -> None:
    raised_id = await raising()
    async with database.writing() as session:
        values = {"timezone": "Pacific/Auckland"}
        await session.exec(update(Member).where(col(Member.account) == author.account).values(**values))

    sent = await replied(facilitator, raised_id)

    # Ten on Tuesday in London is eleven at night there.
    assert sent.posts[0].begins == datetime(2026, 11, 3, 20, tzinfo=UTC)


# Walls.


async def test_an_outsider_of_any_sort_gets_and_changes_nothing(
    database: Database, cast: Cast, author: Phone, facilitator: Phone, raising: Raising
) -> None:
    raised_id = await raising()
    await facilitator.tap(f"owedas:{raised_id}:2")
    await facilitator.say("No money.")
    before = await only(database)
    other = await seated(database, first_account=9000, name="Hillside")
    gone = cast.accounts["refugee_group"][1]
    seat = await seat_of(database, gone)
    async with database.writing() as session:
        seat.left_at = TUESDAY
        session.add(seat)
    pid = cast.partnership.id
    of_facilitators = [f"owed:{pid}", f"owedat:{pid}:0", f"owedold:{pid}:0"] + [
        f"{kind}:{raised_id}{rest}"
        for kind, rest in [
            *[("owedone", ""), ("owedas", ":0"), ("owedskip", ""), ("owedgo", ""), ("oweduntil", ":739943")],
            *[("oweddate", ""), ("owedsend", ":1"), ("hold", ""), ("holdas", ":1"), ("holdwhy", "")],
            ("holdoff", ""),
        ]
    ]
    of_authors = [
        f"{kind}:{raised_id}{rest}"
        for kind, rest in [
            *[("raisehow", ""), ("raiseas", ":0"), ("raiseone", ""), ("raiseback", ""), ("raiseaway", "")],
            ("heard", ":1"),
        ]
    ]
    of_members = [f"raise:{pid}", f"raiseno:{pid}", f"raisemine:{pid}:0"]
    outsiders = [gone, other.facilitator, other.members[0], 77]
    tries = [(account, of_facilitators + of_authors + of_members) for account in outsiders]
    tries += [(cast.members[0], of_facilitators + of_authors), (author.account, of_facilitators)]
    tries += [(facilitator.account, of_authors)]

    said = {
        reply.notice
        for account, buttons in tries
        for button in buttons
        for reply in [await Phone(database, account, now=TUESDAY).tap(button)]
        if reply.card is None and not reply.posts
    }
    answered = sum(len(buttons) for _, buttons in tries)

    assert answered == 4 * 23 + 20 + 14 + 6
    assert said == {"That button does not belong to anything of yours. Send /start to see where you are."}
    assert await only(database) == before


async def test_forgetting_a_seat_takes_its_words_and_what_they_were_owed(
    database: Database, cast: Cast, author: Phone, facilitator: Phone, raising: Raising
) -> None:
    await raising()
    seat = await seat_of(database, author.account)

    async with database.writing() as session:
        await raised.forgotten(session, seat.id)

    assert await rows(database) == []
    assert "Nothing waits for a reply." in text(await facilitator.tap(f"owed:{cast.partnership.id}"))
