"""What a person does next with the card on their phone. Pure, and seeded by who, when and what is asked."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from sandbox import cards
from sandbox.cards import Button, Seen
from sandbox.temperaments import TEMPERAMENTS, Temperament, of, whim
from sandbox.utterances import Line, stray, words

OTHERS = re.compile(r"\b(most )?(others|other people|everyone else|the rest of us)\b", re.IGNORECASE)
DEFAULT_LEVEL, DEFAULT_SPREAD = 3.6, 0.9
LOW, HIGH, STEPS = 2.6, 3.4, 5


@dataclass(frozen=True)
class Stance:
    """Where somebody stands, week by week, on questions that match."""

    match: re.Pattern[str]
    levels: tuple[float, ...]
    spread: float = 0.8


@dataclass(frozen=True)
class Mind:
    """What one person thinks, and how they are."""

    seed: int
    user: int
    temperament: str
    stances: tuple[Stance, ...] = ()
    guesses: tuple[Stance, ...] = ()
    lines: tuple[Line, ...] = ()

    def manner(self, week: int) -> str:
        return of(self.temperament, week)

    def habits(self, week: int) -> Temperament:
        return TEMPERAMENTS[self.manner(week)]

    def chance(self, *about: object) -> Random:
        return whim(self.seed, self.user, *about)


@dataclass(frozen=True)
class Move:
    """One thing to do: tap a button or type a text.

    `question` is what it answers, "" for none, and `value` what a rating is worth. `shows`: it says how words
    may be shown.
    """

    tap: Button | None = None
    say: str = ""
    value: int | None = None
    question: str = ""
    shows: bool = False
    twice: bool = False
    stray: bool = False


def move(mind: Mind, card: Seen, *, week: int, tried: int = 0) -> Move | None:
    """The next thing to do; None if there is nothing. `tried` counts earlier visits to this question."""
    what = cards.kind(card)
    chance = mind.chance(week, cards.question(card), tried)
    if what == "join":
        return Move(tap=cards.first(card, cards.JOIN) or cards.first(card, cards.YES))
    if what == "invitation":
        return Move(tap=cards.first(card, cards.OPEN))
    if what == "showing":
        return Move(tap=_showing(mind, card, chance), shows=True)
    if what == "text":
        return _write(mind, card, week=week, chance=chance, tried=tried)
    ways = {"rating": _rate, "several": _tick, "number": _count}
    return ways[what](mind, card, week=week, chance=chance, tried=tried) if what in ways else None


def afterthought(mind: Mind, card: Seen, *, week: int) -> Move | None:
    """On the last card: sometimes an answer is changed after all, and then one from the list is picked."""
    chance = mind.chance(week, "afterthought")
    change = cards.first(card, cards.CHANGE)
    if change and chance.random() < mind.habits(week).changes:
        return Move(tap=change)
    if cards.kind(card) == "menu":
        return Move(tap=chance.choice(list(cards.numbered(card))))
    return None


def verdict(mind: Mind, card: Seen, *, week: int) -> Button | None:
    """How somebody answers a digest: mostly yes."""
    ways = [button for button in card.buttons if cards.VERDICT.search(button.word)]
    chance = mind.chance(week, "verdict")
    return chance.choices(ways, weights=[4, 1, 1, 1][: len(ways)])[0] if ways else None


def level(mind: Mind, asked: str, week: int) -> tuple[float, float]:
    """Where this person stands on what is asked, and how far they scatter."""
    stances = (*mind.guesses, *mind.stances) if OTHERS.search(asked) else mind.stances
    for stance in stances:
        if stance.match.search(asked) and stance.levels:
            return stance.levels[min(week, len(stance.levels) - 1)], stance.spread
    return DEFAULT_LEVEL, DEFAULT_SPREAD


def rating(mind: Mind, card: Seen, *, week: int, chance: Random) -> tuple[Button, int]:
    """A button around the week's level, on as many steps as there are."""
    offered = cards.ratings(card)
    drawn = chance.gauss(*level(mind, cards.question(card), week))
    votes = {button.word: button for button in offered}
    if {"agree", "disagree"} <= votes.keys():
        button = votes[_vote(drawn, may_pass="pass" in votes)]
        return button, offered[button]
    top = max(offered.values())
    wanted = min(top, max(1, round(1 + (drawn - 1) * (top - 1) / (STEPS - 1))))
    return min(offered.items(), key=lambda one: abs(one[1] - wanted))


