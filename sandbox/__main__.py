"""`python -m sandbox`: a local Telegram. Prints one line of JSON once it listens."""

import argparse
import asyncio
import gc
import json
import signal
import socket
import sys
from ipaddress import ip_address
from pathlib import Path

from aiohttp import web

from sandbox import server
from sandbox.clock import Clock

HIGHEST_PORT = 65535
# Rounds of garbage collection until all is looked through, not only what is new. Whatever passes through this
# Telegram stays, and looking through it held up every phone for a third of a second.
NEVER = 1_000_000_000


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox",
        usage="%(prog)s [options]; --help lists them",
        description="A local Telegram, for this machine.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address (default: %(default)s)")
    parser.add_argument("--port", type=_port, default=0, help="0 takes a free one")
    parser.add_argument(
        "--token", type=_token, default="42:sandbox", help="the bot's token (default: %(default)s)"
    )
    parser.add_argument("--clock-file", type=Path, help="a file with the calendar's hour, ISO 8601")
    parser.add_argument("--journal", type=Path, help="a file to write every event to, one JSON a line")
    parser.add_argument("--scale", type=float, default=1.0, help="how many times Telegram's own limits")
    return parser.parse_args()


def bound(host: str, port: int) -> socket.socket:
    """A listening socket on loopback; any other address is refused."""
    try:
        address = ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        sys.exit(f"sandbox: {host} is no address; use 127.0.0.1, ::1 or localhost")
    if not address.is_loopback:
        sys.exit(f"sandbox: {host} is not this machine; only loopback addresses are allowed")
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET  # noqa: PLR2004 - the sixth version
    try:
        return socket.create_server((str(address), port), family=family, backlog=512)
    except OSError as error:
        sys.exit(f"sandbox: port {port} cannot be used: {error.strerror}; --port 0 takes a free one")


def _port(given: str) -> int:
    port = int(given) if given.isascii() and given.isdigit() else -1
    if not 0 <= port <= HIGHEST_PORT:
        raise argparse.ArgumentTypeError(f"{given} is no port: it is a number from 0 to {HIGHEST_PORT}")
    return port


def _token(given: str) -> str:
    if not server.TOKEN.fullmatch(given):
        raise argparse.ArgumentTypeError("a token is a number, a colon, and letters: 42:sandbox")
    return given


async def serve(options: server.Options, *, listening: socket.socket) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    runner = web.AppRunner(server.build(options), access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.SockSite(runner, listening).start()
    host, port = listening.getsockname()[:2]
    print(json.dumps({"url": f"http://{f'[{host}]' if ':' in host else host}:{port}"}), flush=True)  # noqa: T201 - its one line
    await stop.wait()
    await runner.cleanup()


def main() -> None:
    gc.set_threshold(700, 10, NEVER)
    given = arguments()
    options = server.Options(
        token=given.token, clock_file=given.clock_file, journal_file=given.journal, scale=given.scale
    )
    try:
        Clock(given.clock_file).now()
    except ValueError:
        sys.exit(f"sandbox: {given.clock_file} holds no moment like 2026-03-02T09:00:00+00:00")
    except OSError as error:
        sys.exit(f"sandbox: {given.clock_file} cannot be used: {error.strerror}")
    try:
        asyncio.run(serve(options, listening=bound(given.host, given.port)))
    except OSError as error:
        if error.filename is None:
            raise
        sys.exit(f"sandbox: {error.filename} cannot be used: {error.strerror}")


if __name__ == "__main__":
    main()
