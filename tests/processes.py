"""Parley as real processes, to be killed, paused and told to stop."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from tests.sandbox_process import Sandbox

ROOT = Path(__file__).parent.parent
PATIENCE = 120.0


@dataclass
class Parley:
    """One command of Parley. All its starts write to the same log."""

    command: str
    folder: Path
    settings: dict[str, str]
    module: str = "tests.hurried"
    name: str = ""
    prefix: tuple[str, ...] = ()  # a command that runs it
    process: subprocess.Popen[bytes] | None = None
    starts: int = 0
    _log: IO[bytes] | None = field(default=None, repr=False)

    @property
    def log(self) -> str:
        return self._file.read_text(errors="replace") if self._file.exists() else ""

    @property
    def _file(self) -> Path:
        return self.folder / f"{self.name or self.command}.log"

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def start(self) -> "Parley":
        self._log = self._log or self._file.open("ab")
        self.process = subprocess.Popen(
            [*self.prefix, sys.executable, "-m", self.module, self.command],
            cwd=self.folder,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            env=environment(self.settings),
        )
        self.starts += 1
        return self

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """SIGTERM, and the exit code."""
        return self._end(signal.SIGTERM)

    def send(self, number: signal.Signals) -> None:
        if self.process is not None:
            self.process.send_signal(number)

    def _end(self, how: signal.Signals) -> int:
        assert self.process is not None
        self.process.send_signal(how)
        code = self.process.wait(PATIENCE)
        self.process = None
        return code

    def close(self) -> None:
        if self.process is not None:
            self.kill()
        if self._log is not None:
            self._log.close()


def environment(settings: dict[str, str]) -> dict[str, str]:
    """This process's own, with byte code kept: a start should be as quick as it is on a server."""
    left_out = ("PARLEY_", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    return kept | {"PYTHONPATH": str(ROOT)} | settings


def settings(sandbox: Sandbox, database_url: str, **more: object) -> dict[str, str]:
    """The settings of a Parley that talks to this sandbox."""
    given = {"bot_token": sandbox.token, "api_base": sandbox.url, "database_url": database_url} | more
    return {name if name.isupper() else f"PARLEY_{name.upper()}": str(value) for name, value in given.items()}


async def until(
    happened: Callable[[], Awaitable[bool]], *, within: float = PATIENCE, every: float = 0.05
) -> None:
    """Wait for something to become true; what did not is named by the caller's line."""
    patience = time.monotonic() + within
    while not await happened():
        assert time.monotonic() < patience, f"not within {within} s"
        await asyncio.sleep(every)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
