"""Simulated people against a small real bot: over HTTP, by taps and texts alone."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from tests.sandbox_people.conftest import MONDAY, Town
from tests.sandbox_people.scripted_bot import BARRIERS, COUNT, HOURS, OPTIONS, QUESTIONS, WORDS, ScriptedBot
from tests.sandbox_process import ControlRefused

TUESDAY = datetime(2026, 11, 3, 10, tzinfo=UTC)
FRIDAY = datetime(2026, 11, 6, 17, tzinfo=UTC)


def believed(report: dict[str, list[dict[str, object]]]) -> dict[tuple[object, str], object]:
    """What people think they rated, by whom and which of the bot's questions."""
    return {
        (row["user"], next(q for q in QUESTIONS if q in str(row["question"]))): row["value"]
        for row in report["ticked"]
        if row["value"]
    }


def answered(report: dict[str, list[dict[str, object]]], question: str) -> dict[object, dict[str, object]]:
    """What people think they answered to one question, by whom."""
    return {row["user"]: row for row in report["ticked"] if question in str(row["question"])}


async def test_people_join_by_their_link_at_their_time(town: Town, bot: ScriptedBot) -> None:
    users = await town.settle(temperaments=["prompt", "late"], each={"joins": "2026-11-02T09:00:00+00:00"})
    due = await town.next()

    acted = await town.act(MONDAY.replace(hour=9))

    assert due == MONDAY.replace(hour=9)
    assert acted == 2
    assert bot.joined == [(user, f"link{user}") for user in users]
    shown = await town.sandbox.control("GET", f"phones/{users[0]}")
    assert shown["chats"][0]["messages"][-1]["text"] == "Welcome. Nothing to do until Tuesday."
    assert await town.next() is None


async def test_ratings_people_believe_in_are_the_ones_the_bot_stored(town: Town, bot: ScriptedBot) -> None:
    everybody = ["prompt", "late", "terse", "angry", "nonsense", "hostile", "changing", "blocks", "prompt"]
    users = await town.settle(temperaments=everybody)
    await town.live_until(MONDAY.replace(hour=12))
    town.at(TUESDAY)
    for user in users:
        await bot.open_round(user)

    await town.live_until(FRIDAY)

    report = await town.report()
    assert report["gave_up"] == 0
    assert believed(report) == bot.stored
    assert len(bot.stored) > 2 * len(users)
    fits, hours = answered(report, BARRIERS), answered(report, HOURS)
    assert {user: row["chosen"] for user, row in fits.items()} == {
        user: sorted(OPTIONS[place] for place in places) for user, places in bot.chosen.items()
    }
    assert {user: int(re.findall(r"\d+", str(row["words"]))[0]) for user, row in hours.items()} == bot.hours
    assert min(len(bot.chosen), len(bot.hours)) > len(users) / 2
    assert report["sittings"] == 2 * len(users)
    assert report["texts"] >= len(bot.texts) > 0


async def test_nobody_stays_at_a_question_for_a_number(town: Town, bot: ScriptedBot) -> None:
    users = await town.settle(temperaments=["nonsense"] * 6)
    await town.live_until(MONDAY.replace(hour=12))
    town.at(TUESDAY)
    for user in users:
        await bot.open_round(user)

    await town.live_until(FRIDAY)

    assert bot.unclear > 0
    assert len(bot.hours) >= len(users) - 2
    assert not any(at == COUNT for _, at in bot.asked.values())


async def test_the_words_people_believe_in_say_how_they_may_be_shown(town: Town, bot: ScriptedBot) -> None:
    lines = [{"say": "Less paper.", "chance": 1.0, "show": "my name"}]
    (user,) = await town.settle(temperaments=["prompt"], each={"texts": lines})
    await town.live_until(MONDAY.replace(hour=12))
    town.at(TUESDAY)
    await bot.open_round(user)

    await town.live_until(FRIDAY)

    told = answered(await town.report(), WORDS)[user]
    assert (told["words"], told["label"]) == ("Less paper.", "With my name")
    assert bot.texts == ["Less paper."]


async def test_stances_show_in_the_ratings(town: Town, bot: ScriptedBot) -> None:
    stances = [
        {"match": "changed a decision", "levels": [1.0], "spread": 0.0},
        {"match": "say no", "levels": [5.0], "spread": 0.0},
    ]
    guess = [{"match": "most others", "levels": [4.0], "spread": 0.0}]
    users = await town.settle(temperaments=["prompt"] * 4, each={"stances": stances, "guess": guess})
    await town.live_until(MONDAY.replace(hour=12))
    town.at(TUESDAY)
    for user in users:
        await bot.open_round(user)

    await town.live_until(FRIDAY)

    for text, value in zip(QUESTIONS, (1, 5, 4), strict=True):
        assert {bot.stored[user, text] for user in users if (user, text) in bot.stored} == {value}


