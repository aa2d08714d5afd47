"""An answer to each kind of question: what is kept of it, and what no button of ours could carry."""

from collections.abc import Awaitable, Callable

import pytest

from facilitation import answers, instruments, parts, questions
from facilitation.answers import EditUnclear, NumberUnclear
from facilitation.parts import Part, RoundCalledOff
from facilitation.refusals import NotYours
from storage.database import Database
from storage.rounds import Promise, Round
from tests.cast import OPENS, Cast, seat_of
from tests.facilitation import every_kind
from tests.facilitation.every_kind import (
    ALOUD,
    COUNCIL,
    GUESS,
    HOURS,
    KEPT_WORD,
    NEEDS,
    PACE,
    PLAN,
    STEP,
    TRUST,
    VOICE,
    Asked,
)
from tests.facilitation.turning import given, part_of


@pytest.fixture
async def asked(database: Database, cast: Cast) -> Asked:
    return await every_kind.opened(database, cast)


async def own(database: Database, asked: Asked) -> Part:
    return await part_of(database, asked.account, asked.round_id, now=OPENS)


async def does(
    database: Database, asked: Asked, verb: Callable[..., Awaitable[object]], *args: object, **more: object
) -> None:
    update_id = more.pop("update_id", None)
    assert update_id is None or isinstance(update_id, int)
    async with database.writing() as session:
        part = await parts.of(session, asked.invitation, account=asked.account, now=OPENS)
        await verb(session, part, *args, given=given(asked.account, now=OPENS, update_id=update_id), **more)


async def values(database: Database, asked: Asked) -> dict[tuple[str, int], int | None]:
    return {key: answer.value for key, answer in (await own(database, asked)).answers.items()}


async def test_each_kind_keeps_its_own_value(database: Database, asked: Asked) -> None:
    await does(database, asked, answers.rate, VOICE, 4)
    await does(database, asked, answers.rate, GUESS, 2)
    await does(database, asked, answers.rate, COUNCIL, 1)
    await does(database, asked, answers.rate, TRUST, 5)
    await does(database, asked, answers.vote, STEP, -1)
    await does(database, asked, answers.pick, PACE, 2, on=True)
    await does(database, asked, answers.pick, NEEDS, 0, on=True)
    await does(database, asked, answers.pick, NEEDS, 2, on=True)
    await does(database, asked, answers.write, HOURS, "about 1,200 hours", message=7)
    await does(database, asked, answers.tell, KEPT_WORD, 2)

    assert await values(database, asked) == {
        ("voice", 0): 4,
        ("voice_others", 0): 2,
        ("say_no", asked.council): 1,
        ("say_no", asked.trust): 5,
        ("step", 0): -1,
        ("pace", 0): 4,
        ("needs", 0): 5,
        ("hours", 0): 1200,
        ("kept_word", asked.promise): 2,
    }


async def test_what_a_seat_is_asked_is_its_own(database: Database, cast: Cast, asked: Asked) -> None:
    mine = await own(database, asked)
    other = await part_of(database, cast.members[0], asked.round_id, now=OPENS)

    async with database.reading() as session:
        told = await questions.subjects(session, mine.questions, seat_id=mine.invitation.seat_id)
        forged = await questions.subjects(session, mine.questions, seat_id=other.invitation.seat_id)

    assert len(mine.questions) == 11
    assert [question.key for question in other.questions] == [(code, 0) for code in every_kind.CODES]
    assert told == {
        ("say_no", asked.council): "Council",
        ("say_no", asked.trust): "Health Trust",
        ("kept_word", asked.promise): "translate the letter",
    }
    assert forged["kept_word", asked.promise] == ""


async def test_a_guess_names_the_question_it_is_about(database: Database, asked: Asked) -> None:
    part = await own(database, asked)
    elsewhere = [question for question in part.questions if question.item.code != "voice"]

    assert questions.guessed(part.questions, part.questions[GUESS], part.instrument) == (
        {"en": "Our view changed a decision."},
        VOICE,
    )
    assert questions.guessed(elsewhere, part.questions[GUESS], part.instrument)[1] is None


