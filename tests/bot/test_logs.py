"""Promise 28: nothing a person wrote, no token and no secret in the logs; and still they are of use."""

import asyncio
import io
import json
import logging
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import httpx
import pytest
import structlog
from sqlmodel import select

from bot import logs
from storage.database import Database
from storage.members import Member
from storage.partnerships import Organisation, Partnership
from storage.rounds import Answer, Round
from tests import crowd, processes, proof
from tests.bot.conftest import Stage
from tests.cast import CLOSES, OPENS, REMINDS
from tests.processes import Parley, free_port, until
from tests.sandbox_process import Sandbox

TOKEN = "99731:token-marmalade-in-the-attic"
SECRET = "secret-marmalade-in-the-cellar"
ALL = proof.size(ci=0, long=1)  # the commands on both engines
KEY = "key-marmalade-behind-the-clock"
WORDS = "answer-marmalade-under-the-stairs"
NAME = "Name-Marmalade Attlee"
MARKS = [TOKEN, TOKEN.partition(":")[2], SECRET, WORDS, "marmalade", "Marmalade"]


async def _button(sandbox: Sandbox, account: int, start: str) -> tuple[int, str] | None:
    """The message and data of the newest button that begins so."""
    phone = await sandbox.control("GET", f"phones/{account}")
    return next(
        (
            (message["id"], button["data"])
            for message in reversed(phone["chats"][0]["messages"])
            for row in message["buttons"]
            for button in row
            if button.get("data", "").startswith(start)
        ),
        None,
    )


async def _tap_until(sandbox: Sandbox, account: int, start: str, *, shows: str) -> None:
    """Tap, again if need be: this Telegram loses replies."""

    async def shown() -> bool:
        if await _button(sandbox, account, shows):
            return True
        if found := await _button(sandbox, account, start):
            tapped = {"message_id": found[0], "data": found[1]}
            await sandbox.control("POST", f"phones/{account}/tap", tapped)
        return False

    await until(shown, every=0.7)


async def _names_planted(database: Database) -> None:
    async with database.writing() as session:
        for row in (await session.exec(select(Organisation))).all():
            row.name = NAME
            session.add(row)
        partnership = (await session.exec(select(Partnership))).one()
        partnership.name, partnership.danger = f"{NAME} partnership", f"Call {NAME}."
        session.add(partnership)
        assert (await session.exec(select(Member))).first() is not None


@pytest.mark.kill
@pytest.mark.promise
async def test_a_whole_round_at_debug_says_nothing_that_anybody_wrote(
    stage: Stage, session_sandbox: Sandbox, note: Callable[..., None]
) -> None:
    sandbox = session_sandbox.another(TOKEN if stage.on_sqlite else TOKEN.replace("731", "732"))
    people = await crowd.seated(stage.database, 6)
    await _names_planted(stage.database)
    await asyncio.to_thread(crowd.phones, sandbox, people.accounts)
    await sandbox.control("POST", "limits", {"scale": 100})
    faults = [
        {"do": deed, "method": "*", "share": 0.04, "seconds": 0.3}
        for deed in ("502_after", "500_before", "reset")
    ]
    await sandbox.control(
        "POST", "faults", {"rules": [*faults, {"do": "500_before", "method": "getUpdates", "times": 2}]}
    )
    port = free_port()
    loud = stage.parley(
        "run",
        sandbox,
        module="tests.loud",
        pace=100,
        log_level="DEBUG",
        public_url=f"http://127.0.0.1:{port}",
        port=port,
        webhook_secret=SECRET,
        metrics_key=KEY,
        MARKS=f"{WORDS} {NAME} {SECRET} {KEY} {TOKEN}",
        HURRIED_WAIT=0.05,
        HURRIED_TIMEOUT=2,
    ).start()
    stage.calendar.move(OPENS)

    await _round_with_words(stage, sandbox, people.accounts[0])
    for moment in (REMINDS, CLOSES):
        await asyncio.sleep(0.5)
        stage.calendar.move(moment)
    await stage.digest_falls_due()
    await until(lambda: _digested(stage.database), within=60)
    await sandbox.control("POST", "updates", {"update": {"update_id": 2 * 10**9, "message": {"text": WORDS}}})
    await until(lambda: asyncio.to_thread(lambda: "update_failed" in loud.log))
    beside = await _shown(port)
    if stage.on_sqlite or ALL:
        beside += await _said_beside(loud)
        assert any("database at schema" in line for line in beside), "the doctor did not look"
    loud.stop()

    lines = loud.log.splitlines()
    marked = [line for line in (*lines, *beside) if any(mark in line for mark in MARKS)]
    note(28, lines=len(lines) + len(beside), marks_found=len(marked))
    assert marked == []
    assert any("parley_ok" in line for line in beside), "the numbers were not read"
    events = [json.loads(line) for line in lines]
    names = {event["event"] for event in events}
    assert {"running", "round_step", "update_failed", "thread_crashed", "warned", "tick_failed"} <= names
    assert any(name.startswith("sqlalchemy.engine") for name in names), "the libraries were not loud"
    assert any(name.startswith("uvicorn.access") for name in names), "the access log was off"
    assert any(event.get("error") == "Overheard" and "loud.py" in event.get("at", "") for event in events)


