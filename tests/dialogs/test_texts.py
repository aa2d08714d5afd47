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
    assert await asked.edit("") == ()
    assert await asked.edit("\u200b \u202e") == ()
    assert (await kept(database, asked))["said_aloud"][1] == "Words."


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
