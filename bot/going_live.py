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

from bot import clock, drawing, outbox, silence
from bot.outbox import Letter
from bot.settings import Settings, Unusable, naming_the_database
from bot.telegram import Outcome
from dialogs import invitations, readers
from facilitation import quiet, restored, skipping
from facilitation.rounds import Opened
from storage import schema
from storage.database import Database
from storage.memos import AWAY, RESTORED, Memo
from storage.partnerships import Partnership
from storage.queues import LIVE, Outgoing
from storage.rounds import Round

GOES_LIVE = """parley: this copy goes live; it holds everything until {since}.
  What people answered after that is lost. Who has an unfinished part is told what to check.
  {again} letters are sent again and {never} are not, because they may have been sent already.{ended}
  Telegram keeps messages for 24 hours: what people wrote since the other one stopped still comes in.
  Whoever asked to be forgotten after the backup is in it again: ask the facilitators, and have it done again.
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
        with naming_the_database():
            if await schema.version(database) != schema.HEAD:
                raise Unusable("the database is not at this version's schema.\n  Run: parley migrate")
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
        letters = [letter for round_ in ended for letter in await _told(session, round_, now)]
        await outbox.put(database, session, letters)
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


async def _told(session: AsyncSession, round_: Round, now: datetime) -> list[Letter]:
    """To each of its facilitators: this round ends without a digest."""
    partnership = await session.get_one(Partnership, round_.partnership_id)
    following = await skipping.following(session, round_)
    opened = Opened(round_, partnership, (), round_.instrument["title"], following)
    letters = []
    for chat, reader in await readers.facilitating(session, partnership.id):
        begins = await quiet.considerate(
            session, round_, due=round_.brief_at, now=now, timezone=reader.timezone
        )
        method, payload = drawing.sent(invitations.skipped(opened, reader), chat)
        key, until = f"lost:{round_.id}:{chat}", begins + skipping.DIGEST_LASTS
        letters.append(Letter(key, "brief", chat, method, payload, begins, until))
    return letters
