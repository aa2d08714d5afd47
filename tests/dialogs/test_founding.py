"""A facilitator founds a partnership from a link, sets it up, and hands it over."""

from typing import Any

import pytest
from sqlmodel import select

from dialogs import founding as door
from dialogs import languages
from dialogs.events import Reply, Setting
from facilitation import founding, invites
from facilitation.invites import InviteUnknown
from storage.database import Database
from storage.members import Founding
from storage.partnerships import Organisation, Partnership
from storage.rounds import Awaited
from tests.cast import MONDAY, OPENS, Cast, member_of, seat_of
from tests.dialogs.phone import Phone, card, data, labels, text

FOUNDER = 77
SETTING = Setting(operator="Riverside Forum", bot="parley_bot", unreviewed=("cy", "xx"))


async def link(database: Database, **changes: Any) -> str:  # noqa: ANN401 - any column
    async with database.writing() as session:
        made, secret = founding.make(now=MONDAY)
        for name, value in changes.items():
            setattr(made, name, value)
        session.add(made)
        return secret


@pytest.fixture
def founder(database: Database) -> Phone:
    return Phone(database, FOUNDER, now=MONDAY, setting=SETTING)


async def founded(founder: Phone, *, name: str = "Hillside", server: str = "No") -> Reply:
    offered = await founder.say(f"/start {await link(founder.database)}")
    await founder.tap(data(offered, server))
    return await founder.say(name)


async def the(database: Database, name: str = "Hillside") -> Partnership:
    async with database.reading() as session:
        return (await session.exec(select(Partnership).where(Partnership.name == name))).one()


async def backbone_of(database: Database, partnership: Partnership) -> str:
    async with database.reading() as session:
        wanted = select(Organisation.name).where(Organisation.partnership_id == partnership.id)
        return (await session.exec(wanted)).one()


async def awaited(phone: Phone) -> str:
    async with phone.database.reading() as session:
        row = await session.get(Awaited, phone.account)
        return row.kind if row else ""


# Founding.


async def test_a_link_two_answers_and_two_names_found_a_partnership(
    database: Database, founder: Phone
) -> None:
    offered = await founder.say(f"/start {await link(database)}")
    asked = await founder.tap(data(offered, "Yes, I run it"))
    named = await founder.say("  Hillside\nPartnership ")
    partners = await founder.say("Hillside Forum")

    made = await the(database, "Hillside Partnership")
    assert "a facilitator has no vote of their own" in text(offered)
    assert "You are not shown who said what." in text(offered)
    assert "whoever runs this server, can technically see" in text(offered)
    assert "This server is run by Riverside Forum." in text(offered)
    assert "the facilitator also runs the server" in text(asked)
    assert "With its name you found it, and agree to all this." in text(asked)
    assert "Hillside Partnership is founded, and you facilitate it." in text(named)
    assert "Which organisation do you work for?" in text(named)
    assert "/setup" in [name for name, _ in named.commands]
    assert named.settled is not None
    assert (named.settled[0], named.settled[1].rows) == (1, ())
    assert "Which organisations work together in Hillside Partnership?" in text(partners)
    assert await awaited(founder) == "organisation_add"
    assert (made.timezone, made.language, made.facilitator_runs_server) == ("Europe/London", "en", True)
    assert await backbone_of(database, made) == "Hillside Forum"


async def test_the_founder_facilitates_and_their_consent_is_kept(database: Database, founder: Phone) -> None:
    await founded(founder)

    seat = await seat_of(database, FOUNDER)
    home = await founder.say("/start")
    assert (seat.role, seat.consent_version, seat.consented_at) == ("facilitator", invites.CONSENT, MONDAY)
    assert "You facilitate here." in text(home)


async def test_without_another_name_the_backbone_is_called_as_the_partnership(
    database: Database, founder: Phone
) -> None:
    named = await founded(founder)

    menu = await founder.tap(data(named, "Leave it out for now"))

    assert "Next: the partner organisations." in text(menu)
    assert await backbone_of(database, await the(database)) == "Hillside"
    assert await awaited(founder) == ""


