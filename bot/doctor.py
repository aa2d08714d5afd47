"""`parley doctor`: what is right, what is not, and what to do about it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx
import typer

from bot import clock, silence, telegram
from bot.settings import Settings, Unusable
from storage import schema
from storage.database import Database

DRIFT = 60.0


@dataclass(frozen=True)
class Finding:
    good: bool
    what: str
    remedy: str = ""


async def check(settings: Settings) -> int:
    """Print each finding as it is made; the result is how many need something done."""
    wrong = 0
    async for finding in findings(settings):
        typer.echo(("ok      " if finding.good else "to do   ") + finding.what)
        if not finding.good:
            wrong += 1
            typer.echo("        " + finding.remedy)
    typer.echo("Parley is ready." if not wrong else f"{wrong} to do.")
    return min(wrong, 1)


async def findings(settings: Settings) -> AsyncIterator[Finding]:
    yield _settings()
    yield await _database(settings)
    try:
        settings.token  # noqa: B018 - asked for its refusal
    except Unusable as missing:
        yield Finding(
            good=False, what="no token", remedy=str(missing).partition("\n  ")[2].replace("\n  ", " ")
        )
        return
    async for finding in _telegram(settings):
        yield finding
    yield await _drift(settings)


def _settings() -> Finding:
    here = Path(".env").is_file()
    return Finding(
        good=True,
        what="settings read from .env" if here else "settings read from the environment (no .env here)",
    )


async def _database(settings: Settings) -> Finding:
    # A Parley may be running on the same file meanwhile: the doctor only looks.
    database = Database(settings.async_database_url, read_only=True)
    try:
        if settings.database_file is not None and not settings.database_file.exists():
            return Finding(good=True, what="no database yet: it is made at the first start")
        found = await schema.version(database)
        silent = await silence.since(database) if found == schema.HEAD else None
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what the doctor is asked about
        return Finding(
            good=False,
            what=f"the database cannot be opened ({type(error).__name__})",
            remedy="Check PARLEY_DATABASE_URL, and that the database is running and lets this user in.",
        )
    finally:
        await database.close()
    if found != schema.HEAD:
        return Finding(
            good=False,
            what=f"the database has schema {found or 'none'}, not {schema.HEAD}",
            remedy="Run: parley migrate",
        )
    if silent is not None:
        return Finding(
            good=False,
            what=f"this database was restored from the backup of {silence.moment(silent)}, and is silent",
            remedy="Once the Parley it was copied from is stopped for good: parley restore --go-live",
        )
    return Finding(good=True, what=f"database at schema {found}")


async def _telegram(settings: Settings) -> AsyncIterator[Finding]:
    bot = telegram.client(settings)
    me = await telegram.call(bot, "getMe", {})
    if me.came == "locked_out":
        yield Finding(
            good=False,
            what="Telegram does not know this token",
            remedy="Copy it again from @BotFather into PARLEY_BOT_TOKEN.",
        )
    elif me.came != "sent":
        yield Finding(
            good=False,
            what=f"{settings.api_base} cannot be reached ({me.error or me.came})",
            remedy="Check this machine's network, and PARLEY_API_BASE if you set it.",
        )
    else:
        yield Finding(good=True, what=f"Telegram knows this bot as @{me.result['username']}")
        hook = await telegram.call(bot, "getWebhookInfo", {})
        yield _webhook(settings, str((hook.result or {}).get("url", "")))
    await telegram.close(bot)


def _webhook(settings: Settings, url: str) -> Finding:
    if url and not settings.public_url:
        return Finding(
            good=False,
            what="another program takes this bot's messages by webhook",
            remedy="If that is an old set-up, start parley run: it takes them back. Else use another token.",
        )
    if settings.public_url and not url.startswith(settings.public_url):
        return Finding(
            good=False,
            what="the webhook is not set yet",
            remedy="Start parley run or parley web: it sets it.",
        )
    return Finding(good=True, what="messages come by webhook" if url else "messages come by long polling")


async def _drift(settings: Settings) -> Finding:
    """How far this machine's calendar is from Telegram's."""
    ours = clock.for_settings(settings.clock_file, settings.api_base).now()
    try:
        async with httpx.AsyncClient(timeout=10) as web:
            told = (await web.get(settings.api_base)).headers.get("date")
    except httpx.HTTPError:
        told = None
    if told is None or settings.clock_file is not None:
        return Finding(
            good=True,
            what=f"it is {ours.astimezone(UTC):%d %B %Y %H:%M} UTC here; nothing to compare it with",
        )
    apart = abs((parsedate_to_datetime(told) - ours).total_seconds())
    if apart > DRIFT:
        return Finding(
            good=False,
            what=f"this machine's clock is {apart:.0f} seconds off",
            remedy="Switch on time synchronisation (timedatectl set-ntp true); rounds open by this clock.",
        )
    return Finding(good=True, what=f"the clock is right ({ours.astimezone(UTC):%H:%M} UTC)")
