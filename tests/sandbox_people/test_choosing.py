"""What people make of a card, and what they do next: on cards as a member would meet them."""

import re
from datetime import UTC, datetime
from statistics import mean

import pytest

from sandbox import cards, choosing
from sandbox.cards import Button, Seen
from sandbox.choosing import Mind, Move, Stance
from sandbox.utterances import LONGEST, Line, pieces

TUESDAY = datetime(2026, 11, 3, 10, tzinfo=UTC)
SCALE = ("1", "2", "3", "4", "5")
NUMBER = "4 of 6\n\nAbout how many hours?\n\nWrite a whole number from 0 to 200 as a message."
ASKED = "1 of 6\n\nOur view changed a decision.\n1 not at all · 5 clearly"


def card(text: str, *labels: str, asks: bool = False) -> Seen:
    return Seen(7, text, tuple(Button(label, f"data {label}") for label in labels), TUESDAY, asks=asks)


def mind(temperament: str = "prompt", user: int = 1, **more: tuple[Stance, ...] | tuple[Line, ...]) -> Mind:
    return Mind(1, user, temperament, **more)  # type: ignore[arg-type] # one dictionary for three kinds of tuple


@pytest.mark.parametrize(
    ("kind", "seen"),
    [
        ("join", card("Riverside asks you in.", "Join", "Who runs this?", "Not now")),
        ("join", card("Take part?", "Yes", "No, thanks")),
        ("invitation", card("Pulse 14", "Start", "Not this week")),
        ("invitation", card("Still open", "Answer", "Not this week")),
        ("invitation", card("You have answered 3 of 6", "▶ Go on")),
        ("rating", card(ASKED, *SCALE, "Skip", "Why this question?")),
        ("rating", card(ASKED, "1 not at all", "2", "3", "4", "5 clearly", "Back", "Keep it")),
        (
            "rating",
            card("3 of 6 · you and the council", "No", "Hardly", "It depends", "Mostly", "Yes", "Skip"),
        ),
        ("rating", card("2 of 6\n\nWe should meet monthly.", "Agree", "Disagree", "Pass", "Back")),
        ("text", card("6 of 6 · if you like\n\nJust write it.", "Back", "Skip", "Why this question?")),
        ("text", card("What should be said?", asks=True)),
        (
            "several",
            card("3 of 6\n\nTap all that fit, then Done.", "Time", "✓ Money", "None of these", "Done"),
        ),
        ("number", card("4 of 6\n\nWrite a whole number from 0 to 200 as a message.", "Back", "Skip")),
        ("number", card("4 of 6\n\nAnother number from 0 to 200 replaces it.", "Keep it")),
        (
            "showing",
            card("6 of 6\n\nHow may it be shown?", "Quoted, no name", "With my name", "Facilitator only"),
        ),
        ("menu", card("Which answer would you like to change?", *SCALE, "6", "Done")),
        ("digest", card("Riverside", "That\u2019s how I see it", "Not quite", "I want to say something")),
        ("done", card("Thank you. That was everything.", "Change an answer", "Raise something else")),
        ("done", card("6 of 6\nYour words are kept.")),
        ("done", card("This round closed on 6 November.", "Read it")),
    ],
)
def test_a_card_is_recognised_by_what_it_shows(kind: str, seen: Seen) -> None:
    assert cards.kind(seen) == kind


def test_word_buttons_are_worth_their_place_and_digits_their_number() -> None:
    words = card("3 of 6", "No", "Hardly", "It depends", "Mostly", "Yes", "Back", "Skip")
    digits = card(ASKED, "5 clearly", "4", "3", "2", "1 not at all", "Skip")

    assert list(cards.ratings(words).values()) == [1, 2, 3, 4, 5]
    assert list(cards.ratings(digits).values()) == [5, 4, 3, 2, 1]


def test_a_question_is_the_same_before_and_after_it_was_answered() -> None:
    again = card("1 of 6\n\nOur view changed a decision.\n1 not at all · 5 clearly\n\nYour answer so far: 4")

    assert cards.question(again) == cards.question(card(ASKED))
    assert cards.question(again).startswith("Our view")


def test_ratings_scatter_around_the_level_of_the_week() -> None:
    stance = Stance(re.compile("changed a decision"), (4.5, 2.0), 0.8)
    weeks: list[list[int]] = [[], [], []]

    for week, given in enumerate(weeks):
        for user in range(300):
            step = choosing.move(mind(user=user, stances=(stance,)), card(ASKED, *SCALE), week=week)
            if step and step.value:
                given.append(step.value)

    assert 4.1 <= mean(weeks[0]) <= 4.6
    assert 1.8 <= mean(weeks[1]) <= 2.3
    assert 1.8 <= mean(weeks[2]) <= 2.3
    assert {value for given in weeks for value in given} == {1, 2, 3, 4, 5}


