"""The ledger: every value ever shown, once and for good; it names no people."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from storage.digests import Shown
from storage.partnerships import Cell, Partnership
from storage.rounds import Round

# Each: what was shown (an item's code), over which cell (None: all), its band of people, and its value.
Entry = tuple[str, int | None, int, int | None, float]


def note(
    session: AsyncSession, round_: Round, entries: Iterable[Entry], *, versions: Mapping[int | None, int]
) -> None:
    for item, cell_id, least, most, value in entries:
        session.add(
            Shown(
                round_id=round_.id,
                item=item,
                cell_id=cell_id,
                cells_version=versions[cell_id],
                least=least,
                most=most,
                value=value,
            )
        )


def versions(cells: Sequence[Cell], partnership: Partnership) -> dict[int | None, int]:
    """The drawing each cell comes from; another schedule's round may have had a new one since."""
    drawn: dict[int | None, int] = {cell.id: cell.version for cell in cells}
    return drawn | {None: max(drawn.values(), default=partnership.cells_version)}


def of_items(items: Sequence[Mapping[str, Any]]) -> Iterable[Entry]:
    """The means of rated items: the total, and each shown cell."""
    for item in items:
        figures = ([{"cell": None} | item["total"]] if item["total"] else []) + item["cells"]
        for figure in figures:
            yield item["code"], figure["cell"], figure["least"], figure["most"], figure["mean"]
