"""An answer is kept when tapped; the newest wins, until the round closes."""

from datetime import timedelta
from random import Random

import pytest

from facilitation import answers, parts
from facilitation.answers import (
    LONGEST_TEXT,
    EditEmpty,
    EditTooLong,
    Given,
    TextTooLong,
)
from facilitation.parts import Part, RoundClosed, SeatLeft
from facilitation.refusals import NotYours, Refusal
from storage.database import Database
from storage.members import Seat
from storage.rounds import Answer
from tests.cast import CLOSES, OPENS, Cast, seat_of, seated
from tests.facilitation.turning import RATED, all_rounds, answer, given, invitation_of, part_of, turn, write

TEXT = RATED


@pytest.fixture
async def round_id(database: Database, cast: Cast) -> int:
    await turn(database, now=OPENS)
    return (await all_rounds(database))[0].id


async def kept(database: Database, account: int, round_id: int) -> dict[str, Answer]:
    part = await part_of(database, account, round_id, now=OPENS)
    return {code: answer for (code, _), answer in part.answers.items()}


async def rate(database: Database, account: int, round_id: int, value: int, given: Given) -> None:
    invitation = await invitation_of(database, account, round_id)
    async with database.writing() as session:
        part = await parts.of(session, invitation.id, account=account, now=OPENS)
        await answers.rate(session, part, 0, value, given=given)


async def test_an_answer_is_kept_skipped_and_changed(database: Database, cast: Cast, round_id: int) -> None:
    one = cast.members[0]

    await answer(database, one, round_id, {0: 2, 1: None, 2: 3}, now=OPENS)
    await answer(database, one, round_id, {0: 5, 2: None}, now=OPENS)

    part = await part_of(database, one, round_id, now=OPENS)
    assert {code: found.value for (code, _), found in part.answers.items()} == {
        "made_a_difference": 5,
        "can_disagree": None,
        "fair_load": None,
    }
    assert (part.given, part.first_open(), part.first_open(after=4), part.invitation.state) == (
        1,
        3,
        5,
        "started",
    )


async def test_the_first_open_question_wraps_round_to_what_was_left_out(
    database: Database, cast: Cast, round_id: int
) -> None:
    one = cast.members[0]
    await answer(database, one, round_id, {1: 2, 2: 2, 3: 2, 4: 2, 5: None}, now=OPENS)
    before = await part_of(database, one, round_id, now=OPENS)

    await answer(database, one, round_id, {0: 2}, now=OPENS)

    after = await part_of(database, one, round_id, now=OPENS)
    assert (before.first_open(after=5), after.first_open(after=0)) == (0, None)
    assert after.invitation.state == "finished"


async def test_a_finished_part_stays_finished_while_answers_change(
    database: Database, cast: Cast, round_id: int
) -> None:
    one = cast.members[0]
    await answer(database, one, round_id, dict.fromkeys(range(6)), now=OPENS)

    await write(database, one, round_id, "After all.", shown_as=None, now=OPENS)

    assert (await part_of(database, one, round_id, now=OPENS)).invitation.state == "finished"


async def test_repeated_and_shuffled_taps_end_as_if_in_order(
    database: Database, cast: Cast, round_id: int
) -> None:
    one, chance = cast.members[0], Random(7)
    taps = [(update_id, chance.randint(1, 5)) for update_id in range(1, 41)]
    shuffled = chance.sample(taps * 2, 80)

    for update_id, value in shuffled:
        await rate(database, one, round_id, value, Given(one, update_id, OPENS))

    assert (await kept(database, one, round_id))["made_a_difference"].value == taps[-1][1]


async def test_after_a_quiet_week_a_smaller_update_id_is_newer(
    database: Database, cast: Cast, round_id: int
) -> None:
    one, day = cast.members[0], timedelta(days=1)
    await rate(database, one, round_id, 1, Given(one, 900_000, OPENS))

    await rate(database, one, round_id, 2, Given(one, 5, OPENS + day))
    within = (await kept(database, one, round_id))["made_a_difference"].value
    await rate(database, one, round_id, 3, Given(one, 5, OPENS + day + timedelta(seconds=1)))
    beyond = (await kept(database, one, round_id))["made_a_difference"].value
    await rate(database, one, round_id, 4, Given(one, 999_999, OPENS - day))

    assert (within, beyond) == (1, 3)
    assert (await kept(database, one, round_id))["made_a_difference"].value == 3


async def test_a_round_takes_no_answer_from_its_closing_moment_on(
    database: Database, cast: Cast, round_id: int
) -> None:
    for moment in (CLOSES, CLOSES + timedelta(days=1)):
        with pytest.raises(RoundClosed):
            await part_of(database, cast.members[0], round_id, now=moment)


