"""The card for whoever sends more than can be answered."""

from collections.abc import Iterator

from dialogs import floods
from tests.dialogs.scenes import Scene, drawn


def scenes() -> Iterator[Scene]:
    yield Scene("flood", "", drawn("flood", rate=floods.A_MINUTE))
