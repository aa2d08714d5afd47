"""Telling facilitators, by day and once, whom no message reaches and what became of their group chat."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from sqlmodel.ext.asyncio.session import AsyncSession

from bot import drawing, outbox
from bot.outbox import Letter
from dialogs import grouping, operating, people, readers
from dialogs.cards import Card, Reader
from facilitation import facilitators, groups, quiet, reach
from facilitation.groups import Ill
from facilitation.reach import News
from storage.database import Database
from storage.partnerships import Partnership

log = structlog.get_logger(__name__)

LASTS = timedelta(days=5)


async def tell(database: Database, *, operator: int, now: datetime) -> int:
    """Write the notes that are due; the result is how many. Several clocks may do it at once."""
    async with database.reading() as session:  # almost always there is nothing to hold a writer up for
        if not await reach.news(session, now=now) and all(ill.told for ill in await groups.ills(session)):
            return 0
    async with database.writing() as session:
        letters = [
            letter
            for news in await reach.news(session, now=now)
            for letter in await _unreached(session, news, operator=operator, now=now)
        ]
        for ill in await groups.ills(session):
            if not ill.told:
                letters += await _group(session, ill, now=now)
        await outbox.put(database, session, letters)
    return len(letters)


def note(key: str, card: Card, chat: int, *, reader: Reader, now: datetime) -> Letter:
    """A note to one person, by day on their own clock."""
    method, payload = drawing.sent(card, chat)
    begins = quiet.by_day(now, ZoneInfo(reader.timezone))
    return Letter(key, "note", chat, method, payload, begins, begins + LASTS)


async def each(session: AsyncSession, partnership_id: int) -> list[tuple[int, Reader]]:
    """Everybody who facilitates a partnership and can be told, each with their own language and clock."""
    those = await facilitators.of(session, partnership_id)
    accounts = [one.account for one in those if one.account is not None and one.reachable]
    return [
        (account, await readers.of(session, account=account, partnership_id=partnership_id))
        for account in dict.fromkeys(accounts)
    ]


async def _unreached(session: AsyncSession, news: News, *, operator: int, now: datetime) -> list[Letter]:
    await session.merge(news.memo)
    if not news.people:
        return []
    partnership, day = news.partnership, f"{now.astimezone(ZoneInfo(news.partnership.timezone)):%Y-%m-%d}"
    told = await each(session, partnership.id)
    letters = [
        note(
            f"unreached:{partnership.id}:{day}:{account}",
            people.unreached(reader, partnership, news.people),
            account,
            reader=reader,
            now=now,
        )
        for account, reader in told
    ]
    return letters + _unled(news, others=bool(told), day=day, operator=operator, now=now)


def _unled(news: News, *, others: bool, day: str, operator: int, now: datetime) -> list[Letter]:
    """Of a facilitator whom nothing reaches the operator is told: nobody else may be left to tell."""
    lost = next((one for one in news.people if one.facilitates), None)
    if lost is None:
        return []
    log.warning("facilitator_not_reached", partnership=news.partnership.id, others=others)
    if not operator:
        return []
    card = operating.unled(news.partnership, lost, others=others, operator=operator)
    method, payload = drawing.sent(card, operator)
    key = f"unled:{news.partnership.id}:{day}"
    return [Letter(key, "report", operator, method, payload, now, now + LASTS)]


async def _group(session: AsyncSession, ill: Ill, *, now: datetime) -> Sequence[Letter]:
    partnership = await session.get(Partnership, ill.partnership_id)
    await groups.told(session, ill)
    if partnership is None:
        return []
    key = f"group_{ill.what}:{partnership.id}:{ill.since:%Y-%m-%dT%H:%M:%S}"
    return [
        note(f"{key}:{account}", grouping.ill(ill.what, reader, partnership), account, reader=reader, now=now)
        for account, reader in await each(session, partnership.id)
    ]
