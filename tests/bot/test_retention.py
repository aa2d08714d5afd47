"""Retention: what is settled is swept out after 30 days; what waits, and what is parked, stays."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import col, select

from bot import inbox, pace, retention
from bot.pace import Pacer
from bot.retention import Broom
from storage.database import Database
from storage.queues import Incoming, Outgoing, Pace
from tests.bot.test_outbox import written
from tests.cast import MONDAY

DAY = timedelta(days=1)
LATER = MONDAY + timedelta(days=32)


async def settled(database: Database) -> None:
    """An update and a letter in each of their states, all of them from long ago."""
    states = ("done", "parked", "new")
    await inbox.store(database, 42, [{"update_id": number} for number, _ in enumerate(states)], now=MONDAY)
    await written(database, *range(1, 8))
    async with database.writing() as session:
        for state, update in zip(states, (await session.exec(select(Incoming))).all(), strict=True):
            update.state = state
        letters = (await session.exec(select(Outgoing))).all()
        for state, letter in zip((*retention.SETTLED, "pending", "retry", "sending"), letters, strict=True):
            letter.state = state


async def left(database: Database) -> set[str]:
    async with database.reading() as session:
        updates = (await session.exec(select(Incoming.state))).all()
        letters = (await session.exec(select(Outgoing.state))).all()
    return {*updates, *letters}


async def test_what_is_settled_goes_after_thirty_days_and_nothing_else(database: Database) -> None:
    await settled(database)

    early = await retention.swept_out(database, now=MONDAY + 30 * DAY)
    late = await retention.swept_out(database, now=LATER)

    assert (early["updates"], early["letters"]) == (0, 0)
    assert (late["updates"], late["letters"]) == (1, 4)
    assert await left(database) == {"parked", "new", "pending", "retry", "sending"}


async def test_the_pace_of_chats_long_quiet_goes_and_a_halt_stays(database: Database) -> None:
    async with database.writing() as session:
        seconds = await database.machine_seconds(session)
        session.add_all(
            [
                Pace(bot=42, chat=0, free_s=seconds - 9000, halted_s=seconds + 9000),
                Pace(bot=42, chat=5, free_s=seconds - 9000),
                Pace(bot=42, chat=6, free_s=seconds),
            ]
        )

    swept = await retention.swept_out(database, now=MONDAY)

    async with database.reading() as session:
        kept = (await session.exec(select(Pace.chat).order_by(col(Pace.chat)))).all()
    assert (swept["chats"], list(kept)) == (1, [0, 6])
    async with database.writing() as session:
        assert await pace.reserve(database, session, Pacer(42), [(5, "sendMessage")])


async def test_a_calendar_that_is_moved_is_swept_once_a_day_of_it(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    swept: list[datetime] = []

    async def noted(_: Database, *, now: datetime) -> dict[str, int]:
        swept.append(now)
        return {}

    monkeypatch.setattr(retention, "swept_out", noted)
    broom = Broom(database)

    for hours in (0, 23, 24, 30, 47, 24 * 40):
        await broom.sweep(now=MONDAY + timedelta(hours=hours), machine=100.0)

    assert swept == [MONDAY + DAY, MONDAY + 40 * DAY]


async def test_it_is_swept_once_an_hour_and_a_failure_is_no_end(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    swept: list[object] = []

    async def fails(_: Database, *, now: object) -> dict[str, int]:
        swept.append(now)
        raise ConnectionRefusedError

    monkeypatch.setattr(retention, "swept_out", fails)
    broom = Broom(database)

    for machine in (100.0, 3600.0, 3701.0, 3800.0, 7301.0):
        await broom.sweep(now=MONDAY, machine=machine)

    assert swept == [MONDAY, MONDAY]
