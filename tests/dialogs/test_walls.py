"""Promises 20 and 21: forged buttons do nothing, and partnerships are walled off from each other.

The matrix is made from the tables of buttons, commands and awaited words, so a new one is in it by itself.
"""

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import SQLModel

from dialogs import conversation
from dialogs.cards import plain
from dialogs.events import Awaiting, Event, Filed, Grouped, Reply, Tapped
from facilitation import members
from storage.database import Database
from storage.members import Invite, Roster
from storage.partnerships import Partnership
from storage.raised import Raised
from storage.rounds import Promise, Schedule
from tests import proof
from tests.cast import DIGEST, MONDAY, OPENS, Cast, seat_of, seated
from tests.dialogs.phone import Phone
from tests.facilitation.turning import all_rounds, answer, plan, turn, write

MARK = "Zebra"  # stands in every name and every word of the partnership that is to be kept apart
SECRET = "what only the facilitator may read"
HIGHEST, NOWHERE = 24, 10**9  # no table of the walled partnership has more rows that a button could name
MACHINERY = ("inbox", "outbox", "pace", "heartbeat", "awaited")
ITEMS = ("", "0", "5", "0:0:7", "name")

Rows = dict[str, dict[Any, dict[str, Any]]]


@dataclass(frozen=True)
class World:
    """One partnership in full life, another beside it, and people who belong to neither."""

    walled: Cast
    other: Cast
    ex_member: int
    ex_facilitator: int
    stranger: int = 99

    def outsiders(self) -> dict[str, int]:
        return {
            "stranger": self.stranger,
            "member of another partnership": self.other.members[0],
            "facilitator of another partnership": self.other.facilitator,
            "ex-member": self.ex_member,
            "ex-facilitator": self.ex_facilitator,
        }


@pytest.fixture
async def world(database: Database) -> World:
    walled = await seated(database, name=f"{MARK} River")
    await _mark(database, walled)
    await _live(database, walled)
    other = await seated(database, first_account=2000, name="Hillside")
    left = [await _joined_and_left(database, walled, account=at, role=role) for at, role in _LEAVERS]
    return World(walled, other, *left)


_LEAVERS = ((3000, "member"), (3001, "facilitator"))


async def _mark(database: Database, cast: Cast) -> None:
    """Every name that could show carries the mark."""
    async with database.writing() as session:
        for organisation in cast.organisations.values():
            organisation.name = f"{MARK} {organisation.name}"
            organisation.unwanted = f"{MARK} likes no meetings"
            session.add(organisation)
        partnership = await session.get_one(Partnership, cast.partnership.id)
        partnership.danger = f"{MARK} 999"


async def _live(database: Database, cast: Cast) -> None:
    """A round that has its digest and one that is open; things raised, promised, invited and half set up."""
    await turn(database, now=OPENS)
    first = (await all_rounds(database))[0]
    for account in cast.members:
        await answer(database, account, first.id, dict.fromkeys(range(5), 3), now=OPENS)
    await write(database, cast.members[0], first.id, f"{MARK} said this", shown_as=1, now=OPENS)
    await write(database, cast.members[1], first.id, SECRET, shown_as=0, now=OPENS)
    await turn(database, now=DIGEST)
    await plan(database, now=DIGEST)
    await turn(database, now=OPENS + timedelta(days=7))
    seat = await seat_of(database, cast.members[2])
    async with database.writing() as session:
        session.add_all(_loose_ends(cast, seat.id, first.id))


def _loose_ends(cast: Cast, seat_id: int, round_id: int) -> list[SQLModel]:
    partnership, organisation = cast.partnership.id, cast.organisations["council"].id
    return [
        Raised(
            partnership_id=partnership, seat_id=seat_id, text=SECRET, shown_as="facilitator", raised_at=OPENS
        ),
        Raised(
            partnership_id=partnership, seat_id=seat_id, text=f"{MARK}!", shown_as="quoted", raised_at=OPENS
        ),
        Promise(schedule_id=cast.schedule.id, round_id=round_id, seat_id=seat_id, text=SECRET, made_at=OPENS),
        Schedule(
            partnership_id=partnership,
            instrument="retro",
            rule="FREQ=DAILY;COUNT=1",
            starts=date(2026, 12, 1),
            created_at=MONDAY,
        ),
        Invite(
            secret_hash="f" * 64,
            partnership_id=partnership,
            organisation_id=organisation,
            role="member",
            name=f"{MARK} Ada",
            places=5,
            expires_at=MONDAY + timedelta(days=60),
        ),
        Roster(partnership_id=partnership, account=cast.facilitator, people=[], filed_at=MONDAY),
    ]


