"""What the documents say is true: each command, setting, word and link they name is there, none missing."""

import re
from pathlib import Path

import pytest
from sqlmodel import SQLModel
from typer.main import get_command

from bot.cli import app
from bot.settings import Settings
from storage.database import NOUNS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "ARCHITECTURE.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
# Rows that are machinery, told in ARCHITECTURE.md rather than in the glossary.
MACHINERY = {"Heartbeat", "Incoming", "Memo", "Outgoing"}


def commands() -> set[str]:
    return set(get_command(app).commands)  # type: ignore[attr-defined]  # a group, since there are several commands


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
