"""`parley roster`: a file becomes a partnership, and each person gets a link, shown once."""

import asyncio
from pathlib import Path

import typer

from bot import clock, telegram
from bot.settings import Settings, Unusable, naming_the_database
from facilitation import roster
from facilitation.refusals import Refusal
from storage import schema
from storage.database import Database


async def print_links(settings: Settings, file: Path, *, timezone: str, rule: str) -> None:
    name = await bot_name(settings)
    database = Database(settings.async_database_url)
    with naming_the_database():
        await schema.migrate(database)
    now = clock.for_settings(settings.clock_file, settings.api_base).now()
    try:
        people = roster.read(await asyncio.to_thread(file.read_bytes))
        async with database.writing() as session:
            invited = await roster.take_in(session, people, timezone=timezone, now=now, rule=rule)
    except FileNotFoundError:
        raise Unusable(f"there is no file {file}.") from None
    except Refusal as refusal:
        raise Unusable(refusal.sentence()) from None
    finally:
        await database.close()
    for one in invited:
        typer.echo(
            f"{one.person.organisation}\t{one.person.name}\t{one.person.role}\t{link(name, one.secret)}"
        )
    replaced = sum(one.replaced for one in invited)
    if replaced:
        typer.echo(f"\n{replaced} unused links from before work no more.", err=True)
    typer.echo(
        f"\n{len(invited)} links, each for one person, good for 60 days. They are shown only now.",
        err=True,
    )


def link(name: str, secret: str) -> str:
    return f"https://t.me/{name}?start={secret}"


async def bot_name(settings: Settings) -> str:
    bot = telegram.client(settings)
    came = await telegram.call(bot, "getMe", {})
    await telegram.close(bot)
    if came.came != "sent":
        raise Unusable(
            f"Telegram could not be asked for the bot's name ({came.error or came.came}).\n"
            "  The links need it. Check PARLEY_BOT_TOKEN and the network: parley doctor"
        )
    return str(came.result["username"])
