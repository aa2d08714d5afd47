"""What the digest will be able to show, said before the first round, and true then."""

from sqlmodel import select

from facilitation import outlook, schedules
from storage.database import Database
from storage.members import Seat
from storage.partnerships import Organisation
from tests.cast import MONDAY, OPENS, Cast, seat_of
from tests.facilitation.scheduled import EVERY_DAY, choose, new
from tests.facilitation.turning import turn


async def looked(database: Database, cast: Cast, schedule_id: int) -> outlook.Outlook:
    async with database.reading() as session:
        plan = await schedules.of(session, schedule_id, account=cast.facilitator)
        return await outlook.of(session, plan)


async def test_the_outlook_says_who_stands_alone_who_together_and_who_not_apart(
    database: Database, cast: Cast
) -> None:
    everyone = await looked(database, cast, cast.schedule.id)

    for name in ("youth_centre", "council"):
        await choose(database, cast, name, asked=False)
    some = await looked(database, cast, cast.schedule.id)

    assert (everyone.seats, everyone.alone, everyone.total) == (15, ("Council", "Health Trust"), True)
    assert everyone.together == (("community", ("Family Charity", "Youth Centre", "Refugee Group")),)
    assert (some.seats, some.alone) == (8, ("Health Trust",))
    assert some.together == (("community", ("Family Charity", "Refugee Group")),)


async def test_nobody_is_promised_a_figure_beside_which_too_few_are_left(
    database: Database, cast: Cast
) -> None:
    for name in ("health_trust", "family_charity", "refugee_group"):
        await choose(database, cast, name, asked=False)

    found = await looked(database, cast, cast.schedule.id)

    # Seven in all, five of the council: the other two could be worked out from the total.
    assert (found.seats, found.total, found.alone, found.together) == (7, True, (), ())
    assert set(found.unseen) == {"Council", "Youth Centre"}


async def test_the_outlook_is_what_the_round_then_draws(database: Database, cast: Cast) -> None:
    before = await looked(database, cast, cast.schedule.id)

    await turn(database, now=OPENS)

    async with database.reading() as session:
        drawn = (await session.exec(select(Organisation.name, Organisation.cell_id))).all()
    cells = dict(drawn)
    together = {frozenset(names) for _, names in before.together}
    found = {
        frozenset(name for name in cells if cells[name] == cell) for cell in set(cells.values()) - {None}
    }
    assert found == together | {frozenset((name,)) for name in before.alone}


async def test_the_outlook_does_not_tell_who_is_away_or_was_asked_before(
    database: Database, cast: Cast
) -> None:
    await choose(database, cast, "youth_centre", asked=False)
    before = await looked(database, cast, cast.schedule.id)

    for name in ("council", "refugee_group"):
        seat = await seat_of(database, cast.accounts[name][0])
        async with database.writing() as session:
            (await session.get_one(Seat, seat.id)).paused_at = MONDAY
    await turn(database, now=OPENS)

    assert await looked(database, cast, cast.schedule.id) == before


async def test_the_outlook_counts_only_those_for_whom_there_is_time(database: Database, cast: Cast) -> None:
    async with database.writing() as session:
        (await session.get_one(Organisation, cast.organisations["council"].id)).capacity = 3

    found = await looked(database, cast, cast.schedule.id)

    # Three minutes are two of its five people, so neither it nor, beside it, the trust stands alone.
    assert (found.seats, found.alone, found.together[0][0]) == (12, (), "community")


async def test_an_instrument_of_organisations_names_those_without_a_lead(
    database: Database, cast: Cast
) -> None:
    schedule_id = await new(database, cast, "check-in", EVERY_DAY)
    async with database.writing() as session:
        wanted = select(Seat).where(Seat.organisation_id == cast.organisations["council"].id)
        for seat in (await session.exec(wanted)).all():
            seat.lead = False
            session.add(seat)

    found = await looked(database, cast, schedule_id)

    assert "Council" in found.leadless
    assert found.empty == ()
