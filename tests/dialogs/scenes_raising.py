"""Every card about what people raise: the author's, the facilitator's, and those that come by themselves."""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial
from itertools import product
from typing import Any

from dialogs import raising
from dialogs.cards import short
from facilitation.raised import KINDS_HEARD
from facilitation.replies import KINDS
from facilitation.withholding import REASONS
from tests.cast import OPENS
from tests.dialogs.published import LARGE
from tests.dialogs.scenes import READER, Scene, drawn, partnership, same

UNTIL = date(2026, 11, 20)
KEYS = {"raised": LARGE, "partnership": LARGE}


def scenes() -> Iterator[Scene]:
    yield from _parts()
    yield from _saying()
    yield from _mine()
    yield from _coming()
    yield from _owed()
    yield from _replying()
    yield from _withholding()


def own(words: str, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever a card needs
    facts = {
        "id": LARGE,
        "text": words,
        "state": "owed",
        "raised": OPENS,
        "owed_by": OPENS + timedelta(days=14),
        "late": False,
        "withheld": "",
        "reply": "",
        "heard": "",
    }
    return facts | changes


def _replied(words: str, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever a card needs
    reply = raising.reply("negotiating", words, UNTIL, READER)
    return own(words, state="replied", reply=reply, **changes)


def _withheld(made: Any, words: str) -> dict[str, Any]:  # noqa: ANN401 - one of the two above
    found: dict[str, Any] = made(words, withheld=raising.reason(words, READER))
    return found


OWN = {
    "choice": partial(own, state="choice"),
    "night": partial(own, state="night"),
    "owed": own,
    "late": partial(own, late=True),
    "withheld": partial(_withheld, own),
    "replied": _replied,
    "replied, withheld": partial(_withheld, _replied),
} | {f"heard {word}": partial(_replied, heard=word) for word in KINDS_HEARD[1:]}


def _parts() -> Iterator[Scene]:
    for reason in (*REASONS, same):
        yield Scene("reasons", getattr(reason, "__name__", str(reason)), drawn("reasons", reason=reason))
    for kind, words, until in product(KINDS, ("", same), (None, OPENS)):
        facts = {"kind": kind, "words": words, "until": until}
        yield Scene("reply", f"{kind} {bool(words)} {bool(until)}", drawn("reply", **facts))
    for state, made in OWN.items():
        yield Scene("raise_state", state, drawn("raise_state", own=made, room=160))


def _saying() -> Iterator[Scene]:
    for danger, before, waits in product((False, True), repeat=3):
        whose = partial(_dangerous, danger)
        facts = {"partnership": whose, "owed_by": OPENS, "before": before, "waits": waits}
        yield Scene("raise", f"{danger} {before} {waits}", drawn("raise", **facts))
    for name, chosen, waited in product(("", same), (None, "quoted"), (False, True)):
        facts = {"name": name, "organisation": same, "text": same, "choice": "quoted, no name", **KEYS}
        state = f"{bool(name)} {chosen} {waited}"
        yield Scene("raise_how", state, drawn("raise_how", chosen=chosen, waited=waited, **facts))


def _dangerous(danger: bool, words: str) -> Any:  # noqa: ANN401, FBT001 - filled in by partial
    return partnership(words, danger=words if danger else "")


def _mine() -> Iterator[Scene]:
    for state, made in OWN.items():
        for just in ("", "chosen", "reworded"):
            facts = {"own": made, "choice": "quoted, no name", **KEYS}
            yield Scene("raise_one", f"{state} {just}", drawn("raise_one", just=just, **facts))
        yield Scene("raise_back", state, drawn("raise_back", own=made, **KEYS))
    for back in (False, True):
        none = {"rows": [], "page": 0, "pages": 1, "back": back, "partnership": LARGE}
        yield Scene("raise_mine", f"none {back}", drawn("raise_mine", **none))
    for page in range(3):
        many = {"rows": _rows, "page": page, "pages": 3, "back": False, "partnership": LARGE}
        yield Scene("raise_mine", f"page {page}", drawn("raise_mine", **many))


def _rows(words: str) -> list[dict[str, Any]]:
    label = short(words, raising.BESIDE)
    return [own(words) | {"label": label, "stands": short(words, 160)} for _ in range(raising.A_PAGE)]


def _coming() -> Iterator[Scene]:
    yield Scene("raise_replied", "", drawn("raise_replied", own=_replied, **KEYS))
    yield Scene("raise_heard", "", drawn("raise_heard", own=_replied, **KEYS))
    for word in KINDS_HEARD[1:]:
        made = partial(_replied, heard=word)
        yield Scene("raise_thanks", word, drawn("raise_thanks", own=made, **KEYS))
    for state in ("withheld", "replied, withheld"):
        yield Scene("raise_withheld", state, drawn("raise_withheld", own=OWN[state], **KEYS))
    yield Scene("raise_noted", "", drawn("raise_noted", partnership=LARGE))


def one(words: str, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever a card needs
    facts = {
        "id": LARGE,
        "text": words,
        "label": short(words, raising.BESIDE),
        "author": words,
        "raised": OPENS,
        "waits": 5,
        "owed_by": OPENS + timedelta(days=14),
        "late": False,
        "quotable": True,
        "withheld": "",
        "reply": "",
    }
    return facts | changes


def _answered(words: str) -> dict[str, Any]:
    return one(words, reply=raising.reply("declined", words, None, READER))


def _held(words: str) -> dict[str, Any]:
    return one(words, withheld=raising.reason("names", READER))


ONE = {
    "quoted": one,
    "late": partial(one, late=True),
    "alone": partial(one, author="", quotable=False),
    "replied": _answered,
    "withheld": _held,
}


def _owed() -> Iterator[Scene]:
    for old, others in product((False, True), (0, 3)):
        facts = {"old": old, "others": others, "partnership": LARGE}
        none = {"rows": [], "count": 0, "page": 0, "pages": 1}
        yield Scene("owed", f"none {old} {others}", drawn("owed", **none, **facts))
        for page in range(3):
            rows = partial(_several, old)
            many = {"rows": rows, "count": 12, "page": page, "pages": 3}
            yield Scene("owed", f"page {page} {old} {others}", drawn("owed", **many, **facts))


def _several(old: bool, words: str) -> list[dict[str, Any]]:  # noqa: FBT001 - filled in by partial
    return [
        _answered(words) if old else one(words, waits=waits, late=waits > 3)
        for waits in range(raising.A_PAGE)
    ]


def _replying() -> Iterator[Scene]:
    shown = {"partnership": LARGE}
    for state, made in ONE.items():
        for just in ("", "sent", "withheld", "shown"):
            yield Scene("owed_one", f"{state} {just}", drawn("owed_one", one=made, just=just, **shown))
        facts = {"reply": partial(_reply, "agreed"), "mark": 2**32 - 1, **shown}
        yield Scene("owed_preview", state, drawn("owed_preview", one=made, **facts))
    for kind, words, waits, (state, made) in product(
        KINDS, ("", same), (True, False), [("quoted", one), ("alone", ONE["alone"])]
    ):
        facts = {"kind": kind, "words": words, "needed": kind in KINDS[2:], "waits": waits, **shown}
        name = f"{kind} {bool(words)} {waits} {state}"
        yield Scene("owed_words", name, drawn("owed_words", one=made, **facts))
    for kind in KINDS[:2]:
        ahead = [(name, LARGE, OPENS) for name in ("weeks", "month", "quarter")]
        yield Scene("owed_until", kind, drawn("owed_until", one=one, kind=kind, days=ahead, **shown))
    for waits in (True, False):
        yield Scene("owed_date", str(waits), drawn("owed_date", one=one, waits=waits, **shown))


def _reply(kind: str, words: str) -> str:
    return raising.reply(kind, words, UNTIL, READER)


def _withholding() -> Iterator[Scene]:
    yield Scene("hold", "", drawn("hold", one=one, partnership=LARGE))
    for waits in (True, False):
        yield Scene("hold_why", str(waits), drawn("hold_why", one=one, waits=waits, partnership=LARGE))
