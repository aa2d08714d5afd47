"""Organisations and their people, links, and rosters sent as files."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import product
from typing import Any

from dialogs import bundles, cards, inviting
from dialogs.cards import Card
from dialogs.organising import CAPACITIES
from facilitation import roster
from facilitation.organisations import KINDS
from facilitation.roster import Problem
from storage.members import Invite
from storage.partnerships import Organisation
from tests.cast import OPENS
from tests.dialogs.published import LARGE
from tests.dialogs.scenes import READER, Scene, drawn, partnership, same

SECRET = "x" * 32
URL = f"https://t.me/riverside_parley_bot?start={SECRET}"


def scenes() -> Iterator[Scene]:
    yield from listed()
    yield from one()
    yield from sitting()
    yield from inviting_them()
    yield from links()
    yield from filed()


def organisation(words: str, **changes: Any) -> Organisation:  # noqa: ANN401 - any column
    facts: dict[str, Any] = {"id": LARGE, "partnership_id": LARGE, "name": words, "kind": "community"}
    return Organisation(**(facts | changes))


def listed() -> Iterator[Scene]:
    for (joined, expected), (page, pages), not_reached in product(
        ((0, 0), (200, 200), (120, 200)), ((0, 1), (0, 2), (1, 2)), (0, 1, 2)
    ):
        row = {"id": LARGE, "joined": joined, "expected": expected}
        yield Scene(
            "organisations",
            f"{joined} of {expected}, page {page} of {pages}, {not_reached} not reached",
            partial(
                _listed,
                row,
                {"page": page, "pages": pages, "not_reached": not_reached, "bundled": pages == 1},
            ),
        )
    none = {"page": 0, "pages": 1, "not_reached": 0, "many": 0, "organisations": [], "bundled": False}
    yield Scene("organisations", "none", drawn("organisations", partnership=partnership, **none))
    for first in (False, True):
        asked = drawn("organisation_add", partnership=partnership, first=first)
        yield Scene("organisation_add", str(first), asked)
    yield Scene("written_down", "", drawn("written_down", words=lambda words: cards.short(words, 200)))


def _listed(row: dict[str, Any], facts: dict[str, Any], words: str) -> Card:
    rows = [row | {"name": cards.short(words, 21)}]
    return cards.draw("organisations", READER, partnership=partnership(), organisations=rows, many=1, **facts)


def one() -> Iterator[Scene]:
    for kind, (capacity, unwanted, off, joined, lead) in product(
        KINDS, ((None, False, 0, 0, None), (1, True, 1, 1, same), (240, True, 12, 25, ""))
    ):
        changes = {"kind": kind, "capacity": capacity, "off_telegram": off}
        yield Scene(
            "organisation",
            f"{kind} {capacity} {bool(lead)}",
            drawn("organisation", organisation=partial(_said, changes, unwanted), joined=joined, lead=lead),
        )
    for left in (0, 1, 2, 12):
        facts = {"kinds": KINDS, "left": left, "organisation": organisation}
        yield Scene("organisation_kind", str(left), drawn("organisation_kind", **facts))
    for template, capacity, unwanted in product(
        ("organisation_time", "organisation_unwanted", "organisation_rename"), (None, 60), (False, True)
    ):
        asked = partial(_said, {"capacity": capacity}, unwanted)
        state = f"{capacity} {unwanted}"
        yield Scene(template, state, drawn(template, organisation=asked, capacities=CAPACITIES))
    for joined in (0, 1, 5):
        told = drawn("organisation_drop", organisation=organisation, joined=joined)
        yield Scene("organisation_drop", str(joined), told)


def _said(changes: dict[str, Any], unwanted: bool, words: str) -> Organisation:  # noqa: FBT001 - filled in by partial
    return organisation(words, unwanted=words if unwanted else "", **changes)


SEATS = (
    {"lead": False, "facilitator": False, "reachable": True},
    {"lead": True, "facilitator": False, "reachable": True},
    {"lead": False, "facilitator": True, "reachable": True},
    {"lead": False, "facilitator": False, "reachable": False},
)


def sitting() -> Iterator[Scene]:
    for named, links_, (page, pages), many in product(
        (False, True), (0, 3), ((0, 1), (0, 2), (1, 2)), (0, 1, 9)
    ):
        state = f"{named} {links_} {page} {pages} {many}"
        facts = {"links": links_, "page": page, "pages": pages, "many": many}
        yield Scene("people", state, partial(_people, named, facts))
    for seat, named, kind in product(SEATS, (False, True), ("community", "backbone")):
        who: dict[str, Any] = {"id": LARGE, "name": same if named else "", **seat}
        place = partial(organisation, kind=kind)
        for template in ("person", "person_drop"):
            yield Scene(template, f"{seat} {named} {kind}", drawn(template, organisation=place, **who))
    for removed in (False, True):
        ended = drawn("seat_ended", partnership=partnership, organisation=organisation, removed=removed)
        yield Scene("seat_ended", str(removed), ended)


def _people(named: bool, facts: dict[str, Any], words: str) -> Card:  # noqa: FBT001 - filled in by partial
    name = cards.short(words, 19) if named else ""
    seats = [{"id": LARGE, "name": name, **seat} for seat in SEATS]
    return cards.draw("people", READER, organisation=organisation(words), people=seats, **facts)


def inviting_them() -> Iterator[Scene]:
    for role, lead, (days, other), kind in product(
        (0, 1), (0, 1), ((60, 7), (7, 60)), ("community", "backbone")
    ):
        facts = {
            "organisation": partial(organisation, kind=kind),
            "role": role,
            "lead": lead,
            "days": days,
            "other_days": other,
            "places": inviting.PLACES,
        }
        for template in ("invite", "invite_several"):
            yield Scene(template, f"{role} {lead} {days} {kind}", drawn(template, **facts))
    yield from bundled()
    yield Scene("invite_made", "", drawn("invite_made", organisation=organisation))
    for places, named, role, lead in product((1, 2, 25), (False, True), (0, 1), (False, True)):
        facts = {"places": places, "lead": lead}
        state = f"{places} {named} {role} {lead}"
        yield Scene(
            "invite_link", state, partial(_link, "invite_link", facts, {"named": named, "role": role})
        )
    for many, replaced, of_one in product((1, 12), (0, 1, 3), (False, True)):
        whose = organisation if of_one else None
        facts = {"many": many, "replaced": replaced, "expires": OPENS, "organisation": whose}
        yield Scene(
            "invite_links",
            f"{many} {replaced} {of_one}",
            drawn("invite_links", partnership=partnership, **facts),
        )


def bundled() -> Iterator[Scene]:
    for made in (False, True):
        asked: dict[str, Any] = {"days": 60, "places": () if made else inviting.PLACES, "made": made}
        yield Scene("bundle", str(made), drawn("bundle", partnership=partnership, **asked))
    for next_step, count, each in (("plans", 1, 2), ("", bundles.MOST, 25)):
        facts: dict[str, Any] = {"each": each, "expires": OPENS, "next_step": next_step}
        links_ = partial(_several, count)
        told = drawn("bundle_links", partnership=partnership, links=links_, **facts)
        yield Scene("bundle_links", f"{next_step} {count}", told)


def _several(count: int, words: str) -> list[dict[str, str]]:
    return [{"name": words, "url": URL}] * count


def _link(template: str, changes: dict[str, Any], how: dict[str, Any], words: str) -> Card:
    facts: dict[str, Any] = {"id": LARGE, "partnership_id": LARGE, "organisation_id": LARGE}
    facts |= {"role": roster.ROLES[how["role"]], "secret_hash": "", "expires_at": OPENS}
    invite = Invite(**facts, name=words if how["named"] else "", **changes)
    shown = {"invite": invite, "organisation": organisation(words), "role": how["role"]}
    if template == "invite_link":
        told = cards.draw(template, READER, url=URL, passing_on="https://t.me/share/url?url=x", **shown)
        return replace(told, enclosed=inviting.picture(URL))
    names = [words, ""] if how["joined"] else []
    state = {"joined": names, "more": how["joined"], "ended": how["ended"]}
    return cards.draw(template, READER, **shown, **state)


def links() -> Iterator[Scene]:
    for (places, taken), ended, named in product(((1, 0), (200, 120)), (False, True), (False, True)):
        row = {"id": LARGE, "places": places, "taken": taken, "ended": ended}
        for page, pages in ((0, 1), (0, 2), (1, 2)):
            state = f"{places} {ended} {named} {page} {pages}"
            yield Scene("links", state, partial(_links, row, named, {"page": page, "pages": pages}))
        for role, lead, (joined, full) in product((0, 1), (False, True), ((0, False), (1, False), (4, True))):
            changes = {"places": places, "taken": places if full else taken, "lead": lead}
            how = {"named": named, "role": role, "joined": joined, "ended": ended}
            state = f"{places} {ended} {named} {role} {lead} {joined}"
            yield Scene("link", state, partial(_link, "link", changes, how))
    none = {"links": [], "page": 0, "pages": 1}
    yield Scene("links", "none", drawn("links", organisation=organisation, **none))
    how = {"named": True, "role": 0, "joined": 0, "ended": False}
    yield Scene("link_end", "", partial(_link, "link_end", {}, how))


def _links(row: dict[str, Any], named: bool, pages: dict[str, int], words: str) -> Card:  # noqa: FBT001 - filled in by partial
    rows = [row | {"name": cards.short(words, 20) if named else ""}]
    return cards.draw("links", READER, organisation=organisation(words), links=rows, **pages)


PROBLEMS = (
    ("empty", "name", "", ""),
    ("long", "name", "", ""),
    ("capacity", "capacity", "WORDS", ""),
    ("role", "role", "WORDS", ""),
    ("language", "language", "WORDS", "en, cy"),
    ("kind_differs", "WORDS", "public", "funder"),
    ("capacity_differs", "WORDS", "60", "120"),
    ("kind", "kind", "WORDS", ""),
)


def filed() -> Iterator[Scene]:
    kinds = ", ".join(KINDS)
    how = {"kinds": kinds, "languages": "en, cy"}
    yield Scene("roster_how", "", drawn("roster_how", partnership=partnership, columns=same, **how))
    for new, invited, here, replacing in product((False, True), (0, 1, 9), (0, 1, 2), (0, 1, 3)):
        facts = {"organisations": max(1, here), "people": max(1, invited + here), "roster": LARGE}
        facts |= {"invited": invited, "here": here, "replacing": replacing}
        state = f"{new} {invited} {here} {replacing}"
        yield Scene("roster_preview", state, partial(_preview, new, facts))
    for links_ in (0, 3):
        taken = drawn("roster_taken", partnership=partnership, links=links_)
        yield Scene("roster_taken", str(links_), taken)
    for count, more in product((1, len(PROBLEMS)), (0, 1, 5)):
        yield Scene("roster_problems", f"{count} {more}", partial(_problems, count, more))
    yield Scene("file_unexpected", "", drawn("file_unexpected"))


def _preview(new: bool, facts: dict[str, Any], words: str) -> Card:  # noqa: FBT001 - filled in by partial
    names = (words, "Shed") if new else ()
    facts |= {"new": names, "unsaid": names}
    return cards.draw("roster_preview", READER, partnership=partnership(words), **facts)


def _problems(count: int, more: int, words: str) -> Card:
    some = [
        Problem(at, *(part.replace("WORDS", words) for part in parts))
        for at, parts in enumerate(PROBLEMS[:count], 2)
    ]
    kinds = ", ".join(KINDS)
    return cards.draw("roster_problems", READER, problems=some, many=count + more, more=more, kinds=kinds)
