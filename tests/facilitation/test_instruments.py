"""A questionnaire that cannot be used says what is wrong with it, before anybody is asked."""

import re
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from facilitation import instruments
from facilitation.instruments import InstrumentBroken, InstrumentUnknown, Item, said

GOOD: dict[str, Any] = yaml.safe_load("""
name: short
version: 2
shown_as: confidential
title: {en: short, de: kurz}
items:
  - {code: a, kind: scale, construct: c, low: {en: low}, high: {en: high}, why: {en: So.},
     wording: {en: "One?", de: "Eins?"}}
  - {code: b, kind: text, construct: c, wording: {en: "Two?"}, why: {en: So.}}
""")


@pytest.mark.parametrize("path", sorted(instruments.BANK.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_instrument_of_the_bank_can_be_used(path: Any) -> None:  # noqa: ANN401 - pytest's parameter
    found = instruments.parsed(instruments.raw(path.stem))

    assert found.name == path.stem
    assert found.items


def test_an_instrument_is_read() -> None:
    found = instruments.parsed(GOOD)

    assert (found.name, found.version, [item.code for item in found.rated]) == ("short", 2, ["a"])
    assert [instruments.said(found.items[0].wording, language) for language in ("de", "en", "fr")] == [
        "Eins?",
        "One?",
        "One?",
    ]


@pytest.mark.parametrize("name", ["nothing", "../pulse", "sub/pulse", "", "\0"])
def test_what_is_not_in_the_bank_is_unknown(name: str) -> None:
    with pytest.raises(InstrumentUnknown):
        instruments.raw(name)


@pytest.mark.parametrize(
    ("text", "problem"), [("a: [", "line 1 is not YAML"), ("a: b\n\tc", "line 2 is not")]
)
def test_what_is_no_yaml_is_told_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, problem: str
) -> None:
    monkeypatch.setattr(instruments, "BANK", tmp_path)
    (tmp_path / "mine.yaml").write_text(text)

    with pytest.raises(InstrumentBroken, match=problem):
        instruments.raw("mine")


PARTS = ("code", "kind", "wording", "why", "low", "high", "construct", "options", "several", "least", "most")
MORE_PARTS = ("of", "shown_as_item", "promises", "section", "extra")


def broken(**changes: object) -> dict[str, Any]:
    """GOOD with another first question, or with other facts about it all."""
    content = deepcopy(GOOD)
    for name, value in changes.items():
        if name in PARTS or name in MORE_PARTS:
            content["items"][0][name.removesuffix("_item")] = value
        else:
            content[name] = value
    return content


def another(**parts: object) -> dict[str, Any]:
    """GOOD with one more question, of any kind."""
    row = {"code": "z", "construct": "c", "wording": {"en": "Last?"}, "why": {"en": "So."}}
    return GOOD | {"items": [*GOOD["items"], row | parts]}


def banked(*kinds: str, rotates: int = 2) -> dict[str, Any]:
    """GOOD with a bank of these kinds, coded b1, b2, ..."""
    row = {"construct": "c", "wording": {"en": "Last?"}, "why": {"en": "So."}}
    ends = {"low": {"en": "no"}, "high": {"en": "yes"}}
    of_kind: dict[str, dict[str, Any]] = {"scale": ends, "directed": ends, "guess": {"of": "a"}, "agree": {}}
    bank = [row | {"code": f"b{at}", "kind": kind} | of_kind[kind] for at, kind in enumerate(kinds, start=1)]
    return GOOD | {"bank": bank, "rotates": rotates}


YES_NO = [{"en": "yes"}, {"en": "no"}]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "not a table"),
        ([], "not a table"),
        (broken(items=[]), "no questions"),
        (broken(items=None), "no questions"),
        (GOOD | {"items": [another(kind="promise")["items"][2]]}, "no question that everyone can be asked"),
        (broken(items="a"), "its items are no list of questions"),
        (broken(items=["a"]), "question 1 is of no known kind"),
        (broken(kind="drawing"), r"question 1 is of no known kind \(scale, agree, choice, directed,"),
        (broken(code="A b"), "question 1 needs a code of small letters"),
        (broken(code=None), "question 1 needs a code"),
        (broken(low=None), r"question 1 \(a\) needs words for both ends"),
        (broken(extra=1), r"question 1 \(a\) has a part that a scale does not know: extra"),
        (broken(options=YES_NO), r"question 1 \(a\) has a part that a scale does not know: options"),
        (broken(construct=None), r"question 1 \(a\) lacks its construct"),
        (broken(code="b"), "the code b stands twice"),
        (broken(wording="One?"), "needs its words by language"),
        (broken(low={"en": False}), "has a word that YAML reads as no text"),
        (broken(wording={"de": "Eins?"}), "lacks its English wording"),
        (broken(high={"de": "hoch"}), "lacks its English wording"),
        (broken(section=3), "needs a text for its section"),
        (
            broken(shown_as_item="aloud"),
            r"question 1 \(a\) is shown as none of confidential, organisation, open",
        ),
        (
            broken(shown_as="open", shown_as_item="organisation"),
            "a is to be 'organisation', which is less open",
        ),
        (broken(title="short"), "its title lacks its English wording"),
        (broken(shown_as="aloud"), "are to be 'aloud', which is none of confidential"),
        (broken(seconds=80), "seconds is no part of a questionnaire"),
        (broken(version="2"), "its version a whole number"),
        ({key: value for key, value in GOOD.items() if key != "title"}, "title is missing"),
        (another(kind="choice"), r"question 3 \(z\) lacks its options"),
        (another(kind="choice", options="yes"), r"question 3 \(z\) needs its options as a list"),
        (another(kind="choice", options=YES_NO[:1]), r"question 3 \(z\) needs between 2 and 10 options"),
        (another(kind="choice", options=["yes", "no"]), r"question 3 \(z\) needs its words by language"),
        (another(kind="choice", options=YES_NO, several=1), "says neither true nor false for several"),
        (another(kind="number", least=0), r"question 3 \(z\) lacks its most"),
        (another(kind="number", least=9, most=3), r"question 3 \(z\) needs whole numbers for least and most"),
        (another(kind="number", least=0, most=0.5), "needs whole numbers for least and most"),
        (another(kind="directed", low={"en": "no"}), r"question 3 \(z\) needs words for both ends"),
        (another(kind="guess"), r"question 3 \(z\) lacks its of"),
        (another(kind="guess", of="b"), "z is a guess of b, which is no rated core question"),
        (another(kind="guess", of="a", low={"en": "no"}), "a part that a guess does not know: low"),
        (another(kind="text", promises="yes"), "says neither true nor false for promises"),
        (another(kind="agree", promises=True), "a part that a agree does not know: promises"),
        (banked(), "take '2' questions of a bank of 0"),
        (banked("scale", rotates=2), "cannot take '2' questions of a bank of 1"),
        (banked("scale", "scale", rotates=0), "does not say how many questions a round takes"),
        (GOOD | {"rotates": "two"}, "cannot take 'two' questions"),
        (GOOD | {"bank": [{"kind": "scale"}], "rotates": 1}, "bank question 1 needs a code"),
    ],
)
def test_what_is_wrong_is_said(content: Any, problem: str) -> None:  # noqa: ANN401 - whatever YAML gives
    with pytest.raises(InstrumentBroken, match=problem):
        instruments.parsed(content)


