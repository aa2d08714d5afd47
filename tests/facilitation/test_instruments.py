"""A questionnaire that cannot be used says what is wrong with it, before anybody is asked."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from facilitation import instruments
from facilitation.instruments import InstrumentBroken, InstrumentUnknown

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