@pytest.mark.parametrize(
    ("verb", "numbers"),
    [
        (answers.rate, (STEP, 1)),
        (answers.rate, (NEEDS, 1)),
        (answers.rate, (GUESS, 6)),
        (answers.vote, (VOICE, 1)),
        (answers.vote, (STEP, 2)),
        (answers.vote, (STEP, -2)),
        (answers.tell, (KEPT_WORD, 0)),
        (answers.tell, (KEPT_WORD, 4)),
        (answers.tell, (STEP, 1)),
        (answers.skip, (11,)),
    ],
)
async def test_a_value_of_another_kind_is_nobody_s_button(
    database: Database, asked: Asked, verb: Callable[..., Awaitable[object]], numbers: tuple[int, ...]
) -> None:
    with pytest.raises(NotYours):
        await does(database, asked, verb, *numbers)

    assert await values(database, asked) == {}


@pytest.mark.parametrize(
    ("position", "option", "on"),
    [(PACE, 3, True), (PACE, -1, True), (PACE, 0, False), (NEEDS, 3, True), (STEP, 0, True)],
)
async def test_an_option_that_is_not_there_is_nobody_s_button(
    database: Database, asked: Asked, *, position: int, option: int, on: bool
) -> None:
    with pytest.raises(NotYours):
        await does(database, asked, answers.pick, position, option, on=on)


async def test_of_several_options_each_is_chosen_and_taken_back_by_itself(
    database: Database, asked: Asked
) -> None:
    for option, on in ((0, True), (0, True), (1, True), (2, True), (1, False)):
        await does(database, asked, answers.pick, NEEDS, option, on=on)
    several = await values(database, asked)
    for option in (0, 2):
        await does(database, asked, answers.pick, NEEDS, option, on=False)

    part = await own(database, asked)
    assert several[("needs", 0)] == 5
    assert (part.answers["needs", 0].value, part.settled(part.questions[NEEDS])) == (None, True)
    assert not part.gives(part.questions[NEEDS])


async def test_fast_taps_on_two_options_count_both_in_whatever_order_they_come(
    database: Database, asked: Asked
) -> None:
    await does(database, asked, answers.pick, NEEDS, 1, on=True, update_id=10**9 + 2)
    await does(database, asked, answers.pick, NEEDS, 0, on=True, update_id=10**9 + 1)
    both = await values(database, asked)

    await does(database, asked, answers.skip, NEEDS, update_id=10**9 + 5)
    await does(database, asked, answers.pick, NEEDS, 2, on=True, update_id=10**9 + 3)
    skipped = await values(database, asked)
    await does(database, asked, answers.pick, NEEDS, 2, on=True, update_id=10**9 + 6)

    assert (both["needs", 0], skipped["needs", 0]) == (3, None)
    assert (await values(database, asked))["needs", 0] == 4


# Numbers.


@pytest.mark.parametrize(
    ("said", "kept"),
    [("12", 12), (" 12 ", 12), ("12 hours", 12), ("~ 1 200", 1200), ("٣", 3), ("0", 0), ("2000.", 2000)],
)
async def test_a_number_is_taken_as_people_write_it(
    database: Database, asked: Asked, said: str, kept: int
) -> None:
    await does(database, asked, answers.write, HOURS, said, message=7)

    assert (await values(database, asked))["hours", 0] == kept


