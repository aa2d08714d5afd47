"""A roster becomes a partnership and its links, or says line by line what has to be mended."""

from datetime import date

import pytest
from sqlmodel import col, select

from facilitation import invites, roster
from facilitation.occurrences import NoDateInFourYears
from facilitation.recurrence import RuleUnreadable
from facilitation.refusals import Refusal
from facilitation.roster import (
    Invited,
    RosterUnreadable,
    RosterWrong,
    RuleSet,
    TimezoneSet,
    TimezoneUnknown,
)
from storage.database import Database
from storage.members import Invite
from storage.partnerships import Organisation, Partnership
from storage.rounds import Schedule
from tests.cast import MONDAY, Cast

HEAD = "partnership,organisation,kind,capacity,name,role,language\n"
GOOD = f"""{HEAD}Riverside,Council,public,600,Ada,member,en
Riverside,Forum,backbone,,Bo,facilitator,
Hillside,Shed,Social Enterprise,,Cy,,EN
"""


async def take_in(
    database: Database, text: str, *, timezone: str = "Europe/London", rule: str = roster.WEEKLY
) -> list[Invited]:
    async with database.writing() as session:
        people = roster.read(text.encode())
        return await roster.take_in(session, people, timezone=timezone, now=MONDAY, rule=rule)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_table_is_read_however_a_spreadsheet_saved_it(delimiter: str, encoding: str, ending: str) -> None:
    content = GOOD.replace(",", delimiter).replace("\n", ending).encode(encoding)

    people = roster.read(content)

    assert [(one.line, one.organisation, one.kind, one.name, one.role, one.language) for one in people] == [
        (2, "Council", "public", "Ada", "member", "en"),
        (3, "Forum", "backbone", "Bo", "facilitator", "en"),
        (4, "Shed", "social_enterprise", "Cy", "member", "en"),
    ]


def test_columns_may_stand_in_any_order_and_case_and_some_may_lack() -> None:
    people = roster.read(
        b"ROLE, Name ,kind,Organisation,PARTNERSHIP,extra\nmember,Ada,public,Council,Riverside,x\n"
    )

    assert (people[0].name, people[0].capacity, people[0].language) == ("Ada", "", "en")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "lacks the column partnership"),
        (b"name,role\nAda,member\n", "lacks the column partnership"),
        (HEAD.replace(",kind", "").encode(), "lacks the column kind"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"PK\x03\x04 no table", "lacks the column partnership"),
        (HEAD.encode() + b'"' + b"x" * 200_000 + b'",a,b\n', "field larger"),
    ],
)
def test_what_is_no_table_says_so(content: bytes, problem: str) -> None:
    with pytest.raises(RosterUnreadable, match=problem):
        roster.read(content)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (",Council,public,,Ada,member,en", "line 2: the partnership is empty"),
        ("Riverside,  ,public,,Ada,member,en", "line 2: the organisation is empty"),
        ("Riverside,Council,public,,,member,en", "line 2: the name is empty"),
        ("Riverside,Council,public,,\u202e\u200b,member,en", "line 2: the name is empty"),
        (f"Riverside,{'x' * 101},public,,Ada,member,en", "line 2: the organisation is longer than 100"),
        ("Riverside,Council,town,,Ada,member,en", "line 2: the kind is 'town'"),
        ("Riverside,Council,public,,Ada,boss,en", "line 2: the role is 'boss'"),
        ("Riverside,Council,public,,Ada,member,xx", "line 2: the language is 'xx'"),
        ("Riverside", "line 2: the organisation is empty"),
        ("", "there is no person in it"),
    ],
)
def test_each_problem_is_told_with_its_line(line: str, problem: str) -> None:
    with pytest.raises(RosterWrong, match=problem):
        roster.read((HEAD + line + "\n").encode())


def test_all_lines_to_be_mended_are_told_at_once_up_to_twenty() -> None:
    with pytest.raises(RosterWrong) as wrong:
        roster.read((HEAD + "Riverside,,public,,Ada,member,en\n" * 25).encode())

    assert wrong.value.sentence().count("the organisation is empty") == 20
    assert wrong.value.sentence().endswith("; and 5 more.")


@pytest.mark.parametrize(
    "cell", ['"Ada\n\nBo"', '"Ada\tBo"', "Ada\x1eBo", "Ada\u202eBo", "Ada\0Bo", " Ada  Bo "]
)
def test_a_hostile_cell_becomes_one_plain_line(cell: str) -> None:
    people = roster.read((HEAD + f"Riverside,Council,public,,{cell},member,en\n").encode())

    assert people[0].name == "Ada Bo"


def test_joined_letters_stay_joined() -> None:
    name = "\u0646\u0627\u0645\u200c\u0647\u0627"

    people = roster.read((HEAD + f"Riverside,Council,public,,{name},member,en,,,\n").encode())

    assert people[0].name == name


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
        (roster.WEEKLY, date(2026, 11, 3), "pulse")
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

    assert [one.replaced for one in again] == [0]
    assert await usable(database, invited) == [True, True]


@pytest.mark.parametrize(
    ("lines", "changes", "refusal"),
    [
        ("Riverside,Council,funder,,Ada,member,en", {}, RosterWrong),
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
