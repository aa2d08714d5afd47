"""What this Parley remembers about itself, whatever partnerships it serves."""

from datetime import datetime

from sqlalchemy import Text
from sqlmodel import Field, SQLModel

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
