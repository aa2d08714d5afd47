"""What facilitators are told when several things did not take place at once."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial

from dialogs import outages, strip
from dialogs.cards import Card
from facilitation import restored, skipping
from facilitation.skipping import Gap
from storage.rounds import Round
from tests.cast import OPENS
from tests.dialogs.published import LARGE
from tests.dialogs.scenes import READER, Scene, drawn, opened, partnership

DAY = timedelta(days=1)
BACK = OPENS + 7 * DAY
MISSED, SKIP, HOLIDAY, LOST = skipping.MISSED, skipping.SKIP, skipping.HOLIDAY, restored.LOST
# By name: why so many rounds did not open, how many digests were not sent, and when it opens next.
GAPS: dict[str, tuple[list[str], int, datetime | None]] = {
    "a week": ([MISSED] * 7, 2, BACK),
    "two": ([MISSED] * 2, 0, BACK + DAY),
    "one and a digest": ([MISSED], 1, BACK + DAY),
    "only a digest": ([], 1, None),
    "days off": ([SKIP, SKIP, HOLIDAY], 0, BACK + DAY),
    "all at once": ([MISSED, SKIP, HOLIDAY, HOLIDAY, LOST, LOST], 9, BACK + DAY),
    "lost": ([LOST, LOST], 0, BACK + DAY),
}


def scenes() -> Iterator[Scene]:
    for name, gap in GAPS.items():
        yield Scene("gaps", name, partial(_gaps, [gap]))
    yield Scene("gaps", "two schedules", partial(_gaps, [GAPS["a week"], GAPS["two"]]))
    yield Scene("gaps", "many schedules", partial(_gaps, [GAPS["all at once"]] * 9))
    yield Scene("strip", "archived", _archived)
    for places in (1, 9):
        yield Scene("untold", str(places), partial(_untold, places))
    for words in (False, True):
        yield Scene("unsent", str(words), drawn("unsent", digest=LARGE, words=words, late=True))
    yield Scene("unsent", "no brief", drawn("unsent", digest=LARGE, words=True, late=False))


def _archived(words: str) -> Card:
    """Above the demo's phones: a digest that has been out for long is out all the same."""
    newest = opened(words, state="archived").round
    told = strip.happening(
        newest, timezone="Europe/London", replied=(8, 14), following=BACK, to_join=False, moving_to=None
    )
    return Card(told)


def _gaps(shapes: Sequence[tuple[list[str], int, datetime | None]], words: str) -> Card:
    return outages.gaps([_gap(words, *shape) for shape in shapes], READER, now=BACK)


def _untold(places: int, words: str) -> Card:
    return outages.untold([_gap(words, *GAPS["two"])] * places)


def _gap(words: str, reasons: Sequence[str], unsent: int, following: datetime | None) -> Gap:
    skipped = [_round(words, number, reason) for number, reason in enumerate(reasons)]
    late = [_round(words, number, skipping.LATE) for number in range(unsent)]
    title = opened(words).title
    return Gap(partnership(words), title, tuple(skipped), tuple(late), following)


def _round(words: str, number: int, reason: str) -> Round:
    made = opened(words).round
    made.number, made.opens_at, made.reason = 10 + number, OPENS + number * DAY, reason
    return made