async def test_a_round_closed_by_the_clock_takes_no_answer_given_before(
    database: Database, cast: Cast, round_id: int
) -> None:
    await turn(database, now=CLOSES)

    with pytest.raises(RoundClosed):
        await part_of(database, cast.members[0], round_id, now=OPENS)


async def test_no_part_is_anybody_else_s(database: Database, cast: Cast, round_id: int) -> None:
    other = await seated(database, first_account=2000, name="Hillside")
    one, left = cast.members[0], cast.members[1]
    invitation, theirs = (
        await invitation_of(database, one, round_id),
        await invitation_of(database, left, round_id),
    )
    seat = await seat_of(database, left)
    async with database.writing() as session:
        (await session.get_one(Seat, seat.id)).left_at = OPENS

    tries = [(invitation.id, cast.members[2]), (invitation.id, other.members[0]), (invitation.id, left)]
    for number, account in [*tries, (invitation.id, 1), (0, one), (2**62, one)]:
        async with database.reading() as session:
            with pytest.raises(NotYours):
                await parts.of(session, number, account=account, now=OPENS)
            with pytest.raises(NotYours):
                await parts.round_of(session, number, account=account)
    async with database.reading() as session:
        with pytest.raises(SeatLeft):
            await parts.of(session, theirs.id, account=left, now=OPENS)


async def own(database: Database, account: int, round_id: int) -> Part:
    return await part_of(database, account, round_id, now=OPENS)


@pytest.mark.parametrize(("position", "value"), [(-1, 3), (6, 3), (TEXT, 3), (0, 0), (0, 6)])
async def test_no_button_of_ours_rates_that(
    database: Database, cast: Cast, round_id: int, position: int, value: int
) -> None:
    one = cast.members[0]
    part = await own(database, one, round_id)

    async with database.writing() as session:
        with pytest.raises(NotYours):
            await answers.rate(session, part, position, value, given=given(one, now=OPENS))

    assert not await kept(database, one, round_id)


@pytest.mark.parametrize("shown_as", [-1, 4])
async def test_a_text_is_shown_only_in_one_of_the_ways_there_are(
    database: Database, cast: Cast, round_id: int, shown_as: int
) -> None:
    with pytest.raises(NotYours):
        await write(database, cast.members[0], round_id, "Words.", shown_as=shown_as, now=OPENS)


async def test_how_to_show_is_not_asked_where_there_is_no_text(
    database: Database, cast: Cast, round_id: int
) -> None:
    one = cast.members[0]
    nothing = await own(database, one, round_id)
    await answer(database, one, round_id, {TEXT: None}, now=OPENS)
    skipped = await own(database, one, round_id)

    async with database.writing() as session:
        for part, position in ((nothing, TEXT), (skipped, TEXT), (skipped, 0)):
            with pytest.raises(NotYours):
                await answers.show_as(session, part, position, 1, message=1, given=given(one, now=OPENS))


async def test_a_text_waits_for_its_choice_and_then_is_settled(
    database: Database, cast: Cast, round_id: int
) -> None:
    one = cast.members[0]

    await write(database, one, round_id, "We hear about it when it is printed.", shown_as=None, now=OPENS)
    waiting = await own(database, one, round_id)
    await write(database, one, round_id, "We hear about it when it is printed.", shown_as=3, now=OPENS)
    settled = await own(database, one, round_id)

    asked = waiting.questions[TEXT]
    assert (waiting.settled(asked), waiting.given, settled.settled(asked)) == (False, 1, True)
    assert settled.answers[asked.key].shown_as == "named"


async def test_what_was_chosen_for_one_text_is_not_chosen_for_the_next(
    database: Database, cast: Cast, round_id: int
) -> None:
    one = cast.members[0]
    await write(database, one, round_id, "First.", shown_as=3, now=OPENS)

    await write(database, one, round_id, "Second.", shown_as=None, now=OPENS)

    found = (await kept(database, one, round_id))["said_aloud"]
    assert (found.text, found.shown_as) == ("Second.", None)


async def choose(
    database: Database, account: int, round_id: int, shown_as: int, *, message: int, update_id: int
) -> bool:
    part = await own(database, account, round_id)
    async with database.writing() as session:
        part = await parts.of(session, part.invitation.id, account=account, now=OPENS)
        tap = given(account, now=OPENS, update_id=update_id)
        return await answers.show_as(session, part, TEXT, shown_as, message=message, given=tap)


