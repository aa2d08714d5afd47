"""Promise 3: whatever a phone saw ticked is kept, with the right value, whoever is killed meanwhile."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from sqlmodel import col, select

from storage.rounds import Answer
from tests import crowd, proof
from tests.bot.conftest import Stage
from tests.cast import OPENS
from tests.processes import Parley, free_port, until
from tests.sandbox_process import ControlRefused, Sandbox

pytestmark = [pytest.mark.kill]

PEOPLE = proof.size(ci=50, long=1000)
RATINGS = 5
# Each engine and each way in with every change, every pair that is run anywhere for the record.
WAYS = [("sqlite", "polling"), ("postgresql", "webhook"), ("sqlite", "webhook")][: proof.size(ci=2, long=3)]
KILLS = proof.size(ci=3, long=60)
FAST = 10
ASKED_WITHIN = float(proof.size(ci=60, long=1200))  # a thousand invitations wait behind whoever taps already
A_MOMENT = 0.3  # in which each kill falls somewhere
IMPATIENT = 1.5  # somebody whose tap shows nothing taps again


@dataclass
class Screens:
    """What all phones show, followed in the sandbox's journal."""

    sandbox: Sandbox
    seen: int = 0
    cards: dict[int, tuple[int, list[str]]] = field(default_factory=dict)
    ticked: set[str] = field(default_factory=set)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def follow(self) -> None:
        while True:
            page: dict[str, Any] = await self.sandbox.control("GET", f"journal?since={self.seen}&kind=call")
            self.seen = page["next"]
            for entry in page["entries"]:
                self._note(entry)
            async with self.changed:
                self.changed.notify_all()
            await asyncio.sleep(0.03)

    async def caught_up(self) -> None:
        """Return once all that has happened until now is known here."""
        until = (await self.sandbox.control("GET", "journal?since=999999999"))["next"]
        async with self.changed:
            await self.changed.wait_for(lambda: self.seen >= until)

    def _note(self, entry: dict[str, Any]) -> None:
        if not entry["ok"]:
            return
        if entry["method"] == "answerCallbackQuery" and entry["text"] == "✓":
            self.ticked.add(entry["callback"])
        elif entry["method"] in ("sendMessage", "editMessageText"):
            data = [button.get("data", "") for row in entry["buttons"] for button in row]
            self.cards[entry["chat_id"]] = (entry["message_id"], data)

    async def button(self, account: int, start: str, *, within: float = 60.0) -> tuple[int, str] | None:
        """The message and data of a button that begins so, once the phone shows it; None if it does not."""

        def shown() -> tuple[int, str] | None:
            message, data = self.cards.get(account, (0, []))
            return next(((message, one) for one in data if one.startswith(start)), None)

        with suppress(TimeoutError):
            async with self.changed, asyncio.timeout(within):
                await self.changed.wait_for(lambda: shown() is not None)
        return shown()


@dataclass
class Person:
    """Somebody who rates every item, tapping again, perhaps something else, when nothing happens."""

    account: int
    screens: Screens
    chance: random.Random
    taps: dict[int, list[tuple[int, str]]] = field(default_factory=dict)

    async def answer(self) -> None:
        found = await self.screens.button(self.account, "start:", within=ASKED_WITHIN)
        assert found is not None, f"{self.account} was never asked"
        invitation = found[1].partition(":")[2]
        while await self.screens.button(self.account, f"rate:{invitation}:0:", within=0.0) is None:
            await self._tap(*found)
            await self.screens.button(self.account, f"rate:{invitation}:0:", within=IMPATIENT)
        for position in range(RATINGS):
            await self._rate(invitation, position)

    async def _rate(self, invitation: str, position: int) -> None:
        here, after = f"rate:{invitation}:{position}:", f":{invitation}:{position + 1}"
        behind = f"rate{after}:" if position + 1 < RATINGS else f"skip{after}"
        patience = IMPATIENT
        while await self.screens.button(self.account, behind, within=0.0) is None:
            value = self.chance.randint(1, 5)
            found = await self.screens.button(self.account, f"{here}{value}", within=patience)
            if found is not None and (callback := await self._tap(*found)):
                self.taps.setdefault(position, []).append((value, callback))
            await self.screens.button(self.account, behind, within=patience)
            # Taps that come faster than they can be handled would only queue up.
            patience *= 2

    async def _tap(self, message: int, data: str) -> str:
        try:
            path = f"phones/{self.account}/tap"
            tapped = await self.screens.sandbox.control("POST", path, {"message_id": message, "data": data})
        except ControlRefused:  # the card changed under the finger
            return ""
        return str(tapped["id"])

    def allowed(self, position: int) -> set[int] | None:
        """What may be stored: the last value seen ticked, or one tapped later; None where none was ticked."""
        taps = self.taps.get(position, [])
        last = max((at for at, (_, tap) in enumerate(taps) if tap in self.screens.ticked), default=None)
        return None if last is None else {value for value, _ in taps[last:]}


