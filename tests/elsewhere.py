"""Another machine: a database that is not there yet, and commands that an operator types there."""

import asyncio
import itertools
import os
import sys
from pathlib import Path

import pytest

from tests import postgres, processes

_numbers = itertools.count()


def database_url(engine: str, request: pytest.FixtureRequest, folder: Path) -> str:
    """The address of a database that is not there yet, or empty."""
    number = next(_numbers)
    if engine == "sqlite":
        return f"sqlite+aiosqlite:///{folder / f'copy-{number}.db'}"
    server = request.getfixturevalue("postgres_server")
    return postgres.create_database(server, f"copy_{os.getpid()}_{number}")


async def typed(folder: Path, settings: dict[str, str], *words: object) -> tuple[int, str]:
    """`parley ...` in this folder: its exit code, and all that it said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        *map(str, words),
        cwd=folder,
        env=processes.environment(settings),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return int(process.returncode or 0), said.decode()
