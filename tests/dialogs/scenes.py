"""Every card in every state, from plain facts. `words` stand wherever a person's words or names are shown."""

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

from markupsafe import escape

from dialogs import cards, digests, invitations, reports, strip
from dialogs.cards import Card, Reader
from facilitation import instruments
from facilitation.digests import Going
from facilitation.instruments import Instrument
from facilitation.rounds import Asked, Opened
from storage.partnerships import Organisation, Partnership
from storage.rounds import Invitation, Round
from tests.cast import BRIEF, CLOSES, DIGEST, MONDAY, OPENS, REMINDS
from tests.dialogs.published import (
    LARGE,
    PULSE,
    SHAPES,
    TURNOUTS,
    crowded,
    digest,
    facts,
    nothing,
    states,
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
    return Opened(round_, partnership(words), ())


def scenes() -> Iterator[Scene]:
    yield from joining()
    yield from coming()
    yield from answering()
    yield from published()
    yield from going_wrong()
    # Each door of the conversation keeps its scenes in a file of its own.
    for path in sorted(Path(__file__).parent.glob("scenes_*.py")):
        yield from importlib.import_module(f"tests.dialogs.{path.stem}").scenes()


def joining() -> Iterator[Scene]:
    link = {"invite": LARGE, "fingerprint": PRINT}
    kinds = ("public", "backbone")
    for role, kind, runs, danger in product(("member", "facilitator"), kinds, (False, True), (False, True)):
        where = partial(_risky, runs, danger)
        place = {"partnership": where, "organisation": partial(_organisation, kind)}
        yield Scene("join", f"{role} {kind} {runs} {danger}", drawn("join", role=role, **place, **link))
    for role, kind, first in product(("member", "facilitator"), kinds, (None, OPENS)):
        place = {"partnership": partnership, "organisation": partial(_organisation, kind)}
        yield Scene("joined", f"{role} {kind} {first}", drawn("joined", role=role, first=first, **place))
    yield Scene(
        "later", "", drawn("later", partnership=partnership, expires=OPENS + timedelta(days=60), **link)
    )
    yield Scene("who", "named", drawn("who", operator=same, **link))
    yield Scene("who", "unnamed", drawn("who", operator="", **link))
    yield Scene("stranger", "", drawn("stranger"))
    yield Scene("help", "source", drawn("help", source="https://example.org/parley?version=1&part=<2>"))
    yield Scene("help", "no source", drawn("help", source=""))
    yield from home()


def _risky(runs: bool, danger: bool, words: str) -> Partnership:  # noqa: FBT001 - filled in by partial
    return partnership(words, facilitator_runs_server=runs, danger=words if danger else "")


def _organisation(kind: str, words: str) -> Organisation:
    return Organisation(name=words, kind=kind, partnership_id=1)


def home() -> Iterator[Scene]:
    for role, following, (invited, given) in product(
        ("member", "facilitator"), (None, OPENS), ((False, 0), (True, 0), (True, 3), (True, 6))
    ):
        place = {"role": role, "next": following, "invited": invited, "given": given, "of": 6}
        for backbone in (False, True):
            yield Scene(
                "place",
                f"{role} {following} {given} {invited} {backbone}",
                drawn("place", partnership=same, organisation=same, backbone=backbone, **place),
            )
    for given, several in product((0, 3, 6), (False, True)):

        def places(words: str, given: int = given) -> list[dict[str, object]]:
            name = cards.short(words, 24)
            return [
                {"text": "Riverside", "name": name, "invitation": LARGE, "given": given, "of": 6},
                {"text": "Hillside", "name": name, "invitation": None, "given": 0, "of": 0},
            ]

        yield Scene("home", f"{given} {several}", drawn("home", places=places, several=several))


def coming() -> Iterator[Scene]:
    """The cards that come by themselves."""
    for kinds in ((5, 1), (1, 1), (2, 0), (1, 0)):
        instrument = instruments.frozen("pulse", 1) | {"items": _items(*kinds)}
        for template, draw in (
            ("invitation", invitations.invitation),
            ("reminder", invitations.reminder),
        ):
            yield Scene(template, str(kinds), partial(_came, draw, instrument))
    for reason in ("missed", "nobody"):

        def skipped(words: str, reason: str = reason) -> Card:
            found = opened(words, state="skipped")
            found.round.reason = reason
            return invitations.skipped(found)

        yield Scene("skipped", reason, skipped)


def _came(draw: Callable[[Opened, Asked], Card], instrument: dict[str, Any], words: str) -> Card:
    invited = Asked(Invitation(id=LARGE, round_id=1, seat_id=1, organisation_id=1), 1, words)
    return draw(opened(words, instrument=instrument), invited)


def _items(rated: int, texts: int) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = instruments.frozen("pulse", 1)["items"]
    return items[:rated] + items[5 : 5 + texts]


def answering() -> Iterator[Scene]:
    for item, position in ((PULSE.items[0], 0), (PULSE.items[2], 2)):
        facts = _asked(PULSE, item.code, position)
        for value, why in product((None, 3), ("", item.why["en"])):
            yield Scene(
                "question",
                f"{position} {value} {why}",
                drawn("question", value=value, text=None, choice="", **facts | {"why": why}),
            )
    text = PULSE.items[5]
    facts = _asked(PULSE, text.code, 5)
    yield Scene("question", "text", drawn("question", value=None, text=None, choice="", **facts))
    yield Scene(
        "question",
        "text given",
        drawn("question", value=None, text=same, choice="quoted, no name", **facts | {"why": text.why["en"]}),
    )
    for chosen in (None, "facilitator", "quoted", "organisation", "named"):
        yield Scene("choice", str(chosen), drawn("choice", chosen=chosen))
    for chosen, name in product((None, "quoted"), ("", same)):
        yield Scene(
            "shown_as",
            f"{chosen} {bool(name)}",
            drawn(
                "shown_as",
                position=5,
                of=6,
                text=same,
                message=LARGE,
                chosen=chosen,
                choice="quoted, no name",
                name=name,
                organisation=same,
                invitation=LARGE,
            ),
        )
    yield Scene("text_kept", "", drawn("text_kept", position=5, of=6, wording=text.wording["en"]))
    yield from after_answering()


def _asked(instrument: Instrument, code: str, position: int) -> dict[str, Any]:
    item = next(item for item in instrument.items if item.code == code)
    ends = {"low": item.low["en"] if item.low else "", "high": item.high["en"] if item.high else ""}
    facts = {"item": item, "wording": item.wording["en"], "position": position, "of": len(instrument.items)}
    return facts | ends | {"why": "", "invitation": LARGE}


def after_answering() -> Iterator[Scene]:
    for given, left, half in product((0, 4), (0, 1, 2), (False, True)):
        facts = {"given": given, "left": left, "more_than_half": half, "invitation": LARGE}
        yield Scene(
            "summary",
            f"{given} {left} {half}",
            drawn("summary", closes=CLOSES, digest=DIGEST, **facts),
        )

    def rows(words: str) -> list[dict[str, Any]]:
        values = (4, None, 1, 5, None, None)
        return [
            {
                "position": at,
                "wording": item.wording["en"],
                "value": values[at],
                "text": words if item.kind == "text" else None,
            }
            for at, item in enumerate(PULSE.items)
        ]

    yield Scene("change", "", drawn("change", rows=rows, invitation=LARGE))
    yield Scene("declined", "", drawn("declined", closes=CLOSES, invitation=LARGE))
    for lost, out, comes, invitation in product((False, True), (None, LARGE), (None, DIGEST), (None, LARGE)):
        found: dict[str, object] = {
            "lost_words": lost,
            "digest": out,
            "comes": comes,
            "invitation": invitation,
        }
        yield Scene("closed", str(found), drawn("closed", closed=CLOSES, **found))


def published() -> Iterator[Scene]:
    for state, made in states().items():
        for to_group in (False, True):
            yield Scene("digest", f"{state}, group {to_group}", partial(_digest_card, made, to_group))
    yield Scene(
        "caption", "", lambda words: digests.caption(digest(facts(words)), partnership(words), language="en")
    )
    yield Scene(
        "picture",
        "",
        drawn("picture", title="pulse", number=14, opened=OPENS, closed=CLOSES),
    )
    yield Scene("cell", "organisation", partial(_cell, "organisation", ""))
    yield Scene("author", "name", partial(_author, "name", ""))
    for shape, label in [("others", "others"), *(("kind", kind) for kind in SHAPES)]:
        yield Scene("cell", f"{shape} {label}", partial(_cell, shape, label))
    for by, name in [("back", "-"), ("partner", "-"), *(("kind", kind) for kind in SHAPES)]:
        yield Scene("author", f"{by} {name}", partial(_author, by, name))
    for low, _, parts in TURNOUTS[1:]:
        told = drawn("answered_back", part=(low, parts))
        yield Scene("answered_back", f"{low} of {parts}", told)
    yield from briefed()
    for kind, waiting in (
        ("word", ""),
        ("word", same),
        ("kept", ""),
        ("same", ""),
        ("other", ""),
        ("missing", ""),
    ):
        yield Scene("said_back", f"{kind} {waiting}", drawn("said_back", kind=kind, waiting=waiting))


Made = Callable[[str], dict[str, Any]]


def _digest_card(made: Made, to_group: bool, words: str) -> Card:  # noqa: FBT001 - filled in by partial
    return digests.card(digest(made(words)), partnership(words), language="en", to_group=to_group)


def _cell(shape: str, label: str, words: str) -> Card:
    return cards.draw("cell", READER, cell={"shape": shape, "label": label or words})


def _author(by: str, name: str, words: str) -> Card:
    return cards.draw("author", READER, quote={"by": by, "name": name or words}, name_room=48)


def _undivided(words: str) -> dict[str, Any]:
    return facts(words, signals=[])


def _brief(made: Made, count: tuple[int, int], words: str) -> Card:
    going = Going(digest(made(words)), opened(words).round, partnership(words), ())
    return digests.brief(going, language="en", words=[words] * count[0], back=[words] * count[1])


def _words(facts: tuple[bool, int, int], signed: bool, words: str) -> Card:  # noqa: FBT001 - as above
    one = {"text": words, "author": cards.short(words, 200) if signed else ""}
    private, page, pages = facts
    return cards.draw("words", READER, digest=LARGE, private=private, words=[one], page=page, pages=pages)


def briefed() -> Iterator[Scene]:
    kinds: dict[str, Made] = {"parted": facts, "nothing": nothing, "undivided": _undivided, "heard": crowded}
    for (state, made), count in product(kinds.items(), ((0, 0), (1, 0), (0, 1), (60, 60))):
        yield Scene("brief", f"{state} {count}", partial(_brief, made, count))
    for private, page, pages, signed in product((False, True), (0, 1), (1, 2), (False, True)):
        state = f"{private} {page} {pages} {signed}"
        yield Scene("words", state, partial(_words, (private, page, pages), signed))


def going_wrong() -> Iterator[Scene]:
    yield Scene("refused", "", drawn("refused", said=same))
    for kind in ("text", "command", "other"):
        yield Scene("unknown", kind, drawn("unknown", home="Where you are", kind=kind))
    yield from above_the_phones()
    for letters in ({"invitation": 1}, {"brief": 2, "digest": 1}, {"invitation": 2, "digest": 40}):
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
