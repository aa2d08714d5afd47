"""What must never happen, checked on every file. Which layer may import which is import-linter's part."""

import ast
import io
import re
import tokenize
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
LONGEST_FUNCTION = 60
LONGEST_FILE = 450
VAGUE = {"utils", "util", "helpers", "helper", "manager", "managers", "service", "services"} | {
    "base",
    "core",
    "common",
    "misc",
    "shared",
}
# Folders that stand outside the layers, and why they may.
OUTSIDE = {
    "sandbox": "a process of its own that knows Parley only through the Bot API",
    "tests": "reads everything, is imported by nothing",
    "benchmarks": "measures the product, is imported by nothing",
}
# Where a clock that can be put right may be read, and why.
CLOCK = "bot/clock.py"
OTHER_CLOCKS = {
    ("storage/database.py", "clock_timestamp("): "machine time that processes on several machines share",
}
NEVER_IN_THE_PRODUCT = {
    "aiogram": "it costs 5 s and 165 MB; the sandbox alone is built on it",
    "matplotlib": "a plotting library never enters the long-running process",
    "seaborn": "a plotting library never enters the long-running process",
    "plotly": "a plotting library never enters the long-running process",
    "bokeh": "a plotting library never enters the long-running process",
    "altair": "a plotting library never enters the long-running process",
}


def settings() -> dict[str, Any]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        found: dict[str, Any] = tomllib.load(file)["tool"]
    return found


def layers() -> set[str]:
    contracts = settings()["importlinter"]["contracts"]
    listed = [layer for contract in contracts if contract["type"] == "layers" for layer in contract["layers"]]
    return {name.strip() for layer in listed for name in re.split(r"[|:]", layer)}


def files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def product() -> list[Path]:
    return files(*layers())


def everything() -> list[Path]:
    return files(*layers(), *OUTSIDE)


def named(path: Path, line: int | None = None) -> str:
    return path.relative_to(ROOT).as_posix() + (f":{line}" if line else "")


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def test_every_folder_with_python_has_a_layer_or_a_reason() -> None:
    on_disk = {
        folder.name
        for folder in ROOT.iterdir()
        if folder.is_dir() and not folder.name.startswith(".") and any(folder.rglob("*.py"))
    } - {"var"}

    homeless = on_disk - layers() - OUTSIDE.keys()

    assert not homeless, f"give these a layer in pyproject.toml or a reason here: {sorted(homeless)}"
    assert layers() <= on_disk


def test_every_tool_looks_at_the_same_folders() -> None:
    shipped = layers() | {"sandbox"}
    known = settings()

    assert set(known["importlinter"]["root_packages"]) == shipped
    assert set(known["coverage"]["run"]["source"]) == shipped
    assert set(known["hatch"]["build"]["targets"]["wheel"]["packages"]) == shipped
    assert shipped <= set(known["mypy"]["files"])


def test_no_module_has_a_vague_name() -> None:
    vague = [named(path) for path in everything() if {path.stem.strip("_"), path.parent.name} & VAGUE]

    assert not vague, f"call a file by the noun it holds: {vague}"


def test_no_file_is_too_long() -> None:
    lengths = {named(path): len(path.read_text(encoding="utf-8").splitlines()) for path in everything()}

    assert not {name: length for name, length in lengths.items() if length > LONGEST_FILE}


