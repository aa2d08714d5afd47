"""`parley restore --go-live`: a restored copy that was silent may speak and listen again.

The Parley that it was copied from ran on after the backup, nobody knows how long. So whatever had come due by
now may have been done already, as after a crash; and what people answered since the backup is not here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import typer
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot import catching_up, clock, outbox, plainly, silence, upgrading
from bot.settings import Settings, Unusable
from bot.telegram import Outcome
from facilitation import restored, skipping
from storage import schema
from storage.database import Database
from storage.memos import AWAY, RESTORED, Memo
from storage.queues import LIVE, Outgoing

GOES_LIVE = """parley: this copy goes live; it holds everything until {since}.
  What people answered after that is lost. Who has an unfinished part is told what to check.
  {again} letters are sent again and {never} are not, because they may have been sent already.{ended}
  Telegram keeps messages for 24 hours: what people wrote since the other one stopped still comes in.
  Whoever asked to be forgotten after the backup is in it again: ask the facilitators who it was, and have
  each of them send /forget once more.
  The Parley it was copied from must never start again with this token.
  Start this one: parley run (or web, worker and clock)"""
ENDED = """
  {ended} rounds end without a digest, for theirs may have been shown already; facilitators are told."""


@dataclass(frozen=True)
class Woken:
    """What it came to: letters that may have been sent, and rounds that end without a digest."""

    since: datetime
    again: int
    never: int
    ended: int


async def command(settings: Settings) -> None:
    """Let the copy go live from its next start on, and say what that comes to."""
    database = Database(settings.async_database_url)
    now = clock.for_settings(settings.clock_file, settings.api_base).now()
    try:
        file = settings.database_file
        missing = file is not None and not file.exists()
        found = None if missing else await upgrading.found(settings, database)
        if found is None:
            raise Unusable(
                "there is no database here that could go live.\n"
                "  Restore a backup first: parley restore FILE. Or check PARLEY_DATABASE_URL in .env."
            )
        if found != schema.HEAD:
            raise Unusable("the database is not at this version's schema.\n  Run: parley migrate")
        with plainly.naming_the_database(settings):
            woken = await woken_up(database, now=now)
    finally:
        await database.close()
    ended = ENDED.format(ended=woken.ended) if woken.ended else ""
    told = {"since": silence.moment(woken.since), "again": woken.again, "never": woken.never}
    typer.echo(GOES_LIVE.format(**told, ended=ended))


async def woken_up(database: Database, *, now: datetime) -> Woken:
    """Let a silent copy go live, in one transaction. Raises Unusable for one that is live."""
    async with database.writing() as session:
        memo = (await session.exec(select(Memo).where(Memo.name == RESTORED).with_for_update())).first()
        if memo is None:
            raise Unusable("this database is live already, and nothing was changed.\n  Start it: parley run")
        states = await _uncertain(database, session, now=now)
        ended = await restored.caught_up(session, now=now)
        # What it cannot make good any more is told in the same note.
        overdue = [round_.id for round_ in await skipping.overdue(session, now)]
        amiss = await skipping.catch_up(session, overdue, now=now)
        gaps = await skipping.gaps(session, [*ended, *amiss])
        # Whoever runs the command reads what it came to.
        await outbox.put(database, session, await catching_up.told(session, gaps, operator=0, now=now))
        # Everybody with an unfinished part is told what to check, as soon as it listens (bot/outage.py).
        row = {"name": AWAY, "value": RESTORED, "at": memo.at}
        away = database.insert(Memo).values(**row)
        await session.exec(away.on_conflict_do_update(index_elements=["name"], set_=row))
        await session.delete(memo)
        return Woken(memo.at, states.count("retry"), states.count("uncertain"), len(ended))


async def _uncertain(database: Database, session: AsyncSession, *, now: datetime) -> Sequence[str]:
    """The new state of each letter that may have been sent: nobody is reminded twice, nobody not invited."""
    seconds = await database.machine_seconds(session)
    wanted = select(Outgoing).where(
        col(Outgoing.state).in_(LIVE), col(Outgoing.not_before) <= now, col(Outgoing.not_after) > now
    )
    letters = (await session.exec(wanted)).all()
    for letter in letters:
        came = Outcome("uncertain", error="a restored copy")
        for name, value in outbox.decided(letter, came, seconds=seconds).items():
            setattr(letter, name, value)
        letter.lease = ""
        session.add(letter)
    return [letter.state for letter in letters]
