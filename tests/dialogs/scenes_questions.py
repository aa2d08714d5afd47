"""Answering: a question of every kind in every state, and the cards around them."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import product
from typing import Any

from dialogs import cards
from tests.cast import CLOSES, DIGEST
from tests.dialogs.published import LARGE, PULSE
from tests.dialogs.scenes import Scene, drawn, same

WORDING = PULSE.items[0].wording["en"]
WHY = PULSE.items[0].why["en"]
PLAIN: dict[str, Any] = {
    "position": 2,
    "of": 10,
    "wording": WORDING,
    "low": "",
    "high": "",
    "why": "",
    "subject": "",
    "guessed": "",
    "place": None,
    "options": [],
    "several": False,
    "least": 0,
    "most": 0,
    "shows": "",
    "promises": False,
    "value": None,
    "text": None,
    "choice": "",
    "answer": "",
    "invitation": LARGE,
}
ENDS = {"low": "not at all", "high": "clearly"}
SHOWS = ("", "organisation", "open")
RESTS: tuple[dict[str, Any], ...] = (
    {"away": None, "paused": False},
    {"away": CLOSES, "paused": False},
    {"away": None, "paused": True},
)


def scenes() -> Iterator[Scene]:
    yield from rated()
    yield from chosen()
    yield from written()
    yield from answers()
    yield from around()
    yield from at_the_end()


def _question(kind: str, state: str, **facts: Any) -> Scene:  # noqa: ANN401 - any fact of the card
    return Scene(
        "question",
        f"{facts.get('position', 2)} {kind} {state}",
        drawn("question", **PLAIN | {"kind": kind} | facts),
    )


def rated() -> Iterator[Scene]:
    for position, value, why in product((0, 2), (None, 3), ("", WHY)):
        answer = "3" if value else ""
        facts: dict[str, Any] = {"position": position, "value": value, "answer": answer, "why": why}
        yield _question("scale", f"{value} {why}", **ENDS, **facts)
    for shows in SHOWS:
        yield _question("scale", f"shown {shows}", **ENDS, shows=shows)
    yield _question("directed", "", **ENDS, subject=same)
    for place in (None, 0):
        yield _question("guess", str(place), **ENDS, guessed=WORDING, place=place)


def chosen() -> Iterator[Scene]:
    for value in (None, -1, 0, 1):
        yield _question("agree", str(value), value=value, answer="" if value is None else "3")
    for value, subject in product((None, 1, 2, 3), ("", same)):
        answer = "3" if value else ""
        yield _question("promise", f"{value} {bool(subject)}", value=value, subject=subject, answer=answer)
    for several, ticked in product((False, True), repeat=2):

        def options(words: str, ticked: bool = ticked) -> list[dict[str, Any]]:  # noqa: FBT001 - the loop's own
            return [
                {"wording": words, "label": cards.short(words, 32), "cut": True, "ticked": ticked},
                {"wording": "5", "label": "5", "cut": False, "ticked": False},
            ]

        value = 1 if ticked else None
        facts: dict[str, Any] = {"several": several, "options": options, "value": value}
        yield _question("choice", f"{several} {ticked}", answer=same if ticked else "", **facts)


def written() -> Iterator[Scene]:
    for value in (None, 0, 12):
        answer = "" if value is None else str(value)
        yield _question("number", str(value), value=value, answer=answer, least=0, most=200)
    for shows, promises in product(SHOWS, (False, True)):
        yield _question("text", f"{shows} {promises}", shows=shows, promises=promises)
    yield _question("text", "given", text=same, choice="quoted, no name", why=WHY)
    for chosen in (None, "facilitator", "quoted", "organisation", "named"):
        yield Scene("choice", str(chosen), drawn("choice", chosen=chosen))
    for chosen, name, shows in product((None, "quoted"), ("", same), SHOWS):
        facts = {"chosen": chosen, "name": name, "shows": shows, "choice": "quoted, no name"}
        yield Scene(
            "shown_as",
            f"{chosen} {bool(name)} {shows}",
            drawn(
                "shown_as",
                position=5,
                of=6,
                text=same,
                message=LARGE,
                organisation=same,
                invitation=LARGE,
                **facts,
            ),
        )
    for value in (None, 0, 12):
        facts = {"position": 5, "of": 6, "wording": WORDING, "value": value}
        yield Scene("text_kept", str(value), drawn("text_kept", **facts))


def answers() -> Iterator[Scene]:
    """The words for an answer, a part of other cards."""
    nothing: dict[str, Any] = {"value": None, "text": None, "choice": "", "options": ""}
    given: list[tuple[str, dict[str, Any]]] = [
        ("scale", {}),
        ("scale", {"value": 4}),
        ("text", {"text": same, "choice": "quoted, no name"}),
        ("number", {"value": 0}),
        ("choice", {"value": 1, "options": same}),
        *(("agree", {"value": value}) for value in (-1, 0, 1)),
        *(("promise", {"value": value}) for value in (1, 2, 3)),
    ]
    for kind, facts in given:
        yield Scene("answer", f"{kind} {facts.get('value')}", drawn("answer", kind=kind, **nothing | facts))


def _rows(count: int, words: str) -> list[dict[str, Any]]:
    """As many questions, about somebody and answered in every second one."""
    return [
        {
            "position": at,
            "wording": WORDING,
            "subject": words if at % 3 == 1 else "",
            "answer": words if at % 2 else "3",
            "given": at % 2 == 1,
        }
        for at in range(count)
    ]


def around() -> Iterator[Scene]:
    for count in (6, 10):

        def rows(words: str, count: int = count) -> list[dict[str, Any]]:
            return _rows(count, words)

        yield Scene("change", str(count), drawn("change", rows=rows, invitation=LARGE))
    for given, left, half, rest in product((0, 4), (0, 1, 2), (False, True), RESTS):

        def kept(words: str, given: int = given) -> list[dict[str, Any]]:
            return [row for row in _rows(10, words) if row["given"]][:given]

        facts = {"given": given, "left": left, "more_than_half": half, "invitation": LARGE, "rows": kept}
        yield Scene(
            "summary",
            f"{given} {left} {half} {rest}",
            drawn("summary", closes=CLOSES, digest=DIGEST, partnership=LARGE, **facts, **rest),
        )
    for rest in RESTS:
        yield Scene("declined", str(rest), drawn("declined", closes=CLOSES, invitation=LARGE, **rest))


def at_the_end() -> Iterator[Scene]:
    states = product((False, True), (None, LARGE), (None, DIGEST), (None, LARGE), RESTS, (False, True))
    for lost, out, comes, invitation, rest, called_off in states:
        found: dict[str, Any] = {
            "lost_words": lost,
            "digest": out,
            "comes": comes,
            "invitation": invitation,
            "called_off": called_off,
            "ended": called_off,
            "lost": False,
        }
        yield Scene("closed", f"{found} {rest}", drawn("closed", closed=CLOSES, **found, **rest))
    for gone in (False, True):
        ended = {"called_off": False, "ended": True, "lost": gone, "lost_words": True, "invitation": LARGE}
        facts = {"closed": CLOSES, "digest": None, "comes": None} | ended | RESTS[0]
        yield Scene("closed", f"ended early {gone}", drawn("closed", **facts))
    ways: list[dict[str, Any]] = [
        {"partnership": same, "given": given, "of": 6, "invitation": LARGE} for given in (0, 3)
    ]
    for places in (1, 2):

        def some(words: str, places: int = places) -> list[dict[str, Any]]:
            return [way | {"partnership": words, "name": words[:24]} for way in ways[-places:]]

        for later in (timedelta(hours=1), timedelta(days=1)):
            moments = {"since": CLOSES, "until": CLOSES + later, "same_day": later < timedelta(days=1)}
            yield Scene("away_note", f"{places} {later}", drawn("away_note", places=some, **moments))
