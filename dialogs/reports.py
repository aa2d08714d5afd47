"""Cards for whoever runs this Parley: what went wrong, without a word of what anybody wrote."""

from collections.abc import Mapping

from dialogs.cards import Card, Reader, draw


def parked(*, update_id: int, tries: int, error: str) -> Card:
    """Something that came in could not be handled and was set aside."""
    return draw("parked", Reader(), update_id=update_id, tries=tries, error=error)


def undelivered(letters: Mapping[str, int]) -> Card:
    """So many letters of each kind could not be delivered."""
    counts = {kind: letters.get(kind, 0) for kind in ("invitation", "brief", "digest")}
    other = sum(letters.values()) - sum(counts.values())
    return draw("undelivered", Reader(), other=other, **counts)
