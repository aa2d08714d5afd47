"""The sandbox as a process of its own, for tests that need a Telegram."""

import asyncio
import http.client
import json
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

PATIENCE = 60.0


class ControlRefused(Exception):  # noqa: N818 - the sandbox says no
    """The control API answered with something other than 200."""


@dataclass(frozen=True)
class Sandbox:
    """One bot in a running sandbox. Several may share the process, each with a world of its own."""

    url: str
    token: str
    process: subprocess.Popen[str]

    @property
    def bot_id(self) -> int:
        return int(self.token.partition(":")[0])

    async def control(self, method: str, path: str, json: object = None) -> Any:  # noqa: ANN401 - JSON
        """Ask the control API: `control("POST", "users", {...})`; the bot is named for you."""
        return await asyncio.to_thread(self.ask, method, path, json)

    def ask(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        """The same, for whoever has no event loop."""
        path = f"/control/{path.removeprefix('/').removeprefix('control/')}"
        path += f"{'&' if '?' in path else '?'}bot={self.bot_id}"
        where = urlsplit(self.url)
        connection = http.client.HTTPConnection(str(where.hostname), where.port, timeout=PATIENCE)
        try:
            connection.request(method, path, None if body is None else json.dumps(body))
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        if answer.status != 200:
            raise ControlRefused(text)
        return json.loads(text)

    def another(self, token: str) -> "Sandbox":
        """A second bot in the same process, alone in a fresh world."""
        self.ask("POST", "bots", {"token": token})
        return replace(self, token=token)

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
        if self.process.stdout:
            self.process.stdout.close()


def start(
    tmp_path: Path,
    *,
    token: str = "42:sandbox",
    port: int = 0,
    scale: float = 1.0,
    clock_file: Path | None = None,
    journal: Path | None = None,
) -> Sandbox:
    """Start a sandbox and wait until it listens; its complaints go to `sandbox.log` in the folder."""
    command = [sys.executable, "-m", "sandbox", "--port", str(port), "--token", token, "--scale", str(scale)]
    if clock_file:
        command += ["--clock-file", str(clock_file)]
    if journal:
        command += ["--journal", str(journal)]
    with (tmp_path / "sandbox.log").open("w") as log:
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            cwd=Path(__file__).parent.parent,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
    line = process.stdout.readline() if process.stdout else ""
    if not line:
        process.wait(10)
        raise RuntimeError((tmp_path / "sandbox.log").read_text())
    return Sandbox(url=json.loads(line)["url"], token=token, process=process)
