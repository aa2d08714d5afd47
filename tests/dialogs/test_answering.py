"""A round on a phone: one question at a time, everything open to change, nothing kept that was not meant."""

from random import Random

from sqlmodel import select

from dialogs import answering
from dialogs.cards import Button
from facilitation import standing
from storage.database import Database
from storage.digests import Response
from storage.rounds import Answer, Awaited, Invitation
from tests.cast import CLOSES, DIGEST, OPENS, Cast, seated
from tests.dialogs.phone import Phone, card, data, kept, labels, text
from tests.facilitation.turning import invitation_of, turn

CODES = ("made_a_difference", "can_disagree", "fair_load", "same_direction", "worth_it", "said_aloud")


async def rated(member: Phone, mine: int) -> None:
    for position in range(5):
        await member.tap(f"rate:{mine}:{position}:4")


async def test_a_whole_round_by_tapping_and_one_sentence(
    database: Database, member: Phone, mine: int
) -> None:
    first = await member.tap(f"start:{mine}")
    reply = first
    for value in "25314":
        assert reply.over == 1
        reply = await member.tap(data(reply, value))
    asked = await member.say("We hear about the plan when it is printed.")
    done = await member.tap(data(asked, "Quoted, no name"))

    assert text(first).startswith("1 of 6\n\nSomething we said in")
    assert text(first).endswith("1 = not at all · 5 = clearly")
    assert labels(first) == [["1", "2", "3", "4", "5"], ["Skip"], ["Why this question?"]]
    assert text(reply).startswith("6 of 6 · if you like")
    assert asked.over is None
    assert asked.settled is not None
    assert "Your words are kept." in asked.settled[1].text
    assert "Until you choose, only the facilitator gets it, without your name." in text(asked)
    assert "With your name, it says: Person 1013, Refugee Group." in text(asked)
    assert "Thank you. That was everything." in text(done)
    assert "The digest comes Monday 9:00, on 9 November." in text(done)
    assert list((await kept(database, member)).values()) == [
        (2, None, None),
        (5, None, None),
        (3, None, None),
        (1, None, None),
        (4, None, None),
        (None, "We hear about the plan when it is printed.", "quoted"),
    ]


async def test_back_skip_and_keep_lead_through_the_questions(
    database: Database, member: Phone, mine: int
) -> None:
    second = await member.tap(f"skip:{mine}:0")
    third = await member.tap(data(second, "3"))
    back = await member.tap(data(third, "Back"))
    kept_it = await member.tap(data(back, "Keep it"))

    assert labels(second)[1:] == [["Back", "Skip"], ["Why this question?"]]
    assert "Your answer so far: 3" in text(back)
    assert labels(back)[0] == ["1", "2", "✓ 3", "4", "5"]
    assert text(kept_it).startswith("3 of 6")
    assert (await kept(database, member))["made_a_difference"] == (None, None, None)


async def test_why_a_question_is_asked_is_told_beside_it(member: Phone, mine: int) -> None:
    why = await member.tap(f"why:{mine}:2")

    assert "Small groups often pay most in time." in text(why)
    assert labels(why)[-1] == ["Back", "Skip"]


async def test_an_answer_is_changed_from_the_last_card(database: Database, member: Phone, mine: int) -> None:
    await rated(member, mine)
    done = await member.tap(f"skip:{mine}:5")
    change = await member.tap(data(done, "Change an answer"))
    second = await member.tap(data(change, "2"))
    again = await member.tap(data(second, "1"))
    change = await member.tap(data(again, "Change an answer"))
    back = await member.tap(data(change, "Done"))

    assert labels(change) == [["1", "2", "3", "4", "5", "6"], ["Done"]]
    assert "2. We can disagree here without paying for it later.\n→ 1 out of 5" in text(change)
    assert text(change).endswith("What should be said aloud this week?\n→ no answer")
    assert card(back) == card(again)
    assert (await kept(database, member))["can_disagree"][0] == 1


async def test_leaving_everything_open_is_fine(member: Phone, mine: int) -> None:
    for position in range(6):
        reply = await member.tap(f"skip:{mine}:{position}")
    again = await member.tap(f"start:{mine}")

    assert card(again) == card(reply)
    assert "You left all of it open, which is fine." in text(reply)


async def test_what_is_still_open_is_told_and_led_to(member: Phone, mine: int) -> None:
    await member.tap(f"rate:{mine}:1:4")

    early = await member.tap(f"done:{mine}")
    on = await member.tap(data(early, "Go on"))

    assert "5 questions are still open." in text(early)
    assert text(on).startswith("1 of 6")


async def test_how_many_have_answered_is_told_only_of_a_crowd_and_over_half(
    database: Database, cast: Cast, round_id: int, member: Phone, mine: int
) -> None:
    told = []
    for account in [*cast.members[:8], member.account]:
        phone = Phone(database, account)
        own = (await invitation_of(database, account, round_id)).id
        await phone.tap(f"rate:{own}:0:4")
        told.append("More than half of us" in text(await phone.tap(f"done:{own}")))

    assert len(cast.members) >= standing.CROWD
    assert told == [False] * 7 + [True] * 2


async def test_not_this_week_can_be_taken_back(member: Phone, mine: int) -> None:
    declined = await member.tap(f"not:{mine}")
    begun = await member.tap(data(declined, "Start after all"))

    assert "All right, no reminder this week." in text(declined)
    assert text(begun).startswith("1 of 6")


