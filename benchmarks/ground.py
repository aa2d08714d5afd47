"""What measurements stand on: a local Telegram, both engines as on a server, and our own processes."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests import postgres, processes, sandbox_process
from tests.postgres import Server
from tests.processes import Parley
from tests.sandbox_process import Sandbox

ENGINES = ("SQLite", "PostgreSQL")


@dataclass
class Ground:
    """A folder of its own for each measurement. PostgreSQL is started once, and only if it is asked for."""

    home: Path
    _server: Server | None = None
    _made: int = 0

    def database(self, engine: str) -> str:
        """The address of a new, empty database of "SQLite" or "PostgreSQL", which keeps what it is told."""
        self._made += 1
        if engine == "SQLite":
            return f"sqlite+aiosqlite:///{self.home / f'bench{self._made}.db'}"
        self._server = self._server or postgres.start(durable=True)
        return postgres.create_database(self._server, f"bench{self._made}")

    @contextmanager
    def sandbox(self, *, scale: float) -> Iterator[Sandbox]:
        """A local Telegram whose limits are so many times Telegram's own."""
        sandbox = sandbox_process.start(self.home, scale=scale)
        try:
            yield sandbox
        finally:
            sandbox.stop()

    def parley(self, command: str, sandbox: Sandbox, database: str, **settings: object) -> Parley:
        """A Parley as on a server, to be started: byte code kept, nothing measured twice."""
        self._made += 1
        given = processes.settings(sandbox, database, **settings)
        return Parley(command, self.home, given, module="bot", name=f"{command}{self._made}")

    def close(self) -> None:
        if self._server is not None:
            self._server.stop()


def say(line: str) -> None:
    """How far a run is: on stderr, so that stdout holds the table alone."""
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - its output is its purpose


def memory(pid: int) -> tuple[float, float]:
    """What a process holds now, and the most it ever held, in MB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    now, most = (int(status.split(f"{name}:")[1].split()[0]) / 1024 for name in ("VmRSS", "VmHWM"))
    return now, most


def wait(until: Callable[[], bool], *, patience: float = 60.0) -> None:
    end = time.monotonic() + patience
    while not until():
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.02)
