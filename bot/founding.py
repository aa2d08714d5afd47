"""`parley found`: a link that founds one partnership, shown once."""

import typer

from bot import clock, rostering, silence, upgrading
from bot.settings import Settings
from facilitation import founding
from storage.database import Database


async def print_link(settings: Settings) -> None:
    name = await rostering.bot_name(settings)
    database = Database(settings.async_database_url)
    now = clock.for_settings(settings.clock_file, settings.api_base).now()
    found, secret = founding.make(now=now)
    try:
        await upgrading.upgraded(settings, database)
        await silence.refuse(database)
        async with database.writing() as session:
            session.add(found)
    finally:
        await database.close()
    typer.echo(rostering.link(name, secret))
    typer.echo(
        "\nSend this link to the first facilitator. Whoever opens it founds one partnership. It is good for\n"
        "7 days, works once, and is shown only now.",
        err=True,
    )
