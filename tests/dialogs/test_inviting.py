"""A facilitator makes links, shows each once with its picture, looks after them, and takes them back."""

import csv
import io
import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlmodel import col, select

from dialogs.cards import units
from dialogs.events import Reply, Setting
from facilitation import invites, members
from storage.database import Database
from storage.members import Invite, Seat
from tests.cast import MONDAY, OPENS, Cast, seat_of, seated
from tests.dialogs import qr
from tests.dialogs.phone import Phone, card, data, labels, text

BOT = Setting(bot="riverside_parley_bot")
LINK = re.compile(r"https://t\.me/riverside_parley_bot\?start=([\w-]{32})(?![\w-])")
NEWCOMER = 77


@pytest.fixture
def facilitator(database: Database, cast: Cast) -> Phone:
    return Phone(database, cast.facilitator, setting=BOT)


@pytest.fixture
def newcomer(database: Database, cast: Cast) -> Phone:
    return Phone(database, NEWCOMER, setting=BOT)


@pytest.fixture
def council(cast: Cast) -> int:
    return cast.organisations["council"].id


def secret_in(reply: Reply) -> str:
    found = LINK.search(text(reply))
    assert found is not None
    return found[1]


async def stored(database: Database) -> list[Invite]:
    """The links nobody has used: the cast has used all of its own."""
    async with database.reading() as session:
        return list((await session.exec(select(Invite).where(Invite.taken == 0))).all())


async def test_a_name_makes_a_link_for_one_person_shown_with_its_picture(
    database: Database, facilitator: Phone, council: int
) -> None:
    asks = await facilitator.tap(f"inv:{council}:0", message=9)

    made = await facilitator.say("Ada Lovelace")

    secret = secret_in(made)
    assert "Write their name now, and the link is made." in text(asks)
    assert text(made).startswith("A link for Ada Lovelace, at Council\nIt works until 2 January.")
    assert "It is shown only now, and kept nowhere." in text(made)
    enclosed = card(made).enclosed
    assert enclosed is not None
    assert enclosed.picture
    assert qr.read(enclosed.content) == f"https://t.me/riverside_parley_bot?start={secret}"
    assert made.settled is not None
    assert made.settled[0] == 9
    [invite] = await stored(database)
    assert (invite.role, invite.name, invite.places, invite.lead) == ("member", "Ada Lovelace", 1, False)
    assert invite.secret_hash == invites.hashed(secret)
    assert secret not in str(invite.model_dump())


async def test_the_picture_is_large_enough_for_a_camera_and_has_its_quiet_border(
    facilitator: Phone, council: int
) -> None:
    made = await facilitator.tap(f"invmake:{council}:0:1:0:60")

    enclosed = card(made).enclosed
    assert enclosed is not None
    cells, scale, quiet = qr.grid(enclosed.content)
    assert (scale >= 8, quiet) == (True, 4)
    # On a phone 390 wide a picture is some 300 wide: a module is then 6 pixels, with two pixels for each.
    assert 300 / (len(cells) + 2 * quiet) > 6
    assert units(card(made)) <= 1024


async def test_the_link_can_be_sent_on_from_the_card(facilitator: Phone, council: int) -> None:
    made = await facilitator.tap(f"invmake:{council}:0:1:0:60")

    [on] = [button.url for row in card(made).rows for button in row if button.url]

    assert parse_qs(urlsplit(on).query)["text"] == [
        "With this link you join our partnership in Telegram. It is for you alone."
    ]
    assert parse_qs(urlsplit(on).query)["url"] == [
        f"https://t.me/riverside_parley_bot?start={secret_in(made)}"
    ]


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (["Without a name"], ("member", 1, False, 60)),
        (["With the lead seat", "Without a name"], ("member", 1, True, 60)),
        (["With the lead seat", "For 7 days instead", "Without a name"], ("member", 1, True, 7)),
        (["With the lead seat", "Without the lead seat", "Without a name"], ("member", 1, False, 60)),
        (["One link for several people", "10"], ("member", 10, False, 60)),
        (["For 7 days instead", "One link for several people", "25"], ("member", 25, False, 7)),
        (
            ["One link for several people", "A link for one person", "Without a name"],
            ("member", 1, False, 60),
        ),
    ],
)
async def test_each_way_through_the_buttons_makes_the_link_it_says(
    database: Database,
    facilitator: Phone,
    council: int,
    steps: list[str],
    expected: tuple[str, int, bool, int],
) -> None:
    reply = await facilitator.tap(f"inv:{council}:0")
    for label in steps:
        reply = await facilitator.tap(data(reply, label))

    async with database.reading() as session:
        invite = await invites.by_secret(session, secret_in(reply))
    lasts = invite.expires_at - facilitator.now
    assert (invite.role, invite.places, invite.lead, lasts.days) == expected


