"""The demo's cast: who sits where, and how far apart the planted conflict takes them."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.demo import cast as demo_cast
from facilitation import instruments
from synthesis import disclosure

CAST = demo_cast.riverside()
MONDAY = datetime(2026, 11, 2, 9, tzinfo=UTC)
WEEKS = 12


def told(*, conflict: bool, seed: int = 1) -> dict[str, Any]:
    invites = [(figure, 2000 + place, f"secret-{place}") for place, figure in enumerate(CAST.people)]
    return demo_cast.crowd(CAST, invites, starts=MONDAY, conflict=conflict, seed=seed)


def at(levels: list[float], week: int) -> float:
    return levels[min(week, len(levels) - 1)]


def test_seven_partners_of_unequal_size_share_26_seats_and_two_are_the_visitors() -> None:
    seats = Counter(figure.organisation for figure in CAST.people)

    assert dict(seats) == {
        "council": 7,
        "health_trust": 5,
        "housing": 3,
        "fund": 2,
        "family_charity": 3,
        "youth_centre": 3,
        "refugee_group": 3,
    }
    assert [figure.phone for figure in CAST.people if figure.phone] == ["council", "refugee_group"]
    assert len({line.name for line in CAST.roster()}) == 27


def test_one_person_speaks_for_each_partner_and_somebody_is_not_on_telegram() -> None:
    leads = [figure.organisation for figure in CAST.people if figure.lead]

    assert sorted(leads) == sorted({figure.organisation for figure in CAST.people})
    assert sum(row.get("off_telegram", 0) for row in CAST.organisations.values()) == 1


def test_every_temperament_is_there() -> None:
    found = Counter(figure.temperament for figure in CAST.people)

    assert found.keys() >= {"prompt", "late", "silent", "terse", "angry", "changing"}
    assert (found["blocks"], found["nonsense"], found["hostile"]) == (1, 1, 1)


def test_every_partner_is_part_of_something_that_may_be_shown() -> None:
    seats = Counter(figure.organisation for figure in CAST.people)
    sizes = [(key, str(row["kind"]), seats[key]) for key, row in CAST.organisations.items()]

    cells = disclosure.draw_cells(sizes)

    assert {cell.sort for cell in cells} == {"organisation", "kind", "others"}
    assert {key for cell in cells for key in cell.organisations} == seats.keys()


@pytest.mark.parametrize("week", range(WEEKS))
def test_the_planted_conflict_parts_the_sides_by_one_point_at_most(week: int) -> None:
    planted = CAST.conflict

    moved = {
        key: at(demo_cast.levels(CAST, planted.item, key, conflict=True), week)
        - at(demo_cast.levels(CAST, planted.item, key, conflict=False), week)
        for key in CAST.organisations
    }

    assert max(moved.values()) - min(moved.values()) <= 1.0
    assert min(moved[key] for key in planted.high.organisations) >= 0.0
    assert max(moved[key] for key in planted.low.organisations) <= 0.0


def test_the_conflict_is_between_a_strong_partner_and_two_weak_ones_and_grows_from_nothing() -> None:
    planted = CAST.conflict
    low = [demo_cast.levels(CAST, planted.item, key, conflict=True) for key in planted.low.organisations]

    assert planted.high.organisations == ("council",)
    assert planted.low.organisations == ("youth_centre", "refugee_group")
    assert all(levels == sorted(levels, reverse=True) for levels in low)
    assert all(at(levels, 0) == CAST.items[planted.item]["level"] for levels in low)
    assert all(at(levels, 5) == CAST.items[planted.item]["level"] - 1 for levels in low)


def test_without_conflict_everybody_stands_at_the_same_place_on_every_item() -> None:
    people = told(conflict=False)["people"]

    assert all(person["stances"] == people[0]["stances"] for person in people)
    assert all(len(stance["levels"]) == 1 for stance in people[0]["stances"])


def test_with_conflict_nothing_but_the_planted_item_moves() -> None:
    wording = next(
        item.wording["en"]
        for item in instruments.parsed(instruments.raw(demo_cast.INSTRUMENT)).items
        if item.code == CAST.conflict.item
    )
    calm, torn = told(conflict=False)["people"], told(conflict=True)["people"]

    changed = {
        stance["match"].replace("\\", "")
        for before, after in zip(calm, torn, strict=True)
        for stance, other in zip(before["stances"], after["stances"], strict=True)
        if stance != other
    }

    assert changed == {wording}


def test_people_say_their_sentences_in_their_week_and_are_quiet_between() -> None:
    figure = demo_cast.Figure(
        "council", "Ada", "prompt", says=((1, "First.", "quoted"), (2, "Then.", "my name"))
    )

    lines = sorted(demo_cast.lines(figure, conflict=True), key=lambda line: line["from_week"])

    assert [(line["from_week"], line["say"], line["chance"]) for line in lines] == [
        (0, "-", 0.0),
        (1, "First.", 1.0),
        (2, "Then.", 1.0),
        (3, "-", 0.0),
    ]


def test_the_seed_and_the_way_in_are_told_for_each() -> None:
    body = told(conflict=True, seed=7)

    assert body["seed"] == 7
    assert body["start"] == "2026-11-02"
    assert len({person["invite"] for person in body["people"]}) == 26
    assert all(person["joins"] < "2026-11-02T10:00" for person in body["people"])


def test_at_least_25_sentences_are_their_own() -> None:
    sentences = [words for figure in CAST.people for _, words, _ in figure.says + figure.complains]

    assert len(sentences) == len(set(sentences)) >= 25
    assert not any("!" in words for words in sentences)


def test_nobody_complains_of_a_conflict_that_is_not_there() -> None:
    figure = demo_cast.Figure(
        "council", "Sam", "prompt", says=((0, "Good.", "no name"),), complains=((2, "Bad.", "no name"),)
    )

    with_conflict, without = (
        [line["say"] for line in demo_cast.lines(figure, conflict=conflict)] for conflict in (True, False)
    )

    assert "Bad." in with_conflict
    assert "Bad." not in without