# The bank.

DOCUMENT = Path(__file__).parents[2] / "docs" / "constructs.md"
PULSE = instruments.parsed(instruments.raw("pulse"))
NAMES = sorted(path.stem for path in instruments.BANK.glob("*.yaml"))
FEWEST_ROTATED = 36
IDEAS = 49  # as many as the research table has
# A button may carry a tick before its label.
LONGEST_OPTION, LONGEST_END = 32, 24


def every_item() -> Iterator[tuple[str, Item]]:
    """Each item of the bank by its code; those outside the pulse with their questionnaire."""
    for name in NAMES:
        found = instruments.parsed(instruments.raw(name))
        for item in (*found.items, *found.bank):
            yield item.code if name == "pulse" else f"{name}/{item.code}", item


def documented() -> dict[str, str]:
    """The ideas of the document, each with what stands beside it."""
    lines = DOCUMENT.read_text(encoding="utf-8").splitlines()
    rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")]
    return {idea: asked for idea, asked in rows if idea != "idea"}


def test_every_idea_has_its_questions_or_says_what_it_becomes() -> None:
    asked: dict[str, set[str]] = {}
    for code, item in every_item():
        asked.setdefault(item.construct, set()).add(code)

    told = {idea: set(re.findall(r"`([^`]+)`", cell)) for idea, cell in documented().items()}

    assert {idea: codes for idea, codes in told.items() if idea in asked} == asked
    assert all(documented()[idea].startswith("not asked: becomes ") for idea in told.keys() - asked.keys())
    assert len(told) == IDEAS


