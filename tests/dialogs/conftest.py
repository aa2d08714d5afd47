"""A round that is open, a member with an old phone, and how far they have come."""

import pytest

from storage.database import Database
from tests.cast import OPENS, Cast
from tests.dialogs.phone import Phone
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
