"""What `parley doctor` finds about this machine and its settings."""

import difflib
import os
import re
import shutil
import stat
import sys
import zoneinfo
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from importlib import metadata
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from bot import web
from bot.findings import Finding, wrong
from bot.settings import Settings, Unusable

OLDEST = (3, 11)
ROOM = 200 * 2**20
DELIVERED_TO = (443, 80, 88, 8443)
ALSO = ("PARLEY_PROOF",)  # read by the tests
ZONES_LAST = 1  # calendar years: rules are published some times a year


def before_settings(file: Path) -> Iterator[Finding]:
    """What can be said of `.env` however wrong it is."""
    if not file.exists():
        yield Finding("settings read from the environment (no .env here)")
        return
    if not (file.is_file() and os.access(file, os.R_OK)):
        return  # told as settings that cannot be used
    if file.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH | stat.S_IWGRP | stat.S_IWOTH):
        yield wrong("env_open_to_others", "others on this machine can read .env")
    else:
        yield Finding("settings read from .env, which only its owner can read")
    text = file.read_bytes().decode("utf-8", "replace")
    yield from _unknown(text)
    yield from _unread(text)


def _unknown(text: str) -> Iterator[Finding]:
    """A name with a slip in it is a setting that is not made."""
    known = {f"PARLEY_{name.upper()}" for name in Settings.model_fields} | {"PORT", *ALSO}
    for name in re.findall(r"(?m)^\s*(?:export\s+)?(PARLEY_\w+)\s*=", text):
        if name.upper() not in known:
            near = difflib.get_close_matches(name.upper(), sorted(known), n=1)
            guess = f"Did you mean {near[0]}? " if near else ""
            yield wrong("setting_unknown", f"{name} in .env is no setting of Parley", guess=guess)


def _unread(text: str) -> Iterator[Finding]:
    """Lines that do not say what whoever wrote them meant. Values are not shown: one may be a token."""
    for number, line in enumerate(text.splitlines(), 1):
        named = re.match(r"\s*(?:export\s+)?(PARLEY_\w+)\s*(=?)(.*)", line, re.IGNORECASE)
        if named is None:
            continue
        if not named[2]:
            yield wrong("setting_unread", f"line {number} of .env names {named[1]}, without = behind it")
        elif second := re.search(r"\sPARLEY_\w+=", named[3]):
            other = second[0].strip(" \t=")
            yield wrong("setting_unread", f"line {number} of .env has two settings, {named[1]} and {other}")


async def findings(settings: Settings, *, now: datetime) -> AsyncIterator[Finding]:
    yield _python()
    yield _zones(now)
    yield _disk(settings)
    if settings.port or settings.public_url:
        yield await _port(settings)
    if settings.public_url:
        yield _public(settings)


def _python() -> Finding:
    version = ".".join(str(number) for number in sys.version_info[:3])
    if sys.version_info[:2] < OLDEST:
        return wrong("python_old", f"this is Python {version}", oldest=".".join(map(str, OLDEST)))
    return Finding(f"Python {version}")


def zones_version() -> str:
    """Of the rules that Python uses here, like 2025b: the machine's, else those that came along."""
    for folder in zoneinfo.TZPATH:
        listing = Path(folder) / "tzdata.zi"
        if listing.is_file():
            with listing.open(encoding="utf-8") as lines:
                return next(lines, "").removeprefix("# version").strip()
    return metadata.version("tzdata")


def _zones(now: datetime) -> Finding:
    version = zones_version()
    year = re.match(r"\d{4}", version)
    if year is not None and int(year[0]) < now.year - ZONES_LAST:
        return wrong("zones_old", f"the time zones here are of {version}")
    return Finding(f"time zones of {version}")


def _disk(settings: Settings) -> Finding:
    """Where SQLite's file is, or will be; PostgreSQL's may be anywhere, so the working folder."""
    file = settings.database_file
    place = file.parent if file is not None else Path.cwd()
    try:
        while not place.is_dir():
            place = place.parent
        free = shutil.disk_usage(place).free
    except OSError:  # what is wrong with the place is told with the database
        return Finding("the disk of the database cannot be looked at")
    if free < ROOM:
        return wrong("disk_full", f"only {free / 2**20:.0f} MB are free on the disk")
    return Finding(f"{free / 2**30:.0f} GB are free on the disk")


async def _port(settings: Settings) -> Finding:
    port = settings.port or web.PORT
    try:
        web.bound(settings).close()
    except Unusable:
        if await _is_ours(port):
            return Finding(f"Parley answers at port {port}")
        return wrong("port_taken", f"another program uses port {port}")
    return Finding(f"port {port} is free")


async def _is_ours(port: int) -> bool:
    try:
        async with httpx.AsyncClient(timeout=5) as asking:
            return "late" in (await asking.get(f"http://127.0.0.1:{port}/health")).json()
    except (httpx.HTTPError, ValueError):
        return False


def _public(settings: Settings) -> Finding:
    parts = urlsplit(settings.public_url)
    port = parts.port or 443
    if not settings.on_loopback and port not in DELIVERED_TO:
        return wrong("public_port", f"Telegram does not deliver to port {port}")
    return Finding(f"Telegram is to deliver to {settings.public_url}")
