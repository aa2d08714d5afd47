"""`make proof`: the promises at their long sizes, and a dated record of what came out.

Tests that hold a promise take their sizes from `size` here and note their figures with the fixture `note`.
Here they run long; the record is for somebody deciding whether to trust this with a partnership.

`make proof ARGS="-k pacing"` runs a part. Each file's figures are written down as it ends, so a run that is
cut short has recorded what it found; later runs of the same day take the place of earlier ones.
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from xml.etree import ElementTree as ET

ROOT = Path(__file__).parent.parent
RECORDS = ROOT / "docs" / "proof"
LONG = "PARLEY_PROOF"
NO_TESTS = 5

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
    """One promise as one test found it, in a run at a commit."""

    promise: int
    test: str
    passed: bool
    figures: dict[str, object]
    seconds: float = 0.0
    commit: str = ""

    @property
    def place(self) -> tuple[int, str, str]:
        # A test may note a promise more than once, for several parts of it: they differ in what they count.
        return self.promise, self.test, " ".join(self.figures)


def size(*, ci: int, long: int) -> int:
    """How much a promise's test does: little with every change, much for the record."""
    return long if os.environ.get(LONG) == "long" else ci


def engines(first: str) -> list[str]:
    """What a test of minutes runs on: one engine with every change, both for the record."""
    return sorted(("postgresql", "sqlite"), key=lambda engine: engine != first)[: size(ci=1, long=2)]


def main() -> int:
    begun, worst, noted = datetime.now(UTC), 0, 0
    files = held(sys.argv[1:])
    for number, file in enumerate(files, start=1):
        say(f"parley: {number} of {len(files)}: {file}")
        code, notes = run(file, sys.argv[1:])
        worst, noted = max(worst, 0 if code == NO_TESTS else code), noted + len(notes)
        if notes:
            record(notes, on=begun)
    if not noted:
        say("parley: no promise was tested; nothing is recorded")
        return worst or 1
    say(f"parley: the record is in {(RECORDS / f'{begun:%Y-%m-%d}.md').relative_to(ROOT)}")
    return worst


def say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - its output is its purpose


def held(chosen: Sequence[str]) -> list[str]:
    """The files with tests that hold a promise, as far as these arguments choose them."""
    told = subprocess.run(
        [sys.executable, "-m", "pytest", "-m", "promise", "--collect-only", "-q", *chosen],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    return list(dict.fromkeys(line.partition("::")[0] for line in told.splitlines() if "::" in line))


def run(file: str, chosen: Sequence[str]) -> tuple[int, list[Note]]:
    """One file's promises at their long sizes."""
    options = [argument for argument in chosen if not argument.startswith("tests")]
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "proof.xml"
        command = [sys.executable, "-m", "pytest", file, "-m", "promise", f"--junitxml={report}", *options]
        ran = subprocess.run(command, cwd=ROOT, env=os.environ | {LONG: "long"}, check=False)
        return ran.returncode, read(report) if report.exists() else []


def read(report: Path) -> list[Note]:
    """What the tests of one run noted."""
    commit = _commit()
    notes = []
    for case in ET.parse(report).iter("testcase"):
        passed = not any(case.find(kind) is not None for kind in ("failure", "error", "skipped"))
        for noted in case.iter("property"):
            if noted.get("name", "").startswith("promise "):
                number = int(noted.get("name", "").split()[1])
                figures = json.loads(noted.get("value", "{}"))
                seconds = float(case.get("time", "0"))
                notes.append(Note(number, case.get("name", ""), passed, figures, seconds, commit))
    return notes


def record(notes: Iterable[Note], *, on: datetime) -> None:
    """Add these to the day's record: the figures as data, and the page that tells them."""
    RECORDS.mkdir(parents=True, exist_ok=True)
    data = RECORDS / f"{on:%Y-%m-%d}.json"
    known = [Note(**row) for row in json.loads(data.read_text(encoding="utf-8"))] if data.exists() else []
    merged = {note.place: note for note in (*known, *notes)}
    rows = sorted(merged.values(), key=lambda note: note.place)
    data.write_text(json.dumps([asdict(note) for note in rows], indent=1) + "\n", encoding="utf-8")
    data.with_suffix(".md").write_text(page(rows, on=on), encoding="utf-8")


def page(notes: Sequence[Note], *, on: datetime) -> str:
    broken = sorted({note.promise for note in notes if not note.passed})
    outcome = f"Broken: promise {', '.join(map(str, broken))}." if broken else "None was broken."
    told = "\n\n".join(
        section(promise, list(rows)) for promise, rows in groupby(notes, key=lambda note: note.promise)
    )
    return f"""# Proof, {on:%-d %B %Y}

What `make proof` found when it tried to break Parley's promises: real processes killed and paused, real
databases, and a local Telegram whose own journal says what every phone got. {len(notes)} runs held
{len({note.promise for note in notes})} promises. {outcome}

Machine: {os.cpu_count()} cores, Python {platform.python_version()}. Each line is one run of one test; what
it does stands in the test of that name. `make proof` does it all again, `make proof ARGS="-k ..."` a part.

{told}
"""


def section(promise: int, notes: Sequence[Note]) -> str:
    rows = "\n".join(row(note) for note in notes)
    return f"""## {promise}. {PROMISES.get(promise, "")}

| kept | what was counted | minutes | commit | test |
|---|---|---|---|---|
{rows}"""


def row(note: Note) -> str:
    outcome = "yes" if note.passed else "**no**"
    minutes = f"{note.seconds / 60:.1f}"
    return f"| {outcome} | {figured(note.figures)} | {minutes} | {note.commit} | `{note.test}` |"


def figured(figures: dict[str, object]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {spelt(value)}" for name, value in figures.items())


def spelt(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _commit() -> str:
    """The commit that was tried; `-dirty` behind it says that something was changed and not committed."""
    command = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