async def test_a_choice_counts_for_the_text_it_was_asked_about_alone(
    database: Database, cast: Cast, round_id: int
) -> None:
    one = cast.members[0]
    await write(database, one, round_id, "Words.", shown_as=None, now=OPENS)

    other = await choose(database, one, round_id, 1, message=2, update_id=10**9)
    before = (await kept(database, one, round_id))["said_aloud"].shown_as
    same = await choose(database, one, round_id, 1, message=1, update_id=10**9)

    assert (other, before, same) == (False, None, True)
    assert (await kept(database, one, round_id))["said_aloud"].shown_as == "quoted"


async def test_of_two_choices_the_newer_counts(database: Database, cast: Cast, round_id: int) -> None:
    one = cast.members[0]
    await write(database, one, round_id, "Words.", shown_as=None, now=OPENS)

    await choose(database, one, round_id, 0, message=1, update_id=10**9 + 1)
    await choose(database, one, round_id, 1, message=1, update_id=10**9)

    assert (await kept(database, one, round_id))["said_aloud"].shown_as == "facilitator"


async def test_what_a_database_cannot_hold_is_left_out_of_a_text(
    database: Database, cast: Cast, round_id: int
) -> None:
    one = cast.members[0]

    await write(database, one, round_id, "a\0b \ud83d\ude00 c\ud800", shown_as=1, now=OPENS)

    assert (await kept(database, one, round_id))["said_aloud"].text == "ab \U0001f600 c\ufffd"


async def test_a_text_too_long_is_refused_with_its_measure(
    database: Database, cast: Cast, round_id: int
) -> None:
    one = cast.members[0]

    await write(database, one, round_id, "x" * LONGEST_TEXT, shown_as=1, now=OPENS)
    with pytest.raises(TextTooLong, match="3000"):
        await write(database, one, round_id, "x" * (LONGEST_TEXT + 1), shown_as=1, now=OPENS)

    assert (await kept(database, one, round_id))["said_aloud"].text == "x" * LONGEST_TEXT


async def test_the_name_below_a_text_is_told_beforehand(
    database: Database, cast: Cast, round_id: int
) -> None:
    one = cast.members[0]
    part = await own(database, one, round_id)

    async with database.reading() as session:
        assert await answers.signature(session, part) == (f"Person {one}", "Council")


async def reword(database: Database, text: str, given: Given, *, message: int = 1) -> tuple[Part, int] | None:
    async with database.writing() as session:
        return await answers.reword(session, message=message, text=text, given=given)


async def test_an_edited_message_keeps_its_choice_and_its_new_words(
    database: Database, cast: Cast, round_id: int
) -> None:
    one = cast.members[0]
    await write(database, one, round_id, "Wrods.", shown_as=1, now=OPENS)

    found = await reword(database, "Words.", given(one, now=OPENS))

    answer = (await kept(database, one, round_id))["said_aloud"]
    assert found is not None
    assert (found[1], answer.text, answer.shown_as) == (TEXT, "Words.", "quoted")


async def test_of_two_edits_the_newer_counts(database: Database, cast: Cast, round_id: int) -> None:
    one = cast.members[0]
    await write(database, one, round_id, "First.", shown_as=1, now=OPENS)

    await reword(database, "Third.", given(one, now=OPENS, update_id=10**9 + 2))
    await reword(database, "Second.", given(one, now=OPENS, update_id=10**9 + 1))

    assert (await kept(database, one, round_id))["said_aloud"].text == "Third."


async def test_an_edit_of_any_other_message_changes_nothing(
    database: Database, cast: Cast, round_id: int
) -> None:
    one, another = cast.members[:2]
    await write(database, one, round_id, "Words.", shown_as=1, now=OPENS)

    assert await reword(database, "Forged.", given(another, now=OPENS)) is None
    assert await reword(database, "Other.", given(one, now=OPENS), message=2) is None
    assert (await kept(database, one, round_id))["said_aloud"].text == "Words."


@pytest.mark.parametrize(
    ("text", "refusal"), [("x" * 3001, EditTooLong), ("", EditEmpty), ("Late.", RoundClosed)]
)
async def test_an_edit_too_long_empty_or_too_late_is_refused(
    database: Database, cast: Cast, round_id: int, text: str, refusal: type[Refusal]
) -> None:
    one = cast.members[0]
    await write(database, one, round_id, "Words.", shown_as=1, now=OPENS)

    with pytest.raises(refusal):
        await reword(database, text, given(one, now=CLOSES if refusal is RoundClosed else OPENS))

    assert (await kept(database, one, round_id))["said_aloud"].text == "Words."
