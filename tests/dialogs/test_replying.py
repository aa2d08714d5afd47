"""What a facilitator owes a reply to: when it comes up, the steps of a reply, and what is kept out."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest

from bot import heard
from dialogs.cards import plain
from facilitation import raised
from storage.database import Database
from tests.cast import MONDAY, Cast, seat_of
from tests.dialogs.phone import Phone, data, labels, text
from tests.dialogs.raisings import (
    ALONE,
    TUESDAY,
    WORDS,
    Letters,
    Raising,
    data_at,
    only,
    replied,
)


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


@pytest.mark.parametrize(
    "button",
    [
        *("owedas:{}:9", "oweduntil:{}:1", "oweduntil:{}:739943", "owedskip:{}", "owedsend:{}:1"),
        *("holdas:{}:9", "owedone:1", "owedone:{}:1"),
    ],
)
async def test_a_forged_button_replies_nothing(
    database: Database, facilitator: Phone, raising: Raising, button: str
) -> None:
    raised_id = await raising()
    before = await only(database)

    said = await facilitator.tap(button.format(raised_id))

    assert "does nothing here any more" in said.notice
    assert await only(database) == before


async def test_going_on_with_a_reply_that_was_sent_shows_where_it_stands(
    facilitator: Phone, raising: Raising
) -> None:
    raised_id = await raising()
    await replied(facilitator, raised_id)

    assert "The reply\nDeclined, because: “No money.”" in text(await facilitator.tap(f"owedgo:{raised_id}"))


@pytest.mark.parametrize(("button", "most"), [("owedas:{}:2", 600), ("holdwhy:{}", 200)])
async def test_a_sentence_too_long_is_not_lost_edited_it_is_taken(
    facilitator: Phone, raising: Raising, button: str, most: int
) -> None:
    raised_id = await raising()
    await facilitator.tap(button.format(raised_id))
    refused = await facilitator.say("x" * (most + 1))

    (taken,) = await facilitator.edit("x" * most)

    assert f"under {most} letters" in text(refused)
    assert "x" * 100 in text(taken)


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
    assert "does nothing here any more" in forged.notice
