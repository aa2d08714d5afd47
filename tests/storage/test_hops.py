"""Statements in one hop: whatever a statement brings comes whole, in order, all at once or bit by bit."""

import asyncio
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import delete, text
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

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


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_while_another_program_holds_the_file_everything_else_goes_on(
    database: Database, tmp_path: Path
) -> None:
    await filled(database, 1)

    async def write() -> None:
        async with database.writing(brief=True) as session:
            await session.exec(delete(Pace))

    with closing(sqlite3.connect(tmp_path / "parley.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        writing = asyncio.create_task(write())
        began = time.monotonic()
        await asyncio.sleep(0.3)
        waited, held = time.monotonic() - began, not writing.done()
        other.execute("ROLLBACK")
    await writing

    assert held
    assert waited < 3


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_only_the_brief_transaction_itself_runs_in_our_own_thread(database: Database) -> None:
    ours: dict[str, bool] = {}

    async def told(session: AsyncSession, name: str) -> None:
        connection = await session.connection()
        raw = (await connection.get_raw_connection()).driver_connection
        assert raw is not None
        us = threading.get_ident()
        await raw._execute(raw._conn.create_function, "here", 0, lambda: threading.get_ident() == us)
        ours[name] = bool(await connection.scalar(text("SELECT here()")))

    async with database.writing(brief=True) as session:
        await told(session, "brief")
        async with database.reading() as beside:
            await told(beside, "a look beside it")
    async with database.writing() as session:
        await told(session, "any other")

    assert ours == {"brief": True, "a look beside it": False, "any other": False}
