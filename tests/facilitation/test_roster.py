"""A roster is read, or says line by line what has to be mended; and waits for its sender's yes."""

from datetime import timedelta

import pytest
from sqlmodel import select

from facilitation import invites, roster
from facilitation.refusals import Refusal
from facilitation.roster import (
    Problem,
    RosterElsewhere,
    RosterEmpty,
    RosterGone,
    RosterLacksColumn,
    RosterNoTable,
    RosterNoText,
    RosterOfSeveral,
    RosterTooLong,
    RosterUnclear,
    RosterWithoutPeople,
    RosterWrong,
)
from storage.database import Database
from storage.members import Roster
from tests.cast import MONDAY, Cast, seated

HEAD = "partnership,organisation,kind,capacity,name,role,language\n"
GOOD = f"""{HEAD}Riverside,Council,public,600,Ada,member,en
Riverside,Forum,backbone,,Bo,facilitator,
Hillside,Shed,Social Enterprise,,Cy,,EN
"""


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_table_is_read_however_a_spreadsheet_saved_it(delimiter: str, encoding: str, ending: str) -> None:
    content = GOOD.replace(",", delimiter).replace("\n", ending).encode(encoding)

    people = roster.read(content)

    assert [(one.line, one.organisation, one.kind, one.name, one.role, one.language) for one in people] == [
        (2, "Council", "public", "Ada", "member", "en"),
        (3, "Forum", "backbone", "Bo", "facilitator", ""),
        (4, "Shed", "social_enterprise", "Cy", "member", "en"),
    ]


def test_columns_may_stand_in_any_order_and_case_and_some_may_lack() -> None:
    people = roster.read(
        b"ROLE, Name ,kind,Organisation,PARTNERSHIP,extra\nmember,Ada,public,Council,Riverside,x\n"
    )

    assert (people[0].name, people[0].capacity, people[0].language) == ("Ada", "", "")


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (b"", RosterEmpty),
        (b" \n\n", RosterEmpty),
        (b"name,role\nAda,member\n", RosterLacksColumn),
        (HEAD.replace(",kind", "").encode(), RosterLacksColumn),
        (b"PK\x03\x04 no table", RosterLacksColumn),
        (b"\xff\xfe\x00", RosterNoText),
        ("Zoë".encode("cp1252"), RosterNoText),
        (HEAD.encode() + b'"' + b"x" * 200_000 + b'",a,b\n', RosterNoTable),
        (HEAD.encode(), RosterWithoutPeople),
        (HEAD.encode() + b",,,,,,\n\n", RosterWithoutPeople),
        (HEAD.encode() + b"Riverside,Council,public,,Ada,,\n" * 1001, RosterTooLong),
    ],
)
def test_what_is_no_roster_says_so_and_what_to_do(content: bytes, refusal: type[Refusal]) -> None:
    with pytest.raises(refusal, match="Nothing was stored"):
        roster.read(content)


def test_the_column_that_lacks_is_named_with_all_there_are() -> None:
    with pytest.raises(
        RosterLacksColumn, match=r"lacks the column kind\. It names the columns: partnership, "
    ):
        roster.read(HEAD.replace(",kind", "").encode())


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (",Council,public,,Ada,member,en", ("empty", "partnership", "")),
        ("Riverside,  ,public,,Ada,member,en", ("empty", "organisation", "")),
        ("Riverside,Council,public,,,member,en", ("empty", "name", "")),
        ("Riverside,Council,public,,\u202e\u200b,member,en", ("empty", "name", "")),
        ("Riverside,Council,public,,\u200c,member,en", ("empty", "name", "")),
        (f"Riverside,{'x' * 101},public,,Ada,member,en", ("long", "organisation", "x" * 101)),
        ("Riverside,Council,public,soon,Ada,member,en", ("capacity", "capacity", "soon")),
        ("Riverside,Council,public,-5,Ada,member,en", ("capacity", "capacity", "-5")),
        ("Riverside,Council,town,,Ada,member,en", ("kind", "kind", "town")),
        ("Riverside,Council,public,,Ada,boss,en", ("role", "role", "boss")),
        ("Riverside,Council,public,,Ada,member,xx", ("language", "language", "xx")),
        ("Riverside", ("empty", "organisation", "")),
    ],
)
def test_each_problem_is_told_with_its_line(line: str, problem: tuple[str, str, str]) -> None:
    with pytest.raises(RosterWrong) as wrong:
        roster.read((HEAD + line + "\n").encode())

    assert [(one.line, one.what, one.column, one.found) for one in wrong.value.problems] == [(2, *problem)]


