"""Promise 11: nothing that can be posted to the webhook wedges it; the chat goes on."""

import asyncio
import http.client
import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import col, func, select

from storage.database import Database
from storage.queues import Incoming
from tests import proof
from tests.bot.conftest import Stage
from tests.bot.test_updates import said, tapped
from tests.processes import free_port, until
from tests.sandbox_process import Sandbox

pytestmark = pytest.mark.kill

SECRET = "only-telegram-knows"
OPERATOR = 77
SENDER = 5
BIG = 2**20
GENERATED = proof.size(ci=60, long=2000)
BREATH = 0.02


def raw(update_id: int, **message: Any) -> dict[str, Any]:  # noqa: ANN401 - poison of any kind
    return {"update_id": update_id, "message": said(update_id, SENDER, "x")["message"] | message}


def nested(depth: int, opening: str, closing: str) -> bytes:
    return b'{"update_id": 30, "message": ' + (opening * depth + closing * depth).encode() + b"}"


POISON: list[bytes | dict[str, Any]] = [
    raw(1, text="NUL \x00 inside"),
    raw(2, text="\ud800 alone"),
    raw(3, message_id=2**63),
    raw(4, chat={"id": 2**63, "type": "private"}),
    raw(5, **{"from": {"id": -(2**70), "is_bot": False, "first_name": "x"}}),
    raw(6, chat={"id": True, "type": "private"}),
    raw(7, chat={"id": 1.5, "type": "private"}),
    raw(8, chat=[], text={"a": 1}),
    raw(9, text="x" * BIG),
    raw(10, date=10**30),
    {"update_id": 11, "purchased_paid_media": {"from": {}}},
    {"update_id": 12, "something_of_next_year": {"chat": {"id": SENDER}}},
    {"update_id": 13},
    {"update_id": 14, "message": None, "callback_query": 4},
    tapped(15, SENDER, "rate:" + "9" * 60) | {"message": "both"},
    tapped(16, SENDER, "\x00:\ud800"),
    tapped(17, SENDER, "start:9223372036854775807"),
    {"update_id": 2**63},
    {"update_id": -1},
    {"update_id": "18"},
    {"update_id": True},
    {"update_id": None},
    {},
    b"",
    b"[]",
    b"null",
    b"\xff\xfe\x00",
    b'{"update_id": 19, "message": ',
    b'{"update_id": ' + b"1" * 5000 + b"}",
    b'{"update_id": 20, "message": {"date": NaN, "chat": {"id": Infinity}}}',
    nested(100_000, "[", "]"),
    nested(900, '{"message":', "1" + "}").replace(b'1}"', b'1"'),
    nested(985, "[", "]"),
    nested(960, "[", "]"),
    b'{"update_id": 31, "update_id": 32}',
    b" " * BIG,
]

leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
branches = leaves | st.lists(leaves, max_size=3) | st.dictionaries(st.text(max_size=8), leaves, max_size=3)
json_values = (
    branches | st.lists(branches, max_size=3) | st.dictionaries(st.text(max_size=8), branches, max_size=3)
)
kinds = st.sampled_from(
    [
        "message",
        "edited_message",
        "callback_query",
        "my_chat_member",
        "chat_member",
        "poll_answer",
        "poll",
        "x",
    ]
)
parts = st.dictionaries(
    st.sampled_from(
        ["message_id", "date", "chat", "from", "text", "data", "id", "message", "entities", "new_chat_member"]
    ),
    json_values | st.fixed_dictionaries({"id": st.integers(-(2**65), 2**65), "type": st.just("private")}),
)
updates = st.dictionaries(kinds, parts | json_values, max_size=2)


