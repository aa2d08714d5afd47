"""`make proof`: the promises at their long sizes, and a dated record of what came out.

Tests that hold a promise take their sizes from `size` here and note their figures with the fixture `note`.
Here they run long; the record is for somebody deciding whether to trust this with a partnership.
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree as ET

ROOT = Path(__file__).parent.parent
RECORDS = ROOT / "docs" / "proof"
LONG = "PARLEY_PROOF"


@dataclass(frozen=True)
class Note:
    """One promise as one test found it."""

    promise: int
    test: str
    passed: bool
    figures: dict[str, object]


def size(*, ci: int, long: int) -> int:
    """How much a promise's test does: little with every change, much for the record."""
    return long if os.environ.get(LONG) == "long" else ci


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "proof.xml"
        ran = subprocess.run(
            [sys.executable, "-m", "pytest", "-m", "promise", "-v", f"--junitxml={report}", *sys.argv[1:]],
            cwd=ROOT,
            env=os.environ | {LONG: "long"},
            check=False,
        )
        notes = read(report)
    if not notes:
        say("parley: no promise was tested; nothing is recorded")
        return ran.returncode or 1
    file = RECORDS / f"{datetime.now(UTC):%Y-%m-%d}.md"
    RECORDS.mkdir(parents=True, exist_ok=True)
    file.write_text(page(notes), encoding="utf-8")
    say(f"parley: the record is in {file.relative_to(ROOT)}")
    return ran.returncode


def say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - its output is its purpose


def read(report: Path) -> list[Note]:
    """What the tests noted, in the order of the promises."""
    notes = []
    for case in ET.parse(report).iter("testcase"):
        passed = not any(case.find(kind) is not None for kind in ("failure", "error", "skipped"))
        for noted in case.iter("property"):
            if noted.get("name", "").startswith("promise "):
                number = int(noted.get("name", "").split()[1])
                figures = json.loads(noted.get("value", "{}"))
                notes.append(Note(number, case.get("name", ""), passed, figures))
    return sorted(notes, key=lambda note: (note.promise, note.test))


def page(notes: list[Note]) -> str:
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    rows = "\n".join(row(note) for note in notes)
    return f"""# Proof, {datetime.now(UTC):%-d %B %Y}

What `make proof` found at commit {commit}, Python {platform.python_version()}, {os.cpu_count()} cores. A row
is one run of one test against real processes or a real database. What a promise says stands in its test.

| promise | outcome | figures | test |
|---|---|---|---|
{rows}
"""


def row(note: Note) -> str:
    outcome = "kept" if note.passed else "**broken**"
    return f"| {note.promise} | {outcome} | {figured(note.figures)} | {note.test} |"


def figured(figures: dict[str, object]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in figures.items())


if __name__ == "__main__":
    sys.exit(main())
