"""`make proof`: the promises at their long sizes, and a dated record of what came out.

Tests that hold a promise take their sizes from `size` here and note their figures with the fixture `note`.
Here they run long; the record is for somebody deciding whether to trust this with a partnership.

`make proof ARGS="-k pacing"` runs a part. Each file's figures are written down as it ends, so a run that is
cut short has recorded what it found. The page tells each test's last run of the day, and how many failed.
"""

import json
import os
import platform
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cache
from itertools import groupby
from pathlib import Path
from xml.etree import ElementTree as ET

ROOT = Path(__file__).parent.parent
RECORDS = ROOT / "docs" / "proof"
LONG = "PARLEY_PROOF"
NO_TESTS = 5
NOTED = re.compile(r"\bnote\(\s*(\d+),")

# What each promise says, for somebody who reads the record and nothing else.
PROMISES = {
    1: "No invitation is lost, though the delivering process is killed again and again",
    2: "What comes twice is rare, and each time the reason is on record",
    3: "No answer that was confirmed on a phone is lost",
    4: "Messages that Telegram repeats or delivers out of order change nothing",
    5: "After a week's outage nothing stale is sent, and what was missed is told",
    6: "One round an occurrence, with several clocks, jumping clocks and crashes",
    7: "Rounds open at the local hour in every timezone, whatever the clocks there do",
    8: "A worker that was paused and goes on changes nothing",
    9: "Telegram's limits are kept",
    10: "One bad chat does not hold up the others",
    11: "Input made to break the program does not stop it",
    12: "The database may die, and nothing is lost",
    13: "SQLite keeps its word with many writers",
    14: "Every letter is claimed by one worker at a time",
    15: "Upgrades keep the data, and can be taken back",
    16: "Backups restore, and a restored copy is silent until it is told to speak",
    17: "It runs for weeks in the same memory",
    18: "Messages that do not come from Telegram are refused",
    20: "Forged buttons do nothing",
    21: "Partnerships are walled off from each other",
    22: "An invite lets in as many as it is for, and nobody guesses one",
    23: "No small group can be worked out from what is shown",
    25: "Words are quoted only as their author agreed",
    26: "People get all that is kept about them, and it goes when they say so",
    28: "Tokens, secrets and answers stay out of the logs",
    29: "Hostile text breaks no message",
    32: "One person's flood slows nobody else down much",
    34: "When a part fails, somebody is told within two minutes",
}


@dataclass(frozen=True)
class Note:
    """What a test counted of one promise."""

    promise: int
    figures: dict[str, object]


@dataclass(frozen=True)
class Run:
    """One run of one test that holds a promise, whether or not it came as far as to count anything."""

    file: str
    test: str
    outcome: str  # "passed", "failed" or "skipped"
    notes: list[Note] = field(default_factory=list)
    seconds: float = 0.0
    commit: str = ""

    @property
    def place(self) -> tuple[str, str]:
        return self.file, self.test


@dataclass(frozen=True)
class Row:
    """What one test did for one promise on a day: its last run, and how often it ran and failed."""

    promise: int
    last: Run
    figures: dict[str, object]
    runs: int
    failed: int


def size(*, ci: int, long: int) -> int:
    """How much a promise's test does: little with every change, much for the record."""
    return long if os.environ.get(LONG) == "long" else ci


def engines(first: str) -> list[str]:
    """What a test of minutes runs on: one engine with every change, both for the record."""
    return sorted(("postgresql", "sqlite"), key=lambda engine: engine != first)[: size(ci=1, long=2)]


def main() -> int:
    begun, worst, ran = datetime.now(UTC), 0, 0
    _commit()
    files = held(sys.argv[1:])
    for number, file in enumerate(files, start=1):
        say(f"parley: {number} of {len(files)}: {file}")
        code, runs = run(file, sys.argv[1:])
        worst, ran = max(worst, 0 if code == NO_TESTS else code), ran + len(runs)
        if runs:
            record(runs, on=begun)
    if not ran:
        say("parley: no promise was tested; nothing is recorded")
        return worst or 1
    say(f"parley: the record is in {(RECORDS / f'{begun:%Y-%m-%d}.md').relative_to(ROOT)}")
    return worst


def say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - its output is its purpose


