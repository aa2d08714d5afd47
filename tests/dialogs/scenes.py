"""Every card in every state, from plain facts. `words` stand wherever a person's words or names are shown."""

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

from markupsafe import escape

from dialogs import cards, reports, strip
from dialogs.cards import Card, Reader
from facilitation import instruments
from facilitation.rounds import Opened
from storage.partnerships import Partnership
from storage.rounds import Round
from tests.cast import BRIEF, CLOSES, DIGEST, MONDAY, OPENS, REMINDS
from tests.dialogs.published import (
    LARGE,
)

READER = Reader("en", "Europe/London")
PRINT = 2**95  # and a fingerprint
WORDS = "We hear about the plan when it is printed."


@dataclass(frozen=True)
class Scene:
    template: str
    state: str
    draw: Callable[[str], Card]

    @property
    def name(self) -> str:
        return f"{self.template}: {self.state}"


def drawn(template: str, **facts: Any) -> Callable[[str], Card]:  # noqa: ANN401 - whatever a template needs
    """A card by its facts; a fact that is a function is given the person's words."""

    def draw(words: str) -> Card:
        return cards.draw(
            template,
            READER,
            **{name: fact(words) if callable(fact) else fact for name, fact in facts.items()},
        )

    return draw


def same(words: str) -> str:
    return words


def partnership(words: str = "Riverside", **changes: Any) -> Partnership:  # noqa: ANN401 - any column
    facts: dict[str, Any] = {"id": LARGE, "name": words, "timezone": "Europe/London", "created_at": MONDAY}
    return Partnership(**(facts | changes))


def opened(words: str, *, state: str = "open", instrument: dict[str, Any] | None = None) -> Opened:
    round_ = Round(
        id=LARGE,
        schedule_id=1,
        partnership_id=LARGE,
        local_date=OPENS.date(),
        number=14,
        instrument=instrument or instruments.frozen("pulse", 1),
        state=state,
        opens_at=OPENS,
        reminds_at=REMINDS,
        reminds_again_at=REMINDS,
        closes_at=CLOSES,
        brief_at=BRIEF,
        digest_at=DIGEST,
    )
    return Opened(round_, partnership(words), (), round_.instrument["title"])


def scenes() -> Iterator[Scene]:
    yield from going_wrong()
    # Each door of the conversation keeps its scenes in a file of its own.
    for path in sorted(Path(__file__).parent.glob("scenes_*.py")):
        yield from importlib.import_module(f"tests.dialogs.{path.stem}").scenes()


def going_wrong() -> Iterator[Scene]:
    yield Scene("refused", "", drawn("refused", said=same))
    for kind in ("text", "command", "other"):
        yield Scene("unknown", kind, drawn("unknown", home="Where you are", kind=kind))
    yield from above_the_phones()
    for letters in ({"invitation": 1}, {"brief": 2, "digest": 1, "note": 1}, {"invitation": 2, "digest": 40}):
        yield Scene("undelivered", str(letters), lambda _, counts=letters: reports.undelivered(counts))  # type: ignore[misc]  # the loop's own
    yield Scene("parked", "", lambda _: reports.parked(update_id=LARGE, tries=5, error="TimeoutError"))


def above_the_phones() -> Iterator[Scene]:
    """The demo's strip. It is no card, but its sentences are ours."""
    for state, following, to_join, moving in product(
        (None, "open", "closing", "published"), (None, OPENS), (False, True), (None, DIGEST)
    ):
        for replied in ((3, 14), (8, 14), (5, 5)):
            told: dict[str, Any] = {"moving_to": moving, "to_join": to_join, "following": following}
            if state or following or to_join or moving:
                name = f"{state} {following} {to_join} {moving} {replied}"
                yield Scene("strip", name, partial(_strip, state, told | {"replied": replied}))

    parted: dict[str, Any] = {"moving_to": None, "to_join": False, "following": OPENS, "parted": True}
    yield Scene("strip", "parted", partial(_strip, "published", parted | {"replied": (8, 14)}))


def _strip(state: str | None, told: dict[str, Any], words: str) -> Card:
    newest = opened(words, state=state).round if state else None
    return Card(str(escape(strip.happening(newest, timezone="Europe/London", **told))))


ALL = tuple(scenes())
