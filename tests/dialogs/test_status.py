"""/status tells a facilitator where things stand, and never who answered."""

from datetime import timedelta

import pytest
from sqlmodel import select

from bot import outbox
from facilitation import reminders
from storage.database import Database
from storage.members import Member
from storage.partnerships import Organisation
from storage.queues import Outgoing
from storage.raised import Raised
from storage.rounds import Round
from tests.cast import CLOSES, MONDAY, OPENS, Cast, seated
from tests.dialogs.phone import Phone, data, text
from tests.facilitation.turning import all_rounds, answer, invitation_of, turn

WEEK = timedelta(days=7)


@pytest.fixture
def facilitator(database: Database, cast: Cast) -> Phone:
    return Phone(database, cast.facilitator, now=MONDAY)


async def status(phone: Phone) -> str:
    return text(await phone.say("/status"))


async def test_it_says_what_is_next_and_leads_everywhere(cast: Cast, facilitator: Phone) -> None:
    reply = await facilitator.say("/status")

    assert "No round is open." in text(reply)
    assert "Pulse: Tuesday 3 November 10:00" in text(reply)
    assert "Nothing right now." in text(reply)
    partnership = cast.partnership.id
    for label, kind in (
        ("Organisations and people", "orgs"),
        ("Check-ins", "plans"),
        ("Replies owed", "owed"),
        ("Look again", "status"),
        ("Back", "menu"),
    ):
        assert data(reply, label) == f"{kind}:{partnership}"
    again = await facilitator.tap(data(reply, "Look again"))
    assert text(again) == text(reply)


async def test_of_an_open_round_it_says_only_whether_more_than_half_answered(
    database: Database, cast: Cast, facilitator: Phone
) -> None:
    await turn(database, now=OPENS)
    facilitator.now = OPENS
    round_id = (await all_rounds(database))[0].id
    cards = [await status(facilitator)]

    for account in cast.members:
        await answer(database, account, round_id, {0: 4}, now=OPENS)
        cards.append(await status(facilitator))

    assert "Pulse 1 is open until Friday 17:00, 6 November." in cards[0]
    assert len(set(cards)) == 2
    assert [("More than half" in one) for one in cards] == [False] * 8 + [True] * 8


@pytest.mark.parametrize("answering", [0, 1, 4])
async def test_among_few_people_no_count_is_told(
    database: Database, cast: Cast, facilitator: Phone, answering: int
) -> None:
    for name in ("council", "health_trust", "youth_centre"):
        await facilitator.tap(f"planorg:{cast.schedule.id}:{cast.organisations[name].id}:0")
    await turn(database, now=OPENS)
    facilitator.now = OPENS
    round_id = (await all_rounds(database))[0].id
    few = cast.accounts["family_charity"] + cast.accounts["refugee_group"]

    for account in few[:answering]:
        await answer(database, account, round_id, {0: 4}, now=OPENS)

    seen = await status(facilitator)
    assert "With so few people asked, no count is shown." in seen
    assert "half" not in seen


async def test_a_closed_round_says_when_its_digest_comes(
    database: Database, cast: Cast, facilitator: Phone
) -> None:
    await turn(database, now=OPENS)
    await turn(database, now=CLOSES)
    facilitator.now = CLOSES

    seen = await status(facilitator)

    assert "Pulse 1 has closed. Its digest comes Monday 9:00, 9 November." in seen


async def test_what_was_left_out_lately_stands_there_with_its_reason(
    database: Database, cast: Cast, facilitator: Phone
) -> None:
    reasons = ("cancelled", "skip", "holiday:Christmas Day", "missed", "nobody", "unled", "away", "resting")
    async with database.writing() as session:
        for days, reason in enumerate(reasons, start=1):
            opens = MONDAY - timedelta(days=days)
            round_ = Round(
                schedule_id=cast.schedule.id,
                partnership_id=cast.partnership.id,
                local_date=opens.date(),
                state="skipped",
                reason=reason,
                opens_at=opens,
                reminds_at=opens,
                reminds_again_at=opens,
                closes_at=opens,
                brief_at=opens,
                digest_at=opens,
            )
            session.add(round_)

    seen = (await status(facilitator)).partition("Left out lately")[2].partition("What needs you")[0]

    assert [line.partition(": ")[2] for line in seen.splitlines() if line.startswith("•")] == [
        "called off",
        "a day off",
        "Christmas Day",
        "Parley was not running",
        "nobody had joined",
        "nobody leads an organisation yet",
        "nobody could be asked",
        "it would have been too much time",
    ]


