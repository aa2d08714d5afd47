"""What groups of people and authors are called."""

from collections.abc import Mapping

from dialogs.cards import Reader, draw, plain


def cell(found: Mapping[str, str], for_whom: Reader) -> str:
    """An organisation's own name, a kind of organisation, or the others."""
    return plain(draw("cell", for_whom, cell=found).text)


def author(quote: Mapping[str, str], for_whom: Reader, most: int) -> str:
    """Of an author what they chose, in at most so many letters of a name."""
    return plain(draw("author", for_whom, quote=quote, name_room=most).text)
