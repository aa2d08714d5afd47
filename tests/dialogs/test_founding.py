"""A facilitator founds a partnership from a link, sets it up, and hands it over."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from dialogs import languages
from dialogs.events import Reply, Setting
from facilitation import founding, invites, planning, rounds, ways, zones
from storage.database import Database
from storage.members import Founding, Seat
from storage.partnerships import Organisation, Partnership
from storage.rounds import Awaited, Round
from tests.cast import MONDAY, OPENS, Cast, member_of, seat_of, seated
from tests.dialogs.phone import Phone, card, data, labels, text
from tests.facilitation.turning import all_rounds

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
    menu = await founder.say("Hillside Forum")

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
    assert "Next: the partner organisations." in text(menu)
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


async def test_strangers_cannot_found(database: Database, founder: Phone) -> None:
    await link(database)
    async with database.reading() as session:
        kept = (await session.exec(select(Founding))).one()

    forged = [await founder.tap(f"fnd:{kept.id}:1:{print_}") for print_ in (0, 1, 2**90)]
    forged += [await founder.tap(f"fnd_look:{kept.id}:5"), await founder.tap("fnd:99:1:5")]
    setup = await founder.say("/setup")

    assert all("does not belong to anything of yours" in one.notice for one in forged)
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
    empty = await founder.say("Hillside Forum")
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

    assert "○ Partners: none yet" in text(empty)
    assert data(empty, "Next: name the partners") == f"orgs:{made.id}"
    assert "✓ Partners: 1 organisation · 0 people have joined" in text(partnered)
    assert "Next: what to do if someone is in danger." in text(partnered)
    assert "✓ In danger: call 999" in text(safe)
    assert "Next: the links that let people in." in text(safe)
    assert "Next: the first check-in." in text(let_in)
    assert data(let_in, "Next: the first check-in") == f"plans:{made.id}"


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


# Settings.


@pytest.fixture
def facilitator(database: Database, cast: Cast) -> Phone:
    return Phone(database, cast.facilitator, now=MONDAY, setting=SETTING)


async def kept(database: Database, cast: Cast) -> Partnership:
    async with database.reading() as session:
        return await session.get_one(Partnership, cast.partnership.id)


async def test_a_partnership_is_renamed_in_place(database: Database, cast: Cast, facilitator: Phone) -> None:
    settings = await facilitator.tap(f"ways:{cast.partnership.id}")
    asked = await facilitator.tap(data(settings, "Name"))
    menu = await facilitator.say("Riverbank")

    assert "Name: Riverside" in text(settings)
    assert "is called Riverside" in text(asked)
    assert text(menu).startswith("Riverbank")
    assert menu.settled is not None
    assert (menu.settled[0], menu.settled[1].rows) == (1, ())
    assert (await kept(database, cast)).name == "Riverbank"


async def test_going_back_forgets_what_was_awaited(
    database: Database, cast: Cast, facilitator: Phone
) -> None:
    asked = await facilitator.tap(f"way_name:{cast.partnership.id}")

    await facilitator.tap(data(asked, "Back"))
    said = await facilitator.say("Riverbank")

    assert "Riverside" in text(said)
    assert (await kept(database, cast)).name == "Riverside"


async def test_a_new_clock_moves_the_rounds_to_come_and_no_open_one(
    database: Database, cast: Cast, facilitator: Phone
) -> None:
    async with database.writing() as session:
        await planning.plan(session, cast.schedule.id, now=MONDAY)
        first = (await all_rounds_in(session))[0].id
    await open_round(database, first)
    before = await all_rounds(database)

    asked = await facilitator.tap(f"way_zone:{cast.partnership.id}")
    settings = await facilitator.tap(data(asked, "Athens"))

    after = await all_rounds(database)
    assert "Clock: Europe/Athens, 11:00 there now" in text(settings)
    assert after[0].opens_at == before[0].opens_at
    assert after[1].opens_at == before[1].opens_at - timedelta(hours=2)


async def all_rounds_in(session: Any) -> list[Round]:  # noqa: ANN401 - a session
    return list((await session.exec(select(Round).order_by(col(Round.opens_at)))).all())


async def open_round(database: Database, round_id: int) -> None:
    async with database.writing() as session:
        assert await rounds.open_(session, round_id, now=OPENS)


@pytest.mark.parametrize(("typed", "zone"), [("cairo", "Africa/Cairo"), ("New York", "America/New_York")])
async def test_a_city_that_is_written_sets_the_clock(
    database: Database, cast: Cast, facilitator: Phone, typed: str, zone: str
) -> None:
    await facilitator.tap(f"way_zone:{cast.partnership.id}")

    menu = await facilitator.say(typed)

    assert f"Clock: {zone.replace('_', ' ')}" in text(menu)
    assert (await kept(database, cast)).timezone == zone


async def test_where_several_clocks_fit_they_are_offered(
    database: Database, cast: Cast, facilitator: Phone
) -> None:
    await facilitator.tap(f"way_zone:{cast.partnership.id}")

    unknown = await facilitator.say("Atlantis on sea")
    several = await facilitator.say("portugal")
    await facilitator.tap(data(several, "Atlantic/Azores"))

    assert "I do not know that place." in text(unknown)
    assert ["Europe/Lisbon"] in labels(several)
    assert (await kept(database, cast)).timezone == "Atlantic/Azores"
    assert await awaited(facilitator) == ""


async def test_a_clock_nobody_knows_is_refused(database: Database, cast: Cast, facilitator: Phone) -> None:
    forged = await facilitator.tap(f"way_zone_to:{cast.partnership.id}:5")

    assert "does not belong" in forged.notice
    async with database.writing() as session:
        with pytest.raises(zones.ZoneUnknown):
            await ways.live_by(session, await session.get_one(Partnership, 1), "Mars/Base", now=MONDAY)


async def test_a_language_is_chosen_among_those_on_offer(
    database: Database, cast: Cast, facilitator: Phone
) -> None:
    settings = await facilitator.tap(f"ways:{cast.partnership.id}")
    offered = await facilitator.tap(data(settings, "Language"))
    chosen = await facilitator.tap(data(offered, "Cymraeg"))
    forged = await facilitator.tap(f"way_lang_to:{cast.partnership.id}:7")

    assert labels(offered) == [["English"], ["Cymraeg"], ["Back"]]
    assert "Nobody has reviewed these yet: Cymraeg." in text(offered)
    assert "Cymraeg" in text(chosen)
    assert "does not belong" in forged.notice
    assert (await kept(database, cast)).language == "cy"


async def test_where_there_is_one_language_none_is_asked_for(cast: Cast, facilitator: Phone) -> None:
    facilitator.setting = Setting()

    settings = await facilitator.tap(f"ways:{cast.partnership.id}")

    assert "Language" not in [label for row in labels(settings) for label in row]


async def test_what_to_do_in_danger_is_shown_as_people_will_read_it(
    database: Database, cast: Cast, facilitator: Phone
) -> None:
    usual = await facilitator.tap(f"way_help:{cast.partnership.id}")
    long = await facilitator.say("x" * 301)
    await facilitator.say("call 999, or Asha at the council")
    written = await facilitator.tap(f"way_help:{cast.partnership.id}")
    await facilitator.tap(data(written, "Use the usual sentence again"))

    assert "If someone is in danger, call your local emergency number." in text(usual)
    assert "300 letters at most" in text(long)
    assert "If someone is in danger: call 999, or Asha at the council" in text(written)
    assert (await kept(database, cast)).danger == ""


async def test_the_smallest_group_is_raised_for_good(
    database: Database, cast: Cast, facilitator: Phone
) -> None:
    offered = await facilitator.tap(f"way_k:{cast.partnership.id}")
    sure = await facilitator.tap(data(offered, "6"))
    raised = await facilitator.tap(data(sure, "Raise it to 6"))
    lowered = [
        await facilitator.tap(f"{kind}:{cast.partnership.id}:{people}")
        for kind in ("way_k_sure", "way_k_to")
        for people in (5, 21)
    ]

    assert "4" not in [label for row in labels(offered) for label in row]
    assert "It cannot be lowered again." in text(sure)
    assert "Results show groups of 6 people or more" in text(raised)
    assert all("can be raised, and never lowered" in one.notice for one in lowered)
    assert (await kept(database, cast)).minimum_group == 6


async def test_whether_a_facilitator_runs_the_server_can_change(
    database: Database, cast: Cast, facilitator: Phone
) -> None:
    asked = await facilitator.tap(f"way_host:{cast.partnership.id}")
    settings = await facilitator.tap(data(asked, "Yes"))

    assert "A facilitator also runs the server" in text(settings)
    assert (await kept(database, cast)).facilitator_runs_server


ONE = ("menu", "ways", "way_name", "way_zone", "way_lang", "way_help", "way_k", "way_host")
TWO = ("way_zone_to", "way_lang_to", "way_help_to", "way_k_to", "way_k_sure", "way_host_to")


async def test_nobody_else_touches_a_partnerships_settings(database: Database, cast: Cast) -> None:
    other = await seated(database, first_account=5000, name="Hillside")
    before = await kept(database, cast)

    for account in (cast.members[0], other.facilitator, 99):
        phone = Phone(database, account, now=MONDAY, setting=SETTING)
        for kind in (*ONE, "grp", "grp_off", "fac", "fac_down", "fac_gone"):
            assert "does not belong" in (await phone.tap(f"{kind}:{cast.partnership.id}")).notice
        for kind in TWO:
            number = {"way_zone_to": zones.number("Europe/Athens"), "way_lang_to": 25977}.get(kind, 9)
            assert "does not belong" in (await phone.tap(f"{kind}:{cast.partnership.id}:{number}")).notice

    assert await kept(database, cast) == before


async def test_who_has_left_since_sets_nothing_with_what_they_write(
    database: Database, cast: Cast, facilitator: Phone
) -> None:
    await facilitator.tap(f"way_name:{cast.partnership.id}")
    async with database.writing() as session:
        for seat in (await session.exec(select(Seat).where(Seat.role == "facilitator"))).all():
            seat.left_at = MONDAY

    await facilitator.say("Mine alone")

    assert (await kept(database, cast)).name == "Riverside"
    assert await awaited(facilitator) == ""


# /cancel.


async def test_cancel_forgets_what_is_awaited_and_shows_where_one_is(
    database: Database, cast: Cast, facilitator: Phone
) -> None:
    await facilitator.tap(f"way_name:{cast.partnership.id}")

    cancelled = await facilitator.say("/cancel")
    said = await facilitator.say("Riverbank")

    assert "Good, there is nothing you need to write now." in text(cancelled)
    assert data(cancelled, "Settings") == f"ways:{cast.partnership.id}"
    assert (await kept(database, cast)).name == "Riverside"
    assert "Riverbank" not in text(said)


async def test_cancel_works_for_members_and_strangers_too(database: Database, cast: Cast) -> None:
    member = await Phone(database, cast.members[0], now=MONDAY).say("/cancel")
    stranger = await Phone(database, 99, now=MONDAY).say("/cancel")

    assert "There was nothing to write. This is where you are:" in text(member)
    assert "Riverside · Council" in text(member)
    assert "To take part you need a link" in text(stranger)


# Facilitators.


async def second(database: Database, cast: Cast, *, account: int = 88) -> Phone:
    async with database.writing() as session:
        invite, _ = invites.make(
            cast.organisations["forum"], role="facilitator", name="Fay", language="en", now=MONDAY
        )
        session.add(invite)
        await session.flush()
        await invites.join(session, invite, account=account, language="en", now=MONDAY)
    return Phone(database, account, now=MONDAY, setting=SETTING)


async def test_the_only_facilitator_is_told_to_invite_another_first(cast: Cast, facilitator: Phone) -> None:
    listed = await facilitator.tap(f"fac:{cast.partnership.id}")
    refused = [await facilitator.tap(f"{kind}:{cast.partnership.id}") for kind in ("fac_down", "fac_gone")]

    assert "You are the only one." in text(listed)
    assert labels(listed) == [["Invite another facilitator"], ["Back"]]
    assert data(listed, "Invite another facilitator") == f"inv:{cast.organisations['forum'].id}:1"
    assert all("Invite another facilitator first" in one.notice for one in refused)


async def test_handing_over_is_asked_twice_and_told_to_whoever_goes_on(
    database: Database, cast: Cast, facilitator: Phone
) -> None:
    await second(database, cast)

    listed = await facilitator.tap(f"fac:{cast.partnership.id}")
    sure = await facilitator.tap(data(listed, "Step down"))
    gone = await facilitator.tap(data(sure, "Yes, I step down"))
    again = await facilitator.tap(data(sure, "Yes, I step down"))

    (told,) = gone.posts
    assert "• Fay" in text(listed)
    assert "You get no briefs" in text(sure)
    assert "1 other facilitator is told, and goes on." in text(sure)
    assert "You facilitate Riverside no more." in text(gone)
    assert told.chat == 88
    assert f"Person {cast.facilitator} has stepped down" in told.card.text
    assert "does not belong" in again.notice


async def test_who_cannot_be_reached_does_not_count_as_somebody_to_hand_over_to(
    database: Database, cast: Cast, facilitator: Phone
) -> None:
    fay = await second(database, cast)
    await fay.block()

    refused = await facilitator.tap(f"fac_gone:{cast.partnership.id}")

    assert "Invite another facilitator first" in refused.notice


async def test_two_who_hand_over_to_each_other_leave_one(
    database: Database, cast: Cast, facilitator: Phone
) -> None:
    fay = await second(database, cast)

    first = await facilitator.tap(f"fac_gone:{cast.partnership.id}")
    late = await fay.tap(f"fac_gone:{cast.partnership.id}")

    assert "no more" in text(first)
    assert "Invite another facilitator first" in late.notice
