"""Burden: how long questions take, and what of its time each organisation is asked for."""

from collections.abc import Iterable

from facilitation.instruments import Item

# What we assume a question takes, in seconds: reading it on a small screen, thinking, one tap; a text and a
# number are typed on a phone. By this the first pulse is the 80 seconds that people were promised.
SECONDS = {
    "scale": 11,
    "agree": 9,
    "choice": 15,
    "directed": 11,
    "guess": 9,
    "number": 15,
    "text": 25,
    "promise": 8,
}


def seconds(items: Iterable[Item]) -> int:
    """How long these questions take together; a directed one counts each time it stands there."""
    return sum(SECONDS[item.kind] for item in items)
