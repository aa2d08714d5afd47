"""What groups of people and authors are called."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from dialogs.cards import Reader, draw, plain
from facilitation.instruments import ORGANISATION

NOTHING: Mapping[str, Any] = MappingProxyType({})


def cell(found: Mapping[str, str], for_whom: Reader) -> str:
    """An organisation's own name, a kind of organisation, or the others."""
    return plain(draw("cell", for_whom, cell=found).text)


def author(
    quote: Mapping[str, str], for_whom: Reader, most: int, asked: Mapping[str, Mapping[str, Any]] = NOTHING
) -> str:
    """Of an author what they chose, in at most so many letters of a name.

    `asked` are a digest's questions: some are answered for a whole organisation, not by someone at it.
    """
    speaks_for = asked.get(quote.get("item", ""), {}).get("shows") == ORGANISATION
    return plain(draw("author", for_whom, quote=quote, name_room=most, speaks_for=speaks_for).text)
