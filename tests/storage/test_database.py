"""The door to the database: what is written is whole or not at all, and moments keep their zone."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, StatementError
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.database import POOL, POOL_MORE, Database
from storage.members import Member
from storage.memos import Memo
from storage.partnerships import Organisation
from storage.passing import CollidedError, DatabaseAwayError, DiskFullError
from storage.queues import Heartbeat
from tests.cast import MONDAY

LET_GO = "SELECT pg_terminate_backend(pg_backend_pid())"


async def run(session: AsyncSession, statement: str) -> Any:  # noqa: ANN401 - whatever it gives
    came = await (await session.connection()).execute(text(statement))
    return came.first() if came.returns_rows else None


async def members(database: Database) -> list[Member]:
    async with database.reading() as session:
        return list((await session.exec(select(Member))).all())


async def test_what_fails_half_way_is_not_written(database: Database) -> None:
    async def fail_half_way() -> None:
        async with database.writing() as session:
            session.add(Member(account=1, created_at=MONDAY))
            await session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail_half_way()

    assert await members(database) == []


async def test_what_is_added_while_reading_is_not_kept(database: Database) -> None:
    async with database.reading() as session:
        session.add(Member(account=1, created_at=MONDAY))
        await session.flush()

    assert await members(database) == []


async def test_many_writers_at_once_lose_nothing(database: Database) -> None:
    async with database.writing() as session:
        session.add(Heartbeat(part="count", seen_s=0, seen_at=MONDAY))

    async def add_one() -> None:
        async with database.writing() as session:
            row = await session.get_one(Heartbeat, "count", with_for_update=True)
            row.seen_s += 1
            session.add(row)

    await asyncio.gather(*(add_one() for _ in range(100)))

    async with database.reading() as session:
        assert (await session.get_one(Heartbeat, "count")).seen_s == 100


async def test_a_row_without_its_parent_is_refused(database: Database) -> None:
    with pytest.raises(IntegrityError):
        async with database.writing() as session:
            session.add(Organisation(partnership_id=404, name="Nobody's", kind="other"))


async def test_a_moment_comes_back_in_utc_wherever_it_was_given(database: Database) -> None:
    summer = datetime(2026, 7, 1, 12, 0, tzinfo=timezone(timedelta(hours=2)))

    async with database.writing() as session:
        session.add(Member(account=1, created_at=summer))

    [member] = await members(database)
    assert (member.created_at, member.created_at.tzinfo) == (datetime(2026, 7, 1, 10, 0, tzinfo=UTC), UTC)
    assert member.unreachable_since is None


async def test_a_moment_without_a_zone_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="only aware datetimes"):
        async with database.writing() as session:
            session.add(Member(account=1, created_at=datetime(2026, 7, 1)))  # noqa: DTZ001 - what is tried


async def test_machine_time_only_moves_forward(database: Database) -> None:
    async with database.reading() as session:
        first = await database.machine_seconds(session)
        second = await database.machine_seconds(session)

    assert second >= first > 0


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_disk_without_room_is_named_and_what_was_half_written_is_not_kept(database: Database) -> None:
    async def write(*, pages: int) -> None:
        async with database.writing() as session:
            await run(session, f"PRAGMA max_page_count={pages}")
            session.add_all(Memo(name=f"{number}", value="x" * 50_000, at=MONDAY) for number in range(9))

    with pytest.raises(DiskFullError):
        await write(pages=1)
    async with database.reading() as session:
        assert (await session.exec(select(Memo))).all() == []

    await write(pages=2**30)

    async with database.reading() as session:
        assert len((await session.exec(select(Memo))).all()) == 9


@pytest.mark.parametrize("engine", ["postgresql"])
async def test_a_server_that_lets_go_of_us_is_told_apart_from_a_fault_of_ours(database: Database) -> None:
    with pytest.raises(DatabaseAwayError):
        async with database.writing() as session:
            await run(session, LET_GO)

    assert await members(database) == []


@pytest.mark.parametrize("engine", ["postgresql"])
async def test_connections_that_died_while_nobody_used_them_are_replaced_unnoticed(
    database: Database,
) -> None:
    async with database.reading() as one, database.reading() as another:
        await run(one, "SELECT 1")
        await run(another, "SELECT 1")
    let_go = (
        LET_GO.replace("pg_backend_pid()", "pid") + " FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
    )
    async with database.writing() as session:
        await run(session, let_go + " AND datname = current_database()")

    async with database.reading() as one, database.reading() as another:
        assert await run(one, "SELECT 1") == await run(another, "SELECT 1") == (1,)


@pytest.mark.parametrize("engine", ["postgresql"])
async def test_who_holds_something_and_is_heard_of_no_more_is_let_go(database: Database) -> None:
    async with database.reading() as session:
        assert await run(session, "SHOW idle_in_transaction_session_timeout") == ("10s",)

    async def stop_half_way() -> None:
        async with database.writing() as session:
            session.add(Member(account=1, created_at=MONDAY))
            await session.flush()
            await run(session, "SET LOCAL idle_in_transaction_session_timeout = 50")
            await asyncio.sleep(0.2)
            await run(session, "SELECT 1")

    with pytest.raises(DatabaseAwayError):
        await stop_half_way()
    async with database.writing() as session:  # would wait for the one above if it were still held
        session.add(Member(account=1, created_at=MONDAY))

    assert len(await members(database)) == 1


@pytest.mark.parametrize("engine", ["postgresql"])
async def test_of_two_that_wait_for_each_other_one_is_told_so(database: Database) -> None:
    async with database.writing() as session:
        session.add_all([Member(id=1, created_at=MONDAY), Member(id=2, created_at=MONDAY)])
    both = asyncio.Barrier(2)

    async def hold(first: int, then: int) -> None:
        async with database.writing() as session:
            await session.get_one(Member, first, with_for_update=True)
            await both.wait()
            await session.get_one(Member, then, with_for_update=True)

    came = await asyncio.gather(hold(1, 2), hold(2, 1), return_exceptions=True)

    assert [type(one) for one in came if one] == [CollidedError]


def test_the_page_for_operators_counts_connections_as_they_are() -> None:
    page = (Path(__file__).parents[2] / "docs" / "operating.md").read_text(encoding="utf-8")
    most = POOL + POOL_MORE

    assert f"A process keeps up to {POOL} connections" in page
    assert f"{most} connections at\nmost" in page
    assert f"6 x {most} = {6 * most} at most" in page
