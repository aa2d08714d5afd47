"""`parley demo` as somebody runs it: two weeks at full speed, and an end in order."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from bot.demo import performance
from bot.demo.command import STDOUT, DemoFailedError, LocalTelegram
from bot.demo.performance import Outcome

pytestmark = pytest.mark.alone

PATIENCE = 300
# Eight days stand for the thirty after which Parley forgets what it has handled: two weeks see it happen.
MONTH_OF_EIGHT_DAYS = """
from datetime import timedelta
from bot import cli, retention
retention.KEPT = timedelta(days=8)
cli.app()
"""
FORGETFUL = ("-c", MONTH_OF_EIGHT_DAYS)


def start(folder: Path, *options: str, how: Sequence[str] = ("-m", "bot")) -> "subprocess.Popen[str]":
    """The demo in a process of its own, with nothing of this machine's settings but a temporary folder."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PARLEY_")}
    environment |= {
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "PYTHONUNBUFFERED": "1",
        "TMPDIR": str(folder),
    }
    return subprocess.Popen(
        [sys.executable, *how, "demo", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env=environment,
    )


def left_behind(folder: Path) -> Sequence[Path]:
    return list(folder.glob("parley-demo-*"))


def test_two_weeks_at_full_speed_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    process = start(tmp_path, "--headless", "--weeks", "2", "--json", "figures.json", how=FORGETFUL)

    said, told = process.communicate(timeout=PATIENCE)

    assert process.returncode == 0, said + told
    figures = json.loads((tmp_path / "figures.json").read_text(encoding="ascii"))
    assert (figures["weeks"], figures["rounds"]) == (2, 2)
    # 26 members each week; who has blocked Parley by the second opening gets none of it.
    assert figures["invitations"] == 26 + 25
    # In the first week 26 members, the facilitator and the group; in the second one fewer.
    assert figures["digests"] == 28 + 27
    assert 150 <= figures["answers"] <= 2 * 26 * 6
    assert 0 < figures["reminders"] < figures["invitations"]
    assert (figures["updates_lost"], figures["duplicates"]) == (0, 0)
    assert "this should not be" not in said
    # Each of them is on a phone as it is stored: ratings, those of other partners, and words.
    assert figures["compared"].keys() == {"scale", "directed", "text"}
    assert sum(figures["compared"].values()) == figures["answers"]
    assert figures["gave_up"] == 0
    assert "Not everybody at these partners is on Telegram: Kite Family Charity." in said
    assert not left_behind(tmp_path)


def test_figures_written_to_standard_output_stand_there_alone(capsys: pytest.CaptureFixture[str]) -> None:
    names = (
        "seconds",
        "rounds",
        "invitations",
        "answers",
        "digests",
        "updates_lost",
        "duplicates",
        "peak_mb",
    )
    outcome, said = Outcome(dict.fromkeys(names, 0), ["one was lost"], "What came out"), list[str]()

    code = performance._reported(outcome, said.append, file=STDOUT)

    assert json.loads(capsys.readouterr().out) == outcome.figures
    assert "this should not be: one was lost" in said
    assert code == 1


def test_interrupted_it_ends_in_order_and_leaves_nothing_behind(tmp_path: Path) -> None:
    process = start(tmp_path, "--headless")
    first = process.stdout.readline() if process.stdout else ""

    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=PATIENCE)

    assert "starting" in first
    assert "nothing is left behind" in said
    assert process.returncode == 130
    assert not left_behind(tmp_path)


def test_a_port_that_is_taken_is_said_with_what_to_do(tmp_path: Path) -> None:
    complaints = tmp_path / "sandbox.log"
    complaints.write_text("Traceback ...\nOSError: [Errno 98] Address already in use\n")
    ended = subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE, text=True)
    telegram = LocalTelegram(ended, complaints, tmp_path / "clock", tmp_path / "journal")

    with pytest.raises(DemoFailedError, match=r"in use.*--port"):
        telegram.url()

    ended.communicate()
