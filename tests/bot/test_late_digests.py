"""After an outage: which digests are still sent, what becomes of the others, and when a round is archived."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import col, select

from bot import ticking
from dialogs import strip
from facilitation import digests, earlier, mailings, outlook, skipping, standing
from storage.database import Database
from storage.queues import Outgoing
from tests.bot.lateness import DAY, HOUR, SECOND, WEEK, daily, held, letters, states, told
from tests.cast import BRIEF, DIGEST, OPENS, Cast, seat_of
from tests.dialogs.phone import Phone, card, data, labels, text
from tests.facilitation.turning import all_rounds, digest_of

# What is late and what is stale.


@pytest.mark.parametrize(
    ("late", "sent"), [(2 * DAY, True), (5 * DAY - SECOND, True), (5 * DAY, False), (30 * DAY, False)]
)
async def test_a_digest_is_sent_until_it_is_five_days_late(
    database: Database, cast: Cast, late: timedelta, *, sent: bool
) -> None:
    first = await held(database, cast, back=DIGEST + late)
    digest = await digest_of(database, first.id)

    await ticking.tick(database, now=DIGEST + late + HOUR)

    going = [one for one in await letters(database, "digest") if one.key.startswith(f"digest:{digest.id}:")]
    assert bool(going) is sent
    after = (await all_rounds(database))[0]
    assert (after.state, after.reason) == ("published", "" if sent else skipping.LATE)


async def test_a_digest_that_is_too_late_to_be_sent_has_a_brief_and_an_hour_in_which_quotes_are_kept_out(
    database: Database, cast: Cast
) -> None:
    back = DIGEST + 6 * DAY
    first = await held(database, cast, back=back)
    digest = await digest_of(database, first.id)
    member, facilitator = (
        Phone(database, account, now=back) for account in (cast.members[0], cast.facilitator)
    )

    before = [await one.say("/digests") for one in (member, facilitator)]
    await ticking.tick(database, now=back + HOUR)
    after = await member.say("/digests")

    [brief] = await told(database, cast.facilitator, "brief:")
    assert "The digest comes too late to be sent. Everyone can read it from Sunday 10:00: /digests." in brief
    found = [
        f"read:{digest.id}" in [b.data for row in card(one).rows for b in row] for one in (*before, after)
    ]
    assert found == [False, True, True]


async def test_a_digest_that_came_too_late_is_there_to_be_read_and_its_facilitator_knows(
    database: Database, cast: Cast
) -> None:
    back = DIGEST + 6 * DAY
    first = await held(database, cast, back=back)
    await ticking.tick(database, now=back + HOUR)
    digest = await digest_of(database, first.id)
    member, facilitator = (
        Phone(database, account, now=back + HOUR) for account in (cast.members[0], cast.facilitator)
    )

    listed = await member.say("/digests")
    read, seen = [await one.tap(f"read:{digest.id}") for one in (member, facilitator)]
    words = await facilitator.tap(data(seen, "Read what is for you alone"))

    [note] = await told(database, cast.facilitator)
    assert "The digest of round 1 came too late to be sent." in note
    assert "Everyone can soon read it, and you already can: /digests." in note
    assert note.endswith("You may want to tell everyone that the digest is there.")
    assert f"read:{digest.id}" in [button.data for row in card(listed).rows for button in row]
    assert text(read).startswith("This digest came too late to be sent, so it stands only here.")
    assert not any("Read what is for you alone" in row for row in labels(read))
    assert "for you alone" in text(words)


async def test_of_two_digests_of_a_schedule_that_are_due_at_once_the_newer_is_sent(
    database: Database, cast: Cast
) -> None:
    await daily(database, cast, window_days=1, closes="09:00", digest_days=2)
    for days in (0, 1):
        await ticking.tick(database, now=OPENS + days * DAY)

    for late in (timedelta(), HOUR):
        await ticking.tick(database, now=OPENS + 4 * DAY + late)

    older, newer = [await digest_of(database, one.id) for one in (await all_rounds(database))[:2]]
    going = {one.key.split(":")[1] for one in await letters(database, "digest")}
    assert going == {str(newer.id)}
    assert len(await told(database, cast.facilitator, "brief:")) == 1
    [note] = await told(database, cast.facilitator)
    assert "The digest of round 1 came too late to be sent." in note
    assert (await states(database, cast.schedule.id))[:2] == [
        (3, "published", skipping.OVERTAKEN),
        (4, "published", ""),
    ]
    assert older.id != newer.id


async def test_a_digest_that_a_newer_one_overtook_is_not_sent_after_it(
    database: Database, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    await daily(database, cast)
    await ticking.tick(database, now=OPENS)
    stuck, freeze = (await all_rounds(database))[0].id, ticking.STEPS["freeze"]

    async def all_but_one(house: Database, round_id: int, now: datetime) -> None:
        if round_id == stuck:
            raise RuntimeError
        await freeze(house, round_id, now)

    monkeypatch.setitem(ticking.STEPS, "freeze", all_but_one)
    for moment in (OPENS + DAY, *(OPENS + DAY + hours * HOUR for hours in (7, 22, 23))):
        await ticking.tick(database, now=moment)
    monkeypatch.setitem(ticking.STEPS, "freeze", freeze)

    for late in range(3):
        await ticking.tick(database, now=OPENS + 2 * DAY + late * HOUR)

    newer = await digest_of(database, (await all_rounds(database))[1].id)
    assert {one.key.split(":")[1] for one in await letters(database, "digest")} == {str(newer.id)}
    assert (await states(database, cast.schedule.id))[0] == (3, "published", skipping.OVERTAKEN)


async def test_a_brief_and_a_digest_wait_no_longer_than_until_the_next_round_s(
    database: Database, cast: Cast
) -> None:
    await daily(database, cast)
    moments = [OPENS, *(OPENS + hours * HOUR for hours in (7, 22, 23))]
    for moment in moments:
        await ticking.tick(database, now=moment)
    before = {
        one.kind: one.not_after
        for one in (*await letters(database, "brief"), *await letters(database, "digest"))
    }

    await ticking.tick(database, now=OPENS + DAY)

    after = {
        one.kind: one.not_after
        for one in (*await letters(database, "brief"), *await letters(database, "digest"))
    }
    brief, digest = OPENS + 22 * HOUR, OPENS + 23 * HOUR
    assert before == {"brief": brief + 5 * DAY, "digest": digest + 5 * DAY}
    assert after == {"brief": brief + DAY, "digest": digest + DAY}


async def test_words_said_back_before_a_digest_that_was_not_sent_are_in_the_next_brief(
    database: Database, cast: Cast
) -> None:
    await ticking.tick(database, now=OPENS)
    for moment in (BRIEF, DIGEST):
        await ticking.tick(database, now=moment)
    first = await digest_of(database, (await all_rounds(database))[0].id)
    await ticking.tick(database, now=OPENS + WEEK)
    async with database.writing() as session:
        await digests.answer_back(session, first.id, "word", account=cast.members[0], text="please go on")

    await ticking.tick(database, now=DIGEST + WEEK + 6 * DAY)  # the second is not sent
    await ticking.tick(database, now=OPENS + 3 * WEEK)
    await ticking.tick(database, now=DIGEST + 3 * WEEK)

    _, second, third = await told(database, cast.facilitator, "brief:")
    assert ["please go on" in brief for brief in (second, third)] == [True, False]
    assert (await seat_of(database, cast.members[0])).left_at is None


async def test_what_was_said_for_a_facilitator_alone_is_there_when_its_brief_did_not_arrive(
    database: Database, cast: Cast
) -> None:
    first = await held(database, cast, back=DIGEST)
    digest = await digest_of(database, first.id)
    facilitator = Phone(database, cast.facilitator, now=DIGEST + DAY)
    before = await facilitator.tap(f"read:{digest.id}")
    async with database.writing() as session:
        [brief] = (await session.exec(select(Outgoing).where(Outgoing.kind == "brief"))).all()
        brief.state = "expired"

    seen = await facilitator.tap(f"read:{digest.id}")
    words = await facilitator.tap(data(seen, "Read what is for you alone"))

    assert not any("Read what is for you alone" in row for row in labels(before))
    assert text(seen).startswith("Its brief did not reach you.")
    assert "for you alone" in text(words)


# Archived.


async def all_letters(database: Database, state: str) -> None:
    async with database.writing() as session:
        for letter in (await session.exec(select(Outgoing))).all():
            letter.state = state


async def test_a_round_is_archived_once_nothing_more_can_be_sent_and_its_letters_keep_no_words(
    database: Database, cast: Cast
) -> None:
    await held(database, cast, back=DIGEST)
    await all_letters(database, "sent")
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
    await ticking.tick(database, now=DIGEST + 4 * DAY + HOUR)

    async def state() -> str:
        await ticking.tick(database, now=DIGEST + 10 * DAY)
        return (await all_rounds(database))[0].state

    waiting = await state()
    await all_letters(database, "uncertain")
    after = await state()

    assert (waiting, after) == ("published", "archived")


async def test_an_archived_round_counts_and_is_read_like_any_that_is_published(
    database: Database, cast: Cast
) -> None:
    await held(database, cast, back=DIGEST)
    await all_letters(database, "sent")
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


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_the_letters_of_a_round_are_found_without_looking_through_all(
    database: Database, cast: Cast
) -> None:
    first = await held(database, cast, back=DIGEST)
    async with database.reading() as session:
        whiches = await mailings.about(session, first.id)
        compiled = [
            select(Outgoing.id).where(one).compile(session.get_bind(), compile_kwargs={"literal_binds": True})
            for one in whiches
        ]

        connection = await session.connection()

        plans = [
            step.detail
            for one in compiled
            for step in (await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {one}")).all()
        ]

        found = [(await session.exec(select(Outgoing.kind).where(one))).all() for one in whiches]
    assert len(plans) >= len(whiches)
    assert not [plan for plan in plans if plan.startswith("SCAN")]
    assert {kind for kinds in found for kind in kinds} == {"invitation", "brief", "digest"}