@asynccontextmanager
async def followed(screens: Screens) -> AsyncIterator[None]:
    task = asyncio.create_task(screens.follow())
    yield
    task.cancel()


def _parleys(stage: Stage, world: Sandbox, mode: str) -> tuple[Parley, list[Parley]]:
    """The process that listens, and those beside it."""
    if mode == "polling":
        return stage.parley("run", world, pace=FAST), []
    port = free_port()
    address: dict[str, Any] = {"public_url": f"http://127.0.0.1:{port}", "port": port}
    if stage.on_sqlite:
        return stage.parley("run", world, pace=FAST, **address), []
    return stage.parley("web", world, **address), [
        stage.parley("worker", world, pace=FAST),
        stage.parley("clock", world),
    ]


# On PostgreSQL the processes are apart, and only a webhook has a process that listens and does nothing else.
@pytest.mark.promise
@pytest.mark.parametrize(("engine", "mode"), WAYS)
async def test_every_answer_seen_ticked_is_kept(
    mode: str, stage: Stage, world: Sandbox, note: Callable[..., None]
) -> None:
    database = stage.database
    people = await crowd.seated(database, PEOPLE)
    await asyncio.to_thread(crowd.phones, world, people.accounts)
    await world.control("POST", "limits", {"scale": FAST, "webhook_backoff": 0.1})
    stage.calendar.move(OPENS)
    listener, others = _parleys(stage, world, mode)
    for one in (listener, *others):
        one.start()
    screens, chance = Screens(world), random.Random(3)
    persons = [Person(account, screens, random.Random(account)) for account in people.accounts]

    async with followed(screens), asyncio.TaskGroup() as group:
        for person in persons:
            group.create_task(person.answer())
        for kill in range(1, KILLS + 1):
            threshold = kill * PEOPLE * RATINGS // (KILLS + 1)
            await until(partial(_some_ticked, screens, threshold))
            # A crash knows nothing of ticks: struck at once, each kill would fall right behind one.
            await asyncio.sleep(chance.random() * A_MOMENT)
            listener.kill()
            if others and kill % 2:
                others[0].kill()
                others[0].start()
            listener.start()

    await until(lambda: _nothing_waits(world))
    invitations = await crowd.invitations_of(database)
    async with database.reading() as session:
        rows = (await session.exec(select(Answer).where(col(Answer.value).is_not(None)))).all()
    stored = {(row.invitation_id, row.item): row.value for row in rows}
    items = ("made_a_difference", "can_disagree", "fair_load", "same_direction", "worth_it")
    wrong = [
        (person.account, item, stored.get((invitations[person.account], item)), allowed)
        for person in persons
        for position, item in enumerate(items)
        if (allowed := person.allowed(position)) is not None
        and stored.get((invitations[person.account], item)) not in allowed
    ]
    engine, ticked = database.url.get_backend_name(), len(screens.ticked)
    note(3, engine=engine, mode=mode, ticked=ticked, kills=KILLS, wrong_or_lost=len(wrong))
    assert wrong == []
    assert len(screens.ticked) >= PEOPLE * RATINGS * 9 // 10
    assert sum(len(taps) for person in persons for taps in person.taps.values()) >= PEOPLE * RATINGS
    assert listener.stop() == 0


async def _some_ticked(screens: Screens, threshold: int) -> bool:
    return len(screens.ticked) >= threshold


async def _nothing_waits(world: Sandbox) -> bool:
    return bool((await world.control("GET", "pending"))["updates"] == 0)
