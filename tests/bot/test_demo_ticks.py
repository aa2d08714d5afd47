"""What phones believe was answered, beside what is stored: for every kind of question."""

from typing import Any

import pytest

from bot.demo import ticks
from facilitation import instruments

DIFFERENCE = "Something we said in this partnership lately made a difference."
ORGANISATIONS = {"Riverside Council": 2, "Weir Lane Health Trust": 3}


def tick(question: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    told = {
        "user": 1,
        "week": 0,
        "question": question,
        "value": None,
        "label": "",
        "chosen": None,
        "words": "",
    }
    return told | more


def read(*told: dict[str, Any]) -> dict[ticks.Key, ticks.Given]:
    return ticks.ticked({"ticked": list(told)}, ORGANISATIONS)


@pytest.mark.parametrize(
    ("told", "code", "about", "given"),
    [
        (tick(f"{DIFFERENCE}\n1 not at all", value=4, label="4"), "made_a_difference", 0, 4),
        (
            tick("you and Weir Lane Health Trust\nWould they stand by you if things got hard?", value=2),
            "stand_by_us",
            3,
            2,
        ),
        (
            tick(
                "What do you think most others here said: did something they said lately make a difference?"
                f"\nQuestion 1 was: “{DIFFERENCE}”",
                value=5,
            ),
            "guess_made_a_difference",
            0,
            5,
        ),
        (
            tick("Who sides with whom here changes from issue to issue.", value=2, label="Disagree"),
            "sides_change",
            0,
            -1,
        ),
        (
            tick("How was our last big decision here made?", value=3, label="By those in charge"),
            "how_decided",
            0,
            4,
        ),
        (
            tick(
                "Which of these get in our way at the moment?",
                chosen=["Too little time", "Having to compete"],
            ),
            "barriers",
            0,
            2 + 8,
        ),
        (
            tick(
                "About how many unpaid hours did this partnership take from you last month?", words="about 12"
            ),
            "unpaid_hours",
            0,
            12,
        ),
        (
            tick("What should be said aloud this week?", words="Less paper.", label="With my name"),
            "said_aloud",
            0,
            ("Less paper.", "named"),
        ),
    ],
)
def test_a_tick_is_read_by_what_stands_on_the_card(
    told: dict[str, Any], code: str, about: int, given: ticks.Given
) -> None:
    assert read(told) == {(1, 1, code, about): given}


def test_whatever_the_pulse_may_ask_can_be_compared() -> None:
    """A new kind of question, or a wording that stands in another, would not be told apart."""
    kinds = {item.kind for item in ticks.asked().values()}

    found = [ticks._item(f"you and somebody\n{item.wording['en']}") for item in ticks.asked().values()]

    assert found == list(ticks.asked().values())
    assert kinds == set(instruments.KINDS) - {"promise"}


def test_words_that_went_elsewhere_and_options_all_taken_back_are_no_answers() -> None:
    raised = tick("Say something in your own words", words="The bus is late.")
    nothing = tick("Which of these get in our way at the moment?", chosen=[])

    assert read(raised, nothing) == {}


def test_differences_are_told_in_both_directions() -> None:
    first, second, third = (1, 1, "worth_it", 0), (2, 1, "worth_it", 0), (3, 1, "can_say_no", 7)
    words = (4, 1, "said_aloud", 0)

    found = ticks.differences(
        {first: 4, second: 5, words: ("Hello", "quoted")}, {first: 3, third: 2, words: ("Hello", "")}
    )

    assert found == [
        "phone 1, round 1, worth_it: ticked 4, stored 3",
        "phone 2, round 1, worth_it: ticked 5, stored None",
        "phone 3, round 1, can_say_no about 7: ticked None, stored 2",
        (
            "phone 4, round 1, said_aloud: ticked 'Hello' (5 letters, quoted),"
            " stored 'Hello' (5 letters, not said how shown)"
        ),
    ]
    assert not ticks.differences({first: 4}, {first: 4})


def test_what_was_compared_is_counted_by_kind() -> None:
    keys = [(1, 1, "worth_it", 0), (2, 1, "worth_it", 0), (1, 9, "barriers", 0), (1, 7, "how_decided", 0)]

    assert ticks.compared(keys) == {"scale": 2, "several": 1, "choice": 1}
