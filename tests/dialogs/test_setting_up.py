"""Setting up goes on by itself: each answer leads to the next question, until the first round is planned."""

import re

import pytest
from sqlmodel import select

from dialogs.events import Setting
from facilitation import founding, invites
from storage.database import Database
from storage.members import Invite
from storage.partnerships import Organisation
from storage.rounds import Awaited
from tests.cast import MONDAY, Cast, seated
from tests.dialogs.phone import Phone, data, labels, text

FOUNDER, BOT = 77, Setting(bot="riverside_parley_bot")
LINK = re.compile(r"https://t\.me/riverside_parley_bot\?start=([\w-]{32})(?![\w-])")
PARTNERS = ("Council", "Health Trust", "Refugee Group")


@pytest.fixture
async def founder(database: Database) -> Phone:
    """Whoever has just founded a partnership; which partners there are is asked next."""
    phone = Phone(database, FOUNDER, now=MONDAY, setting=BOT)
    async with database.writing() as session:
        made, secret = founding.make(now=MONDAY)
        session.add(made)
    offered = await phone.say(f"/start {secret}")
    await phone.tap(data(offered, "No"))
    await phone.say("Hillside")
    await phone.say("Hillside Forum")
    return phone


async def partnered(founder: Phone) -> int:
    """The partners named, told and safe; the partnership's number."""
    reply = await founder.say("\n".join(PARTNERS))
    for label in ("Public body", "Public body", "Community group"):
        reply = await founder.tap(data(reply, label))
    safe = await founder.say("call 999")
    return int(data(safe, "Check-ins").partition(":")[2])


async def open_links(database: Database) -> list[Invite]:
    async with database.reading() as session:
        return list((await session.exec(select(Invite).where(Invite.taken == 0))).all())


async def test_the_partners_their_kinds_and_what_to_do_in_danger_are_asked_one_after_the_other(
    database: Database, founder: Phone
) -> None:
    kind = await founder.say("\n".join(PARTNERS))
    for label in ("Public body", "Public body"):
        kind = await founder.tap(data(kind, label))
    danger = await founder.tap(data(kind, "Community group"))
    menu = await founder.say("call 999")

    assert "What should people do if someone is in danger?" in text(danger)
    assert "✓ Partners: 3 organisations" in text(menu)
    assert "✓ In danger: call 999" in text(menu)
    assert labels(menu)[0] == ["Next: let people in"]
    async with database.reading() as session:
        assert await session.get(Awaited, FOUNDER) is None


async def test_whoever_leaves_danger_for_later_comes_to_the_menu(founder: Phone) -> None:
    kind = await founder.say("Council\nHealth Trust")
    kind = await founder.tap(data(kind, "Public body"))
    danger = await founder.tap(data(kind, "Public body"))

    menu = await founder.tap(data(danger, "Later: to the menu"))

    assert labels(menu)[0] == ["Next: what to do in danger"]


async def test_a_bundle_is_one_link_for_each_partner_that_nobody_has_joined(
    database: Database, founder: Phone
) -> None:
    number = await partnered(founder)
    listed = await founder.tap(f"orgs:{number}")
    asks = await founder.tap(data(listed, "A link for each organisation"), message=9)

    made = await founder.tap(data(asks, "5"), message=9)

    found = LINK.findall(text(made))
    async with database.reading() as session:
        opened = [await invites.by_secret(session, secret) for secret in found]
        names = [(await session.get_one(Organisation, one.organisation_id)).name for one in opened]
    assert tuple(names) == PARTNERS
    assert {(one.role, one.places, one.lead, one.name) for one in opened} == {("member", 5, False, "")}
    assert [text(made).index(name) for name in PARTNERS] == sorted(text(made).index(n) for n in PARTNERS)
    assert data(made, "Next: the first check-in") == f"plannew:{number}"
    assert made.settled is not None
    assert made.settled[0] == 9
    assert not LINK.search(made.settled[1].text)
    assert [button.label for row in made.settled[1].rows for button in row] == ["Organisations and people"]


async def test_a_partner_that_somebody_has_joined_is_not_in_the_bundle(
    database: Database, founder: Phone
) -> None:
    number = await partnered(founder)
    made = await founder.tap(f"bundlemake:{number}:2")
    newcomer = Phone(database, 78, now=MONDAY, setting=BOT)
    join = await newcomer.say(f"/start {LINK.findall(text(made))[0]}")
    await newcomer.tap(data(join, "Join"))

    again = await founder.tap(f"bundlemake:{number}:2")

    assert "Council" not in text(again)
    assert len(LINK.findall(text(again))) == 2


@pytest.mark.parametrize("each", [0, 1, 3, 200])
async def test_a_bundle_for_a_number_that_is_not_offered_is_refused(
    database: Database, founder: Phone, each: int
) -> None:
    number = await partnered(founder)

    refused = await founder.tap(f"bundlemake:{number}:{each}")

    assert refused.card is None
    assert await open_links(database) == []


async def test_no_bundle_is_offered_or_made_where_everybody_has_joined(
    database: Database, cast: Cast
) -> None:
    facilitator = Phone(database, cast.facilitator, setting=BOT)

    listed = await facilitator.tap(f"orgs:{cast.partnership.id}")
    refused = await facilitator.tap(f"bundlemake:{cast.partnership.id}:5")

    assert ["A link for each organisation"] not in labels(listed)
    assert refused.card is None
    assert await open_links(database) == []


async def test_a_bundle_waits_until_parley_knows_its_own_name(database: Database, founder: Phone) -> None:
    number = await partnered(founder)
    nameless = Phone(database, FOUNDER, now=MONDAY, setting=Setting())

    refused = await nameless.tap(f"bundlemake:{number}:5")

    assert refused.card is None
    assert refused.notice
    assert await open_links(database) == []


async def test_a_bundle_of_another_partnership_is_nobodys_to_make(database: Database, cast: Cast) -> None:
    other = await seated(database, first_account=2000, name="Hillside")
    stranger = Phone(database, other.facilitator, setting=BOT)

    for button in (f"bundle:{cast.partnership.id}", f"bundlemake:{cast.partnership.id}:5"):
        assert (await stranger.tap(button)).card is None

    assert await open_links(database) == []


async def test_a_try_can_be_left_and_leads_to_the_start(founder: Phone) -> None:
    number = await partnered(founder)
    await founder.tap(f"planask:{number}:0")
    plan = await founder.say("every Tuesday 10:00")
    tried = await founder.tap(data(plan, "Try it on me"))
    left = await founder.tap(data(tried, "Enough"))
    for _ in range(6):
        tried = await founder.tap(data(tried, "Skip"))

    running = await founder.tap(data(tried, "Start it"))

    assert text(left) == text(plan)
    assert "Pulse · running" in text(running)
    again = await founder.tap(data(tried, "Once more"))
    assert ["Start it"] not in labels(await founder.tap(data(again, "Enough")))