async def test_a_number_typed_makes_a_link_for_as_many(
    database: Database, facilitator: Phone, council: int
) -> None:
    asks = await facilitator.tap(f"inv:{council}:0")
    await facilitator.tap(data(asks, "One link for several people"))

    unclear = await facilitator.say("a dozen")
    many = await facilitator.say("500")
    made = await facilitator.say("12")

    assert "as a number like 12" in text(unclear)
    assert "200 people at most" in text(many)
    assert text(made).startswith("A link for 12 people, at Council")
    assert [one.places for one in await stored(database)] == [12]


async def test_several_names_make_a_link_each_in_one_file(
    database: Database, facilitator: Phone, council: int
) -> None:
    await facilitator.tap(f"inv:{council}:0", message=9)

    made = await facilitator.say('Ada\n=HYPERLINK("http://x")\nBo, Jr.')

    enclosed = card(made).enclosed
    assert enclosed is not None
    assert not enclosed.picture
    rows = list(csv.reader(io.StringIO(enclosed.content.decode("utf-8-sig"))))
    assert rows[0] == ["organisation", "name", "role", "link"]
    assert [row[:3] for row in rows[1:]] == [
        ["Council", "Ada", "member"],
        ["Council", '\'=HYPERLINK("http://x")', "member"],
        ["Council", "Bo, Jr.", "member"],
    ]
    assert text(made).startswith("3 links for Council")
    found = {one.secret_hash: one.name for one in await stored(database)}
    assert [found[invites.hashed(row[3].partition("=")[2])] for row in rows[1:]] == [
        "Ada",
        '=HYPERLINK("http://x")',
        "Bo, Jr.",
    ]


async def test_a_second_facilitator_is_invited_from_the_people(
    database: Database, facilitator: Phone, newcomer: Phone, cast: Cast
) -> None:
    people = await facilitator.tap(f"people:{cast.organisations['forum'].id}")
    asks = await facilitator.tap(data(people, "Invite a facilitator"))
    made = await facilitator.say("Grace")

    offered = await newcomer.say(f"/start {secret_in(made)}")
    await newcomer.tap(data(offered, "Join"))

    assert "With the lead seat" not in [label for row in labels(asks) for label in row]
    assert "Whoever joins by it facilitates the partnership." in text(made)
    menu = await newcomer.tap(f"orgs:{cast.partnership.id}")
    assert "Organisations and people" in text(menu)


async def test_without_the_bot_s_name_no_link_is_made(database: Database, cast: Cast, council: int) -> None:
    phone = Phone(database, cast.facilitator)
    await phone.tap(f"inv:{council}:0")

    named = await phone.say("Ada")
    tapped = await phone.tap(f"invmake:{council}:0:1:0:60")

    assert text(named) == tapped.notice == invites.LinksNotReady.template()
    assert await stored(database) == []


# Joining by it.


async def test_who_joined_by_a_link_is_shown_with_it(
    database: Database, facilitator: Phone, newcomer: Phone, council: int
) -> None:
    made = await facilitator.tap(f"invmake:{council}:0:5:0:60")
    offered = await newcomer.say(f"/start {secret_in(made)}")
    await newcomer.tap(data(offered, "Join"))
    async with database.writing() as session:
        seat = (await session.exec(select(Seat).where(col(Seat.invite_id).is_not(None)))).all()[-1]
        seat.name = "Ada"

    people = await facilitator.tap(f"people:{council}")
    listed = await facilitator.tap(data(people, "Links (1)"))
    shown = await facilitator.tap(data(listed, "5 places · 1 taken"))

    assert "1 of its 5 places are taken." in text(shown)
    assert "Here by this link:\n• Ada" in text(shown)
    assert LINK.search(text(shown)) is None


async def test_a_link_with_the_lead_seat_gives_it(facilitator: Phone, newcomer: Phone, council: int) -> None:
    asks = await facilitator.tap(f"inv:{council}:0")
    await facilitator.tap(data(asks, "With the lead seat"))
    made = await facilitator.say("Ada")
    offered = await newcomer.say(f"/start {secret_in(made)}")
    await newcomer.tap(data(offered, "Join"))

    shown = await facilitator.tap(f"org:{council}")

    assert "Whoever joins by it has the lead seat." in text(made)
    assert "Lead seat, which speaks for it: Ada" in text(shown)


# Looking after it.


async def test_a_link_taken_back_opens_nothing(
    facilitator: Phone, newcomer: Phone, council: int, database: Database
) -> None:
    made = await facilitator.tap(f"invmake:{council}:0:1:0:60")
    [invite] = await stored(database)
    shown = await facilitator.tap(f"link:{invite.id}")
    asked = await facilitator.tap(data(shown, "Take it back"))

    reply = await facilitator.tap(data(asked, "Yes, take it back"))
    again = await facilitator.tap(data(asked, "Yes, take it back"))
    late = await facilitator.tap(f"link:{invite.id}")

    assert "No link is open." in text(reply)
    assert again.notice == late.notice == invites.LinkGone.template()
    assert text(await newcomer.say(f"/start {secret_in(made)}")) == invites.InviteRevoked.template()


