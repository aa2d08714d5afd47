"""Bringing a database to the schema this version of Parley needs."""

from pathlib import Path

from sqlalchemy import inspect, text
from sqlalchemy.engine import Connection

from storage.database import Database

# Alembic is imported only when there is something to migrate: a running bot need not spend that memory.
HEAD = "0002"


async def version(database: Database) -> str | None:
    """The schema's version, or None for an empty database."""
    async with database.engine.execution_options(reading=True).connect() as connection:
        return await connection.run_sync(_version)


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


async def migrate(database: Database, *, to: str = "head") -> None:
    """Bring the schema up (or down) to `to`, in one transaction."""
    if to == "head" and await version(database) == HEAD:
        return
    async with database.engine.connect() as connection:
        if database.sqlite:
            # Batch migrations drop and rebuild tables; with foreign keys on that would delete child rows.
            raw = await connection.get_raw_connection()
            await raw.driver_connection.execute("PRAGMA foreign_keys=OFF")  # type: ignore[union-attr]  # typed for any driver
        await connection.run_sync(_run, to)
        await connection.commit()
        await connection.invalidate()


def _run(connection: Connection, to: str) -> None:
    from alembic import command  # noqa: PLC0415 - see the comment beside HEAD
    from alembic.config import Config  # noqa: PLC0415 - see above

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    current = _version(connection)
    going_down = to == "base" or (to != "head" and current is not None and to < current)
    (command.downgrade if going_down else command.upgrade)(config, to)
    if connection.dialect.name == "sqlite":
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        if broken:
            raise RuntimeError(
                f"The migration would leave {len(broken)} rows without their parent; nothing was changed."
            )
