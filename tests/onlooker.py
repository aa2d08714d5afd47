"""Another process that only looks at a database, as `parley doctor` does, again and again until told to stop.

`python -m tests.onlooker URL` begins at once, ends when its input ends, and prints how often it looked and
what went wrong.
"""

import asyncio
import json
import sys
from collections import Counter

from sqlmodel import func, select

from storage import schema
from storage.database import Database
from storage.queues import Heartbeat


async def look(url: str) -> None:
    ended = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    looks, wrong = 0, Counter[str]()
    while not ended.done():
        database = Database(url, read_only=True)
        try:
            assert await schema.version(database) == schema.HEAD
            async with database.reading() as session:
                await session.exec(select(func.count()).select_from(Heartbeat))
            looks += 1
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what is counted
            wrong[f"{type(error).__name__}: {error}"] += 1
        finally:
            await database.close()
        await asyncio.sleep(0.01)
    json.dump({"looks": looks, "wrong": wrong}, sys.stdout)


if __name__ == "__main__":
    asyncio.run(look(sys.argv[1]))
