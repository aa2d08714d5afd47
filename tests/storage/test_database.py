"""The door to the database: what is written is whole or not at all, and moments keep their zone."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy.exc import IntegrityError, StatementError
from sqlmodel import select

from storage.database import Database
from storage.members import Member
from storage.partnerships import Organisation
from storage.queues import Heartbeat
from tests.cast import MONDAY


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