def test_no_function_is_too_long() -> None:
    lengths = {
        f"{named(path, node.lineno)} {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for path in everything()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }

    assert not {name: length for name, length in lengths.items() if length > LONGEST_FUNCTION}


def test_packages_do_no_work_when_imported() -> None:
    busy = [named(path) for path in everything() if path.name == "__init__.py" and path.read_text().strip()]

    assert not busy, f"__init__ files stay empty: {busy}"


def imports(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name.partition(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.lineno, node.module.partition(".")[0]


def test_the_product_imports_nothing_too_heavy_for_a_long_running_process() -> None:
    found = [
        f"{named(path, line)} {name}: {NEVER_IN_THE_PRODUCT[name]}"
        for path in product()
        for line, name in imports(path)
        if name in NEVER_IN_THE_PRODUCT
    ]

    assert not found


def test_the_sandbox_and_the_product_import_nothing_of_each_other() -> None:
    inward = [
        named(path, line) for path in files("sandbox") for line, name in imports(path) if name in layers()
    ]
    outward = [named(path, line) for path in product() for line, name in imports(path) if name == "sandbox"]

    assert not inward + outward


# The wall clock.

_READS = {
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
    "time": {"time", "time_ns", "localtime", "gmtime", "ctime", "asctime"},
    # The database has a clock too, and nobody moves that one.
    "func": {"now", "current_timestamp", "current_date", "current_time", "localtimestamp", "sysdate"},
}
_SQL_CLOCK = re.compile(r"\b(CURRENT_(TIMESTAMP|DATE|TIME)|LOCALTIMESTAMP|clock_timestamp\()", re.IGNORECASE)


def wall_clock_reads(module: ast.Module) -> Iterator[tuple[int, str]]:
    """Find reads of the clock on the wall, called or handed on (`default_factory=datetime.now`)."""
    aliases = _aliases(module)
    prose = {id(node.value) for node in ast.walk(module) if isinstance(node, ast.Expr)}
    for node in ast.walk(module):
        if isinstance(node, ast.Attribute) and node.attr in _READS.get(_owner(node.value, aliases), ()):
            yield node.lineno, ast.unparse(node)
        elif isinstance(node, ast.ImportFrom) and node.module == "time":
            yield from ((node.lineno, alias.name) for alias in node.names if alias.name in _READS["time"])
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield from ((node.lineno, found[0]) for found in [_SQL_CLOCK.search(node.value)] if found)


def _aliases(module: ast.Module) -> dict[str, str]:
    return {
        alias.asname: alias.name.rpartition(".")[2]
        for node in ast.walk(module)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
        if alias.asname
    }


def _owner(node: ast.expr, aliases: dict[str, str]) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return aliases.get(node.id, node.id) if isinstance(node, ast.Name) else ""


def test_only_the_clock_reads_the_wall_clock() -> None:
    found = [
        f"{named(path, line)} {what}"
        for path in product()
        for line, what in wall_clock_reads(tree(path))
        if named(path) != CLOCK and (named(path), what) not in OTHER_CLOCKS
    ]

    assert not found, "take `now` as an argument; bot/clock.py alone reads it"
    assert list(wall_clock_reads(tree(ROOT / CLOCK)))


@pytest.mark.parametrize(
    "code",
    [
        "datetime.now(UTC)",
        "datetime.datetime.utcnow()",
        "import datetime as dt\ndt.datetime.now()",
        "from datetime import datetime as moment\nmoment.now()",
        "date.today()",
        "time.time()",
        "import time as machine\nmachine.time_ns()",
        "from time import time",
        "Field(default_factory=datetime.now)",
        "Column(server_default=func.now())",
        "text('UPDATE t SET at = CURRENT_TIMESTAMP')",
    ],
)
def test_a_read_of_the_wall_clock_is_found(code: str) -> None:
    assert list(wall_clock_reads(ast.parse(code)))


@pytest.mark.parametrize(
    "code",
    ["clock.now()", "time.monotonic()", "asyncio.get_running_loop().time()", "def f():\n    'current_time'"],
)
def test_other_clocks_may_be_read(code: str) -> None:
    assert not list(wall_clock_reads(ast.parse(code)))


# Exemptions.

_EXEMPTION = re.compile(r"#\s*(type:\s*ignore|noqa|pragma:\s*no\b|fmt:\s*(off|skip)|nosec)", re.IGNORECASE)
_CODED = re.compile(
    r"type: ignore\[[a-z, -]+\]|noqa: [A-Z]+\d+(, ?[A-Z]+\d+)*|pragma: no (cover|branch)|fmt: (off|skip)"
)


def unreasoned(text: str) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type != tokenize.COMMENT or not _EXEMPTION.search(token.string):
            continue
        rest, coded = _CODED.subn("", token.string)
        if coded < len(_EXEMPTION.findall(token.string)) or not re.search(r"[A-Za-z]{3}", rest):
            yield token.start[0], token.string


def test_every_exemption_names_its_code_and_its_reason() -> None:
    found = [
        f"{named(path, line)} {comment}"
        for path in everything()
        for line, comment in unreasoned(path.read_text(encoding="utf-8"))
    ]

    assert not found, "write: # noqa: CODE - why, or # type: ignore[code]  # why"


@pytest.mark.parametrize(
    ("comment", "allowed"),
    [
        ("# noqa", False),
        ("# noqa: S101", False),
        ("# noqa: S101 - ok", False),
        ("# noqa: S101 - it came from the database", True),
        ("# noqa: S101, PLR2004 - both are sure", True),
        ("# type: ignore", False),
        ("# type: ignore[arg-type]", False),
        ("# type: ignore[arg-type]  # the stub is behind", True),
        ("# type: ignore[arg-type]  # noqa: S101", False),
        ("# type: ignore[arg-type]  # noqa: S101 - the stub is behind", True),
        ("# pragma: no cover", False),
        ("# pragma: no cover - only on a Mac", True),
        ("# nothing of the kind", True),
    ],
)
def test_an_exemption_without_a_reason_is_found(comment: str, *, allowed: bool) -> None:
    assert (not list(unreasoned(f"x = 1  {comment}\n"))) == allowed
