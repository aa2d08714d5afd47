"""A restored copy is silent until told; then nobody is reminded twice, and nobody is left out."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from sqlmodel import col, select

from bot import backup, doctor, going_live, health, outage, restoring, silence, ticking
from bot.settings import Settings, Unusable
from dialogs import cards
from facilitation import restored
from storage.database import Database
from storage.digests import Digest
from storage.memos import AWAY, RESTORED, Memo
from storage.queues import Incoming, Outgoing
from storage.rounds import Round
from tests import crowd, elsewhere, proof
from tests.bot.conftest import Stage
from tests.cast import BRIEF, CLOSES, DIGEST, MONDAY, OPENS, REMINDS, Cast, changed
from tests.processes import until
from tests.sandbox_process import Sandbox

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PEOPLE = 6


async def silenced(database: Database, at: datetime) -> None:
    """As restoring leaves a copy whose backup was taken at this moment."""
    async with database.writing() as session:
        session.add(Memo(name=RESTORED, at=at))


def settings_of(url: str) -> Settings:
    return Settings(bot_token="", database_url=url, _env_file=None)


async def states(database: Database) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = {}
    async with database.reading() as session:
        for letter in (await session.exec(select(Outgoing))).all():
            found.setdefault(letter.kind, Counter())[letter.state] += 1
    return found


async def the_round(database: Database) -> Round:
    async with database.reading() as session:
        return (await session.exec(select(Round).order_by(col(Round.opens_at)).limit(1))).one()


async def test_what_may_have_been_sent_is_uncertain_and_what_is_yet_to_come_waits(
    database: Database, cast: Cast
) -> None:
    await ticking.tick(database, now=OPENS)
    await ticking.tick(database, now=REMINDS)
    async with database.writing() as session:
        first, second = (
            await session.exec(select(Outgoing).where(Outgoing.kind == "reminder").limit(2))
        ).all()
        first.state, first.lease, second.not_before = "sending", "somebody", REMINDS + 3 * HOUR
    await silenced(database, REMINDS)

    woken = await going_live.woken_up(database, now=REMINDS + HOUR)

    people = len(cast.members)
    assert (woken.since, woken.again, woken.never) == (REMINDS, people, people - 1)
    found = await states(database)
    assert found["invitation"] == {"retry": people}
    assert found["reminder"] == {"uncertain": people - 1, "pending": 1}
    async with database.reading() as session:
        letters = (await session.exec(select(Outgoing).where(Outgoing.state != "pending"))).all()
    assert {(letter.uncertain, letter.lease) for letter in letters} == {(1, "")}


async def test_reminders_that_fell_due_since_the_backup_are_not_written_again(
    database: Database, cast: Cast
) -> None:
    await ticking.tick(database, now=OPENS)
    await silenced(database, OPENS)

    await going_live.woken_up(database, now=REMINDS + HOUR)
    await ticking.tick(database, now=REMINDS + HOUR)

    assert "reminder" not in await states(database)
    assert (await the_round(database)).state == "open"


async def test_a_round_whose_results_may_be_out_ends_without_a_digest_and_its_facilitator_is_told(
    database: Database, cast: Cast
) -> None:
    await ticking.tick(database, now=OPENS)
    await silenced(database, OPENS)

    woken = await going_live.woken_up(database, now=BRIEF)
    await ticking.tick(database, now=DIGEST)

    ended = await the_round(database)
    assert (woken.ended, ended.state, ended.reason) == (1, "skipped", restored.LOST)
    async with database.reading() as session:
        letters = (await session.exec(select(Outgoing).where(col(Outgoing.key).startswith("skipped:")))).all()
        assert (await session.exec(select(Digest))).all() == []
    assert [letter.chat for letter in letters] == [cast.facilitator]
    assert "ends without a digest" in letters[0].payload["text"]
    assert letters[0].quiet == "20:00 08:00 Europe/London"


async def test_all_that_a_restore_cost_is_told_in_one_note_and_no_number_is_given_twice(
    database: Database, cast: Cast
) -> None:
    daily = {"window_days": 2, "closes": "17:00", "digest_days": 0, "digest": "19:00", "rule": "FREQ=DAILY"}
    async with database.writing() as session:
        for planned in (await session.exec(select(Round))).all():
            await session.delete(planned)
    await changed(database, cast, planned_until=None, **daily)
    for days in (0, 1):
        await ticking.tick(database, now=OPENS + days * DAY)
    await silenced(database, OPENS + DAY)

    woken = await going_live.woken_up(database, now=OPENS + 5 * DAY)
    await ticking.tick(database, now=OPENS + 5 * DAY)

    async with database.reading() as session:
        notes = (await session.exec(select(Outgoing).where(col(Outgoing.key).startswith("skipped:")))).all()
        rounds_ = (await session.exec(select(Round).where(Round.state != "planned"))).all()
    [note] = [cards.plain(one.payload["text"]) for one in notes]
    assert woken.ended == 2
    assert "2 rounds end without a digest, from Tue 3 to Wed 4 November: newer answers were lost." in note
    assert "3 rounds did not open, from Thu 5 to Sat 7 November." in note
    assert "Tell your partners, and ask again what matters most." in note
    assert [one.number for one in rounds_ if one.number] == [1, 2, 3]


async def test_a_round_whose_results_cannot_be_out_yet_goes_on(database: Database, cast: Cast) -> None:
    await ticking.tick(database, now=OPENS)
    await silenced(database, OPENS)

    woken = await going_live.woken_up(database, now=BRIEF - HOUR)
    for moment in (BRIEF, DIGEST):
        await ticking.tick(database, now=moment)

    assert (woken.ended, (await the_round(database)).state) == (0, "published")


async def test_a_digest_that_was_frozen_before_the_backup_goes_out_as_it_was(
    database: Database, cast: Cast
) -> None:
    await ticking.tick(database, now=OPENS)
    await ticking.tick(database, now=CLOSES)
    await silenced(database, CLOSES)

    woken = await going_live.woken_up(database, now=DIGEST)
    for moment in (DIGEST, DIGEST + HOUR):
        await ticking.tick(database, now=moment)

    assert (woken.ended, (await the_round(database)).state) == (0, "published")


@pytest.mark.parametrize("away", [timedelta(minutes=1), timedelta(days=3, hours=1)])
async def test_who_has_an_unfinished_part_is_told_what_to_check_however_old_the_backup(
    database: Database, cast: Cast, away: timedelta
) -> None:
    await ticking.tick(database, now=OPENS)
    await silenced(database, OPENS)

    await going_live.woken_up(database, now=OPENS + away)
    told = await outage.tell(database, now=OPENS + away)

    assert told == len(cast.members)


async def test_since_when_nothing_was_heard_is_the_moment_of_the_backup(
    database: Database, cast: Cast
) -> None:
    async with database.writing() as session:
        session.add(Memo(name=AWAY, at=MONDAY - 9 * HOUR))
    await silenced(database, MONDAY)

    await going_live.woken_up(database, now=OPENS)
    await health.clear(database)

    async with database.reading() as session:
        assert (await session.get_one(Memo, AWAY)).at == MONDAY
    assert await silence.since(database) is None


async def test_what_is_live_does_not_go_live_again(database: Database, cast: Cast) -> None:
    await ticking.tick(database, now=OPENS)

    with pytest.raises(Unusable, match="is live already, and nothing was changed"):
        await going_live.woken_up(database, now=OPENS)

    assert (await states(database))["invitation"] == {"pending": len(cast.members)}


async def test_a_copy_of_a_copy_that_never_went_live_remembers_the_older_moment(
    database: Database, cast: Cast, tmp_path: Path
) -> None:
    await silenced(database, MONDAY)
    await backup.take(database, tmp_path / "kept.db", now=OPENS)
    settings = settings_of(f"sqlite:///{tmp_path / 'copy.db'}")

    await restoring.command(settings, tmp_path / "kept.db")

    copy = Database(settings.async_database_url)
    assert await silence.since(copy) == MONDAY
    await copy.close()


async def test_what_waited_by_another_machine_s_seconds_waits_no_more(
    database: Database, cast: Cast, tmp_path: Path
) -> None:
    await ticking.tick(database, now=OPENS)
    async with database.writing() as session:
        session.add(Incoming(bot=42, update_id=1, received_at=OPENS, payload="{}", retry_s=9e9))
        await session.exec(update(Outgoing).values(retry_s=9e9, leased_until_s=9e9))
    await backup.take(database, tmp_path / "kept.db", now=OPENS)
    settings = settings_of(f"sqlite:///{tmp_path / 'copy.db'}")

    await restoring.command(settings, tmp_path / "kept.db")

    copy = Database(settings.async_database_url)
    async with copy.reading() as session:
        waits = (await session.exec(select(Outgoing.retry_s, Outgoing.leased_until_s))).all()
        heard = (await session.exec(select(Incoming.retry_s))).all()
    assert {*waits} == {(0.0, 0.0)}
    assert list(heard) == [0.0]
    await copy.close()


async def test_the_doctor_names_a_silent_copy(database: Database, cast: Cast, database_url: str) -> None:
    await silenced(database, MONDAY)
    settings = settings_of(database_url)

    found = [finding async for finding in doctor.findings(settings) if not finding.good]

    assert "restored from the backup of 2 November 2026, 09:00 UTC, and is silent" in found[0].what
    assert "parley restore --go-live" in found[0].remedy


# Real processes.


async def _calls(world: Sandbox, since: int) -> list[dict[str, Any]]:
    page: dict[str, Any] = await world.control("GET", f"journal?since={since}&kind=call")
    return list(page["entries"])


async def _sent(database: Database, kind: str) -> None:
    async def all_sent() -> bool:
        return (await states(database)).get(kind) == {"sent": PEOPLE}

    await until(all_sent)


def _messages(calls: list[dict[str, Any]], part: str) -> Counter[int]:
    """How many messages with these words each phone got."""
    return Counter(
        call["chat_id"]
        for call in calls
        if call["method"] == "sendMessage" and call["ok"] and part in call["text"]
    )


@pytest.mark.promise
@pytest.mark.kill
@pytest.mark.parametrize("engine", proof.engines("sqlite"))
async def test_a_restored_copy_says_nothing_until_told_and_then_reminds_nobody_twice(
    stage: Stage, world: Sandbox, request: pytest.FixtureRequest, note: Callable[..., None]
) -> None:
    calendar, tmp_path = stage.calendar, stage.folder
    people = await crowd.seated(stage.database, PEOPLE)
    await asyncio.to_thread(crowd.phones, world, people.accounts)
    start = (await world.control("GET", "journal?since=999999999"))["next"]
    calendar.move(OPENS)
    original = stage.parley("run", world, pace=10).start()
    await _sent(stage.database, "invitation")
    kept = await elsewhere.typed(tmp_path, original.settings, "backup", "kept.db")
    calendar.move(REMINDS)
    await _sent(stage.database, "reminder")
    original.kill()

    copy = original.settings | {
        "PARLEY_DATABASE_URL": elsewhere.database_url(
            stage.database.url.get_backend_name(), request, tmp_path
        )
    }
    lost = (await world.control("GET", "journal?since=999999999"))["next"]
    back = await elsewhere.typed(tmp_path, copy, "restore", "kept.db")
    commands = ("run",) if stage.on_sqlite else ("run", "web", "worker", "clock")
    address = {"PARLEY_PUBLIC_URL": "http://127.0.0.1:9"}
    silent = [await elsewhere.typed(tmp_path, copy | address, command) for command in commands]
    told = await elsewhere.typed(tmp_path, copy, "restore", "--go-live")
    before = await _calls(world, lost)
    calendar.move(REMINDS + HOUR)
    stage.url = copy["PARLEY_DATABASE_URL"]
    stage.parley("run", world, pace=10).start()
    database = Database(stage.url)
    await _sent(database, "away")

    calls = await _calls(world, start)
    await database.close()
    reminders = _messages(calls, "does not fit this week")
    engine, twice = stage.database.url.get_backend_name(), sum(count > 1 for count in reminders.values())
    note(16, engine=engine, members=PEOPLE, calls_before_told=len(before), reminded_twice=twice)
    assert (kept[0], back[0], told[0]) == (0, 0, 0), (kept, back, told)
    assert before == []
    assert [code for code, _ in silent] == [1] * len(commands)
    assert all("parley restore --go-live" in words for _, words in silent)
    assert reminders == dict.fromkeys(people.accounts, 1)
    assert _messages(calls, "I was away from") == dict.fromkeys(people.accounts, 1)
    assert max(_messages(calls, "Estuary · ").values()) <= 2 + 1  # an invitation twice at most, a reminder


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_restore_takes_a_file_or_going_live_and_not_both(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    settings = {"PARLEY_DATABASE_URL": database_url}

    both = await elsewhere.typed(tmp_path, settings, "restore", "kept.db", "--go-live")
    neither = await elsewhere.typed(tmp_path, settings, "restore")

    assert both == neither
    assert both[0] == 1
    assert "takes the file of a backup or" in both[1]