def _vote(drawn: float, *, may_pass: bool) -> str:
    if may_pass and LOW < drawn < HIGH:
        return "pass"
    return "agree" if drawn > (LOW + HIGH) / 2 else "disagree"


def _aside(mind: Mind, card: Seen, *, week: int, chance: Random, tried: int) -> Move | None:
    """What somebody does in place of answering: types something, goes back, or passes the question by."""
    habits = mind.habits(week)
    if tried == 0 and chance.random() < habits.strays:
        return Move(say=stray(mind.manner(week), chance), stray=True)
    back = cards.first(card, cards.BACK)
    if back and tried <= 1 and chance.random() < habits.back:
        return Move(tap=back)
    skip = cards.first(card, cards.PASS_BY)
    return Move(tap=skip) if skip and chance.random() < habits.skips else None


def _rate(mind: Mind, card: Seen, *, week: int, chance: Random, tried: int) -> Move:
    if aside := _aside(mind, card, week=week, chance=chance, tried=tried):
        return aside
    button, value = rating(mind, card, week=week, chance=chance)
    twice = chance.random() < mind.habits(week).twice
    return Move(tap=button, value=value, question=cards.question(card), twice=twice)


def _tick(mind: Mind, card: Seen, *, week: int, chance: Random, tried: int) -> Move:
    """The next option to tick or to take back; Done when those that fit are ticked."""
    if aside := _aside(mind, card, week=week, chance=chance, tried=tried):
        return aside
    options = list(cards.ratings(card))
    fits = _fitting(mind, options, week=week, asked=cards.question(card))
    slip = tried == 0 and chance.random() < mind.habits(week).changes
    wanted = {button.name for button in options} - fits if slip else fits
    for button in options:
        if (button.name in wanted) != button.ticked:
            twice = chance.random() < mind.habits(week).twice
            return Move(tap=button, question=cards.question(card), twice=twice)
    return Move(tap=cards.first(card, cards.DONE) or cards.first(card, cards.PASS_BY))


def _fitting(mind: Mind, options: Sequence[Button], *, week: int, asked: str) -> set[str]:
    """One to three of the options, the same whenever one looks; "none of these" stands alone."""
    chance = mind.chance(week, asked, "fits")
    drawn = chance.sample([button.name for button in options], k=min(len(options), chance.randint(1, 3)))
    nothing = [name for name in drawn if name.lower().startswith("none")]
    return set(nothing or drawn)


def _count(mind: Mind, card: Seen, *, week: int, chance: Random, tried: int) -> Move:
    """A number typed, mostly a small one, in the ways people write one; at first perhaps something else."""
    least, most = cards.bounds(card) or (0, 0)
    aside = _aside(mind, card, week=week, chance=chance, tried=tried)
    if aside and aside.say:
        return Move(say=aside.say, question=cards.question(card))
    if aside:
        return aside
    value = least + round((most - least) * chance.random() ** 3)
    written = chance.choice(("{}", "{}", "{}", "{}", "about {}", "{}, I think"))
    return Move(say=written.format(value), question=cards.question(card))


def _write(mind: Mind, card: Seen, *, week: int, chance: Random, tried: int) -> Move:
    said = words(mind.manner(week), mind.lines, week, chance, writes=mind.habits(week).writes)
    skip = cards.first(card, cards.PASS_BY)
    if skip and (not said or tried > 1):
        return Move(tap=skip)
    return Move(say=said or "-", question=cards.question(card))


def _showing(mind: Mind, card: Seen, chance: Random) -> Button:
    """As one meant it when one wrote it, where the card says what that was; else mostly quoted.

    Whoever types nonsense or markup mostly leaves it with the facilitator, so that others are still read.
    """
    ways = [button for button in card.buttons if cards.SHOWING.search(button.word)]
    meant = next((line.show for line in mind.lines if line.show and line.say in card.text), None)
    for button in ways:
        if meant and meant.lower() in button.word:
            return button
    shy = mind.temperament in ("nonsense", "hostile")
    usual = [1, 0, 0, 9, 0, 0, 0, 0] if shy else [5, 2, 1, 3, 1, 1, 1, 1]
    return chance.choices(ways, weights=usual[: len(ways)])[0]
