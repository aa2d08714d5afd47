"""Promise 5: after days in which nobody kept time, or Telegram was away, nothing stale is sent.

And what was missed is told.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import partial

import pytest
from sqlmodel import col, select

from bot import outbox
from facilitation import rounds, skipping
from storage.database import Database
from storage.rounds import Round, Schedule
from tests import hamlet, proof
from tests.bot.conftest import Stage
from tests.hamlet import Asked, Came, Hamlet, Occurrence, Phones
from tests.processes import Parley, until
from tests.sandbox_process import Sandbox

pytestmark = [pytest.mark.kill, pytest.mark.promise]

WEEKS = proof.size(ci=1, long=4)  # each with a week before it in which all is well
PEOPLE = proof.size(ci=6, long=40)
FAST = 30
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LASTS = timedelta(days=5)  # how late a digest may come
QUIET = ("20:00", "07:00")
STARTS = date(2027, 3, 22)  # a Monday; clocks change in the week away
# A daily check-in, a pulse on Tuesdays, a nudge on Thursdays; digests fall into the week away, or before it.
ASKED = (
    Asked("check-in", STARTS, 1, time(9), time(17), digest_days=1, digest=time(10)),
    Asked("pulse", STARTS + DAY, 7, time(10), time(17), window_days=3, digest_days=3),
    Asked("nudge", STARTS + 3 * DAY, 7, time(10), time(17), window_days=2, digest_days=1),
)
# Thursday, with invitations on their way; and by turns, when somebody is back: by day and by night.
LEFT = (3, time(10, 5))
BACK = ((10, time(12, 5)), (10, time(22, 5)), (11, time(16, 5)), (10, time(5, 5)))
# Or they are away for a day or a few only, from Wednesday on, with a digest on its way.
LEFT_BRIEFLY, BACK_AFTER = (2, time(10, 5)), (2, 1, 3)[: proof.size(ci=1, long=3)]
# Telegram takes nothing just before the crash, so that letters wait in the outbox.
NOTHING = {"rules": [{"do": "429", "method": "sendMessage", "share": 1.0, "retry_after": 2}], "seed": 5}


async def _nothing_due(database: Database, now: datetime) -> bool:
    async with database.reading() as session:
        waits = await rounds.due(session, now) or await skipping.overdue(session, now)
        return not waits and not await outbox.due(session, now=now)


async def _written(database: Database, now: datetime) -> bool:
    """Whether the clock has done what is due, and letters wait."""
    async with database.reading() as session:
        return not await rounds.due(session, now) and await outbox.due(session, now=now) > 0


async def _move(stage: Stage, moment: datetime) -> None:
    stage.calendar.move(moment)
    await until(partial(_nothing_due, stage.database, moment), every=0.1)


def _started(stage: Stage, world: Sandbox) -> list[Parley]:
    """All in one process on SQLite; a clock and a worker apart on PostgreSQL."""
    commands = ("run",) if stage.on_sqlite else ("clock", "worker")
    return [stage.parley(command, world, pace=FAST).start() for command in commands]


def _moments(begin: datetime, end: datetime) -> list[datetime]:
    """When somebody keeps time: at each opening, close, brief and digest."""
    found = {moment for one in _all(end) for moment in (one.opens, one.closes, one.digest - HOUR, one.digest)}
    return sorted(moment for moment in found if begin < moment < end)


Arrived = list[tuple[datetime, Came]]


async def _looked(stage: Stage, phones: Phones, moment: datetime) -> Arrived:
    await _move(stage, moment)
    return [(moment, one) for one in await phones.look()]


async def _well(stage: Stage, phones: Phones, since: datetime, left: datetime) -> None:
    """All is well."""
    for moment in _moments(since, left - timedelta(minutes=30)):
        await _move(stage, moment)
    await phones.look()


async def _crash(stage: Stage, world: Sandbox, phones: Phones, running: list[Parley], left: datetime) -> None:
    """Everything ends with letters on their way: Telegram took nothing in the last minutes."""
    await world.control("POST", "faults", NOTHING)
    stage.calendar.move(left)
    await until(partial(_written, stage.database, left))
    for one in running:
        one.kill()
    await world.control("POST", "faults", {"rules": []})
    await phones.look()


async def _back(stage: Stage, phones: Phones, back: datetime) -> Arrived:
    """What comes at once, an hour later, and in the morning for whom it was night."""
    moments = (back, back + HOUR, _morning(back))
    return [one for moment in moments for one in await _looked(stage, phones, moment)]


def _morning(back: datetime) -> datetime:
    """The next half past eight."""
    mornings = (hamlet.first_shown(back.date() + ahead * DAY, time(8, 30)) for ahead in (0, 1))
    return next(morning for morning in mornings if morning > back + HOUR)


def _on(week: date, when: tuple[int, time]) -> datetime:
    return hamlet.first_shown(week + when[0] * DAY, when[1])


@dataclass(frozen=True)
class Oracle:
    """What should have come of a week away, by the calendar alone."""

    left: datetime
    back: datetime

    @property
    def due(self) -> list[Occurrence]:
        return [one for one in _all(self.back) if self.left < one.opens <= self.back]

    @property
    def opened(self) -> list[Occurrence]:
        return [one for one in self.due if one.opens_at(self.back, quiet=QUIET)]

    @property
    def skipped(self) -> list[Occurrence]:
        return [one for one in self.due if one not in self.opened]

    def digests(self, held: list[Occurrence]) -> list[Occurrence]:
        """Of the rounds that were held, those whose digest fell due meanwhile and is to be sent."""
        return [one for one in self.briefs(held) if self.back - one.digest < LASTS]

    def briefs(self, held: list[Occurrence]) -> list[Occurrence]:
        """Facilitators look first also at what comes too late to be sent."""
        due = [one for one in held if self.left < one.digest <= self.back]
        return list({one.title: one for one in due}.values())


class Unheard(Oracle):
    """What should have come of days in which the clock ran on, and Telegram took nothing."""

    @property
    def opened(self) -> list[Occurrence]:
        """Those that people can still be asked."""
        return [one for one in self.due if one.closes > self.back]

    @property
    def skipped(self) -> list[Occurrence]:
        return []


def _all(until_: datetime) -> list[Occurrence]:
    return [one for schedule in ASKED for one in schedule.occurrences(until_.date())]


async def _states(database: Database) -> dict[tuple[str, date], Round]:
    async with database.reading() as session:
        wanted = select(Schedule.instrument, Round).join(Schedule, col(Schedule.id) == col(Round.schedule_id))
        rows = (await session.exec(wanted)).all()
    found = {(title, one.local_date): one for title, one in rows}
    assert len(found) == len(rows)
    return found


def _stale(arrived: Arrived, numbered: dict[tuple[str, int], Occurrence]) -> Arrived:
    """What came though its round had closed, or its digest was long over."""
    found = []
    for moment, one in arrived:
        if one.kind not in ("brief", "skipped"):
            about = numbered[one.title, one.number]
            over = about.closes if one.kind in ("invitation", "reminder") else about.digest + LASTS
            if over <= moment:
                found.append((moment, one))
    return found


async def _judged(database: Database, people: Hamlet, arrived: Arrived, oracle: Oracle) -> Counter[str]:
    """How a week away came out; all but the first five should be 0."""
    stored = await _states(database)
    held = [one for one in _all(oracle.back) if stored[one.title, one.day].number]
    numbered = {(one.title, stored[one.title, one.day].number): one for one in held}
    came = [one for _, one in arrived]
    wanted = {
        *(("invitation", who, one.title) for one in oracle.opened for who in people.asked(one.title)),
        *(("digest", who, one.title) for one in oracle.digests(held) for who in people.everybody),
        *(("brief", people.facilitator, one.title) for one in oracle.briefs(held)),
    }
    got = Counter((one.kind, one.chat, one.title) for one in came if one.kind not in ("reminder", "skipped"))
    notes = [one for one in came if one.kind == "skipped"]
    told = Counter[str]()
    for one in notes:
        told.update(hamlet.told_skipped(one.text))
    missed = Counter(one.title for one in oracle.skipped)
    return Counter(
        opened=len(oracle.opened),
        skipped=len(oracle.skipped),
        invitations=sum(one.kind == "invitation" for one in came),
        digests=sum(one.kind == "digest" for one in came),
        digests_held_back="came too late to be sent" in "".join(one.text for one in notes),
        unaccounted=sum(not _as_it_should(stored[one.title, one.day], one, oracle) for one in oracle.due),
        untold=((told - missed) + (missed - told)).total() + max(0, len(notes) - 1),
        more_than_one=sum(
            times - 1 for times in Counter((one.kind, one.chat, one.title) for one in came).values()
        ),
        missing=len(wanted - set(got)),
        unwanted=len(set(got) - wanted),
        stale=len(_stale(arrived, numbered)),
    )


def _as_it_should(round_: Round, occurrence: Occurrence, oracle: Oracle) -> bool:
    if occurrence in oracle.skipped:
        return (round_.state, round_.reason) == ("skipped", skipping.MISSED)
    return round_.state in rounds.HELD


@pytest.mark.parametrize("engine", proof.engines("sqlite"))
async def test_after_a_week_down_each_is_told_once_and_nothing_stale_is_sent(
    stage: Stage, world: Sandbox, note: Callable[..., None]
) -> None:
    database, since = stage.database, datetime.combine(STARTS, time(), UTC)
    people, phones = await _hamlet(stage, world)
    running, totals = _started(stage, world), Counter[str]()

    for turn in range(WEEKS):
        week = STARTS + turn * 14 * DAY
        left, back = _on(week, LEFT), _on(week, BACK[turn % len(BACK)])
        await _well(stage, phones, since, left)
        await _crash(stage, world, phones, running, left)
        stage.calendar.move(back)
        running = _started(stage, world)
        arrived = await _back(stage, phones, back)
        since = _morning(back)
        totals.update(await _judged(database, people, arrived, Oracle(left, back)))

    note(5, engine=database.url.get_backend_name(), weeks_down=WEEKS, members=PEOPLE, **totals)
    assert _wrong(totals) == {}
    assert totals["skipped"] >= 6 * WEEKS
    assert totals["digests_held_back"] == WEEKS
    assert totals["opened"]
    assert totals["digests"] >= PEOPLE * WEEKS


def _wrong(totals: Counter[str]) -> dict[str, int]:
    wrong = ("unaccounted", "untold", "more_than_one", "missing", "unwanted", "stale")
    return {name: totals[name] for name in wrong if totals[name]}


@pytest.mark.parametrize("days", BACK_AFTER)
@pytest.mark.parametrize("engine", proof.engines("sqlite"))
async def test_after_days_down_each_gets_the_newest_digest_alone(
    stage: Stage, world: Sandbox, note: Callable[..., None], days: int
) -> None:
    people, phones = await _hamlet(stage, world)
    left = _on(STARTS, LEFT_BRIEFLY)
    back = left + days * DAY + 2 * HOUR
    running = _started(stage, world)
    await _well(stage, phones, datetime.combine(STARTS, time(), UTC), left)

    await _crash(stage, world, phones, running, left)
    stage.calendar.move(back)
    _started(stage, world)
    arrived = await _back(stage, phones, back)

    found = await _judged(stage.database, people, arrived, Oracle(left, back))
    note(5, engine=stage.database.url.get_backend_name(), days_down=days, members=PEOPLE, **found)
    assert _wrong(found) == {}
    assert found["digests"] == PEOPLE + 1


@pytest.mark.parametrize("engine", proof.engines("sqlite"))
async def test_after_days_without_telegram_each_gets_the_newest_of_each_kind_alone(
    stage: Stage, world: Sandbox, note: Callable[..., None]
) -> None:
    people, phones = await _hamlet(stage, world)
    left = _on(STARTS, LEFT_BRIEFLY)
    back = left + 3 * DAY + 2 * HOUR
    _started(stage, world)
    await _well(stage, phones, datetime.combine(STARTS, time(), UTC), left - HOUR)

    await world.control("POST", "faults", NOTHING)
    for moment in (*_moments(left - 30 * MINUTE, back), back):
        stage.calendar.move(moment)
        await until(partial(_kept_time, stage.database, moment), every=0.1)
    before = await phones.look()
    await world.control("POST", "faults", {"rules": []})
    arrived = [one for moment in (back, back + HOUR) for one in await _looked(stage, phones, moment)]

    found = await _judged(stage.database, people, arrived, Unheard(left, back))
    note(5, engine=stage.database.url.get_backend_name(), days_without_telegram=3, members=PEOPLE, **found)
    assert before == []
    assert _wrong(found) == {}
    assert found["digests"] == PEOPLE + 1


async def _hamlet(stage: Stage, world: Sandbox) -> tuple[Hamlet, Phones]:
    since = datetime.combine(STARTS, time(), UTC)
    stage.calendar.move(since)
    people = await hamlet.founded(stage.database, ASKED, now=since, size=PEOPLE, quiet=QUIET)
    phones = await asyncio.to_thread(Phones.of, world, people)
    await world.control("POST", "limits", {"scale": FAST})
    return people, phones


async def _kept_time(database: Database, now: datetime) -> bool:
    async with database.reading() as session:
        return not await rounds.due(session, now) and not await skipping.overdue(session, now)
