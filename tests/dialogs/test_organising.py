"""A facilitator adds organisations, says what they are, looks after their people, and removes some."""

import pytest

from dialogs.cards import plain
from dialogs.events import Setting
from facilitation import organisations, partnerships
from storage.database import Database
from storage.members import Seat
from storage.partnerships import Organisation
from storage.rounds import Awaited
from tests.cast import Cast, member_of, seat_of, seated
from tests.dialogs.phone import Phone, data, labels, text

BOT = Setting(bot="riverside_parley_bot")
FEWER = "\N{MINUS SIGN}1 off Telegram"


@pytest.fixture
def facilitator(database: Database, cast: Cast) -> Phone:
    return Phone(database, cast.facilitator, setting=BOT)


async def stored(database: Database, organisation_id: int) -> Organisation:
    async with database.reading() as session:
        return await session.get_one(Organisation, organisation_id)


async def awaited(database: Database, phone: Phone) -> str | None:
    async with database.reading() as session:
        row = await session.get(Awaited, phone.account)
    return row.kind if row else None


def flat(rows: list[list[str]]) -> list[str]:
    return [label for row in rows for label in row]


async def test_the_list_shows_each_organisation_with_its_seats_and_a_way_back(
    facilitator: Phone, cast: Cast
) -> None:
    reply = await facilitator.tap(f"orgs:{cast.partnership.id}", message=9)

    assert reply.over == 9
    assert flat(labels(reply)) == [
        "Council · 5 joined",
        "Health Trust · 4 joined",
        "Family Charity · 2 joined",
        "Youth Centre · 2 joined",
        "Refugee Group · 2 joined",
        "Forum · 1 joined",
        "Add an organisation",
        "Send a roster file",
        "Back to the menu",
    ]
    assert data(reply, "Back to the menu") == f"menu:{cast.partnership.id}"


async def test_a_long_list_goes_page_by_page_and_past_its_end_is_its_end(
    facilitator: Phone, cast: Cast
) -> None:
    await facilitator.tap(f"orgadd:{cast.partnership.id}")
    await facilitator.say("\n".join(f"Shed {number}" for number in range(12)))

    first = await facilitator.tap(f"orgs:{cast.partnership.id}")
    second = await facilitator.tap(data(first, "More →"))
    third = await facilitator.tap(data(second, "More →"))
    beyond = await facilitator.tap(f"orgspage:{cast.partnership.id}:99")

    assert "Page 1 of 3" in text(first)
    assert [len([one for one in flat(labels(page)) if "·" in one]) for page in (first, second, third)] == [
        8,
        8,
        2,
    ]
    assert ["← Earlier", "More →"] in labels(second)
    assert text(beyond) == text(third)


async def test_one_organisation_is_named_then_told_its_kind_then_shown(
    database: Database, facilitator: Phone, cast: Cast
) -> None:
    asks = await facilitator.tap(f"orgadd:{cast.partnership.id}", message=9)
    kind = await facilitator.say("Harbour Housing")
    shown = await facilitator.tap(data(kind, "Anchor"))

    assert "Just write its name." in text(asks)
    assert kind.over is None
    assert kind.settled is not None
    assert kind.settled[0] == 9
    assert "What kind of organisation is Harbour Housing?" in text(kind)
    assert text(shown).startswith("Harbour Housing\nAnchor organisation")
    assert await awaited(database, facilitator) is None


async def test_several_are_told_their_kinds_one_after_the_other_then_the_list_is_shown(
    database: Database, facilitator: Phone, cast: Cast
) -> None:
    await facilitator.tap(f"orgadd:{cast.partnership.id}")
    reply = await facilitator.say("Shed\nMill\nArk")
    asked = []
    for label in ("Funder", "Public body", "Social enterprise"):
        asked.append(text(reply).partition("?")[0])
        reply = await facilitator.tap(data(reply, label))

    assert [one.removeprefix("What kind of organisation is ") for one in asked] == ["Shed", "Mill", "Ark"]
    assert "Ark · nobody yet" in flat(labels(reply))
    async with database.reading() as session:
        found = await organisations.of(session, cast.partnership.id)
    assert [(one.name, one.kind) for one in found][-3:] == [
        ("Shed", "funder"),
        ("Mill", "public"),
        ("Ark", "social_enterprise"),
    ]


