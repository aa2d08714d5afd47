"""Cells: the groups of organisations whose results are shown, drawn between rounds and never during one."""

from collections import Counter
from collections.abc import Sequence

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.partnerships import Cell, Organisation, Partnership
from synthesis import disclosure

Group = disclosure.Cell[int]


async def draw(
    session: AsyncSession, partnership: Partnership, seated: Sequence[Organisation]
) -> dict[int, int | None]:
    """The cell of each organisation (none: shown only in the total), from one row of `seated` a seat.

    The same seats give the same cells; a new drawing is a new version, so the ledger can tell them apart.
    """
    seats = Counter(organisation.id for organisation in seated)
    organisations = {organisation.id: organisation for organisation in seated}
    sizes = [(o.id, o.kind, seats[o.id]) for o in organisations.values() if o.id is not None]
    drawn = disclosure.draw_cells(sorted(sizes), k=partnership.minimum_group)
    # Two schedules of one partnership may open at once: the second waits here, and finds the first's cells.
    await session.refresh(partnership, with_for_update={"key_share": True})
    wanted = {tuple(sorted(cell.organisations)) for cell in drawn}
    if partnership.cells_version and wanted == await _current(session, partnership):
        await _rename(session, drawn, organisations)
        return {o.id: o.cell_id for o in organisations.values() if o.id is not None}
    partnership.cells_version += 1
    session.add(partnership)
    await _forget(session, partnership)
    await _write(session, partnership, drawn, organisations)
    return {o.id: o.cell_id for o in organisations.values() if o.id is not None}


async def _current(session: AsyncSession, partnership: Partnership) -> set[tuple[int, ...]]:
    wanted = select(Organisation).where(Organisation.partnership_id == partnership.id)
    members: dict[int, list[int]] = {}
    for organisation in (await session.exec(wanted)).all():
        if organisation.cell_id is not None and organisation.id is not None:
            members.setdefault(organisation.cell_id, []).append(organisation.id)
    return {tuple(sorted(ids)) for ids in members.values()}


async def _forget(session: AsyncSession, partnership: Partnership) -> None:
    wanted = select(Organisation).where(
        Organisation.partnership_id == partnership.id, col(Organisation.cell_id).is_not(None)
    )
    for organisation in (await session.exec(wanted)).all():
        organisation.cell_id = None
        session.add(organisation)


async def _rename(
    session: AsyncSession, drawn: Sequence[Group], organisations: dict[int, Organisation]
) -> None:
    """The same people, perhaps by another name: an organisation was renamed, or is of another kind now."""
    for group in drawn:
        cell = await session.get_one(Cell, organisations[group.organisations[0]].cell_id)
        cell.shape, cell.label = group.sort, _label(group, organisations)
        session.add(cell)


def _label(group: Group, organisations: dict[int, Organisation]) -> str:
    """An organisation's name, a kind, or "others"; the cell's `shape` says which."""
    if group.sort == "organisation":
        return organisations[group.organisations[0]].name
    return str(group.key or "others")


async def _write(
    session: AsyncSession,
    partnership: Partnership,
    drawn: Sequence[Group],
    organisations: dict[int, Organisation],
) -> None:
    version = partnership.cells_version
    written = [
        Cell(
            partnership_id=partnership.id,
            version=version,
            shape=group.sort,
            label=_label(group, organisations),
        )
        for group in drawn
    ]
    # All at once: the writer is held meanwhile, and a large partnership has eighty of them.
    session.add_all(written)
    await session.flush()
    for group, cell in zip(drawn, written, strict=True):
        for organisation_id in group.organisations:
            organisations[organisation_id].cell_id = cell.id
            session.add(organisations[organisation_id])