@pytest.mark.parametrize("said", ["", "many", "2 or 3", "2-3", "1.5", "2001", "-1", "9" * 60, "1,20"])
async def test_a_number_that_is_not_clear_is_asked_again_and_nothing_is_lost(
    database: Database, asked: Asked, said: str
) -> None:
    await does(database, asked, answers.write, HOURS, "12", message=7)

    with pytest.raises(NumberUnclear, match="from 0 to 2000"):
        await does(database, asked, answers.write, HOURS, said, message=8)
    async with database.writing() as session:
        with pytest.raises(EditUnclear, match="still stands"):
            await answers.reword(session, message=7, text=said, given=given(asked.account, now=OPENS))

    assert (await values(database, asked))["hours", 0] == 12


async def test_an_edited_number_is_the_new_number(database: Database, asked: Asked) -> None:
    await does(database, asked, answers.write, HOURS, "12", message=7)

    async with database.writing() as session:
        found = await answers.reword(session, message=7, text="13", given=given(asked.account, now=OPENS))

    assert found is not None
    assert found[1] == HOURS
    assert (await values(database, asked))["hours", 0] == 13


# Promises.


async def test_what_came_of_a_promise_is_noted_on_it(database: Database, asked: Asked) -> None:
    told = []
    for value in (1, 2, 3):
        await does(database, asked, answers.tell, KEPT_WORD, value)
        told.append(await every_kind.outcome_of(database, asked.promise))
    await does(database, asked, answers.skip, KEPT_WORD)

    assert told == ["done", "partly", "blocked"]
    assert await every_kind.outcome_of(database, asked.promise) == ""


async def test_an_older_tap_does_not_change_what_came_of_a_promise(database: Database, asked: Asked) -> None:
    await does(database, asked, answers.tell, KEPT_WORD, 1, update_id=10**9 + 2)

    await does(database, asked, answers.tell, KEPT_WORD, 3, update_id=10**9 + 1)

    assert await every_kind.outcome_of(database, asked.promise) == "done"


async def test_a_promise_that_is_gone_or_somebody_else_s_is_left_alone(
    database: Database, cast: Cast, asked: Asked
) -> None:
    other = await seat_of(database, cast.members[0])
    async with database.writing() as session:
        (await session.get_one(Promise, asked.promise)).seat_id = other.id
    await does(database, asked, answers.tell, KEPT_WORD, 1)
    theirs = await every_kind.outcome_of(database, asked.promise)
    async with database.writing() as session:
        await session.delete(await session.get_one(Promise, asked.promise))

    await does(database, asked, answers.tell, KEPT_WORD, 2)

    assert theirs == ""
    assert (await values(database, asked))["kept_word", asked.promise] == 2


async def test_a_promise_follows_the_words_that_make_it(database: Database, asked: Asked) -> None:
    async def stand() -> list[str]:
        return await every_kind.promises_of(database, asked.round_id)

    await does(database, asked, answers.write, PLAN, "Cal the council.", message=7)
    written = await stand()
    async with database.writing() as session:
        await answers.reword(
            session, message=7, text="Call the council.", given=given(asked.account, now=OPENS)
        )
    edited = await stand()
    await does(database, asked, answers.write, PLAN, "Write to them.", message=8)
    replaced = await stand()
    await does(database, asked, answers.skip, PLAN)
    skipped = await stand()
    await does(database, asked, answers.skip, PLAN)
    await does(database, asked, answers.write, ALOUD, "No promise.", message=9)

    assert (written, edited, replaced) == (["Cal the council."], ["Call the council."], ["Write to them."])
    assert (skipped, await stand()) == ([], [])


# A round that was called off.


async def test_a_round_that_was_called_off_says_so(database: Database, asked: Asked) -> None:
    async with database.writing() as session:
        (await session.get_one(Round, asked.round_id)).state = "skipped"

    with pytest.raises(RoundCalledOff):
        await own(database, asked)
    async with database.reading() as session:
        found, _ = await parts.round_of(session, asked.invitation, account=asked.account)
    assert found.state == "skipped"


def test_the_round_of_the_tests_has_every_kind() -> None:
    assert {item["kind"] for item in every_kind.EVERY["items"]} == set(instruments.KINDS)
