"""The simulated people of the sandbox: at their own times they tap and type like anybody else."""

import asyncio
import re
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sandbox import cards, phones, sittings, temperaments
from sandbox.choosing import Mind, Stance
from sandbox.control import route
from sandbox.refusals import Mistaken
from sandbox.sittings import Errand, GaveUp, Person, Sitting
from sandbox.utterances import Line
from sandbox.world import Json, Telegram

RETRY = timedelta(hours=2)


class _Given(BaseModel):
    model_config = ConfigDict(extra="forbid")


class GivenStance(_Given):
    match: str
    levels: Annotated[list[float], Field(min_length=1)]
    spread: Annotated[float, Field(ge=0)] = 0.8

    def stance(self) -> Stance:
        try:
            return Stance(re.compile(self.match, re.IGNORECASE), tuple(self.levels), self.spread)
        except re.error as error:
            raise Mistaken(f"stance {self.match!r}: {error}") from None


class GivenLine(_Given):
    from_week: int = 0
    say: Annotated[str, Field(min_length=1)]
    chance: Annotated[float, Field(ge=0, le=1)] = 0.7
    show: str = ""


class GivenPerson(_Given):
    user: int
    temperament: str = "prompt"
    invite: str = ""
    joins: datetime | None = None
    stances: list[GivenStance] = []
    guess: list[GivenStance] = []
    texts: list[GivenLine] = []


class GivenPeople(_Given):
    seed: int = 1
    start: datetime | date
    people: list[GivenPerson]


class Crowd:
    """Everybody who acts by themselves. Hears of changes as the phones' pages do."""

    def __init__(self, telegram: Telegram) -> None:
        self.telegram = telegram
        self.start = date.min
        self.people: dict[int, Person] = {}
        self.tasks: set[asyncio.Task[None]] = set()
        self.lost: list[BaseException] = []
        telegram.listeners.add(self.hear)

    def gather(self, given: GivenPeople) -> int:
        """Take these people in place of those before."""
        for one in given.people:
            self.telegram.person(one.user)
            if one.temperament not in temperaments.NAMES:
                raise Mistaken(
                    f"{one.temperament} is no temperament; there are {', '.join(temperaments.NAMES)}"
                )
        people = {one.user: _person(one, given.seed) for one in given.people}
        self.dismiss()
        self.start = _day(given.start)
        self.people = people
        for one in given.people:
            self._first_plans(people[one.user], one)
        return len(people)

    def _first_plans(self, person: Person, given: GivenPerson) -> None:
        if given.invite:
            joins = _aware(given.joins or datetime.combine(self.start, time(8), temperaments.HOME))
            person.plan("join", Errand(joins, "join", temperaments.week_of(joins, self.start)))
        for at, what in temperaments.absences(given.temperament, self.start):
            person.plan(what, Errand(at.astimezone(UTC), what, temperaments.week_of(at, self.start)))
        self._look(person)

    def dismiss(self) -> None:
        for task in self.tasks:
            task.cancel()
        self.people = {}

    def hear(self, event: Json) -> None:
        """Something happened on a phone; whoever waits for it goes on."""
        person = self.people.get(event.get("user", 0))
        if person is None:
            return
        if event["type"] == "notice":
            person.notices.append((str(event["text"]), bool(event["alert"])))
        elif event["type"] == "answered":
            person.answered.add(str(event["callback"]))
        elif event["type"] == "changed" and event["chat"] == person.mind.user:
            self._look(person)
        person.stirred.set()

    def _look(self, person: Person) -> None:
        """See what arrived, and plan when to open it."""
        shown = sittings.in_sight(self.telegram, person.mind.user)
        if person.pending and not person.busy:
            # The sitting was given up, but its last tap arrives after all.
            late = next((one for one in shown if one.id == person.pending.card.id), None)
            if late and late.sign != person.pending.card.sign:
                person.settle(late, late)
        for card in shown:
            if card.id > person.newest:
                person.newest = card.id
                self._arrived(person, card)

    def _arrived(self, person: Person, card: cards.Seen) -> None:
        mind, what = person.mind, cards.kind(card)
        week = temperaments.week_of(card.date, self.start)
        at = None
        if what == "invitation":
            key, chance = f"round {week}", mind.chance(week, "opening")
            at = temperaments.opening(mind.temperament, card.date, week=week, chance=chance)
        elif what == "digest":
            key, what, chance = f"digest {week}", "digest", mind.chance(week, "reading")
            at = temperaments.reading(mind.temperament, card.date, week=week, chance=chance)
        else:
            return
        kind = "digest" if what == "digest" else "round"
        if at is None:
            person.planned.add(key)
        else:
            person.plan(key, Errand(at, kind, week, since=card.date, message=card.id))

    def next(self) -> datetime | None:
        return min(
            (errand.at for one in self.people.values() for errand in one.errands.values()), default=None
        )

    def act(self, now: datetime) -> int:
        """Everybody due begins; returns how many did something."""
        acted = 0
        for person in self.people.values():
            if person.busy:
                continue
            due = sorted((errand.at, key) for key, errand in person.errands.items() if errand.at <= now)
            if due:
                acted += self._begin(person, due[0][1], now=now)
        return acted

    def _begin(self, person: Person, key: str, *, now: datetime) -> bool:
        errand = person.errands.pop(key)
        user = person.mind.user
        if errand.what == "block":
            phones.block(self.telegram, user)
            return True
        if errand.what == "return":
            phones.restart(self.telegram, user)
            return True
        sitting = Sitting(self.telegram, person, errand)
        person.busy = True
        try:
            begun = sitting.begin()
        except Mistaken:
            begun = False
        if not begun:
            person.busy = False
            return False
        task = asyncio.get_running_loop().create_task(self._sit(sitting, key, now=now))
        self.tasks.add(task)
        task.add_done_callback(self._done)
        return True

    async def _sit(self, sitting: Sitting, key: str, *, now: datetime) -> None:
        person, errand = sitting.person, sitting.errand
        try:
            await sitting.go_on()
        except (GaveUp, Mistaken):
            person.counts["gave_up"] += 1
            if not errand.again:
                later = Errand(
                    now + RETRY, errand.what, errand.week, errand.since, errand.message, again=True
                )
                person.plan(f"{key} again", later)
        finally:
            person.busy = False

    def _done(self, task: asyncio.Task[None]) -> None:
        self.tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self.lost.append(error)

    async def idle(self, *, wait: float = 0) -> bool:
        """Whether nobody is in the middle of something, at the latest after `wait` machine seconds.

        A mistake of ours inside a sitting comes out here.
        """
        if self.tasks and wait:
            await asyncio.wait(self.tasks, timeout=wait)
        if self.lost:
            raise self.lost.pop()
        return not self.tasks

    def report(self) -> Json:
        people = self.people.values()
        total = sum((one.counts for one in people), Counter[str]())
        names = ("sittings", "gave_up", "taps", "texts", "ticks")
        return {
            **{name: total[name] for name in names},
            "by_user": {one.mind.user: {name: one.counts[name] for name in names} for one in people},
            "ticked": [row for one in people for row in _ticked(one)],
        }