async def _joined_and_left(database: Database, cast: Cast, *, account: int, role: str) -> int:
    from facilitation import invites  # noqa: PLC0415 - only here

    async with database.writing() as session:
        invite, _ = invites.make(
            cast.organisations["council"], role=role, name=f"{MARK} {account}", language="en", now=MONDAY
        )
        session.add(invite)
        await session.flush()
        seat = await invites.join(session, invite, account=account, language="en", now=MONDAY)
        await members.leave(session, seat, now=MONDAY)
    return account


async def rows(database: Database) -> Rows:
    """Every row of every table that is not machinery, by table and key."""
    found: Rows = {}
    async with database.engine.connect() as connection:
        for name, table in SQLModel.metadata.tables.items():
            if name not in MACHINERY:
                keys = [column.name for column in table.primary_key]
                read = (await connection.execute(sa.select(table))).mappings().all()
                found[name] = {tuple(row[key] for key in keys): dict(row) for row in read}
    return found


def changed(before: Rows, after: Rows) -> list[str]:
    """What is not as it was, of the rows that were there before."""
    return [
        f"{table} {key}: {row} is now {after[table].get(key)}"
        for table, known in before.items()
        for key, row in known.items()
        if after[table].get(key) != row
    ]


def without(found: Rows, account: int) -> Rows:
    """All rows but a person's own, which they may change and erase whatever became of their seat."""
    mine = {row["id"] for row in found["member"].values() if row["account"] == account}
    seats = {row["id"] for row in found["seat"].values() if row["member_id"] in mine}
    parts = {row["id"] for row in found["invitation"].values() if row["seat_id"] in seats}
    links = {row["invite_id"] for row in found["seat"].values() if row["id"] in seats}
    own = {"member": mine, "seat": seats, "invitation": parts, "invite": links}

    def is_own(table: str, row: dict[str, Any]) -> bool:
        by_others = row.get("seat_id") in seats or row.get("invitation_id") in parts
        return by_others or row.get("id") in own.get(table, ())

    return {t: {key: row for key, row in known.items() if not is_own(t, row)} for t, known in found.items()}


def shown(replies: Sequence[Reply]) -> str:
    """Everything somebody would get to see, for themselves or for others."""
    parts: list[str] = []
    for reply in replies:
        cards = [
            reply.card,
            reply.settled[1] if reply.settled else None,
            *(post.card for post in reply.posts),
        ]
        for card in filter(None, cards):
            enclosed = card.enclosed.content.decode("latin-1") if card.enclosed else ""
            parts += [card.text, enclosed, *(button.label for row in card.rows for button in row)]
        parts.append(reply.notice)
    return plain(" ".join(parts))


def buttons(numbers: int, chance: Random) -> list[tuple[int, ...]]:
    """Numbers a forger would try: every id there is first, and small or large ones behind."""
    firsts = chance.sample(range(1, HIGHEST), proof.size(ci=2, long=HIGHEST - 1)) if numbers else [0]
    return [(first, *(chance.choice((0, 1, 2, 7)) for _ in range(numbers - 1)))[:numbers] for first in firsts]


async def forged(phone: Phone, kind: str, numbers: Sequence[int]) -> Sequence[Reply]:
    data = ":".join([kind, *map(str, numbers)])
    return await phone.does(Tapped(**phone.moment(), data=data, message=1))


@pytest.mark.promise
async def test_no_outsider_sees_or_changes_anything_by_any_button(
    database: Database, world: World, note: Callable[..., None]
) -> None:
    chance, taps = Random(21), 0

    for who, account in world.outsiders().items():
        ours = without(_of_walled(await rows(database), world), account)
        phone = Phone(database, account, now=DIGEST)
        for kind, verb in conversation.VERBS.items():
            for numbers in buttons(verb.numbers, chance):
                taps += 1
                seen = shown(await forged(phone, kind, numbers))
                assert MARK not in seen, (who, kind, numbers, seen)
                assert SECRET not in seen, (who, kind, numbers, seen)
        assert changed(ours, await rows(database)) == [], who

    note(21, buttons=len(conversation.VERBS), taps=taps, leaks=0, changes=0)


def _of_walled(found: Rows, world: World) -> Rows:
    """All rows but those of the other partnership, which its own people may of course change."""
    of_other = {account for held in world.other.accounts.values() for account in held}
    members_ = {row["id"] for row in found["member"].values() if row["account"] in of_other}
    seats = {row["id"] for row in found["seat"].values() if row["member_id"] in members_}
    rounds = {
        row["id"] for row in found["round"].values() if row["partnership_id"] == world.other.partnership.id
    }
    schedules = {row["id"] for row in found["schedule"].values() if _partnership(row) == _other(world)}

    def theirs(table: str, row: dict[str, Any]) -> bool:
        return (
            _partnership(row) == _other(world)
            or (table == "partnership" and row["id"] == _other(world))
            or (table == "member" and row["id"] in members_)
            or row.get("seat_id") in seats
            or row.get("round_id") in rounds
            or row.get("schedule_id") in schedules
        )

    return {
        table: {key: row for key, row in known.items() if not theirs(table, row)}
        for table, known in found.items()
    }


