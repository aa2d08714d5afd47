"""Several machines on one PostgreSQL: two of each process; killing any of them costs nothing but time."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from sqlmodel import select

from bot import outbox
from facilitation import rounds, ways
from storage.database import Database
from storage.partnerships import Partnership
from storage.queues import Outgoing
from tests import crowd, postgres, proof
from tests.bot.answers import Watched, asked_and_answering, so_far, wrong
from tests.bot.conftest import Stage
from tests.bot.test_listening_kills import RATINGS, Person, followed
from tests.cast import DIGEST, MONDAY, OPENS, Cast
from tests.facilitation.turning import all_rounds
from tests.processes import Parley, free_port, until
from tests.sandbox_process import Sandbox

pytestmark = [pytest.mark.kill, pytest.mark.parametrize("engine", ["postgresql"])]

KINDS = ("web", "worker", "clock")
KILLS = proof.size(ci=2, long=60)  # and a clock more, while the digest is made
PEOPLE = proof.size(ci=8, long=300)
FAST = proof.size(ci=10, long=4)
GOES_ON = 5  # so many invitations and ticks must come while a process is down


@dataclass
class Balancer:
    """A load balancer as simple as can be: each connection goes to the next web that takes it."""

    ports: list[int]
    turn: int = 0
    port: int = field(default_factory=free_port)

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            behind = await self._behind()
            if behind is not None:
                await asyncio.gather(_pour(reader, behind[1]), _pour(behind[0], writer))
        writer.close()

    async def _behind(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        for _ in self.ports:
            self.turn += 1
            with suppress(OSError):
                return await asyncio.open_connection("127.0.0.1", self.ports[self.turn % len(self.ports)])
        return None

    @asynccontextmanager
    async def balancing(self) -> AsyncIterator[None]:
        server = await asyncio.start_server(self.carry, "127.0.0.1", self.port)
        yield
        server.close()


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while some := await reader.read(2**16):
            writer.write(some)
            await writer.drain()
    with suppress(OSError):
        writer.close()


def _machines(stage: Stage, world: Sandbox, balancer: Balancer) -> list[Parley]:
    """Two of each."""
    found = []
    for port in balancer.ports:
        address: dict[str, Any] = {"public_url": f"http://127.0.0.1:{balancer.port}", "port": port}
        found.append(stage.parley("web", world, **address))
        found.append(stage.parley("worker", world, pace=FAST, HURRIED_LEASE=3))
        found.append(stage.parley("clock", world))
    return [one.start() for one in found]


async def _kill_one_by_one(machines: list[Parley], screens: Watched) -> None:
    chance = random.Random(12)
    for kill in range(KILLS):
        await until(so_far(screens, PEOPLE // 2 + kill * PEOPLE * RATINGS // (KILLS + 1)))
        both = [one for one in machines if one.command == KINDS[kill % len(KINDS)]]
        await _all_run(both)
        chance.choice(both).kill()
        await until(so_far(screens, screens.invited.total() + len(screens.ticked) + GOES_ON))


async def _all_run(machines: list[Parley]) -> None:
    """Those that were killed earlier are there again."""
    for one in machines:
        if one.process is None:
            one.start()

    async def running() -> bool:
        return all(one.log.count('"running"') == one.starts for one in machines)

    await until(running)


@pytest.mark.promise
async def test_killing_any_process_loses_nothing_and_doubles_nothing_unexplained(
    stage: Stage, world: Sandbox, note: Callable[..., None]
) -> None:
    people = await crowd.seated(stage.database, PEOPLE)
    await asyncio.to_thread(crowd.phones, world, people.accounts)
    await world.control("POST", "limits", {"scale": FAST, "webhook_backoff": 0.1})
    balancer, screens = Balancer([free_port(), free_port()]), Watched(world)
    persons = [Person(account, screens, random.Random(account)) for account in people.accounts]
    stage.calendar.move(OPENS)

    async with balancer.balancing(), followed(screens):
        machines = _machines(stage, world, balancer)
        async with asyncio.TaskGroup() as group:
            for person in persons:
                group.create_task(asked_and_answering(person, screens))
            group.create_task(_kill_one_by_one(machines, screens))
        await _all_gone(stage.database, screens, now=OPENS)
        invited, before = Counter(screens.invited), Counter(screens.letters)
        clocks = [one for one in machines if one.command == "clock"]
        await _all_run(clocks)
        await stage.digest_falls_due()
        await asyncio.sleep(0.3)
        clocks[0].kill()
        await until(lambda: _by_everybody(screens, before))
        await _all_gone(stage.database, screens, now=DIGEST)

    rows = await _invitations(stage.database)
    amiss = await wrong(stage.database, persons)
    lost = [account for account in people.accounts if not invited[account]]
    twice = {account: times - 1 for account, times in invited.items() if times > 1}
    digests = (screens.letters - before).total()
    refused = await _refused(world)
    note(
        1,
        machines="2 web, 2 worker, 2 clock",
        engine="postgresql",
        kills=KILLS + 1,
        members=PEOPLE,
        lost_invitations=len(lost),
        invitations_twice=sum(twice.values()),
        ticked=len(screens.ticked),
        lost_or_wrong_answers=len(amiss),
        digests_beyond_one=digests - PEOPLE,
        answered_with_429=refused,
    )
    assert (lost, amiss, refused) == ([], [], 0)
    assert sum(twice.values()) <= KILLS
    assert {account: times for account, times in twice.items() if rows[account].uncertain < times} == {}
    assert digests == PEOPLE
    ended = [await asyncio.to_thread(one.stop) for one in machines if one.process is not None]
    assert set(ended) == {0}


async def _by_everybody(screens: Watched, before: Counter[int]) -> bool:
    return all(screens.letters[one] > before[one] for one in before)


async def _all_gone(database: Database, screens: Watched, *, now: datetime) -> None:
    """Whatever is still to come, twice perhaps, has come, and is seen."""

    async def nothing_left() -> bool:
        async with database.reading() as session:
            return not await outbox.due(session, now=now)

    await until(nothing_left)
    await screens.caught_up()


async def _invitations(database: Database) -> dict[int, Outgoing]:
    async with database.reading() as session:
        rows = (await session.exec(select(Outgoing).where(Outgoing.kind == "invitation"))).all()
    return {row.chat: row for row in rows}


async def _refused(world: Sandbox) -> int:
    """How often the sandbox said: too many."""
    page: dict[str, Any] = await world.control("GET", "journal?since=0&kind=call")
    return sum(entry.get("error_code") == 429 for entry in page["entries"])


async def test_a_clock_that_is_changed_while_a_round_opens_waits_and_neither_gives_way(
    database: Database, cast: Cast
) -> None:
    [first, *_] = await all_rounds(database)
    held = asyncio.Event()

    async def opening() -> None:
        async with database.writing() as session:
            await rounds.claimed(session, first.id, state="planned")
            held.set()
            await asyncio.sleep(0.3)
            partnership = await session.get_one(Partnership, first.partnership_id)
            await session.refresh(partnership, with_for_update={"key_share": True})

    async def changing() -> None:
        await held.wait()
        async with database.writing() as session:
            partnership = await session.get_one(Partnership, first.partnership_id)
            await ways.live_by(session, partnership, "Europe/Lisbon", now=MONDAY)

    await asyncio.gather(opening(), changing())

    async with database.reading() as session:
        changed = await session.get_one(Partnership, cast.partnership.id)
    assert changed.timezone == "Europe/Lisbon"


async def _ended(stage: Stage, world: Sandbox, url: str, *commands: str) -> dict[str, tuple[int, str]]:
    """How each of these ends when it is started on this database, all at the same time."""
    stage.url = url
    address: dict[str, Any] = {"public_url": "http://127.0.0.1:9", "port": free_port()}
    started = [stage.parley(command, world, **address).start() for command in commands]
    found = {}
    for one in started:
        assert one.process is not None
        found[one.command] = await asyncio.to_thread(one.process.wait, 60), one.log
    return found


async def test_a_process_on_another_schema_is_refused_with_what_to_do(
    stage: Stage, world: Sandbox, postgres_server: postgres.Server
) -> None:
    name = f"other_{world.bot_id}"
    url = postgres.create_database(postgres_server, name)

    too_early = await _ended(stage, world, url, *KINDS)

    assert [code for code, _ in too_early.values()] == [1, 1, 1]
    assert all("Run: parley migrate" in said for _, said in too_early.values())

    with postgres_server.connect(name) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num text)")
        connection.execute("INSERT INTO alembic_version VALUES ('9999')")

    too_old = await _ended(stage, world, url, "worker", "migrate")

    postgres.drop_database(postgres_server, name)
    assert [code for code, _ in too_old.values()] == [1, 1]
    assert "does not know yet" in too_old["migrate"][1]
