"""The HTTP server: the Bot API, the control API and the page, on this machine alone."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web

from sandbox import calls, control, people
from sandbox.clock import Clock
from sandbox.control import WORLDS, Worlds
from sandbox.journal import Journal
from sandbox.plain import plain
from sandbox.refusals import Mistaken
from sandbox.world import Telegram

PAGE = Path(__file__).parent / "page"
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
TOKEN = re.compile(r"[0-9]+:[A-Za-z0-9_-]+")
BODY_LIMIT = 64 * 2**20


@dataclass(frozen=True)
class Options:
    token: str
    clock_file: Path | None = None
    journal_file: Path | None = None
    scale: float = 1.0


def build(options: Options) -> web.Application:
    """The whole sandbox as one application, with its first bot in it."""
    app = web.Application(client_max_size=BODY_LIMIT, middlewares=[only_this_machine])
    worlds = app[WORLDS] = Worlds()
    telegram = worlds[options.token] = _world(options.token, options, options.journal_file)
    app.router.add_route("*", "/bot{token}/{method}", bot_api)
    app.router.add_get("/file/bot{token}/{path:.+}", download)
    app.router.add_post("/control/bots", _adding_bots(options))
    control.routes(app)
    people.routes(app, telegram)
    app.router.add_get("/", index)
    if PAGE.is_dir():
        app.router.add_static("/page", PAGE)
    app.on_shutdown.append(close)
    app.on_cleanup.append(close_journals)
    return app


def _world(token: str, options: Options, journal_file: Path | None) -> Telegram:
    clock = Clock(options.clock_file)
    return Telegram(token, clock=clock, journal=Journal(clock.now, journal_file), scale=options.scale)


@web.middleware
async def only_this_machine(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """A page from elsewhere, or a name that was made to point here, gets nothing."""
    origin = request.headers.get("Origin")
    asked = [urlsplit(f"//{request.host}").hostname, urlsplit(origin).hostname if origin else "127.0.0.1"]
    if any(name not in LOOPBACK for name in asked):
        return web.json_response({"error": "this machine only"}, status=403)
    return await handler(request)


async def bot_api(request: web.Request) -> web.StreamResponse:
    # Telegram tells what is no token at all from a token nobody has.
    if request.method not in ("GET", "POST") or not TOKEN.fullmatch(request.match_info["token"]):
        return calls.refusal(calls.NOT_FOUND)
    return await calls.answer(request.app[WORLDS].get(request.match_info["token"]), request)


async def download(request: web.Request) -> web.StreamResponse:
    telegram = request.app[WORLDS].get(request.match_info["token"])
    return calls.download(telegram, request.match_info["path"])


def _adding_bots(options: Options) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def add_bot(request: web.Request) -> web.StreamResponse:
        """Another bot with a world of its own; `?bot=ID` names it in every other control call."""
        token = (await request.json())["token"]
        worlds = request.app[WORLDS]
        taken = {str(telegram.bot.id) for telegram in worlds.values()}
        try:
            made = _world(token, options, None)
        except Mistaken as error:
            return web.json_response({"error": str(error)}, status=400)
        if str(made.bot.id) in taken:
            return web.json_response({"error": "this bot is here already"}, status=400)
        worlds[token] = made
        return web.json_response(plain(made.bot))

    return add_bot


async def index(_: web.Request) -> web.StreamResponse:
    page = PAGE / "index.html"
    if not page.is_file():
        return web.Response(text="The sandbox is listening.")
    return web.FileResponse(page)


async def close(app: web.Application) -> None:
    for telegram in app[WORLDS].values():
        telegram.updates.end_polling()
        if telegram.webhook:
            await telegram.webhook.close()


async def close_journals(app: web.Application) -> None:
    for telegram in app[WORLDS].values():
        telegram.journal.close()
