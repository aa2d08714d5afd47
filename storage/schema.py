"""Bringing a database to the schema this version of Parley needs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import inspect, text
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database import Database

if TYPE_CHECKING:
    from alembic.config import Config

# Alembic is imported only when there is something to migrate: a running bot need not spend that memory.
HEAD = "0002"

# Any number will do, as long as nobody else on the same server locks by it.
_LOCK = 7_275_390


async def version(database: Database) -> str | None:
    """The schema's version, or None for an empty database."""
    async with database.engine.execution_options(reading=True).connect() as connection:
        return await connection.run_sync(version_of)


def version_of(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def revisions() -> list[str]:
    """Every schema this version of Parley knows, the oldest first."""
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - see the comment beside HEAD

    scripts = ScriptDirectory.from_config(_config())
    return [script.revision for script in scripts.walk_revisions()][::-1]


async def migrate(database: Database, *, to: str = "head") -> None:
    """Bring the schema up (or down) to `to`, in one transaction."""
    if to == "head" and await version(database) == HEAD:
        return
    async with changing(database) as connection:
        await connection.run_sync(bring, to)


@asynccontextmanager
async def changing(database: Database) -> AsyncIterator[AsyncConnection]:
    """One transaction in which tables may be made anew; committed at the end, rolled back by any exception.

    On PostgreSQL others who would do the same wait until it ends.
    """
    async with database.engine.connect() as connection:
        if database.sqlite:
            # Batch migrations drop and rebuild tables; with foreign keys on that would delete child rows.
            raw = await connection.get_raw_connection()
            await raw.driver_connection.execute("PRAGMA foreign_keys=OFF")  # type: ignore[union-attr]  # typed for any driver
        else:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        try:
            yield connection
            await connection.commit()
        finally:
            await connection.invalidate()


def bring(connection: Connection, to: str) -> None:
    """The same within a transaction of `changing`."""
    from alembic import command  # noqa: PLC0415 - see the comment beside HEAD

    current = version_of(connection)
    going_down = to == "base" or (to != "head" and current is not None and to < current)
    config = _config()
    config.attributes["connection"] = connection
    (command.downgrade if going_down else command.upgrade)(config, to)
    if connection.dialect.name == "sqlite":
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        if broken:
            raise RuntimeError(
                f"The migration would leave {len(broken)} rows without their parent; nothing was changed."
            )


def _config() -> "Config":
    from alembic.config import Config  # noqa: PLC0415 - see the comment beside HEAD

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config
