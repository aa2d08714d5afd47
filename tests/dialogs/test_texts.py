"""A sentence on a phone: written, edited, sent again, too late; and how it may be shown, chosen each time."""

import pytest
from sqlmodel import col, select

from storage.database import Database
from storage.members import Seat
from storage.rounds import Answer, Awaited
from tests.cast import CLOSES, OPENS, Cast
from tests.dialogs.phone import Phone, data, kept, labels, text
from tests.facilitation.turning import turn


async def test_a_text_sent_again_replaces_the_first_and_is_asked_about_anew(
    database: Database, asked: Phone, mine: int
) -> None:
    first = await asked.say("First.")
    await asked.tap(data(first, "With my name"))
    await asked.tap(f"ask:{mine}:5")
    second = await asked.say("Second.")

    assert first.settled is not None
    assert first.settled[0] == 41
    assert "Second." in text(second)
    assert (await kept(database, asked))["said_aloud"] == (None, "Second.", None)


async def test_two_texts_in_a_row_are_two_versions_and_the_card_says_so(
    database: Database, asked: Phone
) -> None:
    first = await asked.heard("First.")
    second = await asked.heard("Second.")
    (one,) = await asked.does(first)
    (two,) = await asked.does(second)

    assert "Another message replaces these words." in text(one)
    assert "Second." in text(two)
    assert (await kept(database, asked))["said_aloud"][1] == "Second."


async def test_a_second_text_has_no_card_to_settle(asked: Phone) -> None:
    first = await asked.say("First.")
    second = await asked.say("Second.")

    assert first.settled is not None
    assert second.settled is None


async def test_an_older_text_that_comes_late_changes_nothing(
    database: Database, asked: Phone, mine: int
) -> None:
    late = await asked.heard("Older.", update_id=20)
    await asked.say("Newer.")
    (reply,) = await asked.does(late)
    await asked.tap(f"skip:{mine}:5")
    (after_skip,) = await asked.does(late)

    assert "Newer." in text(reply)
    assert "That was everything." in text(after_skip)
    assert (await kept(database, asked))["said_aloud"] == (None, None, None)


async def test_an_edited_text_is_kept_and_how_it_is_shown_is_told(database: Database, asked: Phone) -> None:
    await asked.tap(data(await asked.say("Wrods."), "Quoted, no name"))

    (told,) = await asked.edit("Words.")
    changed = await asked.tap(data(told, "With my name"))

    assert "Words." in text(told)
    assert "You chose: quoted, no name." in text(told)
    assert "That was everything." in text(changed)
    assert (await kept(database, asked))["said_aloud"] == (None, "Words.", "named")


async def test_an_edit_of_anything_else_is_passed_over(database: Database, asked: Phone) -> None:
    await asked.say("Words.")

    assert await asked.edit("Other.", message=10**6) == ()
    assert await asked.edit("", message=10**6) == ()
    assert (await kept(database, asked))["said_aloud"][1] == "Words."


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("", "I find no words in that message now."),
        ("\u200b \u202e", "I find no words in that message now."),
        ("x" * 3001, "Please keep it under 3000 letters."),
    ],
)
async def test_an_edit_that_is_not_kept_says_so_and_the_words_of_before_stand(
    database: Database, asked: Phone, words: str, told: str
) -> None:
    await asked.say("Words.")

    (reply,) = await asked.edit(words)

    assert told in text(reply)
    assert text(reply).endswith("The words you had sent before still stand.")
    assert (await kept(database, asked))["said_aloud"][1] == "Words."


async def test_words_too_long_are_kept_once_they_are_edited(database: Database, asked: Phone) -> None:
    await asked.say("x" * 3001)

    (still,) = await asked.edit("x" * 3002)
    (taken,) = await asked.edit("Shorter.")

    assert "Nothing was stored yet." in text(still)
    assert "How may it be shown?" in text(taken)
    assert taken.settled is not None
    assert (await kept(database, asked))["said_aloud"] == (None, "Shorter.", None)


async def test_words_too_long_are_not_kept_by_an_edit_when_they_are_awaited_no_more(
    database: Database, asked: Phone, mine: int
) -> None:
    await asked.say("x" * 3001)
    await asked.tap(f"ask:{mine}:2")

    assert await asked.edit("Shorter.") == ()
    assert "said_aloud" not in await kept(database, asked)


# A choice belongs to the words it was made for.