def held(chosen: Sequence[str]) -> list[str]:
    """The files with tests that hold a promise, as far as these arguments choose them."""
    listed = subprocess.run(
        [sys.executable, "-m", "pytest", "-m", "promise", "--collect-only", "-q", *chosen],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode not in (0, NO_TESTS):  # a file that cannot be read would be left out silently
        raise SystemExit(listed.stdout + listed.stderr)
    lines = listed.stdout.splitlines()
    return list(dict.fromkeys(line.partition("::")[0] for line in lines if "::" in line))


def run(file: str, chosen: Sequence[str]) -> tuple[int, list[Run]]:
    """One file's promises at their long sizes."""
    options = [argument for argument in chosen if not argument.startswith("tests")]
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "proof.xml"
        command = [sys.executable, "-m", "pytest", file, "-m", "promise", f"--junitxml={report}", *options]
        code = subprocess.run(command, cwd=ROOT, env=os.environ | {LONG: "long"}, check=False).returncode
        runs = read(report, file=file) if report.exists() else []
    if code not in (0, NO_TESTS) and not any(one.outcome == "failed" for one in runs):
        runs.append(Run(file, "(the whole file)", "failed", commit=_commit()))  # it ended before it could say
    return code, runs


def read(report: Path, *, file: str) -> list[Run]:
    """Every test of one run, with what it noted."""
    commit = _commit()
    return [
        Run(file, case.get("name", ""), _outcome(case), _noted(case), float(case.get("time", "0")), commit)
        for case in ET.parse(report).iter("testcase")
    ]


def _outcome(case: ET.Element) -> str:
    if any(case.find(kind) is not None for kind in ("failure", "error")):
        return "failed"
    return "passed" if case.find("skipped") is None else "skipped"


def _noted(case: ET.Element) -> list[Note]:
    return [
        Note(int(noted.get("name", "").split()[1]), json.loads(noted.get("value", "{}")))
        for noted in case.iter("property")
        if noted.get("name", "").startswith("promise ")
    ]


def record(runs: Iterable[Run], *, on: datetime) -> None:
    """Add these to the day's record: all runs as data, and the page that tells them."""
    RECORDS.mkdir(parents=True, exist_ok=True)
    data = RECORDS / f"{on:%Y-%m-%d}.json"
    every = [*(kept(data) if data.exists() else []), *runs]
    data.write_text(json.dumps([asdict(one) for one in every], indent=1) + "\n", encoding="utf-8")
    data.with_suffix(".md").write_text(page(every, on=on), encoding="utf-8")


def kept(data: Path) -> list[Run]:
    """The runs that are on record, in the order in which they ran."""
    rows = json.loads(data.read_text(encoding="utf-8"))
    return [Run(**row | {"notes": [Note(**note) for note in row["notes"]]}) for row in rows]


def counted(runs: Sequence[Run]) -> list[Row]:
    """A row for each test and promise, more where its last run noted more."""
    found = []
    for same in _by_test(runs):
        failed = sum(one.outcome == "failed" for one in same)
        of_this = {note.promise for one in same for note in one.notes} or _promised(same[-1].file)
        for promise in of_this:
            figures = [note.figures for note in same[-1].notes if note.promise == promise] or [{}]
            found += [Row(promise, same[-1], counts, len(same), failed) for counts in figures]
    return sorted(found, key=lambda row: (row.promise, row.last.place))


def _by_test(runs: Sequence[Run]) -> list[list[Run]]:
    found: dict[tuple[str, str], list[Run]] = {}
    for one in runs:
        found.setdefault(one.place, []).append(one)
    return list(found.values())


def _promised(file: str) -> set[int]:
    """Which promises the tests of a file hold, for one that failed before it noted any."""
    return {int(number) for number in NOTED.findall((ROOT / file).read_text(encoding="utf-8"))}


def page(runs: Sequence[Run], *, on: datetime) -> str:
    rows = counted(runs)
    told = "\n\n".join(section(promise, list(same)) for promise, same in groupby(rows, key=promise_of))
    return f"""# Proof, {on:%-d %B %Y}

What `make proof` found when it tried to break Parley's promises: real processes killed and paused, real
databases, and a local Telegram whose own journal says what every phone got.

{summary(runs, rows)}

Machine: {os.cpu_count()} cores, Python {platform.python_version()}. Each line is one test as it last ran
on this day; what it does stands in the test of that name. Every run of the day is in the file of figures
beside this page. `make proof` does it all again, `make proof ARGS="-k ..."` a part.

{told}
"""


def promise_of(row: Row) -> int:
    return row.promise


def summary(runs: Sequence[Run], rows: Sequence[Row]) -> str:
    """Whether all was kept, as the first thing to read: no later run takes a failure away."""
    broken = {row.promise for row in rows if row.last.outcome == "failed"}
    once = {row.promise for row in rows if row.failed} - broken
    untried = (PROMISES.keys() - {row.promise for row in rows}) | {
        row.promise for row in rows if row.last.outcome == "skipped"
    }
    failed = sum(one.outcome == "failed" for one in runs)
    size = f"{len(runs)} runs of {len(_by_test(runs))} tests, for {len({*map(promise_of, rows)})} promises"
    lines = [
        f"{size}; {failed or 'none'} of the runs failed.",
        f"**Broken: promise {_listed(broken)}.**" if broken else "",
        f"**Broken in one run and kept in a later one: promise {_listed(once)}.**" if once else "",
        "" if failed else "None was broken.",
        f"Not tried, or not wholly, on this day: promise {_listed(untried)}." if untried else "",
    ]
    return "\n".join(line for line in lines if line)


def _listed(promises: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(promises)))


def section(promise: int, rows: Sequence[Row]) -> str:
    told = "\n".join(line(row) for row in rows)
    return f"""## {promise}. {PROMISES.get(promise, "")}

| kept | runs | failed | what was counted | minutes | commit | test |
|---|---|---|---|---|---|---|
{told}"""


def line(row: Row) -> str:
    again = "at last" if row.failed else "yes"
    kept = {"passed": again, "failed": "**no**", "skipped": "not tried"}[row.last.outcome]
    counts = figured(row.figures) or "nothing"
    minutes = f"{row.last.seconds / 60:.1f}"
    cells = (kept, row.runs, row.failed, counts, minutes, row.last.commit, f"`{row.last.test}`")
    return f"| {' | '.join(map(str, cells))} |"


def figured(figures: dict[str, object]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {spelt(value)}" for name, value in figures.items())


def spelt(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


@cache
def _commit() -> str:
    """The commit that was tried; `-dirty` behind it says that something was changed and not committed.

    As it was when first asked: the record itself is a change.
    """
    command = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
