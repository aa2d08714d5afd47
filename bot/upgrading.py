"""The database is brought to the schema this version needs; on SQLite a copy of it is kept first."""

from pathlib import Path

import structlog
import typer

from bot import clock, plainly
from bot.settings import Settings, Unusable
from storage import schema
from storage.database import Database

log = structlog.get_logger(__name__)


async def command(settings: Settings) -> None:
    """`parley migrate`."""
    database = Database(settings.async_database_url)
    try:
        before = await found(settings, database)
        kept = await upgraded(settings, database)
    finally:
        await database.close()
    typer.echo(
        f"parley: the database is at schema {schema.HEAD}" + (" already." if before == schema.HEAD else ".")
    )
    if kept is not None:
        typer.echo(f"  The database as it was before is in {kept}. Delete it once all is well.")


async def found(settings: Settings, database: Database) -> str | None:
    """The schema that it is at, None where it is empty. Raises Unusable for one that cannot be used here."""
    file = settings.database_file
    with plainly.naming_the_database(settings):
        if file is not None and file.exists():
            plainly.looked_into(file)
        version = await schema.version(database)
        if amiss := await plainly.encoded(settings, database):
            raise Unusable(plainly.told(*amiss))
    if version not in (None, schema.HEAD) and version not in schema.revisions():
        raise Unusable(
            f"the database has schema {version}, which this version of Parley does not know yet.\n"
            "  A newer one has used it: install that again."
        )
    return version


async def upgraded(settings: Settings, database: Database) -> Path | None:
    """Bring the schema up. The result is the copy that was kept, if there was something to keep.

    Raises Unusable, and changes nothing, if that copy cannot be made.
    """
    before = await found(settings, database)
    if before == schema.HEAD:
        return None
    kept = None
    file = settings.database_file
    if file is not None and before is not None:
        from bot import backup  # noqa: PLC0415 - most starts have nothing to keep

        kept = file.with_name(f"{file.name}.before-{schema.HEAD}")
        now = clock.for_settings(settings.clock_file, settings.api_base).now()
        await backup.take(database, kept, now=now)
        log.info("database_kept_before_migrating", file=str(kept), schema=before)
    with plainly.naming_the_database(settings):
        await schema.migrate(database)
    return kept