async def test_a_late_tap_on_the_card_of_an_earlier_text_shows_nothing_of_the_newer(
    database: Database, asked: Phone
) -> None:
    first = await asked.say("First.")
    await asked.say("Second.")

    late = await asked.tap(data(first, "Quoted, no name"), message=50)
    before = await kept(database, asked)
    third = await asked.say("Third.")

    assert (late.notice, late.alert, late.over) == ("", False, 50)
    assert "Second." in text(late)
    assert "Until you choose, only the facilitator gets it" in text(late)
    assert before["said_aloud"] == (None, "Second.", None)
    assert third.settled is not None
    assert third.settled[0] == 50


async def test_a_choice_for_words_skipped_since_leads_back_to_the_question(
    database: Database, asked: Phone, mine: int
) -> None:
    first = await asked.say("First.")
    await asked.tap(f"skip:{mine}:5")

    late = await asked.tap(data(first, "Quoted, no name"))

    assert "Just write it as a message." in text(late)
    assert (await kept(database, asked))["said_aloud"] == (None, None, None)


async def test_the_card_that_asks_how_again_is_settled_by_the_next_text(asked: Phone, mine: int) -> None:
    await asked.tap(data(await asked.say("First."), "Quoted, no name"))
    await asked.tap(f"how:{mine}:5", message=60)

    second = await asked.say("Second.")

    assert second.settled is not None
    assert second.settled[0] == 60


# A reply says what it answers.


async def test_a_reply_to_the_question_answers_it_whatever_else_is_awaited(
    database: Database, asked: Phone, mine: int
) -> None:
    await asked.tap(f"ask:{mine}:2", message=42)
    await asked.tap(f"ask:{mine}:5", message=43)
    async with database.writing() as session:
        await session.merge(Awaited(chat=asked.account, kind="word", about=10**9))

    reply = await asked.say("Said in a reply.", reply_to=43)

    assert "How may it be shown?" in text(reply)
    assert reply.settled is not None
    assert reply.settled[0] == 43
    assert (await kept(database, asked))["said_aloud"][1] == "Said in a reply."


async def test_a_reply_to_the_question_answers_it_when_nothing_is_awaited(
    database: Database, asked: Phone
) -> None:
    async with database.writing() as session:
        await session.delete(await session.get_one(Awaited, asked.account))

    await asked.say("Said in a reply.", reply_to=41)

    assert (await kept(database, asked))["said_aloud"][1] == "Said in a reply."


@pytest.mark.parametrize("shows", ["ask:{}:2", "done:{}", "change:{}", "not:{}"])
async def test_a_reply_to_a_card_that_asks_for_no_words_answers_nothing(
    database: Database, asked: Phone, mine: int, shows: str
) -> None:
    await asked.tap(shows.format(mine), message=41)
    async with database.writing() as session:
        await session.merge(Awaited(chat=asked.account, kind="item", about=mine, item="5"))

    reply = await asked.say("Because it is true.", reply_to=41)

    assert text(reply).startswith("I did not expect a message here, so I did not keep it.")
    assert "said_aloud" not in await kept(database, asked)


async def test_a_reply_to_any_other_message_is_not_taken_for_the_question_s(
    database: Database, asked: Phone
) -> None:
    reply = await asked.say("No time this week.", reply_to=7)
    await asked.say("Words.", reply_to=41)
    await asked.say("Other words.", reply_to=44)

    assert text(reply).startswith("I did not expect a message here, so I did not keep it.")
    # The card that asks how words may be shown has a number we were not told.
    assert (await kept(database, asked))["said_aloud"][1] == "Other words."


async def test_a_reply_by_somebody_else_to_a_card_of_the_same_number_answers_nothing(
    database: Database, cast: Cast, asked: Phone
) -> None:
    neighbour = Phone(database, cast.members[0])

    reply = await neighbour.say("Hello?", reply_to=41)

    assert text(reply).startswith("I did not expect a message here")
    assert not await kept(database, neighbour)


# Commands.


async def test_a_command_while_words_are_awaited_is_not_kept_and_says_so(
    database: Database, asked: Phone
) -> None:
    unknown = await asked.say("/shout We hear about it late.")
    home = await asked.say("/start")
    await asked.say("We hear about it late.")

    assert text(unknown).startswith("A message that begins with / is a command, so I did not keep it")
    assert "You have been through 5 of 6 questions." in text(unknown)
    assert "is a command" not in text(home)
    assert (await kept(database, asked))["said_aloud"][1] == "We hear about it late."


