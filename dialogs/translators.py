"""For translators: `python -m dialogs.translators` brings every language's file up to date.

A new sentence comes in empty and is drawn in English until somebody translates it.
"""

import importlib
import pkgutil
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po, write_po

import facilitation
from dialogs import catalogues
from facilitation.refusals import Refusal

FOLDER = Path(__file__).parent
WIDTH = 110
BEGUN = datetime(2026, 11, 1, tzinfo=UTC)  # the same every time, so that only sentences make a difference


def refusals() -> list[type[Refusal]]:
    """Every class whose docstring is a sentence that a person reads."""
    for module in pkgutil.iter_modules(facilitation.__path__):
        importlib.import_module(f"facilitation.{module.name}")
    return [refusal for refusal in Refusal.__subclasses__() if refusal.__module__.startswith("facilitation.")]


def messages() -> dict[str, set[str | tuple[str, str]]]:
    """What the templates say, by template; a sentence with a plural is a pair."""
    with (FOLDER / "babel.cfg").open(encoding="utf-8") as settings:
        methods, options = parse_mapping_cfg(settings)  # type: ignore[no-untyped-call]  # Babel has no types here
    found: dict[str, set[str | tuple[str, str]]] = {}
    for template, _, message, *_ in extract_from_dir(str(FOLDER), methods, options):
        words = message if isinstance(message, str) else (message[0], message[1])
        found.setdefault(Path(template).stem, set()).add(words)
    return found


def wanted() -> Catalog:
    """Every sentence there is to translate, each with where it stands."""
    catalogue = Catalog(fuzzy=False)
    for template, said in sorted(messages().items()):
        for words in sorted(said, key=str):
            catalogue.add(words, locations=[(f"templates/{template}.html", 0)])
    for refusal in sorted(refusals(), key=lambda one: one.__qualname__):
        catalogue.add(refusal.template(), locations=[(f"{refusal.__module__}.{refusal.__qualname__}", 0)])
    return catalogue


def bring_up_to_date(language: str) -> tuple[int, int]:
    """Take in new sentences and drop old ones; the result is how many are translated, of how many."""
    path = catalogues.file(language)
    with path.open("rb") as known:
        before = read_po(known, locale=language)
    catalogue = Catalog(
        locale=language, header_comment=before.header_comment, project="Parley", creation_date=BEGUN
    )
    # A file says how its language counts: translators' tools give Welsh six forms, Babel by itself five.
    catalogue.mime_headers = [("Plural-Forms", before.plural_forms)]
    there = [message for message in wanted() if message.id]
    done = 0
    for message in there:
        kept = before.get(message.id)
        translated = kept.string if kept is not None else None
        catalogue.add(message.id, translated or None, locations=message.locations)
        done += bool(translated and all(translated))
    with path.open("wb") as file:
        write_po(file, catalogue, width=WIDTH, sort_output=True)
    return done, len(there)


def main() -> None:
    for language in catalogues.languages():
        done, of = bring_up_to_date(language)
        print(f"{language}: {done} of {of} sentences")  # noqa: T201 - a command of its own


if __name__ == "__main__":
    main()
