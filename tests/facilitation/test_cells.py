"""Cells are drawn from who sits where: the same seats, the same cells; a new drawing, a new version."""

from sqlmodel import col, select

from facilitation import cells
from storage.database import Database
from storage.partnerships import Cell, Organisation, Partnership
from tests.cast import Cast


async def draw(database: Database, cast: Cast, seats: dict[str, int]) -> dict[str, int | None]:
    """The cell of each organisation, drawn for so many seats of each."""
    async with database.writing() as session:
        partnership = await session.get_one(Partnership, cast.partnership.id)
        wanted = select(Organisation).where(Organisation.partnership_id == cast.partnership.id)
        by_name = {one.name: one for one in (await session.exec(wanted)).all()}
        seated = [
            by_name[cast.organisations[name].name] for name, count in seats.items() for _ in range(count)
        ]
        drawn = await cells.draw(session, partnership, seated)
        return {name: drawn[cast.organisations[name].id] for name in seats}


async def version(database: Database, cast: Cast) -> int:
    async with database.reading() as session:
        return (await session.get_one(Partnership, cast.partnership.id)).cells_version


SEATS = {"council": 5, "health_trust": 4, "family_charity": 2, "youth_centre": 2, "refugee_group": 2}


async def test_large_organisations_stand_alone_and_small_ones_by_kind(database: Database, cast: Cast) -> None:
    drawn = await draw(database, cast, SEATS)

    async with database.reading() as session:
        found = (await session.exec(select(Cell).order_by(col(Cell.id)))).all()
    assert [(cell.shape, cell.label, cell.version) for cell in found] == [
        ("organisation", "Council", 1),
        ("organisation", "Health Trust", 1),
        ("kind", "community", 1),
    ]
    assert len({drawn[name] for name in ("family_charity", "youth_centre", "refugee_group")}) == 1


async def test_the_same_seats_in_any_order_keep_their_cells(database: Database, cast: Cast) -> None:
    first = await draw(database, cast, SEATS)

    second = await draw(database, cast, dict(reversed(SEATS.items())) | {"council": 6})

    assert second == first
    assert await version(database, cast) == 1


async def test_who_is_renamed_or_of_another_kind_keeps_the_cell_under_the_new_name(
    database: Database, cast: Cast
) -> None:
    first = await draw(database, cast, SEATS)
    async with database.writing() as session:
        (await session.get_one(Organisation, cast.organisations["council"].id)).name = "Riverside Council"
        for name in ("family_charity", "youth_centre", "refugee_group"):
            (await session.get_one(Organisation, cast.organisations[name].id)).kind = "anchor"
    cast.organisations["council"].name = "Riverside Council"

    second = await draw(database, cast, SEATS)

    assert second == first
    async with database.reading() as session:
        labels = (await session.exec(select(Cell.label).order_by(col(Cell.id)))).all()
    assert labels == ["Riverside Council", "Health Trust", "anchor"]


async def test_other_seats_give_new_cells_of_a_new_version(database: Database, cast: Cast) -> None:
    first = await draw(database, cast, SEATS)

    second = await draw(database, cast, SEATS | {"health_trust": 3})
    third = await draw(database, cast, {"council": 5, "health_trust": 4})

    assert (second["council"] != first["council"], second["health_trust"]) == (True, None)
    assert set(third) == {"council", "health_trust"}
    assert await version(database, cast) == 3
    async with database.reading() as session:
        gone = await session.get_one(Organisation, cast.organisations["youth_centre"].id)
    assert gone.cell_id is None


async def test_small_ones_of_all_kinds_make_one_cell_of_others(database: Database, cast: Cast) -> None:
    drawn = await draw(database, cast, {"council": 2, "youth_centre": 2})

    async with database.reading() as session:
        cell = await session.get_one(Cell, drawn["council"])
    assert drawn["council"] == drawn["youth_centre"]
    assert (cell.shape, cell.label) == ("others", "others")


async def test_too_few_for_any_cell_are_counted_in_the_total_alone(database: Database, cast: Cast) -> None:
    drawn = await draw(database, cast, {"council": 2, "youth_centre": 1})

    assert drawn == {"council": None, "youth_centre": None}


async def test_a_partnership_may_ask_for_larger_groups(database: Database, cast: Cast) -> None:
    async with database.writing() as session:
        (await session.get_one(Partnership, cast.partnership.id)).minimum_group = 5

    drawn = await draw(database, cast, SEATS)

    async with database.reading() as session:
        labels = {name: await session.get(Cell, cell) for name, cell in drawn.items() if cell is not None}
    assert {name: cell.label for name, cell in labels.items() if cell} == {
        "council": "Council",
        "family_charity": "community",
        "youth_centre": "community",
        "refugee_group": "community",
    }
