"""Whether they were heard: asked once, when it is time, and never at night."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import update
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from bot import heard
from dialogs import raising as raising_cards
from dialogs.cards import Card
from facilitation.replies import Due
from storage.database import Database
from storage.members import Member
from tests.cast import MONDAY, seat_of
from tests.dialogs.phone import Phone, data, labels, text
from tests.dialogs.raisings import (
    TUESDAY,
    WORDS,
    Letters,
    Raising,
    only,
    replied,
)


@pytest.mark.parametrize(
    ("kind", "due"),
    [(2, datetime(2026, 11, 10, 9, tzinfo=UTC)), (0, datetime(2026, 11, 17, 9, tzinfo=UTC))],
)
async def test_the_raiser_is_asked_once_whether_they_were_heard(
    database: Database, facilitator: Phone, raising: Raising, kind: int, due: datetime
) -> None:
    raised_id = await raising()
    await replied(facilitator, raised_id, kind=kind)
    early = await heard.tick(database, now=due - timedelta(minutes=1))

    steps = [await heard.tick(database, now=due + timedelta(minutes=at)) for at in range(3)]

    (question,) = [said for _, said in await Letters(database).all() if "Were you" in said]
    assert (early, steps) == (0, [1, 0, 0])
    assert "Were you heard?" in question
    assert "“No money.”" in question


async def test_a_no_is_kept_and_offers_to_say_more(
    database: Database, author: Phone, facilitator: Phone, raising: Raising
) -> None:
    raised_id = await raising()
    await replied(facilitator, raised_id)
    author.now += timedelta(days=8)

    thanks = await author.tap(f"heard:{raised_id}:3")

    row = await only(database)
    assert (row.heard, row.heard_at) == ("no", author.now)
    assert thanks.notice == "✓"
    opened = await author.tap(data(thanks, "Say more"))
    assert "Say something in your own words" in text(opened)
    assert labels(await author.tap(f"heard:{raised_id}:1")) == [["What I raised"]]


async def test_a_raiser_who_is_away_is_asked_when_they_are_back(
    database: Database, author: Phone, facilitator: Phone, raising: Raising, letters: Letters
) -> None:
    await replied(facilitator, await raising())
    seat = await seat_of(database, author.account)
    async with database.writing() as session:
        seat.away_until = date(2026, 11, 20)
        session.add(seat)

    away = await heard.tick(database, now=datetime(2026, 11, 19, 12, tzinfo=UTC))
    back = await heard.tick(database, now=datetime(2026, 11, 20, 3, tzinfo=UTC))

    assert (away, back) == (0, 1)
    assert (await letters.begins())[-1] == datetime(2026, 11, 20, 9, tzinfo=UTC)


async def test_words_without_a_choice_are_asked_about_once(
    database: Database, author: Phone, letters: Letters
) -> None:
    await author.say("/raise")
    await author.say(WORDS)

    steps = [await heard.tick(database, now=MONDAY + timedelta(days=day)) for day in (0, 1, 2)]

    assert steps == [0, 1, 0]
    (waits,) = await letters.to(author.account)
    assert "Your words still wait here" in waits


async def test_the_raiser_is_told_in_their_own_language_and_zone(
    database: Database, author: Phone, facilitator: Phone, raising: Raising
) -> None:
    raised_id = await raising()
    async with database.writing() as session:
        values = {"timezone": "Pacific/Auckland"}
        await session.exec(update(Member).where(col(Member.account) == author.account).values(**values))

    sent = await replied(facilitator, raised_id)

    # Ten on Tuesday in London is eleven at night there.
    assert sent.posts[0].begins == datetime(2026, 11, 3, 20, tzinfo=UTC)


async def test_a_step_that_fails_holds_up_no_other_and_is_done_at_the_next_beat(
    database: Database, author: Phone, letters: Letters, monkeypatch: pytest.MonkeyPatch
) -> None:
    await author.say("/raise")
    await author.say("The room is cold.")
    await author.say(WORDS)
    whole = raising_cards.choice_waits

    async def broken(session: AsyncSession, due: Due) -> Card:
        if due.raised.text == WORDS:
            raise ZeroDivisionError
        return await whole(session, due)

    with monkeypatch.context() as patched:
        patched.setattr(raising_cards, "choice_waits", broken)
        first = await heard.tick(database, now=TUESDAY + timedelta(hours=1))
    second = await heard.tick(database, now=TUESDAY + timedelta(hours=1))

    assert (first, second) == (1, 1)
    assert len(await letters.to(author.account)) == 2
