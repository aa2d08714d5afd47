"""Whatever a member does, in any order: the database holds what a plain model of their life says."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlmodel import col, select

from dialogs.events import Reply
from facilitation import instruments, invites, members, rounds
from storage import schema
from storage.database import Database
from storage.members import Member, Seat
from storage.rounds import Answer, Invitation, Round
from tests import postgres
from tests.cast import MONDAY, Cast, seated
from tests.dialogs.phone import Phone
from tests.facilitation.turning import all_rounds, plan, step

LONDON = ZoneInfo("Europe/London")
PLACES = {"refugee_group": 1013, "council": 1000}  # the two whose lives are lived, and their first account
PEOPLE = st.sampled_from(sorted(PLACES))
POSITIONS = (0, 1)
NUMBERS = count()
T = TypeVar("T")


@dataclass
class Person:
    """What the model knows of one: whether they are seated, rest, can be reached, and have answered."""

    known: bool = True
    seated: bool = True
    away_until: date | None = None
    paused: bool = False
    blocked: bool = False
    asked: bool = False  # in the round that is open
    quiet: bool = False  # no reminder of it
    answers: dict[int, int | None] = field(default_factory=dict)  # by position

    def rests(self, day: date) -> bool:
        return self.paused or (self.away_until is not None and self.away_until > day)


@dataclass
class World:
    """A database of its own with the cast in it, and how to be rid of it."""

    database: Database
    cast: Cast
    close: Callable[[], Awaitable[None]]


class Life(RuleBasedStateMachine):
    """Two lives in one partnership, beside thirteen people who do nothing."""

    def __init__(self, made: Callable[[], Awaitable[World]]) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.world: World = self.run(made())
        self.now = MONDAY
        self.open: Round | None = None
        self.people = {place: Person() for place in PLACES}
        self.phones = {place: Phone(self.world.database, PLACES[place]) for place in PLACES}

    def teardown(self) -> None:
        self.run(self.world.close())
        self.runner.close()

    def run(self, doing: Awaitable[T]) -> T:
        async def done() -> T:
            return await doing

        return self.runner.run(done())

    def tap(self, who: str, data: str) -> Reply:
        self.people[who].blocked = False
        phone = self.phones[who]
        phone.now = self.now
        return self.run(phone.tap(data))

    @property
    def today(self) -> date:
        return self.now.astimezone(LONDON).date()

    @property
    def place(self) -> int:
        return int(self.world.cast.partnership.id)

    # What a member does.

    @rule(who=PEOPLE)
    def joins(self, who: str) -> None:
        link = self.run(self._link(who))
        phone, one = self.phones[who], self.people[who]
        phone.now, one.blocked = self.now, False
        offered = self.run(phone.say(f"/start {link}"))
        assert offered.card is not None
        if one.seated:
            assert "asks you in" not in offered.card.text
            return
        one.known = one.seated = True
        self.tap(who, offered.card.rows[0][0].data)

    @rule(who=PEOPLE, position=st.sampled_from(POSITIONS), value=st.integers(1, 5))
    def answers(self, who: str, position: int, value: int) -> None:
        reply = self._answered(who, f"rate:{{}}:{position}:{value}")
        if reply.notice == "✓":
            self.people[who].answers[position] = value

    @rule(who=PEOPLE, position=st.sampled_from(POSITIONS))
    def skips(self, who: str, position: int) -> None:
        reply = self._answered(who, f"skip:{{}}:{position}")
        if reply.notice == "✓":
            self.people[who].answers[position] = None

    def _answered(self, who: str, data: str) -> Reply:
        """A tap on the card of the open round; it is ticked exactly if it may count."""
        one = self.people[who]
        part = self.run(self._part(who))
        reply = self.tap(who, data.format(part.id if part else 1))
        may = one.seated and one.asked and part is not None and self.open is not None
        assert (reply.notice == "✓") is may
        one.quiet = one.quiet and not may
        return reply

    @rule(who=PEOPLE, days=st.sampled_from((7, 14)))
    def goes_away(self, who: str, days: int) -> None:
        one = self.people[who]
        reply = self.tap(who, f"awayfor:{self.place}:{days}")
        assert reply.alert is not one.seated
        if one.seated:
            one.away_until, one.paused, one.quiet = self.today + timedelta(days=days), False, True

    @rule(who=PEOPLE)
    def pauses(self, who: str) -> None:
        one = self.people[who]
        reply = self.tap(who, f"pause:{self.place}")
        assert reply.alert is not one.seated
        if one.seated:
            one.away_until, one.paused, one.quiet = None, True, True

    @rule(who=PEOPLE)
    def is_back(self, who: str) -> None:
        one = self.people[who]
        reply = self.tap(who, f"back:{self.place}")
        assert reply.alert is not one.seated
        if one.seated:
            one.away_until, one.paused = None, False

    @rule(who=PEOPLE, taking_out=st.booleans())
    def leaves(self, who: str, *, taking_out: bool) -> None:
        one = self.people[who]
        reply = self.tap(who, f"left:{self.place}:{int(taking_out)}")
        assert reply.alert is not one.seated
        if one.seated:
            one.seated, one.paused, one.away_until, one.quiet = False, False, None, True
            if taking_out and self.open is not None:
                one.answers = {}

    @rule(who=PEOPLE)
    def is_forgotten(self, who: str) -> None:
        reply = self.tap(who, "erase")
        assert reply.card is not None
        self.people[who] = Person(known=False, seated=False)

    @rule(who=PEOPLE)
    def blocks(self, who: str) -> None:
        self.run(self.phones[who].block())
        self.people[who].blocked = self.people[who].known

    @rule(who=PEOPLE)
    def unblocks(self, who: str) -> None:
        self.run(self.phones[who].block(reachable=True))
        self.people[who].blocked = False

    # What the clock does.

    @precondition(lambda self: self.open is None)
    @rule()
    def a_round_opens(self) -> None:
        self.run(plan(self.world.database, now=self.now))
        planned = [one for one in self.run(all_rounds(self.world.database)) if one.state == "planned"]
        self.now = planned[0].opens_at
        self.run(step(self.world.database, "open", planned[0].id, now=self.now))
        self.open = planned[0]
        for one in self.people.values():
            one.asked = one.seated and not one.rests(self.today)
            one.quiet, one.answers = False, {}

    @precondition(lambda self: self.open is not None)
    @rule()
    def the_round_reminds(self) -> None:
        assert self.open is not None
        self.now = max(self.now, self.open.reminds_at)
        opened = self.run(self._reminded(self.open.id))
        if opened is None:
            return
        for who, account in PLACES.items():
            one = self.people[who]
            wanted = one.asked and one.seated and not one.quiet and not one.blocked
            assert (account in opened) is (wanted and not one.rests(self.today))

    @precondition(lambda self: self.open is not None)
    @rule()
    def the_round_closes(self) -> None:
        assert self.open is not None
        self.now = self.open.closes_at
        self.run(step(self.world.database, "close", self.open.id, now=self.now))
        self.open = None
        for one in self.people.values():
            one.asked, one.answers = False, {}

    # What holds, whatever happened.

    @invariant()
    def the_database_agrees(self) -> None:
        for who, one in self.people.items():
            member, seat, answers = self.run(self._stored(who))
            assert (member is not None) is one.known
            assert (seat is not None and seat.left_at is None) is one.seated
            if member is not None:
                assert (member.unreachable_since is not None) is one.blocked
            if seat is not None:
                assert (seat.away_until, seat.paused_at is not None) == (one.away_until, one.paused)
            if self.open is not None:
                assert answers == one.answers

    async def _stored(self, who: str) -> tuple[Member | None, Seat | None, dict[int, int | None]]:
        async with self.world.database.reading() as session:
            member = await members.of(session, account=PLACES[who])
            seat = (
                await session.exec(select(Seat).where(Seat.member_id == (member.id if member else None)))
            ).first()
        part = await self._part(who)
        return member, seat, await self._given(part) if part else {}

    async def _given(self, part: Invitation) -> dict[int, int | None]:
        async with self.world.database.reading() as session:
            round_ = await session.get_one(Round, part.round_id)
            rows = (await session.exec(select(Answer).where(Answer.invitation_id == part.id))).all()
        codes = [item.code for item in instruments.parsed(round_.instrument).items]
        return {codes.index(row.item): row.value for row in rows}

    async def _part(self, who: str) -> Invitation | None:
        """Their invitation to the round that is open."""
        if self.open is None:
            return None
        wanted = (
            select(Invitation)
            .join(Seat, col(Seat.id) == col(Invitation.seat_id))
            .join(Member, col(Member.id) == col(Seat.member_id))
            .where(Member.account == PLACES[who], Invitation.round_id == self.open.id)
        )
        async with self.world.database.reading() as session:
            found: Invitation | None = (await session.exec(wanted)).first()
        return found

    async def _reminded(self, round_id: int) -> set[int | None] | None:
        async with self.world.database.writing() as session:
            opened = await rounds.remind(session, round_id, now=self.now)
        return {asked.account for asked in opened.asked} if opened else None

    async def _link(self, who: str) -> str:
        organisation = self.world.cast.organisations[who]
        async with self.world.database.writing() as session:
            invite, secret = invites.make(
                organisation, role="member", name="Amal", language="en", now=self.now
            )
            session.add(invite)
        return secret


async def _filled(url: str) -> Cast:
    database = Database(url)
    await schema.migrate(database)
    cast = await seated(database)
    await database.close()
    return cast


def test_a_life_in_any_order_on_sqlite(tmp_path: Path) -> None:
    template = tmp_path / "template.db"
    cast = asyncio.run(_filled(f"sqlite+aiosqlite:///{template}"))

    async def made() -> World:
        file = tmp_path / f"life{next(NUMBERS)}.db"
        shutil.copy(template, file)
        database = Database(f"sqlite+aiosqlite:///{file}")
        return World(database, cast, database.close)

    _live(made, examples=10, steps=20)


def test_a_life_in_any_order_on_postgresql(postgres_server: postgres.Server, migrated_template: str) -> None:
    template = f"life_{next(NUMBERS)}_template"
    url = postgres.create_database(postgres_server, template, template=migrated_template)
    cast = asyncio.run(_filled(url))

    async def made() -> World:
        name = f"life_{next(NUMBERS)}"
        database = Database(postgres.create_database(postgres_server, name, template=template))

        async def close() -> None:
            await database.close()
            postgres.drop_database(postgres_server, name)

        return World(database, cast, close)

    _live(made, examples=3, steps=12)


def _live(made: Callable[[], Awaitable[World]], *, examples: int, steps: int) -> None:
    run_state_machine_as_test(
        lambda: Life(made),  # type: ignore[arg-type]  # whatever makes a machine will do
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
            phases=(Phase.generate, Phase.shrink),
        ),
    )
