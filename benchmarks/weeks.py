"""The whole product at full speed: six weeks of the demo."""

import json
import statistics
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from benchmarks import ground
from benchmarks.figures import Figure, at_most
from benchmarks.ground import Ground

DEMOS = 3
WEEKS = 6
QUICK, SMALL = 60.0, 130.0


def figures(at: Ground) -> Iterator[Figure]:
    runs: list[dict[str, Any]] = []
    for turn in range(1, DEMOS + 1):
        ground.say(f"demo {turn} of {DEMOS}")
        file = at.home / "demo.json"
        command = [
            sys.executable,
            "-m",
            "bot",
            "demo",
            "--headless",
            "--weeks",
            str(WEEKS),
            "--json",
            str(file),
        ]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own program
        runs.append(json.loads(file.read_text(encoding="utf-8")))
    seconds = statistics.median(run["seconds"] for run in runs)
    yield at_most(QUICK, f"{WEEKS} weeks of the demo (median of {DEMOS})", seconds, "s")
    yield at_most(SMALL, "its peak memory, sandbox apart", max(run["peak_mb"] for run in runs), "MB")
