"""A round that is open, a member with an old phone, and how far they have come."""

import pytest

from bot import heard
from storage.database import Database
from tests.cast import MONDAY, OPENS, Cast
from tests.dialogs.phone import Phone, card
from tests.dialogs.raisings import QUOTED, TUESDAY, WORDS, Letters, Raising
from tests.facilitation import every_kind
from tests.facilitation.every_kind import Asked
from tests.facilitation.turning import all_rounds, invitation_of, turn


@pytest.fixture
async def round_id(database: Database, cast: Cast) -> int:
    await turn(database, now=OPENS)
    return (await all_rounds(database))[0].id


@pytest.fixture
async def member(database: Database, cast: Cast, round_id: int) -> Phone:
    return Phone(database, cast.accounts["refugee_group"][0])


@pytest.fixture
async def mine(database: Database, member: Phone, round_id: int) -> int:
    return (await invitation_of(database, member.account, round_id)).id


@pytest.fixture
async def asked(member: Phone, mine: int) -> Phone:
    """A member who has come to the last question."""
    for position in range(5):
        await member.tap(f"rate:{mine}:{position}:4")
    await member.tap(f"ask:{mine}:5", message=41)
    return member


@pytest.fixture
def letters(database: Database) -> Letters:
    return Letters(database)


@pytest.fixture
def author(database: Database, cast: Cast) -> Phone:
    return Phone(database, cast.accounts["refugee_group"][0], now=MONDAY)


@pytest.fixture
def facilitator(database: Database, cast: Cast) -> Phone:
    return Phone(database, cast.facilitator, now=TUESDAY)


@pytest.fixture
def raising(database: Database, author: Phone) -> Raising:
    """Something raised on Monday, that came before the facilitators on Tuesday."""

    async def raise_(words: str = WORDS, shown_as: int = QUOTED) -> int:
        await author.say("/raise")
        how = await author.say(words)
        raised_id = int(card(how).rows[0][0].data.split(":")[1])
        await author.tap(f"raiseas:{raised_id}:{shown_as}")
        await heard.tick(database, now=TUESDAY)
        return raised_id

    return raise_


@pytest.fixture
async def every(database: Database, cast: Cast) -> Asked:
    """A round with a question of every kind, for one member."""
    return await every_kind.opened(database, cast)
