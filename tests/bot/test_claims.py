"""Promise 14: claims are right, whatever happens in whatever order, told by a model beside them."""

import asyncio
import random
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import delete, make_url, text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot import outbox, pace
from bot.outbox import Letter
from bot.pace import Pacer
from bot.telegram import Came, Outcome
from storage.database import Database
from storage.queues import Outgoing, Pace
from tests import proof
from tests.bot.postman import Postman, Slip, moved
from tests.cast import MONDAY

# Both engines together: CI 300, long 5,000.
SEQUENCES = proof.size(ci=150, long=2500)
STEPS = 24
SHRINKS_FOR = 20.0  # seconds given to finding a shorter sequence that fails
PEOPLE, GROUPS, CROWD = (1, 2, 3), (-7, -8), tuple(range(101, 141))
NIGHTS = (None, (20, 8), (13, 14))  # from which hour to which
KINDS = ("invitation", "digest", "brief", "reminder", "note")
CAME: tuple[Came, ...] = (
    "sent",
    "uncertain",
    "halted",
    "unsent",
    "moved",
    "unreachable",
    "locked_out",
    "refused",
    "unfit",
    "sent",
    "barred",
)
PAUSES = (0.01, 0.2, 0.2, 1.1, 1.1, 3.1, 8.0, 31.0, 61.0, 301.0, 1801.0, 7201.0)
STATES = {"pending": "waiting", "retry": "waiting", "sending": "held"}


@dataclass
class Hands:
    """The machine's seconds, as the test has them go by, for every worker alike."""

    seconds: float = 0.0


class Steered(Database):
    hands: Hands

    async def machine_seconds(self, session: AsyncSession) -> float:
        return self.hands.seconds


# One step: its name and numbers that it makes its choices from; so it can be done again, and left out.
Step = tuple[str, int, int]
WEIGHTS = {
    "put": 4,
    "put_many": 1,
    "claim": 5,
    "claim_together": 1,
    "finish": 6,
    "put_back": 1,
    "crash": 1,
    "time_goes_by": 5,
    "calendar_moves": 1,
    "sweep": 2,
    "restart": 1,
}

LINGERING = (
    *["claim long_pause sweep long_pause"] * 12,
    "claim long_pause sweep long_pause claim finish",
    "claim finish long_pause",
)


