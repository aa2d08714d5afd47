"""Nobody schedules who may not, and no forged number of a button does anything."""

import pytest
from sqlmodel import select

from storage.database import Database
from storage.members import Member, Seat
from storage.rounds import Schedule
from tests.cast import MONDAY, Cast, seated
from tests.dialogs.phone import Phone
from tests.facilitation.turning import all_rounds


@pytest.fixture
def facilitator(database: Database, cast: Cast) -> Phone:
    return Phone(database, cast.facilitator, now=MONDAY)


@pytest.fixture
def plan(cast: Cast) -> int:
    return cast.schedule.id


async def stored(database: Database, schedule_id: int) -> Schedule:
    async with database.reading() as session:
        return await session.get_one(Schedule, schedule_id)


BUTTONS = (
    "plan",
    "planwhen",
    "planstart",
    "planpause",
    "planresume",
    "plandel",
    "plandeleted",
    "planoff",
    "planwho",
)


@pytest.mark.parametrize(
    "button",
    [
        *(f"{kind}:{{plan}}" for kind in BUTTONS),
        "plans:{pid}",
        "plannew:{pid}",
        "planask:{pid}:0",
        "planday:{plan}:1:1",
        "planon:{plan}:739950",
        "planhour:{plan}:600",
        "planlast:{plan}:1:600",
        "planout:{plan}:1:600",
        "planhush:{plan}:0:0",
        "planland:{plan}:1",
        "planorg:{plan}:1:1",
        "plancall:{plan}:739923",
        "plancalled:{plan}:739923",
        "try:{plan}:0",
        "trywhy:{plan}:0",
    ],
)
async def test_nobody_else_schedules(database: Database, cast: Cast, plan: int, button: str) -> None:
    other = await seated(database, first_account=5000, name="Hillside")
    forged = button.format(plan=plan, pid=cast.partnership.id)
    before = (await stored(database, plan)).model_dump()

    for account in (cast.members[0], other.facilitator, 4):
        refused = await Phone(database, account, now=MONDAY).tap(forged)
        assert (refused.card, refused.alert) == (None, True)

    assert (await stored(database, plan)).model_dump() == before
    assert [one.state for one in await all_rounds(database) if one.schedule_id == plan] == [
        "planned",
        "planned",
    ]


@pytest.mark.parametrize(
    "button",
    [
        "planoften:{plan}:9",
        "planday:{plan}:9:1",
        "planday:{plan}:1:7",
        "planon:{plan}:0",
        "planon:{plan}:99999999999",
        "planhour:{plan}:1440",
        "planlast:{plan}:99:600",
        "planland:{plan}:6",
        "planorg:{plan}:999:1",
        "planask:{pid}:99",
        "plancalled:{plan}:1",
        "try:{plan}:99",
    ],
)
async def test_a_forged_number_changes_nothing(
    database: Database, cast: Cast, plan: int, facilitator: Phone, button: str
) -> None:
    before = (await stored(database, plan)).model_dump()

    refused = await facilitator.tap(button.format(plan=plan, pid=cast.partnership.id))

    assert refused.alert
    assert (await stored(database, plan)).model_dump() == before


async def test_words_for_a_schedule_somebody_may_no_longer_change_are_not_taken(
    database: Database, cast: Cast, plan: int, facilitator: Phone
) -> None:
    await facilitator.tap(f"planwhen:{plan}")
    async with database.writing() as session:
        member = (await session.exec(select(Member).where(Member.account == cast.facilitator))).one()
        for seat in (await session.exec(select(Seat).where(Seat.member_id == member.id))).all():
            seat.left_at = MONDAY
            session.add(seat)

    await facilitator.say("every Friday")

    assert (await stored(database, plan)).rule == "FREQ=WEEKLY;BYDAY=TU"
