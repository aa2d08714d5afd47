"""`/health`: 200 while every part gives signs of life, 503 when one is late or the database is away."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import update
from sqlmodel import col, select

from bot import health, house, inbox, outbox, telegram, ticking, web
from bot.clock import Clock
from bot.health import Figures, Pulse
from bot.outbox import Letter
from bot.settings import Settings, Unusable
from storage.database import Database
from storage.memos import Memo
from storage.queues import Heartbeat, Incoming, Outgoing
from tests.cast import MONDAY, OPENS, Cast
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

    assert (status, said["ok"], said["late"], said["silent"]) == (200, True, [], [])
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
    await beaten(database, "listening", "handling", "clock", health.TELEGRAM)

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
    assert (said["waiting"]["updates"], said["waiting"]["letters"]) == (2, 0)


async def test_what_was_missed_given_up_or_set_aside_is_counted(
    database: Database, cast: Cast, client: httpx.AsyncClient
) -> None:
    await inbox.store(database, 42, [{"update_id": 1}, {"update_id": 2}], now=MONDAY)
    await ticking.tick(database, now=OPENS + timedelta(days=6))  # nobody was there on the day
    async with database.writing() as session:
        letters = [
            Letter(name, "note", 5, "sendMessage", {}, MONDAY, MONDAY + timedelta(days=1)) for name in "abcd"
        ]
        await outbox.put(database, session, letters)
        ends = zip("abcd", ("uncertain", "dead", "dead", "expired"), strict=True)
        for key, state in ends:
            await session.exec(update(Outgoing).where(col(Outgoing.key) == key).values(state=state))
        await session.exec(update(Incoming).where(col(Incoming.update_id) == 2).values(state="parked"))

    _, said = await asked(client)

    counters = {"missed": 1, "uncertain": 1, "dead": 2, "expired": 1, "parked": 1}
    assert said["counters"] == counters


@pytest.mark.parametrize("memo", health.SILENT)
async def test_a_parley_that_may_not_speak_is_not_well(
    database: Database, client: httpx.AsyncClient, memo: str
) -> None:
    await beaten(database, "listening", "handling", "delivery", "clock")
    async with database.writing() as session:
        session.add(Memo(name=memo, at=MONDAY))

    status, said = await asked(client)

    assert (status, said["ok"], said["silent"]) == (503, False, [memo])


async def test_however_many_ask_the_database_is_looked_at_once_a_second(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks, seen = [], health.figures

    async def counted(database: Database, *, now: datetime) -> Figures:
        looks.append(now)
        return await seen(database, now=now)

    monkeypatch.setattr(health, "figures", counted)

    await asyncio.gather(*(client.get("/health") for _ in range(200)))

    assert len(looks) == 1


async def test_a_database_that_hangs_is_away_too_and_is_asked_no_more_than_once(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked_for = []

    async def hangs(_: Database, **_more: object) -> None:
        asked_for.append(1)
        await asyncio.Event().wait()

    monkeypatch.setattr(health, "report", hangs)
    monkeypatch.setattr(health, "PATIENCE", 0.1)

    answers = [await asked(client) for _ in range(3)]

    assert answers == [(503, {"ok": False, "late": ["database"], "error": "TimeoutError"})] * 3
    assert len(asked_for) == 1


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
    async def ticked(_: Database, *, operator: int, now: datetime) -> int:
        assert (operator, now.tzinfo is None) == (0, False)
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
