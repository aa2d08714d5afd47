"""Promise 9: Telegram's limits hold, a 429 halts everybody, and whoever taps is answered first."""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from bot import outbox, pace
from bot.outbox import Letter
from bot.pace import Pacer
from storage.database import Database
from tests import crowd, proof
from tests.bot.conftest import Stage
from tests.cast import MONDAY
from tests.processes import Parley, until
from tests.sandbox_process import Sandbox

pytestmark = pytest.mark.alone

PEOPLE = proof.size(ci=100, long=10_000)
FIRST = 2001
TWICE = 20  # one in so many gets two letters
ALONE = 50  # none of the last so many is second to its chat
TO_THE_GROUP = proof.size(ci=2, long=100)
HALTS = proof.size(ci=1, long=10)
RETRY_AFTER = 2
SLOWEST = 25
TAPPED = {"reply_markup": {"inline_keyboard": [[{"text": "x", "callback_data": "start:1"}]]}}
LOOK = proof.size(ci=5, long=10) / 10  # seconds between two people who write
# What the whole's thirty a second counts.
PACED = ("sendMessage", "editMessageText", "editMessageReplyMarkup", "answerCallbackQuery")
# What had reached Telegram before its 429 could reach us: the answer is read, and the others are told.
ON_THE_WAY = 0.1


@pytest.fixture(scope="module")
def everybody(session_sandbox: Sandbox) -> Sandbox:
    """A bot that counts as Telegram does, with a phone for each of its people."""
    sandbox = session_sandbox.another("690:everybody")
    crowd.phones(sandbox, range(FIRST, FIRST + PEOPLE))
    return sandbox


async def written(database: Database, chats: list[int]) -> None:
    async with database.writing() as session:
        letters = [
            Letter(
                f"{n}",
                "digest",
                chat,
                "sendMessage",
                {"chat_id": chat, "text": "x"} | TAPPED,
                MONDAY,
                MONDAY.replace(year=2027),
            )
            for n, chat in enumerate(chats)
        ]
        await outbox.put(database, session, letters)


