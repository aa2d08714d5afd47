"""What the documents say is true: each command, setting, word and link they name is there, none missing."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import SQLModel
from typer.main import get_command
from typer.testing import CliRunner

from bot.cli import app
from bot.settings import Settings
from storage.database import NOUNS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
OPERATING = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "ARCHITECTURE.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
# Rows that are machinery, told in ARCHITECTURE.md rather than in the glossary.
MACHINERY = {"Heartbeat", "Incoming", "Outgoing"}


def commands() -> set[str]:
    return set(get_command(app).commands)  # type: ignore[attr-defined]  # a group, since there are several commands


def test_no_line_of_the_help_is_cut_short() -> None:
    told = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "80"}).stdout

    assert commands() <= set(told.split())
    assert not [line for line in told.splitlines() if line.startswith("  ") and line.endswith("...")]


def test_every_command_stands_in_the_readme() -> None:
    rows = "".join(re.findall(r"(?m)^\| `.*$", README))

    missing = [name for name in commands() if not re.search(rf"`{name}[ `]", rows)]

    assert not missing


def test_the_readme_names_no_command_that_is_not_there() -> None:
    named = set(re.findall(r"(?:\.venv/bin/|`)parley ([a-z]+)", README))

    assert named <= commands()


def test_every_setting_stands_in_the_readme() -> None:
    names = [f"PARLEY_{name.upper()}" for name in Settings.model_fields]

    assert [name for name in names if f"`{name}`" not in README] == []


def test_the_readme_names_no_setting_that_is_not_there() -> None:
    named = set(re.findall(r"PARLEY_([A-Z_]+)", README))

    assert {name.lower() for name in named} <= set(Settings.model_fields)


def test_make_lists_each_command_the_readme_uses() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    listed = set(re.findall(r"(?m)^([a-z]+):.*## ", makefile))

    assert {"setup", "demo", "run", "test", "check", "bench", "proof"} <= listed
    assert set(re.findall(r"(?m)(?:^|`)make ([a-z]+)", README)) <= listed


def test_ci_calls_the_readmes_command() -> None:
    assert "make check" in README
    assert "make check" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_every_table_has_its_word_in_the_glossary() -> None:
    assert NOUNS
    names = {mapper.class_.__name__ for mapper in SQLModel._sa_registry.mappers} - MACHINERY

    assert [name for name in sorted(names) if not re.search(rf"(?m)^\| .*\b{name}\b.* \|", GLOSSARY)] == []


ALARMS = OPERATING.partition("\n## Alarms\n")[2].partition("\n## ")[0]


def errors(file: Path) -> Iterator[str]:
    """The names of events that this file logs as errors."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and ast.unparse(call.func) in ("log.error", "log.critical"):
            names = [one.value for one in ast.walk(call.args[0]) if isinstance(one, ast.Constant)]
            # One that is handed on: all that is called a failure in this file.
            handed_on = re.findall(r'"([a-z_]+_failed)"', ast.unparse(tree).replace("'", '"'))
            yield from (str(name) for name in names or handed_on)


def test_every_event_logged_as_an_error_stands_among_the_alarms() -> None:
    names = {name for file in (ROOT / "bot").glob("*.py") for name in errors(file)}

    assert {"part_late", "update_parked", "update_failed", "round_step_failed"} <= names
    assert sorted(name for name in names if f"`{name}`" not in ALARMS) == []


def openings(template: str) -> Iterator[str]:
    """The first words of a card, and of each of its branches."""
    text = (ROOT / "dialogs" / "templates" / f"{template}.html").read_text(encoding="utf-8")
    for sentence in re.findall(r'(?:\A|%\}\n)(?:<b>)?\{\{ _\("([^"]+)"', text):
        pieces = [piece.removeprefix(" UTC").split() for piece in re.split(r"%\(\w+\)s|</?\w+>", sentence)]
        yield " ".join(next(piece for piece in pieces if len(piece) > 2)[:5])


@pytest.mark.parametrize("module", ["reports", "alarms"])
def test_everything_an_operator_is_told_stands_among_the_alarms(module: str) -> None:
    source = (ROOT / "dialogs" / f"{module}.py").read_text(encoding="utf-8")
    templates = re.findall(r'draw\(\s*"(\w+)"', source)
    plain = " ".join(ALARMS.split())

    told = {name: [words for words in openings(name) if words not in plain] for name in templates}

    assert templates
    assert {name: missing for name, missing in told.items() if missing} == {}
    assert all(list(openings(name)) for name in templates)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_in_a_document_leads_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", document.read_text(encoding="utf-8"))

    lost = [link for link in links if "://" not in link and not (document.parent / link).exists()]

    assert not lost


@pytest.mark.parametrize(
    "decision", sorted((ROOT / "docs" / "decisions").glob("*.md")), ids=lambda path: path.name
)
def test_every_decision_is_one_page_and_has_a_status(decision: Path) -> None:
    text = decision.read_text(encoding="utf-8")

    assert "**Status:**" in text
    assert len(text.splitlines()) < 60


def test_no_document_holds_a_path_of_somebodys_machine() -> None:
    for document in DOCUMENTS:
        assert not re.search(
            r"(?<![\w.])/(?:root|home|tmp|Users|work)/", document.read_text(encoding="utf-8")
        )
