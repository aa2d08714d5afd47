"""Founding a partnership, its menu and its settings."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from itertools import product

from dialogs import ways
from facilitation.founding import Progress
from storage.partnerships import Partnership
from tests.cast import OPENS
from tests.dialogs.published import LARGE
from tests.dialogs.scenes import PRINT, Scene, drawn, partnership, same

Step = tuple[int, int, bool, bool, bool]
STEPS: tuple[Step, ...] = (
    (0, 0, False, False, False),
    (1, 1, False, False, False),
    (3, 0, True, False, False),
    (3, 0, True, False, True),
    (12, 60, True, True, True),
)


def scenes() -> Iterator[Scene]:
    yield from being_founded()
    yield from led()
    yield from settings()
    yield from grouped()
    yield from facilitated()
    for waiting in (False, True):
        yield Scene("cancelled", str(waiting), drawn("cancelled", home="Where you are", waiting=waiting))


def being_founded() -> Iterator[Scene]:
    link = {"founding": LARGE, "fingerprint": PRINT}
    yield Scene("founding", "operator", drawn("founding", operator=same, **link))
    yield Scene("founding", "no operator", drawn("founding", operator="", **link))
    for runs in (False, True):
        yield Scene("founding_name", str(runs), drawn("founding_name", runs_server=runs, **link))
    yield Scene("founded", "", drawn("founded", partnership=partnership))


def led() -> Iterator[Scene]:
    for step, danger, group, opens in product(STEPS, (False, True), (None, LARGE), (None, OPENS)):
        facts = {
            "partnership": partial(_led, danger, group),
            "progress": partial(_progress, step, danger, opens),
        }
        yield Scene(
            "menu",
            f"{step} {danger} {group} {opens}",
            drawn("menu", language="Cymraeg", there="10:41", **facts),
        )


def _led(danger: bool, group: int | None, words: str) -> Partnership:  # noqa: FBT001 - filled in by partial
    return partnership(words, danger=words if danger else "", group_chat=group)


def _progress(step: Step, danger: bool, opens: datetime | None, words: str) -> Progress:  # noqa: FBT001 - as above
    organisations, people, invited, scheduled, drafted = step
    return Progress(
        _led(danger, None, words),
        organisations,
        people,
        invited=invited,
        scheduled=scheduled,
        drafted=drafted,
        opens=opens,
    )


def settings() -> Iterator[Scene]:
    for danger, runs, several in product((False, True), repeat=3):
        facts = {"partnership": partial(_risky, runs, danger), "several": several}
        yield Scene("ways", f"{danger} {runs} {several}", drawn("ways", language="λ", there="10:41", **facts))
    yield Scene("way_name", "", drawn("way_name", partnership=partnership))
    rows = [[{"name": "λόγια", "number": 2**32 - 1}] * number for number in (3, 2)]
    yield Scene("way_zone", "", drawn("way_zone", partnership=partnership, there="10:41", rows=rows))
    zones = [{"name": "λόγια / λόγια", "number": number} for number in range(6)]
    yield Scene("way_zones", "", drawn("way_zones", partnership=partnership, zones=zones))
    languages = [{"name": "λόγια", "number": LARGE}, {"name": "λ", "number": 2}]
    for unreviewed in ("", "λόγια"):
        facts = {"languages": languages, "unreviewed": unreviewed}
        yield Scene("way_language", unreviewed, drawn("way_language", partnership=partnership, **facts))
    for danger in (False, True):
        yield Scene("way_danger", str(danger), drawn("way_danger", partnership=partial(_led, danger, None)))
    for higher in (ways.MINIMA[1:], ()):
        yield Scene("way_minimum", str(higher), drawn("way_minimum", partnership=partnership, higher=higher))
    yield Scene("way_minimum_sure", "", drawn("way_minimum_sure", partnership=partnership, people=20))
    yield Scene("way_host", "", drawn("way_host", partnership=partnership))


def grouped() -> Iterator[Scene]:
    url = f"https://t.me/a_bot_of_thirty_two_letters_bot?startgroup={'s' * 32}"
    for linked, barred, link in (
        (False, False, url),
        (False, False, ""),
        (True, False, ""),
        (True, True, ""),
    ):
        facts = {"linked": linked, "barred": barred, "url": link}
        yield Scene(
            "group", f"{linked} {barred} {bool(link)}", drawn("group", partnership=partnership, **facts)
        )
    for title in (same, ""):
        yield Scene(
            "group_linked",
            str(bool(title)),
            drawn("group_linked", partnership=partnership, title=title, menu="Where you are"),
        )
    yield Scene("group_hello", "group True", drawn("group_hello", partnership=partnership))
    yield Scene("group_goodbye", "group True", drawn("group_goodbye", partnership=partnership))


def facilitated() -> Iterator[Scene]:
    for alone, nameless in product((False, True), (0, 1, 2)):
        facts = {"organisation": LARGE, "alone": alone, "nameless": nameless, "names": _names}
        yield Scene(
            "facilitators", f"{alone} {nameless}", drawn("facilitators", partnership=partnership, **facts)
        )
    for staying in (1, 2):
        yield Scene("step_down", str(staying), drawn("step_down", partnership=partnership, staying=staying))
    yield Scene("stepped_down", "", drawn("stepped_down", partnership=partnership))
    for who in (same, ""):
        yield Scene("handed_over", str(bool(who)), drawn("handed_over", partnership=partnership, who=who))


def _names(words: str) -> list[str]:
    return [words, words]


def _risky(runs: bool, danger: bool, words: str) -> Partnership:  # noqa: FBT001 - as above
    return partnership(words, facilitator_runs_server=runs, danger=words if danger else "")
