"""Joining, home, and a member's own ways."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from itertools import product
from typing import Any

from dialogs import commands
from dialogs.cards import Card, short
from facilitation.earlier import Earlier
from storage.partnerships import Organisation, Partnership
from tests.cast import CLOSES, DIGEST, OPENS
from tests.dialogs.published import LARGE, PULSE
from tests.dialogs.scenes import PRINT, READER, Scene, drawn, partnership, same

LINK = {"invite": LARGE, "fingerprint": PRINT}
ROLES = ("member", "facilitator")
ASKED: list[dict[str, Any]] = [
    {"title": "pulse", "often": "every Tuesday", "seconds": 80, "opens": OPENS},
    {"title": "retro", "often": "on the last Friday of the month", "seconds": 160, "opens": None},
]
PLACE: dict[str, Any] = {"place": same, "partnership": LARGE}
ALL_PLACES: dict[str, Any] = {"place": "", "partnership": 0}


def scenes() -> Iterator[Scene]:
    yield from _joining()
    yield from _home()
    yield from _help()
    yield from _away()
    yield from _leaving()
    yield from _language()
    yield from _places()
    yield from _keeping()
    yield from _complaining()


def _joining() -> Iterator[Scene]:
    kinds = ("public", "backbone")
    for role, kind, runs, danger in product(ROLES, kinds, (False, True), (False, True)):
        where = partial(_risky, runs, danger)
        place = {"partnership": where, "organisation": partial(_organisation, kind), "role": role}
        for called, operator, asked in ((same, same, ASKED), ("", "", [])):
            facts = place | {"called": called, "operator": operator, "asked": asked}
            yield Scene(
                "join", f"{role} {kind} {runs} {danger} {bool(asked)}", drawn("join", **facts, **LINK)
            )
    for role, kind, first in product(ROLES, kinds, (None, OPENS)):
        place = {"partnership": partnership, "organisation": partial(_organisation, kind)}
        yield Scene("joined", f"{role} {kind} {first}", drawn("joined", role=role, first=first, **place))
    operators: tuple[Any, ...] = ("", same)
    for runs, runner, complaints in product((False, True), operators, (False, True)):
        who: dict[str, Any] = {"partnership": partial(_risky, runs, runs), "operator": runner}
        state = f"{runs} {bool(runner)} {complaints}"
        yield Scene("who", state, drawn("who", complaints=complaints, **who, **LINK))
    yield Scene("works", "", drawn("works", partnership=partnership, consent="2026-12", **LINK))
    until = OPENS + timedelta(days=60)
    yield Scene("later", "", drawn("later", partnership=partnership, expires=until, **LINK))
    for known in (False, True):
        yield Scene("stranger", f"known {known}", drawn("stranger", known=known))


def _risky(runs: bool, danger: bool, words: str) -> Partnership:  # noqa: FBT001 - filled in by partial
    return partnership(words, facilitator_runs_server=runs, danger=words if danger else "")


def _organisation(kind: str, words: str) -> Organisation:
    return Organisation(name=words, kind=kind, partnership_id=1)


def _home() -> Iterator[Scene]:
    rests = ((False, None), (True, None), (True, DIGEST))
    for role, following, given, (resting, until) in product(ROLES, (None, OPENS), (None, 0, 3, 6), rests):
        parts = [] if given is None else [_part("", given=given)]
        facts = {"role": role, "opens": following, "parts": parts, "resting": resting, "until": until}
        for backbone in (False, True):
            yield Scene(
                "place",
                f"{role} {bool(following)} {given} {resting} {until} {backbone}",
                drawn("place", partnership="Riverside", organisation=same, backbone=backbone, **facts),
            )
    alone = {"role": "facilitator", "opens": OPENS, "parts": [], "resting": False, "until": None}
    yield Scene(
        "place", "one name", drawn("place", partnership=same, organisation=same, backbone=True, **alone)
    )
    for given, several, count in product((0, 3, 6), (False, True), (0, 1, 2)):
        yield Scene("home", f"{given} {several} {count}", _at_home(given, several=several, parts=count))


def _part(words: str, *, given: int) -> dict[str, Any]:
    return {
        "invitation": LARGE,
        "title": "Pulse",
        "number": 14,
        "given": given,
        "of": 6,
        "seconds": 80,
        "closes": CLOSES,
        "name": short(words, 22),
    }


def _at_home(given: int, *, several: bool, parts: int) -> Callable[[str], Card]:
    def draw(words: str) -> Card:
        one = [{"id": LARGE, "name": short(words, 22)}]
        facts: dict[str, Any] = {"places": [{"text": "Riverside"}, {"text": "Hillside"}], "several": several}
        facts["parts"] = [_part(words, given=given)] * parts
        return drawn("home", **facts, resting=one, menus=one)(words)

    return draw


def _help() -> Iterator[Scene]:
    for name in commands.ORDER:
        yield Scene("commands", name, drawn("commands", name=name))
    told = [(name, commands.described(name, READER)) for name in ("/start", "/help")]
    for source, facilitators in product(("", "https://example.org/parley?version=1&part=<2>"), ([], told)):
        facts = {"everyone": told, "facilitators": facilitators, "source": source}
        yield Scene("help", f"{bool(source)} {bool(facilitators)}", _told(facts))


def _told(facts: dict[str, Any]) -> Callable[[str], Card]:
    """Commands are described in the language that the scene is drawn in."""

    def draw(words: str) -> Card:
        lists = {
            name: [(command, commands.described(command, READER)) for command, _ in facts[name]]
            for name in ("everyone", "facilitators")
        }
        return drawn("help", **facts | lists)(words)

    return draw


def _away() -> Iterator[Scene]:
    for name, place in (("one", PLACE), ("all", ALL_PLACES)):
        yield Scene("away", name, drawn("away", weeks=(7, 14), **place))
        for until in (None, DIGEST):
            yield Scene("resting", f"{name} {until}", drawn("resting", until=until, **place))


def _leaving() -> Iterator[Scene]:
    for flag in (False, True):
        yield Scene("leave", str(flag), drawn("leave", answered=flag, **PLACE))
        yield Scene("left", str(flag), drawn("left", taken_out=flag, **PLACE))


def _language() -> Iterator[Scene]:
    for count, city in product((2, 1), ("", "London")):
        facts = {"known": True, "offered": partial(_tongues, count), "city": city}
        yield Scene("language", f"{count} {city}", drawn("language", **facts))
    yield Scene("language", "stranger", drawn("language", known=False, offered=[], city=""))
    cities = (("New York", "5:41"), ("x" * 40, "10:41"))
    found = [{"name": name, "number": LARGE, "now": now} for name, now in cities]
    for zone, some in product(("", "London"), ([], found)):
        yield Scene("clock", f"{zone} {len(some)}", drawn("clock", zone=zone, now="10:41", found=some))


def _tongues(count: int, words: str) -> list[dict[str, Any]]:
    name = short(words, 20)
    return [{"name": name, "number": number, "chosen": not number} for number in range(count)]


def _places() -> Iterator[Scene]:
    for role, lead, name in product(ROLES, (False, True), ("", same)):

        def places(
            words: str, role: str = role, *, lead: bool = lead, name: object = name
        ) -> list[dict[str, object]]:
            called = words if name else ""
            facts = {"partnership": words, "organisation": words, "role": role, "lead": lead, "name": called}
            return [facts | {"since": OPENS, "open": ["pulse 14"]}]

        yield Scene("places", f"{role} {lead} {bool(name)}", drawn("places", places=places))
    yield Scene("places", "none", drawn("places", places=[]))
    found = [{"one": Earlier(LARGE, PULSE.title, 14, CLOSES), "title": "pulse"}] * 10
    for digests, page, more in ((found, 0, False), (found, 1, True), ([], 0, False)):
        facts = {"partnership": LARGE, "digests": digests, "page": page, "more": more}
        yield Scene("digests", f"{len(digests)} {page} {more}", drawn("digests", **facts))


def _keeping() -> Iterator[Scene]:
    for known in (False, True):
        yield Scene("mydata", str(known), drawn("mydata", known=known))
    for step in ("nothing", "first", "second"):
        yield Scene("forget", step, drawn("forget", step=step))
    yield Scene("forgotten", "", drawn("forgotten"))


def _complaining() -> Iterator[Scene]:
    def places(words: str) -> list[dict[str, object]]:
        return [{"id": LARGE, "name": short(words, 32)}]

    for step, operator in product(("nowhere", "which"), ("", same)):
        facts = {"step": step, "operator": operator, "places": places}
        yield Scene("complain", f"{step} {bool(operator)}", drawn("complain", **facts))
    for operator, place, name, signed in product(("", same), repeat=4):
        facts = {"operator": operator, "place": place, "name": name or ("a name" if signed else "")}
        state = f"{bool(operator)} {bool(place)} {bool(name)} {bool(signed)}"
        shown = drawn("complaint", partnership=LARGE, signed=bool(signed), **facts)
        yield Scene("complaint", state, shown)
    for place, name in product(("", same), repeat=2):
        state = f"{bool(place)} {bool(name)}"
        yield Scene("complained", state, drawn("complained", place=place, name=name, words=same))
    for operator in ("", same):
        yield Scene("passed_on", str(bool(operator)), drawn("passed_on", operator=operator))
