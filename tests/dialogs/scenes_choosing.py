"""The card that asks which partnership is meant."""

from collections.abc import Iterator

from tests.dialogs.published import LARGE
from tests.dialogs.scenes import Scene, drawn


def scenes() -> Iterator[Scene]:
    for facilitating in (True, False):
        facts = {"kind": "menu", "facilitating": facilitating, "everywhere": False}
        yield Scene("choosing", f"none {facilitating}", drawn("choosing", places=[], **facts))
        yield Scene("choosing", f"two {facilitating}", drawn("choosing", places=_two, **facts))
    facts = {"kind": "menu", "facilitating": False, "everywhere": True}
    yield Scene("choosing", "two, or all", drawn("choosing", places=_two, **facts))


def _two(words: str) -> list[dict[str, object]]:
    return [{"id": LARGE, "name": words[:48]}, {"id": LARGE - 1, "name": words[:20]}]
