"""A database filled to the brim, whatever its schema: every table and column there is, with awkward values.

The tables are read from the database itself, so that one of an earlier schema is filled as that schema was.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from storage.columns import Moment

ROWS = 5
MOST = 2**63 - 1
LONG = {"deep": [[[{"a": None, "b": [MOST, -MOST - 1, 0.1, True, "ünïcödé \U0001f331"]}]]] * 50}
JSONS: tuple[Any, ...] = ({}, None, LONG, {"": ""}, ["\u2028", "quote ' and \" and \\", {"n": 1e300}])
TEXTS = ("", "it's", "Ünïcödé \U0001f331 \u202e", "line\nbreak\ttab", "x" * 20_000)
INTEGERS = (0, -1, 1, 2**31 - 1, -(2**31))
BIG = (0, MOST, -MOST - 1, 2**53 + 1, -1)
FLOATS = (0.0, -1.5, 0.1, 1e300, 5e-324)
BYTES = (b"", b"\x00\xff" * 3, bytes(range(256)) * 40, b"PNG\r\n\x1a", b"'")
DATES = (date(1, 1, 1), date(9999, 12, 31), date(2024, 2, 29), date(2026, 3, 29), date(2026, 10, 25))
MOMENTS = (
    datetime(1, 1, 2, tzinfo=UTC),
    datetime(9999, 12, 30, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(2026, 3, 29, 1, 0, tzinfo=UTC),
    datetime(2026, 10, 25, 0, 30, 0, 1, tzinfo=UTC),
    datetime(1970, 1, 1, tzinfo=UTC) - timedelta(seconds=1),
)

Row = dict[str, Any]
Content = dict[str, list[Row]]


def fill(connection: Connection) -> None:
    """Write several rows into every table, parents first, each of them unlike the others."""
    for table in tables(connection):
        if table.name != "alembic_version":
            keys = {
                column: list(connection.execute(sa.select(_parent(column))).scalars())
                for column in table.columns
                if column.foreign_keys
            }
            for number in range(ROWS):
                connection.execute(table.insert().values(_row(table, number, keys)))


def tables(connection: Connection) -> Sequence[sa.Table]:
    """The tables as they are there, moments read as moments, parents first."""
    found = sa.MetaData()

    @sa.event.listens_for(found, "column_reflect")
    def aware(_: object, __: object, column: dict[str, Any]) -> None:
        if isinstance(column["type"], sa.DateTime):
            column["type"] = Moment(timezone=True)

    found.reflect(connection)
    return found.sorted_tables


def read(connection: Connection) -> Content:
    """Every row of every table, in an order of their own."""
    return {
        table.name: sorted(
            (dict(row) for row in connection.execute(_whole(table)).mappings()),
            key=lambda row: [str(row[column.name]) for column in table.primary_key.columns],
        )
        for table in tables(connection)
        if table.name != "alembic_version"
    }


def _whole(table: sa.Table) -> sa.Select[Any]:
    """JSON as the text it is kept as: NULL and null are not the same."""
    return sa.select(
        *(
            sa.cast(column, sa.Text).label(column.name) if isinstance(column.type, sa.JSON) else column
            for column in table.columns
        )
    )


def only(rows: Content, known: dict[str, set[str]]) -> Content:
    """What these rows say in the tables and columns that are known."""
    return {
        name: [{column: row[column] for column in row if column in known[name]} for row in found]
        for name, found in rows.items()
        if name in known
    }


def _parent(column: "sa.Column[Any]") -> "sa.Column[Any]":
    return next(iter(column.foreign_keys)).column


def _row(table: sa.Table, number: int, keys: dict["sa.Column[Any]", list[Any]]) -> Row:
    return {column.name: _value(column, number, keys) for column in table.columns}


def _value(column: "sa.Column[Any]", number: int, keys: dict["sa.Column[Any]", list[Any]]) -> Any:  # noqa: ANN401 - of any column
    if column.nullable and number == ROWS - 1:
        return sa.null()
    if column in keys:
        # Each row another parent: whatever pair of parents must be unique is.
        return keys[column][number % len(keys[column])]
    value = _awkward(column.type, number)
    return _unlike(value, number) if _is_unique(column) else value


def _awkward(kind: sa.types.TypeEngine[Any], number: int) -> Any:  # noqa: ANN401 - of any column
    for known, values in _VALUES:
        if isinstance(kind, known):
            return values[number % len(values)]
    raise AssertionError(f"no awkward values are known for {kind!r}: add some")


_VALUES: tuple[tuple[Any, Sequence[Any]], ...] = (
    (sa.JSON, JSONS),
    (sa.Boolean, (True, False)),
    (sa.BigInteger, BIG),
    (sa.Integer, INTEGERS),
    (sa.Float, FLOATS),
    (sa.LargeBinary, BYTES),
    (Moment, MOMENTS),
    (sa.Date, DATES),
    (sa.String, TEXTS),
)


def _is_unique(column: "sa.Column[Any]") -> bool:
    """Whether it is a key, or among columns that must not come twice together."""
    return column.primary_key or any(
        column.name in {one.name for one in found.columns}
        for found in (*column.table.constraints, *(one for one in column.table.indexes if one.unique))
        if isinstance(found, sa.UniqueConstraint | sa.Index)
    )


def _unlike(value: Any, number: int) -> Any:  # noqa: ANN401 - of any column
    return f"{number}{value}" if isinstance(value, str) else value