async def test_who_looks_back_at_the_link_is_not_taken_to_name_it(database: Database, founder: Phone) -> None:
    offered = await founder.say(f"/start {await link(database)}")
    asked = await founder.tap(data(offered, "No"))

    back = await founder.tap(data(asked, "Back"))
    said = await founder.say("Hillside")

    assert "somebody else runs the server" in text(asked)
    assert card(back) == card(offered)
    assert "To take part you need a link" in text(said)
    assert await member_of(database, FOUNDER) is None


async def test_a_name_that_is_no_name_is_asked_for_again(database: Database, founder: Phone) -> None:
    offered = await founder.say(f"/start {await link(database)}")
    await founder.tap(data(offered, "No"))

    empty = await founder.say("\u200d")
    long = await founder.say("x" * 101)
    named = await founder.say("x" * 100)

    assert "A name needs a letter or two." in text(empty)
    assert "100 letters at most" in text(long)
    assert "is founded" in text(named)


async def test_a_link_founds_once(database: Database, founder: Phone) -> None:
    secret = await link(database)
    second = Phone(database, 78, now=MONDAY, setting=SETTING)
    offered = [await phone.say(f"/start {secret}") for phone in (founder, second)]
    for phone, one in zip((founder, second), offered, strict=True):
        await phone.tap(data(one, "No"))

    await founder.say("Hillside")
    late = await second.say("Seaside")
    after = await second.say("Seaside")
    again = await second.say(f"/start {secret}")
    tapped = await second.tap(data(offered[1], "No"))

    assert "This link has been used." in text(late)
    assert "To take part you need a link" in text(after)
    assert "This link has been used." in text(again)
    assert "This link has been used." in tapped.notice
    async with database.reading() as session:
        assert len((await session.exec(select(Partnership))).all()) == 1


async def test_who_has_founded_comes_back_to_the_menu_by_the_same_link(
    database: Database, founder: Phone
) -> None:
    secret = await link(database)
    offered = await founder.say(f"/start {secret}")
    await founder.tap(data(offered, "No"))
    await founder.say("Hillside")

    again = await founder.say(f"/start {secret}")

    assert text(again).startswith("Hillside")
    assert "Next: the partner organisations." in text(again)


async def test_a_link_of_last_week_is_too_old(database: Database, founder: Phone) -> None:
    secret = await link(database)
    founder.now = MONDAY + founding.LASTS

    reply = await founder.say(f"/start {secret}")

    assert "This link is too old to be used" in text(reply)


async def test_only_the_hash_of_a_founding_link_is_kept(database: Database) -> None:
    secret = await link(database)

    async with database.reading() as session:
        kept = (await session.exec(select(Founding))).one()
    assert secret not in repr(kept)
    assert len(secret) == 32
    assert kept.secret_hash == invites.hashed(secret)


async def test_a_link_nobody_made_founds_nothing(database: Database, founder: Phone) -> None:
    guessed = await founder.say("/start " + "x" * 32)

    assert "This link does not open anything here." in text(guessed)
    async with database.reading() as session:
        assert not await door.is_ours(session, "x" * 32)
        with pytest.raises(InviteUnknown):
            await door.offered(session, await founder.heard("/start x"), SETTING, "x")


async def test_strangers_cannot_found(database: Database, founder: Phone) -> None:
    await link(database)
    async with database.reading() as session:
        kept = (await session.exec(select(Founding))).one()

    forged = [await founder.tap(f"fnd:{kept.id}:1:{print_}") for print_ in (0, 1, 2**90)]
    forged += [await founder.tap(f"fnd_look:{kept.id}:5"), await founder.tap("fnd:99:1:5")]
    setup = await founder.say("/setup")

    assert all("does nothing here any more" in one.notice for one in forged)
    assert "for the facilitators of a partnership" in text(setup)
    assert await awaited(founder) == ""