async def test_the_same_seed_taps_the_same_whatever_the_order(town: Town, bot: ScriptedBot) -> None:
    users = await town.settle(temperaments=["prompt", "angry", "nonsense"])
    await town.live_until(MONDAY.replace(hour=12))
    runs = []

    for order in (users, users[::-1]):
        bot.stored.clear()
        bot.chosen.clear()
        await town.settle(temperaments=[])
        rows = [
            {"user": u, "temperament": n} for u, n in zip(users, ("prompt", "angry", "nonsense"), strict=True)
        ]
        town.at(TUESDAY)
        for user in order:
            await bot.open_round(user)
        body = {"seed": 5, "start": "2026-11-02", "people": rows if order is users else rows[::-1]}
        await town.sandbox.control("POST", "people", body)
        await town.live_until(FRIDAY)
        runs.append(dict(bot.stored))

    assert runs[0] == runs[1]
    assert runs[0]


async def test_whoever_gets_no_reaction_gives_up_and_comes_back_once(town: Town, bot: ScriptedBot) -> None:
    (user,) = await town.settle(temperaments=["prompt"])
    await town.live_until(MONDAY.replace(hour=12))
    town.at(TUESDAY)
    await bot.open_round(user)
    bot.deaf = True
    at = await town.next()
    assert at is not None

    await town.act(at)
    again = await town.next()
    bot.deaf = False
    await town.live_until(FRIDAY)

    report = await town.report()
    assert report["gave_up"] == 1
    assert again == at + timedelta(hours=2)
    assert believed(report) == bot.stored
    assert bot.stored


async def test_an_alert_is_no_tick_and_the_button_is_tried_again(town: Town, bot: ScriptedBot) -> None:
    (user,) = await town.settle(temperaments=["prompt"])
    await town.live_until(MONDAY.replace(hour=12))
    town.at(TUESDAY)
    await bot.open_round(user)
    bot.loses = 1

    await town.live_until(FRIDAY)

    report = await town.report()
    assert bot.loses == 0
    assert believed(report) == bot.stored
    assert len(believed(report)) == len(bot.stored) > 0
    assert report["taps"] > report["ticks"]


async def test_whoever_typed_where_a_tap_was_asked_goes_back_to_the_question(
    town: Town, bot: ScriptedBot
) -> None:
    users = await town.settle(temperaments=["nonsense"] * 4)
    await town.live_until(MONDAY.replace(hour=12))
    town.at(TUESDAY)
    cards = [await bot.open_round(user) for user in users]

    await town.live_until(FRIDAY)

    assert bot.puzzled > 0
    for user, card in zip(users, cards, strict=True):
        shown = await town.sandbox.control("GET", f"phones/{user}")
        texts = {message["id"]: message["text"] for message in shown["chats"][0]["messages"]}
        assert re.search(r"(is|are) kept|^Thank you. That was everything.$", texts[card])


async def test_a_round_that_closed_meanwhile_ticks_nothing(town: Town, bot: ScriptedBot) -> None:
    (user,) = await town.settle(temperaments=["prompt"])
    await town.live_until(MONDAY.replace(hour=12))
    town.at(TUESDAY)
    await bot.open_round(user)
    bot.closed = True

    await town.live_until(FRIDAY)

    assert (await town.report())["ticked"] == []


async def test_hostile_words_arrive_as_a_phone_would_send_them(town: Town, bot: ScriptedBot) -> None:
    flood = "<b>" * 3000
    lines = [{"say": flood, "chance": 1.0}]
    (user,) = await town.settle(temperaments=["hostile"], each={"texts": lines})
    await town.live_until(MONDAY.replace(hour=12))
    town.at(TUESDAY)
    await bot.open_round(user)

    await town.live_until(FRIDAY)

    shown = await town.sandbox.control("GET", f"phones/{user}")
    mine = [message["text"] for message in shown["chats"][0]["messages"] if message["mine"]]
    assert "".join(text for text in mine if set(text) <= set("<b>")) == flood
    assert bot.texts[0] == flood[:4096]
    assert WORDS not in bot.texts


async def test_the_one_who_blocks_is_gone_in_week_two_and_back_in_week_five(
    town: Town, bot: ScriptedBot
) -> None:
    (user,) = await town.settle(temperaments=["blocks"])

    await town.live_until(MONDAY + timedelta(days=8))
    gone = await town.sandbox.control("GET", f"phones/{user}")
    await town.live_until(MONDAY + timedelta(days=29))
    back = await town.sandbox.control("GET", f"phones/{user}")

    assert gone["blocked"] is True
    assert back["blocked"] is False
    assert back["chats"][0]["messages"][-1]["text"] == "/start"


async def test_an_unknown_temperament_is_refused_with_the_list(town: Town) -> None:
    with pytest.raises(ControlRefused, match="gloomy is no temperament; there are prompt, late"):
        await town.settle(temperaments=["gloomy"])


async def test_a_stance_that_is_no_expression_is_refused(town: Town) -> None:
    with pytest.raises(ControlRefused, match="stance"):
        await town.settle(temperaments=["prompt"], each={"stances": [{"match": "(", "levels": [3]}]})