def test_the_pulse_is_three_ratings_the_last_a_strength_two_that_rotate_and_a_sentence() -> None:
    assert [(item.code, item.kind) for item in PULSE.items] == [
        ("made_a_difference", "scale"),
        ("can_disagree", "scale"),
        ("worth_it", "scale"),
        ("said_aloud", "text"),
    ]
    assert PULSE.items[2].construct == "Strengths-based"
    assert PULSE.rotates == 2
    assert len(PULSE.bank) >= FEWEST_ROTATED


def test_of_the_two_that_rotate_at_most_one_is_no_plain_rating() -> None:
    pairs = [PULSE.bank[at : at + 2] for at in range(0, len(PULSE.bank), 2)]

    assert all("scale" in {item.kind for item in pair} and len(pair) == 2 for pair in pairs)


def test_the_bank_has_every_kind_of_question_and_mostly_ratings() -> None:
    kinds = Counter(item.kind for item in PULSE.bank)

    assert kinds.keys() == {"scale", "agree", "choice", "directed", "guess", "number"}
    assert kinds["scale"] > len(PULSE.bank) / 2
    assert {item.several for item in PULSE.bank if item.kind == "choice"} == {True, False}
    assert {item.of for item in PULSE.bank if item.kind == "guess"} == {item.code for item in PULSE.rated}


def test_every_question_says_why_and_fits_its_buttons_in_each_language() -> None:
    for code, item in every_item():
        assert item.why["en"].endswith("."), code
        for option in item.options:
            assert all(len(label) <= LONGEST_OPTION for label in option.values()), code
        for end in filter(None, (item.low, item.high)):
            assert all(len(words) <= LONGEST_END for words in end.values()), code


def test_welsh_has_the_core_and_english_stands_in_for_the_rest() -> None:
    core = [said(item.wording, "cy") for item in PULSE.items]

    assert all("cy" in item.wording for item in PULSE.items)
    assert core[1] == "Gallwn anghytuno yma heb dalu am hynny wedyn."
    assert any("cy" not in item.wording for item in PULSE.bank)


def test_who_sees_the_answers_is_right_for_each_questionnaire() -> None:
    shown = {name: instruments.parsed(instruments.raw(name)) for name in NAMES}

    assert {name: found.shown_as for name, found in shown.items()} == {
        "check-in": "organisation",
        "nudge": "confidential",
        "pulse": "confidential",
        "retro": "confidential",
    }
    nudge = shown["nudge"]
    assert [item.code for item in nudge.items if nudge.shows(item) == "open"] == ["ask", "offer"]


# What a round freezes.


def codes(number: int) -> list[str]:
    return [row["code"] for row in instruments.frozen("pulse", number)["items"]]


def test_the_first_round_asks_what_it_always_asked() -> None:
    expected = "made_a_difference can_disagree fair_load same_direction worth_it said_aloud"

    assert codes(1) == expected.split()


def test_a_guess_stands_behind_what_it_is_about() -> None:
    third = codes(3)

    assert third == [
        "made_a_difference",
        "can_disagree",
        "clear_role",
        "worth_it",
        "guess_can_disagree",
        "said_aloud",
    ]


def test_a_frozen_questionnaire_is_read_like_its_file_and_a_guess_has_the_ends_of_its_question() -> None:
    found = instruments.parsed(instruments.frozen("pulse", 3))

    guess = next(item for item in found.items if item.kind == "guess")
    assert (found.rotates, found.bank) == (0, ())
    assert (guess.low, guess.high) == (PULSE.items[1].low, PULSE.items[1].high)


def test_what_does_not_rotate_is_frozen_as_it_is() -> None:
    assert instruments.frozen("retro", 5) == instruments.raw("retro")