async def test_a_name_that_is_taken_is_asked_for_again(
    database: Database, facilitator: Phone, cast: Cast
) -> None:
    await facilitator.tap(f"orgadd:{cast.partnership.id}")

    refused = await facilitator.say("council")
    taken = await facilitator.say("Council of Elders")

    assert text(refused) == (
        "council is here already, so nothing was stored. Please leave that name out, or send another one."
    )
    assert "What kind of organisation is Council of Elders?" in text(taken)


async def test_whoever_goes_back_to_the_list_is_not_waited_for(
    database: Database, facilitator: Phone, cast: Cast
) -> None:
    await facilitator.tap(f"orgadd:{cast.partnership.id}")
    await facilitator.tap(f"orgs:{cast.partnership.id}")

    reply = await facilitator.say("What is the weather like?")

    assert "I did not expect a message here" in text(reply)


async def test_what_an_organisation_can_give_and_does_not_want_is_kept(
    database: Database, facilitator: Phone, cast: Cast
) -> None:
    council = cast.organisations["council"].id
    await facilitator.tap(f"orgtime:{council}")
    tapped = await facilitator.tap(f"orgminutes:{council}:120")
    await facilitator.tap(f"orgtime:{council}")
    unclear = await facilitator.say("an hour")
    typed = await facilitator.say("90")
    await facilitator.tap(f"orgnot:{council}")
    unwanted = await facilitator.say("No evening meetings")

    assert "Time it can give: 120 minutes a month" in text(tapped)
    assert text(unclear).startswith("Please send the minutes a month as a number")
    assert "Time it can give: 90 minutes a month" in text(typed)
    assert "What it does not want: No evening meetings" in text(unwanted)
    asked = await facilitator.tap(f"orgtime:{council}")
    await facilitator.tap(data(asked, "Not said"))
    asked = await facilitator.tap(f"orgnot:{council}")
    await facilitator.tap(data(asked, "Take it out"))
    found = await stored(database, council)
    assert (found.capacity, found.unwanted) == (None, "")


async def test_people_not_on_telegram_are_counted_however_often_one_taps(
    database: Database, facilitator: Phone, cast: Cast
) -> None:
    council = cast.organisations["council"].id
    shown = await facilitator.tap(f"org:{council}")
    more = data(shown, "+1 off Telegram")

    await facilitator.tap(more)
    twice = await facilitator.tap(more)
    await facilitator.tap(data(twice, "+1 off Telegram"))
    listed = await facilitator.tap(f"orgs:{cast.partnership.id}")

    assert "People not on Telegram: 1." in text(twice)
    assert "2 people here are not on Telegram." in text(listed)
    for _ in range(2):
        shown = await facilitator.tap(f"org:{council}")
        await facilitator.tap(data(shown, FEWER))
    assert FEWER not in flat(labels(await facilitator.tap(f"org:{council}")))


async def test_an_organisation_is_renamed_and_told_another_kind(
    database: Database, facilitator: Phone, cast: Cast
) -> None:
    council = cast.organisations["council"].id
    await facilitator.tap(f"orgname:{council}")
    await facilitator.say("Riverside Borough")
    kinds = await facilitator.tap(f"orgkind:{council}")

    reply = await facilitator.tap(data(kinds, "Funder"))

    assert text(reply).startswith("Riverside Borough\nFunder")


