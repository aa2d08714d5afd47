"""What this Parley remembers about itself, whatever partnerships it serves."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Text
from sqlmodel import Field, SQLModel, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.columns import Moment

# Since when nothing was heard, until people are told; since when this is a copy that has not gone live yet.
AWAY, RESTORED = "away", "restored"
# The bot's username and number; since when Telegram refuses its token, or the operator is not reached.
NAME, NUMBER, LOCKED_OUT, NO_OPERATOR = "bot", "bot_id", "locked_out", "operator_unreachable"
SWEPT = "swept:"  # how many rows of a state retention has deleted, "swept:outbox:sent"


class Memo(SQLModel, table=True):
    """One thing to remember by its name: since when nothing was heard ("away"), and such."""

    name: str = Field(primary_key=True)
    value: str = Field(default="", sa_type=Text)
    at: datetime = Field(sa_type=Moment)


async def swept(session: AsyncSession, table: str, states: Iterable[str], *, now: datetime) -> None:
    """Count rows that were deleted, by their state, so that what is told of them only ever grows."""
    for state, count in sorted(Counter(states).items()):
        name = f"{SWEPT}{table}:{state}"
        memo = (await session.exec(select(Memo).where(Memo.name == name).with_for_update())).first()
        memo = memo or Memo(name=name, value="0", at=now)
        memo.value, memo.at = str(int(memo.value) + count), now
        session.add(memo)