@dataclass
class Hook:
    """The webhook of a running Parley, called over HTTP as Telegram would."""

    port: int
    answered: list[int] = field(default_factory=list)

    def post(self, body: bytes | dict[str, Any], *, secret: str = SECRET) -> int:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"X-Telegram-Bot-Api-Secret-Token": secret, "Content-Type": "application/json"}
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)) as connection:
            connection.request("POST", "/telegram", data, headers)
            answer = connection.getresponse()
            answer.read()
        self.answered.append(answer.status)
        return answer.status

    def open(self) -> bool:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)) as connection:
            try:
                connection.request("GET", "/health")
                return connection.getresponse().status > 0
            except OSError:
                return False


async def started(stage: Stage, world: Sandbox) -> Hook:
    """Parley with a webhook; on PostgreSQL the process that listens and the one that handles are apart."""
    hook = Hook(free_port())
    address: dict[str, Any] = {
        "public_url": f"http://127.0.0.1:{hook.port}",
        "port": hook.port,
        "webhook_secret": SECRET,
    }
    hurried: dict[str, Any] = {
        "HURRIED_WAIT": 0.02,
        "HURRIED_BREATH": BREATH,
        "operator_chat": OPERATOR,
        "pace": 100,
    }
    stage.parley("run" if stage.on_sqlite else "web", world, **address, **hurried).start()
    if not stage.on_sqlite:
        stage.parley("worker", world, **hurried).start()
    await until(lambda: asyncio.to_thread(hook.open))
    return hook


async def settled(database: Database) -> bool:
    async with database.reading() as session:
        left = await session.exec(select(func.count()).where(col(Incoming.state) == "new"))
    return left.one() == 0


async def states(database: Database) -> dict[int, str]:
    async with database.reading() as session:
        return {row.update_id: row.state for row in (await session.exec(select(Incoming))).all()}


@pytest.mark.promise
async def test_nothing_posted_to_the_webhook_wedges_it(
    stage: Stage, world: Sandbox, note: Callable[..., None]
) -> None:
    await world.control("POST", "limits", {"scale": 100})
    for account in (SENDER, OPERATOR):
        await world.control("POST", "users", {"id": account, "first_name": "Somebody"})
        await world.control("POST", f"phones/{account}/start", {})
    hook = await started(stage, world)
    good = iter(range(10**6, 10**7))
    sent = []

    def poisoned(body: bytes | dict[str, Any]) -> None:
        hook.post(body)
        sent.append(next(good))
        hook.post(said(sent[-1], SENDER, "/help"))

    @settings(max_examples=GENERATED, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(update=updates)
    def generated(update: dict[str, Any]) -> None:
        poisoned({"update_id": 10**8 + len(sent)} | update)

    for body in POISON:
        await asyncio.to_thread(poisoned, body)
    await asyncio.to_thread(generated)
    # All of it comes from one person: it is handled as a flood is, one by one, with a breath before each.
    await until(lambda: settled(stage.database), within=120 + GENERATED * 2 * (BREATH + 0.1))

    handled = await states(stage.database)
    failures = sum(status >= 500 for status in hook.answered)
    note(11, poisons=len(POISON), generated=GENERATED, answered_5xx=failures)
    assert set(hook.answered) == {200}
    assert {handled[number] for number in sent} == {"done"}
    assert "parked" in handled.values()
    await until(lambda: _told(world))
    assert all(one.stop() == 0 for one in stage.parleys)
    assert "update_parked" in "".join(one.log for one in stage.parleys)


async def _told(world: Sandbox) -> bool:
    phone = await world.control("GET", f"phones/{OPERATOR}")
    return any("could not be handled" in message["text"] for message in phone["chats"][0]["messages"])


async def test_whoever_does_not_know_the_secret_is_sent_away(stage: Stage, world: Sandbox) -> None:
    hook = await started(stage, world)

    refused = [
        hook.post(said(1, SENDER, "let me in"), secret=wrong)
        for wrong in ("", "wrong", SECRET + "x", SECRET[:-1], "\xe4\xf6", SECRET.upper())
    ]

    assert set(refused) == {403}
    assert await states(stage.database) == {}