async def test_removing_an_organisation_says_first_what_happens_and_tells_its_people(
    database: Database, facilitator: Phone, cast: Cast
) -> None:
    youth = cast.organisations["youth_centre"].id
    asked = await facilitator.tap(f"orgdrop:{youth}")

    reply = await facilitator.tap(data(asked, "Yes, remove it"))
    again = await facilitator.tap(f"orggone:{youth}")

    assert "The seats of 2 people end, and they are told so." in text(asked)
    assert "Youth Centre · 2 joined" not in flat(labels(reply))
    assert [post.chat for post in reply.posts] == cast.accounts["youth_centre"]
    assert plain(reply.posts[0].card.text).startswith("Youth Centre is no longer part of Riverside.")
    assert len({post.key for post in reply.posts}) == 2
    assert again.alert
    assert again.posts == ()


# People.


async def test_the_people_of_an_organisation_are_listed_by_name_and_the_unreachable_are_marked(
    database: Database, facilitator: Phone, cast: Cast
) -> None:
    blocked, away, paused, left = cast.accounts["council"][:4]
    await Phone(database, blocked).block()
    async with database.writing() as session:
        for account, change in ((away, "away"), (paused, "paused"), (left, "left")):
            seat = await session.get_one(Seat, (await seat_of(database, account)).id)
            if change == "away":
                seat.away_until = facilitator.now.date().replace(year=2027)
            elif change == "paused":
                seat.paused_at = facilitator.now
            else:
                seat.left_at = facilitator.now

    reply = await facilitator.tap(f"people:{cast.organisations['council'].id}")

    assert flat(labels(reply))[:4] == [
        f"Person {blocked} · not reached",
        f"Person {away}",
        f"Person {paused}",
        f"Person {cast.accounts['council'][4]}",
    ]
    assert not {"away", "paused", "left"} & set(text(reply).lower().replace(".", "").split()) - {"left"}


async def test_nothing_about_answering_is_shown_of_anybody(
    facilitator: Phone, member: Phone, mine: int, cast: Cast
) -> None:
    """`member` has an open round: before and after answering, a facilitator sees the same."""
    organisation = cast.organisations["refugee_group"].id
    seat = (await seat_of(member.database, member.account)).id

    async def seen() -> list[object]:
        return [
            (text(reply), labels(reply))
            for data_ in (f"org:{organisation}", f"people:{organisation}", f"person:{seat}")
            for reply in [await facilitator.tap(data_)]
        ]

    before = await seen()
    for position in range(5):
        await member.tap(f"rate:{mine}:{position}:4")

    assert await seen() == before


async def test_a_lead_seat_is_given_shown_and_taken_back(
    database: Database, facilitator: Phone, cast: Cast
) -> None:
    council = cast.organisations["council"].id
    seat = await seat_of(database, cast.accounts["council"][0])
    shown = await facilitator.tap(f"person:{seat.id}")

    led = await facilitator.tap(data(shown, "Make this the lead seat"))
    listed = await facilitator.tap(f"people:{council}")
    told = await facilitator.tap(f"org:{council}")
    back = await facilitator.tap(data(led, "No longer the lead seat"))

    assert "Has the lead seat" in text(led)
    assert f"{seat.name} · lead seat" in flat(labels(listed))
    assert f"Lead seat, which speaks for it: {seat.name}" in text(told)
    assert "Make this the lead seat" in flat(labels(back))


async def test_a_facilitator_s_seat_is_offered_no_lead(
    database: Database, facilitator: Phone, cast: Cast
) -> None:
    seat = await seat_of(database, cast.facilitator)

    reply = await facilitator.tap(f"person:{seat.id}")
    forged = await facilitator.tap(f"personlead:{seat.id}:1")

    assert "Make this the lead seat" not in flat(labels(reply))
    assert forged.alert


