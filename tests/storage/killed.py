"""`python -m tests.storage.killed URL N`: a migration that is killed (kill -9) after its Nth statement.

It prints how many statements there were if it comes to its end.
"""

import asyncio
import os
import signal
import sys

from sqlalchemy import event

from storage import schema
from storage.database import Database


async def main(url: str, last: int) -> int:
    database, done = Database(url), 0

    @event.listens_for(database.engine.sync_engine, "after_cursor_execute")
    def counted(*_: object) -> None:
        nonlocal done
        done += 1
        if done == last:
            os.kill(os.getpid(), signal.SIGKILL)

    await schema.migrate(database)
    await database.close()
    return done


if __name__ == "__main__":
    print(asyncio.run(main(sys.argv[1], int(sys.argv[2]))))  # noqa: T201 - its result
