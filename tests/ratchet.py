"""Coverage that does not go down: `python -m tests.ratchet [--raise]`, after `coverage run -m pytest`."""

import json
import re
import sys
import tempfile
import tomllib
from collections import Counter
from dataclasses import dataclass
from math import floor
from pathlib import Path

import coverage

ROOT = Path(__file__).parent.parent
TABLE = Path(__file__).with_suffix(".toml")
_STEP = 0.5


@dataclass(frozen=True, slots=True)
class Standing:
    """How one package stands: percent of lines and branches reached, the floor under it, the aim above."""

    package: str
    reached: float
    floor: float
    aim: float

    @property
    def fell(self) -> bool:
        return self.reached < self.floor

    @property
    def next_floor(self) -> float:
        """Give the highest half point reached, not above the aim and not below the floor."""
        return max(self.floor, min(self.aim, floor(self.reached / _STEP) * _STEP))


def measured(report: dict[str, dict[str, dict[str, int]]]) -> dict[str, float]:
    """Add up coverage's own JSON report by package: lines and branches reached, of all there are."""
    reached: Counter[str] = Counter()
    there: Counter[str] = Counter()
    for name, summary in report.items():
        package = Path(name).parts[0]
        reached[package] += summary["summary"]["covered_lines"] + summary["summary"]["covered_branches"]
        there[package] += summary["summary"]["num_statements"] + summary["summary"]["num_branches"]
    return {package: 100 * reached[package] / there[package] for package in there if there[package]}


def standings(reached: dict[str, float], table: dict[str, dict[str, float]]) -> list[Standing]:
    """Compare with the table. A package that the table does not know is held to nothing less than 90."""
    packages = sorted(reached.keys() | table["floors"].keys())
    return [
        Standing(
            package=package,
            reached=reached.get(package, 0.0),
            floor=table["floors"].get(package, 90.0),
            aim=table["aims"].get(package, 90.0),
        )
        for package in packages
    ]


def lines(found: list[Standing]) -> list[str]:
    said = []
    for one in found:
        line = f"coverage: {one.package:<13} {one.reached:5.1f}%  floor {one.floor:g}, aim {one.aim:g}"
        if one.fell:
            line += "  FELL below its floor"
        elif one.next_floor > one.floor:
            line += f"  the floor can rise to {one.next_floor:g} (python -m tests.ratchet --raise)"
        said.append(line)
    return said


def raised(text: str, found: list[Standing]) -> str:
    """Write the floors anew, upwards only."""
    head, mark, floors = text.partition("[floors]\n")
    for one in found:
        row = re.compile(rf"^{re.escape(one.package)} = .*$", re.MULTILINE)
        if not row.search(floors):
            floors += f"{one.package} = {one.next_floor:g}\n"
        floors = row.sub(f"{one.package} = {one.next_floor:g}", floors)
    return head + mark + floors


def report() -> dict[str, dict[str, dict[str, int]]]:
    """Gather what this run and the processes it started have written, and let coverage count."""
    measuring = coverage.Coverage(config_file=str(ROOT / "pyproject.toml"), data_file=str(ROOT / ".coverage"))
    if any(ROOT.glob(".coverage.*")):
        measuring.combine()
        measuring.save()
    else:
        measuring.load()
    with tempfile.TemporaryDirectory() as folder:
        measuring.json_report(outfile=f"{folder}/report.json")
        content = json.loads(Path(folder, "report.json").read_text(encoding="utf-8"))
    files: dict[str, dict[str, dict[str, int]]] = content["files"]
    return files


def main(arguments: list[str]) -> int:
    text = TABLE.read_text(encoding="utf-8")
    try:
        found = standings(measured(report()), tomllib.loads(text))
    except coverage.CoverageException as problem:
        sys.stderr.write(f"coverage: nothing to compare ({problem}); run `make check`\n")
        return 1
    sys.stdout.write("\n".join(lines(found)) + "\n")
    if "--raise" in arguments:
        TABLE.write_text(raised(text, found), encoding="utf-8")
    return 1 if any(one.fell for one in found) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
