"""Where no operator is named facilitators are told what stands still: by day, and in their own language."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
from sqlmodel import select
from structlog.testing import capture_logs

from bot import clock, health, telegram
from bot.alarms import Watchman
from bot.pace import Pacer
from bot.settings import Settings
from dialogs import cards
from storage.database import Database
from storage.members import Member
from storage.queues import Heartbeat, Outgoing
from tests import crowd
from tests.bot.conftest import Stage
from tests.bot.river import River
from tests.cast import MONDAY, Cast
from tests.sandbox_process import Sandbox

NIGHT, MORNING = MONDAY + timedelta(hours=14), MONDAY + timedelta(days=1)


@pytest.fixture
async def river(
    database: Database, cast: Cast, stage: Stage, world: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> River:
    """Riverside, whose facilitator reads Welsh; two looks make sure of a trouble, however soon."""
    await asyncio.to_thread(crowd.phones, world, [cast.facilitator])
    monkeypatch.setattr(health, "EVERY", 0.01)
    async with database.writing() as session:
        facilitator = (await session.exec(select(Member).where(Member.account == cast.facilitator))).one()
        facilitator.language = "cy"
        session.add(facilitator)
    return River(database, cast, stage, world)


@pytest.fixture
async def watchman(river: River) -> AsyncIterator[Watchman]:
    """Whoever watches, and has watched for a while."""
    settings = Settings(_env_file=None, bot_token=river.world.token, api_base=river.world.url)
    bot = telegram.client(settings)
    calendar = clock.for_settings(river.stage.calendar.file, river.world.url)
    began = time.monotonic() - 10 * health.LATE
    yield Watchman(river.database, bot, Pacer(settings.bot_id, 100), calendar, _began=began)
    await telegram.close(bot)


async def signs(database: Database, *, late: bool) -> None:
    """Every part has just given a sign of life; the clock, if it is late, some minutes ago."""
    async with database.writing() as session:
        seconds = await database.machine_seconds(session)
        for part in health.PARTS:
            ago = 3 * health.LATE if late and part == "clock" else 0.0
            await session.merge(Heartbeat(part=part, seen_s=seconds - ago, seen_at=MONDAY))


async def looks(watchman: Watchman) -> None:
    for _ in range(3):
        await watchman.look()
        await asyncio.sleep(2 * health.EVERY)


def welsh(sentence: str) -> str:
    return str(cards.catalogue("cy").gettext(sentence))


async def waiting(database: Database) -> list[tuple[str, datetime]]:
    async with database.reading() as session:
        return [(one.payload["text"], one.not_before) for one in (await session.exec(select(Outgoing))).all()]


async def test_what_stands_still_by_night_wakes_no_facilitator_and_is_told_in_the_morning_in_their_language(
    river: River, watchman: Watchman
) -> None:
    await signs(river.database, late=True)
    river.at(NIGHT)
    with capture_logs() as logs:
        await looks(watchman)
    by_night = await river.facilitator.texts()

    river.at(MORNING)
    await signs(river.database, late=True)
    await looks(watchman)

    assert by_night == []
    assert [entry["part"] for entry in logs if entry["event"] == "part_late"] == ["clock"]
    [told] = await river.facilitator.texts()
    assert told.startswith(welsh("Parley needs you."))
    assert not told.startswith("Parley needs you.")
    assert "parley run" not in told
    assert "UTC" not in told


async def test_that_it_works_again_at_night_waits_for_the_day(river: River, watchman: Watchman) -> None:
    await signs(river.database, late=True)
    river.at(MONDAY)
    await looks(watchman)
    told = await river.facilitator.texts()
    river.at(NIGHT)
    await signs(river.database, late=False)

    await looks(watchman)

    assert len(told) == len(await river.facilitator.texts()) == 1
    [(over, begins)] = await waiting(river.database)
    assert welsh("It works again.") in over
    assert begins == MORNING
