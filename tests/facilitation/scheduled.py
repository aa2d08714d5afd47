"""A facilitator's changes to a schedule, each in a transaction of its own."""

from datetime import date, datetime, timedelta

from facilitation import partnerships, schedules
from facilitation.cadence import Heard
from facilitation.schedules import Coming, Plan
from storage.database import Database
from tests.cast import MONDAY, Cast
from tests.facilitation.turning import all_rounds

WEEK = timedelta(days=7)
TUESDAYS = [date(2026, 11, 3) + WEEK * number for number in range(5)]
EVERY_DAY = Heard("FREQ=DAILY", date(2026, 11, 3), None)


async def planned(database: Database, cast: Cast) -> Plan:
    async with database.reading() as session:
        return await schedules.of(session, cast.schedule.id, account=cast.facilitator)


async def does(database: Database, cast: Cast, verb: object, *facts: object, now: datetime = MONDAY) -> Plan:
    """One change by the facilitator, in a transaction of its own."""
    async with database.writing() as session:
        plan = await schedules.of(session, cast.schedule.id, account=cast.facilitator, hold=True)
        await verb(session, plan, *facts, now=now)  # type: ignore[operator]  # any verb of schedules
        return plan


async def states(database: Database) -> list[tuple[date, str]]:
    return [(round_.local_date, round_.state) for round_ in await all_rounds(database)]


async def coming(database: Database, cast: Cast, *, now: datetime = MONDAY) -> list[Coming]:
    plan = await planned(database, cast)
    async with database.reading() as session:
        return await schedules.coming(session, plan, now=now)


async def new(database: Database, cast: Cast, instrument: str, heard: Heard | None = None) -> int:
    """A draft, with its time if there is one."""
    async with database.writing() as session:
        own = await partnerships.facilitated(session, cast.partnership.id, account=cast.facilitator)
        plan = await schedules.draft(session, own, instrument, now=MONDAY)
        if heard is not None:
            await schedules.come(session, plan, heard, now=MONDAY)
        return plan.schedule.id


async def choose(database: Database, cast: Cast, name: str, *, asked: bool) -> list[int]:
    async with database.writing() as session:
        plan = await schedules.of(session, cast.schedule.id, account=cast.facilitator, hold=True)
        await schedules.choose(session, plan, cast.organisations[name].id, asked=asked)
        return plan.schedule.audience
