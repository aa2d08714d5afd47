"""What was measured, and the one table that a run of `make bench` ends in."""

from collections.abc import Iterable
from typing import NamedTuple


class Figure(NamedTuple):
    """One row: what was measured, and the aim it was held against ("" if there is none)."""

    what: str
    value: float
    unit: str
    aim: str = ""
    met: bool | None = None


def at_most(aim: float, what: str, value: float, unit: str) -> Figure:
    return Figure(what, value, unit, f"at most {told(aim)}", met=value <= aim)


def at_least(aim: float, what: str, value: float, unit: str) -> Figure:
    return Figure(what, value, unit, f"at least {told(aim)}", met=value >= aim)


def told(value: float) -> str:
    """Three digits are as much as a machine with other things to do can promise."""
    decimals = max(0, 2 - len(str(int(abs(value)))) + 1) if value else 0
    return f"{value:,.{decimals}f}"


def table(figures: Iterable[Figure]) -> str:
    """All rows in Markdown."""
    verdict = {True: "yes", False: "**no**", None: ""}
    rows = (
        f"| {one.what} | {told(one.value)} {one.unit} | {one.aim} | {verdict[one.met]} |" for one in figures
    )
    return "\n".join(("| what | measured | aim | met |", "|---|---|---|---|", *rows))
