"""What a person makes of a card on their phone: what it wants, and which button is which."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

PROGRESS = re.compile(r"^\s*(?:question\s+)?\d+\s*(?:of|/)\s*\d+\b[\s·:.\-]*", re.IGNORECASE)
ASIDE = re.compile(
    r"^\W*(?:your answer|you (?:answered|chose|said|picked|wrote))\b.*$", re.IGNORECASE | re.MULTILINE
)
RATING = re.compile(r"^\W*([1-9])(?!\d)")
JOIN = re.compile(r"^(join|take part|count me in|i.?m in)\b")
YES = re.compile(r"^(yes|ok|okay|i agree|accept)\b")
DECLINE = re.compile(r"^(not now|no,? thanks|no thank you)\b")
OPEN = re.compile(
    r"^(start|begin|open|go on|continue|resume|answer)( now| again| it)?$|^open (the|today.s) questions$"
)
SHOWING = re.compile(r"\b(quote|quoted|no name|my name|facilitator only|someone at|anonymous)")
VERDICT = re.compile(r"how i see it|^not quite|^that.s (right|it)")
CHANGE = re.compile(r"^change\b")
PASS_BY = re.compile(r"^(skip|keep it|keep)\b")
BACK = re.compile(r"^(back|previous)\b")
NAVIGATION = re.compile(
    r"^(skip|keep|back|why|not this week|not now|who runs|change|raise|cancel|stop|previous|next|done\W*$"
    r"|finish|help|what (is|happens|are)|leave|pause|read|see|show|later|menu|send|clear|i want to|my data"
    r"|withdraw|take my)\b"
)
DONE = re.compile(r"^(done|finish)$")
ALL_THAT_FIT = re.compile(r"\ball that (fit|apply)\b", re.IGNORECASE)
BOUNDS = re.compile(r"\bnumber from (-?\d+) to (-?\d+)\b", re.IGNORECASE)
TICKED = re.compile(r"^\W*[✓✔☑✅]\ufe0f?\s*")
KEPT = re.compile(r"\b(is|are) kept\b(?! no)", re.IGNORECASE)
REFUSED = re.compile(
    r"not stored|nothing was stored|didn.t reach|did not reach|closed|too late|expired|try again|once more",
    re.IGNORECASE,
)
ASKS = ("rating", "several", "number", "text")  # the kinds of card on which something is answered
FEWEST_STEPS = 3
PAIR = 2


@dataclass(frozen=True)
class Button:
    label: str
    data: str

    @property
    def word(self) -> str:
        """The label as one reads it: no emoji or arrows before and after."""
        return re.sub(r"^\W+|\W+$", "", self.label.lower().replace("\u2019", "'"))

    @property
    def name(self) -> str:
        """The label without the tick of what was chosen."""
        return TICKED.sub("", self.label)

    @property
    def ticked(self) -> bool:
        return TICKED.match(self.label) is not None


@dataclass(frozen=True)
class Seen:
    """A message of the bot as the phone shows it."""

    id: int
    text: str
    buttons: tuple[Button, ...]
    date: datetime
    asks: bool = False  # the phone opened the writing field for it

    @property
    def sign(self) -> tuple[object, ...]:
        return self.text, self.buttons


def kind(card: Seen) -> str:
    """One of join, invitation, digest, rating, several, number, showing, text, menu (of answers to change)
    and done.
    """
    heard = [button.word for button in card.buttons]
    declines = any(DECLINE.match(word) for word in heard)
    if any(JOIN.match(word) or (declines and YES.match(word)) for word in heard):
        return "join"
    if any(OPEN.match(word) for word in heard):
        return "invitation"
    if any(VERDICT.search(word) for word in heard):
        return "digest"
    return _inner_kind(card, heard)


def _inner_kind(card: Seen, heard: Sequence[str]) -> str:
    if bounds(card):
        return "number"
    if ratings(card):
        return "several" if ALL_THAT_FIT.search(card.text) else "rating"
    if sum(bool(SHOWING.search(word)) for word in heard) >= PAIR:
        return "showing"
    if card.asks or any(PASS_BY.match(word) for word in heard):
        return "text"
    return "menu" if len(numbered(card)) >= PAIR else "done"


def numbered(card: Seen) -> dict[Button, int]:
    return {button: int(match[1]) for button in card.buttons if (match := RATING.match(button.label))}


def ratings(card: Seen) -> dict[Button, int]:
    """The buttons one can rate with and what each is worth: its digit, or its place in the row."""
    if not (PROGRESS.match(card.text) or any(PASS_BY.match(button.word) for button in card.buttons)):
        return {}
    if len(digits := numbered(card)) >= FEWEST_STEPS:
        return digits
    plain = [button for button in card.buttons if not NAVIGATION.match(button.word)]
    if len(plain) < PAIR or any(SHOWING.search(button.word) for button in plain):
        return {}
    return {button: place for place, button in enumerate(plain, start=1)}


def bounds(card: Seen) -> tuple[int, int] | None:
    """The least and the most of the number that is to be typed; None where none is asked for."""
    found = BOUNDS.search(card.text)
    return (int(found[1]), int(found[2])) if found else None


def question(card: Seen) -> str:
    """What is asked, without "3 of 6" and without what was answered before."""
    text = ASIDE.sub("", PROGRESS.sub("", card.text, count=1))
    return re.sub(r"\s*\n\s*", "\n", text).strip()


def first(card: Seen, pattern: re.Pattern[str]) -> Button | None:
    return next((button for button in card.buttons if pattern.search(button.word)), None)


def confirmed(asked: str, before: Seen, after: Seen | None, notices: Sequence[tuple[str, bool]]) -> bool:
    """Whether the phone showed that a rating was taken: by what came next, or a notice that is no alert."""
    if any(alert for _, alert in notices):
        return False
    if any(text and not REFUSED.search(text) for text, _ in notices):
        return True
    if after is not None and before.sign != after.sign:
        what = kind(after)
        moved_on = what in (*ASKS, "showing") and question(after) != asked
        ticked = what == "several" and question(after) == asked
        return moved_on or ticked or not REFUSED.search(after.text)
    return False


def taken(before: Seen, now: Seen | None, after: Seen | None) -> bool:
    """Whether the phone showed that typed words were taken: their question says so, or one was asked on.

    `before` and `now` are the question as it was and as it is, `after` is what came.
    """
    if now is not None and KEPT.search(now.text):
        return True
    if after is None or not PROGRESS.match(after.text):
        return False
    what = kind(after)
    return what == "showing" or (what in ASKS and question(after) != question(before))
