"""Statements in one hop: whatever a statement brings comes whole, in order, all at once or bit by bit."""

import pytest
from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from storage.database import Database
from storage.hops import FIRST
from storage.queues import Pace

MANY = 2 * FIRST + 1


async def filled(database: Database, rows: int) -> None:
    async with database.writing() as session:
        session.add_all(Pace(bot=1, chat=chat, free_s=0.0) for chat in range(rows))


@pytest.mark.parametrize("rows", [0, 1, FIRST - 1, FIRST, FIRST + 1, MANY])
async def test_all_rows_come_in_order(database: Database, rows: int) -> None:
    await filled(database, rows)

    async with database.reading() as session:
        found = (await session.exec(select(Pace.chat).order_by(col(Pace.chat)))).all()

    assert found == list(range(rows))


@pytest.mark.parametrize("batch", [7, FIRST, MANY + 5])
async def test_rows_come_bit_by_bit(database: Database, batch: int) -> None:
    await filled(database, MANY)

    async with database.engine.connect() as connection:
        wanted = select(Pace.chat).order_by(col(Pace.chat))
        streamed = await connection.stream(wanted, execution_options={"yield_per": batch})
        found = [chat async for [chat] in streamed]

    assert found == list(range(MANY))


async def test_a_stream_may_be_left_half_way(database: Database) -> None:
    await filled(database, MANY)

    async with database.engine.connect() as connection:
        streamed = await connection.stream(select(Pace.chat), execution_options={"yield_per": 5})
        await streamed.fetchone()
        await streamed.close()

    async with database.writing() as session:
        assert (await session.exec(delete(Pace))).rowcount == MANY


async def test_a_change_tells_how_many_rows_and_which(database: Database) -> None:
    await filled(database, MANY)

    async with database.writing() as session:
        gone = (await session.exec(delete(Pace).where(col(Pace.chat) > 0).returning(col(Pace.chat)))).all()
        rest = (await session.exec(delete(Pace))).rowcount

    assert (len(gone), rest) == (MANY - 1, 1)


async def test_a_statement_that_fails_says_so_and_the_next_one_works(database: Database) -> None:
    await filled(database, 1)

    with pytest.raises(IntegrityError):
        await filled(database, 1)

    await filled(database, 0)