async def test_a_founder_is_spoken_to_in_their_language_where_it_is_offered(
    database: Database, founder: Phone
) -> None:
    founder.language = "cy-GB"

    await founded(founder)

    assert (await the(database)).language == "cy"


def test_only_languages_with_sentences_are_offered() -> None:
    assert languages.offered(SETTING) == (("en", "English"), ("cy", "Cymraeg"))
    assert languages.offered(Setting()) == (("en", "English"),)
    assert languages.chosen(Setting(), "cy") == "en"
    assert languages.own_name("no such") == "no such"


async def test_whoever_sits_elsewhere_can_found_too(database: Database, cast: Cast) -> None:
    member = Phone(database, cast.members[0], now=OPENS, setting=SETTING)

    await founded(member)
    menu = await member.say("/setup")

    assert text(menu).startswith("Hillside")


# The menu.


async def test_the_menu_leads_from_nothing_to_the_first_round(database: Database, founder: Phone) -> None:
    await founded(founder)
    asked = await founder.say("Hillside Forum")
    empty = await founder.tap(data(asked, "Later: to the menu"))
    made = await the(database)
    async with database.writing() as session:
        partner = Organisation(partnership_id=made.id, name="Council", kind="public")
        session.add(partner)

    partnered = await founder.say("/setup")
    await founder.tap(data(partnered, "Next: what to do in danger"))
    safe = await founder.say("call 999")
    async with database.writing() as session:
        invite, _ = invites.make(partner, role="member", name="", language="en", now=MONDAY)
        session.add(invite)
    let_in = await founder.say("/setup")
    await founder.tap(f"planask:{made.id}:0")
    drafted = await founder.say("/setup")

    assert "○ Partners: none yet" in text(empty)
    assert data(empty, "Next: name the partners") == f"orgadd:{made.id}"
    assert "✓ Partners: 1 organisation · nobody has joined yet" in text(partnered)
    assert "Next: what to do if someone is in danger." in text(partnered)
    assert "✓ In danger: call 999" in text(safe)
    assert "Next: the links that let people in." in text(safe)
    assert "Next: the first check-in." in text(let_in)
    assert data(let_in, "Next: the first check-in") == f"plannew:{made.id}"
    assert data(drafted, "Next: the first check-in") == f"plans:{made.id}"


async def test_the_menu_of_a_partnership_under_way(database: Database, cast: Cast) -> None:
    await change(database, cast, danger="call 999")
    facilitator = Phone(database, cast.facilitator, now=MONDAY, setting=SETTING)

    menu = await facilitator.say("/setup")

    assert "All is set. The next round opens Tuesday 10:00, on 3 November." in text(menu)
    assert "✓ Clock: Europe/London, 9:00 there now" in text(menu)
    assert "✓ Partners: 5 organisations · 15 people have joined" in text(menu)
    assert "✓ Check-ins: a time is set" in text(menu)
    assert not any("Next" in label for row in labels(menu) for label in row)
    for kind in ("orgs", "plans", "status", "owed", "ways", "grp", "fac"):
        assert f"{kind}:{cast.partnership.id}" in [one.data for row in card(menu).rows for one in row]


async def change(database: Database, cast: Cast, **changes: Any) -> None:  # noqa: ANN401 - any column
    async with database.writing() as session:
        partnership = await session.get_one(Partnership, cast.partnership.id)
        for name, value in changes.items():
            setattr(partnership, name, value)


async def test_who_facilitates_several_says_which(database: Database, cast: Cast) -> None:
    facilitator = Phone(database, cast.facilitator, now=MONDAY, setting=SETTING)
    await founded(facilitator)

    which = await facilitator.say("/setup")
    menu = await facilitator.tap(data(which, "Riverside"))

    assert labels(which) == [["Riverside"], ["Hillside"]]
    assert text(menu).startswith("Riverside")
    assert menu.over == 1
