"""No sentence escapes translation, except a person's own words and the wordings an instrument brings."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po
from babel.support import NullTranslations

from dialogs import cards, catalogues, translators
from dialogs.cards import Reader
from facilitation import instruments
from facilitation.answers import TextTooLong
from tests.dialogs.published import PULSE
from tests.dialogs.scenes import ALL, Scene

FOLDER = Path(cards.__file__).parent
GREEK = "λόγια"  # stands for whatever people write or are called
# What is written as it is in every language: commands, the clock, and what licences and logs call things.
OURS = re.compile(r"/[a-z]+\b|https?://\S+|TimeoutError")
CALENDAR = re.compile(r"\b(\w+day|November|October|January)\b")


def messages() -> dict[str, set[str]]:
    """Each sentence that translators get, singular and plural, by template."""
    return {
        template: {one for words in said for one in ((words,) if isinstance(words, str) else words)}
        for template, said in translators.messages().items()
    }


class Wrapped(NullTranslations):
    """A made-up language: each message in brackets; and it remembers what was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: set[str] = set()

    def gettext(self, message: str) -> str:
        self.asked.add(message)
        return f"⟦{message}⟧"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        self.asked |= {msgid1, msgid2}
        return f"⟦{msgid1 if n == 1 else msgid2}⟧"

    # The names that Jinja looks for first.
    ugettext = gettext
    ungettext = ngettext


def forget() -> None:
    cards.environment.cache_clear()
    cards.spoken.cache_clear()
    catalogues.loaded.cache_clear()


@pytest.fixture
def wrapped(monkeypatch: pytest.MonkeyPatch) -> Iterator[Wrapped]:
    made = Wrapped()
    monkeypatch.setattr(cards, "catalogue", lambda _: made)
    forget()
    yield made
    forget()


def outside(text: str) -> str:
    """What stands outside all brackets."""
    before = ""
    while before != text:
        before, text = text, re.sub(r"⟦[^⟦⟧]*⟧", " ", text)
    return text


def untranslated(text: str) -> list[str]:
    rest = CALENDAR.sub("", OURS.sub("", outside(cards.plain(text))))
    return re.findall(r"[A-Za-z]{2,}", rest)


@pytest.mark.parametrize("template", sorted({scene.template for scene in ALL}))
def test_a_made_up_language_reaches_every_sentence_of_a_card(template: str, wrapped: Wrapped) -> None:
    wordings = _wordings()
    for scene in (scene for scene in ALL if scene.template == template):
        card = scene.draw(GREEK)

        assert set(untranslated(card.text)) <= wordings, scene.name
        for row in card.rows:
            for button in row:
                assert not untranslated(button.label), scene.name


def _wordings() -> set[str]:
    """Words that instruments and the scenes bring: wordings, ends, reasons, titles."""
    shipped = [instruments.parsed(instruments.raw(path.stem)) for path in instruments.BANK.glob("*.yaml")]
    worded: list[Any] = [one.title for one in (PULSE, *shipped)]
    for item in (item for one in (PULSE, *shipped) for item in one.items):
        worded += [item.wording, item.why, item.low, item.high]
    texts = [wording["en"] for wording in worded if wording]
    texts += ["Riverside", "Hillside", "Council", "Where you are", "quoted, no name"]
    return set(re.findall(r"[A-Za-z]{2,}", " ".join(texts)))


def test_every_sentence_is_found_by_babel_and_drawn_in_some_scene(wrapped: Wrapped) -> None:
    found = messages()
    for scene in ALL:
        scene.draw(GREEK)

    everything = set().union(*found.values())
    assert everything - wrapped.asked == set(), "no scene draws these"
    assert wrapped.asked - everything == set(), "Babel does not find these"
    assert set(found) | {"refused"} == {path.stem for path in (FOLDER / "templates").glob("*.html")}


def test_refusals_are_translated_with_their_facts(wrapped: Wrapped) -> None:
    said = cards.sentence(TextTooLong(most=3000), Reader("xx"))

    assert said.startswith("⟦That is a little long")
    assert "3000" in said


def test_a_catalogue_on_disk_is_taken_and_a_missing_one_is_english(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogue = Catalog(locale="de")
    catalogue.add("Skip", "Auslassen")
    catalogue.add("Back", "Zurück")
    folder = tmp_path / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    with (folder / "cards.po").open("wb") as file:
        write_po(file, catalogue)
    monkeypatch.setattr(catalogues, "LOCALE", tmp_path)
    forget()
    scene: Scene = next(
        scene for scene in ALL if scene.template == "question" and scene.state.startswith("2")
    )
    facts = {"Skip": "Auslassen", "Back": "Zurück"}

    german = cards.environment("de").from_string("{{ _('Skip') }} {{ _('Back') }}").render()
    languages = [cards.spoken(language) for language in ("de", "en", "pt-br", "../de", "")]

    forget()
    assert german == " ".join(facts.values())
    assert languages == ["de", "en", "en", "en", "en"]
    assert [button.label for button in scene.draw(GREEK).rows[1]] == ["Back", "Skip"]
