"""Our sentences in other languages: one file of translations a language, as its translators left it."""

from functools import lru_cache
from io import BytesIO
from pathlib import Path

from babel.support import NullTranslations, Translations

LOCALE = Path(__file__).parent / "locale"


def file(language: str) -> Path:
    return LOCALE / language / "LC_MESSAGES" / "cards.po"


def languages() -> list[str]:
    """Every language there is a file for; English needs none."""
    return sorted(path.parts[-3] for path in LOCALE.glob("*/LC_MESSAGES/cards.po"))


@lru_cache(maxsize=256)
def loaded(language: str) -> NullTranslations:
    """The translated sentences of a language; what is not translated yet stays English.

    A language is whatever somebody's messenger calls it, so it is looked for and never opened as a path.
    """
    if language not in languages():
        return NullTranslations()
    # Where everybody speaks English these are never needed, nor the memory they take.
    from babel.messages.mofile import write_mo  # noqa: PLC0415 - see above
    from babel.messages.pofile import read_po  # noqa: PLC0415 - see above

    with file(language).open("rb") as translated:
        catalogue = read_po(translated, locale=language)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled, domain="cards")
