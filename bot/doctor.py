"""`parley doctor`: what is right, what is not, and what to do about it. It only looks."""

from collections.abc import AsyncIterator
from pathlib import Path

import typer

from bot import clock, doctor_database, doctor_machine, doctor_telegram
from bot import settings as choices
from bot.findings import Finding, wrong
from bot.settings import Settings, Unusable

FILE = Path(".env")


async def main() -> int:
    """The command: 1 if there is something to do."""
    try:
        chosen = choices.load()
    except Unusable as refused:
        what, _, remedy = str(refused).removeprefix("parley: ").partition("\n")
        tell(wrong("settings_unusable", what.rstrip("."), told=" ".join(remedy.split())))
        for finding in doctor_machine.before_settings(FILE):
            tell(finding)
        typer.echo("Mend the settings first; the rest is looked at then.")
        return 1
    return await check(chosen)


async def check(settings: Settings) -> int:
    """Print each finding as it is made; the result is 1 if there is something to do, else 0."""
    to_do = 0
    async for finding in findings(settings):
        tell(finding)
        to_do += not finding.good and not finding.hint
    typer.echo("Parley is ready." if not to_do else f"{to_do} to do.")
    return min(to_do, 1)


def tell(finding: Finding) -> None:
    typer.echo(("ok      " if finding.good else "hint    " if finding.hint else "to do   ") + finding.what)
    if finding.remedy:
        typer.echo("        " + finding.remedy)


async def findings(settings: Settings) -> AsyncIterator[Finding]:
    now = clock.for_settings(settings.clock_file, settings.api_base).now()
    for finding in doctor_machine.before_settings(FILE):
        yield finding
    async for finding in doctor_machine.findings(settings, now=now):
        yield finding
    async for finding in doctor_database.findings(settings, now=now):
        yield finding
    async for finding in doctor_telegram.findings(settings, now=now):
        yield finding
