"""A question of every kind on a phone: asked, answered, changed, and whatever order it all comes in."""

from typing import Any

import pytest
from sqlmodel import select

from dialogs.events import Reply
from facilitation import parts, restored, schedules
from storage.database import Database
from storage.members import Seat
from storage.rounds import Answer, Awaited, Invitation, Promise, Round
from tests.cast import CLOSES, OPENS, Cast, seat_of
from tests.dialogs.phone import Phone, card, data, labels, text
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
from tests.facilitation.turning import part_of


@pytest.fixture
def member(database: Database, every: Asked) -> Phone:
    return Phone(database, every.account)


Kept = dict[tuple[str, int], tuple[int | None, str | None, str | None]]


async def kept(database: Database, every: Asked) -> Kept:
    part = await part_of(database, every.account, every.round_id, now=OPENS)
    return {key: (one.value, one.text, one.shown_as) for key, one in part.answers.items()}


async def ask(member: Phone, every: Asked, position: int) -> Reply:
    return await member.tap(f"ask:{every.invitation}:{position}", message=40 + position)


async def test_a_round_of_every_kind_by_tapping_and_writing(
    database: Database, member: Phone, every: Asked
) -> None:
    replies = [await member.tap(f"start:{every.invitation}", message=9)]
    for label in ("4", "2", "1", "5", "Disagree", "As now"):
        replies.append(await member.tap(data(replies[-1], label), message=9))
    for label in ("Time", "A room", "Done"):
        replies.append(await member.tap(data(replies[-1], label), message=9))
    number = await member.say("12")
    plan = await member.tap(data(number, "Partly"), message=9)
    words = await member.say("Call the council.")
    aloud = await member.tap(data(words, "Facilitator only, no name"), message=9)
    shown = await member.say("We hear about it late.")
    done = await member.tap(data(shown, "With my name"), message=9)

    places = [text(reply).partition("\n")[0] for reply in replies]
    assert places[:7] == [
        "1 of 11",
        "2 of 11",
        "3 of 11 · you and Council",
        "4 of 11 · you and Health Trust",
        "5 of 11",
        "6 of 11",
        "7 of 11",
    ]
    assert text(replies[-1]).startswith("8 of 11")
    assert "Write a whole number from 0 to 2000 as a message." in text(replies[-1])
    assert {reply.notice for reply in replies[1:9]} == {"✓"}
    assert number.settled is not None
    assert "Your answer is kept: 12." in number.settled[1].text
    assert text(number).startswith("9 of 11\n\nLast time you said you would:\n“translate the letter”")
    assert text(plan).startswith("10 of 11 · if you like")
    assert "Next time, only you are asked how it went." in text(plan)
    assert text(aloud).startswith("11 of 11 · if you like")
    assert "Thank you. That was everything." in text(done)
    assert await kept(database, every) == {
        ("voice", 0): (4, None, None),
        ("voice_others", 0): (2, None, None),
        ("say_no", every.council): (1, None, None),
        ("say_no", every.trust): (5, None, None),
        ("step", 0): (-1, None, None),
        ("pace", 0): (2, None, None),
        ("needs", 0): (5, None, None),
        ("hours", 0): (12, None, None),
        ("kept_word", every.promise): (2, None, None),
        ("plan", 0): (None, "Call the council.", "facilitator"),
        ("aloud", 0): (None, "We hear about it late.", "named"),
    }


async def test_the_last_card_shows_what_is_kept_and_the_ways_on(
    database: Database, cast: Cast, member: Phone, every: Asked
) -> None:
    for tap in (f"rate:{every.invitation}:{TRUST}:2", f"vote:{every.invitation}:{STEP}:1"):
        await member.tap(tap)
    await member.tap(f"pick:{every.invitation}:{NEEDS}:0")
    await member.tap(f"pick:{every.invitation}:{NEEDS}:1")
    await member.tap(f"skip:{every.invitation}:{VOICE}")

    summary = await member.tap(f"done:{every.invitation}")

    assert text(summary).startswith("7 questions are still open. You can answer until Friday 17:00.\n\n")
    assert (
        "Kept so far\n"
        "4. Could you say no to them? (Health Trust) → 2 out of 5\n"
        "5. We should meet in the evening. → Pass\n"
        "7. What do you need? → Time, Money\n"
    ) in text(summary)
    assert labels(summary) == [["Go on"], ["Change an answer"], ["Raise something else"]]
    assert data(summary, "Raise something else") == f"raise:{cast.partnership.id}"


