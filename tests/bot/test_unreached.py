"""People, groups and names that Telegram takes away: told to the right person, mended by what that names."""

import asyncio

import pytest
from sqlmodel import select

from bot import house, identity
from facilitation import facilitators, groups, invites, members
from storage.database import Database
from storage.members import Seat
from storage.memos import NAME
from tests import crowd
from tests.bot.conftest import Stage
from tests.bot.river import NEVER_STARTED, OPERATOR, River
from tests.cast import DIGEST, MONDAY, OPENS, Cast, seat_of
from tests.processes import until
from tests.sandbox_process import Sandbox


@pytest.fixture
async def river(
    database: Database, cast: Cast, stage: Stage, world: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> River:
    """Everybody's phone, and the operator's, with the bot's chat started by all but one."""
    newcomer = cast.members[NEVER_STARTED]
    everybody = {*cast.members, cast.facilitator, OPERATOR} - {newcomer}
    await asyncio.to_thread(crowd.phones, world, sorted(everybody))
    await world.control("POST", "users", {"id": newcomer, "first_name": "New"})
    await world.control("POST", "limits", {"off": True})
    # What is due is done when the calendar moves, and at no other moment.
    monkeypatch.setattr(house, "METRONOME", 3600.0)
    return River(database, cast, stage, world)


async def test_whom_no_message_reaches_the_facilitator_is_told_once_a_day_until_they_are_back(
    river: River,
) -> None:
    blocks, deactivated, newcomer = river.member(0), river.member(1), river.member(NEVER_STARTED)
    names = [f"Person {phone.account}" for phone in (blocks, deactivated, newcomer)]

    async with river.living():
        await blocks.act("block")
        await river.unreached(blocks.account)
        river.at(MONDAY, minutes=1)
        first = await river.facilitator.reads("no longer reach")
        await deactivated.act("deactivate")
        river.at(OPENS)
        await river.unreached(blocks.account, deactivated.account, newcomer.account)
        river.at(OPENS, minutes=1)
        second = await river.facilitator.reads(names[1])
        river.at(OPENS, minutes=2)
        await river.facilitator.act("send", text="/status")
        status = await river.facilitator.reads("What needs you")

        # They come back: one unblocks and does nothing more, the other presses Start.
        await blocks.act("unblock")
        open_again = await blocks.reads("Open until")
        await blocks.taps("Start")
        await blocks.reads("1 of 6")
        await newcomer.act("start")
        await newcomer.reads("open until")
        await river.unreached(deactivated.account)
        await river.facilitator.taps("Look again")
        await river.facilitator.reads(f"messages no longer reach {names[1]}.")

    assert first == (
        "Messages from Riverside no longer reach Person 1000 (Council).\n"
        "Please tell them in another way: open the chat with Parley and press Start."
    )
    assert (names[0] in second, names[2] in second) == (False, True)
    assert all(name in status for name in names)
    assert "Riverside" in open_again
    notes = [text for text in await river.facilitator.texts() if text.startswith("Messages from Riverside")]
    assert len(notes) == 2
    assert all("answer" not in note for note in notes)


HOME, ASKED = "is open until Friday 17:00", "Your answers are confidential"


@pytest.mark.parametrize("deed", ["unblock", "restart"])
async def test_whoever_comes_back_gets_what_waits_for_them_once_and_where_they_are_only_if_they_ask(
    river: River, deed: str
) -> None:
    before, between, newcomer = river.member(0), river.member(1), river.member(NEVER_STARTED)
    gone = (before.account, between.account, newcomer.account)
    async with river.living():
        await before.act("block")  # before the round opens, so that no letter is written at all
        await between.act("block")  # and nobody knows, so that one is written and dies
        await river.unreached(before.account, between.account)
        async with river.database.writing() as session:
            await members.found_again(session, account=between.account)
        river.at(OPENS)
        await river.unreached(*gone)
        for phone in (before, between):
            await phone.act(deed)
        shown = [[await phone.reads(ASKED), *await phone.texts()] for phone in (before, between)]
        if deed == "restart":
            shown = [[await phone.reads(HOME), *await phone.texts()] for phone in (before, between)]
        await river.settled()
        # Once more changes nothing: what came is there.
        for phone in (before, between):
            await phone.act("block")
        await river.unreached(*gone)
        for phone in (before, between):
            await phone.act("unblock")
        await river.unreached(newcomer.account)
        await river.settled()

    homes = 1 if deed == "restart" else 0
    for phone, known in zip((before, between), shown, strict=True):
        texts = await phone.texts()
        assert [sum(words in text for text in texts) for words in (ASKED, HOME)] == [1, homes], known


async def test_a_group_that_moves_keeps_getting_what_is_for_it_once_and_nobody_is_told(river: River) -> None:
    async with river.living():
        group = await river.linked("Riverside all")
        await river.settled()
    before = len(await river.facilitator.texts())
    # It moves while Parley is away: a letter meets the error before the group's own word of it is handled.
    await river.writes(group, "What waits for the group.")
    new = int((await river.group("migrate", group))["id"])

    async with river.living():
        await river.facilitator.reads("What waits for the group.", new)
        river.at(MONDAY, minutes=1)
        await river.settled()

    assert await river.group_chat() == new
    assert (await river.facilitator.texts(new)).count("What waits for the group.") == 1
    assert len(await river.facilitator.texts()) == before


@pytest.mark.parametrize("said", ["not enough rights to send text messages to the chat", "TOPIC_CLOSED"])
async def test_where_parley_may_not_write_facilitators_are_told_and_the_digest_comes_once_it_may(
    river: River, said: str
) -> None:
    async with river.living():
        group = await river.linked("Riverside all")
        await river.group("mute", group, said=said)
        await river.to_the_digest()
        river.at(DIGEST, minutes=1)
        note = await river.facilitator.reads("Parley may not write in the group chat of Riverside now.")
        at_a_member = await river.member(0).reads("Riverside · ")
        kept_out = await river.facilitator.texts(group)

        await river.group("bot", group, status="administrator")
        digest = await river.facilitator.reads("Riverside · ", group)
        river.at(DIGEST, minutes=2)
        await river.settled()
        await river.facilitator.act("send", text="/status")
        status = await river.facilitator.reads("What needs you")

    assert "make Parley an administrator of that group, or let its members write" in note
    assert at_a_member
    assert digest not in kept_out
    assert (await river.facilitator.texts(group)).count(digest) == 1
    assert "group chat" not in status
    assert sum("may not write" in text for text in await river.facilitator.texts()) == 1


@pytest.mark.parametrize("deed", ["left", "kicked", "deleted"])
async def test_of_a_group_that_is_gone_facilitators_are_told_and_link_another_in_the_menu(
    river: River, deed: str
) -> None:
    async with river.living() as parley:
        group = await river.linked("Riverside all")
        if deed == "deleted":  # nobody says so, until something is sent there
            await river.group("delete", group)
            await river.writes(group, "For the group.")
            parley.deliverer.wake.set()
        else:
            await river.group("bot", group, status=deed)

        async def lost() -> bool:
            return await river.group_chat() is None

        await until(lost)
        river.at(MONDAY, minutes=1)
        note = await river.facilitator.reads("The group chat of Riverside is gone, or Parley was taken out")
        another = await river.linked("Riverside again")

    assert "link it again, or another one, with the button below" in note
    assert await river.group_chat() == another
    async with river.database.reading() as session:
        assert await groups.of(session, river.cast.partnership.id, now=MONDAY) is None


async def test_a_partnership_whose_only_facilitator_is_gone_gets_a_new_one_by_the_operators_button(
    river: River,
) -> None:
    newcomer = river.member(NEVER_STARTED)
    async with river.living(operator_chat=OPERATOR):
        await river.facilitator.act("block")
        await river.unreached(river.facilitator.account)
        river.at(MONDAY, minutes=1)
        told = await river.operator.reads("who facilitates it.")
        message, button = await river.operator.button("Make a link")
        await river.operator.act("tap", message_id=message, data=button["data"])
        offered = await river.operator.reads("Whoever opens this link facilitates Riverside.")
        await newcomer.act("start", payload=offered.rpartition("?start=")[2].strip())
        await newcomer.taps("Join")

        async def facilitated() -> bool:
            async with river.database.reading() as session:
                those = await facilitators.of(session, river.cast.partnership.id)
                return any(one.reachable for one in those)

        await until(facilitated)
        # Now that somebody facilitates, the button makes no other link.
        await river.operator.act("tap", message_id=message, data=button["data"])
        await river.operator.reads("can be reached again. No link is needed.")

    assert "Nobody else facilitates it." in told
    assert sum("Whoever opens this link" in text for text in await river.operator.texts()) == 1


async def test_a_facilitator_who_is_gone_is_told_to_the_others_and_to_the_operator(river: River) -> None:
    second = river.member(0)
    async with river.database.writing() as session:
        member = await members.of(session, account=second.account)
        assert member is not None
        seat = (await session.exec(select(Seat).where(Seat.member_id == member.id))).one()
        seat.role = "facilitator"
        session.add(seat)

    async with river.living(operator_chat=OPERATOR):
        await river.facilitator.act("block")
        await river.unreached(river.facilitator.account)
        river.at(MONDAY, minutes=1)
        told = await second.reads("who facilitates it with you")
        also = await river.operator.reads("who facilitates it.")

    assert "open the chat with Parley and press Start" in told
    assert "Others facilitate it too, and they know." in also


async def test_when_the_bot_is_renamed_links_are_made_anew_and_a_renamed_member_is_who_they_were(
    river: River, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identity, "LOOK", 0.5)
    member = river.member(0)
    async with river.database.writing() as session:
        council = river.cast.organisations["council"]
        invite, _ = invites.make(council, role="member", name="Kim", language="en", now=MONDAY)
        session.add(invite)

    async with river.living(operator_chat=OPERATOR):
        await river.remembers(NAME)
        await river.world.control("POST", "bot", {"username": "circle_bot"})
        told = await river.facilitator.reads("My name in Telegram is now @circle_bot.")
        await river.operator.reads("This bot is called @circle_bot now.")
        for label in (
            "Organisations and people",
            "Council · 5 of 6",
            "People and links",
            "Links (1)",
            "Kim · not used",
            "Replace it",
        ):
            await river.facilitator.taps(label)
        await river.facilitator.reads("https://t.me/circle_bot?start=")
        await member.act("rename", first_name="Other", username="other_name")
        river.at(OPENS)
        await member.taps("Start")
        await member.reads("1 of 6")

    assert (
        "open an organisation, then People and links, and replace each link that is still to be used." in told
    )
    assert (await seat_of(river.database, member.account)).name == f"Person {member.account}"
