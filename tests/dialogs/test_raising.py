"""Raising something in one's own words: what is said first, how it is shown, edited and taken back."""

from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlmodel import col, select

from facilitation import erasure, raised
from storage.database import Database
from storage.members import Member, Seat
from storage.partnerships import Partnership
from tests.cast import MONDAY, Cast, seat_of, seated
from tests.dialogs.phone import Phone, data, labels, text
from tests.dialogs.raisings import (
    ALONE,
    TUESDAY,
    WORDS,
    Raising,
    only,
    replied,
    rows,
)


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


# Walls.


@pytest.mark.parametrize("button", ["raiseas:{}:9", "raiseas:{}:3", "heard:{}:1", "heard:{}:0"])
async def test_a_forged_choice_changes_nothing(
    database: Database, author: Phone, raising: Raising, button: str
) -> None:
    raised_id = await raising()
    seat = await seat_of(database, author.account)
    async with database.writing() as session:
        seat.name = ""  # there is no name to sign with
        session.add(seat)
    before = await only(database)

    said = await author.tap(button.format(raised_id))

    assert "does nothing here any more" in said.notice
    assert await only(database) == before


async def test_an_own_thing_is_looked_at_and_its_choice_changed(
    database: Database, author: Phone, raising: Raising
) -> None:
    raised_id = await raising()
    shown = await author.tap(f"raiseone:{raised_id}")
    how = await author.tap(data(shown, "Change how it is shown"))

    await author.tap(data(how, "With my name"))

    assert "You chose: quoted, no name." in text(how)
    assert (await only(database)).shown_as == "named"


async def test_looking_at_the_choice_again_one_can_keep_it(
    database: Database, author: Phone, raising: Raising
) -> None:
    raised_id = await raising(shown_as=2)
    how = await author.tap(f"raisehow:{raised_id}")

    kept = await author.tap(data(how, "Keep it"))

    assert ["✓ Someone at our organisation"] in labels(how)
    assert "Shown as you chose: someone at our organisation." in text(kept)
    assert (await only(database)).shown_as == "organisation"


async def test_an_own_thing_without_a_choice_asks_for_it(author: Phone) -> None:
    await author.say("/raise")
    how = await author.say(WORDS)

    again = await author.tap(data(how, "Quoted, no name").replace("raiseas", "raiseone")[:-2])

    assert text(again) == text(how)


async def test_an_edit_before_the_choice_is_the_text_to_choose_for(database: Database, author: Phone) -> None:
    await author.say("/raise")
    await author.say(WORDS)

    (how,) = await author.edit("We hear of it late.")

    assert "We hear of it late." in text(how)
    assert (await only(database)).text == "We hear of it late."


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
    assert said == {"That button does nothing here any more. Send /start to see where you are."}
    assert await only(database) == before


async def test_forgetting_a_person_takes_their_words_and_what_they_were_owed(
    database: Database, cast: Cast, author: Phone, facilitator: Phone, raising: Raising
) -> None:
    await raising()

    async with database.writing() as session:
        await erasure.forget(session, account=author.account, update_id=0, now=MONDAY)

    assert await rows(database) == []
    assert "Nothing waits for a reply." in text(await facilitator.tap(f"owed:{cast.partnership.id}"))
