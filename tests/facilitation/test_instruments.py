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
seconds: 20
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
    assert found.rated
    assert len({item.code for item in found.items}) == len(found.items)


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


def broken(**changes: object) -> dict[str, Any]:
    content = deepcopy(GOOD)
    for name, value in changes.items():
        if name in ("code", "kind", "wording", "why", "low", "high", "construct", "extra"):
            content["items"][0][name] = value
        else:
            content[name] = value
    return content


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "not a table"),
        ([], "not a table"),
        (broken(items=[]), "no questions"),
        (broken(items=None), "no questions"),
        (broken(items="a"), "no questions"),
        (broken(items=["a"]), "question 1 is of no known kind"),
        (broken(kind="guess"), r"question 1 is of no known kind \(scale, text\)"),
        (broken(low=None), "question 1 needs words for both ends"),
        (broken(high={}), "question 1 needs words for both ends"),
        (broken(extra=1), "question 1 lacks a part, or has one too many"),
        (broken(code="b"), "the code b stands twice"),
        (broken(wording="One?"), "question 1 needs its words by language"),
        (broken(low={"en": False}), "question 1 has a word that YAML reads as no text"),
        (broken(wording={"de": "Eins?"}), "question 1 lacks its English wording"),
        (broken(high={"de": "hoch"}), "question 1 lacks its English wording"),
        (broken(title="short"), "its title lacks its English wording"),
        (broken(shown_as="open"), "are to be 'open'"),
        ({key: value for key, value in GOOD.items() if key != "seconds"}, "seconds is missing"),
    ],
)
def test_what_is_wrong_is_said(content: Any, problem: str) -> None:  # noqa: ANN401 - whatever YAML gives
    with pytest.raises(InstrumentBroken, match=problem):
        instruments.parsed(content)
