"""The cards that come by themselves while a round runs, and the one that says why none did."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import product
from typing import Any

from dialogs import invitations
from dialogs.cards import Card
from facilitation import instruments
from facilitation.rounds import Asked, Opened
from storage.rounds import Invitation
from tests.cast import OPENS
from tests.dialogs.published import LARGE
from tests.dialogs.scenes import READER, Scene, opened

# Rated and written questions of a pulse.
COUNTS = ((5, 1), (1, 1), (2, 0), (1, 0))
REASONS = ("missed", "nobody", "unled", "away", "resting", "skip", "cancelled", "restored")


def scenes() -> Iterator[Scene]:
    shapes: dict[str, dict[str, Any]] = {str(counts): _pulse(*counts) for counts in COUNTS}
    shapes |= {name: instruments.frozen(name, 1) for name in ("check-in", "retro", "nudge")}
    shapes["open"] = _pulse(2, 2) | {"shown_as": "open"}
    shapes["one text"] = _pulse(0, 1)
    for name, shape in shapes.items():
        yield Scene("invitation", name, partial(_came, invitations.invitation, shape))
        for last in (False, True):
            reminder = partial(invitations.reminder, last=last)
            yield Scene("reminder", f"{name} {last}", partial(_came, reminder, shape))
    for reason, following in product((*REASONS, "holiday:"), (None, OPENS)):
        yield Scene("skipped", f"{reason} {following}", partial(_skipped, reason, following))


def _pulse(rated: int, texts: int) -> dict[str, Any]:
    items = instruments.frozen("pulse", 1)["items"]
    more = items[5] | {"code": "more"}
    return instruments.frozen("pulse", 1) | {"items": [*items[:rated], *[items[5], more][:texts]]}


def _came(draw: Callable[[Opened, Asked], Card], instrument: dict[str, Any], words: str) -> Card:
    invited = Asked(Invitation(id=LARGE, round_id=1, seat_id=1, organisation_id=1), 1, words)
    return draw(opened(words, instrument=instrument), invited)


def _skipped(reason: str, following: Any, words: str) -> Card:  # noqa: ANN401 - a moment, or none
    found = replace(opened(words, state="skipped"), following=following)
    found.round.reason = reason + words if reason.endswith(":") else reason
    return invitations.skipped(found, READER)
