"""A partnership's settings: each is changed in place, by its facilitators alone. And /cancel."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from dialogs.events import Setting
from facilitation import planning, rounds, ways, zones
from storage.database import Database
from storage.members import Seat
from storage.partnerships import Organisation, Partnership
from storage.rounds import Awaited, Round
from tests.cast import MONDAY, OPENS, Cast, seated
from tests.dialogs.phone import Phone, data, labels, text
from tests.facilitation.turning import all_rounds

SETTING = Setting(operator="Riverside Forum", bot="parley_bot", unreviewed=("cy", "xx"))


@pytest.fixture
def facilitator(database: Database, cast: Cast) -> Phone:
    return Phone(database, cast.facilitator, now=MONDAY, setting=SETTING)


async def awaited(phone: Phone) -> str:
    async with phone.database.reading() as session:
        row = await session.get(Awaited, phone.account)
        return row.kind if row else ""


async def kept(database: Database, cast: Cast) -> Partnership:
    async with database.reading() as session:
        return await session.get_one(Partnership, cast.partnership.id)


async def test_an_organisation_called_like_its_partnership_is_renamed_with_it(
    database: Database, cast: Cast, facilitator: Phone
) -> None:
    async with database.writing() as session:
        forum = await session.get_one(Organisation, cast.organisations["forum"].id)
        forum.name = cast.partnership.name
        session.add(forum)
    await facilitator.tap(f"way_name:{cast.partnership.id}")

    await facilitator.say("Riverside Together")
    home = await facilitator.say("/start")

    assert text(home).startswith("Riverside Together\nYou facilitate here.")


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


async def test_a_name_is_taken_too_where_the_card_that_asked_is_out_of_reach(
    database: Database, cast: Cast, facilitator: Phone
) -> None:
    await facilitator.tap(f"way_name:{cast.partnership.id}", message=None)

    menu = await facilitator.say("Riverbank")

    assert text(menu).startswith("Riverbank")
    assert menu.settled is None


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

    assert "does nothing here" in forged.notice
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
    assert "does nothing here" in forged.notice
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
            assert "does nothing here" in (await phone.tap(f"{kind}:{cast.partnership.id}")).notice
        for kind in TWO:
            number = {"way_zone_to": zones.number("Europe/Athens"), "way_lang_to": 25977}.get(kind, 9)
            assert "does nothing here" in (await phone.tap(f"{kind}:{cast.partnership.id}:{number}")).notice

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
