"""Taps and texts of every kind, in any order, twice, from two devices: the newest counts."""

from dataclasses import replace
from random import Random

import pytest
from sqlmodel import col, select

from dialogs import answering
from dialogs.events import Awaiting, Said
from facilitation import instruments
from storage.database import Database
from storage.rounds import Answer
from tests.cast import OPENS
from tests.dialogs.phone import Phone, card
from tests.facilitation import every_kind
from tests.facilitation.every_kind import (
    ALOUD,
    COUNCIL,
    GUESS,
    HOURS,
    KEPT_WORD,
    NEEDS,
    PACE,
    PLAN,
    STEP,
    TRUST,
    VOICE,
    Asked,
)
from tests.facilitation.turning import part_of


@pytest.fixture
def member(database: Database, every: Asked) -> Phone:
    return Phone(database, every.account)


def events(every: Asked, chance: Random, count: int) -> list[tuple[int, int, str]]:
    """Update id, position, and a button's data or "=" and a text."""
    at = f"{every.invitation}:"
    buttons: dict[int, list[str]] = {
        place: [f"rate:{at}{place}:{value}" for value in range(1, 6)]
        for place in (VOICE, GUESS, COUNCIL, TRUST)
    }
    buttons[STEP] = [f"vote:{at}{STEP}:{value}" for value in range(3)]
    buttons[PACE] = [f"pick:{at}{PACE}:{option}" for option in range(3)]
    buttons[NEEDS] = [f"{kind}:{at}{NEEDS}:{option}" for kind in ("pick", "drop") for option in range(3)]
    buttons[KEPT_WORD] = [f"told:{at}{KEPT_WORD}:{value}" for value in (1, 2, 3)]
    buttons[HOURS] = [f"={number}" for number in range(5)]
    buttons[PLAN] = buttons[ALOUD] = [f"=words {number}" for number in range(5)]
    found = []
    for update_id in range(700_000, 700_000 + count):
        place = chance.choice([*buttons, NEEDS, NEEDS, NEEDS])
        skipping = chance.random() < 0.15
        found.append((update_id, place, f"skip:{at}{place}" if skipping else chance.choice(buttons[place])))
    return found


def oracle(done: list[tuple[int, int, str]]) -> dict[int, tuple[int | None, str | None]]:
    """The newest counts; of several options each one's newest. In the order in which they were done."""
    worth: dict[int, tuple[int | None, str | None]] = {}
    ticked: set[int] = set()
    for _, place, what in done:
        number = int(what.rpartition(":")[2]) if ":" in what else 0
        kind = what.partition(":")[0]
        if place == NEEDS:
            ticked = set() if kind == "skip" else ticked | {number} if kind == "pick" else ticked - {number}
            worth[place] = (sum(1 << option for option in ticked) or None, None)
        elif kind == "skip":
            worth[place] = (None, None)
        elif what.startswith("="):
            worth[place] = (int(what[1:]), None) if place == HOURS else (None, what[1:])
        else:
            worth[place] = ({"vote": number - 1, "pick": 1 << number}.get(kind, number), None)
    return worth


@pytest.mark.parametrize("seed", range(3, 6))
async def test_whatever_order_taps_and_texts_come_in_the_newest_counts(
    database: Database, member: Phone, every: Asked, seed: int
) -> None:
    chance = Random(seed)
    done = events(every, chance, 70)
    devices = (member, replace(member, language="cy"))

    for update_id, place, what in chance.sample(done * 2, len(done) * 2):
        device = chance.choice(devices)
        if what.startswith("="):
            awaiting = Awaiting("item", every.invitation, str(place), chance.choice((None, 40)))
            moment = device.moment(update_id)
            await device.does(Said(**moment, text=what[1:], message=update_id, awaiting=awaiting))
        else:
            await device.tap(what, message=chance.choice((40, 41)), update_id=update_id)

    part = await part_of(database, every.account, every.round_id, now=OPENS)
    places = {question.key: place for place, question in enumerate(part.questions)}
    found = {places[key]: (one.value, one.text) for key, one in part.answers.items()}
    expected = oracle(done)
    assert found == expected
    promised = expected.get(PLAN, (None, None))[1]
    assert await every_kind.promises_of(database, every.round_id) == ([promised] if promised else [])
    outcome = {1: "done", 2: "partly", 3: "blocked"}.get(expected.get(KEPT_WORD, (0, None))[0] or 0, "")
    assert await every_kind.outcome_of(database, every.promise) == outcome


async def test_every_button_of_a_round_leads_somewhere(
    database: Database, member: Phone, every: Asked
) -> None:
    waiting, seen = [f"start:{every.invitation}", f"not:{every.invitation}"], set[str]()

    while waiting:
        seen.add(tapped := waiting.pop(0))
        reply = await member.tap(tapped)
        assert not reply.alert, (tapped, reply.notice)
        found = [button.data for row in card(reply).rows for button in row]
        if tapped in (f"ask:{every.invitation}:{place}" for place in (PLAN, ALOUD)):
            # Words as well, so that they are asked about; and the question with its words, once more.
            found += [button.data for row in card(await member.say("Words.")).rows for button in row]
            found += [button.data for row in card(await member.tap(tapped)).rows for button in row]
        if tapped.startswith("show:"):
            # And once it is chosen how they are shown, the question with that.
            again = f"ask:{every.invitation}:{tapped.split(':')[2]}"
            found += [button.data for row in card(await member.tap(again)).rows for button in row]
        ours = [data for data in found if data.partition(":")[0] in answering.VERBS]
        waiting += dict.fromkeys(data for data in ours if data not in {*seen, *waiting})

    assert {data.partition(":")[0] for data in seen} == {*answering.VERBS}


async def test_random_buttons_on_every_kind_never_break_the_conversation(
    database: Database, member: Phone, every: Asked
) -> None:
    chance = Random(5)

    for _ in range(200):
        kind = chance.choice([*answering.VERBS])
        numbers = [every.invitation, *(chance.randint(0, 11) for _ in range(3))][
            : answering.VERBS[kind].numbers
        ]
        reply = await member.tap(":".join(map(str, [kind, *numbers])))
        assert reply.alert or reply.card is not None
        if chance.random() < 0.2:
            await member.say(chance.choice(("Some words.", "12", "-3", "")))

    async with database.reading() as session:
        told = (await session.exec(select(Answer).where(col(Answer.invitation_id) == every.invitation))).all()
    ranges = {"scale": range(1, 6), "guess": range(1, 6), "directed": range(1, 6), "agree": range(-1, 2)}
    ranges |= {"choice": range(1, 8), "number": range(2001), "promise": range(1, 4), "text": range(0)}
    kind_of = {one["code"]: one["kind"] for one in every_kind.EVERY["items"]}
    assert all(one.value is None or one.value in ranges[kind_of[one.item]] for one in told)
    assert all(one.shown_as in (None, *instruments.SHOWN_AS) for one in told)