async def test_a_lost_link_is_replaced_and_the_old_one_stops(
    facilitator: Phone, newcomer: Phone, council: int, database: Database
) -> None:
    await facilitator.tap(f"inv:{council}:0")
    lost = await facilitator.say("Ada")
    [invite] = await stored(database)
    shown = await facilitator.tap(f"link:{invite.id}", message=9)

    found = await facilitator.tap(data(shown, "Replace it"), message=9)
    again = await facilitator.tap(data(shown, "Replace it"), message=9)

    assert text(found).startswith("A link for Ada, at Council")
    assert secret_in(found) != secret_in(lost)
    assert found.settled is not None
    assert found.settled[0] == 9
    assert again.notice == invites.LinkGone.template()
    assert text(await newcomer.say(f"/start {secret_in(lost)}")) == invites.InviteRevoked.template()
    assert "Join" in labels(await newcomer.say(f"/start {secret_in(found)}"))[0]


async def test_a_link_that_grew_too_old_is_listed_so_and_can_be_replaced(
    facilitator: Phone, council: int, database: Database
) -> None:
    await facilitator.tap(f"inv:{council}:0")
    await facilitator.say("Ada")
    facilitator.now = OPENS + timedelta(days=61)

    listed = await facilitator.tap(f"links:{council}:0")
    shown = await facilitator.tap(data(listed, "Ada · too old"))
    found = await facilitator.tap(data(shown, "Replace it"))

    assert "It stopped working on 2 January." in text(shown)
    assert "It works until 4 March." in text(found)


async def test_many_links_go_page_by_page(facilitator: Phone, council: int) -> None:
    await facilitator.tap(f"inv:{council}:0")
    await facilitator.say("\n".join(f"Person {number}" for number in range(10)))

    first = await facilitator.tap(f"links:{council}:0")
    second = await facilitator.tap(data(first, "More →"))

    assert "Page 2 of 2" in text(second)
    assert ["← Earlier"] in labels(second)


# Who may.


@pytest.mark.parametrize("who", ["member", "another partnership's facilitator", "stranger"])
async def test_nobody_else_makes_sees_or_changes_a_link(
    database: Database, facilitator: Phone, cast: Cast, council: int, who: str
) -> None:
    other = await seated(database, first_account=3000, name="Hillside")
    accounts = {"member": cast.members[0], "stranger": NEWCOMER}
    phone = Phone(database, accounts.get(who, other.facilitator), setting=BOT)
    await facilitator.tap(f"invmake:{council}:0:1:0:60")
    invite = (await stored(database))[0]

    for data_ in (
        f"inv:{council}:0",
        f"invset:{council}:0:0:0:60",
        f"invmake:{council}:0:1:0:60",
        f"links:{council}:0",
        *(f"{kind}:{invite.id}" for kind in ("link", "linkend", "linkended", "linknew")),
    ):
        reply = await phone.tap(data_)
        assert (reply.card, reply.alert) == (None, True), data_

    assert invite in await stored(database)


@pytest.mark.parametrize(
    "data_",
    [
        "inv:{}:2",
        "invset:{}:0:0:2:60",
        "invset:{}:1:0:1:60",
        "invset:{}:0:0:0:61",
        "invmake:{}:0:5:1:60",
        "invmake:{}:0:0:0:60",
        "invmake:{}:0:201:0:60",
        "invmake:{}:0:1:0:3650",
    ],
)
async def test_a_link_no_button_offers_is_not_made(
    database: Database, facilitator: Phone, council: int, data_: str
) -> None:
    reply = await facilitator.tap(data_.format(council))

    assert reply.alert
    assert await stored(database) == []


async def test_a_link_for_a_group_chat_is_none_of_these(
    database: Database, facilitator: Phone, newcomer: Phone, cast: Cast, council: int
) -> None:
    async with database.writing() as session:
        invite, secret = invites.make(
            cast.organisations["council"], role="group", name="", language="en", now=MONDAY
        )
        session.add(invite)
        await session.flush()
        group = invite.id

    listed = await facilitator.tap(f"links:{council}:0")
    shown = await facilitator.tap(f"link:{group}")
    offered = await newcomer.say(f"/start {secret}")

    assert "No link is open." in text(listed)
    assert shown.alert
    assert text(offered) == invites.InviteForGroup.template()
    async with database.reading() as session:
        assert await members.of(session, account=NEWCOMER) is None


async def test_a_name_typed_after_the_organisation_went_makes_no_link(
    database: Database, facilitator: Phone, cast: Cast
) -> None:
    youth = cast.organisations["youth_centre"].id
    await facilitator.tap(f"orgdrop:{youth}")
    await facilitator.tap(f"inv:{youth}:0")
    async with database.writing() as session:
        organisation = await session.get_one(type(cast.organisations["youth_centre"]), youth)
        organisation.removed_at = MONDAY

    reply = await facilitator.say("Ada")

    assert "I did not expect a message here" in text(reply)
    assert await stored(database) == []
    assert (await seat_of(database, cast.facilitator)).left_at is None
