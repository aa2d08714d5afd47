"""The command line. `parley` and `python -m bot` are the same."""

import asyncio
import os
import sys
from collections.abc import Coroutine
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any

import typer
import typer.core

from bot import logs, onlyone, plainly, settings
from bot.clock import ClockNotAllowedError, ClockUnreadableError
from bot.settings import Settings, Unusable


class _Plainly(typer.core.TyperGroup):
    """Whatever command it is: a file that cannot be used ends it with one sentence, and status 1."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - of the command line's library
        try:
            return super().invoke(ctx)
        except OSError as error:
            if error.filename is None:
                raise
            raise Unusable(plainly.told(*plainly.of_file(error))) from None
        except (ClockUnreadableError, ClockNotAllowedError) as error:
            raise Unusable(f"PARLEY_CLOCK_FILE cannot be used.\n  {error}") from None


app = typer.Typer(
    cls=_Plainly,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    add_completion=False,
    help="Parley: short check-ins between partner organisations, and digests that expose nobody.",
)


def _told_version(wanted: bool) -> None:  # noqa: FBT001 - as typer calls it
    if wanted:
        from storage.schema import HEAD  # noqa: PLC0415 - see _house

        typer.echo(f"parley {metadata.version('parley')}, schema {HEAD}")
        raise typer.Exit


@app.callback()
def _private(
    *,
    version: Annotated[  # noqa: ARG001 - it ends before
        bool,
        typer.Option("--version", callback=_told_version, is_eager=True, help="Which Parley this is"),
    ] = False,
) -> None:
    # What people said is in the files we make: they are for whoever runs this alone.
    os.umask(0o077)


def _run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


def _house(parts: tuple[str, ...], chosen: Settings) -> None:
    from bot import house  # noqa: PLC0415 - commands that run no house start faster without it

    logs.set_up(chosen.log_level)
    chosen.token  # noqa: B018 - said before anything is opened
    with onlyone.holding(chosen):
        _run(house.run_until_signalled(house.build(chosen), parts))


def _on_postgres() -> Settings:
    chosen = settings.load()
    if chosen.database_file is not None:
        raise Unusable(
            "web, worker and clock run apart only on PostgreSQL.\n"
            "  Set PARLEY_DATABASE_URL=postgresql://..., or use one process for everything: parley run"
        )
    return chosen


@app.command()
def run() -> None:
    """Everything in one process: listens, delivers, keeps time."""
    from bot import house  # noqa: PLC0415 - see _house

    _house(house.EVERYTHING, settings.load())


@app.command()
def web() -> None:
    """Takes messages in by webhook, and answers /health (PostgreSQL)."""
    chosen = _on_postgres()
    if not chosen.public_url:
        raise Unusable(
            "PARLEY_PUBLIC_URL is not set.\n  It is the https address at which Telegram reaches this machine."
        )
    _house(("listen",), chosen)


@app.command()
def worker() -> None:
    """Handles what came in and delivers what goes out (PostgreSQL)."""
    _house(("handle", "deliver"), _on_postgres())


@app.command()
def clock() -> None:
    """Opens, reminds, closes and publishes on time (PostgreSQL)."""
    _house(("clock",), _on_postgres())


@app.command()
def migrate() -> None:
    """Bring the database to the schema this version needs."""
    from bot import upgrading  # noqa: PLC0415 - see _house

    chosen = settings.load()
    with onlyone.holding(chosen):
        _run(upgrading.command(chosen))


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="Where to; it must not be there yet")],
    *,
    replace: Annotated[bool, typer.Option("--replace", help="Put it in the place of an older one")] = False,
) -> None:
    """Keep everything in one file, while Parley runs."""
    from bot import backup as backups  # noqa: PLC0415 - see _house

    _run(backups.command(settings.load(), file, replace=replace))


@app.command()
def restore(
    file: Annotated[Path | None, typer.Argument(help="A file that parley backup made")] = None,
    *,
    go_live: Annotated[
        bool, typer.Option("--go-live", help="Let a restored copy speak and listen from its next start on")
    ] = False,
) -> None:
    """Make a database from a backup; it is silent until told otherwise."""
    from bot import going_live as woken  # noqa: PLC0415 - see _house
    from bot import restoring  # noqa: PLC0415 - see _house

    if (file is None) != go_live:
        raise Unusable("parley restore takes the file of a backup or, for a copy restored before, --go-live.")
    chosen = settings.load()
    with onlyone.holding(chosen):
        _run(woken.command(chosen) if file is None else restoring.command(chosen, file))


@app.command()
def found() -> None:
    """Print a link with which one person founds a partnership."""
    from bot import founding  # noqa: PLC0415 - see _house

    chosen = settings.load()
    with onlyone.holding(chosen):
        _run(founding.print_link(chosen))


@app.command()
def roster(
    file: Annotated[
        Path, typer.Argument(help="CSV: partnership, organisation, kind, capacity, name, role, language")
    ],
    timezone: Annotated[
        str | None, typer.Option(help="Where a new partnership's clock stands (Europe/London)")
    ] = None,
    rule: Annotated[
        str | None, typer.Option(help="When a new one's pulse opens, as an RRULE (FREQ=WEEKLY;BYDAY=TU)")
    ] = None,
) -> None:
    """Make a partnership from a file, and print one link a person."""
    from bot import rostering  # noqa: PLC0415 - see _house

    chosen = settings.load()
    with onlyone.holding(chosen):
        _run(rostering.print_links(chosen, file, timezone=timezone, rule=rule))


@app.command()
def doctor() -> None:
    """Check settings, database, token and clock, and say what to do."""
    from bot import doctor as checks  # noqa: PLC0415 - see _house

    logs.set_up("ERROR")
    raise typer.Exit(asyncio.run(checks.main()))


@app.command()
def demo(
    *,
    weeks: Annotated[
        int | None, typer.Option(min=1, max=52, help="Let so many weeks pass first (with --headless: 6)")
    ] = None,
    headless: Annotated[bool, typer.Option("--headless", help="At full speed, without a page")] = False,
    # With this one the planted conflict shows from the fourth digest on; it does in about two of three.
    seed: Annotated[int, typer.Option(help="The same seed, the same answers")] = 4,
    no_conflict: Annotated[bool, typer.Option("--no-conflict", help="Plant no conflict")] = False,
    json: Annotated[
        Path | None, typer.Option(help="Write figures here (with --headless); - prints them")
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="The page's port; 0 takes a free one")] = 0,
) -> None:
    """Try it here: a local Telegram with a living partnership in it."""
    from bot.demo import command as demos  # noqa: PLC0415 - see _house

    raise typer.Exit(
        demos.command(
            weeks=weeks, headless=headless, seed=seed, conflict=not no_conflict, port=port, file=json
        )
    )


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
)
def sandbox(context: typer.Context) -> None:
    """The local Telegram alone: its Bot API, and phones in the browser."""
    os.execv(sys.executable, [sys.executable, "-m", "sandbox", *context.args])  # noqa: S606 - our own module


if __name__ == "__main__":
    app()