def chats(people: Sequence[int], group: int) -> list[int]:
    """Everybody once, some twice in a row, and the group now and then; at the end nobody waits for a chat."""
    found = []
    for n, person in enumerate(people):
        found += [person] * (2 if n % TWICE == 0 and n < len(people) - ALONE else 1)
        if n % (len(people) // TO_THE_GROUP) == 0:
            found.append(group)
    return found


def most_within(moments: Sequence[float], window: float) -> int:
    """The most of these moments, in order, that any window of so many seconds holds."""
    first = most = 0
    for place, moment in enumerate(moments):
        while moment - moments[first] >= window:
            first += 1
        most = max(most, place - first + 1)
    return most


class Counting:
    """The sandbox's journal of this run's calls: messages, and what answers people's words and taps."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.seen = int(sandbox.ask("GET", "journal?since=999999999")["next"])
        self.calls: list[dict[str, Any]] = []
        self.buttons: dict[int, tuple[int, str]] = {}  # by chat: a message of its, and what can be tapped

    async def sent(self) -> int:
        page = await self.sandbox.control("GET", f"journal?kind=call&since={self.seen}")
        self.seen = page["next"]
        self.calls += [entry for entry in page["entries"] if entry["method"] in PACED]
        for entry in page["entries"]:
            for row in entry.get("buttons") or ():
                self.buttons[entry["chat_id"]] = entry["message_id"], row[0]["data"]
        return sum(entry["ok"] for entry in self.messages)

    @property
    def messages(self) -> list[dict[str, Any]]:
        return [call for call in self.calls if call["method"] == "sendMessage"]

    @property
    def moments(self) -> list[float]:
        return [call["machine"] for call in self.calls]

    @property
    def halts(self) -> list[tuple[float, float]]:
        """From when to when Telegram has told us to be silent."""
        refused = [call for call in self.calls if call["error_code"] == 429]
        return [
            (call["machine"], call["machine"] + float(call["description"].rpartition(" ")[2]))
            for call in refused
        ]

    def by_chat(self) -> dict[int, list[float]]:
        found = defaultdict(list)
        for call in self.messages:
            found[call["chat_id"]].append(call["machine"])
        return found

    def in_halts(self) -> list[float]:
        """How many seconds after a 429 each call came that came before the time it told was over."""
        return [
            moment - start for start, end in self.halts for moment in self.moments if start < moment < end
        ]

    def a_second(self) -> float:
        """How many a second, from the first to the last, left while nothing was halted."""
        left: list[float] = [call["machine"] for call in self.calls if call["ok"]]
        halted = sum(end - start for start, end in self.halts)
        return (len(left) - 1) / (left[-1] - left[0] - halted)


async def _tap(counting: Counting) -> None:
    """Somebody who was shown a button taps it."""
    person = next((chat for chat in counting.buttons if chat > 0), None)
    if person is not None:
        message, data = counting.buttons.pop(person)
        tap = {"message_id": message, "data": data}
        await counting.sandbox.control("POST", f"phones/{person}/tap", tap)


async def _sent_with_halts(counting: Counting, people: Sequence[int], *, of: int) -> None:
    """Wait until so many are sent. Meanwhile there is a 429 now and then, and one person a second writes."""
    halts, wrote = 0, 0
    rule = {"do": "429", "method": "sendMessage", "times": 1, "retry_after": RETRY_AFTER}
    patience = time.monotonic() + 60 + of / 20 + HALTS * RETRY_AFTER
    while (sent := await counting.sent()) < of + wrote:
        assert time.monotonic() < patience, f"{sent} of {of + wrote} were sent"
        if halts < HALTS and sent > (halts + 1) * of // (HALTS + 1):
            halts += 1
            await counting.sandbox.control("POST", "faults", {"rules": [rule]})
        if sent < of // 2:
            person = people[-1 - wrote % (len(people) // 4)]
            await counting.sandbox.control("POST", f"phones/{person}/send", {"text": "/help"})
            wrote += 1
        await _tap(counting)
        await asyncio.sleep(LOOK)


async def _running(*workers: Parley) -> None:
    async def all_of_them() -> bool:
        return all("running" in worker.log for worker in workers)

    await until(all_of_them)


@pytest.mark.kill
@pytest.mark.promise
async def test_telegrams_limits_hold_and_are_used(
    stage: Stage, everybody: Sandbox, engine: str, note: Callable[..., None]
) -> None:
    people = range(FIRST, FIRST + PEOPLE)
    group = (await everybody.control("POST", "groups", {"title": "All", "members": list(people[:2])}))["id"]
    commands = ("run",) if stage.on_sqlite else ("run", "worker", "worker")
    workers = [stage.parley(command, everybody, pace=1).start() for command in commands]
    await _running(*workers)
    counting, letters = Counting(everybody), chats(people, group)
    await written(stage.database, letters)

    await _sent_with_halts(counting, people, of=len(letters))

    by_chat = counting.by_chat()
    in_the_group = by_chat.pop(group)
    a_second = most_within(counting.moments, 1.0)
    a_chat = max(most_within(times, 1.0) for times in by_chat.values())
    a_group = most_within(in_the_group, 60.0)
    in_halts = counting.in_halts()
    during = sum(late > ON_THE_WAY for late in in_halts)
    note(
        9,
        engine=engine,
        members=len(people),
        workers=len(workers),
        calls=dict(Counter(call["method"] for call in counting.calls)),
        highest_in_any_second=a_second,
        highest_in_a_chats_second=a_chat,
        highest_in_a_groups_minute=a_group,
        sustained_a_second=round(counting.a_second(), 1),
        times_429=len(counting.halts),
        on_the_way_at_a_429=len(in_halts) - during,
        latest_of_them_ms=round(1000 * max(in_halts, default=0.0)),
        calls_during_a_halt=during,
    )
    assert (a_second <= 30, a_chat, a_group <= 20) == (True, 1, True)
    assert (len(counting.halts), during) == (HALTS, 0)
    assert counting.a_second() >= SLOWEST
    assert {call["method"] for call in counting.calls} >= {"sendMessage", "answerCallbackQuery"}


@pytest.mark.kill
async def test_a_reply_and_a_letter_that_waited_out_a_429_do_not_share_their_chats_second(
    stage: Stage, everybody: Sandbox
) -> None:
    person = FIRST
    counting = Counting(everybody)
    rule = {"do": "429", "method": "sendMessage", "times": 1, "retry_after": RETRY_AFTER}
    await everybody.control("POST", "faults", {"rules": [rule]})
    await _running(stage.parley("run", everybody, pace=1).start())
    await everybody.control("POST", f"phones/{person}/send", {"text": "/help"})
    await until(lambda: _sent(counting, refused=1))

    await written(stage.database, [person])
    await until(lambda: _sent(counting, refused=1, good=2))

    first, second = [call["machine"] for call in counting.messages if call["ok"]]
    assert second - first >= 1
    assert len(counting.halts) == 1


async def _sent(counting: Counting, *, refused: int, good: int = 0) -> bool:
    return await counting.sent() >= good and len(counting.halts) >= refused


async def test_whoever_taps_does_not_wait_behind_the_outbox(database: Database) -> None:
    pacer = Pacer(42)
    await written(database, list(range(1, 200)))
    for _ in range(20):
        await outbox.claim(database, pacer, now=MONDAY)

    async with database.writing() as session:
        began = time.monotonic()
        [edit, tick] = await pace.reserve(
            database, session, pacer, [(500, "editMessageText"), (500, "answerCallbackQuery")]
        )

    assert edit - began <= outbox.HORIZON + 2 * pacer.gap
    assert tick - edit == pytest.approx(pacer.gap, abs=0.001)


async def test_edits_and_ticks_do_not_use_up_the_chats_second(database: Database) -> None:
    pacer = Pacer(42)

    async with database.writing() as session:
        first, edit, second = await pace.reserve(
            database, session, pacer, [(5, "sendMessage"), (5, "editMessageText"), (5, "sendMessage")]
        )

    assert edit - first < 0.1
    assert second - first >= pace.PRIVATE_GAP - 0.001


async def test_a_group_gets_a_message_every_three_seconds(database: Database) -> None:
    async with database.writing() as session:
        moments = await pace.reserve(database, session, Pacer(42), [(-5, "sendMessage")] * 21)

    assert moments[-1] - moments[0] >= 60


async def test_whoever_was_held_up_sends_no_more_in_a_second_than_telegram_takes() -> None:
    pacer, left = Pacer(42, scale=10), []

    async def sends() -> None:
        await pace.in_step(pacer)
        left.append(time.monotonic())

    await asyncio.gather(*(sends() for _ in range(3 * pace.IN_A_SECOND)))

    beyond = zip(left, left[pace.IN_A_SECOND :], strict=False)
    assert all(later - earlier >= 0.099 for earlier, later in beyond)


async def test_whoever_meets_a_429_stops_before_anybody_is_told(database: Database) -> None:
    pacer, other = Pacer(42), Pacer(42)

    pace.met(pacer, wait=5)

    assert 4 < await pace.halted(database, pacer) <= 5
    assert await pace.halted(database, other) == 0


async def test_rows_of_chats_long_free_are_dropped(database: Database) -> None:
    async with database.writing() as session:
        await pace.reserve(database, session, Pacer(42), [(5, "sendMessage"), (6, "sendMessage")])
        seconds = await database.machine_seconds(session)

    async with database.writing() as session:
        early = await pace.forget(session, before=seconds - 10)
        late = await pace.forget(session, before=seconds + 10)

    assert (early, late) == (0, 2)  # the token's own stays