async def test_messages_that_did_not_arrive_are_counted_and_only_its_own(
    database: Database, cast: Cast, facilitator: Phone
) -> None:
    other = await seated(database, first_account=5000, name="Hillside")
    await turn(database, now=OPENS)
    facilitator.now = OPENS
    opened = {one.partnership_id: one.id for one in await all_rounds(database) if one.state == "open"}
    mine = await invitation_of(database, cast.members[0], opened[cast.partnership.id])
    theirs = await invitation_of(database, other.members[0], opened[other.partnership.id])
    left = await invitation_of(database, cast.members[1], opened[cast.partnership.id])
    until = OPENS + WEEK
    async with database.writing() as session:
        letters = [
            outbox.Letter(f"{kind}:{part.id}", kind, 1, "sendMessage", {}, OPENS, until)
            for part in (mine, theirs, left)
            for kind in ("invitation", "reminder")
        ]
        await outbox.put(database, session, letters)
        # Taken back because somebody left: that is none of the facilitator's business.
        await reminders.withdraw(session, left.id)
        wanted = select(Outgoing).where(Outgoing.state == "pending", Outgoing.key != f"reminder:{left.id}")
        for row in (await session.exec(wanted)).all():
            row.state = "dead"
            session.add(row)

    seen = await status(facilitator)

    assert "1 message did not arrive in the last two weeks." in seen


async def test_empty_and_unreachable_seats_are_counted_by_organisation(
    database: Database, cast: Cast, facilitator: Phone
) -> None:
    async with database.writing() as session:
        wanted = select(Member).where(Member.account == cast.accounts["youth_centre"][0])
        member = (await session.exec(wanted)).one()
        member.unreachable_since = MONDAY
        session.add(member)
        organisation = cast.organisations["refugee_group"]
        organisation.off_telegram = 3
        await session.merge(organisation)

    seen = await status(facilitator)

    assert f"Youth Centre: messages no longer reach Person {member.account}." in seen
    assert "Please tell them in another way: open the chat with Parley and press Start." in seen
    assert "Some people are not on Telegram: Refugee Group." in seen
    assert "Nothing right now." not in seen


async def test_a_partner_with_nobody_is_named_so_that_nobody_forgets_them(
    database: Database, cast: Cast, facilitator: Phone
) -> None:
    async with database.writing() as session:
        for account in cast.accounts["refugee_group"]:
            member = (await session.exec(select(Member).where(Member.account == account))).one()
            member.unreachable_since = MONDAY
            session.add(member)

    seen = await status(facilitator)

    first, second = cast.accounts["refugee_group"]
    assert f"Refugee Group: messages no longer reach Person {first}, Person {second}." in seen
    assert "1 partner is not reached at all." in seen


async def test_a_partner_that_nobody_has_joined_is_named_once_and_no_time_is_counted_before_a_round(
    database: Database, cast: Cast, facilitator: Phone
) -> None:
    async with database.writing() as session:
        session.add(Organisation(partnership_id=cast.partnership.id, name="Mill", kind="community"))

    seen = await status(facilitator)

    assert "Nobody has joined yet: Mill." in seen
    assert "not reached at all" not in seen
    assert "Time asked" not in seen


async def test_what_is_owed_and_what_time_was_asked_stand_there(
    database: Database, cast: Cast, facilitator: Phone
) -> None:
    await turn(database, now=OPENS)
    facilitator.now = OPENS + WEEK
    async with database.writing() as session:
        raised = Raised(partnership_id=cast.partnership.id, text="x", shown_as="quoted", raised_at=OPENS)
        raised.seen_at = OPENS
        session.add(raised)
        organisation = cast.organisations["council"]
        organisation.capacity = 60
        await session.merge(organisation)

    seen = await status(facilitator)

    assert "1 thing raised is owed a reply." in seen
    assert "Council: 7 minutes of 60" in seen
    assert "Youth Centre: 3 minutes" in seen


async def test_it_is_for_facilitators_of_that_partnership_alone(
    database: Database, cast: Cast, facilitator: Phone
) -> None:
    other = await seated(database, first_account=5000, name="Hillside")
    members = Phone(database, cast.members[0], now=MONDAY)

    nobody = await members.say("/status")
    forged = await members.tap(f"status:{cast.partnership.id}")
    theirs = await facilitator.tap(f"status:{other.partnership.id}")

    assert "facilitate none" in text(nobody)
    assert forged.alert
    assert theirs.alert