async def _shown(port: int) -> list[str]:
    """What can be read at the port, with the key and without."""
    async with httpx.AsyncClient() as client:
        pages = [
            await client.get(f"http://127.0.0.1:{port}/{page}", headers={"authorization": f"Bearer {key}"})
            for page, key in (("health", KEY), ("metrics", KEY), ("metrics", WORDS), (f"metrics?{KEY}", "x"))
        ]
    return [line for page in pages for line in page.text.splitlines()]


async def _said_beside(loud: Parley) -> list[str]:
    """What the commands say that look at a Parley, or copy it while it runs."""
    commands = (("doctor",), ("backup", "copy"), ("backup", "nowhere/copy"))
    told = await asyncio.gather(*(asyncio.to_thread(_told, loud, command) for command in commands))
    told.append(await asyncio.to_thread(_told, loud, ("restore", "copy"), database_url="sqlite:///other.db"))
    return [line for text in told for line in text.splitlines()]


def _told(loud: Parley, command: Sequence[str], **more: str) -> str:
    """All that this command says, as loud as the Parley beside it."""
    settings = loud.settings | {f"PARLEY_{name.upper()}": value for name, value in more.items()}
    done = subprocess.run(
        [sys.executable, "-m", "tests.loud", *command],
        cwd=loud.folder,
        capture_output=True,
        text=True,
        check=False,
        env=processes.environment(settings),
    )
    return done.stdout + done.stderr


async def _round_with_words(stage: Stage, sandbox: Sandbox, account: int) -> None:
    """Answer everything, the text with words to look for."""

    async def asked() -> bool:
        return await _button(sandbox, account, "start:") is not None

    await until(asked)
    found = await _button(sandbox, account, "start:")
    assert found is not None
    number = found[1].partition(":")[2]
    await _tap_until(sandbox, account, f"start:{number}", shows=f"rate:{number}:0:")
    for position in range(4):
        await _tap_until(
            sandbox, account, f"skip:{number}:{position}", shows=f"rate:{number}:{position + 1}:"
        )
    await _tap_until(sandbox, account, f"rate:{number}:4:3", shows=f"skip:{number}:5")
    await sandbox.control("POST", f"phones/{account}/send", {"text": WORDS})

    async def kept() -> bool:
        async with stage.database.reading() as session:
            return WORDS in [answer.text for answer in (await session.exec(select(Answer))).all()]

    await until(kept)


async def _digested(database: Database) -> bool:
    async with database.reading() as session:
        rounds = (await session.exec(select(Round))).all()
    return any(one.state == "published" for one in rounds)


CRASH = """
import sys
from bot import logs
logs.set_up("INFO")
def fail(words):
    raise {kind}
fail("marmalade")
"""


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("ValueError(words)", "ValueError"),
        (
            "ExceptionGroup(words, [KeyError(words), ExceptionGroup(words, [OSError(words)])])",
            "KeyError, OSError",
        ),
    ],
)
def test_a_crash_is_one_line_with_a_name_and_a_place(kind: str, names: str) -> None:
    crashed = subprocess.run(
        [sys.executable, "-c", CRASH.format(kind=kind)],
        capture_output=True,
        text=True,
        check=False,
        env=processes.environment({}),
    )

    event = json.loads(crashed.stderr)
    assert crashed.returncode == 1
    assert (event["event"], event["error"], event["level"]) == ("crashed", names, "critical")
    assert "marmalade" not in crashed.stderr


@pytest.fixture
def said() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Logs set up as a process does it; call it for the events so far."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    kept = (sys.excepthook, sys.unraisablehook, threading.excepthook, warnings.showwarning)
    logs.set_up("INFO")
    stream = io.StringIO()
    ours = root.handlers[0]
    assert isinstance(ours, logging.StreamHandler)
    ours.setStream(stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:] = handlers
    root.setLevel(level)
    sys.excepthook, sys.unraisablehook, threading.excepthook, warnings.showwarning = kept
    logging.raiseExceptions = True
    structlog.reset_defaults()


def test_our_own_events_keep_their_facts(said: Callable[[], list[dict[str, Any]]]) -> None:
    structlog.get_logger("bot.test").info("round_step", step="open", round=7)

    [event] = said()
    assert {name: event[name] for name in ("event", "step", "round", "level")} == {
        "event": "round_step",
        "step": "open",
        "round": 7,
        "level": "info",
    }


def test_a_token_is_hidden_wherever_it_stands(said: Callable[[], list[dict[str, Any]]]) -> None:
    structlog.get_logger("bot.test").info("asked", addresses=[{"url": f"https://host/bot{TOKEN}/getMe"}])

    [event] = said()
    assert event["addresses"] == [{"url": "https://host/bot[hidden]/getMe"}]


def test_an_error_is_told_by_name_and_place(said: Callable[[], list[dict[str, Any]]]) -> None:
    try:
        int(WORDS)
    except ValueError:
        structlog.get_logger("bot.test").exception("it_failed")

    [event] = said()
    assert (event["error"], event["at"].partition(":")[0]) == ("ValueError", "test_logs.py")
    assert WORDS not in str(event)


def test_what_a_library_says_is_kept_to_where_it_said_it(said: Callable[[], list[dict[str, Any]]]) -> None:
    logging.getLogger("some.library").warning("somebody wrote %s", WORDS)

    [event] = said()
    assert event["event"].startswith("some.library:")
    assert WORDS not in str(event)


def test_below_the_level_nothing_is_said(said: Callable[[], list[dict[str, Any]]]) -> None:
    structlog.get_logger("bot.test").debug("too_small")

    assert said() == []