async def test_an_unknown_command_otherwise_leads_home(member: Phone) -> None:
    reply = await member.say("/shout")

    assert text(reply) == text(await member.say("/start"))


async def test_an_edit_after_the_close_is_refused_in_words(database: Database, asked: Phone) -> None:
    await asked.say("Words.")
    asked.now = CLOSES

    (reply,) = await asked.edit("Too late.")

    assert "This round has closed, so nothing can be changed in it any more." in text(reply)


async def test_how_a_text_is_shown_can_be_chosen_again(database: Database, asked: Phone, mine: int) -> None:
    await asked.tap(data(await asked.say("Words."), "Facilitator only, no name"))
    question = await asked.tap(f"ask:{mine}:5")
    again = await asked.tap(data(question, "Choose again how it is shown"))
    await asked.tap(data(again, "Someone at our organisation"))

    assert "You wrote: “Words.”\nYou chose: facilitator only, no name." in text(question)
    assert labels(question) == [
        ["Choose again how it is shown"],
        ["Back", "Keep it"],
        ["Take my answer back"],
        ["Why this question?"],
    ]
    assert (await kept(database, asked))["said_aloud"][2] == "organisation"


async def test_a_text_whose_choice_is_open_is_asked_about_first(asked: Phone, mine: int) -> None:
    await asked.say("Words.")

    home = await asked.say("/start")
    again = await asked.tap(data(home, "Go on"))

    assert "You have been through 5 of 6 questions." in text(home)
    assert "How may it be shown?" in text(again)


async def test_who_has_no_name_here_is_not_offered_to_sign(database: Database, asked: Phone) -> None:
    async with database.writing() as session:
        for seat in (await session.exec(select(Seat))).all():
            seat.name = ""
            session.add(seat)

    reply = await asked.say("Words.")

    assert ["With my name"] not in labels(reply)


async def test_a_text_too_long_is_refused_and_the_next_one_kept(database: Database, asked: Phone) -> None:
    refused = await asked.say("x" * 3001)
    await asked.say("Shorter.")

    assert "under 3000 letters" in text(refused)
    assert (await kept(database, asked))["said_aloud"][1] == "Shorter."


@pytest.mark.parametrize("what", ["", "\u200b", "\u202e\u2066 "])
async def test_a_photo_or_sticker_is_asked_for_in_words(database: Database, asked: Phone, what: str) -> None:
    photo = await asked.say(what)
    await asked.say("In words.")

    assert text(photo).startswith("I can only read text and buttons")
    assert (await kept(database, asked))["said_aloud"][1] == "In words."


@pytest.mark.parametrize(
    "moved_on", ["ask:{}:2", "change:{}", "done:{}", "not:{}", "start:{}", "rate:{}:0:3", "why:{}:1"]
)
async def test_words_written_where_none_are_asked_belong_to_no_question(
    database: Database, member: Phone, mine: int, moved_on: str
) -> None:
    await member.tap(f"ask:{mine}:5")
    await member.tap(moved_on.format(mine))

    reply = await member.say("Hello?")

    assert text(reply).startswith("I did not expect a message here, so I did not keep it.")
    assert "said_aloud" not in await kept(database, member)


async def test_a_text_after_the_close_is_not_kept_and_says_so(
    database: Database, asked: Phone, mine: int
) -> None:
    late = await asked.heard("Too late.")
    late_too = await asked.heard("Still too late.")
    await turn(database, now=CLOSES)
    asked.now = late_now = CLOSES
    replies = [
        await asked.does(type(late)(**{**vars(one), "received_at": late_now})) for one in (late, late_too)
    ]
    after = await asked.say("Hello?")

    assert all("So your words were not kept." in text(reply) for (reply,) in replies)
    assert text(after).startswith("I did not expect a message here")
    async with database.reading() as session:
        assert not (await session.exec(select(Answer).where(col(Answer.text).is_not(None)))).all()


async def test_a_text_of_somebody_who_has_left_is_not_kept(
    database: Database, asked: Phone, cast: Cast
) -> None:
    async with database.writing() as session:
        seat = (await session.exec(select(Seat).where(Seat.name == f"Person {asked.account}"))).one()
        seat.left_at = OPENS

    reply = await asked.say("Words.")

    assert text(reply).startswith("I did not expect a message here")
    async with database.reading() as session:
        assert await session.get(Awaited, asked.account) is None
