"""`/health`: 200 while every part gives signs of life, 503 when one is late or the database is away."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlmodel import select

from bot import health, house, inbox, outbox, telegram, ticking, web
from bot.clock import Clock
from bot.health import Pulse
from bot.outbox import Letter
from bot.settings import Settings, Unusable
from storage.database import Database
from storage.queues import Heartbeat, Incoming
from tests.cast import MONDAY
from tests.processes import free_port


@pytest.fixture
async def client(database: Database) -> AsyncIterator[httpx.AsyncClient]:
    settings = Settings(bot_token="42:nobody-is-asked", webhook_secret="known")
    application = web.app(settings, database, Clock(), wake=asyncio.Event())
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://parley") as client:
        yield client


async def asked(client: httpx.AsyncClient) -> tuple[int, dict[str, Any]]:
    answer = await client.get("/health")
    return answer.status_code, answer.json()


async def beaten(database: Database, *parts: str, ago: float = 0.0) -> None:
    for part in parts:
        await Pulse(database, part).beat(now=MONDAY, machine=1.0)
    async with database.writing() as session:
        for beat in (await session.exec(select(Heartbeat))).all():
            if beat.part in parts:
                beat.seen_s -= ago
                session.add(beat)


async def test_all_is_well_while_every_part_gives_signs_of_life(
    database: Database, client: httpx.AsyncClient
) -> None:
    await beaten(database, "listening", "handling", "delivery", "clock")

    status, said = await asked(client)

    assert (status, said["ok"], said["late"]) == (200, True, [])
    assert set(said["parts"]) == {"listening", "handling", "delivery", "clock"}


async def test_a_part_that_says_nothing_for_a_minute_is_late(
    database: Database, client: httpx.AsyncClient
) -> None:
    await beaten(database, "handling", "delivery")
    await beaten(database, "clock", ago=health.LATE + 1)

    status, said = await asked(client)

    assert (status, said["late"]) == (503, ["clock"])
    assert said["parts"]["clock"]["seconds_ago"] > health.LATE


async def test_before_anything_has_started_nothing_is_well(client: httpx.AsyncClient) -> None:
    assert (await asked(client))[0] == 503


async def test_a_part_that_never_began_is_late_after_a_minute(database: Database) -> None:
    await beaten(database, "listening", "handling", "clock")

    early = await health.report(database, up=health.LATE - 1)
    late = await health.report(database, up=health.LATE + 1)

    assert (early["ok"], early["late"]) == (True, [])
    assert (late["ok"], late["late"]) == (False, ["delivery"])


async def test_when_the_database_is_away_that_is_what_is_said(
    database: Database, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_: Database, **_more: object) -> None:
        raise ConnectionRefusedError("postgresql://parley:hunter2@host")

    monkeypatch.setattr(health, "report", away)

    assert await asked(client) == (
        503,
        {"ok": False, "late": ["database"], "error": "ConnectionRefusedError"},
    )


async def test_what_waits_and_what_was_set_aside_is_counted(
    database: Database, client: httpx.AsyncClient
) -> None:
    await beaten(database, "clock")
    await inbox.store(database, 42, [{"update_id": 1}, {"update_id": 2}], now=MONDAY)
    async with database.writing() as session:
        letter = Letter("a", "brief", 5, "sendMessage", {}, MONDAY, MONDAY + timedelta(days=1))
        await outbox.put(database, session, [letter])

    _, said = await asked(client)

    assert (said["inbox"], said["outbox"]) == ({"new": 2}, {"pending": 1})


async def test_signs_of_life_are_noted_every_ten_seconds_at_most(database: Database) -> None:
    pulse = Pulse(database, "clock")

    for machine in (100.0, 105.0, 109.0):
        await pulse.beat(now=MONDAY + timedelta(seconds=machine), machine=machine)

    async with database.reading() as session:
        assert (await session.get_one(Heartbeat, "clock")).seen_at == MONDAY + timedelta(seconds=100)


async def test_signs_of_a_process_that_is_gone_are_forgotten(
    database: Database, client: httpx.AsyncClient
) -> None:
    await beaten(database, "listening", ago=10**6)

    await health.clear(database)
    await beaten(database, "clock")

    assert (await asked(client))[1]["parts"].keys() == {"clock"}


@pytest.mark.parametrize("secret", ["", "wrong", "known ", "\xe4"])
async def test_the_webhook_takes_nothing_without_its_secret(client: httpx.AsyncClient, secret: str) -> None:
    headers = {web.HEADER.encode(): secret.encode("latin-1")}

    answer = await client.post(web.PATH, content=b'{"update_id": 1}', headers=headers)

    assert answer.status_code == 403


async def test_a_body_without_end_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post(web.PATH, content=b" " * (web.LARGEST + 1), headers={web.HEADER: "known"})

    assert answer.status_code == 413


async def test_what_cannot_be_stored_is_asked_for_again(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object, **__: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(inbox, "store", away)

    answer = await client.post(web.PATH, content=b'{"update_id": 1}', headers={web.HEADER: "known"})

    assert answer.status_code == 500


async def test_the_webhook_answers_once_the_update_is_stored(
    database: Database, client: httpx.AsyncClient
) -> None:
    answer = await client.post(web.PATH, content=b'{"update_id": 7}', headers={web.HEADER: "known"})

    assert answer.status_code == 200
    async with database.reading() as session:
        assert [row.update_id for row in (await session.exec(select(Incoming))).all()] == [7]


def test_a_taken_port_is_named_with_what_to_do() -> None:
    settings = Settings(bot_token="42:nobody-is-asked", port=free_port())
    taken = web.bound(settings)
    taken.listen()

    with pytest.raises(Unusable) as refused:
        web.bound(settings)

    taken.close()
    assert f"port {settings.port} cannot be opened" in str(refused.value)
    assert "PARLEY_PORT" in str(refused.value)


@pytest.mark.parametrize(("fails", "beats"), [(False, ["clock"]), (True, [])])
async def test_the_clock_s_pulse_stops_when_its_ticks_fail(
    database: Database, monkeypatch: pytest.MonkeyPatch, *, fails: bool, beats: list[str]
) -> None:
    async def ticked(_: Database, *, now: datetime) -> int:
        assert now.tzinfo is not None
        if fails:
            raise ConnectionRefusedError
        return 0

    monkeypatch.setattr(ticking, "tick", ticked)
    settings = Settings(bot_token="42:x", database_url=database.url.render_as_string(hide_password=False))
    built = house.build(settings)
    keeping = asyncio.create_task(house._keep_time(built))

    await asyncio.sleep(0.3)

    keeping.cancel()
    await asyncio.wait([keeping])
    await built.database.close()
    await telegram.close(built.bot)
    async with database.reading() as session:
        assert [beat.part for beat in (await session.exec(select(Heartbeat))).all()] == beats
