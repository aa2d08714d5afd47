"""Shares: a part of all who answered, told so that no side of it can be counted."""

from typing import Any

from facilitation.ledger import Entry
from synthesis import disclosure


def told(count: int, of: int, *, k: int) -> dict[str, Any] | None:
    """`count` of `of` people as one of a few equal parts, with a band of how many answered. None: too few.

    Whether it is told depends on how many answered, and on nothing that they answered: else the silence
    would speak, and what is told would say that no side is small. So "most" may be all, and nobody can be
    sure of it. Only one share of a question may be told, or shares that include each other: shares of sides
    that together make the whole would give each other away.
    """
    share = disclosure.share_band(count, of)
    if of < k or share.parts == 1:
        return None
    least, most = disclosure.band(of)
    return share._asdict() | {"least": max(least, k), "most": most}


def low(share: dict[str, Any]) -> float:
    """The low end of the part that was told, 0..1."""
    return float(share["low"] / share["parts"])


def entry(name: str, share: dict[str, Any] | None) -> list[Entry]:
    """What of it stands in the ledger, over everybody: the low end of the part that was told."""
    return [(name, None, share["least"], share["most"], low(share))] if share else []
