"""Facilitators are told whom no message reaches and what became of their group, once one can be told."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot import telling
from dialogs.cards import plain
from facilitation import groups, members, reach
from facilitation.reach import News
from storage.database import Database
from storage.members import Member, Seat
from storage.partnerships import Partnership
from storage.queues import Outgoing
from tests.cast import MONDAY, Cast

OPERATOR = 9000
TUESDAY, WEDNESDAY, THURSDAY = (MONDAY + timedelta(days=days) for days in (1, 2, 3))


async def lost(database: Database, *accounts: int, now: datetime) -> None:
    async with database.writing() as session:
        for account in accounts:
            await members.lost(session, account=account, now=now)


async def back(database: Database, account: int) -> None:
    async with database.writing() as session:
        await members.found_again(session, account=account)


async def facilitates(database: Database, account: int) -> None:
    async with database.writing() as session:
        wanted = select(Seat).join(Member).where(Member.account == account)
        seat = (await session.exec(wanted)).one()
        seat.role = "facilitator"
        session.add(seat)


async def read(database: Database, account: int) -> list[str]:
    async with database.reading() as session:
        wanted = select(Outgoing).where(Outgoing.chat == account).order_by(col(Outgoing.id))
        return [plain(str(letter.payload["text"])) for letter in (await session.exec(wanted)).all()]


async def test_who_was_lost_while_nobody_could_be_told_is_told_once_somebody_can(
    database: Database, cast: Cast
) -> None:
    member = cast.members[0]
    await lost(database, cast.facilitator, now=MONDAY)
    quiet = [await telling.tell(database, operator=0, now=MONDAY)]
    await lost(database, member, now=TUESDAY)
    quiet += [await telling.tell(database, operator=0, now=TUESDAY) for _ in range(2)]

    await back(database, cast.facilitator)
    told = [await telling.tell(database, operator=0, now=WEDNESDAY) for _ in range(2)]

    assert (quiet, told) == ([0, 0, 0], [1, 0])
    [note] = await read(database, cast.facilitator)
    assert f"no longer reach Person {member} (Council)." in note


async def test_a_facilitator_who_was_lost_is_told_to_the_operator_and_later_to_who_facilitates_then(
    database: Database, cast: Cast
) -> None:
    await lost(database, cast.facilitator, now=MONDAY)
    first = [await telling.tell(database, operator=OPERATOR, now=MONDAY) for _ in range(2)]
    await facilitates(database, cast.members[0])

    then = [await telling.tell(database, operator=OPERATOR, now=day) for day in (MONDAY, TUESDAY, WEDNESDAY)]

    assert (first, then) == ([1, 0], [0, 1, 0])
    assert "Nobody else facilitates it." in (await read(database, OPERATOR))[0]
    [note] = await read(database, cast.members[0])
    assert f"Person {cast.facilitator}, who facilitates it with you." in note


async def test_of_two_facilitators_lost_on_one_day_the_operator_hears_of_both(
    database: Database, cast: Cast
) -> None:
    await facilitates(database, cast.members[0])
    await lost(database, cast.facilitator, cast.members[0], now=MONDAY)

    await telling.tell(database, operator=OPERATOR, now=MONDAY)

    [report] = await read(database, OPERATOR)
    assert "These facilitators of Riverside get no messages:" in report
    assert all(f"Person {one}" in report for one in (cast.facilitator, cast.members[0]))


@pytest.mark.parametrize("what", [groups.LOST, groups.BARRED])
async def test_what_became_of_a_group_is_told_once_a_facilitator_can_be_told(
    database: Database, cast: Cast, what: str
) -> None:
    async with database.writing() as session:
        (await session.get_one(Partnership, cast.partnership.id)).group_chat = -500
        await session.flush()
        happens = groups.lose if what == groups.LOST else groups.bar
        await happens(session, chat=-500, now=MONDAY)
    await lost(database, cast.facilitator, now=MONDAY)
    quiet = await telling.tell(database, operator=0, now=MONDAY)

    await back(database, cast.facilitator)
    told = [await telling.tell(database, operator=0, now=WEDNESDAY) for _ in range(2)]

    assert (quiet, told) == (0, [1, 0])
    [note] = await read(database, cast.facilitator)
    assert "group" in note


async def test_of_many_clocks_that_see_it_at_once_each_succeeds_and_one_tells(
    database: Database, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    await lost(database, cast.members[0], now=MONDAY)
    looking, all_looked = reach.news, asyncio.Barrier(2)

    async def together(session: AsyncSession, *, now: datetime) -> Sequence[News]:
        found = await looking(session, now=now)
        if not database.sqlite:  # there one writes at a time
            await all_looked.wait()
        return found

    monkeypatch.setattr(reach, "news", together)

    written = await asyncio.gather(*(telling.tell(database, operator=0, now=MONDAY) for _ in range(2)))

    assert sorted(written) == [0, 1]
    assert len(await read(database, cast.facilitator)) == 1
