"""A roster taken in: partnerships, organisations and links, or line by line what does not fit."""

from datetime import date

import pytest
from sqlmodel import col, select

from facilitation import intake, invites, members, organisations, roster
from facilitation.intake import Invited, RuleSet, TimezoneSet, TimezoneUnknown
from facilitation.occurrences import NoDateInFourYears
from facilitation.recurrence import RuleUnreadable
from facilitation.refusals import Refusal
from facilitation.roster import Problem, RosterUnclear, RosterWrong
from storage.database import Database
from storage.members import Invite
from storage.partnerships import Organisation, Partnership
from storage.rounds import Schedule
from tests.cast import MONDAY, Cast, seated

HEAD = "partnership,organisation,kind,capacity,name,role,language\n"
GOOD = f"""{HEAD}Riverside,Council,public,600,Ada,member,en
Riverside,Forum,backbone,,Bo,facilitator,
Hillside,Shed,Social Enterprise,,Cy,,EN
"""


async def take_in(
    database: Database, text: str, *, timezone: str | None = None, rule: str | None = None
) -> list[Invited]:
    async with database.writing() as session:
        people = roster.read(text.encode())
        return await intake.take(session, people, timezone=timezone, now=MONDAY, rule=rule)


async def test_a_roster_becomes_partnerships_schedules_and_links(database: Database) -> None:
    invited = await take_in(database, GOOD)

    async with database.reading() as session:
        partnerships = (await session.exec(select(Partnership).order_by(col(Partnership.id)))).all()
        organisations = (await session.exec(select(Organisation).order_by(col(Organisation.id)))).all()
        schedules = (await session.exec(select(Schedule))).all()
        found = [await invites.by_secret(session, one.secret) for one in invited]
    assert [one.name for one in partnerships] == ["Riverside", "Hillside"]
    assert [(one.name, one.kind, one.capacity) for one in organisations] == [
        ("Council", "public", 600),
        ("Forum", "backbone", None),
        ("Shed", "social_enterprise", None),
    ]
    assert [(one.rule, one.starts, one.instrument) for one in schedules] == [
        (intake.WEEKLY, date(2026, 11, 3), "pulse")
    ] * 2
    assert [(one.role, one.name, one.places) for one in found] == [
        ("member", "Ada", 1),
        ("facilitator", "Bo", 1),
        ("member", "Cy", 1),
    ]


async def test_more_people_join_a_partnership_that_is_there(database: Database, cast: Cast) -> None:
    await take_in(
        database, HEAD + "Riverside,Council,public,,Ada,member,en\nRiverside,New,funder,,Bo,member,\n"
    )

    async with database.reading() as session:
        assert len((await session.exec(select(Partnership))).all()) == 1
        assert len((await session.exec(select(Schedule))).all()) == 1
        names = [one.name for one in (await session.exec(select(Organisation))).all()]
    assert names.count("Council") == 1
    assert names[-1] == "New"


async def test_a_rule_written_otherwise_is_the_same_rule(database: Database, cast: Cast) -> None:
    invited = await take_in(
        database, HEAD + "Riverside,Council,public,,Ada,member,en\n", rule="rrule:byday=tu;freq=weekly"
    )

    assert len(invited) == 1


async def usable(database: Database, invited: list[Invited]) -> list[bool]:
    async with database.reading() as session:
        found = [await invites.by_secret(session, one.secret) for one in invited]
    return [one.revoked_at is None for one in found]


async def test_a_roster_sent_again_gives_each_person_one_link_that_opens(database: Database) -> None:
    first = await take_in(database, GOOD)

    second = await take_in(database, GOOD)
    third = await take_in(database, GOOD.replace("Ada", "Eve"))

    assert [one.replaced for one in [*first, *second, *third]] == [0, 0, 0, 1, 1, 1, 0, 1, 1]
    assert [await usable(database, some) for some in (first, second, third)] == [
        [False, False, False],
        [True, False, False],
        [True, True, True],
    ]


