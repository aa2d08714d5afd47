"""One round from opening to digest, on a real database, without a messenger."""

import asyncio
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlmodel import col, select

from bot import ticking
from dialogs import digests, glances, invitations, pictures
from dialogs.cards import Card
from facilitation import publishing, rounds, skipping
from storage.database import Database
from storage.digests import Digest
from storage.members import Member
from storage.partnerships import Partnership
from storage.queues import Outgoing
from storage.rounds import Round, Schedule
from tests.cast import BRIEF, CLOSES, DIGEST, OPENS, REMINDS, Cast, seated


async def test_a_round_writes_each_letter_once_however_often_the_clock_ticks(
    database: Database, cast: Cast
) -> None:
    for moment in (OPENS, OPENS, REMINDS, REMINDS, CLOSES, BRIEF, DIGEST, DIGEST):
        await ticking.tick(database, now=moment)

    async with database.reading() as session:
        kinds = [row.kind for row in (await session.exec(select(Outgoing))).all()]

    assert kinds.count("invitation") == len(cast.members)
    assert kinds.count("reminder") == len(cast.members)
    assert kinds.count("brief") == 1
    assert kinds.count("digest") == len(cast.members) + 1


async def test_a_round_that_fails_holds_up_no_other(
    database: Database, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = await seated(database, first_account=5000, name="Hillside")
    broken = await first_round(database, cast)
    opened = ticking.STEPS["open"]

    async def open_but_one(house: Database, round_id: int, now: datetime) -> None:
        if round_id == broken:
            raise RuntimeError
        await opened(house, round_id, now)

    monkeypatch.setitem(ticking.STEPS, "open", open_but_one)

    await ticking.tick(database, now=OPENS)

    async with database.reading() as session:
        chats = {row.chat for row in (await session.exec(select(Outgoing))).all()}
    assert chats == set(other.members)


async def test_a_digest_goes_out_without_its_picture_when_that_cannot_be_drawn(
    database: Database, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "svg", lambda _picture: "<this is no picture")
    monkeypatch.setattr(glances, "picture", lambda *_, **__: object())
    for moment in (OPENS, CLOSES, BRIEF, DIGEST):
        await ticking.tick(database, now=moment)

    async with database.reading() as session:
        going = [row for row in (await session.exec(select(Outgoing))).all() if row.kind == "digest"]

    assert {row.method for row in going} == {"sendMessage"}
    assert {row.chat for row in going} == {*cast.members, cast.facilitator}


async def first_round(database: Database, cast: Cast) -> int:
    async with database.reading() as session:
        wanted = (
            select(Round.id).where(Round.partnership_id == cast.partnership.id).order_by(col(Round.opens_at))
        )
        return (await session.exec(wanted)).all()[0]


async def letters(database: Database, kind: str) -> list[Outgoing]:
    async with database.reading() as session:
        return list((await session.exec(select(Outgoing).where(Outgoing.kind == kind))).all())


async def test_each_gets_the_card_that_would_be_drawn_for_them_alone(database: Database, cast: Cast) -> None:
    async with database.writing() as session:
        member = (await session.exec(select(Member).where(Member.account == cast.members[1]))).one()
        member.language, member.timezone = "cy", "Europe/Berlin"
    round_id = await first_round(database, cast)
    async with database.writing() as session:
        opened = await rounds.open_(session, round_id, now=OPENS)
        assert opened is not None
        last = partial(invitations.reminder, last=True)
        for drawing in (invitations.invitation, last):
            to = invitations.to_each(drawing, opened)

            drawn = [to(asked) for asked in opened.asked]

            assert drawn == [drawing(opened, asked) for asked in opened.asked]
            assert len({card.rows for card in drawn}) == len(cast.members)


async def test_a_digest_is_drawn_once_a_language(
    database: Database, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[tuple[str, bool]] = []
    draw = digests.card

    def counted(*facts: Any, language: str, to_group: bool) -> Card:  # noqa: ANN401 - handed on
        drawn.append((language, to_group))
        return draw(*facts, language=language, to_group=to_group)

    monkeypatch.setattr(digests, "card", counted)
    for moment in (OPENS, CLOSES, BRIEF):
        await ticking.tick(database, now=moment)
    async with database.writing() as session:
        (await session.get_one(Partnership, cast.partnership.id)).group_chat = -100
        member = (await session.exec(select(Member).where(Member.account == cast.members[0]))).one()
        member.language = "cy"

    await ticking.tick(database, now=DIGEST)

    assert sorted(drawn) == [("cy", False), ("en", False), ("en", True)]


async def test_after_a_late_brief_the_digest_waits_an_hour_and_the_brief_says_so(
    database: Database, cast: Cast
) -> None:
    back = DIGEST + timedelta(hours=2)
    await ticking.tick(database, now=OPENS)

    await ticking.tick(database, now=back)
    async with database.reading() as session:
        comes_back = await rounds.next_moment(session, back)
    await ticking.tick(database, now=back + timedelta(minutes=59))
    early = await letters(database, "digest")
    await ticking.tick(database, now=back + timedelta(hours=1))

    [brief] = await letters(database, "brief")
    assert brief.not_after == back + skipping.DIGEST_LASTS
    assert "The digest goes out Monday 12:00 by itself." in brief.payload["text"]
    assert comes_back == back + timedelta(hours=1)
    assert early == []
    assert len(await letters(database, "digest")) == len(cast.members) + 1


async def test_a_brief_that_is_only_minutes_late_holds_up_no_digest(database: Database, cast: Cast) -> None:
    for moment in (OPENS, CLOSES, BRIEF + timedelta(minutes=14), DIGEST):
        await ticking.tick(database, now=moment)

    assert len(await letters(database, "digest")) == len(cast.members) + 1


async def test_what_goes_out_late_waits_for_the_end_of_the_quiet_hours(
    database: Database, cast: Cast
) -> None:
    night, next_night = OPENS.replace(hour=22), DIGEST.replace(hour=23)

    await ticking.tick(database, now=night)
    await ticking.tick(database, now=REMINDS.replace(hour=21))
    await ticking.tick(database, now=next_night)
    await ticking.tick(database, now=DIGEST.replace(hour=9) + timedelta(days=1))

    begin = {
        kind: {one.not_before for one in await letters(database, kind)} for kind in ("invitation", "reminder")
    }
    morning = timedelta(hours=8)
    assert begin["invitation"] == {OPENS.replace(hour=0) + timedelta(days=1) + morning}
    assert begin["reminder"] == {REMINDS.replace(hour=0) + timedelta(days=1) + morning}
    for kind, hour in (("brief", 8), ("digest", 9)):
        assert {one.not_before for one in await letters(database, kind)} == {
            DIGEST.replace(hour=hour) + timedelta(days=1)
        }


async def test_no_reminder_waits_until_the_round_has_closed(database: Database, cast: Cast) -> None:
    async with database.writing() as session:
        schedule = await session.get_one(Schedule, cast.schedule.id)
        schedule.closes, schedule.planned_until = "07:30", None
        session.add(schedule)
    await ticking.tick(database, now=OPENS)

    await ticking.tick(database, now=CLOSES.replace(hour=2))

    assert await letters(database, "reminder") == []


async def test_a_schedule_that_cannot_be_kept_holds_up_no_other(database: Database, cast: Cast) -> None:
    other = await seated(database, first_account=5000, name="Hillside")
    async with database.writing() as session:
        for id_, rule in ((cast.schedule.id, "FREQ=NEVER"), (other.schedule.id, other.schedule.rule)):
            schedule = await session.get_one(Schedule, id_)
            schedule.rule, schedule.planned_until = rule, None
            session.add(schedule)

    await ticking.tick(database, now=OPENS)

    async with database.reading() as session:
        planned = {one.id: one.planned_until for one in (await session.exec(select(Schedule))).all()}
    assert planned[cast.schedule.id] is None
    assert planned[other.schedule.id] is not None


async def test_a_crash_between_closing_and_the_digest_is_made_good_at_the_next_tick(
    database: Database, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ticking.tick(database, now=OPENS)
    with monkeypatch.context() as broken:
        broken.setattr(publishing, "worked_out", lambda _: 1 / 0)
        await ticking.tick(database, now=CLOSES)
    async with database.reading() as session:
        between = (await session.exec(select(Digest))).all()

    await asyncio.gather(*(ticking.tick(database, now=CLOSES) for _ in range(3)))

    async with database.reading() as session:
        after = (await session.exec(select(Digest))).all()
        shown = (await session.exec(select(Round.state).where(Round.id == after[0].round_id))).one()
    assert (len(between), len(after), shown) == (0, 1, "closing")
