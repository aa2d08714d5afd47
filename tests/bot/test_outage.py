"""After an outage that cost taps people are told once what to check; after a quick restart nobody is."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select

from bot import clock, health, inbox, outage, ticking
from bot.clock import Clock
from bot.health import Pulse
from bot.outage import Watch
from dialogs.cards import plain
from facilitation import parts
from storage import memos
from storage.database import Database
from storage.members import Member, Seat
from storage.memos import Memo
from storage.queues import Heartbeat, Outgoing
from storage.rounds import Invitation
from tests import crowd
from tests.bot.conftest import Calendar, Stage
from tests.cast import CLOSES, OPENS, Cast, seated
from tests.facilitation.turning import all_rounds, answer, invitation_of, part_of, write
from tests.processes import Parley, until
from tests.sandbox_process import Sandbox

AWAY, BACK = OPENS + timedelta(hours=4), OPENS + timedelta(hours=5, minutes=10)  # 14:00 and 15:10


async def silence(
    database: Database, calendar: Path, *, since: datetime, until: datetime, wiped: bool = True
) -> None:
    """A process that heard Telegram last at `since` ends, and the next one hears it at `until`."""
    await Pulse(database, "listening").beat(now=since, machine=1.0)
    if wiped:  # as each start on SQLite does
        await health.clear(database)
    clock.move(calendar, until)
    watch = Watch(database, Clock(calendar))
    await watch.heard(machine=1000.0)
    await Pulse(database, "listening").beat(now=until, machine=1.0)
    await watch.caught_up()


async def notes(database: Database) -> Sequence[Outgoing]:
    async with database.reading() as session:
        wanted = select(Outgoing).where(Outgoing.kind == "away").order_by(col(Outgoing.chat))
        return (await session.exec(wanted)).all()


def text(note: Outgoing) -> str:
    return plain(str(note.payload["text"]))


def buttons(note: Outgoing) -> list[tuple[str, str]]:
    rows: list[list[dict[str, Any]]] = note.payload["reply_markup"]["inline_keyboard"]
    return [(key["text"], key["callback_data"]) for row in rows for key in row]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "when"


@pytest.fixture
async def round_id(database: Database, cast: Cast) -> int:
    await ticking.tick(database, now=OPENS)
    return (await all_rounds(database))[0].id


@pytest.mark.parametrize("wiped", [True, False])
async def test_everybody_in_the_middle_of_a_round_is_told_once_what_to_check(
    database: Database, cast: Cast, round_id: int, file: Path, *, wiped: bool
) -> None:
    begun, finished, declined = cast.members[:3]
    await answer(database, begun, round_id, {0: 4, 1: 2, 2: None, 3: 5}, now=OPENS)
    await answer(database, finished, round_id, dict.fromkeys(range(6), None), now=OPENS)
    async with database.writing() as session:
        await parts.decline(session, await part_of(database, declined, round_id, now=OPENS))

    await silence(database, file, since=AWAY, until=BACK, wiped=wiped)
    await silence(database, file, since=BACK, until=BACK + timedelta(seconds=20), wiped=wiped)

    told = await notes(database)
    assert [note.chat for note in told] == sorted({*cast.members} - {finished, declined})
    mine = next(note for note in told if note.chat == begun)
    assert text(mine) == (
        "I was away from 14:00 to 15:10.\n"
        "If you tapped something then, please check: you have answered 3 of 6."
    )
    assert buttons(mine) == [("Go on", f"start:{(await invitation_of(database, begun, round_id)).id}")]
    assert all(text(note).endswith("you have answered 0 of 6.") for note in told if note is not mine)
    assert {(note.not_before, note.not_after, note.resend) for note in told} == {
        (BACK, BACK + timedelta(hours=3), False)
    }


@pytest.mark.parametrize(
    "gone", [timedelta(seconds=0), timedelta(seconds=150), timedelta(days=3), timedelta(days=7)]
)
async def test_a_short_silence_and_one_long_past_tell_nobody(
    database: Database, cast: Cast, round_id: int, file: Path, gone: timedelta
) -> None:
    await silence(
        database, file, since=OPENS + timedelta(minutes=1), until=OPENS + timedelta(minutes=1) + gone
    )

    assert await notes(database) == []


async def test_the_first_start_of_all_tells_nobody(database: Database, cast: Cast, file: Path) -> None:
    clock.move(file, BACK)
    watch = Watch(database, Clock(file))

    await watch.heard(machine=1.0)
    await watch.caught_up()

    assert await notes(database) == []


async def test_a_crash_before_people_are_told_forgets_nothing(
    database: Database, cast: Cast, round_id: int, file: Path
) -> None:
    await Pulse(database, "listening").beat(now=AWAY, machine=1.0)
    clock.move(file, BACK)
    crashed = Watch(database, Clock(file))
    await crashed.heard(machine=1.0)
    await Pulse(database, "listening").beat(now=BACK, machine=1.0)

    await silence(database, file, since=BACK, until=BACK + timedelta(seconds=30))

    told = await notes(database)
    assert len(told) == len(cast.members)
    assert text(told[0]).startswith("I was away from 14:00 to 15:10.")


async def test_a_network_that_was_cut_counts_like_a_restart_and_a_moved_calendar_does_not(
    database: Database, cast: Cast, round_id: int, file: Path
) -> None:
    async def hears(now: datetime, machine: float) -> int:
        clock.move(file, now)
        await watch.heard(machine=machine)
        await Pulse(database, "listening").beat(now=now, machine=1.0)
        await watch.caught_up()
        return len(await notes(database))

    watch = Watch(database, Clock(file))
    first = await hears(OPENS, 100.0)
    moved = await hears(AWAY, 125.0)
    cut = await hears(BACK, 125.0 + 70 * 60)

    assert (first, moved, cut) == (0, 0, len(cast.members))


async def test_a_database_that_was_away_for_long_counts_like_a_cut_network(
    database: Database, cast: Cast, round_id: int, file: Path
) -> None:
    await Pulse(database, "listening").beat(now=AWAY, machine=1.0)
    clock.move(file, AWAY)
    watch = Watch(database, Clock(file))
    await watch.heard(machine=1.0)
    await watch.caught_up()
    for machine in (11.0, 80.0, 150.0):  # Telegram brings messages, and none can be stored
        await watch.heard(machine=machine)
        watch.unheard()
    clock.move(file, BACK)
    await watch.heard(machine=160.0)
    await watch.caught_up()

    assert len(await notes(database)) == len(cast.members)


async def test_what_was_written_meanwhile_is_handled_before_it_is_counted(
    database: Database, cast: Cast, round_id: int, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outage, "LOOK", 0.01)
    one = cast.members[0]
    await inbox.store(database, 42, [{"update_id": 7}], now=BACK)
    telling = asyncio.create_task(silence(database, file, since=AWAY, until=BACK))
    await asyncio.sleep(0.3)
    early = await notes(database)

    await write(database, one, round_id, "Written in the outage.", shown_as=None, now=BACK)
    async with database.writing() as session:
        row = await inbox.claim(database, session, 42, 0)
        assert row is not None
        inbox.done(row)
    await telling

    assert early == []
    assert text((await notes(database))[0]).endswith("you have answered 1 of 6.")


async def test_a_backlog_that_does_not_end_holds_the_notes_up_for_a_while_only(
    database: Database, cast: Cast, round_id: int, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outage, "CATCHES_UP", 0.3)
    await inbox.store(database, 42, [{"update_id": 7}], now=BACK)

    await silence(database, file, since=AWAY, until=BACK)

    assert len(await notes(database)) == len(cast.members)


async def change(database: Database, account: int, **columns: Any) -> None:  # noqa: ANN401 - of member or seat
    async with database.writing() as session:
        member = (await session.exec(select(Member).where(Member.account == account))).one()
        seat = (await session.exec(select(Seat).where(Seat.member_id == member.id))).one()
        for name, value in columns.items():
            setattr(member if hasattr(member, name) else seat, name, value)


async def test_whoever_rests_left_or_cannot_be_reached_is_left_in_peace(
    database: Database, cast: Cast, round_id: int, file: Path
) -> None:
    away, paused, left, blocked, back = cast.members[:5]
    await change(database, away, away_until=OPENS.date() + timedelta(days=1))
    await change(database, paused, paused_at=OPENS)
    await change(database, left, left_at=OPENS)
    await change(database, blocked, unreachable_since=OPENS)
    await change(database, back, away_until=OPENS.date())

    await silence(database, file, since=AWAY, until=BACK)

    assert {note.chat for note in await notes(database)} == {back, *cast.members[5:]}


async def test_notes_keep_each_member_s_own_night_and_never_outlast_the_round(
    database: Database, cast: Cast, round_id: int, file: Path
) -> None:
    here, there = cast.members[:2]
    await change(database, there, timezone="Asia/Kathmandu")  # 5:45 ahead
    until = CLOSES - timedelta(hours=2)

    await silence(database, file, since=until - timedelta(hours=1), until=until)

    told = {note.chat: note for note in await notes(database)}
    assert there not in told  # it is night there until the round has closed
    assert (told[here].not_before, told[here].not_after) == (until, CLOSES)


async def test_at_night_the_note_waits_for_the_morning_in_one_s_own_zone(
    database: Database, cast: Cast, round_id: int, file: Path
) -> None:
    there = cast.members[1]
    await change(database, there, timezone="Asia/Kathmandu")
    night = OPENS.replace(hour=23)

    await silence(database, file, since=night - timedelta(hours=2), until=night)

    told = {note.chat: note for note in await notes(database)}
    midnight = OPENS.replace(hour=0) + timedelta(days=1)
    assert told[cast.members[0]].not_before == midnight + timedelta(hours=8)
    assert told[there].not_before == midnight + timedelta(hours=2, minutes=15)
    assert text(told[there]).startswith("I was away from 2:45 to 4:45.")


async def test_a_round_that_opened_meanwhile_is_not_asked_about(
    database: Database, cast: Cast, file: Path
) -> None:
    await ticking.tick(database, now=BACK)

    await silence(database, file, since=OPENS - timedelta(hours=1), until=BACK)

    assert await notes(database) == []


async def test_who_sits_in_two_partnerships_gets_one_note_for_both(
    database: Database, cast: Cast, file: Path
) -> None:
    other = await seated(database, first_account=2000, name="Hillside")
    one = cast.members[0]
    async with database.writing() as session:
        wanted = select(Member).where(col(Member.account).in_((one, other.members[0])))
        mine, theirs = (await session.exec(wanted.order_by(col(Member.id)))).all()
        for seat in (await session.exec(select(Seat).where(Seat.member_id == theirs.id))).all():
            seat.member_id = mine.id
    await ticking.tick(database, now=OPENS)

    await silence(database, file, since=AWAY, until=BACK)

    told = [note for note in await notes(database) if note.chat == one]
    assert len(told) == 1
    assert "• Riverside: you have answered 0 of 6.\n• Hillside: you have answered 0 of 6." in text(told[0])
    assert [label for label, _ in buttons(told[0])] == ["Go on: Riverside", "Go on: Hillside"]


async def test_how_many_questions_there_are_is_what_this_seat_is_asked(
    database: Database, cast: Cast, round_id: int, file: Path
) -> None:
    one = cast.members[0]
    mine = await invitation_of(database, one, round_id)
    async with database.writing() as session:
        (await session.get_one(Invitation, mine.id)).questions = [("worth_it", 0), ("fair_load", 0)]

    await silence(database, file, since=AWAY, until=BACK)

    assert text((await notes(database))[0]).endswith("you have answered 0 of 2.")


async def test_signs_of_life_do_not_show_what_is_remembered(database: Database) -> None:
    await Pulse(database, "listening").beat(now=AWAY, machine=1.0)
    await health.clear(database)

    report = await health.report(database, up=1.0)

    assert (report["parts"], report["late"]) == ({}, [])
    async with database.reading() as session:
        assert (await session.get_one(Memo, memos.AWAY)).at == AWAY
        assert (await session.exec(select(Heartbeat))).all() == []


async def test_a_database_that_is_away_ends_no_listening_and_the_telling_is_tried_again(
    database: Database, cast: Cast, round_id: int, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object, **__: object) -> int:
        raise ConnectionRefusedError

    await Pulse(database, "listening").beat(now=AWAY, machine=1.0)
    clock.move(file, BACK)
    watch = Watch(database, Clock(file))
    with monkeypatch.context() as cut:
        cut.setattr(health, "note_away", broken)
        await watch.heard(machine=1.0)
        await watch.caught_up()
    nobody = await notes(database)
    await watch.heard(machine=1000.0)
    with monkeypatch.context() as cut:
        cut.setattr(outage, "tell", broken)
        await watch.caught_up()
    await watch.caught_up()

    assert nobody == []
    assert len(await notes(database)) == len(cast.members)


# Real processes.


async def _nudged(world: Sandbox, account: int) -> None:
    """Something to hear, so that a long poll comes back at once."""
    await world.control("POST", f"phones/{account}/start", {})


async def _heard(database: Database, account: int, world: Sandbox, *, at: datetime) -> None:
    async def is_noted() -> bool:
        async with database.reading() as session:
            row = await session.get(Heartbeat, "listening")
            away = await session.get(Memo, memos.AWAY)
        return row is not None and row.seen_at == at and away is None

    await _nudged(world, account)
    await until(is_noted)


async def _sent(database: Database, kind: str, count: int) -> None:
    async def all_sent() -> bool:
        async with database.reading() as session:
            rows = (await session.exec(select(Outgoing.state).where(Outgoing.kind == kind))).all()
        return list(rows) == ["sent"] * count

    await until(all_sent)


@pytest.mark.kill
async def test_a_real_restart_after_an_hour_tells_people_and_a_quick_one_does_not(
    stage: Stage, world: Sandbox, calendar: Calendar
) -> None:
    people = await crowd.seated(stage.database, 6)
    await asyncio.to_thread(crowd.phones, world, people.accounts)
    first = people.accounts[0]
    calendar.move(OPENS)

    def start() -> Parley:
        return stage.parley("run", world, pace=10).start()

    running = start()
    await _sent(stage.database, "invitation", 6)
    await _heard(stage.database, first, world, at=OPENS)
    running.stop()
    running = start()
    await _heard(stage.database, first, world, at=OPENS)
    quick = await notes(stage.database)
    running.kill()
    calendar.move(OPENS + timedelta(minutes=70))
    running = start()
    await _heard(stage.database, first, world, at=OPENS + timedelta(minutes=70))
    await _sent(stage.database, "away", 6)
    running.stop()

    told = await notes(stage.database)
    assert quick == []
    assert {text(note).partition("\n")[0] for note in told} == {"I was away from 10:00 to 11:10."}
