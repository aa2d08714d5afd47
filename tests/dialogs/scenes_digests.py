"""The digest and the brief in every state a published round can be in, and how a quote is kept out."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from typing import Any

from dialogs import briefs, cards, digests, glances, withholding
from dialogs.cards import Card
from facilitation import skipping
from facilitation import withholding as verbs
from facilitation.digests import Going
from tests.cast import CLOSES, OPENS
from tests.dialogs.published import (
    LARGE,
    SHAPES,
    TALLIES,
    TURNOUTS,
    WORDED,
    crowded,
    digest,
    facts,
    nothing,
    raised,
    spoken,
    states,
    tally,
)
from tests.dialogs.scenes import READER, Scene, drawn, opened, partnership, same

Made = Callable[[str], dict[str, Any]]


def scenes() -> Iterator[Scene]:
    for state, made in states().items():
        for to_group in (False, True):
            yield Scene("digest", f"{state}, group {to_group}", partial(_digest_card, made, to_group))
    yield Scene(
        "caption", "", lambda words: glances.caption(digest(facts(words)), partnership(words), language="en")
    )
    yield Scene("picture", "", drawn("picture", title="pulse", number=14, opened=OPENS, closed=CLOSES))
    yield from _parts()
    yield from _briefed()
    yield from _kept_out()
    for kind, waiting in product(("word", "kept", "same", "other", "missing"), ("", same)):
        if kind == "word" or not waiting:
            name = f"{kind} {bool(waiting)}"
            yield Scene("said_back", name, drawn("said_back", kind=kind, waiting=waiting))


def _parts() -> Iterator[Scene]:
    """What digests and briefs are put together from."""
    yield Scene("cell", "organisation", partial(_cell, "organisation", ""))
    for by in ("name", "organisation"):
        yield Scene("author", by, partial(_author, by, ""))
    for shape, label in [("others", "others"), *(("kind", kind) for kind in SHAPES)]:
        yield Scene("cell", f"{shape} {label}", partial(_cell, shape, label))
    for by, name in [("back", "-"), ("partner", "-"), *(("kind", kind) for kind in SHAPES)]:
        yield Scene("author", f"{by} {name}", partial(_author, by, name))
    for low, _, parts in TURNOUTS[1:]:
        yield Scene("answered_back", f"{low} of {parts}", drawn("answered_back", part=(low, parts)))
    for kind, share, partly in TALLIES:
        told = tally(kind, share, partly=partly)
        yield Scene("tally", f"{kind} {share} {partly}", drawn("tally", tally=told, option=WORDED["en"]))


def _digest_card(made: Made, to_group: bool, words: str) -> Card:  # noqa: FBT001 - filled in by partial
    return digests.card(digest(made(words)), partnership(words), language="en", to_group=to_group)


def _cell(shape: str, label: str, words: str) -> Card:
    return cards.draw("cell", READER, cell={"shape": shape, "label": label or words})


def _author(by: str, name: str, words: str) -> Card:
    quote = {"by": by, "name": name or words}
    return cards.draw("author", READER, quote=quote, name_room=48, speaks_for=False)


def _undivided(words: str) -> dict[str, Any]:
    return facts(words, signals=[])


def _silent(words: str) -> dict[str, Any]:
    return spoken(words, quotes=[])


def _brief(made: Made, count: tuple[int, int, int], words: str, *, reason: str = "") -> Card:
    listed = tuple(raised(words, at) for at in range(count[2]))
    round_ = opened(words).round
    round_.reason = reason
    going = Going(digest(made(words)), round_, partnership(words), (), listed)
    return briefs.brief(going, language="en", words=[words] * count[0], back=[words] * count[1])


def _words(facts: tuple[bool, int, int], signed: bool, words: str) -> Card:  # noqa: FBT001 - as above
    private, page, pages = facts
    one = {"text": words, "author": cards.short(words, 200) if signed else "", "question": ""}
    asked = one | {"question": "" if private else WORDED["en"], "text": cards.short(words, 300)}
    found = [one, asked]
    return cards.draw("words", READER, digest=LARGE, private=private, words=found, page=page, pages=pages)


def _briefed() -> Iterator[Scene]:
    kinds: dict[str, Made] = {
        "parted": facts,
        "nothing": nothing,
        "undivided": _undivided,
        "heard": crowded,
        "spoken": spoken,
        "silent": _silent,
    }
    counts = ((0, 0, 0), (1, 0, 0), (0, 1, 1), (60, 60, 60))
    for (state, made), count in product(kinds.items(), counts):
        yield Scene("brief", f"{state} {count}", partial(_brief, made, count))
    yield Scene("brief", "too late", partial(_brief, facts, counts[0], reason=skipping.LATE))
    for private, page, pages, signed in product((False, True), (0, 1), (1, 2), (False, True)):
        state = f"{private} {page} {pages} {signed}"
        yield Scene("words", state, partial(_words, (private, page, pages), signed))

    nothing_left = {"private": False, "words": [], "page": 0, "pages": 1, "digest": LARGE}
    yield Scene("words", "none left", drawn("words", **nothing_left))


def _kept_out() -> Iterator[Scene]:
    for quotes in (0, 3):
        yield Scene("preview", str(quotes), drawn("preview", digest=LARGE, quotes=quotes))
    yield Scene("preview", "whole", _preview)
    for count, more, withheld, page in (
        (0, False, 1, 0),
        (1, False, 0, 0),
        (5, True, 2, 0),
        (5, False, 3, 1),
    ):
        told = {"digest": LARGE, "page": page, "more": more, "withheld": withheld}
        yield Scene(
            "keepout", f"{count} {more} {withheld}", drawn("keepout", quotes=partial(_told, count), **told)
        )
    yield Scene("keepout_why", "", drawn("keepout_why", digest=LARGE, quote=_one, reasons=_reasons))
    kept_out = {"partnership": same, "text": same, "why": lambda words: _reasons(words)[0]}
    for complaints in (False, True):
        yield Scene("kept_out", f"{complaints}", drawn("kept_out", complaints=complaints, **kept_out))


def _preview(_: str) -> Card:
    """Digests have scenes of their own; this one is the same whatever people write."""
    made = digest(spoken(WORDED["en"]))
    return withholding.preview(digests.card(made, partnership(), language="en"), made, READER)


def _told(count: int, words: str) -> list[dict[str, object]]:
    return [_one(words) for _ in range(count)]


def _one(words: str) -> dict[str, object]:
    return {"text": cards.short(words, 300), "author": cards.short(words, 60), "mark": 2**56 - 1}


def _reasons(_: str) -> list[str]:
    return [cards.plain(cards.draw("reasons", READER, reason=reason).text) for reason in verbs.REASONS]
