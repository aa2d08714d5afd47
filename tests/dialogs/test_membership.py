"""A member's own ways in the chat: away, pause, leave, language, clock, places and earlier digests."""

from datetime import date

import pytest

from dialogs.events import Setting
from facilitation import seats, zones
from storage.database import Database
from storage.members import Seat
from tests.cast import DIGEST, MONDAY, OPENS, Cast, member_of, seat_of, seated
from tests.dialogs.phone import Phone, card, data, labels, text
from tests.dialogs.test_joining import link
from tests.facilitation.turning import all_rounds, answer, turn

COMMANDS = ("/away", "/pause", "/leave", "/language", "/partnerships", "/digests")


@pytest.fixture
def phone(database: Database, cast: Cast) -> Phone:
    return Phone(database, cast.members[0])


@pytest.fixture
async def both(database: Database, cast: Cast) -> Phone:
    """Somebody who sits in Riverside and in Hillside."""
    other = await seated(database, first_account=2000, name="Hillside")
    phone = Phone(database, cast.members[0])
    await phone.tap(data(await phone.say(f"/start {await link(database, other)}"), "Join"))
    return phone


async def test_away_for_a_week_is_two_taps_and_home_says_so(database: Database, phone: Phone) -> None:
    asked = await phone.say("/away")

    away = await phone.tap(data(asked, "A week"))

    assert "Until when?" in text(asked)
    assert labels(asked) == [["A week", "Two weeks"], ["Until I say so"], ["Back"]]
    assert "You are away until 10 November." in text(away)
    assert away.over == 1
    assert (await seat_of(database, phone.account)).away_until == date(2026, 11, 10)
    home = await phone.say("/start")
    assert "You are away until 10 November. Nothing is asked of you until then." in text(home)
    assert ["I am back"] in labels(home)


@pytest.mark.parametrize("words", ["until 14 December", "14/12", "14 december 2026", "Until 14.12."])
async def test_a_day_can_be_typed_behind_the_command_or_after_it(
    database: Database, phone: Phone, words: str
) -> None:
    await phone.say("/away")
    after = await phone.say(words)
    async with database.writing() as session:
        await seats.resume(
            session, [(await session.get_one(Seat, (await seat_of(database, phone.account)).id))]
        )
    behind = await phone.say(f"/away {words}")

    assert "You are away until 14 December." in text(after)
    assert text(behind) == text(after)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("soon", "I cannot read that as a day."),
        ("3 November", "That day is not ahead of us."),
        ("1 January 2030", "That is more than a year from now."),
        ("31 February", "There is no such day"),
    ],
)
async def test_a_day_that_cannot_be_is_told_and_may_be_typed_again(
    database: Database, phone: Phone, words: str, said: str
) -> None:
    await phone.say("/away")

    refused = await phone.say(words)
    again = await phone.say("14 December")

    assert text(refused).startswith(said)
    assert "You are away until 14 December." in text(again)


async def test_pausing_and_coming_back(database: Database, phone: Phone) -> None:
    paused = await phone.say("/pause")
    home = await phone.say("/start")

    back = await phone.tap(data(paused, "I am back"))

    assert "You have paused." in text(paused)
    assert "You have paused." in text(home)
    assert "paused" not in text(back)
    assert (await seat_of(database, phone.account)).paused_at is None


async def test_who_sits_in_two_places_is_asked_which_or_takes_all(database: Database, both: Phone) -> None:
    which = await both.say("/pause")
    one = await both.tap(data(which, "Hillside"))
    home = await both.say("/start")
    everywhere = await both.tap(data(which, "All of them"))

    assert labels(which) == [["Riverside"], ["Hillside"], ["All of them"]]
    assert "This is about Hillside." in text(one)
    assert text(home).count("You have paused.") == 1
    assert [row for row in labels(home) if "I am back" in row[0]] == [["I am back: Hillside"]]
    assert "every partnership you are in" in text(everywhere)
    assert text(await both.say("/start")).count("You have paused.") == 2
    back = await both.tap(data(everywhere, "I am back"))
    assert "You have paused." not in text(back)


async def test_leaving_says_what_happens_and_is_asked_twice(
    database: Database, cast: Cast, phone: Phone
) -> None:
    asked = await phone.say("/leave")
    home = await phone.tap(data(asked, "Stay"))
    left = await phone.tap(data(asked, "Leave"))

    assert "The facilitator learns only that a seat is empty, not why." in text(asked)
    assert labels(asked) == [["Leave"], ["Stay"]]
    assert "Riverside" in text(home)
    assert "You have left Riverside." in text(left)
    assert "You have left the partnerships you were in." in text(await phone.say("/start"))
    assert (await phone.tap(data(asked, "Leave"))).alert


async def test_open_answers_can_be_taken_out_when_leaving(
    database: Database, cast: Cast, phone: Phone
) -> None:
    await turn(database, now=OPENS)
    await answer(database, phone.account, (await all_rounds(database))[0].id, {0: 4}, now=OPENS)

    asked = await phone.say("/leave")
    left = await phone.tap(data(asked, "Leave and take my answers out"))

    assert "Those answers stay in the group result, unless you take them out now." in text(asked)
    assert "Your answers in the open round are taken out." in text(left)


async def test_coming_back_needs_a_new_link(database: Database, cast: Cast, phone: Phone) -> None:
    await phone.tap(data(await phone.say("/leave"), "Leave"))

    offered = await phone.say(f"/start {await link(database, cast, organisation='council')}")
    joined = await phone.tap(data(offered, "Join"))

    assert "Welcome to Riverside." in text(joined)
    assert (await seat_of(database, phone.account)).left_at is None