async def test_a_leaver_s_seat_ends_once_and_they_are_told(
    database: Database, facilitator: Phone, cast: Cast
) -> None:
    account = cast.accounts["council"][0]
    seat = await seat_of(database, account)
    asked = await facilitator.tap(f"persondrop:{seat.id}")

    reply = await facilitator.tap(data(asked, "Yes, end it"))
    again = await facilitator.tap(data(asked, "Yes, end it"))

    assert "nobody learns who said it" in text(asked)
    assert "4 people have joined." in text(reply)
    assert [(post.chat, post.key.startswith("seat_ended:")) for post in reply.posts] == [(account, True)]
    assert again.alert
    async with database.reading() as session:
        assert (await session.get_one(Seat, seat.id)).left_at == facilitator.now


async def test_whoever_cannot_be_reached_is_not_written_to_when_their_seat_ends(
    database: Database, facilitator: Phone, cast: Cast
) -> None:
    account = cast.accounts["council"][0]
    await Phone(database, account).block()
    seat = await seat_of(database, account)

    reply = await facilitator.tap(f"persongone:{seat.id}")

    assert reply.posts == ()
    assert await member_of(database, account) is not None


async def test_a_facilitator_s_own_seat_stays(database: Database, facilitator: Phone, cast: Cast) -> None:
    seat = await seat_of(database, cast.facilitator)

    person = await facilitator.tap(f"persongone:{seat.id}")
    forum = await facilitator.tap(f"orggone:{cast.organisations['forum'].id}")

    assert (person.notice, forum.notice) == (organisations.OwnSeat.template(),) * 2
    async with database.reading() as session:
        await partnerships.facilitated(session, cast.partnership.id, account=cast.facilitator)


# Who may.


@pytest.mark.parametrize("who", ["member", "another partnership's facilitator", "stranger"])
async def test_nobody_else_gets_anything_or_changes_anything(
    database: Database, cast: Cast, who: str
) -> None:
    other = await seated(database, first_account=3000, name="Hillside")
    accounts = {"member": cast.members[0], "stranger": 77}
    phone = Phone(database, accounts.get(who, other.facilitator), setting=BOT)
    council, seat = cast.organisations["council"].id, (await seat_of(database, cast.members[0])).id
    before = await stored(database, council)

    for data_ in (
        f"orgs:{cast.partnership.id}",
        f"orgadd:{cast.partnership.id}",
        *(f"{kind}:{council}" for kind in ("org", "orgkind", "orgtime", "orgnot", "orgall", "orgname")),
        *(f"{kind}:{council}" for kind in ("orgdrop", "orggone", "people")),
        f"orgis:{council}:1:0",
        f"orgminutes:{council}:60",
        f"orgoff:{council}:5",
        f"peoplepage:{council}:0",
        *(f"{kind}:{seat}" for kind in ("person", "persondrop", "persongone")),
        f"personlead:{seat}:1",
    ):
        reply = await phone.tap(data_)
        assert (reply.card, reply.alert) == (None, True), data_

    assert await stored(database, council) == before
    assert await awaited(database, phone) is None


async def test_words_of_somebody_who_facilitates_no_more_are_not_taken(
    database: Database, facilitator: Phone, cast: Cast
) -> None:
    await facilitator.tap(f"orgadd:{cast.partnership.id}")
    async with database.writing() as session:
        (await session.get_one(Seat, (await seat_of(database, cast.facilitator)).id)).role = "member"

    reply = await facilitator.say("Shed")

    assert "I did not expect a message here" in text(reply)
    async with database.reading() as session:
        assert "Shed" not in [one.name for one in await organisations.of(session, cast.partnership.id)]


@pytest.mark.parametrize("data_", ["orgis:{}:7:0", "orgminutes:{}:61", "orgminutes:{}:99999"])
async def test_a_value_no_button_carries_is_refused(
    database: Database, facilitator: Phone, cast: Cast, data_: str
) -> None:
    council = cast.organisations["council"].id
    before = await stored(database, council)

    reply = await facilitator.tap(data_.format(council))

    assert reply.alert
    assert await stored(database, council) == before
