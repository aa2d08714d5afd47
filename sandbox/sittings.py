"""One person at their phone: each tap waits for what the phone shows next, as with anybody else."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from aiogram.types import Message

from sandbox import cards, choosing, phones
from sandbox.cards import Seen
from sandbox.choosing import Mind, Move
from sandbox.refusals import Mistaken
from sandbox.utterances import pieces
from sandbox.world import Room, Telegram

# Machine seconds. A card without buttons may be followed by one with; the next message of a bot that
# paces itself comes after a second.
PATIENCE, SETTLING, AFTER_TEXT, STRAY = 5.0, 0.25, 2.0, 0.7
IN_SIGHT = 12
LONGEST = 80
OLD = timedelta(days=5)
RETRIES = 2
ENTRIES = 3


class GaveUp(Exception):  # noqa: N818 - people do; it is no fault of the program
    """The phone did not react in time."""


@dataclass
class Tick:
    """Something one answered: what it was taken for, and the card it was answered on.

    `value` is what a rating is worth; `label` the button, for words the one that says how they are shown;
    `chosen` every option now chosen where several may be; `words` what was typed.
    """

    card: Seen
    week: int
    question: str
    value: int | None = None
    label: str = ""
    chosen: frozenset[str] | None = None
    words: str = ""

    def shown(self, after: Seen | None, now: Seen | None, notices: Sequence[tuple[str, bool]]) -> bool:
        """Whether the phone showed that it was taken; `now` is the card it was answered on as it is now."""
        if self.words and not self.label:
            return cards.taken(self.card, now, after)
        return cards.confirmed(cards.question(self.card), self.card, after, notices)


@dataclass
class Errand:
    """Something a person wants to do at a time: join, round, digest, block, return."""

    at: datetime
    what: str
    week: int
    since: datetime | None = None
    message: int | None = None
    again: bool = False


@dataclass
class Person:
    """A simulated person: their mind, their plans, and what they believe they have answered."""

    mind: Mind
    invite: str = ""
    errands: dict[str, Errand] = field(default_factory=dict)
    planned: set[str] = field(default_factory=set)
    busy: bool = False
    newest: int = 0
    pending: Tick | None = None
    wrote: Tick | None = None
    ticked: dict[tuple[int, str], Tick] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    notices: list[tuple[str, bool]] = field(default_factory=list)
    answered: set[str] = field(default_factory=set)
    stirred: asyncio.Event = field(default_factory=asyncio.Event)

    def plan(self, key: str, errand: Errand) -> None:
        """Keep an errand, once per key however often the occasion comes."""
        if key not in self.planned:
            self.planned.add(key)
            self.errands[key] = errand

    def settle(self, after: Seen | None, now: Seen | None = None) -> None:
        """Believe, or not, that the pending answer was taken."""
        tick, self.pending = self.pending, None
        if tick and tick.shown(after, now, self.notices):
            self.counts["ticks"] += 1
            self.ticked[tick.week, tick.question] = tick
            if tick.words:
                self.wrote = tick

    def answers(self, step: Move, card: Seen, week: int) -> Tick | None:
        """What this step would answer, if it is taken."""
        if step.shows and step.tap and self.wrote and cards.PROGRESS.match(card.text):
            return replace(self.wrote, card=card, label=step.tap.name)
        if not step.question:
            return None
        if step.tap is None:
            return Tick(card, week, step.question, words="".join(pieces(step.say)[-1:]).strip())
        if step.value is not None:
            return Tick(card, week, step.question, step.value, step.tap.name)
        known = self.ticked.get((week, step.question))
        chosen, touched = known.chosen or frozenset() if known else frozenset(), {step.tap.name}
        chosen = chosen - touched if step.tap.ticked else chosen | touched
        return Tick(card, week, step.question, chosen=chosen)


def seen(message: Message, room: Room) -> Seen:
    """The message as its reader sees it; buttons that only open pages are left out."""
    rows = message.reply_markup.inline_keyboard if message.reply_markup else []
    buttons = tuple(cards.Button(b.text, b.callback_data) for row in rows for b in row if b.callback_data)
    text = message.text or message.caption or ""
    return Seen(message.message_id, text, buttons, message.date, asks=room.force_reply == message.message_id)


def in_sight(telegram: Telegram, user: int) -> list[Seen]:
    """The bot's newest messages on somebody's phone, oldest first."""
    room = telegram.rooms.get(user)
    if room is None:
        return []
    newest = [m for m in list(room.messages.values())[-2 * IN_SIGHT :] if _from_bot(telegram, m)]
    return [seen(message, room) for message in newest[-IN_SIGHT:]]


def _from_bot(telegram: Telegram, message: Message) -> bool:
    return message.from_user is not None and message.from_user.id == telegram.bot.id


class Sitting:
    """From the first tap to the last card. `begin` acts at once; `go_on` reacts until nothing is left."""

    def __init__(self, telegram: Telegram, person: Person, errand: Errand) -> None:
        self.telegram = telegram
        self.person = person
        self.errand = errand
        self.user = person.mind.user
        self.before: dict[int, tuple[object, ...]] = {}
        self.card: Seen | None = None
        self.step = Move()
        self.callback = ""
        self.visits: Counter[str] = Counter()
        self.root: Seen | None = None

    def begin(self) -> bool:
        """Do the first thing, before anybody else is asked. False if there is nothing to do."""
        if self.errand.what == "join":
            self._remember(None)
            phones.start(self.telegram, self.user, self.person.invite)
        elif not self._open():
            return False
        self.person.counts["sittings"] += 1
        return True

    def _open(self) -> bool:
        card = next((one for one in reversed(in_sight(self.telegram, self.user)) if self._wanted(one)), None)
        self.root = card
        step = self.decide(card) if card else None
        if card is None or step is None:
            return False
        self.hand(step, card)
        return True

    def _wanted(self, card: Seen) -> bool:
        if self.errand.what == "digest":
            return card.id == self.errand.message
        recent = self.errand.since is None or card.date >= self.errand.since
        return recent and cards.kind(card) in ("invitation", "showing", *cards.ASKS)

    async def go_on(self) -> None:
        """React until nothing is left to do. Raises GaveUp if the phone stays still."""
        for _ in range(LONGEST):
            card = await self.after()
            step = self.decide(card) if card else None
            if card is None or step is None:
                break
            self.hand(step, card)
        await self._rummage()

    def decide(self, card: Seen) -> Move | None:
        """What to do with this card within this errand."""
        what, mind, week = cards.kind(card), self.person.mind, self.errand.week
        if self.errand.what == "digest":
            button = choosing.verdict(mind, card, week=week)
            return Move(tap=button) if button and not self.step.tap else None
        if (what == "join") != (self.errand.what == "join"):
            return None
        if what in ("done", "menu"):
            return self._afterthought(card)
        about = cards.question(card) if what in cards.ASKS else what
        self.visits[about] += 1
        if what == "invitation" and self.visits[about] > ENTRIES:
            return None
        return choosing.move(mind, card, week=week, tried=self.visits[about] - 1)

    def _afterthought(self, card: Seen) -> Move | None:
        what = cards.kind(card)
        self.visits[what] += 1
        if self.visits[what] > 1:
            return None
        return choosing.afterthought(self.person.mind, card, week=self.errand.week)

    def hand(self, step: Move, card: Seen) -> None:
        """Tap or type."""
        self._remember(card)
        self.step = step
        self.person.pending = self.person.answers(step, card, self.errand.week) or self.person.pending
        if step.tap is None:
            for piece in pieces(step.say):
                phones.send(self.telegram, self.user, piece)
                self.person.counts["texts"] += 1
            return
        for _ in range(1 + step.twice):
            tap = phones.tap(self.telegram, self.user, card.id, data=step.tap.data)
            self.callback = self.callback or tap.id
            self.person.counts["taps"] += 1

    def _remember(self, card: Seen | None) -> None:
        self.card = card
        self.callback = ""
        self.person.notices.clear()
        self.before = {one.id: one.sign for one in in_sight(self.telegram, self.user)}

    async def after(self) -> Seen | None:
        """The card that followed; None if an alert ended it. Raises GaveUp."""
        wait = STRAY if self.step.stray else PATIENCE
        if not await self._until(self._reacted, wait):
            if self.step.stray:
                return self._now(self.card)
            raise GaveUp
        if self.callback:
            await self._until(lambda: self.callback in self.person.answered, PATIENCE)
        if self._alerted():
            self.person.settle(None)
            return self._same_again()
        if not self._with_buttons() and not self.step.stray:
            await self._until(self._with_buttons, AFTER_TEXT if self.step.say else SETTLING)
        card = self._followed()
        if card and card.buttons and self.step.say and self.step.question:
            # The question is settled after what comes next was sent.
            await self._until(self._settled, AFTER_TEXT)
        self.person.settle(card, self._now(self.card))
        # Whatever words brought, one goes back to the question unless something else is asked.
        beside = self.step.say and card is not None and not card.buttons
        return card if card and not beside else self._now(self.card)

    def _settled(self) -> bool:
        now = self._now(self.card)
        return now is None or self.card is None or now.sign != self.card.sign

    def _same_again(self) -> Seen | None:
        """After an alert the same button is tried again, but not for ever."""
        self.visits["alert"] += 1
        if self.visits["alert"] > RETRIES or self.card is None:
            return None
        self.visits[cards.question(self.card)] -= 1
        return self._now(self.card)

    def _now(self, card: Seen | None) -> Seen | None:
        return next((one for one in in_sight(self.telegram, self.user) if card and one.id == card.id), None)

    def _changed(self) -> list[Seen]:
        return [one for one in in_sight(self.telegram, self.user) if self.before.get(one.id) != one.sign]

    def _with_buttons(self) -> bool:
        return any(one.buttons or one.asks for one in self._changed())

    def _followed(self) -> Seen | None:
        changed = self._changed()
        ready = [one for one in changed if one.buttons or one.asks] or changed
        return ready[-1] if ready else None

    def _alerted(self) -> bool:
        return any(alert for _, alert in self.person.notices)

    def _reacted(self) -> bool:
        said_only = self.errand.what == "digest" and self.callback in self.person.answered
        return bool(self._changed()) or self._alerted() or said_only

    async def _until(self, condition: Callable[[], bool], seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                while not condition():
                    self.person.stirred.clear()
                    await self.person.stirred.wait()
        except TimeoutError:
            return condition()
        return True

    async def _rummage(self) -> None:
        """Now and then an old button is tapped, of a round that is long over."""
        chance = self.person.mind.chance(self.errand.week, "rummage")
        if self.root is None or chance.random() >= self.person.mind.habits(self.errand.week).old:
            return
        limit = self.root.date - OLD
        old = [one for one in in_sight(self.telegram, self.user) if one.buttons and one.date < limit]
        if not old:
            return
        card = chance.choice(old)
        with suppress(Mistaken):
            self.hand(Move(tap=chance.choice(card.buttons)), card)
            await self._until(lambda: self.callback in self.person.answered, PATIENCE)
