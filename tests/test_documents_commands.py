"""What the documents tell an operator to type is there: each command, each option, each target of make."""

import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from typer.main import get_command

from bot.cli import app
from tests.test_documents import OPERATING, README, ROOT

TEXTS = {"README.md": README, "docs/operating.md": OPERATING}
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"(?m)^([a-z]+):.*## ", MAKEFILE))
PARLEY = get_command(app)
# What else is typed; a word that is not here may be a slip in one that is.
ORDINARY = re.findall(
    r"\w+",
    "apt cd chown createdb createuser curl exit git install journalctl mkdir mv rm rsync systemctl"
    " timedatectl useradd userdel",
)
# Blocks that are files, by how they begin.
FILES = ("PARLEY_", "partnership,", "scrape_configs:", "groups:", "[Unit]")
ASSIGNED = re.compile(r"[A-Z_]+=")
CRON = re.compile(r"(?:[\d*]\S* +){5}(?=\S)")

Words = Sequence[str]


def blocks(text: str) -> list[str]:
    found = re.findall(r"(?ms)^ *```\w*\n(.*?)^ *```$", text)
    return ["\n".join(line.strip() for line in block.splitlines()) for block in found]


def typed(text: str) -> list[Words]:
    """Each command of all blocks, as words; those within a shell's or su's quotes, too."""
    lines = [line for block in blocks(text) for line in shell_lines(block)]
    return [words for line in lines for words in commands(line)]


def shell_lines(block: str) -> list[str]:
    if block.startswith(FILES):
        return [line.partition("=")[2] for line in block.splitlines() if line.startswith("ExecStart=")]
    return [CRON.sub("", line) for line in block.splitlines()]


def commands(line: str) -> Iterator[Words]:
    plain = re.sub(r"\$+\([^)]*\)", "now", line.replace("<this repository>", "address"))
    words: list[str] = []
    for word in [*shlex.split(plain, comments=True), "&&"]:
        if word not in {"&&", ";", "|"}:
            words.append(word)
        elif words:
            yield from unwrapped(words)
            words = []


def unwrapped(words: list[str]) -> Iterator[Words]:
    while words and (ASSIGNED.match(words[0]) or words[0] == "exec"):
        words = words[1:]
    if words and words[0] in {"su", "/bin/sh"}:
        if "-c" in words:
            yield from commands(words[words.index("-c") + 1])
    elif words:
        yield words


def amiss(words: Words) -> str:
    """What is wrong with a command, "" if nothing is."""
    name = Path(words[0]).name
    if name == "parley":
        return amiss_in_parley(words[1:])
    if name == "make":
        return amiss_in_make(words[1:])
    return "" if name in ORDINARY else f"no such program: {name}"


def amiss_in_parley(words: Words) -> str:
    if list(words) in (["X"], ["--version"]):
        return ""
    command = PARLEY.commands.get(words[0]) if words else None  # type: ignore[attr-defined]  # a group
    if command is None:
        return f"no such command: parley {' '.join(words)}"
    try:
        command.make_context(words[0], list(words[1:]))
    except Exception as refused:  # noqa: BLE001 - whatever the command line says of it
        if type(refused).__name__ == "MissingParameter" and len(words) == 1:
            return ""  # a name alone, in a sentence
        return f"parley {' '.join(words)}: {refused!r}"
    return ""


def amiss_in_make(words: Words) -> str:
    targets = [word for word in words if "=" not in word]
    unknown = [target for target in targets if target not in TARGETS]
    given = [word.partition("=")[2] for word in words if word.startswith("ARGS=")]
    if unknown or not targets:
        return f"no such target: make {' '.join(words)}"
    if targets[0] in {"demo", "run"}:
        return amiss_in_parley([targets[0], *(part for one in given for part in shlex.split(one))])
    return ""


@pytest.mark.parametrize("document", TEXTS)
def test_every_command_in_a_block_is_there_with_its_options(document: str) -> None:
    found = typed(TEXTS[document])

    wrong = [said for words in found if (said := amiss(words))]

    assert len(found) > 3
    assert wrong == []


@pytest.mark.parametrize("document", TEXTS)
def test_every_command_within_a_sentence_is_there_with_its_options(document: str) -> None:
    prose = re.sub(r"(?ms)^ *```\w*\n.*?^ *```$", "", TEXTS[document])
    spans = [" ".join(span.split()) for span in re.findall(r"(?s)`([^`]+)`", prose)]
    found = [span for span in spans if re.match(r"(?:\.venv/bin/)?parley [a-z-]|make [a-z]", span)]

    wrong = [said for span in found for words in commands(span) if (said := amiss(words))]

    assert len(found) > 10
    assert wrong == []


@pytest.mark.parametrize(
    "slip",
    [
        "parley bakup x",
        "parley backup --force x",
        "parley restore --go-live x y",
        "make demos",
        'make demo ARGS="--heedless"',
        "parly run",
        "su - parley -c '.venv/bin/parley fuond'",
        "PARLEY_PORT=1 exec .venv/bin/parley backup --replac x",
    ],
)
def test_a_slip_would_be_seen(slip: str) -> None:
    assert [said for words in commands(slip) if (said := amiss(words))]


def test_backups_work_as_the_page_tells_it(tmp_path: Path, migrated_file: Path) -> None:
    """Its own lines, in their order: keep one every hour, and try it."""
    section = OPERATING.partition("### Taking one")[2].partition("### After a loss")[0]
    every_hour, *_ = [
        line for block in blocks(section) for line in block.splitlines() if "backup --replace" in line
    ]
    (trying,) = [block for block in blocks(section) if "mkdir -p try" in block]
    shutil.copy(migrated_file, tmp_path / "parley.db")
    (tmp_path / "backups").mkdir()
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    program = tmp_path / ".venv" / "bin" / "parley"
    program.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m bot "$@"\n')
    program.chmod(0o755)
    hourly = CRON.sub("", every_hour).replace("\\%", "%")
    lines = [hourly, hourly, *[line for line in trying.splitlines() if not line.startswith("su ")]]
    script = "date() { echo Mon-03; }\nset -e\n" + "\n".join(lines).replace(
        "parley doctor", "parley doctor || true"
    )

    ended = subprocess.run(
        [
            "bash",
            "-c",
            script.replace("/srv/parley", str(tmp_path)).replace("/backups", f"{tmp_path}/backups"),
        ],
        cwd=tmp_path,
        env=os.environ | {"PARLEY_DATABASE_URL": "sqlite:///parley.db", "PARLEY_BOT_TOKEN": ""},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr
    assert "is restored" in ended.stdout
    assert "this database was restored from the backup of" in ended.stdout
    assert stat.S_IMODE((tmp_path / "backups" / "parley-Mon-03.db").stat().st_mode) == 0o600
