"""The record of the proofs: what a run found is written down, and a later run takes its place."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests import proof
from tests.proof import PROMISES, Note

TODAY = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
REPORT = """<testsuites><testsuite>
<testcase name="test_kept[sqlite]" time="90.0"><properties>
<property name="promise 1" value='{"kills": 200, "members": 2500, "lost": 0}'/>
<property name="promise 2" value='{"repeated": 12}'/></properties></testcase>
<testcase name="test_broken" time="3.0"><properties>
<property name="promise 9" value='{"highest_in_a_second": 31}'/></properties><failure/></testcase>
<testcase name="test_of_no_promise" time="1.0"/>
</testsuite></testsuites>"""


@pytest.fixture
def records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(proof, "RECORDS", tmp_path / "proof")
    return tmp_path / "proof"


def test_each_note_of_a_report_is_read_with_whether_it_held(tmp_path: Path) -> None:
    report = tmp_path / "proof.xml"
    report.write_text(REPORT)

    notes = proof.read(report)

    assert [(note.promise, note.passed) for note in notes] == [(1, True), (2, True), (9, False)]
    assert notes[0].figures == {"kills": 200, "members": 2500, "lost": 0}
    assert notes[0].seconds == 90.0


def test_a_later_run_takes_the_place_of_an_earlier_one_and_leaves_the_others(records: Path) -> None:
    kills = Note(1, "test_kept[sqlite]", passed=True, figures={"kills": 10, "lost": 0})
    limits = Note(9, "test_limits", passed=False, figures={"highest_in_a_second": 31})
    proof.record([kills, limits], on=TODAY)

    proof.record([Note(9, "test_limits", passed=True, figures={"highest_in_a_second": 27})], on=TODAY)

    page = (records / "2026-11-22.md").read_text()
    assert "| yes | highest in a second 27 |" in page
    assert "| yes | kills 10, lost 0 |" in page
    assert "None was broken." in page


def test_a_broken_promise_is_said_at_the_top(records: Path) -> None:
    proof.record([Note(9, "test_limits", passed=False, figures={"calls": 12_345})], on=TODAY)

    page = (records / "2026-11-22.md").read_text()
    assert "Broken: promise 9." in page
    assert "| **no** | calls 12,345 |" in page


def test_every_promise_that_a_test_notes_has_its_words() -> None:
    tests = "".join(file.read_text(encoding="utf-8") for file in (proof.ROOT / "tests").rglob("test_*.py"))

    noted = {int(number) for number in re.findall(r"\bnote\(\s*(\d+),", tests)}

    assert noted
    assert noted <= PROMISES.keys()
