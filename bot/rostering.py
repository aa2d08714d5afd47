"""`parley roster`: a file becomes a partnership, and each newcomer gets a link, shown once."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import typer

from bot import clock, silence, telegram, upgrading
from bot.settings import Settings, Unusable
from dialogs import importing, inviting, languages
from dialogs.events import Setting
from facilitation import intake, roster
from facilitation.intake import Invited
from facilitation.refusals import Refusal
from storage.database import Database


async def print_links(settings: Settings, file: Path, *, timezone: str | None, rule: str | None) -> None:
    words = await asyncio.to_thread(file.read_bytes)
    name = await bot_name(settings)
    database = Database(settings.async_database_url)
    now = clock.for_settings(settings.clock_file, settings.api_base).now()
    offered = dict(languages.offered(Setting(unreviewed=settings.unreviewed)))
    try:
        await upgrading.upgraded(settings, database)
        await silence.refuse(database)
        people = await asyncio.to_thread(roster.read, words, tuple(offered))
        async with database.writing() as session:
            invited = await intake.take(session, people, timezone=timezone, now=now, rule=rule)
    except roster.RosterWrong as wrong:
        raise Unusable(importing.told(wrong)) from None
    except Refusal as refusal:
        raise Unusable(refusal.sentence()) from None
    finally:
        await database.close()
    _print(name, invited, here=len(people) - len(invited))


def _print(name: str, invited: Sequence[Invited], *, here: int) -> None:
    for one in invited:
        cells = (one.person.organisation, one.person.name, one.person.role)
        typer.echo("\t".join([*map(roster.inert, cells), link(name, one.secret)]))
    replaced = sum(one.replaced for one in invited)
    if replaced:
        typer.echo(f"\n{replaced} unused links from before work no more.", err=True)
    if here:
        typer.echo(f"\n{here} in this file have joined already, and need no link.", err=True)
    typer.echo(
        f"\n{len(invited)} links, each for one person, good for 60 days. They are shown only now.",
        err=True,
    )


def link(name: str, secret: str) -> str:
    return inviting.link(Setting(bot=name), secret)


async def bot_name(settings: Settings) -> str:
    bot = telegram.client(settings)
    came = await telegram.call(bot, "getMe", {})
    await telegram.close(bot)
    if came.came != "sent":
        raise Unusable(
            "Telegram could not be asked for the bot's name.\n"
            "  The links need it. Check PARLEY_BOT_TOKEN and the network: parley doctor"
        )
    return str(came.result["username"])
