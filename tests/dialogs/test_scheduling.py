"""A facilitator schedules in the chat: in words or by buttons, tries it, starts it, and calls it off."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlmodel import select

from dialogs import cadences, timing
from dialogs.cards import Reader
from dialogs.events import Reply
from facilitation import cadence, instruments
from storage.database import Database
from storage.members import Member, Seat
from storage.rounds import Answer, Awaited, Invitation, Round, Schedule
from tests.cast import MONDAY, OPENS, Cast
from tests.dialogs.phone import Phone, data, labels, text
from tests.facilitation.turning import all_rounds, invitation_of, turn
from tests.facilitation.turning import plan as clock

TUESDAY = date(2026, 11, 3)
WEEK = timedelta(days=7)


@pytest.fixture
def facilitator(database: Database, cast: Cast) -> Phone:
    return Phone(database, cast.facilitator, now=MONDAY)


@pytest.fixture
def plan(cast: Cast) -> int:
    return cast.schedule.id


async def stored(database: Database, schedule_id: int) -> Schedule:
    async with database.reading() as session:
        return await session.get_one(Schedule, schedule_id)


async def newest(database: Database) -> Schedule:
    async with database.reading() as session:
        rows = (await session.exec(select(Schedule).order_by(Schedule.id))).all()  # type: ignore[arg-type]  # a column, to SQLAlchemy
    return rows[-1]


async def tapped(phone: Phone, reply: Reply, *path: str) -> Reply:
    """Tap one button after another, by what stands on it."""
    for label in path:
        reply = await phone.tap(data(reply, label))
    return reply


# From the menu to a round.


async def test_a_look_back_once_on_a_date_from_the_list_to_an_opened_round(
    database: Database, cast: Cast, facilitator: Phone
) -> None:
    start = await facilitator.tap(f"plans:{cast.partnership.id}")
    await tapped(facilitator, start, "New", "Retro")

    made = await facilitator.say("on 3 December at 14:00")

    assert "Retro · a draft, nothing is asked yet" in text(made)
    assert "At 14:00, once, on Thursday 3 December 2026." in text(made)
    assert text(made).count("•") == 1
    running = await tapped(facilitator, made, "Start it")
    assert "Retro · running" in text(running)
    begins = datetime(2026, 12, 3, 14, 0, tzinfo=UTC)
    # The clock plans two weeks ahead, day by day.
    await clock(database, now=begins - WEEK)
    await turn(database, now=begins)
    opened = [one for one in await all_rounds(database) if one.schedule_id == (await newest(database)).id]
    assert [(one.state, one.opens_at) for one in opened] == [("open", begins)]
    facilitator.now = begins
    after = await facilitator.tap(f"plan:{opened[0].schedule_id}")
    assert "A round is open until Thursday 10 December 12:00." in text(after)
    assert "No more dates are ahead." in text(after)


async def test_a_cohort_on_weekly_nudges_from_the_list_to_an_opened_round(
    database: Database, cast: Cast, facilitator: Phone
) -> None:
    start = await facilitator.tap(f"plans:{cast.partnership.id}")
    made = await tapped(facilitator, start, "New", "Nudge", "Every week", "Wednesday")

    chosen = await tapped(facilitator, made, "Who is asked", "✓ Council", "✓ Health Trust")

    assert ["Council"] in labels(chosen)
    assert ["✓ Refugee Group"] in labels(chosen)
    started = await tapped(facilitator, chosen, "Back", "Start it")
    assert "It asks Family Charity, Youth Centre, Refugee Group: 6 people now." in text(started)
    begins = datetime(2026, 11, 4, 10, 0, tzinfo=UTC)
    await turn(database, now=begins)
    cohort = [
        account
        for name in ("family_charity", "youth_centre", "refugee_group")
        for account in cast.accounts[name]
    ]
    nudge = (await newest(database)).id
    opened = next(one for one in await all_rounds(database) if one.schedule_id == nudge)
    assert opened.state == "open"
    for account in cohort:
        assert (await invitation_of(database, account, opened.id)).state == "asked"
    async with database.reading() as session:
        asked = (await session.exec(select(Invitation).where(Invitation.round_id == opened.id))).all()
    assert len(asked) == len(cohort)


# When.


async def test_what_cannot_be_read_is_asked_again_and_nothing_is_lost(
    database: Database, plan: int, facilitator: Phone
) -> None:
    await facilitator.tap(f"planwhen:{plan}")

    unclear = await facilitator.say("when pigs fly")

    assert "Parley could not read “when pigs fly”".replace("“", '"').replace("”", '"') in text(unclear)
    assert "every second Thursday" in text(unclear)
    assert data(unclear, "Back") == f"planwhen:{plan}"
    assert (await stored(database, plan)).rule == "FREQ=WEEKLY;BYDAY=TU"
    again = await facilitator.say("last Friday of the month 9:30")
    assert "At 9:30, on the last Friday of the month." in text(again)
    assert again.settled is not None
    assert again.settled[0] == 1
    async with database.reading() as session:
        assert await session.get(Awaited, facilitator.account) is None


async def test_words_that_could_not_be_read_may_be_mended_in_place(plan: int, facilitator: Phone) -> None:
    await facilitator.tap(f"planwhen:{plan}")
    await facilitator.say("every Tusday")

    (mended,) = await facilitator.edit("every Tuesday 9:00")

    assert "At 9:00, every Tuesday." in text(mended)


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        (("Every week", "Thursday"), "FREQ=WEEKLY;BYDAY=TH"),
        (("Every 2 weeks", "Monday"), "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO"),
        (("Once a month", "Last", "Friday"), "FREQ=MONTHLY;BYDAY=-1FR"),
        (("Once a month", "Second", "Wednesday"), "FREQ=MONTHLY;BYDAY=2WE"),
        (("Once", "Thu 12 Nov"), "FREQ=DAILY;COUNT=1"),
    ],
)
async def test_buttons_choose_when_it_comes(
    database: Database, plan: int, facilitator: Phone, path: tuple[str, ...], rule: str
) -> None:
    chosen = await tapped(facilitator, await facilitator.tap(f"planwhen:{plan}"), *path)

    kept = await stored(database, plan)
    assert kept.rule == rule
    said = cadences.said(cadence.told(kept.rule, kept.starts), Reader("en", "Europe/London"))
    assert f"At 10:00, {said}." in text(chosen)


async def test_the_next_five_dates_stand_there_with_what_rests(plan: int, facilitator: Phone) -> None:
    await facilitator.tap(f"planoff:{plan}")
    await facilitator.say("10 November")
    await facilitator.say("24 November to 2 December")
    await facilitator.tap(f"plancalled:{plan}:{TUESDAY.toordinal()}")

    seen = await facilitator.tap(f"plan:{plan}")

    dates = [line for line in text(seen).splitlines() if line.startswith("• ") and "ember" in line]
    assert dates == [
        "• Tuesday 3 November: called off",
        "• Tuesday 10 November: a day off",
        "• Tuesday 17 November",
        "• Tuesday 24 November: a day off",
        "• Tuesday 1 December: a day off",
    ]


# Hours.


async def test_hours_are_changed_by_buttons_and_offered_only_where_they_fit(
    database: Database, plan: int, facilitator: Phone
) -> None:
    whole = await facilitator.tap(f"plan:{plan}")

    window = await tapped(facilitator, whole, "How long")
    assert "✓ 3 days" in [label for row in labels(window) for label in row]
    await tapped(facilitator, window, "2 days", "20:00")
    await tapped(facilitator, whole, "Digest", "Next day", "12:00")
    await tapped(facilitator, whole, "Quiet hours", "21:00 to 7:00")
    await tapped(facilitator, whole, "When", "Time of day", "9:00")

    kept = await stored(database, plan)
    assert (kept.opens, kept.window_days, kept.closes) == ("09:00", 2, "20:00")
    assert (kept.digest_days, kept.digest) == (1, "12:00")
    assert (kept.quiet_from, kept.quiet_until) == ("21:00", "07:00")
    never = await tapped(facilitator, whole, "Quiet hours", "No quiet hours", "Back")
    assert "There are no quiet hours." in text(never)
    daily = await tapped(facilitator, whole, "When")
    await facilitator.say("every day")
    days = [label for row in labels(await facilitator.tap(f"planlong:{plan}")) for label in row]
    assert "1 day" not in days
    assert data(daily, "Back") == f"plan:{plan}"


async def test_a_forged_window_is_refused_in_words(database: Database, plan: int, facilitator: Phone) -> None:
    long = await facilitator.tap(f"planlast:{plan}:8:600")
    early = await facilitator.tap(f"planout:{plan}:0:600")

    assert long.alert
    assert "before the next one opens" in long.notice
    assert "cannot come before the round has closed" in early.notice
    assert (await stored(database, plan)).window_days == 3


# Days off.


async def test_days_and_countries_are_written_or_tapped(
    database: Database, plan: int, facilitator: Phone
) -> None:
    rest = await facilitator.tap(f"planoff:{plan}")
    wales = await tapped(facilitator, rest, "Wales")
    assert "It rests on the public holidays of Wales." in text(wales)
    assert "The next: Friday 25 December, Christmas Day." in text(wales)

    days = await facilitator.say("24 December to 2 January")
    germany = await facilitator.say("Germany")
    neither = await facilitator.say("Narnia")

    assert "• Thursday 24 December to Saturday 2 January" in text(days)
    assert "public holidays of Germany" in text(germany)
    assert "cannot read" in text(neither)
    kept = await stored(database, plan)
    assert (kept.holidays, len(kept.skips)) == ("DE", 10)
    none = await tapped(facilitator, germany, "No public holidays", "No days of my own")
    assert "Public holidays are like any other day." in text(none)
    assert (await stored(database, plan)).skips == []


# Try it on me.


async def test_a_try_walks_through_every_question_and_stores_nothing(
    database: Database, cast: Cast, plan: int, facilitator: Phone
) -> None:
    cards = [await facilitator.tap(f"try:{plan}:0")]
    for _ in range(6):
        cards.append(await tapped(facilitator, cards[-1], "Skip"))

    assert len(cards) == 7
    assert all(text(one).startswith("Only a try, for you. Nothing you tap") for one in cards)
    assert "That was it: 6 questions, about 80 seconds." in text(cards[-1])
    assert data(cards[-1], "Once more") == f"try:{plan}:0"
    async with database.reading() as session:
        assert (await session.exec(select(Answer))).all() == []
        assert (await session.exec(select(Invitation))).all() == []
    with_reason = await facilitator.tap(data(cards[0], "Why this question?"))
    assert len(text(with_reason)) > len(text(cards[0]))
    assert data(cards[0], "4") == f"try:{plan}:1"
    assert data(cards[1], "Back") == f"try:{plan}:0"


async def test_what_is_written_to_a_tried_question_leads_on_and_is_not_kept(
    database: Database, plan: int, facilitator: Phone
) -> None:
    await facilitator.tap(f"try:{plan}:5")

    over = await facilitator.say("Something nobody should keep")

    assert "That was it" in text(over)
    async with database.reading() as session:
        assert (await session.exec(select(Answer))).all() == []
        assert await session.get(Awaited, facilitator.account) is None


async def test_a_tried_directed_question_names_a_real_partner(
    database: Database, cast: Cast, plan: int, facilitator: Phone
) -> None:
    whole = instruments.parsed(instruments.raw("pulse"))
    asked_in = next(at for at, item in enumerate(whole.bank) if item.kind == "directed") // whole.rotates
    async with database.writing() as session:
        session.add_all(held(cast, OPENS - WEEK * ago, ago) for ago in range(1, asked_in + 1))

    seen = [await facilitator.tap(f"try:{plan}:{position}") for position in range(6)]

    subjects = {text(one).partition("you and ")[2].partition("\n")[0] for one in seen} - {""}
    assert subjects == {"Council", "Health Trust", "Family Charity"}


def held(cast: Cast, opens: datetime, number: int = 1) -> Round:
    """A round long published, of which nothing but its place in the order matters."""
    return Round(
        schedule_id=cast.schedule.id,
        partnership_id=cast.partnership.id,
        local_date=opens.date(),
        number=number,
        state="published",
        opens_at=opens,
        reminds_at=opens,
        reminds_again_at=opens,
        closes_at=opens,
        brief_at=opens,
        digest_at=opens,
    )


# Before the first round.


async def test_the_card_says_what_the_digest_can_show_until_the_first_round_is_held(
    database: Database, plan: int, facilitator: Phone
) -> None:
    before = text(await facilitator.tap(f"plan:{plan}"))

    await turn(database, now=OPENS)

    assert "With these numbers the digest can show:" in before
    assert "• on their own: Council, Health Trust" in before
    assert "• together, as “Community groups”: Family Charity, Youth Centre, Refugee Group" in before
    assert "With these numbers" not in text(await facilitator.tap(f"plan:{plan}"))


async def test_too_few_people_are_told_that_no_figures_come(
    database: Database, cast: Cast, plan: int, facilitator: Phone
) -> None:
    for name in ("council", "health_trust", "family_charity", "youth_centre"):
        await facilitator.tap(f"planorg:{plan}:{cast.organisations[name].id}:0")

    seen = text(await facilitator.tap(f"plan:{plan}"))

    assert "No figures yet: they come from 4 people or more." in seen


async def test_who_would_be_asked_too_much_is_named_with_both_figures(
    database: Database, cast: Cast, plan: int, facilitator: Phone
) -> None:
    async with database.writing() as session:
        organisation = cast.organisations["council"]
        organisation.capacity = 10
        await session.merge(organisation)

    seen = text(await facilitator.tap(f"plan:{plan}"))

    assert "Council: 27 minutes a month, and it can give 10. Fewer of its people are asked." in seen


async def test_a_check_in_says_who_has_nobody_to_speak_for_them(
    database: Database, cast: Cast, facilitator: Phone
) -> None:
    async with database.writing() as session:
        wanted = select(Seat).where(Seat.organisation_id == cast.organisations["youth_centre"].id)
        for seat in (await session.exec(wanted)).all():
            seat.lead = False
            session.add(seat)
    start = await facilitator.tap(f"plannew:{cast.partnership.id}")

    made = await tapped(facilitator, start, "Check-in", "Every week", "Monday")

    assert "Only the lead of each organisation is asked, and answers for it." in text(made)
    assert "Nobody leads" in text(made)
    assert "Youth Centre" in text(made).partition("Nobody leads")[2].partition("yet")[0]


# Start, pause, call off, delete.


async def test_pause_and_resume_change_the_card_and_a_second_tap_changes_nothing(
    database: Database, plan: int, facilitator: Phone
) -> None:
    for _ in range(2):
        paused = await facilitator.tap(f"planpause:{plan}")
    for _ in range(2):
        running = await facilitator.tap(f"planresume:{plan}")

    assert "Pulse · paused" in text(paused)
    assert "These dates would be next:" in text(paused)
    assert "Pulse · running" in text(running)
    assert len([one for one in await all_rounds(database) if one.state == "planned"]) == 2


async def test_calling_off_an_open_round_is_asked_twice_and_told_to_who_taps(
    database: Database, cast: Cast, plan: int, facilitator: Phone
) -> None:
    await turn(database, now=OPENS)
    facilitator.now = OPENS
    member = Phone(database, cast.members[0])
    part = await invitation_of(database, member.account, (await all_rounds(database))[0].id)
    await member.tap(f"rate:{part.id}:0:4")

    sure = await tapped(facilitator, await facilitator.tap(f"plan:{plan}"), "Call off this round")
    kept = await tapped(facilitator, sure, "No, keep it")
    assert "A round is open until" in text(kept)
    off = await tapped(facilitator, sure, "Yes, call it off")
    again = await tapped(facilitator, sure, "Yes, call it off")

    assert "What was answered in it is erased" in text(sure)
    assert "A round is open" not in text(off) + text(again)
    late = await member.tap(f"rate:{part.id}:1:4")
    assert "called off" in text(late)
    async with database.reading() as session:
        assert (await session.exec(select(Answer))).all() == []


async def test_calling_off_the_next_round_names_its_day(plan: int, facilitator: Phone) -> None:
    sure = await tapped(facilitator, await facilitator.tap(f"plan:{plan}"), "Call off the next round")

    off = await tapped(facilitator, sure, "Yes, call it off")

    assert "Call off the round of Tuesday 3 November?" in text(sure)
    assert "• Tuesday 3 November: called off" in text(off)


async def test_deleting_is_asked_twice_and_leads_back_to_the_list(
    database: Database, cast: Cast, plan: int, facilitator: Phone
) -> None:
    sure = await tapped(facilitator, await facilitator.tap(f"plan:{plan}"), "Delete")
    assert "To stop only for a while, pause it instead." in text(sure)

    gone = await tapped(facilitator, sure, "Yes, delete it")

    assert "Nothing is scheduled yet." in text(gone)
    assert data(gone, "Back") == f"menu:{cast.partnership.id}"
    later = await facilitator.tap(f"plan:{plan}")
    assert later.alert
    assert (await stored(database, plan)).deleted_at == MONDAY


async def test_hours_are_by_the_partnerships_clock_whatever_the_readers(
    database: Database, cast: Cast, plan: int, facilitator: Phone
) -> None:
    async with database.writing() as session:
        member = (await session.exec(select(Member).where(Member.account == cast.facilitator))).one()
        member.timezone = "Europe/Athens"
        session.add(member)

    seen = text(await facilitator.tap(f"plan:{plan}"))

    assert "At 10:00, every Tuesday." in seen
    assert "Hours are by the partnership's clock: Europe/London." in seen


def test_days_in_a_row_are_told_as_one_span() -> None:
    days = [date(2026, 11, day) for day in (2, 4, 5, 6, 9)]

    told = timing.spans(days, Reader("en", "Europe/London"))

    assert told == ["Monday 2 November", "Wednesday 4 November to Friday 6 November", "Monday 9 November"]
    assert cadences.hour(time(9, 5)) == "9:05"
