"""Calling off a round: one that is planned does not open, an open one leaves nothing behind."""

from datetime import date, datetime, time, timedelta

import pytest
from sqlmodel import col, select

from bot import outbox
from facilitation import cancelling, reminders, schedules
from facilitation.cadence import Heard
from facilitation.cancelling import TooLateToCallOff
from facilitation.refusals import NotYours
from facilitation.schedules import CANCELLED, Coming
from storage.database import Database
from storage.queues import Outgoing
from storage.rounds import Answer, Promise, Round
from tests.cast import CLOSES, MONDAY, OPENS, Cast
from tests.facilitation.scheduled import TUESDAYS, WEEK, coming, does, states
from tests.facilitation.turning import all_rounds, answer, invitation_of, turn


async def call_off(database: Database, cast: Cast, day: date, *, now: datetime) -> Round:
    async with database.writing() as session:
        plan = await schedules.of(session, cast.schedule.id, account=cast.facilitator, hold=True)
        return await cancelling.call_off(session, plan, day, now=now)


async def test_a_planned_round_called_off_does_not_open_and_stays_called_off(
    database: Database, cast: Cast
) -> None:
    await call_off(database, cast, TUESDAYS[0], now=MONDAY)
    await call_off(database, cast, TUESDAYS[0], now=MONDAY)
    await does(database, cast, schedules.open_at, time(11))

    await turn(database, now=OPENS + WEEK)

    assert await states(database) == [(TUESDAYS[0], "skipped"), (TUESDAYS[1], "planned")]
    assert (await coming(database, cast))[0] == Coming(TUESDAYS[0], CANCELLED)


async def test_a_round_that_no_clock_has_planned_yet_can_be_called_off(
    database: Database, cast: Cast
) -> None:
    heard = Heard("FREQ=MONTHLY;BYDAY=-1FR", date(2026, 11, 27), None)
    await does(database, cast, schedules.come, heard)

    await call_off(database, cast, date(2026, 11, 27), now=MONDAY)

    assert await states(database) == [(date(2026, 11, 27), "skipped")]
    with pytest.raises(NotYours):
        await call_off(database, cast, date(2026, 11, 28), now=MONDAY)


async def test_an_open_round_called_off_leaves_no_answer_no_letter_and_no_digest(
    database: Database, cast: Cast
) -> None:
    await turn(database, now=OPENS)
    round_id = (await all_rounds(database))[0].id
    member = cast.members[0]
    await answer(database, member, round_id, {0: 4}, now=OPENS)
    part = await invitation_of(database, member, round_id)
    seat_id, until = part.seat_id, OPENS + WEEK
    keys = [f"invitation:{part.id}", reminders.key(part.id, 1), reminders.key(part.id, 2)]
    letters = [
        outbox.Letter(key, key.partition(":")[0], member, "sendMessage", {}, OPENS, until) for key in keys
    ]
    other = outbox.Letter("reminder:999:1", "reminder", member, "sendMessage", {}, OPENS, until)
    async with database.writing() as session:
        await outbox.put(database, session, [*letters, other])
        session.add(
            Promise(schedule_id=cast.schedule.id, round_id=round_id, seat_id=seat_id, text="x", made_at=OPENS)
        )

    await call_off(database, cast, TUESDAYS[0], now=OPENS)

    async with database.reading() as session:
        assert (await session.exec(select(Answer))).all() == []
        assert (await session.exec(select(Promise))).all() == []
        rows = (await session.exec(select(Outgoing).order_by(col(Outgoing.id)))).all()
    assert [row.state for row in rows] == ["expired"] * len(letters) + ["pending"]
    await turn(database, now=CLOSES + timedelta(days=3))
    assert (await states(database))[0] == (TUESDAYS[0], "skipped")


async def test_a_closed_round_cannot_be_called_off(database: Database, cast: Cast) -> None:
    await turn(database, now=OPENS)
    await turn(database, now=CLOSES)

    with pytest.raises(TooLateToCallOff):
        await call_off(database, cast, TUESDAYS[0], now=CLOSES)