async def test_every_question_is_on_the_card_to_change_answers(member: Phone, every: Asked) -> None:
    await member.tap(f"rate:{every.invitation}:{GUESS}:2")

    change = await member.tap(f"change:{every.invitation}")
    trust = await member.tap(data(change, "4"))

    assert labels(change) == [["1", "2", "3", "4", "5"], ["6", "7", "8", "9", "10"], ["11"], ["Done"]]
    assert (
        "2. What do you think most others here answered? (Our view changed a decision.)\n→ 2 out of 5"
    ) in text(change)
    assert "4. Could you say no to them? (Health Trust)\n→ no answer" in text(change)
    assert "9. How did it go? (translate the letter)\n→ no answer" in text(change)
    assert text(trust).startswith("4 of 11 · you and Health Trust")


@pytest.mark.parametrize(
    ("position", "tap", "ticked"),
    [
        (VOICE, "rate:{}:0:3", "✓ 3"),
        (GUESS, "rate:{}:1:3", "✓ 3"),
        (COUNCIL, "rate:{}:2:3", "✓ 3"),
        (STEP, "vote:{}:4:2", "✓ Agree"),
        (STEP, "vote:{}:4:0", "✓ Disagree"),
        (STEP, "vote:{}:4:1", "✓ Pass"),
        (PACE, "pick:{}:5:0", "✓ Slower"),
        (NEEDS, "pick:{}:6:2", "✓ A room"),
        (KEPT_WORD, "told:{}:8:1", "✓ Done"),
        (KEPT_WORD, "told:{}:8:3", "✓ Blocked"),
    ],
)
async def test_the_answer_so_far_has_a_tick_and_can_be_taken_back(
    database: Database, member: Phone, every: Asked, *, position: int, tap: str, ticked: str
) -> None:
    before = await ask(member, every, position)
    given = await member.tap(tap.format(every.invitation))
    again = await ask(member, every, position)
    back = await member.tap(data(again, "Take my answer back"))
    after = await ask(member, every, position)

    ticks = [
        [label for row in labels(one) for label in row if "✓" in label] for one in (before, again, after)
    ]
    assert ticks == [[], [ticked], []]
    assert "Your answer so far: " in text(again)
    assert (given.notice, back.notice) == ("✓", "✓")
    assert card(after) == card(before)
    assert "Skip" in [label for row in labels(after) for label in row]
    assert [one[0] for one in (await kept(database, every)).values()] == [None]


async def test_of_several_options_each_tap_shows_what_stands(
    database: Database, member: Phone, every: Asked
) -> None:
    first = await ask(member, every, NEEDS)
    time = await member.tap(data(first, "Time"))
    # Tapped on the same card, before it was drawn anew.
    both = await member.tap(data(first, "Money"))
    money = await member.tap(data(both, "✓ Time"))
    none = await member.tap(data(money, "✓ Money"))

    assert "Tap all that fit, then Done." in text(first)
    assert labels(first)[:4] == [["Time"], ["Money"], ["A room"], ["Back", "Skip"]]
    assert labels(time)[0] == ["✓ Time"]
    assert labels(both)[:4] == [["✓ Time"], ["✓ Money"], ["A room"], ["Back", "Done"]]
    assert labels(money)[:2] == [["Time"], ["✓ Money"]]
    assert card(none) == card(first)
    assert (await kept(database, every))["needs", 0] == (None, None, None)


async def test_a_guess_names_its_question_whether_it_is_asked_here_or_not(
    database: Database, member: Phone, every: Asked
) -> None:
    here = await ask(member, every, GUESS)
    async with database.writing() as session:
        mine = await session.get_one(Invitation, every.invitation)
        mine.questions = mine.questions[1:]
    elsewhere = await member.tap(f"ask:{every.invitation}:0")

    assert "Question 1 was: “Our view changed a decision.”" in text(here)
    assert "1 = not at all · 5 = clearly" in text(here)
    assert "The question was: “Our view changed a decision.”" in text(elsewhere)


