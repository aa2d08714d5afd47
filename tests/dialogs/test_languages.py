"""Every card in every language there is a file for: whole, within limits, and saying the same facts."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from dialogs import cards, catalogues, translators
from tests.dialogs import markup
from tests.dialogs.scenes import ALL, Scene
from tests.dialogs.test_cards import LONGEST_MESSAGE, ROOM

LANGUAGES = catalogues.languages()
FACT = re.compile(r"%\(\w+\)s|<[^<>]+>")


def leads(scene: Scene) -> list[list[str]]:
    return [[button.data or button.url for button in row] for row in scene.draw("Riverside").rows]


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


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_translation_keeps_every_fact_and_every_tag(code: str) -> None:
    with catalogues.file(code).open("rb") as file:
        translated = [message for message in read_po(file, locale=code) if message.id]

    for message in translated:
        ids = [message.id] if isinstance(message.id, str) else list(message.id)
        strings = [message.string] if isinstance(message.string, str) else list(message.string or ())
        for string in filter(None, strings):
            wanted, found = set(FACT.findall(ids[-1])), set(FACT.findall(string))
            assert found <= wanted | set(FACT.findall(ids[0])), string
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
