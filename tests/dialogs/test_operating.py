"""What whoever runs this Parley does from their chat: find a partnership somebody new to facilitate it."""

import pytest

from dialogs.events import Setting
from facilitation import members
from storage.database import Database
from tests.cast import MONDAY, Cast
from tests.dialogs.phone import Phone, card, text

OPERATOR, NEWCOMER, OTHER = 9000, 77, 78
HERE = Setting(bot="parley_bot", operator_chat=OPERATOR)


@pytest.fixture
def operator(database: Database) -> Phone:
    return Phone(database, OPERATOR, now=MONDAY, setting=HERE)


@pytest.fixture
async def button(database: Database, cast: Cast) -> str:
    """Under the word to the operator that nobody facilitates Riverside now."""
    async with database.writing() as session:
        await members.lost(session, account=cast.facilitator, now=MONDAY)
    return f"unled:{cast.partnership.id}"


async def opens(database: Database, account: int, link: str) -> str:
    phone = Phone(database, account, now=MONDAY, setting=HERE)
    return text(await phone.say(f"/start {link.rpartition('?start=')[2].strip()}"))


async def test_each_tap_makes_a_link_and_ends_the_one_before(
    database: Database, operator: Phone, button: str
) -> None:
    first, second = [text(await operator.tap(button)) for _ in range(2)]

    assert "was taken back" in await opens(database, NEWCOMER, first)
    assert "asks you in" in await opens(database, OTHER, second)


async def test_once_somebody_is_back_no_link_is_made_and_the_button_goes(
    database: Database, cast: Cast, operator: Phone, button: str
) -> None:
    await Phone(database, cast.facilitator, now=MONDAY, setting=HERE).say("/start")

    reply = await operator.tap(button)

    assert text(reply) == "Whoever facilitates Riverside can be reached again. No link is needed."
    assert (reply.over, card(reply).rows) == (1, ())


async def test_the_button_makes_no_link_for_anybody_else(database: Database, cast: Cast, button: str) -> None:
    reply = await Phone(database, cast.members[0], now=MONDAY, setting=HERE).tap(button)

    assert (reply.card, reply.alert) == (None, True)
