"""A roster sent as a file: looked at first, taken in by its sender's yes, and its links shown once."""

import csv
import io
from datetime import timedelta

import pytest
from sqlmodel import select

from dialogs.events import Filed, Reply, Setting
from facilitation import invites, organisations, roster
from storage.database import Database
from storage.members import Invite, Roster
from storage.partnerships import Organisation, Partnership
from tests.cast import Cast, seated
from tests.dialogs.phone import Phone, card, data, text

BOT = Setting(bot="riverside_parley_bot", unreviewed=("cy",))
HEAD = "partnership,organisation,kind,capacity,name,role,language\n"
GOOD = f"""{HEAD}Riverside,Council,public,,Person 1000,member,en
Riverside,Council,public,,=Ada,member,en
Riverside,Shed,social enterprise,60,Bo,,
Riverside,Forum,backbone,,Cy,facilitator,
"""


@pytest.fixture
def facilitator(database: Database, cast: Cast) -> Phone:
    return Phone(database, cast.facilitator, setting=BOT)


async def send(phone: Phone, content: str | bytes | None, *, name: str = "roster.csv") -> Reply:
    body = content.encode() if isinstance(content, str) else content
    (reply,) = await phone.does(Filed(**phone.moment(), file_name=name, content=body, message=5))
    return reply


async def counted(database: Database) -> tuple[int, int, int]:
    """How many organisations, invites and waiting files there are."""
    async with database.reading() as session:
        return (
            len((await session.exec(select(Organisation))).all()),
            len((await session.exec(select(Invite))).all()),
            len((await session.exec(select(Roster))).all()),
        )


async def test_a_file_is_previewed_and_nothing_of_it_is_stored_yet(
    database: Database, facilitator: Phone
) -> None:
    before = await counted(database)

    reply = await send(facilitator, GOOD)

    assert "The file has 3 organisations. It names 4 people." in text(reply)
    assert "New here: Shed" in text(reply)
    assert "3 people get a new link" in text(reply)
    assert "1 person is here already" in text(reply)
    assert "Nothing is stored yet" in text(reply)
    assert await counted(database) == (before[0], before[1], 1)


async def test_its_sender_s_yes_takes_it_in_and_shows_the_links_once(
    database: Database, facilitator: Phone, cast: Cast
) -> None:
    preview = await send(facilitator, GOOD)

    taken = await facilitator.tap(data(preview, "Take it in"), message=9)
    again = await facilitator.tap(data(preview, "Take it in"), message=9)

    enclosed = card(taken).enclosed
    assert enclosed is not None
    rows = list(csv.reader(io.StringIO(enclosed.content.decode("utf-8-sig"))))
    assert [row[:3] for row in rows] == [
        ["organisation", "name", "role"],
        ["Council", "'=Ada", "member"],
        ["Shed", "Bo", "member"],
        ["Forum", "Cy", "facilitator"],
    ]
    assert text(taken).startswith("3 links for Riverside")
    assert taken.settled is not None
    assert taken.settled[0] == 9
    assert again.notice == roster.RosterGone.template()
    async with database.reading() as session:
        for row in rows[1:]:
            invite = await invites.by_secret(session, row[3].partition("?start=")[2])
            assert invite.partnership_id == cast.partnership.id
        found = await organisations.of(session, cast.partnership.id)
    assert [(one.name, one.kind, one.capacity) for one in found][-1] == ("Shed", "social_enterprise", 60)
    assert (await counted(database))[2] == 0


async def test_the_yes_may_come_after_a_restart_but_not_after_a_day(
    database: Database, facilitator: Phone, cast: Cast
) -> None:
    preview = await send(facilitator, GOOD)
    later = Phone(database, cast.facilitator, setting=BOT, now=facilitator.now + timedelta(days=1))

    too_late = await later.tap(data(preview, "Take it in"))
    restarted = Phone(database, cast.facilitator, setting=BOT)
    taken = await restarted.tap(data(preview, "Take it in"))

    assert too_late.notice == roster.RosterGone.template()
    assert text(taken).startswith("3 links")


async def test_a_no_forgets_the_file(database: Database, facilitator: Phone) -> None:
    before = await counted(database)
    preview = await send(facilitator, GOOD)

    reply = await facilitator.tap(data(preview, "No"))
    late = await facilitator.tap(data(preview, "Take it in"))

    assert text(reply).startswith("Organisations and people")
    assert late.alert
    assert await counted(database) == before


async def test_a_file_sent_again_says_what_its_new_links_replace(facilitator: Phone) -> None:
    await facilitator.tap(data(await send(facilitator, GOOD), "Take it in"))

    preview = await send(facilitator, GOOD)
    taken = await facilitator.tap(data(preview, "Take it in"))

    assert "3 earlier links that nobody used stop working" in text(preview)
    assert "New here" not in text(preview)
    assert "3 earlier links that nobody used have stopped working." in text(taken)


async def test_a_file_of_people_who_are_all_here_makes_no_links(facilitator: Phone) -> None:
    preview = await send(facilitator, HEAD + "Riverside,Council,public,,Person 1000,member,\n")
    taken = await facilitator.tap(data(preview, "Take it in"))

    assert "Nobody needs a link" in text(preview)
    assert (text(taken), card(taken).enclosed) == ("Riverside\nThe file is taken in.", None)


