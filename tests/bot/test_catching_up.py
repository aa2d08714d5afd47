"""After an outage: what opens late, what is skipped, what is not sent any more, and the one note about it."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import pytest
from sqlmodel import col, select

from bot import catching_up, ticking
from dialogs import cards, strip
from facilitation import digests, earlier, members, outlook, skipping, standing
from storage.database import Database
from storage.members import Member
from storage.queues import Outgoing
from storage.rounds import Round, Schedule
from tests.cast import DIGEST, MONDAY, OPENS, Cast, changed, seat_of, seated
from tests.dialogs.phone import Phone, card, data, labels, text
from tests.facilitation.turning import all_rounds, digest_of, plan, write

HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
SECOND = timedelta(seconds=1)
# Every day at 10:00 from Tuesday 3 November on, until 17:00, its digest the next morning.
DAILY = {"window_days": 0, "closes": "17:00", "digest_days": 1, "digest": "09:00", "rule": "FREQ=DAILY"}


async def daily(database: Database, cast: Cast, **more: object) -> None:
    async with database.writing() as session:
        for round_ in (await session.exec(select(Round))).all():
            await session.delete(round_)
    await changed(database, cast, planned_until=None, **(DAILY | more))
    await plan(database, now=MONDAY)


async def told(database: Database, chat: int, key: str = "skipped:") -> list[str]:
    async with database.reading() as session:
        wanted = select(Outgoing).where(col(Outgoing.key).startswith(key), Outgoing.chat == chat)
        found = (await session.exec(wanted.order_by(col(Outgoing.id)))).all()
    return [cards.plain(one.payload["text"]) for one in found]


async def states(database: Database, schedule: int) -> list[tuple[int, str, str]]:
    return [
        (one.local_date.day, one.state, one.reason)
        for one in await all_rounds(database)
        if one.schedule_id == schedule and one.state != "planned"
    ]


async def letters(database: Database, kind: str) -> Sequence[Outgoing]:
    async with database.reading() as session:
        return (await session.exec(select(Outgoing).where(Outgoing.kind == kind))).all()


# The boundaries of the rule.


@pytest.mark.parametrize(
    ("late", "state"),
    [(36 * HOUR - SECOND, "open"), (36 * HOUR, "skipped"), (36 * HOUR + SECOND, "skipped")],
)
async def test_a_round_opens_until_the_second_in_which_it_is_36_hours_late(
    database: Database, cast: Cast, late: timedelta, state: str
) -> None:
    await changed(database, cast, quiet_from="00:00", quiet_until="00:00")

    await ticking.tick(database, now=OPENS + late)

    assert [found for _, found, _ in await states(database, cast.schedule.id)] == [state]


@pytest.mark.parametrize("late", [DAY - SECOND, DAY, DAY + SECOND])
async def test_a_round_opens_until_the_very_moment_of_the_next(
    database: Database, cast: Cast, late: timedelta
) -> None:
    await daily(database, cast, window_days=1, closes="12:00", digest_days=0, digest="14:00")

    await ticking.tick(database, now=OPENS + late)

    first = (3, "open", "") if late < DAY else (3, "skipped", skipping.MISSED)
    assert await states(database, cast.schedule.id) == [first] + [(4, "open", "")] * (late >= DAY)


@pytest.mark.parametrize(("closes", "state"), [("08:00", "skipped"), ("08:01", "open"), ("12:00", "open")])
async def test_a_round_whose_first_waking_moment_is_its_close_is_skipped(
    database: Database, cast: Cast, closes: str, state: str
) -> None:
    await daily(database, cast, window_days=1, closes=closes, digest_days=0, digest="14:00")

    await ticking.tick(database, now=OPENS.replace(hour=23))

    assert [found for _, found, _ in await states(database, cast.schedule.id)] == [state]


# One note.


async def test_after_a_week_each_facilitator_gets_one_note_by_schedule(
    database: Database, cast: Cast
) -> None:
    await daily(database, cast)
    async with database.writing() as session:
        session.add(
            Schedule(
                partnership_id=cast.partnership.id,
                instrument="nudge",
                rule="FREQ=WEEKLY;BYDAY=WE",
                starts=date(2026, 11, 4),
                started_at=MONDAY,
                created_at=MONDAY,
            )
        )
    await ticking.tick(database, now=MONDAY)

    for late in (timedelta(), HOUR, DAY):
        await ticking.tick(database, now=OPENS + WEEK + 2 * HOUR + late)

    [note] = await told(database, cast.facilitator)
    assert note == (
        "While I was away\n\n"
        "Riverside · pulse\n"
        "Did not open: 7 times, from Tue 3 to Mon 9 November.\n"
        "The round of 10 November opens now, a little late.\n\n"
        "Riverside · nudge\n"
        "Did not open: Wed 4 November.\n"
        "The next one opens on 11 November.\n\n"
        "Nothing is asked of you now: the rest goes on by itself."
    )


async def test_a_single_round_that_was_missed_keeps_its_own_words(database: Database, cast: Cast) -> None:
    await ticking.tick(database, now=OPENS + 2 * DAY)

    [note] = await told(database, cast.facilitator)
    assert "The round of 3 November was skipped: Parley was not running when it was due." in note
    assert "The next one opens on 10 November." in note


async def test_who_facilitates_two_partnerships_gets_one_note_about_both(
    database: Database, cast: Cast
) -> None:
    other = await seated(database, first_account=2000, name="Hillside")
    async with database.writing() as session:
        theirs = (await session.exec(select(Member).where(Member.account == other.facilitator))).one()
        mine = (await session.exec(select(Member).where(Member.account == cast.facilitator))).one()
        seat = (await members.sittings(session, account=other.facilitator))[0].seat
        seat.member_id, theirs.account = mine.id, None
        session.add(seat)

    await ticking.tick(database, now=OPENS + 2 * DAY)

    [note] = await told(database, cast.facilitator)
    assert "Riverside · pulse" in note
    assert "Hillside · pulse" in note


async def test_days_off_in_an_outage_stand_in_the_same_note_as_such(database: Database, cast: Cast) -> None:
    await daily(database, cast, skips=["2026-11-05", "2026-11-06"])

    await ticking.tick(database, now=OPENS + WEEK)

    [note] = await told(database, cast.facilitator)
    assert "Did not open: 5 times, from Tue 3 to Mon 9 November." in note
    assert "Nobody was asked on 2 of your days off, from Thu 5 to Fri 6 November." in note


async def test_a_day_off_is_told_on_its_day(database: Database, cast: Cast) -> None:
    await daily(database, cast, skips=["2026-11-04", "2026-11-05"])

    notes = []
    for days in range(4):
        await ticking.tick(database, now=OPENS + days * DAY)
        notes.append(len(await told(database, cast.facilitator)))

    assert notes == [0, 1, 2, 2]


async def test_a_note_about_the_night_waits_for_the_morning(database: Database, cast: Cast) -> None:
    await ticking.tick(database, now=OPENS.replace(hour=23) + 2 * DAY)

    [note] = await letters(database, "brief")
    assert note.not_before == OPENS.replace(hour=8) + 3 * DAY


async def test_two_clocks_that_catch_up_at_once_write_one_note(database: Database, cast: Cast) -> None:
    await daily(database, cast)
    await plan(database, now=OPENS + WEEK)

    for _ in range(2):
        await catching_up.tick(database, now=OPENS + WEEK)

    assert len(await told(database, cast.facilitator)) == 1


async def test_what_cannot_be_told_in_one_note_is_still_skipped_and_told(
    database: Database, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    await daily(database, cast)
    monkeypatch.setattr(catching_up, "_told", None)

    await ticking.tick(database, now=OPENS + 2 * DAY)

    assert [found[1] for found in await states(database, cast.schedule.id)] == ["skipped", "skipped", "open"]
    assert len(await told(database, cast.facilitator)) == 2


# What is late and what is stale.


async def held(database: Database, cast: Cast, *, back: datetime) -> Round:
    """The first pulse was answered; then Parley was away until `back`."""
    await ticking.tick(database, now=OPENS)
    first = (await all_rounds(database))[0]
    await write(database, cast.members[0], first.id, "for you alone", shown_as=0, now=OPENS)
    await ticking.tick(database, now=back)
    return next(one for one in await all_rounds(database) if one.id == first.id)


@pytest.mark.parametrize(
    ("late", "sent"), [(2 * DAY, True), (5 * DAY - SECOND, True), (5 * DAY, False), (30 * DAY, False)]
)
async def test_a_digest_is_sent_until_it_is_five_days_late(
    database: Database, cast: Cast, late: timedelta, *, sent: bool
) -> None:
    first = await held(database, cast, back=DIGEST + late)

    digest = await digest_of(database, first.id)
    going = [one for one in await letters(database, "digest") if one.key.startswith(f"digest:{digest.id}:")]
    briefs = await told(database, cast.facilitator, "brief:")
    assert bool(going) is sent
    assert len(briefs) == sent
    assert (first.state, first.reason) == (("published", "") if sent else (first.state, skipping.LATE))


async def test_a_digest_that_came_too_late_is_there_to_be_read_and_its_facilitator_knows(
    database: Database, cast: Cast
) -> None:
    first = await held(database, cast, back=DIGEST + 6 * DAY)
    digest = await digest_of(database, first.id)
    member, facilitator = (
        Phone(database, account, now=DIGEST + 6 * DAY) for account in (cast.members[0], cast.facilitator)
    )

    listed = await member.say("/digests")
    read, seen = [await one.tap(f"read:{digest.id}") for one in (member, facilitator)]
    words = await facilitator.tap(data(seen, "Read what is for you alone"))

    [note] = await told(database, cast.facilitator)
    assert "The digest of round 1 came too late to be sent. Everyone can read it with /digests." in note
    assert f"read:{digest.id}" in [button.data for row in card(listed).rows for button in row]
    assert text(read).startswith("This digest was not sent: it came too late for that.")
    assert not any("Read what is for you alone" in row for row in labels(read))
    assert "for you alone" in text(words)


async def test_of_two_digests_of_a_schedule_that_are_due_at_once_the_newer_is_sent(
    database: Database, cast: Cast
) -> None:
    await daily(database, cast, window_days=1, closes="09:00", digest_days=2)
    for days in (0, 1):
        await ticking.tick(database, now=OPENS + days * DAY)

    await ticking.tick(database, now=OPENS + 4 * DAY)

    older, newer = [await digest_of(database, one.id) for one in (await all_rounds(database))[:2]]
    going = {one.key.split(":")[1] for one in await letters(database, "digest")}
    assert going == {str(newer.id)}
    [note] = await told(database, cast.facilitator)
    assert "The digest of round 1 came too late to be sent." in note
    assert (await states(database, cast.schedule.id))[:2] == [
        (3, "published", skipping.LATE),
        (4, "published", ""),
    ]
    assert older.id != newer.id


async def test_words_said_back_before_a_digest_that_was_not_sent_are_in_the_next_brief(
    database: Database, cast: Cast
) -> None:
    await ticking.tick(database, now=OPENS)
    await ticking.tick(database, now=DIGEST)
    first = await digest_of(database, (await all_rounds(database))[0].id)
    await ticking.tick(database, now=OPENS + WEEK)
    async with database.writing() as session:
        await digests.answer_back(session, first.id, "word", account=cast.members[0], text="please go on")

    await ticking.tick(database, now=DIGEST + WEEK + 6 * DAY)  # the second is not sent
    await ticking.tick(database, now=OPENS + 3 * WEEK)
    await ticking.tick(database, now=DIGEST + 3 * WEEK)

    *_, brief = await told(database, cast.facilitator, "brief:")
    assert "please go on" in brief
    assert (await seat_of(database, cast.members[0])).left_at is None


# Archived.


async def test_a_round_is_archived_once_nothing_more_can_be_sent_and_its_letters_keep_no_words(
    database: Database, cast: Cast
) -> None:
    await held(database, cast, back=DIGEST)
    async with database.writing() as session:
        for letter in (await session.exec(select(Outgoing))).all():
            letter.state = "sent"
    moments = (DIGEST + 5 * DAY - SECOND, DIGEST + 5 * DAY, DIGEST + 5 * DAY)

    found = []
    for moment in moments:
        await ticking.tick(database, now=moment)
        found.append((await all_rounds(database))[0].state)

    assert found == ["published", "archived", "archived"]
    async with database.reading() as session:
        rows = (await session.exec(select(Outgoing).where(col(Outgoing.not_before) <= DIGEST))).all()
        digest = await digest_of(database, (await all_rounds(database))[0].id)
        await digests.readable(session, digest.id, account=cast.members[0])
    kinds = {row.kind for row in rows}
    assert kinds == {"invitation", "brief", "digest"}
    assert {(row.state, len(row.payload)) for row in rows} == {("sent", 0)}


async def test_a_round_with_a_letter_on_its_way_waits_with_being_archived(
    database: Database, cast: Cast
) -> None:
    await held(database, cast, back=DIGEST + 4 * DAY)

    async def state() -> str:
        await ticking.tick(database, now=DIGEST + 6 * DAY)
        return (await all_rounds(database))[0].state

    waiting = await state()
    async with database.writing() as session:
        for letter in (await session.exec(select(Outgoing))).all():
            letter.state = "uncertain"
    after = await state()

    assert (waiting, after) == ("published", "archived")


async def test_an_archived_round_counts_and_is_read_like_any_that_is_published(
    database: Database, cast: Cast
) -> None:
    await held(database, cast, back=DIGEST)
    async with database.writing() as session:
        for letter in (await session.exec(select(Outgoing))).all():
            letter.state = "sent"
    await ticking.tick(database, now=OPENS + WEEK)
    async with database.reading() as session:
        seen = await earlier.digests(session, cast.partnership.id, account=cast.members[0], page=0)

    await ticking.tick(database, now=DIGEST + 6 * DAY)
    await ticking.tick(database, now=OPENS + 2 * WEEK)

    first, second, third = (await all_rounds(database))[:3]
    async with database.reading() as session:
        still = await earlier.digests(session, cast.partnership.id, account=cast.members[0], page=0)
        held_so_far = await outlook.held(session, cast.schedule.id)
        waits = await digests.waits(session, seen[0][0].digest, account=cast.facilitator)
    assert (first.state, second.number, third.number) == ("archived", 2, 3)
    above = strip.happening(
        first, timezone="UTC", replied=(8, 14), following=None, to_join=False, moving_to=None
    )
    assert still[0][-1:] == seen[0]
    assert above == "The digest of round 1 is out."
    assert (held_so_far, waits) == (3, False)


async def test_a_note_that_did_not_arrive_is_no_digest_that_did_not(database: Database, cast: Cast) -> None:
    await ticking.tick(database, now=OPENS + 2 * DAY)
    async with database.writing() as session:
        [lost] = (await session.exec(select(Outgoing))).all()
        lost.state, lost.key = "dead", f"skipped:1:{cast.facilitator}"
    await ticking.tick(database, now=OPENS + WEEK)
    await ticking.tick(database, now=DIGEST + WEEK)

    async with database.reading() as session:
        found = await standing.of(session, cast.partnership, now=DIGEST + WEEK)

    # The first digest of all has the number of the first round.
    assert found.undelivered == 0
