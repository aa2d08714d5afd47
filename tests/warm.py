"""Commands of Parley in processes of their own, without the second that each start takes: forked, not begun.

`python -m tests.warm` imports what the commands need, once, and then forks for each line it reads.
"""

import json
import os
import subprocess
import sys
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.processes import ROOT


class Warm:
    """A process that has imported everything and done nothing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.warm"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(
        self, words: Sequence[str], *, cwd: Path, env: Mapping[str, str], user: int = 0
    ) -> "subprocess.CompletedProcess[str]":
        """Run one command there, with this environment and no other, as this user (0: as we are)."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        out, err = self._folder / "out", self._folder / "err"
        order = {"words": words, "cwd": str(cwd), "env": env, "user": user, "to": [str(out), str(err)]}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        code = int(self._process.stdout.readline())
        return subprocess.CompletedProcess(words, code, out.read_text("utf-8"), err.read_text("utf-8"))

    def close(self) -> None:
        self._process.communicate(timeout=10)


def main() -> None:
    # Whoever acts as another user could not read these any more.
    import psycopg  # noqa: F401, PLC0415 - to be there when it is needed

    from bot import backup, cli, doctor, going_live, house, restoring, upgrading  # noqa: F401, PLC0415 - to be there when it is needed

    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _be(json.loads(line), cli.app)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)  # noqa: T201 - the answer


def _be(order: dict[str, Any], app: Any) -> None:  # noqa: ANN401 - of the command line's library
    """Be the command that was ordered, to its end."""
    for number, file in enumerate(order["to"], start=1):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
    os.environ.clear()
    os.environ.update(order["env"])
    os.chdir(order["cwd"])
    sys.argv = ["parley", *order["words"]]
    if order["user"]:
        os.setuid(order["user"])
    code: object = 1
    try:
        app(order["words"], prog_name="parley")
    except SystemExit as end:
        code = end.code
        if isinstance(code, str):
            print(code, file=sys.stderr)  # noqa: T201 - as Python does when it ends
            code = 1
    except BaseException:  # noqa: BLE001 - as Python does when it ends
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(int(code or 0) if isinstance(code, int) or code is None else 1)


if __name__ == "__main__":
    main()
