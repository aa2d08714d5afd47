"""One round from opening to digest, on a real database, without a messenger."""

from sqlmodel import select

from bot import ticking
from storage.database import Database
from storage.queues import Outgoing
from tests.cast import BRIEF, CLOSES, DIGEST, OPENS, REMINDS, Cast


async def test_a_round_writes_each_letter_once_however_often_the_clock_ticks(
    database: Database, cast: Cast
) -> None:
    for moment in (OPENS, OPENS, REMINDS, REMINDS, CLOSES, BRIEF, DIGEST, DIGEST):
        await ticking.tick(database, now=moment)

    async with database.reading() as session:
        kinds = [row.kind for row in (await session.exec(select(Outgoing))).all()]

    assert kinds.count("invitation") == len(cast.members)
    assert kinds.count("reminder") == len(cast.members)
    assert kinds.count("brief") == 1
    assert kinds.count("digest") == len(cast.members) + 1
