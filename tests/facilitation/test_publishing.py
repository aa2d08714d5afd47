"""One way out for figures: what a digest holds is what the rule allows, and what the ledger says."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from facilitation import digests
from storage.database import Database
from storage.digests import Digest, Shown, Signal
from storage.members import Seat
from storage.partnerships import Cell, Partnership
from storage.rounds import Invitation
from tests.cast import BRIEF, CLOSES, DIGEST, OPENS, Cast
from tests.facilitation.turning import all_rounds, answer, digest_of, invitation_of, plan, turn, write

WEEK = timedelta(days=7)
COMMUNITY = ("family_charity", "youth_centre", "refugee_group")


@pytest.fixture
async def round_id(database: Database, cast: Cast) -> int:
    await turn(database, now=OPENS)
    return (await all_rounds(database))[0].id


async def closed(database: Database, round_id: int) -> dict[str, Any]:
    await turn(database, now=CLOSES)
    return (await digest_of(database, round_id)).facts


async def ledger(database: Database) -> list[Shown]:
    async with database.reading() as session:
        return list((await session.exec(select(Shown).order_by(col(Shown.id)))).all())


async def everyone(database: Database, cast: Cast, round_id: int, *, parted: bool = False) -> None:
    """Community groups answer low and the rest high if they part; else all answer 4 and 5 in turn."""
    for name, accounts in cast.accounts.items():
        for number, account in enumerate(accounts if name != "forum" else ()):
            high = 5 - number % 2
            value = 1 + number % 2 if parted and name in COMMUNITY else high
            await answer(database, account, round_id, {0: value, 1: high}, now=OPENS)


async def test_a_round_is_frozen_with_all_its_words(database: Database, cast: Cast, round_id: int) -> None:
    await everyone(database, cast, round_id)

    facts = await closed(database, round_id)

    assert (facts["partnership"], facts["title"]["en"], facts["number"]) == ("Riverside", "pulse", 1)
    assert (facts["minimum_group"], facts["apart"], len(facts["items"])) == (4, True, 5)
    assert facts["turnout"] == {"low": 3, "high": 4, "parts": 4}
    assert [cell["label"] for cell in facts["cells"].values()] == ["Council", "Health Trust", "community"]
    ends = facts["ends"]["made_a_difference"]
    assert (ends["low"]["en"], ends["high"]["en"]) == ("not at all", "clearly")
    assert json.loads(json.dumps(facts)) == facts


async def test_groups_that_part_are_found_and_their_odds_kept(
    database: Database, cast: Cast, round_id: int
) -> None:
    await everyone(database, cast, round_id, parted=True)

    facts = await closed(database, round_id)

    by_kind = {(signal["kind"], signal["item"]): signal for signal in facts["signals"]}
    gap = by_kind["organisation_differs", "made_a_difference"]["numbers"]
    labels = {int(id_): cell["label"] for id_, cell in facts["cells"].items()}
    assert [labels[id_] for id_ in gap["low"]] == ["community"]
    assert [labels[id_] for id_ in gap["high"]] == ["Council", "Health Trust"]
    assert 0 < gap["p"] <= gap["q"] <= 0.05
    assert ("common_ground", "can_disagree") in by_kind
    async with database.reading() as session:
        stored = (await session.exec(select(Signal).where(Signal.round_id == round_id))).all()
    assert [(one.kind, one.item, one.numbers) for one in stored] == [
        (one["kind"], one["item"], one["numbers"]) for one in facts["signals"]
    ]


async def test_the_ledger_holds_exactly_what_the_digest_shows(
    database: Database, cast: Cast, round_id: int
) -> None:
    await everyone(database, cast, round_id, parted=True)

    facts = await closed(database, round_id)

    shown = {
        (item["code"], figure["cell"], figure["least"], figure["most"], figure["mean"])
        for item in facts["items"]
        for figure in ([{"cell": None} | item["total"]] if item["total"] else []) + item["cells"]
    }
    rows = await ledger(database)
    assert {(row.item, row.cell_id, row.least, row.most, row.value) for row in rows} == shown
    assert len(rows) == len(shown) == 2 * 4
    assert {row.cells_version for row in rows} == {1}


async def test_what_was_not_answered_shows_nothing(database: Database, cast: Cast, round_id: int) -> None:
    facts = await closed(database, round_id)

    assert not await ledger(database)
    assert not facts["signals"]
    assert all(item["total"] is None and not item["cells"] for item in facts["items"])


@pytest.mark.parametrize(
    ("answering", "cells", "total"),
    [
        ({"council": 3}, [], False),
        ({"council": 4}, ["Council"], True),
        ({"council": 5, "health_trust": 3}, [], True),
        ({"council": 5, "health_trust": 4}, ["Council", "Health Trust"], True),
        ({"council": 5, "health_trust": 4, "youth_centre": 2}, ["Council"], True),
    ],
)
async def test_no_figure_rests_on_fewer_than_four_nor_gives_the_rest_away(
    database: Database,
    cast: Cast,
    round_id: int,
    *,
    answering: dict[str, int],
    cells: list[str],
    total: bool,
) -> None:
    for name, count in answering.items():
        for account in cast.accounts[name][:count]:
            await answer(database, account, round_id, {0: 4}, now=OPENS)

    facts = await closed(database, round_id)

    item = facts["items"][0]
    assert [facts["cells"][str(figure["cell"])]["label"] for figure in item["cells"]] == cells
    assert (item["total"] is not None) == total


async def test_in_a_partnership_that_asks_for_five_no_figure_rests_on_four(
    database: Database, cast: Cast
) -> None:
    async with database.writing() as session:
        (await session.get_one(Partnership, cast.partnership.id)).minimum_group = 5
    await turn(database, now=OPENS)
    round_id = (await all_rounds(database))[0].id
    for account in cast.accounts["council"][:4] + cast.accounts["family_charity"]:
        await answer(database, account, round_id, {0: 4}, now=OPENS)
    for account in cast.accounts["council"]:
        await answer(database, account, round_id, {1: 4}, now=OPENS)
    for account in cast.accounts["health_trust"]:
        await answer(database, account, round_id, {2: 4}, now=OPENS)

    facts = await closed(database, round_id)

    first, second, third = facts["items"][:3]
    assert (len(first["cells"]), first["total"]["least"]) == (0, 5)
    assert (len(second["cells"]), second["cells"][0]["least"]) == (1, 5)
    assert third["total"] is None
    assert facts["apart"] is False


async def test_the_ledger_tells_the_drawing_a_round_was_asked_with(
    database: Database, cast: Cast, round_id: int
) -> None:
    await everyone(database, cast, round_id)
    async with database.writing() as session:
        (await session.get_one(Partnership, cast.partnership.id)).cells_version = 9

    await closed(database, round_id)

    assert {row.cells_version for row in await ledger(database)} == {1}


async def test_people_in_no_cell_count_in_the_total_alone(database: Database, cast: Cast) -> None:
    async with database.writing() as session:
        (await session.get_one(Partnership, cast.partnership.id)).minimum_group = 7
    await turn(database, now=OPENS)
    round_id = (await all_rounds(database))[0].id
    for account in cast.members:
        await answer(database, account, round_id, {0: 4}, now=OPENS)
    for account in cast.members[:6]:
        await answer(database, account, round_id, {1: 4}, now=OPENS)

    facts = await closed(database, round_id)

    assert [cell["label"] for cell in facts["cells"].values()] == ["public"]
    assert facts["apart"] is False
    assert [item["total"] is not None for item in facts["items"]][:2] == [True, False]


async def test_quotes_say_of_their_authors_what_each_chose(
    database: Database, cast: Cast, round_id: int
) -> None:
    council, trust = cast.accounts["council"], cast.accounts["health_trust"]
    charity = cast.accounts["family_charity"]
    choices = {council[0]: 1, council[1]: 2, council[2]: 3, trust[0]: 0, trust[1]: None, charity[0]: 1}
    for account, choice in choices.items():
        await write(database, account, round_id, f"words of {account}", shown_as=choice, now=OPENS)

    facts = await closed(database, round_id)

    assert {(quote["by"], quote["name"]) for quote in facts["quotes"]} == {
        ("kind", "public"),
        ("organisation", "Council"),
        ("name", "Person 1002, Council"),
        ("kind", "community"),
    }
    assert "words of 1005" not in json.dumps(facts)


async def test_a_kind_with_few_seats_is_not_named_and_not_kept(
    database: Database, cast: Cast, round_id: int
) -> None:
    one = cast.accounts["refugee_group"][0]
    async with database.writing() as session:
        for account in cast.accounts["family_charity"]:
            invitation = await invitation_of(database, account, round_id)
            await session.delete(await session.get_one(Invitation, invitation.id))
    await write(database, one, round_id, "We hear about it when it is printed.", shown_as=1, now=OPENS)

    facts = await closed(database, round_id)

    assert [(quote["by"], quote["name"]) for quote in facts["quotes"]] == [("partner", "")]


async def test_who_has_no_name_signs_with_the_organisation_alone(
    database: Database, cast: Cast, round_id: int
) -> None:
    one = cast.accounts["council"][0]
    async with database.writing() as session:
        seat = (await session.exec(select(Seat).where(Seat.name == f"Person {one}"))).one()
        seat.name = ""
    await write(database, one, round_id, "Signed.", shown_as=3, now=OPENS)

    facts = await closed(database, round_id)

    assert [(quote["by"], quote["name"]) for quote in facts["quotes"]] == [("organisation", "Council")]


async def test_a_closed_round_is_not_closed_again(database: Database, cast: Cast, round_id: int) -> None:
    await closed(database, round_id)

    await turn(database, now=CLOSES)

    async with database.reading() as session:
        assert len((await session.exec(select(Digest))).all()) == 1
        assert len((await session.exec(select(Cell))).all()) == 3


# What people said back to the digest before.


async def said_back(database: Database, cast: Cast, same: int, other: int) -> dict[str, Any] | None:
    """The first digest is out, so many answer it, and the second round closes; what its digest says of it."""
    for moment in (OPENS, CLOSES, BRIEF, DIGEST):
        await turn(database, now=moment)
    first = await digest_of(database, (await all_rounds(database))[0].id)
    kinds = ["same"] * same + ["other"] * other
    async with database.writing() as session:
        await digests.answer_back(session, first.id, "other", account=cast.facilitator)
        for account, kind in zip(cast.members, kinds, strict=False):
            await digests.answer_back(session, first.id, kind, account=account)
    return await next_said_back(database, week=1)


async def next_said_back(database: Database, *, week: int) -> dict[str, Any] | None:
    await plan(database, now=OPENS + week * WEEK)
    for moment in (OPENS, CLOSES, BRIEF, DIGEST):
        await turn(database, now=moment + week * WEEK)
    digest = await digest_of(database, (await all_rounds(database))[week].id)
    told: dict[str, Any] | None = digest.facts["answered_back"]
    return told


@pytest.mark.parametrize(
    ("same", "other", "expected"),
    [
        (6, 0, (1, 2, 2, 4, 6)),
        (5, 4, (1, 2, 2, 7, 9)),
        (4, 5, (0, 1, 2, 7, 9)),
        (0, 7, (0, 1, 2, 7, 9)),
        (12, 0, (3, 4, 4, 10, 14)),
        (11, 4, (2, 3, 4, 15, 24)),
        (9, 2, (1, 2, 2, 10, 14)),
        (3, 3, (1, 2, 2, 4, 6)),
        (1, 9, (0, 1, 2, 10, 14)),
        (12, 3, (3, 4, 4, 15, 24)),
    ],
)
async def test_what_was_said_back_is_told_as_a_part_and_stands_in_the_ledger(
    database: Database, cast: Cast, same: int, other: int, expected: tuple[int, ...]
) -> None:
    told = await said_back(database, cast, same, other)

    low, _, parts, least, most = expected
    assert told == dict(zip(("low", "high", "parts", "least", "most"), expected, strict=True))
    rows = [row for row in await ledger(database) if row.item == "answered_back"]
    assert [(row.cell_id, row.least, row.most, row.value) for row in rows] == [
        (None, least, most, low / parts)
    ]


@pytest.mark.parametrize(("same", "other"), [(0, 0), (3, 0), (2, 2), (5, 0), (4, 1)])
async def test_nothing_is_told_of_what_too_few_said_back(
    database: Database, cast: Cast, same: int, other: int
) -> None:
    told = await said_back(database, cast, same, other)

    assert told is None
    assert not [row for row in await ledger(database) if row.item == "answered_back"]


async def test_what_was_said_back_is_told_once(database: Database, cast: Cast) -> None:
    first = await said_back(database, cast, 8, 4)

    second = await next_said_back(database, week=2)

    assert first is not None
    assert second is None
