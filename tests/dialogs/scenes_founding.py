"""Founding a partnership, its menu and its settings."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from itertools import product

from facilitation.founding import Progress
from storage.partnerships import Partnership
from tests.cast import OPENS
from tests.dialogs.published import LARGE
from tests.dialogs.scenes import Scene, drawn, partnership

Step = tuple[int, int, bool, bool]
STEPS: tuple[Step, ...] = (
    (0, 0, False, False),
    (1, 1, False, False),
    (3, 0, True, False),
    (12, 60, True, True),
)


def scenes() -> Iterator[Scene]:
    for step, danger, group, opens in product(STEPS, (False, True), (None, LARGE), (None, OPENS)):
        facts = {
            "partnership": partial(_led, danger, group),
            "progress": partial(_progress, step, danger, opens),
        }
        yield Scene(
            "menu",
            f"{step} {danger} {group} {opens}",
            drawn("menu", language="Cymraeg", clock="10:41", **facts),
        )


def _led(danger: bool, group: int | None, words: str) -> Partnership:  # noqa: FBT001 - filled in by partial
    return partnership(words, danger=words if danger else "", group_chat=group)


def _progress(step: Step, danger: bool, opens: datetime | None, words: str) -> Progress:  # noqa: FBT001 - as above
    organisations, people, invited, scheduled = step
    return Progress(
        _led(danger, None, words), organisations, people, invited=invited, scheduled=scheduled, opens=opens
    )