def _person(given: GivenPerson, seed: int) -> Person:
    mind = Mind(
        seed,
        given.user,
        given.temperament,
        stances=tuple(one.stance() for one in given.stances),
        guesses=tuple(one.stance() for one in given.guess),
        lines=tuple(Line(one.from_week, one.say, one.chance, one.show) for one in given.texts),
    )
    return Person(mind, given.invite)


def _ticked(person: Person) -> Iterable[Json]:
    for tick in person.ticked.values():
        yield {
            "user": person.mind.user,
            "week": tick.week,
            "message": tick.card.id,
            "question": tick.question,
            "value": tick.value,
            "label": tick.label,
            "chosen": None if tick.chosen is None else sorted(tick.chosen),
            "words": tick.words,
        }


def _day(start: datetime | date) -> date:
    return start.astimezone(temperaments.HOME).date() if isinstance(start, datetime) else start


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=temperaments.HOME)


CROWDS: web.AppKey[dict[int, Crowd]] = web.AppKey("crowds", dict)


def _crowd(telegram: Telegram, request: web.Request) -> Crowd:
    """The people of this bot's world; each bot of a sandbox has its own."""
    crowds = request.app[CROWDS]
    if telegram.bot.id not in crowds:
        crowds[telegram.bot.id] = Crowd(telegram)
    return crowds[telegram.bot.id]


def gather(telegram: Telegram, request: web.Request, body: Json) -> Json:
    try:
        given = GivenPeople.model_validate(body)
    except ValidationError as error:
        raise Mistaken(str(error)) from None
    return {"people": _crowd(telegram, request).gather(given)}


def coming(telegram: Telegram, request: web.Request, _: Json) -> Json:
    at = _crowd(telegram, request).next()
    return {"at": at.astimezone(UTC).isoformat() if at else None}


async def act(telegram: Telegram, request: web.Request, body: Json) -> Json:
    return {"acted": _crowd(telegram, request).act(_aware(datetime.fromisoformat(body["now"])))}


async def idle(telegram: Telegram, request: web.Request, _: Json) -> Json:
    wait = float(request.query.get("wait", "0"))
    return {"idle": await _crowd(telegram, request).idle(wait=wait)}


def report(telegram: Telegram, request: web.Request, _: Json) -> Json:
    return _crowd(telegram, request).report()


async def leave(app: web.Application) -> None:
    for crowd in app[CROWDS].values():
        crowd.dismiss()


def routes(app: web.Application, telegram: Telegram) -> None:
    """Let the people of this Telegram be set up, asked to act, and counted."""
    app[CROWDS] = {telegram.bot.id: Crowd(telegram)}
    app.router.add_post("/control/people", route(gather))
    app.router.add_get("/control/people/next", route(coming))
    app.router.add_post("/control/people/act", route(act))
    app.router.add_get("/control/people/idle", route(idle))
    app.router.add_get("/control/people/report", route(report))
    app.on_cleanup.append(leave)
