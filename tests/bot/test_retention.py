"""Retention: what is settled is swept out after 30 days; what waits, and what is parked, stays."""

import asyncio
import time
from contextlib import suppress
from datetime import datetime, timedelta

import pytest
from sqlalchemy import delete
from sqlmodel import col, select

from bot import inbox, pace, retention
from bot.pace import Pacer
from bot.retention import Broom
from facilitation import founding, invites
from storage.database import Database
from storage.members import Invite
from storage.memos import Memo
from storage.queues import SETTLED, Incoming, Outgoing, Pace
from tests import proof
from tests.bot.test_outbox import written
from tests.cast import MONDAY, Cast

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
        for state, letter in zip((*SETTLED, "pending", "retry", "sending"), letters, strict=True):
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

    async def noted(_: Database, *, now: datetime, within: float) -> dict[str, int]:
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

    async def fails(_: Database, *, now: object, within: float) -> dict[str, int]:
        swept.append(now)
        raise ConnectionRefusedError

    monkeypatch.setattr(retention, "swept_out", fails)
    broom = Broom(database)

    for seconds in (0.0, 590.0, 610.0, 700.0, 3600.0, 4211.0, 4300.0):
        await broom.sweep(now=MONDAY + timedelta(seconds=seconds), machine=100.0 + seconds)

    assert swept == [MONDAY + timedelta(seconds=seconds) for seconds in (610, 4211)]


async def test_of_many_clocks_one_sweeps_and_a_calendar_put_back_stops_none(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    swept: list[tuple[int, datetime]] = []
    brooms = [Broom(database) for _ in range(3)]

    async def noted(_: Database, *, now: datetime, within: float) -> dict[str, int]:
        swept.append((0, now))
        return {}

    monkeypatch.setattr(retention, "swept_out", noted)
    for number, now in enumerate((MONDAY, MONDAY + DAY, MONDAY - DAY)):
        for broom in brooms:
            await broom.sweep(now=now, machine=3601.0 * number)

    assert [now for _, now in swept] == [MONDAY + DAY, MONDAY - DAY]


async def test_what_does_not_fit_into_a_beat_goes_on_in_the_next(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "SLICE", 2)
    monkeypatch.setattr(retention, "AT_ONCE", 0.0)
    await settled(database)
    broom = Broom(database)

    await broom.sweep(now=LATER, machine=0.0)
    await broom.sweep(now=LATER, machine=601.0)
    early = await left(database)
    monkeypatch.setattr(retention, "AT_ONCE", 60.0)
    await broom.sweep(now=LATER, machine=611.0)

    assert early >= {"done", "sent"}
    assert await left(database) == {"parked", "new", "pending", "retry", "sending"}


async def test_what_was_swept_is_counted_by_its_state_and_added_up(database: Database) -> None:
    for _ in range(2):
        await settled(database)
        await retention.swept_out(database, now=LATER)
        async with database.writing() as session:
            await session.exec(delete(Incoming))
            await session.exec(delete(Outgoing))

    async with database.reading() as session:
        memos = (await session.exec(select(Memo.name, Memo.value))).all()
    swept = {f"swept:outbox:{state}": "2" for state in SETTLED}
    assert dict(memos) == swept | {"swept:inbox:done": "2"}


async def test_what_was_said_in_a_parked_update_goes_after_thirty_days_and_its_row_stays(
    database: Database,
) -> None:
    await settled(database)

    early = await retention.swept_out(database, now=MONDAY + 29 * DAY)
    late = await retention.swept_out(database, now=LATER)
    again = await retention.swept_out(database, now=LATER)

    assert [one["parked"] for one in (early, late, again)] == [0, 1, 0]
    async with database.reading() as session:
        parked = (await session.exec(select(Incoming).where(Incoming.state == "parked"))).one()
    assert (parked.payload, parked.awaited) == ("", None)


async def test_links_that_ended_unused_go_and_those_somebody_came_by_stay(
    database: Database, cast: Cast
) -> None:
    council = cast.organisations["council"]
    async with database.writing() as session:
        unused, _ = invites.make(council, role="member", name="Nobody", language="en", now=MONDAY)
        founded, _ = founding.make(now=MONDAY)
        session.add_all([unused, founded])
    ends = max(unused.expires_at, founded.expires_at)

    early = await retention.swept_out(database, now=unused.expires_at)
    late = await retention.swept_out(database, now=ends + 31 * DAY)

    assert (early["links"], early["foundings"], late["links"]) == (0, 1, 1)
    async with database.reading() as session:
        left = (await session.exec(select(Invite.id))).all()
    assert len(left) == len(cast.members) + 1


@pytest.mark.alone
async def test_no_slice_of_two_hundred_thousand_rows_holds_up_whoever_else_writes(
    database: Database,
) -> None:
    rows = proof.size(ci=10_000, long=200_000)
    insert = database.insert(Incoming)
    async with database.writing() as session:
        for first in range(0, rows, 5000):
            numbers = range(first, first + 5000)
            await session.exec(insert, params=[_done(number) for number in numbers])
    waits: list[float] = []

    async def writes() -> None:
        while True:
            began = time.monotonic()
            async with database.writing() as session:
                await session.exec(
                    database.insert(Memo).values(name=str(time.monotonic_ns()), value="", at=MONDAY)
                )
            waits.append(time.monotonic() - began)
            await asyncio.sleep(0.005)

    writing = asyncio.create_task(writes())
    while len(waits) < 5:  # noqa: ASYNC110 - until its connection is open
        await asyncio.sleep(0.01)
    waits.clear()
    began = time.monotonic()
    swept = await retention.swept_out(database, now=LATER)
    took = time.monotonic() - began
    writing.cancel()

    with suppress(asyncio.CancelledError):
        await writing
    print(f"{swept['updates']} rows in {took:.1f} s, longest wait {max(waits):.3f} s")  # noqa: T201 - a figure for whoever measures
    assert swept["updates"] == rows
    assert sorted(waits)[len(waits) * 99 // 100] < 0.25  # nobody sees a tick that comes that late
    assert max(waits) < 2.0  # where the disk, or another program, had its say


def _done(number: int) -> dict[str, object]:
    row = Incoming(bot=42, update_id=number, chat=number % 997, received_at=MONDAY, state="done")
    return row.model_dump()