def test_what_others_would_answer_has_a_stance_of_its_own() -> None:
    about = re.compile("question 1")
    guessing = mind(stances=(Stance(about, (1.0,), 0.0),), guesses=(Stance(about, (5.0,), 0.0),))

    assert choosing.level(guessing, "What do you think most others answered to question 1?", 0) == (5.0, 0.0)
    assert choosing.level(guessing, "About question 1", 0) == (1.0, 0.0)


@pytest.mark.parametrize(("level", "word"), [(5.0, "Agree"), (1.0, "Disagree"), (3.0, "Pass")])
def test_agreement_follows_the_stance(level: float, word: str) -> None:
    asked = card("2 of 6\n\nWe should meet monthly.", "Agree", "Disagree", "Pass")
    sure = mind(stances=(Stance(re.compile("monthly"), (level,), 0.0),))

    button, _ = choosing.rating(sure, asked, week=0, chance=sure.chance("any"))

    assert button.label == word


def test_the_same_person_does_the_same_with_the_same_card() -> None:
    steps = [choosing.move(mind("nonsense"), card(ASKED, *SCALE, "Back", "Skip"), week=2) for _ in range(2)]

    assert steps[0] == steps[1]


def test_people_sometimes_skip_and_go_back_and_tap_twice() -> None:
    asked = card(ASKED, *SCALE, "Back", "Skip")
    steps = [choosing.move(mind("angry", user=user), asked, week=0) for user in range(400)]

    labels = {step.tap.label for step in steps if step and step.tap}

    assert labels == {*SCALE, "Back", "Skip"}
    assert any(step and step.twice for step in steps)


def test_nobody_goes_back_for_ever() -> None:
    asked = card(ASKED, *SCALE, "Back", "Skip")

    steps = [choosing.move(mind("nonsense", user=user), asked, week=0, tried=2) for user in range(400)]

    assert not any(step is None or step.stray or (step.tap and step.tap.label == "Back") for step in steps)


def test_a_person_says_the_newest_line_that_is_due() -> None:
    lines = (Line(0, "early", 1.0), Line(3, "later", 1.0))
    asked = card("6 of 6\n\nJust write it.", "Back", "Skip")

    said = [choosing.move(mind(lines=lines), asked, week=week) for week in (0, 2, 3, 5)]

    assert [step.say for step in said if step] == ["early", "early", "later", "later"]


def test_whoever_has_nothing_to_say_skips() -> None:
    asked = card("6 of 6\n\nJust write it.", "Back", "Skip")

    step = choosing.move(mind(lines=(Line(0, "never", 0.0),)), asked, week=0)

    assert step == Move(tap=asked.buttons[1])


def test_a_finished_card_asks_for_nothing_more() -> None:
    assert choosing.move(mind(), card("Thank you.", "Change an answer"), week=0) is None


@pytest.mark.parametrize(
    ("after", "notices", "taken"),
    [
        (card("2 of 6\n\nAnother question", *SCALE), [], True),
        (card("Thank you. That was everything.", "Change an answer"), [], True),
        (card("2 of 6\n\nIs it too late for this?", *SCALE), [("✓", False)], True),
        (None, [("✓", False)], True),
        (card("Kept: 3. Words → “it was closed”", "Change an answer"), [("✓", False)], True),
        (None, [], False),
        (card("2 of 6\n\nAnother question", *SCALE), [("That didn't reach us.", True)], False),
        (card("This round closed on 6 November."), [("", False)], False),
        (None, [("This round closed.", False)], False),
    ],
)
def test_a_rating_counts_only_if_the_phone_showed_it(
    after: Seen | None, notices: list[tuple[str, bool]], *, taken: bool
) -> None:
    before = card(ASKED, *SCALE)

    assert cards.confirmed(cards.question(before), before, after, notices) is taken


