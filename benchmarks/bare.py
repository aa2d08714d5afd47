"""python-telegram-bot behind a webhook that stores nothing: what taking an update in costs at the least.

`python -m benchmarks.bare PORT API TOKEN`. Its own run_webhook needs tornado, which is not among what we
install, so this is the web server that its documentation shows for that case ("customwebhookbot").
"""

import asyncio
import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from telegram import Update
from telegram.ext import Application, ContextTypes, TypeHandler


async def nothing(_update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
    """What is done for an update."""


async def main(port: int, api: str, token: str) -> None:
    application = Application.builder().token(token).base_url(f"{api}/bot").updater(None).build()
    application.add_handler(TypeHandler(Update, nothing))

    async def receive(request: Request) -> Response:
        await application.update_queue.put(Update.de_json(await request.json(), application.bot))
        return Response()

    routes = [Route("/telegram", receive, methods=["POST"])]
    config = uvicorn.Config(Starlette(routes=routes), port=port, log_level="critical", access_log=False)
    await application.initialize()
    await application.start()
    await uvicorn.Server(config).serve()
    await application.stop()
    await application.shutdown()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), *sys.argv[2:]))