def _partnership(row: dict[str, Any]) -> int | None:
    return row.get("partnership_id")


def _other(world: World) -> int:
    return world.other.partnership.id


async def test_no_and_not_there_look_the_same(database: Database, world: World) -> None:
    chance = Random(22)
    for account in (world.stranger, world.ex_member):
        phone = Phone(database, account, now=DIGEST)
        for kind, verb in conversation.VERBS.items():
            for numbers in buttons(verb.numbers, chance):
                there = shown(await forged(phone, kind, numbers))
                nowhere = shown(await forged(phone, kind, (NOWHERE, *numbers[1:])[: verb.numbers]))
                assert there == nowhere, (kind, numbers)


@pytest.mark.parametrize("rest", ["", MARK])
async def test_no_command_tells_an_outsider_anything(database: Database, world: World, rest: str) -> None:
    ours = _of_walled(await rows(database), world)

    for account in world.outsiders().values():
        phone = Phone(database, account, now=DIGEST)
        # What is kept about oneself one may read after leaving, too: so there its names are no leak.
        told_of_oneself = {"/mydata"} if account in (world.ex_member, world.ex_facilitator) else set()
        for command in conversation.COMMANDS:
            replies = await phone.does(await phone.heard(f"{command} {rest}"))
            told = re.sub(re.escape(rest), "", shown(replies)) if rest else shown(replies)
            assert MARK not in told or command in told_of_oneself, command
            assert SECRET not in told, command

    assert changed(ours, await rows(database)) == []


async def test_words_awaited_from_somebody_who_has_left_change_nothing(
    database: Database, world: World
) -> None:
    ours = _of_walled(await rows(database), world)

    for account in world.outsiders().values():
        phone = Phone(database, account, now=DIGEST)
        for kind in conversation.WORDS:
            for about in (1, 2, 6):
                for item in ITEMS:
                    said = replace(
                        await phone.heard("Words of mine."),
                        awaiting=Awaiting(kind=kind, about=about, item=item, message=None),
                    )
                    # We write the item ourselves, so one that cannot be read was never stored.
                    with suppress(ValueError):
                        assert MARK not in shown(await phone.does(said)), (kind, about, item)

    assert changed(ours, await rows(database)) == []


async def test_files_and_groups_of_outsiders_reach_nothing(database: Database, world: World) -> None:
    ours = _of_walled(await rows(database), world)
    head = "partnership,organisation,kind,capacity,name,role,language"
    people = f"{head}\n{MARK} River,Mine,public,,Eve,member,en\n"

    for account in world.outsiders().values():
        phone = Phone(database, account, now=DIGEST)
        events: list[Event] = [
            Filed(**phone.moment(), file_name="r.csv", content=people.encode(), message=1),
            Grouped(**(phone.moment() | {"chat": -100}), secret="guessed", title="Ours"),
        ]
        for event in events:
            # They may be told the name that they wrote themselves.
            assert MARK not in shown(await phone.does(event)).replace(f"{MARK} River", "")

    assert changed(ours, await rows(database)) == []


@pytest.mark.promise
async def test_a_member_changes_nothing_of_others_by_any_button(
    database: Database, world: World, note: Callable[..., None]
) -> None:
    member, chance, taps = Phone(database, world.walled.members[4], now=DIGEST), Random(20), 0
    before = await rows(database)
    others = without(before, member.account)

    for kind, verb in conversation.VERBS.items():
        for numbers in buttons(verb.numbers, chance):
            taps += 1
            assert SECRET not in shown(await forged(member, kind, numbers)), (kind, numbers)

    assert changed(others, await rows(database)) == []
    note(20, buttons=len(conversation.VERBS), taps=taps, changes=0)


@pytest.mark.promise
async def test_random_bytes_for_a_button_do_nothing(
    database: Database, world: World, note: Callable[..., None]
) -> None:
    before, chance = await rows(database), Random(23)
    phone = Phone(database, world.walled.members[4], now=DIGEST)
    signs = "".join(conversation.VERBS) + ":0123456789-+._ \u0661\u00e9\n"
    tries = proof.size(ci=150, long=3000)

    for _ in range(tries):
        data = "".join(chance.choices(signs, k=chance.randint(0, 64)))
        (reply,) = await phone.does(Tapped(**phone.moment(), data=data, message=1))
        assert reply.alert, data

    assert changed(before, await rows(database)) == []
    note(20, random_buttons=tries, changes=0)
