"""`make setup` on a machine that lacks something: it says what, and once that is there it goes on."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

MAKEFILE = Path(__file__).parent.parent / "Makefile"
# As Debian's Python does it without python3-venv: half of it is there, and it has no pip.
HALF = """#!/bin/sh
if [ "$2" = venv ]; then mkdir -p .venv/bin; ln -sf {python} .venv/bin/python; exit 1; fi
exec {python} "$@"
"""


def make(folder: Path, python: str) -> "subprocess.CompletedProcess[str]":
    command = ["make", ".venv/bin/python", ".venv/bin/pip", f"PYTHON={python}"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(MAKEFILE, tmp_path)
    (tmp_path / "python").write_text(HALF.format(python=sys.executable))
    (tmp_path / "python").chmod(0o755)
    return tmp_path


def test_without_what_makes_a_venv_it_says_what_to_install_and_leaves_nothing_half_made(folder: Path) -> None:
    ended = make(folder, "./python")

    assert ended.returncode != 0
    assert "apt install python3-venv" in ended.stdout
    assert not (folder / ".venv").exists()


def test_a_venv_that_was_never_finished_is_made_anew(folder: Path) -> None:
    (folder / ".venv" / "bin").mkdir(parents=True)
    (folder / ".venv" / "bin" / "python").symlink_to(sys.executable)

    ended = make(folder, sys.executable)

    assert ended.returncode == 0, ended.stderr
    assert (folder / ".venv" / "bin" / "pip").exists()
