"""A real Chromium for tests: one on the PATH, else the one that playwright keeps for itself."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_INSIDE = (
    "chromium-*/chrome-linux*/chrome",
    "chromium-*/chrome-mac*/*.app/Contents/MacOS/*",
    "chromium_headless_shell-*/chrome-*/*headless*shell",
)
# Debian's Chromium brings no letters of its own, and pages without a font are boxes.
_DEBIAN = ("chromium", "fonts-dejavu-core", "fonts-noto-color-emoji")


def path() -> str | None:
    """Find Chromium's program, for playwright's `executable_path`."""
    for name in _NAMES:
        if found := shutil.which(name):
            return found
    for pattern in _INSIDE:
        for program in sorted(_kept_by_playwright().glob(pattern), reverse=True):
            if os.access(program, os.X_OK):
                return str(program)
    return None


def arguments() -> list[str]:
    """Give what the program needs to be told: its sandbox refuses root."""
    return ["--no-sandbox"] if os.geteuid() == 0 else []


def bring() -> str | None:
    """Install Chromium: from Debian where that is allowed, else as playwright does. Says what went wrong."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        commands = [
            ["apt-get", "update", "-qq"],
            ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *_DEBIAN],
        ]
    else:
        commands = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        if done.returncode:
            return f"{' '.join(command[:2])}: {(done.stderr or done.stdout).strip()[-300:]}"
    return None if path() else "It was installed but is not to be found."


def _kept_by_playwright() -> Path:
    if named := os.environ.get("PLAYWRIGHT_BROWSERS_PATH"):
        return Path(named)
    cache = "Library/Caches" if sys.platform == "darwin" else ".cache"
    return Path.home() / cache / "ms-playwright"