async def test_the_only_facilitator_is_told_what_to_do_first(database: Database, cast: Cast) -> None:
    phone = Phone(database, cast.facilitator)

    refused = await phone.say("/leave")

    assert "You are the only facilitator of Riverside" in text(refused)
    assert "/setup" in text(refused)
    assert (await phone.tap(f"left:{cast.partnership.id}:0")).alert
    assert "You facilitate here." in text(await phone.say("/start"))


async def test_the_language_can_be_chosen_among_those_offered(database: Database, phone: Phone) -> None:
    phone.setting = Setting(unreviewed=("cy",))

    asked = await phone.say("/language")
    chosen = await phone.tap(data(asked, "Cymraeg"))

    assert ["✓ English"] in labels(asked)
    assert ["✓ Cymraeg"] in labels(chosen)
    member = await member_of(database, phone.account)
    assert member is not None
    assert member.language == "cy"
    assert chosen.commands


async def test_a_language_not_offered_here_cannot_be_chosen(database: Database, phone: Phone) -> None:
    asked = await phone.say("/language")

    reply = await phone.tap(f"speak:{zones.number('cy')}")

    assert reply.alert
    assert "Parley speaks English here." in text(asked)


async def test_times_are_told_on_one_s_own_clock(database: Database, phone: Phone) -> None:
    phone.now = MONDAY
    asked = await phone.tap(data(await phone.say("/language"), "My clock"))
    typed = await phone.say("Tokyo")
    home = await phone.say("/start")
    again = await phone.tap(data(typed, "My clock: Tokyo"))
    own = await phone.tap(data(again, "Each partnership's own"))

    assert "Write the name of a large city" in text(asked)
    assert "Times are told by the clock of Tokyo." in text(typed)
    assert "The next questions come Tuesday 19:00" in text(home)
    assert "Times are told by the clock of each partnership." in text(own)


async def test_a_city_that_may_be_several_is_asked_about(database: Database, phone: Phone) -> None:
    await phone.tap("clock")
    unknown = await phone.say("Atlantis")

    which = await phone.say("Germany")
    chosen = await phone.tap(data(which, "Berlin, now 11:00"))

    assert text(unknown).startswith("I do not know that place.")
    assert labels(which)[:2] == [["Berlin, now 11:00"], ["Busingen, now 11:00"]]
    assert "the clock of Berlin" in text(chosen)


async def test_partnerships_tells_where_one_sits_as_what_and_since_when(
    database: Database, cast: Cast, both: Phone
) -> None:
    await turn(database, now=OPENS)
    async with database.writing() as session:
        (await session.get_one(Seat, (await seat_of(database, both.account)).id)).lead = True

    told = text(await both.say("/partnerships"))

    assert "Riverside · Council" in told
    assert "You are a member here, since 2 November." in told
    assert "You may speak for your organisation." in told
    assert "Open for you: pulse 1." in told
    assert "Hillside · Refugee Group" in told


async def test_earlier_digests_open_again(database: Database, cast: Cast, phone: Phone) -> None:
    none = await phone.say("/digests")
    await turn(database, now=OPENS)
    await turn(database, now=DIGEST)

    some = await phone.say("/digests")
    read = await phone.tap(data(some, "pulse 1 · 6 November"))

    assert "No digest has come out here yet." in text(none)
    assert labels(some) == [["pulse 1 · 6 November"], ["Back"]]
    assert "Riverside" in text(read)


@pytest.mark.parametrize("page", [1, 2**31, 2**62])
async def test_a_page_of_digests_there_is_not_is_refused(
    database: Database, cast: Cast, phone: Phone, page: int
) -> None:
    assert (await phone.tap(f"older:{cast.partnership.id}:{page}")).alert


@pytest.mark.parametrize("command", COMMANDS)
async def test_a_stranger_who_types_a_member_s_command_is_told_how_to_take_part(
    database: Database, cast: Cast, command: str
) -> None:
    reply = await Phone(database, 5).say(command)

    assert "A link from a facilitator lets you in." in text(reply)


@pytest.mark.parametrize(
    "kind",
    ["away:{}", "awayfor:{}:7", "pause:{}", "back:{}", "leave:{}", "left:{}:1", "earlier:{}", "older:{}:0"],
)
async def test_nobody_moves_a_seat_that_is_not_theirs(database: Database, cast: Cast, kind: str) -> None:
    other = await seated(database, first_account=2000, name="Hillside")
    before = await seat_of(database, cast.members[0])

    replies = [
        await Phone(database, who).tap(kind.format(cast.partnership.id)) for who in (other.members[0], 5)
    ]

    assert all(reply.alert and reply.card is None for reply in replies)
    assert len({reply.notice for reply in replies}) == 1
    assert await seat_of(database, cast.members[0]) == before


async def test_a_forged_number_of_days_or_clock_changes_nothing(
    database: Database, cast: Cast, phone: Phone
) -> None:
    replies = [await phone.tap(one) for one in (f"awayfor:{cast.partnership.id}:8", "liveby:7", "left:0:0")]

    assert all(reply.alert for reply in replies)
    assert (await seat_of(database, phone.account)).away_until is None


async def test_going_home_ends_what_was_to_be_written(database: Database, phone: Phone) -> None:
    asked = await phone.say("/away")

    await phone.tap(data(asked, "Back"))
    said = await phone.say("14 December")

    assert "I did not expect a message here" in text(said)
    assert card(said).text
    assert (await seat_of(database, phone.account)).away_until is None
