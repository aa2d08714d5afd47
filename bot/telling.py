"""Telling facilitators, by day and once, whom no message reaches and what became of their group chat."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import structlog
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from bot import drawing, outbox
from bot.outbox import Letter
from dialogs import grouping, operating, people, readers
from dialogs.cards import Card, Reader
from dialogs.events import A_FEW_DAYS
from facilitation import groups, quiet, reach
from facilitation.groups import Ill
from facilitation.reach import News
from storage.database import Database
from storage.memos import Memo
from storage.partnerships import Partnership

log = structlog.get_logger(__name__)


async def tell(database: Database, *, operator: int, now: datetime) -> int:
    """Write the notes that are due; the result is how many. Several clocks may do it at once."""
    async with database.reading() as session:  # almost always there is nothing to hold a writer up for
        if not await reach.news(session, now=now) and not await groups.untold(session):
            return 0
    letters: list[Letter] = []
    async with database.writing() as session:
        for news in await reach.news(session, now=now):
            if await _remembered(database, session, news):
                letters += await _unreached(session, news, operator=operator, now=now)
        for ill in await groups.untold(session):
            if await groups.told(session, ill):
                letters += await _group(session, ill, now=now)
        await outbox.put(database, session, letters)
    return len(letters)


async def _remembered(database: Database, session: AsyncSession, news: News) -> bool:
    """Remember what is told now. False: another clock tells it meanwhile, and this one tells nothing."""
    row = {"name": news.memo.name, "value": news.memo.value, "at": news.memo.at}
    kept = database.insert(Memo).values(**row)
    kept = kept.on_conflict_do_update(index_elements=["name"], set_=row, where=col(Memo.value) == news.before)
    return (await session.exec(kept.returning(col(Memo.name)))).first() is not None


def note(key: str, card: Card, chat: int, *, reader: Reader, now: datetime) -> Letter:
    """A note to one person, by day on their own clock."""
    method, payload = drawing.sent(card, chat)
    begins = quiet.by_day(now, ZoneInfo(reader.timezone))
    return Letter(key, "note", chat, method, payload, begins, begins + A_FEW_DAYS)


async def _unreached(session: AsyncSession, news: News, *, operator: int, now: datetime) -> list[Letter]:
    partnership, day = news.partnership, f"{now.astimezone(ZoneInfo(news.partnership.timezone)):%Y-%m-%d}"
    those = await readers.facilitating(session, partnership.id)
    letters = [
        note(
            f"unreached:{partnership.id}:{day}:{account}",
            people.unreached(reader, partnership, news.people),
            account,
            reader=reader,
            now=now,
        )
        for account, reader in those
        if news.people
    ]
    return letters + _unled(news, others=bool(those), day=day, operator=operator, now=now)


def _unled(news: News, *, others: bool, day: str, operator: int, now: datetime) -> list[Letter]:
    """Of facilitators whom nothing reaches the operator is told: nobody else may be left to tell."""
    if not news.lost:
        return []
    log.warning("facilitator_not_reached", partnership=news.partnership.id, others=others)
    if not operator:
        return []
    card = operating.unled(news.partnership, news.lost, others=others, operator=operator)
    method, payload = drawing.sent(card, operator)
    key = f"unled:{news.partnership.id}:{day}"
    return [Letter(key, "report", operator, method, payload, now, now + A_FEW_DAYS)]


async def _group(session: AsyncSession, ill: Ill, *, now: datetime) -> Sequence[Letter]:
    partnership = await session.get_one(Partnership, ill.partnership_id)
    key = f"group_{ill.what}:{partnership.id}:{ill.since:%Y-%m-%dT%H:%M:%S}"
    return [
        note(f"{key}:{account}", grouping.ill(ill.what, reader, partnership), account, reader=reader, now=now)
        for account, reader in await readers.facilitating(session, partnership.id)
    ]
