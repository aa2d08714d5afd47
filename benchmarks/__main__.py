"""`make bench`: what Parley costs on this machine, as one table. `make bench ARGS=start` measures one thing.

A measurement is a function that is given a `Ground` and yields its figures. Medians are of several, and
ratios are of the same run.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import broadcast, figures, ground, growth, memory, starting, taps, updates, weeks
from benchmarks.figures import Figure
from benchmarks.ground import Ground

MEASUREMENTS: dict[str, Callable[[Ground], Iterator[Figure]]] = {
    "start": starting.figures,
    "updates": updates.figures,
    "taps": taps.figures,
    "weeks": weeks.figures,
    "broadcast": broadcast.figures,
    "memory": memory.figures,
    "growth": growth.figures,
}


def main(names: list[str]) -> int:
    if unknown := [name for name in names if name not in MEASUREMENTS]:
        ground.say(f"parley: nothing is measured as {unknown[0]}; there are {', '.join(MEASUREMENTS)}")
        return 2
    found: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="parley-bench-") as folder:
        at = Ground(Path(folder))
        try:
            for name in names or MEASUREMENTS:
                found += _measured(name, at)
        finally:
            at.close()
    machine = f"Python {sys.version.split()[0]}, {os.cpu_count()} cores; other work on it makes these worse."
    print(f"\n{machine}\n\n{figures.table(found)}")  # noqa: T201 - its output is its purpose
    return 0


def _measured(name: str, at: Ground) -> Iterator[Figure]:
    begun = time.monotonic()
    for figure in MEASUREMENTS[name](at):
        ground.say(f"{name}, {time.monotonic() - begun:.0f} s: {figure.what}: {figures.told(figure.value)}")
        yield figure


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