async def test_a_number_that_is_not_clear_loses_nothing_and_can_be_edited(
    database: Database, member: Phone, every: Asked
) -> None:
    await ask(member, every, HOURS)
    unclear = await member.say("two or 3 or 4")
    (edited,) = await member.edit("4")
    again = await ask(member, every, HOURS)
    much = await member.say("40000")
    standing = await kept(database, every)
    more = await member.say("5")
    (wrong,) = await member.edit("fifty")
    (right,) = await member.edit("50")

    assert text(unclear).startswith("I look for one whole number from 0 to 2000, in digits.")
    assert text(edited).startswith("9 of 11")
    assert "Your answer so far: 4\nAnother number from 0 to 2000 replaces it." in text(again)
    assert "Nothing you answered before has changed." in text(much)
    assert standing["hours", 0] == (4, None, None)
    assert text(more).startswith("9 of 11")
    assert text(wrong).endswith("The number you had sent before still stands.")
    assert text(right).endswith("Your answer is kept: 50.")
    assert (await kept(database, every))["hours", 0] == (50, None, None)


async def test_a_number_said_in_reply_to_its_card_is_that_answer(
    database: Database, member: Phone, every: Asked
) -> None:
    await ask(member, every, HOURS)
    async with database.writing() as session:
        for row in (await session.exec(select(Awaited))).all():
            await session.delete(row)

    await member.say("7", reply_to=40 + HOURS)

    assert (await kept(database, every))["hours", 0] == (7, None, None)


async def test_an_older_number_that_comes_late_changes_nothing(
    database: Database, member: Phone, every: Asked
) -> None:
    await ask(member, every, HOURS)
    late = await member.heard("3", update_id=20)
    await member.say("8")

    (reply,) = await member.does(late)

    assert text(reply).startswith("9 of 11")
    assert (await kept(database, every))["hours", 0] == (8, None, None)


# What is shown more openly says so.


async def test_a_more_open_question_says_so_before_it_is_answered(member: Phone, every: Asked) -> None:
    closed, organisation = await ask(member, every, VOICE), await ask(member, every, COUNCIL)
    opened, choosing = await ask(member, every, ALOUD), await member.say("Words.")

    assert "name" not in text(closed)
    assert "This answer is shown as your organisation's, with its name." in text(organisation)
    assert "This is meant for everyone who gets the digest, with your name if you like." in text(opened)
    assert "This question is meant to be answered openly. You still choose." in text(choosing)
    assert [row[0] for row in labels(choosing)] == [
        "Quoted, no name",
        "Someone at our organisation",
        "With my name",
        "Facilitator only, no name",
    ]


async def test_a_text_for_the_whole_organisation_is_not_signed_by_a_person(
    database: Database, member: Phone, every: Asked
) -> None:
    async with database.writing() as session:
        round_ = await session.get_one(Round, every.round_id)
        items = [one | {"shown_as": None} for one in every_kind.EVERY["items"]]
        round_.instrument = every_kind.EVERY | {"shown_as": "organisation", "items": items}

    asked, choosing = await ask(member, every, PLAN), await member.say("Words.")

    assert "You write this for your whole organisation." in text(asked)
    assert "With its name, it says: Refugee Group." in text(choosing)
    assert "Person" not in text(choosing)
    assert [row[0] for row in labels(choosing)] == [
        "With our organisation's name",
        "Quoted, no name",
        "Facilitator only, no name",
    ]


async def test_a_promise_whose_words_are_gone_may_be_skipped(
    database: Database, member: Phone, every: Asked
) -> None:
    async with database.writing() as session:
        await session.delete(await session.get_one(Promise, every.promise))

    gone = await ask(member, every, KEPT_WORD)

    assert "The words of that promise are kept no longer. It is fine to skip this." in text(gone)
    assert "Last time" not in text(gone)


