"""Every card in every language there is a file for: whole, within limits, and saying the same facts."""

import gettext
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from dialogs import cadences, cards, catalogues, digests, translators
from dialogs.cards import Reader
from facilitation.refusals import Refusal
from tests.dialogs import markup
from tests.dialogs.scenes import ALL, WORDS, Scene
from tests.dialogs.test_cards import LONGEST_MESSAGE, LONGEST_NOTICE, ROOM

LANGUAGES = catalogues.languages()
# A fact in a card, a fact in a refusal, or a tag.
FACT = re.compile(r"%\(\w+\)s|\{\w+\}|<[^<>]+>")
PART = re.compile(r"\{(\w+)\}")


def leads(scene: Scene) -> list[list[str]]:
    return [
        [button.data or button.url.partition("?")[0] for button in row]
        for row in scene.draw("Riverside").rows
    ]


@pytest.fixture(params=LANGUAGES)
def everybody_speaks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
    """From when it is called, whatever a scene's reader speaks, it is drawn in this language."""

    def begin() -> str:
        monkeypatch.setattr(cards, "spoken", lambda _: request.param)
        return str(request.param)

    return begin


def test_there_is_a_language_besides_english() -> None:
    assert "cy" in LANGUAGES


def test_every_card_is_whole_in_every_language(everybody_speaks: Callable[[], str]) -> None:
    language = everybody_speaks()

    for scene in ALL:
        card = scene.draw("a name of thirty letters or so")
        markup.read(card.text)
        assert cards.units(card) <= LONGEST_MESSAGE, (language, scene.name)
        for row in card.rows:
            assert all(0 < markup.units(button.label) <= ROOM[len(row)] for button in row), (scene.name, row)


def test_a_card_leads_to_the_same_places_in_every_language(everybody_speaks: Callable[[], str]) -> None:
    english = {scene.name: leads(scene) for scene in ALL}
    language = everybody_speaks()

    for scene in ALL:
        assert leads(scene) == english[scene.name], (language, scene.name)


@pytest.mark.parametrize("words", [WORDS, "\U0001f600" * 700, "ä" * 1500])
def test_a_digest_fits_a_screen_or_two_in_every_language(
    everybody_speaks: Callable[[], str], words: str
) -> None:
    language = everybody_speaks()

    lengths = {scene.name: cards.units(scene.draw(words)) for scene in ALL if scene.template == "digest"}

    assert not {name: length for name, length in lengths.items() if length > digests.LONGEST}, language


@pytest.mark.parametrize("code", LANGUAGES)
def test_what_pops_up_on_a_tap_is_short_in_every_language(code: str) -> None:
    of_taps = ("facilitation.answers", "facilitation.invites")
    refused = [
        cards.sentence(_met(one), Reader(code)) for one in translators.refusals() if one.__module__ in of_taps
    ]

    assert refused
    assert [said for said in refused if markup.units(said) > LONGEST_NOTICE] == []


def _met(refusal: type[Refusal]) -> Refusal:
    """A refusal with whatever facts its sentence names."""
    return refusal(**dict.fromkeys(PART.findall(refusal.template()), "1000"))


def test_welsh_counts_in_its_six_forms() -> None:
    welsh = catalogues.loaded("cy")

    def counted(number: int) -> str:
        one, many = "%(num)s person has joined", "%(num)s people have joined"
        return welsh.ngettext(one, many, number) % {"num": number}

    told = [counted(number) for number in (0, 1, 2, 3, 6, 4)]

    assert told == [
        "Does neb wedi ymuno",
        "Mae 1 person wedi ymuno",
        "Mae 2 berson wedi ymuno",
        "Mae 3 pherson wedi ymuno",
        "Mae 6 pherson wedi ymuno",
        "Mae 4 o bobl wedi ymuno",
    ]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["Dydd Llun", "Dydd Iau"], "Dydd Llun a Dydd Iau"),
        (["1af", "2il", "olaf"], "1af, 2il, ac olaf"),
        (["Dydd Llun"], "Dydd Llun"),
    ],
)
def test_several_days_are_joined_by_the_welsh_and_that_fits(words: list[str], expected: str) -> None:
    assert cadences.listed(words, Reader("cy")) == expected


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_language_has_every_form_it_counts_in_or_none(code: str) -> None:
    with catalogues.file(code).open("rb") as file:
        catalogue = read_po(file, locale=code)

    for message in catalogue:
        if message.pluralizable:
            there = [bool(form) for form in message.string or ()]
            assert there in ([True] * catalogue.num_plurals, [False] * catalogue.num_plurals), message.id


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_translation_keeps_every_fact_and_every_tag(code: str) -> None:
    with catalogues.file(code).open("rb") as file:
        catalogue = read_po(file, locale=code)
    for_one = gettext.c2py(catalogue.plural_expr)(1)

    for message in filter(lambda message: message.id, catalogue):
        ids = [message.id] if isinstance(message.id, str) else list(message.id)
        strings = [message.string] if isinstance(message.string, str) else list(message.string or ())
        for form, string in enumerate(strings):
            if not string:
                continue
            said, found = ids[0 if form == for_one else -1], set(FACT.findall(string))
            wanted = set(FACT.findall(said))
            assert found <= set(FACT.findall("".join(ids))), string
            assert wanted - {"%(num)s"} <= found, string


@pytest.mark.parametrize("code", LANGUAGES)
def test_translators_have_every_sentence_in_their_file(code: str) -> None:
    with catalogues.file(code).open("rb") as file:
        known = {message.id for message in read_po(file, locale=code) if message.id}

    wanted = {message.id for message in translators.wanted() if message.id}

    assert wanted - known == set(), "make words brings them in"


def test_bringing_a_language_up_to_date_keeps_what_is_translated_and_drops_what_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(catalogues, "LOCALE", tmp_path)
    file = catalogues.file("de")
    file.parent.mkdir(parents=True)
    file.write_text('msgid "Skip"\nmsgstr "Auslassen"\n\nmsgid "Never said"\nmsgstr "Nie gesagt"\n')

    translators.main()

    first = file.read_text()
    translators.main()
    assert 'msgid "Skip"\nmsgstr "Auslassen"' in first
    assert "Never said" not in first
    assert file.read_text() == first
    assert capsys.readouterr().out.startswith("de: 1 of ")


def test_a_file_says_itself_how_its_language_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogues, "LOCALE", tmp_path)
    file = catalogues.file("cy")
    file.parent.mkdir(parents=True)
    counts = "nplurals=3; plural=(n==1 ? 0 : n==2 ? 1 : 2);"
    file.write_text(f'msgid ""\nmsgstr "Plural-Forms: {counts}\\n"\n\nmsgid "Skip"\nmsgstr "Hepgor"\n')

    translators.main()

    assert counts in file.read_text()
    assert 'msgstr[2] ""' in file.read_text()
    assert "msgstr[3]" not in file.read_text()
