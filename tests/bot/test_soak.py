"""Promise 17: it runs for weeks. Three months of rounds through real processes, and then what is left."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import SQLModel, col, func, select

from facilitation import planning
from storage.database import Database
from storage.members import Seat
from storage.partnerships import Organisation
from storage.queues import Incoming, Outgoing
from storage.rounds import Answer, Schedule
from tests import crowd, processes, proof, weeks
from tests.bot.conftest import Stage
from tests.cast import MONDAY
from tests.crowd import Crowd
from tests.processes import Parley, until
from tests.sandbox_process import Sandbox
from tests.thumbs import Thumbs

pytestmark = [pytest.mark.kill, pytest.mark.promise]

DAYS, WARM = proof.size(ci=9, long=90), proof.size(ci=7, long=30)
MEMBERS, SEATS = proof.size(ci=40, long=2000), proof.size(ci=5, long=25)
CHECKED_IN = proof.size(ci=14, long=1)  # every so many days
UNLIMITED = 10_000  # the pacer's factor, where the sandbox sets no limits
GROWTH = 0.10
QUIET_MONTH = timedelta(days=33)
KEPT, SWEPT_WITHIN = timedelta(days=30), timedelta(days=2)
# What grows with every round, because a partnership is to have it; and what grows until it is swept.
SAID = ("round", "cell", "invitation", "answer", "digest", "signal", "shown", "response", "promise")
SWEPT = ("inbox", "outbox")
A_FEW = 30  # things that Parley remembers about itself


async def _scheduled(database: Database, people: Crowd) -> None:
    """Beside everybody's pulse: a check-in of two organisations (in the long run daily), a nudge for four."""
    async with database.writing() as session:
        wanted = select(Organisation.id).where(Organisation.partnership_id == people.partnership)
        organisations = (await session.exec(wanted.order_by(col(Organisation.id)))).all()
        for seat in (await session.exec(select(Seat))).all():
            seat.lead = True  # whoever sits there may speak for the organisation in its check-in
            session.add(seat)
        starts = {"partnership_id": people.partnership, "starts": date(2026, 11, 3), "started_at": MONDAY}
        daily = {
            "instrument": "check-in",
            "rule": f"FREQ=DAILY;INTERVAL={CHECKED_IN}",
            "window_days": 0,
            "digest_days": 1,
        }
        weekly = {"instrument": "nudge", "rule": "FREQ=WEEKLY;BYDAY=TH"}
        for hours, audience in ((daily, organisations[:2]), (weekly, organisations[:4])):
            schedule = Schedule.model_validate(
                {**starts, **hours, "audience": audience, "created_at": MONDAY}
            )
            session.add(schedule)
            await session.flush()
            await planning.plan(session, schedule.id, now=MONDAY)


def _parleys(stage: Stage, world: Sandbox) -> list[Parley]:
    given = partial(stage.parley, sandbox=world, module="bot", pace=UNLIMITED)
    if stage.on_sqlite:
        return [given("run")]
    port = processes.free_port()
    web = given("web", port=port, public_url=f"http://127.0.0.1:{port}")
    return [web, given("worker"), given("clock")]


def _resident(pid: int) -> float:
    """What a process holds now, in MB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


async def _older(database: Database, moment: datetime) -> dict[str, int]:
    """How many updates and letters there are, in whatever state, that were over before this moment."""
    updates = select(func.count()).where(col(Incoming.received_at) < moment)
    letters = select(func.count()).where(col(Outgoing.not_after) < moment)
    async with database.reading() as session:
        return {
            "updates": (await session.exec(updates)).one(),
            "letters": (await session.exec(letters)).one(),
        }


async def _rows(database: Database) -> dict[str, int]:
    """How many rows each table has that neither keeps what was said in rounds nor is swept by its age."""
    tables = [table for name, table in SQLModel.metadata.tables.items() if name not in (*SAID, *SWEPT)]
    async with database.reading() as session:
        connection = await session.connection()
        return {
            table.name: (await connection.execute(sa.select(func.count()).select_from(table))).scalar_one()
            for table in tables
        }


@pytest.mark.parametrize("engine", proof.engines("sqlite"))
async def test_weeks_of_rounds_leave_neither_memory_nor_old_rows_behind(
    stage: Stage, world: Sandbox, note: Callable[..., None]
) -> None:
    people = await crowd.seated(stage.database, MEMBERS, seats=SEATS)
    await _scheduled(stage.database, people)
    crowd.phones(world, people.accounts)
    await world.control("POST", "limits", {"off": True})
    thumbs = Thumbs(world, crowd.FIRST)
    parleys = [parley.start() for parley in _parleys(stage, world)]

    passed = partial(weeks.passed, stage.database, thumbs, stage.calendar.move)
    now = await passed(begin=MONDAY, end=MONDAY + timedelta(days=WARM))
    before = {parley.command: _resident(parley.pid) for parley in parleys}
    few = await _rows(stage.database)
    now = await passed(begin=now, end=MONDAY + timedelta(days=DAYS))
    after = {parley.command: _resident(parley.pid) for parley in parleys}
    kept = await _older(stage.database, now - KEPT - SWEPT_WITHIN)
    rows = await _rows(stage.database)
    # Nothing happens for a month; then all that was is old.
    stage.calendar.move(now + QUIET_MONTH)

    async def swept() -> bool:
        return not any((await _older(stage.database, now)).values())

    async with stage.database.reading() as session:
        answers = (await session.exec(select(func.count()).select_from(Answer))).one()
    note(
        17,
        engine=stage.database.url.get_backend_name(),
        members=MEMBERS,
        days=DAYS,
        letters=thumbs.letters,
        taps=thumbs.taps,
        answers=answers,
        older_than_30_days=sum(kept.values()),
        rows_of_other_tables=f"{sum(few.values())} to {sum(rows.values())}",
        **{f"{name}_MB": f"{before[name]:.0f} to {after[name]:.0f}" for name in before},
    )
    assert answers > MEMBERS
    assert kept == {"updates": 0, "letters": 0}
    most = few | {"pace": MEMBERS + 1, "awaited": MEMBERS, "memo": A_FEW}
    assert {name: many for name, many in rows.items() if many > most[name]} == {}, few
    await until(swept, within=60)
    assert {name: mb for name, mb in after.items() if mb > before[name] * (1 + GROWTH)} == {}, (before, after)
