"""Promise 10: one bad chat, or one bad letter, cannot hold up the others."""

import re
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from bot import outbox
from bot.outbox import Letter
from storage.database import Database
from storage.queues import LIVE, Outgoing
from tests import crowd, proof
from tests.bot.conftest import Stage
from tests.cast import MONDAY
from tests.processes import until
from tests.sandbox_process import Sandbox

pytestmark = [pytest.mark.alone, pytest.mark.promise]

PEOPLE = proof.size(ci=120, long=5000)
FIRST, OPERATOR = 2001, 77
FASTER = 2  # than Telegram allows, said to the sandbox and to the pacer alike
WARMING = 30
BLOCKED, REFUSED, PARKED = 20, 100, 7  # one in 20 (5%), one in 100 (1%), and the eighth person's
POISON = "\ud800"  # half a character: it cannot be written into a request
TRIES = 5
# In a short run the poison's five turns and the machine's own moments are more than a tenth of it.
MOMENTS = proof.size(ci=300, long=0) / 1000


@pytest.fixture(scope="module")
def neighbours(session_sandbox: Sandbox) -> Sandbox:
    sandbox = session_sandbox.another("691:neighbours")
    sandbox.ask("POST", "limits", {"scale": FASTER})
    crowd.phones(sandbox, [OPERATOR, *range(FIRST, FIRST + PEOPLE)])
    return sandbox


def letters(run: str, people: Sequence[int], *, bad: bool) -> list[Letter]:
    """One to each person, two to the one whose first cannot be sent if this is the bad run."""
    found = []
    for n, chat in enumerate(people):
        text = "" if bad and n % REFUSED == REFUSED // 2 else "x"
        if n == PARKED:
            found.append((f"{run}:poison", chat, POISON if bad else "x"))
        found.append((f"{run}:{chat}", chat, text))
    until = MONDAY + timedelta(days=1)
    return [
        Letter(key, "digest", chat, "sendMessage", {"chat_id": chat, "text": text}, MONDAY, until)
        for key, chat, text in found
    ]


async def delays(stage: Stage, sandbox: Sandbox, written: list[Letter]) -> dict[int, float]:
    """How many seconds after it was written each person's letter came, the last one if there were two."""
    since = (await sandbox.control("GET", "journal?since=999999999"))["next"]
    async with stage.database.writing() as session:
        await outbox.put(stage.database, session, written)
    began, came = time.monotonic(), {}

    async def settled() -> bool:
        async with stage.database.reading() as session:
            left = select(Outgoing.id).where(Outgoing.state.in_(LIVE), Outgoing.kind == "digest")  # type: ignore[attr-defined]  # a column, in a class
            return (await session.exec(left.limit(1))).first() is None

    await until(settled, within=60 + len(written) / 20, every=0.25)
    page = await sandbox.control("GET", f"journal?kind=call&since={since}")
    for call in page["entries"]:
        if call["method"] == "sendMessage" and call["ok"] and call["chat_id"] != OPERATOR:
            came[int(call["chat_id"])] = call["machine"] - began
    return came


def late(came: dict[int, float], people: Sequence[int]) -> float:
    """The delay that all but one in twenty of these people stay below."""
    return sorted(came[person] for person in people)[len(people) * 19 // 20]


def others(people: Sequence[int]) -> list[int]:
    """Everybody whose chat and whose letter are well in both runs."""
    return [
        person
        for n, person in enumerate(people)
        if n % BLOCKED and n % REFUSED != REFUSED // 2 and n != PARKED
    ]


async def told(sandbox: Sandbox) -> int:
    """How many digests the operator was told of as not delivered."""
    phone: dict[str, Any] = await sandbox.control("GET", "journal?kind=call")
    calls = [call for call in phone["entries"] if call["method"] == "sendMessage" and call["ok"]]
    reports = [call["text"] for call in calls if call["chat_id"] == OPERATOR]
    return sum(
        int(number) for text in reports for number in re.findall(r"(\d+) messages? with a digest", text)
    )


async def poisoned(database: Database) -> tuple[str, int]:
    async with database.reading() as session:
        row = (await session.exec(select(Outgoing).where(Outgoing.key == "bad:poison"))).one()
    return row.state, row.tries


async def _bad_ones(sandbox: Sandbox, people: Sequence[int], deed: str) -> None:
    for person in people[::BLOCKED]:
        await sandbox.control("POST", f"phones/{person}/{deed}", {})


@pytest.mark.kill
@pytest.mark.parametrize("engine", proof.engines("postgresql"))
async def test_bad_chats_and_bad_letters_hold_up_nobody_else(
    stage: Stage, neighbours: Sandbox, engine: str, note: Callable[..., None]
) -> None:
    people = range(FIRST, FIRST + PEOPLE)
    command = "run" if stage.on_sqlite else "worker"
    quick = {"HURRIED_RETRY": 0.1, "HURRIED_SWEEP": 1, "operator_chat": OPERATOR, "pace": FASTER}
    stage.parley(command, neighbours, module="tests.hurried", **quick).start()
    before = await told(neighbours)
    await delays(stage, neighbours, letters("warm", people[:WARMING], bad=False))

    well = await delays(stage, neighbours, letters("well", people, bad=False))
    await _bad_ones(neighbours, people, "block")
    bad = await delays(stage, neighbours, letters("bad", people, bad=True))
    await _bad_ones(neighbours, people, "unblock")

    refused = len(people[REFUSED // 2 :: REFUSED])
    wanted = refused + 1

    async def all_told() -> bool:
        return await told(neighbours) - before >= wanted

    # What came in the same hour as the first report is told in the next one.
    stage.calendar.move(MONDAY + timedelta(hours=1))
    await until(all_told, within=30, every=0.25)
    state, tries = await poisoned(stage.database)
    more = late(bad, others(people)) / late(well, others(people)) - 1
    note(
        10,
        engine=engine,
        people=PEOPLE,
        blocked_403=len(people[::BLOCKED]),
        refused_400=refused,
        p95_delay_of_the_others=f"{late(bad, others(people)):.2f} s",
        p95_without_the_bad_ones=f"{late(well, others(people)):.2f} s",
        more=f"{more:.1%}",
        poison=f"{state} after {tries} tries",
        reported=await told(neighbours) - before,
    )
    assert len(bad) == PEOPLE - len(people[::BLOCKED]) - refused
    assert (state, tries) == ("dead", TRIES)
    assert await told(neighbours) - before == wanted
    assert late(bad, others(people)) <= late(well, others(people)) * 1.1 + MOMENTS