async def test_a_partnership_in_another_zone_and_rhythm_takes_a_file_as_it_is(
    database: Database, facilitator: Phone, cast: Cast
) -> None:
    async with database.writing() as session:
        (await session.get_one(Partnership, cast.partnership.id)).timezone = "Africa/Cairo"

    taken = await facilitator.tap(data(await send(facilitator, GOOD), "Take it in"))

    assert text(taken).startswith("3 links")


async def test_what_changed_between_preview_and_yes_is_told(
    database: Database, facilitator: Phone, cast: Cast
) -> None:
    preview = await send(facilitator, GOOD)
    await facilitator.tap(f"orgadd:{cast.partnership.id}")
    kinds = await facilitator.say("Shed")
    await facilitator.tap(data(kinds, "Funder"))
    before = await counted(database)

    reply = await facilitator.tap(data(preview, "Take it in"))

    assert "Line 4: “Shed” is of kind funder already." in text(reply)
    assert (await counted(database))[:2] == before[:2]


async def test_every_line_that_needs_mending_is_told_with_what_to_do(facilitator: Phone) -> None:
    lines = ",Council,public,,Ada,,\nRiverside,Council,town,soon,Bo,boss,xx\nRiverside,A,town,,Bo,,\n"

    reply = await send(facilitator, HEAD + lines)

    assert "3 lines of this file need mending. Nothing was stored." in text(reply)
    assert "Line 2: the partnership is empty. Please fill it in." in text(reply)
    assert "Line 3: the capacity is “soon”. Write minutes a month, like 60, or nothing." in text(reply)
    assert "Line 4: the kind is “town”. Use one of the kinds below." in text(reply)
    assert "The kinds: public, funder, anchor," in text(reply)


async def test_after_twenty_lines_the_rest_is_counted(facilitator: Phone) -> None:
    reply = await send(facilitator, HEAD + "Riverside,,public,,Ada,,\n" * 25)

    assert text(reply).count("the organisation is empty") == 20
    assert "And 5 more lines." in text(reply)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, roster.FileTooLarge),
        (b"", roster.RosterEmpty),
        (b"PK\x03\x04\xff\xfe", roster.RosterNoText),
        (b"name,age\nAda,3\n", None),
        (HEAD + "Riverside,A,public,,Ada,,\nHillside,A,public,,Bo,,\n", roster.RosterOfSeveral),
    ],
)
async def test_a_file_that_is_no_roster_gets_a_kind_sentence_and_changes_nothing(
    database: Database, facilitator: Phone, content: str | bytes | None, said: type | None
) -> None:
    before = await counted(database)

    reply = await send(facilitator, content)

    expected = said.template() if said else "The first line lacks the column partnership."  # type: ignore[attr-defined]  # a Refusal
    assert text(reply).startswith(expected)
    assert await counted(database) == before


async def test_a_welsh_speaker_may_be_named_only_where_welsh_is_offered(
    database: Database, cast: Cast
) -> None:
    line = HEAD + "Riverside,Council,public,,Ada,,cy\n"
    without = Phone(database, cast.facilitator, setting=Setting(bot="b"))

    refused = await send(without, line)

    assert "the language is “cy”. Write one of these, or nothing: en" in text(refused)


# Who may.


async def test_a_file_makes_no_new_partnership_and_reaches_no_other(
    database: Database, facilitator: Phone
) -> None:
    await seated(database, first_account=3000, name="Hillside")
    before = await counted(database)

    other = await send(facilitator, GOOD.replace("Riverside", "Hillside"))
    new = await send(facilitator, GOOD.replace("Riverside", "Nowhere"))

    assert text(other).replace("Hillside", "Nowhere") == text(new)
    assert text(new).startswith("You facilitate no partnership called Nowhere.")
    assert await counted(database) == before


@pytest.mark.parametrize("who", ["member", "stranger"])
async def test_whoever_facilitates_nothing_is_told_what_files_are_for(
    database: Database, cast: Cast, who: str
) -> None:
    account = cast.members[0] if who == "member" else 77
    before = await counted(database)

    reply = await send(Phone(database, account, setting=BOT), GOOD)

    assert "this one was not kept" in text(reply)
    assert await counted(database) == before


async def test_nobody_else_s_yes_or_no_counts(database: Database, facilitator: Phone, cast: Cast) -> None:
    other = await seated(database, first_account=3000, name="Hillside")
    preview = await send(facilitator, GOOD)
    before = await counted(database)

    for account in (cast.members[0], other.facilitator, 77):
        for label in ("Take it in", "No"):
            reply = await Phone(database, account, setting=BOT).tap(data(preview, label))
            assert (reply.card, reply.alert) == (None, True)

    assert await counted(database) == before


async def test_without_the_bot_s_name_the_file_waits_on(database: Database, cast: Cast) -> None:
    phone = Phone(database, cast.facilitator)
    preview = await send(phone, GOOD)

    reply = await phone.tap(data(preview, "Take it in"))

    assert reply.notice == invites.LinksNotReady.template()
    assert (await counted(database))[2] == 1


async def test_what_a_roster_looks_like_is_told_before_one_is_made(facilitator: Phone, cast: Cast) -> None:
    reply = await facilitator.tap(f"roster:{cast.partnership.id}", message=9)

    assert reply.over == 9
    assert "partnership, organisation, kind, capacity, name, role, language" in text(reply)
    assert "partnership: Riverside, on every line" in text(reply)
    assert "Nothing happens until you agree." in text(reply)
    assert data(reply, "Back to the list") == f"orgs:{cast.partnership.id}"
    assert (await Phone(facilitator.database, 77).tap(f"roster:{cast.partnership.id}")).alert
