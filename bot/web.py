"""The webhook, `/health` and `/metrics`. An update is answered with 200 once it is stored, never before."""

import asyncio
import contextlib
import hashlib
import hmac
import json
import re
import socket
from collections.abc import Iterator
from typing import Any

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot import health, inbox
from bot.clock import Clock
from bot.health import Window
from bot.settings import Settings, Unusable
from storage.database import Database

log = structlog.get_logger(__name__)

PATH = "/telegram"
HEADER = "x-telegram-bot-api-secret-token"
PORT = 8080
CHALLENGE = {"WWW-Authenticate": "Bearer"}
LARGEST = 4 * 2**20
NUMBER = re.compile(rb'"update_id"\s*:\s*(\d{1,19})\b')


def secret(settings: Settings) -> str:
    """What Telegram must say with each update: the setting, else one made from the token."""
    given = settings.webhook_secret.get_secret_value()
    return given or hmac.new(settings.token.encode(), b"parley webhook", hashlib.sha256).hexdigest()


def app(settings: Settings, database: Database, clock: Clock, *, wake: asyncio.Event) -> Starlette:
    expected, slot = secret(settings).encode(), inbox.Slot(database, settings.bot_id)
    window = health.Window(database, clock)

    async def receive(request: Request) -> Response:
        said = request.headers.get(HEADER, "").encode("utf-8", "replace")
        if not hmac.compare_digest(said, expected):
            return PlainTextResponse("This address takes messages from Telegram only.", 403)
        body = await _body(request)
        if body is None:
            return PlainTextResponse("Too large.", 413)
        return await _stored(slot, body, clock, wake=wake)

    async def healthy(_request: Request) -> Response:
        return await _healthy(window)

    async def numbers(request: Request) -> Response:
        if refused := _kept_from(request, settings):
            return refused
        return await _numbers(window)

    routes = [
        Route(PATH, receive, methods=["POST"]),
        Route("/health", healthy),
        Route("/metrics", numbers),
    ]
    return Starlette(routes=routes)


async def _healthy(window: Window) -> Response:
    try:
        seen = await window.look()
    except Exception as error:  # noqa: BLE001 - whatever is wrong with the database, say that it is
        return JSONResponse({"ok": False, "late": ["database"], "error": type(error).__name__}, 503)
    return JSONResponse(seen.told(), 200 if seen.report["ok"] else 503)


def _kept_from(request: Request, settings: Settings) -> Response | None:
    """Who may read the numbers: with a key whoever knows it, without one nobody from outside this machine."""
    key = settings.metrics_key.get_secret_value()
    said = request.headers.get("authorization", "")
    if key and not hmac.compare_digest(said.encode("utf-8", "replace"), f"Bearer {key}".encode()):
        return PlainTextResponse("Say who asks: Authorization: Bearer (PARLEY_METRICS_KEY).", 401, CHALLENGE)
    if not key and settings.public_url:
        return PlainTextResponse("Set PARLEY_METRICS_KEY to read these numbers at a public address.", 403)
    return None


async def _numbers(window: Window) -> Response:
    from bot import metrics  # noqa: PLC0415 - 2 MB that whoever is never asked need not spend

    try:
        seen = await window.look()
    except Exception as error:  # noqa: BLE001 - see _healthy
        return PlainTextResponse(f"The database is away ({type(error).__name__}).", 503)
    return Response(metrics.page(seen), media_type=metrics.CONTENT_TYPE)


async def _body(request: Request) -> bytes | None:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            return None
    return bytes(body)


async def _stored(slot: inbox.Slot, body: bytes, clock: Clock, *, wake: asyncio.Event) -> Response:
    try:
        update = _read(body)
    except ValueError:
        # Telegram would send it for ever. There is nothing in it to be kept, so say thank you and note it.
        log.warning("update_unreadable", reason="it is not a JSON object", size=len(body))
        return Response()
    try:
        refused = await slot.store(update, now=clock.now())
    except Exception as error:  # noqa: BLE001 - not stored: Telegram keeps it and sends it again
        log.error("storing_failed", error=type(error).__name__)
        return PlainTextResponse("Not stored. Please send it again.", 500)
    for unreadable in refused:
        log.warning("update_unreadable", reason=unreadable.reason)
    wake.set()
    return Response()


def _read(body: bytes) -> dict[str, Any]:
    """The update as a dict; nested too deep to be read, its number alone. Raises ValueError."""
    try:
        update = json.loads(body.decode("utf-8", "replace"))
    except RecursionError:
        number = NUMBER.search(body)
        if number is None:
            raise ValueError from None
        return {"update_id": int(number[1])}
    if not isinstance(update, dict):
        raise ValueError  # noqa: TRY004 - one refusal for all that is not an update
    return update


class Server(uvicorn.Server):
    """Uvicorn without its hands on the signals: the process that runs it decides when to stop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def bound(settings: Settings) -> socket.socket:
    """The port, taken before anything starts, so that a taken one is told with what to do."""
    host = "0.0.0.0" if settings.public_url else "127.0.0.1"  # noqa: S104 - a webhook is called from outside
    port = settings.port or PORT
    taken = socket.socket()
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((host, port))
    except OSError as error:
        taken.close()
        raise Unusable(
            f"port {port} cannot be opened ({error.strerror or type(error).__name__}).\n"
            "  Stop the program that uses it, or choose another port: put PARLEY_PORT=... into .env."
        ) from None
    return taken


def server(application: Starlette) -> Server:
    config = uvicorn.Config(
        application,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
    )
    return Server(config)
