"""Trouble is written down by whoever sees it, told by one, once an hour at most, and told again when over."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot import troubles
from bot.troubles import AGAIN, CLAIMED, Telling, Trouble
from storage.database import Database
from tests.cast import MONDAY

SURE = 9.0
LASTS = Trouble(MONDAY, began_s=1000.0)
TOLD = replace(LASTS, told=True, told_s=1010.0)


@pytest.mark.parametrize(
    ("known", "late", "seconds", "step"),
    [
        (None, False, 1000, ""),
        (None, True, 1000, "began"),
        (LASTS, True, 1005, ""),  # seen once: it may be a machine that woke up
        (LASTS, True, 1010, "tell"),
        (LASTS, False, 1010, "end"),
        (replace(LASTS, claimed_s=1010.0), True, 1020, ""),  # another process is telling it
        (replace(LASTS, claimed_s=1010.0), True, 1010 + CLAIMED, "tell"),  # and died of it
        (TOLD, True, 1100, ""),
        (TOLD, True, 1010 + 2 * AGAIN, ""),
        (TOLD, False, 1100, "tell_end"),
        (replace(TOLD, lasts=False), True, 1200, "began"),
        (replace(LASTS, told_s=500.0), True, 1010, ""),  # it was told within the hour
        (replace(LASTS, told_s=500.0), False, 1010, "end"),
        (replace(LASTS, told_s=500.0), True, 500 + AGAIN, "tell"),
        (replace(LASTS, told_s=9000.0), True, 1010, "tell"),  # of a machine that was started anew
    ],
)
def test_what_is_to_be_done_about_a_trouble(
    known: Trouble | None, *, late: bool, seconds: float, step: str
) -> None:
    assert troubles.decided(known, late=late, seconds=seconds, sure_after=SURE) == step


def test_what_nobody_can_be_told_of_is_told_when_it_is_over() -> None:
    meanwhile = troubles.decided(LASTS, late=True, seconds=2000, sure_after=SURE, afterwards=True)
    over = troubles.decided(LASTS, late=False, seconds=2000, sure_after=SURE, afterwards=True)

    assert (meanwhile, over) == ("", "tell_end")


async def seen(database: Database, *late: str, since: datetime = MONDAY) -> Telling:
    return await troubles.noticed(
        database, dict.fromkeys(late, since), judged=set(troubles.KINDS), sure_after=0.0
    )


def told(tellings: Iterable[Telling]) -> list[str]:
    return [kind for telling in tellings for kind in (*telling.begun, *telling.over)]


async def test_of_many_processes_that_see_it_one_tells(database: Database) -> None:
    await seen(database, "clock")

    tellings = await asyncio.gather(*(seen(database, "clock") for _ in range(5)))

    assert told(tellings) == ["clock"]


async def test_what_could_not_be_told_is_told_at_the_next_look(database: Database) -> None:
    await seen(database, "clock")
    telling = await seen(database, "clock")
    await troubles.settled(database, telling, told=False)

    again = await seen(database, "clock")

    assert again.begun == telling.begun == {"clock": MONDAY}


async def test_it_is_told_once_and_when_it_is_over_with_the_moment_it_began(database: Database) -> None:
    later = MONDAY + timedelta(minutes=5)
    looks = [await seen(database, "work")]
    for late in (["work"], ["work"], [], []):
        telling = await seen(database, *late, since=later)
        await troubles.settled(database, telling, told=True)
        looks.append(telling)

    assert [bool(look) for look in looks] == [False, True, False, True, False]
    assert looks[1].begun == looks[3].over == {"work": MONDAY}


async def test_what_comes_and_goes_is_told_once_an_hour(database: Database) -> None:
    tellings = []
    for late in (["work"], ["work"], [], ["work"], ["work"], [], ["work"], ["work"]):
        telling = await seen(database, *late)
        await troubles.settled(database, telling, told=True)
        tellings.append(telling)

    assert told(tellings) == ["work", "work"]  # that it began, and that it was over


async def test_several_at_once_are_one_message(database: Database) -> None:
    await seen(database, "clock", "work")

    telling = await seen(database, "clock", "work")

    assert telling.begun.keys() == {"clock", "work"}


async def test_what_cannot_be_judged_now_stays_as_it_was(database: Database) -> None:
    for _ in range(2):
        telling = await seen(database, "clock")
    await troubles.settled(database, telling, told=True)

    unjudged = await troubles.noticed(database, {}, judged={"telegram"}, sure_after=0.0)

    assert not unjudged
    assert (await seen(database)).over == {"clock": MONDAY}


@pytest.mark.parametrize(
    ("late", "kinds"),
    [
        ([], set()),
        (["handling"], {"work"}),
        (["handling", "delivery"], {"work"}),
        (["listening", "telegram"], {"listening", "telegram"}),
        (["something new"], set()),
    ],
)
def test_late_parts_make_kinds_of_trouble(late: list[str], kinds: set[str]) -> None:
    assert troubles.kinds(late) == kinds