async def test_two_people_of_one_name_in_one_file_have_two_links(database: Database) -> None:
    line = "Riverside,Council,public,,Ada,member,en\n"

    invited = await take_in(database, HEAD + line * 2)

    assert [one.replaced for one in invited] == [0, 0]
    assert await usable(database, invited) == [True, True]


async def test_a_link_that_was_used_or_is_for_another_role_stays(database: Database) -> None:
    line = "Riverside,Council,public,,Ada,{},en\n"
    invited = await take_in(database, HEAD + line.format("member") + line.format("facilitator"))
    async with database.writing() as session:
        member = await invites.by_secret(session, invited[0].secret)
        await invites.join(session, member, account=1, language="en", now=MONDAY)

    again = await take_in(database, HEAD + line.format("member"))

    assert again == []
    assert await usable(database, invited) == [True, True]


@pytest.mark.parametrize(
    ("lines", "changes", "refusal"),
    [
        ("Riverside,Council,funder,,Ada,member,en", {}, RosterWrong),
        ("New,A,funder,60,Ada,member,en\nNew,A,funder,90,Bo,member,en", {}, RosterWrong),
        ("New,A,funder,,Ada,member,en\nNew,A,public,,Bo,member,en", {}, RosterWrong),
        ("Riverside,Council,public,,Ada,member,en", {"timezone": "Europe/Paris"}, TimezoneSet),
        ("Riverside,Council,public,,Ada,member,en", {"rule": "FREQ=WEEKLY;BYDAY=WE"}, RuleSet),
        ("New,A,funder,,Ada,member,en", {"timezone": "Riverside"}, TimezoneUnknown),
        ("New,A,funder,,Ada,member,en", {"rule": "every Tuesday"}, RuleUnreadable),
        ("New,A,funder,,Ada,member,en", {"rule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}, NoDateInFourYears),
    ],
)
async def test_what_does_not_fit_is_refused_and_nothing_stored(
    database: Database, cast: Cast, lines: str, changes: dict[str, str], refusal: type[Refusal]
) -> None:
    async with database.reading() as session:
        before = len((await session.exec(select(Invite))).all())

    with pytest.raises(refusal):
        await take_in(database, HEAD + lines + "\n", **changes)

    async with database.reading() as session:
        assert len((await session.exec(select(Invite))).all()) == before
        assert len((await session.exec(select(Partnership))).all()) == 1


async def test_a_roster_without_a_wish_for_time_or_rule_goes_into_any_partnership(
    database: Database, cast: Cast
) -> None:
    async with database.writing() as session:
        partnership = await session.get_one(Partnership, cast.partnership.id)
        partnership.timezone = "Asia/Kolkata"
        schedule = await session.get_one(Schedule, cast.schedule.id)
        schedule.rule = "FREQ=MONTHLY;BYDAY=-1FR"

    invited = await take_in(database, HEAD + "Riverside,Council,public,,Ada,member,en\n")

    assert len(invited) == 1


async def test_every_line_that_says_otherwise_than_what_is_there_is_told(
    database: Database, cast: Cast
) -> None:
    async with database.writing() as session:
        council = await session.get_one(Organisation, cast.organisations["council"].id)
        council.capacity = 60
    lines = (
        "Riverside,council,funder,,Ada,member,\n"
        "Riverside,Council,public,060,Bo,member,\n"
        "Riverside,Council,public,90,Cy,member,\n"
        "Riverside,New,funder,,Di,member,\n"
        "Riverside,NEW,public,,Ed,member,\n"
    )

    with pytest.raises(RosterWrong) as wrong:
        await take_in(database, HEAD + lines)

    assert wrong.value.problems == (
        Problem(2, "kind_differs", "council", "funder", "public"),
        Problem(4, "capacity_differs", "Council", "90", "60"),
        Problem(6, "kind_differs", "NEW", "public", "funder"),
    )


async def test_a_file_says_the_kind_of_an_organisation_where_it_was_left_open(
    database: Database, cast: Cast
) -> None:
    async with database.writing() as session:
        [shed] = await organisations.add(session, cast.partnership.id, "Shed")

    await take_in(database, HEAD + "Riverside,Shed,community,,Ada,member,\nRiverside,SHED,community,,Bo,,\n")

    async with database.reading() as session:
        assert (await session.get_one(Organisation, shed.id)).kind == "community"


async def test_what_an_organisation_can_give_is_taken_from_any_of_its_lines(
    database: Database, cast: Cast
) -> None:
    lines = "Riverside,Council,public,,Ada,member,\nRiverside,Council,public,90,Bo,member,\n"

    await take_in(database, HEAD + lines)

    async with database.reading() as session:
        council = await session.get_one(Organisation, cast.organisations["council"].id)
    assert council.capacity == 90


async def test_who_sits_there_already_needs_no_link(database: Database) -> None:
    line = "Riverside,Council,public,,Ada,{},en\n"
    [first] = await take_in(database, HEAD + line.format("member"))
    async with database.writing() as session:
        invite = await invites.by_secret(session, first.secret)
        seat = await invites.join(session, invite, account=1, language="en", now=MONDAY)

    again = await take_in(database, HEAD + line.format("member"))
    namesake = await take_in(database, HEAD + line.format("member") * 2)
    other_role = await take_in(database, HEAD + line.format("facilitator"))
    async with database.writing() as session:
        await members.leave(session, await session.get_one(type(seat), seat.id), now=MONDAY)
    left = await take_in(database, HEAD + line.format("member"))

    assert [len(some) for some in (again, namesake, other_role, left)] == [0, 1, 1, 1]


async def test_nobody_is_put_into_an_organisation_that_was_removed(database: Database, cast: Cast) -> None:
    async with database.writing() as session:
        council = await session.get_one(Organisation, cast.organisations["council"].id)
        council.removed_at = MONDAY

    [one] = await take_in(database, HEAD + "Riverside,Council,funder,,Ada,member,en\n")

    async with database.reading() as session:
        invite = await invites.by_secret(session, one.secret)
    assert invite.organisation_id != cast.organisations["council"].id


async def test_whoever_has_no_language_in_the_file_gets_the_partnership_s(
    database: Database, cast: Cast
) -> None:
    async with database.writing() as session:
        partnership = await session.get_one(Partnership, cast.partnership.id)
        partnership.language = "cy"

    invited = await take_in(
        database, HEAD + "Riverside,Council,public,,Ada,,\nRiverside,Council,public,,Bo,,en\n"
    )

    async with database.reading() as session:
        found = [(await invites.by_secret(session, one.secret)).language for one in invited]
    assert found == ["cy", "en"]


async def test_a_name_that_two_partnerships_share_is_not_guessed(database: Database, cast: Cast) -> None:
    await seated(database, first_account=3000)

    with pytest.raises(RosterUnclear):
        await take_in(database, HEAD + "Riverside,Council,public,,Ada,member,en\n")


# What a file comes to, before anything is stored.


async def test_a_plan_counts_what_is_new_and_what_is_here_and_stores_nothing(
    database: Database, cast: Cast
) -> None:
    lines = (
        "Riverside,Council,public,,Person 1000,member,\n"
        "Riverside,Council,public,,Ada,member,\n"
        "Riverside,Shed,other,,Bo,member,\n"
        "Riverside,shed,other,,Cy,member,\n"
    )
    await take_in(database, HEAD + "Riverside,Council,public,,Ada,member,\n")
    async with database.writing() as session:
        before = len((await session.exec(select(Invite))).all())
        people = roster.read((HEAD + lines).encode())

        [plan] = await intake.planned(session, people, now=MONDAY, within=cast.partnership)

        assert len((await session.exec(select(Invite))).all()) == before
    assert (plan.organisations, plan.new) == (2, ("Shed",))
    assert [one.name for one in plan.here] == ["Person 1000"]
    assert [one.name for one in plan.invited] == ["Ada", "Bo", "Cy"]
    assert plan.replacing == 1
