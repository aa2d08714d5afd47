"""Whoever has not finished is reminded twice in the window, by their own clock, and never after it."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlmodel import col, select

from bot import ticking
from dialogs import cards
from facilitation import members, parts
from facilitation.rounds import Opened
from storage.database import Database
from storage.members import Member
from storage.queues import Outgoing
from tests.cast import CLOSES, OPENS, REMINDS, Cast, changed
from tests.facilitation.turning import all_rounds, answer, part_of, step, turn

# Half of the window is Thursday 1:30 and waits for 8:00; 85 % of it is Friday 5:09 and waits too.
FIRST = REMINDS.replace(hour=8)
LAST = FIRST + timedelta(days=1)
TOKYO = "Asia/Tokyo"
HALF_PAST = timedelta(minutes=30)


async def letters(database: Database, account: int, kind: str = "reminder") -> list[Outgoing]:
    async with database.reading() as session:
        wanted = select(Outgoing).where(Outgoing.kind == kind, Outgoing.chat == account)
        return [*(await session.exec(wanted.order_by(col(Outgoing.id)))).all()]


def text(letter: Outgoing) -> str:
    return cards.plain(letter.payload["text"])


async def lives(database: Database, account: int, timezone: str) -> None:
    async with database.writing() as session:
        member = (await session.exec(select(Member).where(Member.account == account))).one()
        member.timezone = timezone
        session.add(member)


async def test_there_are_two_reminders_and_the_second_says_that_it_is_the_last(
    database: Database, cast: Cast
) -> None:
    one = cast.members[0]

    for moment in (OPENS, FIRST, FIRST, FIRST + timedelta(hours=5), LAST, LAST, LAST + timedelta(hours=5)):
        await ticking.tick(database, now=moment)

    first, last = await letters(database, one)
    assert (first.not_before, last.not_before) == (FIRST, LAST)
    assert "last reminder" not in text(first)
    assert "This is the last reminder." in text(last)
    assert last.not_after <= CLOSES


async def test_after_an_outage_over_both_there_is_one(database: Database, cast: Cast) -> None:
    await ticking.tick(database, now=OPENS)

    for _ in range(3):
        await ticking.tick(database, now=LAST + timedelta(hours=2))

    [only] = await letters(database, cast.members[0])
    assert "This is the last reminder." in text(only)
    assert only.not_before == LAST + timedelta(hours=2)


async def test_who_is_asked_late_is_not_reminded_in_the_same_breath(database: Database, cast: Cast) -> None:
    await changed(database, cast, window_days=1, planned_until=None)

    # Half of the window of 31 hours has passed.
    await ticking.tick(database, now=OPENS + timedelta(hours=22))
    await ticking.tick(database, now=OPENS + timedelta(hours=23))

    assert len(await letters(database, cast.members[0], "invitation")) == 1
    assert not await letters(database, cast.members[0])


async def test_only_the_unfinished_who_are_here_are_reminded(database: Database, cast: Cast) -> None:
    done, begun, declined, enough, gone, left, away, paused, *others = cast.members
    await turn(database, now=OPENS)
    round_id = (await all_rounds(database))[0].id
    await answer(database, done, round_id, dict.fromkeys(range(6)), now=OPENS)
    await answer(database, begun, round_id, {0: 3}, now=OPENS)
    await answer(database, enough, round_id, {0: 3}, now=OPENS)
    async with database.writing() as session:
        for account in (declined, enough):
            await parts.decline(session, await part_of(database, account, round_id, now=OPENS))
        await members.lost(session, account=gone, now=OPENS)
        for account, name, value in (
            (left, "left_at", OPENS),
            (paused, "paused_at", OPENS),
            (away, "away_until", REMINDS.date() + timedelta(days=1)),
        ):
            seat = (await members.sittings(session, account=account))[0].seat
            setattr(seat, name, value)
            session.add(seat)

    first = await step(database, "remind", round_id, now=REMINDS)
    last = await step(database, "remind", round_id, now=LAST)

    assert isinstance(first, Opened)
    assert isinstance(last, Opened)
    assert sorted(one.account or 0 for one in first.asked) == [begun, *others]
    # By Friday one of them is back.
    assert sorted(one.account or 0 for one in last.asked) == sorted([begun, away, *others])


# Who lives by another clock: London's 8:00 is 17:00 in Tokyo, and its 11:00 is 20:00.


async def test_a_reminder_comes_by_day_and_tells_the_hour_there(database: Database, cast: Cast) -> None:
    here, there = cast.members[:2]
    await lives(database, there, TOKYO)
    for moment in (OPENS, FIRST + timedelta(hours=4)):
        await ticking.tick(database, now=moment)

    [at_home], [abroad] = await letters(database, here), await letters(database, there)

    assert at_home.not_before == FIRST + timedelta(hours=4)
    # At noon in London it is 21:00 in Tokyo, so it waits until 8:00 there: 23:00 in London.
    assert abroad.not_before == FIRST.replace(hour=23)
    assert "Still open until Friday 17:00" in text(at_home)
    assert "Still open until Saturday 2:00" in text(abroad)


async def test_no_reminder_comes_at_night_or_after_the_close_wherever_somebody_lives(
    database: Database, cast: Cast
) -> None:
    zones = ["Asia/Tokyo", "America/Los_Angeles", "Pacific/Auckland", "Asia/Kolkata", "Pacific/Honolulu"]
    for account, zone in zip(cast.members, zones, strict=False):
        await lives(database, account, zone)
    moment = OPENS
    while moment < CLOSES:
        await ticking.tick(database, now=moment)
        moment += timedelta(hours=2)

    for account, zone in zip(cast.members, zones, strict=False):
        found = await letters(database, account)
        hours = [letter.not_before.astimezone(ZoneInfo(zone)).hour for letter in found]
        assert found
        assert all(8 <= hour < 20 for hour in hours), zone
        assert all(letter.not_before < letter.not_after <= CLOSES for letter in found)
        assert len({letter.not_before.date() for letter in found}) == len(found)


async def test_a_reminder_held_up_until_the_other_is_due_stands_for_both(
    database: Database, cast: Cast
) -> None:
    late = FIRST.replace(hour=21)
    await ticking.tick(database, now=OPENS)

    await ticking.tick(database, now=late)
    await ticking.tick(database, now=LAST)

    [only] = await letters(database, cast.members[0])
    assert only.not_before == LAST
    assert "This is the last reminder." in text(only)


async def test_a_reminder_that_waits_for_the_morning_is_withdrawn_from_who_finishes_or_declines(
    database: Database, cast: Cast
) -> None:
    done, declined, waiting = cast.members[:3]
    await ticking.tick(database, now=OPENS)
    await ticking.tick(database, now=FIRST.replace(hour=21))
    round_id = (await all_rounds(database))[0].id

    await answer(database, done, round_id, dict.fromkeys(range(6)), now=FIRST.replace(hour=22))
    async with database.writing() as session:
        part = await part_of(database, declined, round_id, now=FIRST.replace(hour=22))
        await parts.decline(session, part)

    states = {account: (await letters(database, account))[0].state for account in (done, declined, waiting)}
    assert states == {done: "expired", declined: "expired", waiting: "pending"}


async def test_an_invitation_waits_for_the_morning_where_its_reader_lives(
    database: Database, cast: Cast
) -> None:
    far = cast.members[0]
    await lives(database, far, "Pacific/Honolulu")

    await ticking.tick(database, now=OPENS)

    # It is midnight there.
    [invitation] = await letters(database, far, "invitation")
    assert invitation.not_before == OPENS + timedelta(hours=8)


async def test_an_invitation_that_cannot_wait_for_the_morning_comes_at_once(
    database: Database, cast: Cast
) -> None:
    here, far = cast.members[:2]
    await lives(database, far, "Pacific/Honolulu")
    await changed(database, cast, window_days=0, closes="11:45", planned_until=None)

    await ticking.tick(database, now=OPENS + HALF_PAST)

    begins = [(await letters(database, one, "invitation"))[0].not_before for one in (here, far)]
    assert begins == [OPENS + HALF_PAST] * 2


async def test_an_invitation_is_drawn_in_the_language_and_by_the_clock_of_its_reader(
    database: Database, cast: Cast
) -> None:
    there = cast.members[0]
    await lives(database, there, TOKYO)

    await ticking.tick(database, now=OPENS)

    [invitation] = await letters(database, there, "invitation")
    assert "5 questions and a sentence, about 80 seconds." in text(invitation)
    assert "Open until Saturday 2:00." in text(invitation)


async def test_the_facilitator_is_told_of_a_holiday_and_when_the_next_round_opens(
    database: Database, cast: Cast
) -> None:
    await changed(database, cast, skips=[OPENS.date().isoformat()])

    await ticking.tick(database, now=OPENS)

    [told] = await letters(database, cast.facilitator, "brief")
    assert "Nobody was asked on 3 November: it is one of your days off." in text(told)
    assert "The next one opens on 10 November." in text(told)
