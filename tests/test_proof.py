"""The record of the proofs: what a run found is written down, and no later run takes a failure away."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests import proof
from tests.proof import PROMISES, Note, Run

TODAY = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
PACING = "tests/bot/test_pacing.py"
REPORT = """<testsuites><testsuite>
<testcase name="test_kept[sqlite]" time="90.0"><properties>
<property name="promise 1" value='{"kills": 200, "members": 2500, "lost": 0}'/>
<property name="promise 2" value='{"repeated": 12}'/></properties></testcase>
<testcase name="test_broken" time="3.0"><properties>
<property name="promise 9" value='{"highest_in_a_second": 31}'/></properties><failure/></testcase>
<testcase name="test_that_fails_early" time="1.0"><error/></testcase>
<testcase name="test_without_postgresql" time="0.0"><skipped/></testcase>
</testsuite></testsuites>"""


@pytest.fixture
def records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(proof, "RECORDS", tmp_path / "proof")
    return tmp_path / "proof"


def ran(outcome: str, *notes: Note, test: str = "test_limits", file: str = PACING) -> Run:
    return Run(file, test, outcome, list(notes))


def page(records: Path) -> str:
    return (records / "2026-11-22.md").read_text()


def test_every_test_of_a_report_is_read_with_what_it_noted_and_whether_it_held(tmp_path: Path) -> None:
    report = tmp_path / "proof.xml"
    report.write_text(REPORT)

    runs = proof.read(report, file=PACING)

    assert [(one.test, one.outcome) for one in runs] == [
        ("test_kept[sqlite]", "passed"),
        ("test_broken", "failed"),
        ("test_that_fails_early", "failed"),
        ("test_without_postgresql", "skipped"),
    ]
    assert runs[0].notes == [
        Note(1, {"kills": 200, "members": 2500, "lost": 0}),
        Note(2, {"repeated": 12}),
    ]
    assert runs[0].seconds == 90.0


def test_a_promise_that_holds_is_told_with_its_figures(records: Path) -> None:
    proof.record([ran("passed", Note(9, {"calls": 12_345, "during_halts": 0}))], on=TODAY)

    assert "1 runs of 1 tests, for 1 promises; none of the runs failed.\nNone was broken." in page(records)
    assert "| yes | 1 | 0 | calls 12,345, during halts 0 |" in page(records)


def test_a_later_run_is_told_and_the_failure_before_it_stays(records: Path) -> None:
    proof.record([ran("passed", Note(1, {"lost": 0}), test="test_kept")], on=TODAY)
    proof.record([ran("failed", Note(9, {"highest_in_a_second": 31}))], on=TODAY)

    proof.record([ran("passed", Note(9, {"highest_in_a_second": 27}))], on=TODAY)

    assert "3 runs of 2 tests, for 2 promises; 1 of the runs failed." in page(records)
    assert "**Broken in one run and kept in a later one: promise 9.**" in page(records)
    assert "None was broken" not in page(records)
    assert "| at last | 2 | 1 | highest in a second 27 |" in page(records)
    assert "| yes | 1 | 0 | lost 0 |" in page(records)


def test_a_test_that_fails_before_it_counts_takes_its_earlier_yes_away(records: Path) -> None:
    proof.record([ran("passed", Note(9, {"highest_in_a_second": 27}))], on=TODAY)

    proof.record([ran("failed")], on=TODAY)

    assert "**Broken: promise 9.**" in page(records)
    assert "| **no** | 2 | 1 | nothing |" in page(records)


def test_a_test_that_never_counted_anything_stands_under_what_its_file_holds(records: Path) -> None:
    proof.record([ran("failed", file="tests/bot/test_delivery_kills.py")], on=TODAY)

    assert "**Broken: promise 1, 2.**" in page(records)


def test_what_was_not_tried_is_said(records: Path) -> None:
    every = [ran("passed", Note(number, {"lost": 0})) for number in PROMISES if number not in (3, 9)]

    proof.record([*every, ran("skipped", test="test_paced")], on=TODAY)

    assert "Not tried, or not wholly, on this day: promise 3, 9." in page(records)


def test_a_file_that_ends_before_it_can_report_has_failed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(proof, "ROOT", tmp_path)
    (tmp_path / "test_gone.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n")

    code, runs = proof.run("test_gone.py", [])

    assert code != 0
    assert [(one.test, one.outcome) for one in runs] == [("(the whole file)", "failed")]


def test_every_promise_that_a_test_notes_has_its_words() -> None:
    tests = "".join(file.read_text(encoding="utf-8") for file in (proof.ROOT / "tests").rglob("test_*.py"))

    noted = {int(number) for number in proof.NOTED.findall(tests)}

    assert noted
    assert noted <= PROMISES.keys()
