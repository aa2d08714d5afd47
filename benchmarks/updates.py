"""Updates stored without a network: what the database and our own code cost. See taps.py for the rest."""

import asyncio
import statistics
import time
from collections.abc import Iterator
from typing import Any

from sqlalchemy import func
from sqlmodel import select

from benchmarks import ground
from benchmarks.figures import Figure, at_least
from benchmarks.ground import Ground
from bot import inbox
from storage import schema
from storage.database import Database
from storage.queues import Incoming, Pace
from tests.cast import MONDAY

BATCH = 50
MANY = 1000
SINGLE = 200
BOT = 42


def figures(at: Ground) -> Iterator[Figure]:
    for engine in ground.ENGINES:
        stored, single = asyncio.run(_median(at.database(engine)))
        yield Figure(f"updates stored, {engine}, {BATCH} a commit", stored, "a second")
        yield at_least(3, f"the same beside single-row commits, {engine}", stored / single, "times")


async def _median(url: str) -> tuple[float, ...]:
    database = Database(url)
    await schema.migrate(database)
    runs = [await measure(database) for _ in range(3)]
    await database.close()
    return tuple(statistics.median(column) for column in zip(*runs, strict=True))


async def measure(database: Database) -> tuple[float, float]:
    """Stored a second in batches, and single-row commits a second."""
    async with database.reading() as session:
        known = (await session.exec(select(func.max(Incoming.update_id)))).first()
    first = (known or 0) + 1
    stored = await _stored(database, first)
    return stored, await _single(database, first)


def _update(number: int) -> dict[str, Any]:
    person = {"id": 100_000 + number % 200, "is_bot": False, "first_name": "Ada", "language_code": "en"}
    chat = {"id": person["id"], "type": "private", "first_name": "Ada"}
    return {
        "update_id": number,
        "message": {
            "message_id": number,
            "date": 1_790_000_000,
            "chat": chat,
            "from": person,
            "text": "/help",
        },
    }


async def _stored(database: Database, first: int) -> float:
    begun = time.perf_counter()
    for start in range(first, first + MANY, BATCH):
        await inbox.store(database, BOT, [_update(start + step) for step in range(BATCH)], now=MONDAY)
    return MANY / (time.perf_counter() - begun)


async def _single(database: Database, first: int) -> float:
    """The engine's own pace for a commit of one small row."""
    begun = time.perf_counter()
    for number in range(first, first + SINGLE):
        async with database.writing() as session:
            session.add(Pace(bot=1, chat=number, free_s=begun))
    return SINGLE / (time.perf_counter() - begun)