@pytest.mark.parametrize(
    ("now", "after", "taken"),
    [
        (card("4 of 6\nYour answer is kept: 12."), None, True),
        (None, card("4 of 6\n\nHow may it be shown?", "Quoted, no name", "With my name"), True),
        (card(NUMBER, "Skip"), card("5 of 6\n\nAnother question", *SCALE), True),
        (card(NUMBER, "Skip"), card("I look for one whole number from 0 to 200."), False),
        (card(NUMBER, "Skip"), card("Please keep it under 3000 letters. Nothing was stored yet."), False),
        (card(NUMBER, "Skip"), card("Here you are", "Change an answer"), False),
        (card(NUMBER, "Skip"), None, False),
    ],
)
def test_typed_words_count_only_if_the_phone_showed_it(
    now: Seen | None, after: Seen | None, *, taken: bool
) -> None:
    assert cards.taken(card(NUMBER, "Skip"), now, after) is taken


def test_a_long_text_is_cut_as_a_phone_cuts_it() -> None:
    text = "\U0001f996" * 3000

    cut = pieces(text)

    assert "".join(cut) == text
    assert all(len(piece.encode("utf-16-le")) // 2 <= LONGEST for piece in cut)
    assert pieces("  \n ") == []


def test_words_are_shown_as_their_author_meant_them() -> None:
    asked = card("6 of 6\n\nYou wrote:\nno notice", "Quoted, no name", "With my name", "Facilitator only")
    lines = (Line(0, "no notice", show="facilitator only"), Line(0, "other words", show="with my name"))

    steps = {choosing.move(mind(lines=lines, user=number), asked, week=0) for number in range(20)}

    assert steps == {Move(tap=asked.buttons[2], shows=True)}


FITS = "3 of 6\n\nWhich of these get in our way?\n\nTap all that fit, then Done."
OPTIONS = ("Too little time", "Pride or power", "Having to compete", "Fixed ideas", "None of these")


def several(*chosen: str) -> Seen:
    """A question where several may be chosen, with those chosen ticked, as its card then looks."""
    labels = (f"✓ {label}" if label in chosen else label for label in OPTIONS)
    return card(FITS, *labels, "Back", "Done" if chosen else "Skip", "Why this question?")


def ticked_through(one: Mind) -> tuple[str, set[str]]:
    """Which button ended it, and what was chosen by then."""
    chosen: set[str] = set()
    for tried in range(20):
        step = choosing.move(one, several(*chosen), week=0, tried=tried)
        assert step
        assert step.tap
        if step.tap.name not in OPTIONS:
            return step.tap.label, chosen
        chosen ^= {step.tap.name}
    return "never", chosen


def test_whatever_fits_is_ticked_one_by_one_and_done_ends_it() -> None:
    ends = [ticked_through(mind(user=user)) for user in range(200)]

    done = [chosen for end, chosen in ends if end == "Done"]
    assert {end for end, _ in ends} == {"Done", "Skip", "Back"}
    assert len(done) > 150
    assert all(1 <= len(chosen) <= 3 for chosen in done)
    assert all(len(chosen) == 1 for chosen in done if "None of these" in chosen)


def test_an_option_ticked_by_mistake_is_taken_back() -> None:
    taken_back = [
        step.tap.label
        for user in range(100)
        if (step := choosing.move(mind(user=user), several(*OPTIONS), week=0, tried=2)) and step.tap
    ]

    assert any(label.startswith("✓") for label in taken_back)
    assert not any(label in OPTIONS for label in taken_back)


def test_where_a_number_is_asked_for_one_is_typed_within_its_bounds() -> None:
    asked = card(NUMBER, "Back", "Skip", "Why this question?")
    steps = [choosing.move(mind(user=user), asked, week=0, tried=2) for user in range(300)]

    said = [step.say for step in steps if step and step.say]
    values = [int(found) for text in said for found in re.findall(r"\d+", text)]
    assert len(values) == len(said) > 250
    assert all(0 <= value <= 200 for value in values)
    assert any(not text.isdigit() for text in said)


def test_whoever_types_nonsense_for_a_number_types_a_number_the_second_time() -> None:
    asked = card(NUMBER, "Back", "Skip")
    typists = [mind("nonsense", user=user) for user in range(100)]

    first, then = (
        [step.say for one in typists if (step := choosing.move(one, asked, week=0, tried=tried)) and step.say]
        for tried in (0, 1)
    )

    assert any(not re.search(r"\d", text) for text in first)
    assert all(re.search(r"\d", text) for text in then)


def test_words_refused_twice_are_given_up() -> None:
    asked = card("6 of 6\n\nJust write it.", "Back", "Skip")
    wordy = mind("hostile", lines=(Line(0, "x" * 8000, 1.0),))

    steps = [choosing.move(wordy, asked, week=0, tried=tried) for tried in range(3)]

    assert [step.say[:1] if step else None for step in steps] == ["x", "x", ""]
    assert steps[2] == Move(tap=asked.buttons[1])
