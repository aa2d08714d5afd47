"""Joining by a link, coming home, and whatever else is said at the door."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from dialogs import commands, conversation
from dialogs.cards import Reader
from dialogs.events import Moved, Reply, Setting
from dialogs.verbs import FACILITATOR, MEMBER, STRANGER
from facilitation import invites, members, seats
from storage.database import Database
from storage.members import Invite, Member
from storage.partnerships import Partnership
from tests.cast import DIGEST, MONDAY, OPENS, Cast, changed, seat_of, seated
from tests.dialogs.phone import Phone, card, data, labels, text
from tests.facilitation.turning import plan, turn

NEWCOMER = 77


async def link(database: Database, cast: Cast, **changes: Any) -> str:  # noqa: ANN401 - any column
    async with database.writing() as session:
        organisation = cast.organisations[changes.pop("organisation", "refugee_group")]
        role = changes.pop("role", "member")
        invite, secret = invites.make(organisation, role=role, name="Amal", language="en", now=MONDAY)
        for name, value in changes.items():
            setattr(invite, name, value)
        session.add(invite)
        return secret


@pytest.fixture
def newcomer(database: Database) -> Phone:
    return Phone(database, NEWCOMER, now=MONDAY, setting=Setting(operator="Riverside Forum"))


async def test_who_taps_a_link_learns_what_it_means_and_then_joins(
    database: Database, cast: Cast, newcomer: Phone
) -> None:
    secret = await link(database, cast)

    offered = await newcomer.say(f"/start {secret}")
    who = await newcomer.tap(data(offered, "Who runs this?"))
    again = await newcomer.tap(data(who, "Back"))
    joined = await newcomer.tap(data(again, "Join"))

    assert "Riverside asks you in, for Refugee Group." in text(offered)
    assert labels(offered) == [["Join", "Not now"], ["How it works", "Who runs this?"]]
    assert "run by Riverside Forum" in text(who)
    assert card(again) == card(offered)
    assert "Your first questions come Tuesday 10:00, on 3 November." in text(joined)
    assert joined.over == 1


async def test_who_does_not_want_to_now_can_look_again(
    database: Database, cast: Cast, newcomer: Phone
) -> None:
    offered = await newcomer.say(f"/start {await link(database, cast)}")

    later = await newcomer.tap(data(offered, "Not now"))
    again = await newcomer.tap(data(later, "Look again"))

    assert "nothing was stored" in text(later)
    assert "until 1 January" in text(later)
    assert card(again) == card(offered)
    async with database.reading() as session:
        assert await members.of(session, account=NEWCOMER) is None


async def test_joining_twice_and_tapping_the_link_again_are_harmless(
    database: Database, cast: Cast, newcomer: Phone
) -> None:
    secret = await link(database, cast)
    offered = await newcomer.say(f"/start {secret}")

    joined = [await newcomer.tap(data(offered, "Join")) for _ in range(3)]
    home = await newcomer.say(f"/start {secret}")

    assert len({card(one).text for one in joined}) == 1
    assert text(home).startswith("Riverside · Refugee Group\nNothing to do now.")


async def test_the_card_behind_a_link_says_what_joining_means(
    database: Database, cast: Cast, newcomer: Phone
) -> None:
    offered = await newcomer.say(f"/start {await link(database, cast)}")
    works = await newcomer.tap(data(offered, "How it works"))
    again = await newcomer.tap(data(works, "Back"))

    for words in (
        "Here: pulse, every Tuesday, about 80 seconds each time, next on 3 November.",
        "Nobody here is shown who said what, the facilitator included.",
        "groups of 4 people or more",
        "The facilitator sees that you joined, as Amal.",
        "Telegram, and Riverside Forum, who runs this server, can technically see",
        "Nobody reads along live. If someone is in danger",
        "/leave",
        "/mydata, /forget",
    ):
        assert words in text(offered)
    assert f"version {invites.CONSENT} of these two pages" in text(works)
    assert card(again) == card(offered)


@pytest.mark.parametrize(
    ("operator", "words"), [("", "run by the facilitator"), ("Ada", "run by Ada: the facilitator")]
)
async def test_a_facilitator_who_runs_the_server_is_named_as_such(
    database: Database, cast: Cast, newcomer: Phone, operator: str, words: str
) -> None:
    async with database.writing() as session:
        (await session.get_one(Partnership, cast.partnership.id)).facilitator_runs_server = True
    newcomer.setting = Setting(operator=operator)

    offered = await newcomer.say(f"/start {await link(database, cast)}")
    who = await newcomer.tap(data(offered, "Who runs this?"))

    assert "So can the facilitator, who also runs this server." in text(offered)
    assert words in text(who)


async def test_consent_is_kept_with_its_version(database: Database, cast: Cast, newcomer: Phone) -> None:
    offered = await newcomer.say(f"/start {await link(database, cast)}")

    await newcomer.tap(data(offered, "Join"))

    seat = await seat_of(database, NEWCOMER)
    assert (seat.consent_version, seat.consented_at) == (invites.CONSENT, MONDAY)


async def test_a_newcomer_reads_times_on_their_own_clock_once_they_have_one(
    database: Database, cast: Cast, newcomer: Phone
) -> None:
    other = await seated(database, first_account=2000, name="Hillside")
    await newcomer.tap(data(await newcomer.say(f"/start {await link(database, cast)}"), "Join"))
    async with database.writing() as session:
        await seats.live_by(session, "Asia/Tokyo", account=NEWCOMER)

    offered = await newcomer.say(f"/start {await link(database, other)}")
    joined = await newcomer.tap(data(offered, "Join"))

    assert "Tuesday 19:00, on 3 November" in text(joined)
    assert "/raise" in text(joined)


async def test_who_left_is_shown_the_link_again_not_home(
    database: Database, cast: Cast, newcomer: Phone
) -> None:
    first = await newcomer.say(f"/start {await link(database, cast)}")
    await newcomer.tap(data(first, "Join"))
    async with database.writing() as session:
        sat = await seats.mine(session, account=NEWCOMER)
        await seats.leave(session, [one.seat for one in sat], taking_out=False, now=MONDAY)
    second = await newcomer.say(f"/start {await link(database, cast)}")

    looked = await newcomer.tap(data(second, "Join").replace("join", "look"))

    assert card(looked) == card(second)
    assert "asks you in" in text(looked)


async def test_commands_are_offered_by_role_when_it_changes(
    database: Database, cast: Cast, newcomer: Phone
) -> None:
    def names(reply: Reply) -> set[str]:
        return {name for name, _ in reply.commands}

    stranger = await newcomer.say("/start")
    offered = await newcomer.say(f"/start {await link(database, cast)}")
    member = await newcomer.tap(data(offered, "Join"))
    facilitator = await Phone(database, cast.facilitator).say("/start")

    assert names(stranger) == {"/start", "/help"}
    assert {"/away", "/mydata", "/leave"} <= names(member)
    assert "/setup" not in names(member)
    assert "/setup" in names(facilitator)
    assert all(said for _, said in facilitator.commands)


def test_every_command_has_its_line_in_help() -> None:
    reader, setting = Reader("en"), Setting(commands=conversation.OFFERED, operator_chat=7)

    told = [
        name
        for role in (STRANGER, MEMBER, FACILITATOR)
        for name, said in commands.told(setting, role, reader)
        if 3 <= len(said) <= 256
    ]

    assert set(told) == set(conversation.COMMANDS)
    assert set(commands.ORDER) == set(conversation.COMMANDS)


async def test_a_facilitator_learns_their_part(database: Database, cast: Cast, newcomer: Phone) -> None:
    offered = await newcomer.say(f"/start {await link(database, cast, role='facilitator')}")

    joined = await newcomer.tap(data(offered, "Join"))
    home = await newcomer.say("/start")

    assert "asks you in as a facilitator" in text(offered)
    assert "You facilitate Riverside." in text(joined)
    assert "You facilitate here. The next round opens Tuesday 10:00" in text(home)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"taken": 1}, "This link has been used."),
        ({"places": 2, "taken": 2}, "All places of this link are taken."),
        ({"revoked_at": MONDAY}, "This link was taken back"),
        ({"expires_at": MONDAY}, "This link is too old"),
    ],
)
async def test_a_link_that_opens_nothing_says_so_kindly(
    database: Database, cast: Cast, newcomer: Phone, *, changes: dict[str, Any], words: str
) -> None:
    reply = await newcomer.say(f"/start {await link(database, cast, **changes)}")

    assert text(reply).startswith(words)
    assert "Ask the facilitator" in text(reply)


async def test_a_place_that_went_while_somebody_read_is_told_on_the_tap(
    database: Database, cast: Cast, newcomer: Phone
) -> None:
    secret = await link(database, cast)
    offered = await newcomer.say(f"/start {secret}")
    other = Phone(database, NEWCOMER + 1, now=MONDAY)
    await other.tap(data(await other.say(f"/start {secret}"), "Join"))

    reply = await newcomer.tap(data(offered, "Join"))

    assert (reply.card, reply.alert) == (None, True)
    assert reply.notice.startswith("This link has been used.")


@pytest.mark.parametrize("secret", ["x", "join 5", "\x00", "ä", "😀" * 100])
async def test_a_guessed_link_opens_nothing(
    database: Database, cast: Cast, newcomer: Phone, secret: str
) -> None:
    reply = await newcomer.say(f"/start {secret}")

    assert text(reply).startswith("This link does not open anything here.")


@pytest.mark.parametrize("rewrite", ["other invite", "other print", "no print", "no number", "too many"])
async def test_a_button_cannot_be_rewritten_for_another_link(
    database: Database, cast: Cast, newcomer: Phone, rewrite: str
) -> None:
    offered = await newcomer.say(f"/start {await link(database, cast)}")
    await link(database, cast, role="facilitator", organisation="council")
    kind, invite, fingerprint = data(offered, "Join").split(":")
    forged = {
        "other invite": f"{kind}:{int(invite) + 1}:{fingerprint}",
        "other print": f"{kind}:{invite}:{int(fingerprint) + 1}",
        "no print": f"{kind}:{invite}",
        "no number": kind,
        "too many": f"{kind}:{invite}:{fingerprint}:1",
    }

    reply = await newcomer.tap(forged[rewrite])

    assert (reply.card, reply.alert) == (None, True)
    async with database.reading() as session:
        assert not (await session.exec(select(Member).where(Member.account == NEWCOMER))).all()


async def test_a_stranger_is_told_what_this_is_and_how_to_take_part(database: Database, cast: Cast) -> None:
    stranger = Phone(database, NEWCOMER, language="pt-br")

    replies = [await stranger.say(said) for said in ("/start", "/START@parley_bot", "/anything", "hello")]

    assert all("you need a link from the facilitator" in text(reply) for reply in replies)
    assert not any(card(reply).rows for reply in replies)


@pytest.mark.parametrize("source", ["", "https://example.org/?a=1&b=<2>"])
async def test_help_says_what_this_is_and_where_its_source_is(
    database: Database, cast: Cast, source: str
) -> None:
    member = Phone(database, cast.members[0], setting=Setting(source=source))

    said = text(await member.say("/help"))

    assert "/start · Where you are, what is open" in said
    assert "AGPL-3.0" in said
    assert source in said


async def test_home_tells_where_a_person_is_at_every_stage(database: Database, cast: Cast) -> None:
    member = Phone(database, cast.members[0], now=MONDAY)
    before = await member.say("/start")
    await turn(database, now=OPENS)
    member.now = OPENS
    open_ = await member.say("/start")
    await member.tap(data(open_, "Start"))
    await member.tap(data(open_, "Start").replace("start", "rate") + ":0:4")
    begun = await member.say("/start now")
    for position in range(1, 6):
        await member.tap(data(open_, "Start").replace("start", "skip") + f":{position}")
    finished = await member.say("/start")
    await turn(database, now=DIGEST)
    member.now = DIGEST
    after = await member.say("/start")

    assert "Nothing to do now. The next questions come Tuesday 10:00" in text(before)
    assert "Pulse 1 is open until Friday 17:00: 6 short questions, about 80 seconds." in text(open_)
    assert begun.card is not None
    assert "does not open anything" in text(begun)
    assert "You have been through every question" in text(finished)
    assert labels(finished) == [["Change an answer"]]
    assert "The next questions come Tuesday 10:00, on 10 November." in text(after)


async def test_without_a_time_set_home_says_so(database: Database, cast: Cast) -> None:
    await changed(database, cast, paused_at=MONDAY)

    member = await Phone(database, cast.members[0], now=MONDAY).say("/start")
    facilitator = await Phone(database, cast.facilitator, now=MONDAY).say("/start")

    assert "Questions come when the facilitator has set a time." in text(member)
    assert "No time is set for the next round." in text(facilitator)


async def test_who_sits_in_two_partnerships_sees_both_each_in_its_own_time(
    database: Database, cast: Cast
) -> None:
    other = await seated(database, first_account=2000, name="Hillside & Co")
    both = Phone(database, cast.members[0], now=MONDAY)
    await both.tap(data(await both.say(f"/start {await link(database, other)}"), "Join"))
    async with database.writing() as session:
        (await session.get_one(Partnership, other.partnership.id)).timezone = "Asia/Tokyo"
    await plan(database, now=MONDAY)
    quiet = await both.say("/start")
    await turn(database, now=OPENS)
    both.now = OPENS
    busy = await both.say("/start")

    started = [await both.tap(data(busy, label)) for label in ("Start: Riverside", "Start: Hillside & Co")]

    assert text(quiet).count("Tuesday 10:00") == 2
    assert labels(busy) == [["Start: Riverside"], ["Start: Hillside & Co"]]
    assert [text(one).split("\n\n")[:2] for one in started] == [
        ["Riverside", "1 of 6"],
        ["Hillside & Co", "1 of 6"],
    ]


async def test_two_seats_in_one_partnership_are_told_apart_by_their_organisation(
    database: Database, cast: Cast
) -> None:
    both = Phone(database, cast.accounts["council"][0], now=MONDAY)
    await both.tap(data(await both.say(f"/start {await link(database, cast)}"), "Join"))
    await turn(database, now=OPENS)
    both.now = OPENS

    home = await both.say("/start")

    assert labels(home) == [["Start: Council"], ["Start: Refugee Group"]]


async def test_who_facilitates_and_is_a_member_too_sees_both_places(database: Database, cast: Cast) -> None:
    one = Phone(database, cast.facilitator, now=MONDAY)
    await one.tap(data(await one.say(f"/start {await link(database, cast)}"), "Join"))
    await turn(database, now=OPENS)
    one.now = OPENS

    home = await one.say("/start")

    assert "You facilitate here." in text(home)
    assert "Pulse 1 is open until Friday 17:00: 6 short questions, about 80 seconds." in text(home)
    assert labels(home) == [["Start"], ["Menu"]]


async def test_who_blocks_is_asked_nothing_until_they_are_back(database: Database, cast: Cast) -> None:
    member = Phone(database, cast.members[0])

    async def reachable() -> bool:
        async with database.reading() as session:
            found = await members.of(session, account=member.account)
            return found is not None and found.unreachable_since is None

    assert await member.block() == ()
    blocked = await reachable()
    assert await member.block(reachable=True) == ()
    unblocked = await reachable()
    await member.block()
    await member.say("/start")
    said = await reachable()
    await member.block()
    await member.tap("start:1")

    assert (blocked, unblocked, said) == (False, True, True)
    assert not await Phone(database, NEWCOMER).block()


async def test_a_group_that_moved_is_followed_without_a_word(database: Database, cast: Cast) -> None:
    async with database.writing() as session:
        (await session.get_one(Partnership, cast.partnership.id)).group_chat = -5
        replies = await conversation.respond(session, Moved(old=-5, new=-1005), Setting())

    async with database.reading() as session:
        assert (await session.get_one(Partnership, cast.partnership.id)).group_chat == -1005
    assert replies == ()


async def test_after_sixty_days_a_link_is_too_old(database: Database, cast: Cast, newcomer: Phone) -> None:
    secret = await link(database, cast)
    newcomer.now = MONDAY + timedelta(days=60)

    reply = await newcomer.say(f"/start {secret}")

    assert text(reply).startswith("This link is too old")
    async with database.reading() as session:
        assert (await session.exec(select(Invite).where(Invite.name == "Amal"))).one().taken == 0


async def test_a_member_of_the_backbone_is_told_that_nothing_is_asked(database: Database, cast: Cast) -> None:
    async with database.writing() as session:
        invite, secret = invites.make(
            cast.organisations["forum"], role="member", name="Ada", language="en", now=MONDAY
        )
        session.add(invite)
    newcomer = Phone(database, 77, now=MONDAY)

    offered = await newcomer.say(f"/start {secret}")
    joined = await newcomer.tap(data(offered, "Join"))
    home = await newcomer.say("/start")

    told = "Your organisation is the backbone here: its people are asked nothing, and get every digest."
    assert all(told in text(reply) for reply in (offered, joined, home))
    assert not any("questions come" in text(reply) for reply in (joined, home))