def sequence(seed: int) -> list[Step]:
    chance = random.Random(seed)
    # Every other sequence is about a few letters whose bearers do not come back, or far too late.
    lingering = ["put", "put", *chance.choices(LINGERING, k=STEPS // 3)]
    anything = chance.choices(list(WEIGHTS), list(WEIGHTS.values()), k=STEPS)
    names = " ".join(lingering).split() if seed % 2 else anything
    return [(name, chance.randrange(10**6), chance.randrange(10**6)) for name in names]


@dataclass
class Bench:
    """What every sequence of one engine shares: the workers' doors to one database, and a loop."""

    workers: list[Steered]
    hands: Hands
    run: Callable[[Coroutine[Any, Any, Any]], Any]
    sequences: int = 0
    steps: int = 0
    claimed: int = 0


class Office:
    """The outbox and the postman beside it, taken through one sequence."""

    def __init__(self, bench: Bench) -> None:
        bench.hands.seconds = 1000.0
        self.bench = bench
        self.pacer = Pacer(42)
        self.model = Postman(MONDAY, bench.hands.seconds)
        # Letters that somebody was given and has not brought back, some of them long given up.
        self.out: list[Outgoing] = []

    async def emptied(self) -> None:
        async with self._worker(0).writing() as session:
            await session.exec(delete(Outgoing))
            await session.exec(delete(Pace))

    async def taken_through(self, steps: Sequence[Step]) -> None:
        await self.emptied()
        for name, one, other in steps:
            self.bench.steps += 1
            await getattr(self, name)(one, other)
        await self.compare()

    def _worker(self, number: int) -> Steered:
        return self.bench.workers[number % len(self.bench.workers)]

    async def put(self, one: int, other: int) -> None:
        chance = random.Random(one)
        letter = f"{other % 30}", chance.choice(KINDS), chance.choice(PEOPLE + GROUPS)
        await self._put(
            [letter],
            begins=chance.choice((-1, 0, 0, 0, 1, 7)),
            lasts=chance.choice((1, 3, 48, 48)),
            quiet=chance.choice(NIGHTS),
        )

    async def put_many(self, one: int, other: int) -> None:
        kind = KINDS[one % len(KINDS)]
        many = [(f"{kind}:{chat}", kind, chat) for chat in CROWD[: 2 + other % len(CROWD)]]
        await self._put(many, begins=0, lasts=48, quiet=NIGHTS[one % len(NIGHTS)])

    async def _put(
        self,
        letters: list[tuple[str, str, int]],
        *,
        begins: int,
        lasts: int,
        quiet: tuple[int, int] | None = None,
    ) -> None:
        start = self.model.now + timedelta(hours=begins)
        end = start + timedelta(hours=lasts)
        for key, kind, chat in letters:
            self.model.put(key, Slip(len(self.model.slips), kind, chat, start, end, quiet))
        hours = "" if quiet is None else f"{quiet[0]:02}:00 {quiet[1]:02}:00 UTC"
        rows = [
            Letter(key, kind, chat, "sendMessage", {"chat_id": chat}, start, end, hours)
            for key, kind, chat in letters
        ]
        database = self._worker(0)
        async with database.writing() as session:
            await outbox.put(database, session, rows)

    async def claim(self, one: int, other: int) -> None:
        most = (1, 3, 12, 40)[other % 4]
        self._take(await outbox.claim(self._worker(one), self.pacer, now=self.model.now, most=most), most)

    async def claim_together(self, one: int, _other: int) -> None:
        """Several workers at once: whatever the order was, each letter went to one of them."""
        most, workers = (1, 5, 12)[one % 3], [self._worker(number) for number in range(3)]
        claims = (outbox.claim(worker, self.pacer, now=self.model.now, most=most) for worker in workers)
        self._take([one for taken in await asyncio.gather(*claims) for one in taken], 3 * most)

    def _take(self, claimed: list[outbox.Claimed], most: int) -> None:
        self.out += [one.row for one in claimed]
        self.bench.claimed += len(claimed)
        self.model.claimed([(one.row.key, one.row.lease, one.at) for one in claimed], most=most)

    async def finish(self, one: int, other: int) -> None:
        """One to four letters are brought back together, by whoever had them."""
        start = one % max(1, len(self.out))
        brought = self.out[start : start + 1 + one % 4]
        del self.out[start : start + len(brought)]
        fates = [(row, _outcome(row, CAME[(other + place) % len(CAME)])) for place, row in enumerate(brought)]

        ends = await outbox.finish_all(self._worker(one), self.pacer, fates, now=self.model.now)

        # A halt is the token's, and is known before any letter is looked at.
        held = [self.model.finished(row.key, row.lease, came.came, wait=came.wait) for row, came in fates]
        assert held == [bool(end) for end in ends], "brought back by somebody who did not hold it"

    async def put_back(self, one: int, _other: int) -> None:
        if self.out:
            row = self.out.pop(one % len(self.out))
            await outbox.put_back(self._worker(one), row)
            self.model.put_back(row.key, row.lease)

    async def crash(self, one: int, _other: int) -> None:
        """Whoever had this one never comes back."""
        if self.out:
            self.out.pop(one % len(self.out))

    async def time_goes_by(self, one: int, _other: int) -> None:
        self.bench.hands.seconds += PAUSES[one % len(PAUSES)]
        self.model.seconds = self.bench.hands.seconds

    async def long_pause(self, _one: int, _other: int) -> None:
        await self.time_goes_by(len(PAUSES) - 1, 0)

    async def calendar_moves(self, one: int, _other: int) -> None:
        self.model.now += timedelta(hours=(0.2, 1, 6, 30)[one % 4])

    async def sweep(self, one: int, _other: int) -> None:
        await outbox.sweep(self._worker(one), now=self.model.now)
        self.model.swept()
        await self.compare()

    async def restart(self, one: int, _other: int) -> None:
        """The only process starts again: what it had held is nobody's."""
        if len(self.bench.workers) == 1:
            await outbox.sweep(self._worker(one), now=self.model.now, orphaned=True)
            self.model.swept(restarted=True)
            await self.compare()

    async def compare(self) -> None:
        """Every letter stands as the model has it; what is final has stayed so."""
        async with self._worker(0).reading() as session:
            rows = (await session.exec(select(Outgoing).order_by(col(Outgoing.id)))).all()
        found = {row.key: seen(row) for row in rows}
        expected = {key: slip.seen for key, slip in self.model.slips.items()}
        wrong = {key: (found.get(key), expected.get(key)) for key in found.keys() | expected.keys()}
        assert {key: pair for key, pair in wrong.items() if pair[0] != pair[1]} == {}


def seen(row: Outgoing) -> tuple[object, ...]:
    """A letter as the model sees its own."""
    when = row.not_before, row.nightfall
    return STATES.get(row.state, row.state), row.chat, row.tries, row.uncertain, row.resend, *when


def _outcome(row: Outgoing, came: Came) -> Outcome:
    if came == "moved":  # only groups do
        return Outcome("moved", moved_to=moved(row.chat)) if row.chat < 0 else Outcome("sent")
    return Outcome(came, wait=7.0 if came == "halted" else 0.0)


def violated(bench: Bench, steps: Sequence[Step]) -> str:
    """What went wrong in this sequence, "" if nothing did."""
    try:
        bench.run(Office(bench).taken_through(steps))
    except AssertionError as wrong:
        return str(wrong).partition("\n")[0] or "something"
    return ""


def shortened(bench: Bench, steps: list[Step]) -> list[Step]:
    """A sequence with fewer steps in which something still goes wrong."""
    patience, size = time.monotonic() + SHRINKS_FOR, len(steps) // 2
    while size and time.monotonic() < patience:
        for start in range(0, len(steps), size):
            fewer = steps[:start] + steps[start + size :]
            if violated(bench, fewer):
                steps = fewer
                break
        else:
            size //= 2
    return steps


@pytest.fixture
def bench(database_url: str, engine: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    hands = Hands()
    # A claim tells its moments by this process's own clock: that, too, goes by as the test says.
    monkeypatch.setattr(pace, "time", SimpleNamespace(monotonic=lambda: hands.seconds))
    workers = [Steered(database_url) for _ in range(1 if engine == "sqlite" else 3)]
    for worker in workers:
        worker.hands = hands
    with asyncio.Runner() as runner:
        yield Bench(workers, hands, runner.run)
        for worker in workers:
            runner.run(worker.close())


@pytest.mark.promise
def test_a_letter_is_claimed_by_one_worker_in_its_time_within_the_pace_and_ends_as_it_should(
    bench: Bench, engine: str, note: Callable[..., None]
) -> None:
    wrong = ""

    for seed in range(SEQUENCES):
        steps = sequence(seed)
        bench.sequences += 1
        if wrong := violated(bench, steps):
            fewer = shortened(bench, steps)
            wrong = f"sequence {seed}: {violated(bench, fewer)}: {fewer}"
            break

    note(
        14,
        engine=engine,
        sequences=bench.sequences,
        steps=bench.steps,
        letters_claimed=bench.claimed,
        violations=int(bool(wrong)),
    )
    assert wrong == ""


async def _in_pairs(office: Office, chance: random.Random) -> None:
    """Everybody gets two letters, and some got one just before; who sends looks every few moments."""
    await office.emptied()
    for kind in KINDS[:2]:
        await office._put([(f"{kind}:{n}", kind, CROWD[n]) for n in range(len(CROWD))], begins=0, lasts=48)
    while any(slip.state != "sent" for slip in office.model.slips.values()):
        await office.claim(0, 2)
        if office.out:
            fates = [(row, Outcome("sent")) for row in office.out]
            await outbox.finish_all(office._worker(0), office.pacer, fates, now=office.model.now)
            for row, _ in fates:
                office.model.finished(row.key, row.lease, "sent")
            office.out = []
        office.bench.hands.seconds += chance.uniform(0.01, 0.25)
        office.model.seconds = office.bench.hands.seconds


def test_the_pace_holds_where_letters_wait_for_their_chats_second(bench: Bench) -> None:
    bench.run(_in_pairs(Office(bench), random.Random(14)))


# Each keeps PostgreSQL from one way to do a claim, so that it takes another. Which it takes by itself
# changes with what it knows of the table, from one minute to the next.
PLANS = ("hashagg", "hashjoin", "mergejoin", "material", "sort")


@pytest.mark.parametrize("engine", ["postgresql"])
@pytest.mark.parametrize(
    "avoided", [PLANS[:end] for end in range(len(PLANS) + 1)], ids=lambda ways: "-".join(ways) or "none"
)
async def test_a_claim_takes_what_the_pace_has_room_for_however_it_is_planned(
    database_url: str, avoided: tuple[str, ...]
) -> None:
    database = Steered(database_url)
    database.hands = Hands(1000.0)
    start, pacer = MONDAY, Pacer(42)
    name = make_url(database_url).database
    async with database.writing() as session:
        connection = await session.connection()
        for way in avoided:
            await connection.execute(text(f'ALTER DATABASE "{name}" SET enable_{way} = off'))
    await database.close()
    letters = [
        Letter(f"{chat}", "note", chat, "sendMessage", {}, start, start + timedelta(days=1)) for chat in CROWD
    ]
    async with database.writing() as session:
        await outbox.put(database, session, letters)

    taken = await outbox.claim(database, pacer, now=start)

    assert [one.row.chat for one in taken] == list(CROWD[: int(outbox.HORIZON / pacer.gap) + 1])
    await database.close()


async def test_a_claim_sorts_nothing_however_many_wait(database: Database) -> None:
    """What waits is gone through in its order, so ten thousand letters hold up nobody longer than ten do."""
    ready = outbox._ready(Pacer(42), seconds=1e10, now=MONDAY, room=7)
    sql = str(ready.compile(database.engine.sync_engine, compile_kwargs={"literal_binds": True}))
    asked = "EXPLAIN QUERY PLAN" if database.sqlite else "EXPLAIN"

    async with database.writing() as session:
        await database.by_index(session)
        found = await (await session.connection()).exec_driver_sql(f"{asked} {sql}")
        plan = "\n".join(str(row) for row in found.all())

    assert "outbox_live" in plan
    assert "TEMP B-TREE" not in plan
    assert "Sort" not in plan
