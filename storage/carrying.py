"""Carrying every row from one database into another at the same schema, whichever engines the two are."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    MetaData,
    Select,
    Table,
    Text,
    cast,
    event,
    func,
    literal_column,
    select,
    text,
)
from sqlalchemy.engine import Connection
from sqlalchemy.engine.reflection import Inspector
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import BindParameter, ColumnElement
from sqlalchemy.types import TypeDecorator, TypeEngine

from storage.columns import Moment

BATCH = 1000
NOT_CARRIED = ("alembic_version",)
PLACE = "place of the row"

Batch = list[dict[str, Any]]


class _JsonOnPostgres(TypeDecorator[str]):
    """JSON as the text it is kept as: nobody reads it on the way, so a null or a long number stays so."""

    impl = Text
    cache_ok = True

    def bind_expression(self, bindparam: BindParameter[str]) -> ColumnElement[str]:
        return cast(bindparam, JSON)

    def column_expression(self, column: ColumnElement[str]) -> ColumnElement[str]:
        return cast(column, Text)


async def tables(connection: AsyncConnection) -> Sequence[Table]:
    """The database's own tables as they are there, each after those it points to."""
    return await connection.run_sync(_reflected)


def _reflected(connection: Connection) -> Sequence[Table]:
    sqlite = connection.dialect.name == "sqlite"
    found = MetaData()

    @event.listens_for(found, "column_reflect")
    def carried(_: Inspector, __: Table, column: dict[str, TypeEngine[Any]]) -> None:
        column["type"] = _carried(column["type"], sqlite=sqlite)

    found.reflect(connection, only=lambda name, _: name not in NOT_CARRIED)
    return found.sorted_tables


def _carried(kind: TypeEngine[Any], *, sqlite: bool) -> TypeEngine[Any]:
    """A type whose values in Python are the same from either engine."""
    if isinstance(kind, JSON):
        return Text() if sqlite else _JsonOnPostgres()
    return Moment(timezone=True) if isinstance(kind, DateTime) else kind


async def counted(connection: AsyncConnection, found: Sequence[Table]) -> dict[str, int]:
    """How many rows each of these tables has."""
    return {
        table.name: await connection.scalar(select(func.count()).select_from(table)) or 0 for table in found
    }


async def carry(
    source: AsyncConnection, target: AsyncConnection, *, told: Callable[[int], None]
) -> dict[str, int]:
    """Copy all rows, a batch at a time; the result is how many of each table. `told` hears of each batch.

    Both must have the same tables and columns. It is one snapshot if the source's transaction is one.
    """
    there = {table.name: table for table in await tables(source)}
    # Others may keep tables of their own beside ours; those stay where they are.
    here = [table for table in await tables(target) if table.name in there]
    carried = {}
    for table in here:
        carried[table.name] = await _carry(source, target, (there[table.name], table), told=told)
    await target.run_sync(_count_on, here)
    return carried


async def _carry(
    source: AsyncConnection,
    target: AsyncConnection,
    pair: tuple[Table, Table],
    *,
    told: Callable[[int], None],
) -> int:
    there, here = pair
    wanted = select(*(there.c[column.name] for column in here.columns))
    batches = _by_place(source, wanted) if source.dialect.name == "sqlite" else _streamed(source, wanted)
    rows = 0
    async with aclosing(batches):
        async for batch in batches:
            await target.execute(here.insert(), batch)
            rows += len(batch)
            told(len(batch))
    return rows


async def _streamed(source: AsyncConnection, wanted: Select[Any]) -> AsyncGenerator[Batch, None]:
    result = await source.stream(wanted, execution_options={"yield_per": BATCH})
    try:
        async for part in result.mappings().partitions():
            yield [dict(row) for row in part]
    finally:  # also where the batch could not be written
        await result.close()


async def _by_place(source: AsyncConnection, wanted: Select[Any]) -> AsyncGenerator[Batch, None]:
    """SQLite gives all rows of a question at once, so it is asked for a thousand at a time."""
    place: ColumnElement[int] = literal_column("rowid", BigInteger)
    page = wanted.add_columns(place.label(PLACE)).order_by(place).limit(BATCH)
    last = None
    while True:
        asked = page if last is None else page.where(place > last)
        rows = (await source.execute(asked)).mappings().all()
        if not rows:
            return
        last = rows[-1][PLACE]
        yield [{name: value for name, value in row.items() if name != PLACE} for row in rows]


def _count_on(connection: Connection, found: Sequence[Table]) -> None:
    """The next key is higher than any that came along. SQLite sees to that by itself."""
    if connection.dialect.name == "sqlite":
        return
    for table in found:
        for column in table.primary_key.columns:
            name = connection.dialect.identifier_preparer.format_table(table)
            sequence = connection.scalar(
                text("SELECT pg_get_serial_sequence(:table, :column)"), {"table": name, "column": column.name}
            )
            highest = connection.scalar(select(func.max(column)))
            if sequence and highest is not None:
                connection.execute(select(func.setval(sequence, max(highest, 1))))