def test_all_lines_to_be_mended_are_told_at_once() -> None:
    good, bad = "Riverside,Council,public,,Ada,member,en\n", "Riverside,,public,,Ada,member,en\n"

    with pytest.raises(RosterWrong) as wrong:
        roster.read((HEAD + bad + good + bad * 24).encode())

    assert [one.line for one in wrong.value.problems] == [2, *range(4, 28)]


def test_only_languages_that_may_be_chosen_are_taken() -> None:
    content = (HEAD + "Riverside,Council,public,,Ada,member,CY\n").encode()

    [person] = roster.read(content, ("en", "cy"))

    assert person.language == "cy"
    with pytest.raises(RosterWrong) as wrong:
        roster.read(content)
    assert wrong.value.problems == (Problem(2, "language", "language", "cy", "en"),)


@pytest.mark.parametrize(
    ("cell", "shown"),
    [("=1+1", "'=1+1"), ("+44", "'+44"), ("-1", "'-1"), ("@a", "'@a"), ("\t=1", "'\t=1"), ("Ada=1", "Ada=1")],
)
def test_no_cell_we_write_is_taken_for_a_formula(cell: str, shown: str) -> None:
    assert roster.inert(cell) == shown


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


# A file sent to Parley waits for its sender's yes.


def people_of(partnership: str) -> list[roster.Person]:
    return roster.read((HEAD + f"{partnership},Council,public,,Ada,member,en\n").encode())


async def test_a_file_is_only_for_a_partnership_its_sender_facilitates(
    database: Database, cast: Cast
) -> None:
    other = await seated(database, first_account=3000, name="Hillside")
    async with database.reading() as session:
        found = await roster.meant(session, people_of("riverside"), account=cast.facilitator)
        for account, name in (
            (cast.members[0], "Riverside"),
            (cast.facilitator, "Hillside"),
            (cast.facilitator, "Nowhere"),
            (77, "Riverside"),
        ):
            with pytest.raises(RosterElsewhere):
                await roster.meant(session, people_of(name), account=account)
        both = people_of("Riverside") + people_of("Hillside")
        with pytest.raises(RosterOfSeveral):
            await roster.meant(session, both, account=other.facilitator)

    assert found.id == cast.partnership.id


async def test_of_two_partnerships_of_one_name_none_is_guessed(database: Database, cast: Cast) -> None:
    twin = await seated(database, first_account=3000)
    async with database.writing() as session:
        forum = twin.organisations["forum"]
        invite, _ = invites.make(forum, role="facilitator", name="", language="en", now=MONDAY)
        session.add(invite)
        await session.flush()
        await invites.join(session, invite, account=cast.facilitator, language="en", now=MONDAY)

        with pytest.raises(RosterUnclear):
            await roster.meant(session, people_of("Riverside"), account=cast.facilitator)


async def test_a_file_is_taken_up_once_by_its_sender_within_a_day(database: Database, cast: Cast) -> None:
    people = people_of("Riverside")
    async with database.writing() as session:
        kept = await roster.put_by(session, people, cast.partnership, account=cast.facilitator, now=MONDAY)
    for account, later in ((cast.members[0], timedelta()), (cast.facilitator, timedelta(days=1))):
        async with database.writing() as session:
            with pytest.raises(RosterGone):
                await roster.taken_up(session, kept.id, account=account, now=MONDAY + later)

    async with database.writing() as session:
        partnership, found = await roster.taken_up(
            session, kept.id, account=cast.facilitator, now=MONDAY + timedelta(hours=23)
        )

    assert (partnership.id, found) == (cast.partnership.id, people)
    async with database.writing() as session:
        with pytest.raises(RosterGone):
            await roster.taken_up(session, kept.id, account=cast.facilitator, now=MONDAY)


async def test_a_newer_file_takes_the_place_of_the_one_before(database: Database, cast: Cast) -> None:
    kept = []
    for _ in range(2):
        async with database.writing() as session:
            people = people_of("Riverside")
            kept.append(
                await roster.put_by(session, people, cast.partnership, account=cast.facilitator, now=MONDAY)
            )

    async with database.writing() as session:
        assert await session.get(Roster, kept[0].id) is None or kept[0].id == kept[1].id
        assert len((await session.exec(select(Roster))).all()) == 1


async def test_a_file_nobody_said_yes_to_is_forgotten_after_a_day(database: Database, cast: Cast) -> None:
    async with database.writing() as session:
        await roster.put_by(
            session, people_of("Riverside"), cast.partnership, account=cast.facilitator, now=MONDAY
        )

    async with database.writing() as session:
        early = await roster.drop_old(session, now=MONDAY + timedelta(hours=23))
        late = await roster.drop_old(session, now=MONDAY + timedelta(days=1))

    assert (early, late) == (0, 1)
