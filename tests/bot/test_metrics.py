"""`/metrics`: what Prometheus reads, whoever may read it, and that what is counted never falls."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import update
from sqlmodel import col, select

from bot import health, inbox, metrics, outbox, retention, ticking, web
from bot.clock import Clock
from bot.health import Pulse
from bot.outbox import Letter
from bot.settings import Settings
from facilitation import erasure
from storage.database import Database
from storage.memos import Memo
from storage.queues import Incoming, Outgoing
from tests.bot.conftest import Calendar
from tests.cast import MONDAY, OPENS, Cast

KEY = "a-key-of-ours"
A_MONTH_ON = MONDAY + timedelta(days=33)
Numbers = dict[tuple[str, str], float]


@asynccontextmanager
async def door(
    database: Database, calendar: Calendar, *, key: str = "", public_url: str = ""
) -> AsyncIterator[httpx.AsyncClient]:
    settings = Settings(bot_token="42:nobody-is-asked", metrics_key=key, public_url=public_url)
    application = web.app(settings, database, Clock(calendar.file), wake=asyncio.Event())
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://parley") as client:
        yield client


async def read(database: Database, calendar: Calendar) -> Numbers:
    """What Prometheus' own reader makes of the page: by name, and by the value of its one label."""
    async with door(database, calendar) as client:
        answer = await client.get("/metrics")
    assert answer.status_code == 200, answer.text
    return {
        (sample.name, ",".join(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


async def ended(database: Database, key: str, state: str) -> None:
    """A letter that ended so."""
    async with database.writing() as session:
        until = MONDAY + timedelta(days=1)
        await outbox.put(database, session, [Letter(key, "note", 5, "sendMessage", {}, MONDAY, until)])
        await session.exec(update(Outgoing).where(col(Outgoing.key) == key).values(state=state))


# Of a round, as the design has them.
STATES = ("planned", "open", "closing", "published", "archived", "skipped")


async def test_a_quiet_parley_says_every_number_from_the_start(
    database: Database, calendar: Calendar
) -> None:
    numbers = await read(database, calendar)

    zeros = {
        ("parley_rounds_missed_total", ""),
        *(("parley_letters_total", state) for state in ("sent", "uncertain", "dead", "expired")),
        *(("parley_updates_total", state) for state in ("done", "parked")),
        *(("parley_rounds", state) for state in STATES),
        ("parley_updates_waiting", ""),
        ("parley_letters_due", ""),
        ("parley_locked_out", ""),
        ("parley_restored", ""),
    }
    assert {name: numbers[name] for name in zeros} == dict.fromkeys(zeros, 0)
    assert numbers["parley_database_bytes", ""] > 4096
    assert numbers["process_resident_memory_bytes", ""] > 2**20


async def test_what_happened_is_counted(database: Database, cast: Cast, calendar: Calendar) -> None:
    await ticking.tick(database, now=OPENS + timedelta(days=6))  # nobody was there on the day
    for number, state in enumerate(("uncertain", "dead", "dead", "expired", "sent")):
        await ended(database, f"{number}", state)
    await inbox.store(database, 42, [{"update_id": 1}, {"update_id": 2}], now=MONDAY)
    async with database.writing() as session:
        await session.exec(update(Incoming).where(col(Incoming.update_id) == 2).values(state="parked"))

    numbers = await read(database, calendar)

    letters = {state: n for (name, state), n in numbers.items() if name == "parley_letters_total"}
    assert numbers["parley_rounds_missed_total", ""] == 1
    assert letters == {"uncertain": 1, "dead": 2, "expired": 1, "sent": 1}
    assert numbers["parley_updates_total", "parked"] == 1
    assert numbers["parley_rounds", "skipped"] == 1


async def test_what_waits_is_told_with_the_age_of_the_oldest(database: Database, calendar: Calendar) -> None:
    await inbox.store(database, 42, [{"update_id": 1}], now=MONDAY)
    await inbox.store(database, 42, [{"update_id": 2}], now=MONDAY + timedelta(seconds=60))
    async with database.writing() as session:
        times = {"begin": MONDAY + timedelta(seconds=30), "later": MONDAY + timedelta(days=1)}
        until = MONDAY + timedelta(days=2)
        letters = [Letter(key, "note", 5, "sendMessage", {}, at, until) for key, at in times.items()]
        await outbox.put(database, session, letters)
    calendar.move(MONDAY + timedelta(seconds=90))

    numbers = await read(database, calendar)

    assert (numbers["parley_updates_waiting", ""], numbers["parley_updates_oldest_seconds", ""]) == (2, 90)
    assert (numbers["parley_letters_due", ""], numbers["parley_letters_oldest_seconds", ""]) == (1, 60)


async def test_a_part_that_fell_silent_can_be_seen(
    database: Database, calendar: Calendar, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "LATE", -1.0)
    await Pulse(database, "clock").beat(now=MONDAY, machine=1.0)

    numbers = await read(database, calendar)

    assert (numbers["parley_part_late", "clock"], numbers["parley_ok", ""]) == (1, 0)
    assert 0 <= numbers["parley_part_silence_seconds", "clock"] < 60


async def test_sweeping_out_what_is_old_lets_no_counter_fall(database: Database, calendar: Calendar) -> None:
    for number, state in enumerate(("uncertain", "dead", "dead", "expired", "sent")):
        await ended(database, f"{number}", state)
    await inbox.store(database, 42, [{"update_id": 1}], now=MONDAY)
    async with database.writing() as session:
        await session.exec(update(Incoming).values(state="done"))
    before = await read(database, calendar)

    swept = await retention.swept_out(database, now=A_MONTH_ON)

    after = await read(database, calendar)
    counters = {name for name in before if name[0].endswith("_total") and name[0].startswith("parley_")}
    assert (swept["letters"], swept["updates"]) == (5, 1)
    assert {name: after[name] for name in counters} == {name: before[name] for name in counters}


async def test_whoever_asks_to_be_forgotten_takes_no_number_back(
    database: Database, cast: Cast, calendar: Calendar
) -> None:
    await ticking.tick(database, now=OPENS)
    async with database.writing() as session:
        await session.exec(update(Outgoing).values(state="sent"))
    before = await read(database, calendar)

    async with database.writing() as session:
        await erasure.forget(session, account=cast.members[0], update_id=1, now=OPENS)

    after = await read(database, calendar)
    sent = ("parley_letters_total", "sent")
    assert after[sent] == before[sent] > 0
    async with database.reading() as session:
        assert len((await session.exec(select(Outgoing))).all()) < before[sent]


async def test_what_was_swept_out_before_is_counted_with_what_is_there(
    database: Database, calendar: Calendar
) -> None:
    await ended(database, "a", "dead")
    async with database.writing() as session:
        session.add(Memo(name="swept:outbox:dead", value="41", at=MONDAY))
        session.add(Memo(name="swept:inbox:parked", value="7", at=MONDAY))

    numbers = await read(database, calendar)

    assert numbers["parley_letters_total", "dead"] == 42
    assert numbers["parley_updates_total", "parked"] == 7


async def test_names_follow_the_conventions_and_labels_name_nobody(
    database: Database, cast: Cast, calendar: Calendar
) -> None:
    async with door(database, calendar) as client:
        page = (await client.get("/metrics")).text

    families = [one for one in text_string_to_metric_families(page) if one.name.startswith("parley_")]
    samples = [sample for family in families for sample in family.samples]
    assert len(families) > 12
    assert all(family.documentation.endswith(".") for family in families)
    assert all(
        sample.name.endswith("_total") for f in families if f.type == "counter" for sample in f.samples
    )
    assert not [s.name for s in samples if re.search(r"_(ms|minutes|hours|mb|kb|milliseconds)\b", s.name)]
    assert {label for sample in samples for label in sample.labels} == {"part", "state"} - (
        set() if any("part" in sample.labels for sample in samples) else {"part"}
    )
    assert cast.partnership.name not in page


PUBLIC = "https://riverside.example"


@pytest.mark.parametrize(
    ("setting", "said", "status"),
    [
        ({}, "", 200),
        ({"public_url": PUBLIC}, "", 403),
        ({"public_url": PUBLIC}, f"Bearer {KEY}", 403),
        ({"public_url": PUBLIC, "key": KEY}, "", 401),
        ({"public_url": PUBLIC, "key": KEY}, "Bearer wrong", 401),
        ({"public_url": PUBLIC, "key": KEY}, "Bearer \xe4", 401),
        ({"public_url": PUBLIC, "key": KEY}, KEY, 401),
        ({"public_url": PUBLIC, "key": KEY}, f"Bearer {KEY}", 200),
        ({"key": KEY}, "", 401),
    ],
)
async def test_at_a_public_address_the_numbers_need_a_key(
    database: Database, calendar: Calendar, setting: dict[str, str], said: str, status: int
) -> None:
    async with door(database, calendar, **setting) as client:
        answer = await client.get("/metrics", headers={b"authorization": said.encode("latin-1")})

    assert answer.status_code == status
    assert ("parley_ok" in answer.text) == (status == 200)
    assert status == 200 or "PARLEY_METRICS_KEY" in answer.text


async def test_without_its_database_there_are_no_numbers(
    database: Database, calendar: Calendar, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_: Database, **_more: object) -> None:
        raise ConnectionRefusedError("postgresql://parley:hunter2@host")

    monkeypatch.setattr(health, "report", away)

    async with door(database, calendar) as client:
        answer = await client.get("/metrics")

    assert (answer.status_code, answer.text) == (503, "The database is away (ConnectionRefusedError).")


def test_every_number_is_said_in_the_page_for_operators() -> None:
    """docs/operating.md lists each name, so that nobody has to guess what to watch."""
    page = (Path(__file__).parents[2] / "docs" / "operating.md").read_text(encoding="utf-8")
    named = set(re.findall(r'"(parley_[a-z_]+)"', Path(metrics.__file__).read_text(encoding="utf-8")))

    assert named
    assert {name for name in named if name not in page} == set()