async def test_a_long_option_is_shortened_on_its_button_only(
    database: Database, member: Phone, every: Asked
) -> None:
    long = "Meet every month in turn at each other's place"
    items = [
        one | {"options": every_kind.options(long, "Other")} if one["code"] == "pace" else one
        for one in every_kind.EVERY["items"]
    ]
    async with database.writing() as session:
        (await session.get_one(Round, every.round_id)).instrument = every_kind.EVERY | {"items": items}

    asked = await ask(member, every, PACE)

    assert labels(asked)[0] == ["Meet every month in turn at…"]
    assert f"1. {long}\n2. Other" in text(asked)


# Old buttons answer kindly.


async def test_a_round_called_off_says_so_to_its_buttons_and_to_words(
    database: Database, member: Phone, every: Asked
) -> None:
    await ask(member, every, PLAN)
    async with database.writing() as session:
        round_ = await session.get_one(Round, every.round_id)
        round_.state, round_.reason = "skipped", schedules.CANCELLED

    tapped = await member.tap(f"rate:{every.invitation}:{VOICE}:3")
    said = await member.say("Call the council.")

    assert text(tapped) == "This round was called off. Nothing in it needs an answer any more."
    assert (tapped.notice, tapped.alert, tapped.over) == ("", False, 1)
    assert text(said).startswith("This round was called off.")
    assert "They are still here in the chat" in text(said)
    async with database.reading() as session:
        assert not (await session.exec(select(Answer))).all()
        assert await session.get(Awaited, member.account) is None


async def test_a_round_lost_by_a_restore_says_so_and_was_not_called_off(
    database: Database, member: Phone, every: Asked
) -> None:
    await ask(member, every, PLAN)
    async with database.writing() as session:
        round_ = await session.get_one(Round, every.round_id)
        round_.state, round_.reason = "skipped", restored.LOST

    tapped = await member.tap(f"rate:{every.invitation}:{VOICE}:3")
    said = await member.say("Call the council.")

    assert text(tapped).startswith(
        "Some answers of this round were lost when Parley was restored from a backup. We are sorry."
    )
    assert not any("called off" in text(one) for one in (tapped, said))


async def rest(database: Database, every: Asked, **columns: Any) -> None:  # noqa: ANN401 - any of a seat's
    seat = await seat_of(database, every.account)
    async with database.writing() as session:
        found = await session.get_one(Seat, seat.id)
        for name, value in columns.items():
            setattr(found, name, value)


async def test_who_is_away_or_has_paused_can_still_answer_and_is_reminded_of_it(
    database: Database, member: Phone, every: Asked
) -> None:
    told = []
    for columns in (
        {"away_until": OPENS.date().replace(day=20)},
        {"away_until": OPENS.date()},
        {"away_until": None, "paused_at": OPENS},
    ):
        await rest(database, every, **columns)
        await member.tap(f"rate:{every.invitation}:{VOICE}:3")
        told.append(text(await member.tap(f"done:{every.invitation}")))
    declined = text(await member.tap(f"not:{every.invitation}"))
    member.now = CLOSES
    closed = text(await member.tap(f"rate:{every.invitation}:{VOICE}:5"))

    assert "You are away: nothing new is asked of you before 20 November." in told[0]
    assert "away" not in told[1]
    for card_text in (told[2], declined, closed):
        assert "You have paused: nothing new is asked of you. Send /pause to change that." in card_text
    assert (await kept(database, every))["voice", 0] == (3, None, None)


async def test_who_has_left_is_told_so_and_nothing_changes(
    database: Database, member: Phone, every: Asked
) -> None:
    await ask(member, every, PLAN)
    await rest(database, every, left_at=OPENS)

    tapped = [
        await member.tap(f"{tap}:{every.invitation}{numbers}")
        for tap, numbers in (("rate", ":0:3"), ("start", ""), ("not", ""))
    ]
    member.now = CLOSES
    late = await member.tap(f"start:{every.invitation}")
    said = await member.say("Words.")

    assert {reply.notice for reply in (*tapped, late)} == {parts.SeatLeft().sentence()}
    assert {(reply.card, reply.alert) for reply in (*tapped, late)} == {(None, True)}
    assert text(said)
    async with database.reading() as session:
        assert not (await session.exec(select(Answer))).all()
