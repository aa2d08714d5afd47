"""Which bot this is: its token revoked or another's, its name, and whether the operator can be told."""

import asyncio
from dataclasses import replace
from typing import Any

import httpx
import pytest
from sqlmodel import select
from structlog.testing import capture_logs

from bot import identity, telegram
from bot.clock import Clock
from bot.identity import Watch
from bot.settings import Settings, Unusable
from storage.database import Database
from storage.members import Invite
from storage.memos import LOCKED_OUT, NAME, NO_OPERATOR, Memo
from storage.queues import Outgoing
from tests import crowd
from tests.bot.conftest import Stage
from tests.bot.river import OPERATOR, River
from tests.cast import MONDAY, Cast
from tests.processes import free_port, until
from tests.sandbox_process import Sandbox


@pytest.fixture
async def river(database: Database, cast: Cast, stage: Stage, world: Sandbox) -> River:
    await asyncio.to_thread(crowd.phones, world, [cast.members[0], OPERATOR])
    return River(database, cast, stage, world)


async def test_a_revoked_token_is_told_by_health_log_and_doctor_and_with_the_new_one_what_waited_goes_out(
    river: River,
) -> None:
    port, member = free_port(), river.member(0)

    async def health() -> dict[str, Any]:
        async with httpx.AsyncClient() as web:
            answer = await web.get(f"http://127.0.0.1:{port}/health")
        return dict(answer.json()) | {"status": answer.status_code}

    async def says_so() -> bool:
        said = await health()
        return (said["status"], said.get("silent")) == (503, ["locked_out"])

    running = river.stage.parley("run", river.world, port=port, HURRIED_LOOK=1).start()
    await river.remembers(NAME)
    fresh = f"{river.world.bot_id}:fresh"
    await river.world.control("POST", "token", {"token": fresh})
    await river.writes(member.account, "What waited.")
    await until(says_so)
    doctor = river.stage.parley("doctor", river.world).start()
    assert doctor.process is not None
    await asyncio.to_thread(doctor.process.wait, 60)
    running.stop()

    renewed = River(river.database, river.cast, river.stage, replace(river.world, token=fresh))
    again = renewed.stage.parley("run", renewed.world, port=port, HURRIED_LOOK=1).start()
    await renewed.member(0).reads("What waited.")
    await renewed.remembers(LOCKED_OUT, yes=False)
    again.stop()

    assert identity.REVOKED in running.log
    assert "locked_out" in running.log
    assert fresh not in running.log + again.log
    assert "Telegram does not know this token" in doctor.log
    assert (await renewed.member(0).texts()).count("What waited.") == 1


def settings(bot: int, *, new_bot: int = 0) -> Settings:
    return Settings(_env_file=None, bot_token=f"{bot}:token", new_bot=new_bot)


async def test_a_database_belongs_to_one_bot_until_another_is_meant(database: Database) -> None:
    await identity.belongs(database, settings(42), now=MONDAY)
    await identity.belongs(database, settings(42), now=MONDAY)
    with pytest.raises(Unusable, match="bot 43, and this database belongs to bot 42") as refused:
        await identity.belongs(database, settings(43), now=MONDAY)
    with pytest.raises(Unusable):
        await identity.belongs(database, settings(43, new_bot=44), now=MONDAY)

    await identity.belongs(database, settings(43, new_bot=43), now=MONDAY)

    assert "put PARLEY_NEW_BOT=43 into .env" in str(refused.value)
    with pytest.raises(Unusable, match="belongs to bot 43"):
        await identity.belongs(database, settings(42, new_bot=43), now=MONDAY)


@pytest.mark.parametrize("deed", ["block", "deactivate"])
async def test_an_operator_who_cannot_be_reached_is_told_by_the_log_until_they_can(
    river: River, deed: str
) -> None:
    bot = telegram.client(settings_of(river.world))
    watch = Watch(river.database, bot, Clock(), operator_chat=OPERATOR)
    await watch.operator(machine=0.0)
    before = await remembered(river.database)
    await river.operator.act(deed)

    with capture_logs() as logs:
        await watch.operator(machine=60.0)  # an hour lies between two looks
        await watch.operator(machine=3600.0)
    lost = await remembered(river.database)
    if deed == "block":
        await river.operator.act("unblock")
        await watch.operator(machine=7200.0)
        assert await remembered(river.database) is False
    await telegram.close(bot)

    assert (before, lost) == (False, True)
    [line] = [entry for entry in logs if entry["event"] == "operator_not_reached"]
    assert (line["log_level"], line["to_do"]) == ("error", identity.WRITE_TO_BOT)


async def test_where_nobody_is_named_as_operator_the_log_says_so_once_an_hour(river: River) -> None:
    bot = telegram.client(settings_of(river.world))
    watch = Watch(river.database, bot, Clock())

    with capture_logs() as logs:
        for machine in (0.0, 60.0, 3600.0):
            await watch.operator(machine=machine)
    await telegram.close(bot)

    told = [entry["to_do"] for entry in logs if entry["event"] == "operator_chat_not_set"]
    assert told == [identity.NAME_ONE] * 2


async def remembered(database: Database) -> bool:
    async with database.reading() as session:
        return await session.get(Memo, NO_OPERATOR) is not None


def settings_of(world: Sandbox) -> Settings:
    return Settings(_env_file=None, bot_token=world.token, api_base=world.url)


async def test_a_new_name_is_told_once_and_only_where_links_are_still_to_be_used(
    river: River,
) -> None:
    await identity.named(river.database, "parley_bot", operator=OPERATOR, now=MONDAY)
    async with river.database.writing() as session:
        for invite in (await session.exec(select(Invite))).all():
            invite.taken = invite.places
            session.add(invite)

    for _ in range(2):
        await identity.named(river.database, "circle_bot", operator=OPERATOR, now=MONDAY)

    async with river.database.reading() as session:
        [letter] = (await session.exec(select(Outgoing))).all()
    assert letter.chat == OPERATOR
    assert "This bot is called <b>@circle_bot</b> now." in letter.payload["text"]