async def test_not_this_week_after_a_start_keeps_what_was_answered(
    database: Database, member: Phone, mine: int
) -> None:
    await member.tap(f"rate:{mine}:0:4")

    await member.tap(f"not:{mine}")

    assert (await kept(database, member))["made_a_difference"][0] == 4
    async with database.reading() as session:
        assert (await session.get_one(Invitation, mine)).state == "declined"


async def test_double_taps_and_taps_out_of_order_end_as_the_last_one(
    database: Database, member: Phone, mine: int
) -> None:
    taps = [(500_000 + at, position, Random(at).randint(1, 5)) for at, position in enumerate([0, 1, 2] * 8)]

    for update_id, position, value in Random(3).sample(taps * 2, 48):
        await member.tap(f"rate:{mine}:{position}:{value}", update_id=update_id)

    last = {CODES[position]: (value, None, None) for _, position, value in taps}
    assert await kept(database, member) == last


async def test_a_double_tap_shows_the_same_card_twice(member: Phone, mine: int) -> None:
    first = await member.tap(f"rate:{mine}:0:4")
    second = await member.tap(f"rate:{mine}:0:4")

    assert card(first) == card(second)
    assert (first.notice, second.notice) == ("✓", "✓")


# After the close.


async def test_an_old_button_leads_to_its_digest_and_today_s_questions(
    database: Database, member: Phone, mine: int
) -> None:
    await turn(database, now=CLOSES)
    member.now = CLOSES
    soon = await member.tap(f"rate:{mine}:0:5")
    await turn(database, now=DIGEST)
    member.now = DIGEST
    out = await member.tap(f"rate:{mine}:0:5")
    next_week = OPENS.replace(day=10)
    await turn(database, now=next_week)
    member.now = next_week
    both = await member.tap(f"rate:{mine}:0:5")
    read = await member.tap(data(both, "Read it"))
    today = await member.tap(data(both, "Open today's questions"))

    assert text(soon) == "This round closed on 6 November.\nIts digest comes Monday 9:00, on 9 November."
    assert labels(out) == [["Read it"]]
    assert labels(both) == [["Read it"], ["Open today's questions"]]
    assert read.over is None
    assert text(read).startswith("Riverside · pulse 1\n3 to 6 November")
    assert text(today).startswith("1 of ")
    async with database.reading() as session:
        assert not (await session.exec(select(Answer))).all()


# Forged buttons.


def forged(mine: int) -> list[str]:
    numbers = ("", "-1", "x", "٣", "0", "99", str(2**62), str(2**63), str(2**96), "1e3", " 1", "1.0", "²")
    kinds = [*answering.VERBS, "read", "same", "other", "word", "aloud", "words"]
    texts = [
        "",
        ":",
        "::",
        "rate",
        "nothing:1",
        "rate:",
        "start:1:2:3:4:5",
        "😀",
        "\x00",
        "rate:1:1:1:1",
        "a" * 64,
    ]
    return [
        *texts,
        *(f"{kind}:{number}" for kind in kinds for number in numbers),
        *(f"{kind}:{mine}:{number}" for kind in ("rate", "show", "ask", "how") for number in numbers),
        *(f"{kind}:{mine}:{at}:{number}" for kind in ("rate", "show") for at in (0, 5) for number in numbers),
        *(f"show:{mine}:{at}:1:{number}" for at in (0, 5) for number in numbers),
    ]


async def everything(database: Database) -> list[object]:
    async with database.reading() as session:
        tables = (Answer, Invitation, Response, Awaited)
        rows = [row for table in tables for row in (await session.exec(select(table))).all()]
        return [{name: value for name, value in vars(row).items() if name[0] != "_"} for row in rows]


async def test_forged_buttons_change_nothing_and_all_get_the_same_no(
    database: Database, cast: Cast, member: Phone, mine: int
) -> None:
    stranger = Phone(database, 1)
    other = await seated(database, first_account=2000, name="Hillside")
    neighbour, facilitator = Phone(database, other.members[0]), Phone(database, cast.facilitator)
    colleague = Phone(database, cast.accounts["refugee_group"][1])
    valid = [f"rate:{mine}:0:1", f"start:{mine}", f"change:{mine}", f"not:{mine}", f"skip:{mine}:5"]
    before = await everything(database)

    refused = [
        await phone.tap(tap) for phone in (stranger, neighbour, facilitator, colleague) for tap in valid
    ]
    refused += [await member.tap(tap) for tap in forged(mine) if not _real(tap, mine)]

    assert {(reply.card, reply.alert) for reply in refused} == {(None, True)}
    assert len({reply.notice for reply in refused}) == 1
    assert await everything(database) == before


def _real(tap: str, mine: int) -> bool:
    """Whether a made-up button happens to be one of ours."""
    kind, *numbers = tap.split(":")
    return numbers[:1] == [str(mine)] and (kind, numbers[1:]) == ("ask", ["0"])


async def test_random_taps_of_one_s_own_never_break_the_conversation(
    database: Database, member: Phone, mine: int
) -> None:
    chance = Random(11)

    for _ in range(150):
        kind = chance.choice([*answering.VERBS])
        numbers = [mine, *(chance.randint(0, 6) for _ in range(3))][: answering.VERBS[kind].numbers]
        reply = await member.tap(":".join(map(str, [kind, *numbers])))
        assert reply.alert or reply.card is not None
        if chance.random() < 0.1:
            await member.say("Some words.")

    assert all(
        isinstance(button, Button) for row in card(await member.tap(f"start:{mine}")).rows for button in row
    )
