"""A restored copy is silent until it is told to go live (bot/restoring.py): no part of it may start."""

from datetime import datetime

from bot.settings import Unusable
from storage.database import Database
from storage.memos import RESTORED, Memo


def moment(at: datetime) -> str:
    """As an operator reads it."""
    return f"{at:%-d %B %Y, %H:%M} UTC"


async def since(database: Database) -> datetime | None:
    """The moment of the backup that this copy was restored from, as long as it has not gone live."""
    async with database.reading() as session:
        memo = await session.get(Memo, RESTORED)
        return memo.at if memo is not None else None


async def refuse(database: Database) -> None:
    """Raises Unusable for a restored copy that nobody has told to go live."""
    at = await since(database)
    if at is not None:
        raise Unusable(
            f"this database was restored from the backup of {moment(at)}, and is silent.\n"
            "  Parley does not start on it, so that nobody hears everything twice. Once the Parley\n"
            "  that it was copied from is stopped for good: parley restore --go-live"
        )
