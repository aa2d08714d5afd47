"""One round from opening to digest, on a real database, without a messenger."""

from datetime import datetime

import pytest
from sqlmodel import col, select

from bot import ticking
from dialogs import digests, pictures
from storage.database import Database
from storage.queues import Outgoing
from storage.rounds import Round
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
    monkeypatch.setattr(digests, "picture", lambda *_, **__: object())
    for moment in (OPENS, CLOSES, DIGEST):
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
