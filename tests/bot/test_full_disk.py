"""Promise 12 on SQLite: the disk may be full for a while; nothing that was ticked is lost."""

import asyncio
import random
import resource
import shutil
import sqlite3
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from storage.database import Database
from tests import crowd, proof
from tests.bot.answers import Watched, asked_and_answering, so_far, wrong
from tests.bot.conftest import Calendar
from tests.bot.test_listening_kills import RATINGS, Person, followed
from tests.cast import OPENS
from tests.processes import Parley, free_port, settings, until
from tests.sandbox_process import Sandbox

pytestmark = [pytest.mark.promise]

TIMES = proof.size(ci=1, long=10)
PEOPLE = proof.size(ci=16, long=120)
FAST = 2
ACCOUNTS = range(crowd.FIRST, crowd.FIRST + PEOPLE)
FULL = 2.0  # seconds for which nothing may be ticked
WELL_AGAIN = 10.0
ROOM = 24 * 2**20
BEAT = 20  # so many times as often: a part is late after three seconds


@dataclass
class SmallDisk:
    """A file system of its own, in a namespace that an ordinary user may make where the system lets them."""

    folder: Path
    holder: subprocess.Popen[str]

    @classmethod
    def made(cls, folder: Path) -> "SmallDisk | None":
        mount = 'mount -t tmpfs -o size="$1" none "$0" && echo ready && exec cat'
        holder = subprocess.Popen(
            ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, str(folder), str(ROOM)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        disk = cls(folder, holder)
        if holder.stdout is not None and holder.stdout.readline() == "ready\n":
            return disk
        disk.close()
        return None

    @property
    def inside(self) -> tuple[str, ...]:
        """What makes a command see this disk."""
        target = f"--target={self.holder.pid}"
        return ("nsenter", target, "--user", "--mount", "--preserve-credentials")

    @property
    def outside(self) -> Path:
        """The same folder as everybody else sees it."""
        return Path(f"/proc/{self.holder.pid}/root{self.folder}")

    def fill(self, _parley: Parley) -> None:
        with (self.outside / "filler").open("wb", buffering=0) as filler, suppress(OSError):
            for size in (2**20, 2**12, 1):
                with suppress(OSError):
                    while filler.write(b"x" * size):
                        pass

    def free(self, _parley: Parley) -> None:
        (self.outside / "filler").unlink()

    def close(self) -> None:
        for pipe in (self.holder.stdin, self.holder.stdout):
            if pipe is not None:
                pipe.close()
        self.holder.wait(10)


@dataclass
class NoMoreBytes:
    """Where no namespace can be had: the process may write no file. The error is another, its meaning not."""

    folder: Path
    inside: tuple[str, ...] = ()

    @property
    def outside(self) -> Path:
        return self.folder

    def fill(self, parley: Parley) -> None:
        _, most = resource.prlimit(parley.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(parley.pid, resource.RLIMIT_FSIZE, (0, most))

    def free(self, parley: Parley) -> None:
        _, most = resource.prlimit(parley.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(parley.pid, resource.RLIMIT_FSIZE, (most, most))

    def close(self) -> None:
        """There is nothing to take down."""


Disk = SmallDisk | NoMoreBytes


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    folder = tmp_path / "disk"
    folder.mkdir()
    disk = SmallDisk.made(folder) or NoMoreBytes(folder)
    yield disk
    disk.close()


async def _seated(disk: Disk, migrated: Path, folder: Path) -> None:
    file = folder / "seated.db"
    shutil.copyfile(migrated, file)
    database = Database(f"sqlite+aiosqlite:///{file}")
    await crowd.seated(database, PEOPLE)
    await database.close()
    shutil.copyfile(file, disk.outside / "parley.db")


@pytest.fixture
async def parley(
    disk: Disk, world: Sandbox, migrated_file: Path, calendar: Calendar, tmp_path: Path
) -> AsyncIterator[Parley]:
    await _seated(disk, migrated_file, tmp_path)
    given = settings(
        world,
        f"sqlite:///{disk.folder}/parley.db",
        clock_file=calendar.file,
        pace=FAST,
        port=free_port(),
        HURRIED_BEAT=BEAT,
    )
    calendar.move(OPENS)
    # Its log stands on the same disk.
    parley = Parley("run", disk.outside, given, prefix=disk.inside)
    yield parley
    parley.close()


@pytest.fixture
async def screens(world: Sandbox) -> Watched:
    await asyncio.to_thread(crowd.phones, world, ACCOUNTS)
    await world.control("POST", "limits", {"scale": FAST})
    return Watched(world)


async def _health(parley: Parley) -> int:
    with suppress(httpx.TransportError):
        async with httpx.AsyncClient() as client:
            address = f"http://127.0.0.1:{parley.settings['PARLEY_PORT']}/health"
            return (await client.get(address)).status_code
    return 0


async def _fill_and_free(disk: Disk, parley: Parley, screens: Watched) -> tuple[int, float]:
    """How many ticks came while it was full, and how long after there was room the next one came."""

    async def said(status: int) -> bool:
        return await _health(parley) == status

    await asyncio.to_thread(disk.fill, parley)
    await until(lambda: said(503))
    ticked = len(screens.ticked)
    await asyncio.sleep(FULL)
    during = len(screens.ticked) - ticked
    disk.free(parley)
    room, ticked = time.monotonic(), len(screens.ticked)
    async with screens.changed:
        await asyncio.wait_for(screens.changed.wait_for(lambda: len(screens.ticked) > ticked), 60)
    took = time.monotonic() - room
    await until(lambda: said(200))
    return during, took


async def test_on_a_full_disk_nothing_is_ticked_nothing_lost_and_it_goes_on_by_itself(
    disk: Disk, parley: Parley, screens: Watched, tmp_path: Path, note: Callable[..., None]
) -> None:
    persons = [Person(account, screens, random.Random(account)) for account in ACCOUNTS]
    parley.start()
    came = []

    async with followed(screens):
        async with asyncio.TaskGroup() as group:
            for person in persons:
                group.create_task(asked_and_answering(person, screens))
            for time_ in range(1, TIMES + 1):
                # The first falls among the invitations.
                await until(so_far(screens, PEOPLE // 2 + (time_ - 1) * PEOPLE * RATINGS // (TIMES + 1)))
                came.append(await _fill_and_free(disk, parley, screens))
        starts, code = parley.starts, await asyncio.to_thread(parley.stop)

    kept = tmp_path / "kept.db"
    shutil.copyfile(disk.outside / "parley.db", kept)
    with closing(sqlite3.connect(kept)) as looked_at:
        whole = looked_at.execute("PRAGMA integrity_check").fetchone()[0]
    database = Database(f"sqlite+aiosqlite:///{kept}")
    amiss = await wrong(database, persons)
    await database.close()
    lost = [account for account in ACCOUNTS if not screens.invited[account]]
    note(
        12,
        engine="sqlite",
        trouble="disk full" if disk.inside else "no more bytes may be written",
        times=TIMES,
        members=PEOPLE,
        ticked=len(screens.ticked),
        ticked_while_full=sum(during for during, _ in came),
        lost_invitations=len(lost),
        lost_or_wrong_answers=len(amiss),
        repeated=screens.invited.total() - PEOPLE + len(lost),
        slowest_tick_s=round(max(took for _, took in came), 1),
    )
    assert (whole, lost, amiss, starts, code) == ("ok", [], [], 1, 0)
    assert sum(during for during, _ in came) == 0
    assert max(took for _, took in came) <= WELL_AGAIN
    if disk.inside:
        assert "DiskFullError" in parley.log
