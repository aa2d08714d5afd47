"""Updates as Telegram posts them to a webhook: over forty connections, each with one on its way."""

import asyncio
import itertools
import json
import time
from typing import Any

import aiohttp

CONNECTIONS = 40  # what Telegram opens at most, unless told otherwise
_numbers = itertools.count(1)


def text(number: int) -> dict[str, Any]:
    """Somebody's first words, one of two hundred people's."""
    person = {"id": 100_000 + number % 200, "is_bot": False, "first_name": "Ada", "language_code": "en"}
    chat = {"id": person["id"], "type": "private", "first_name": "Ada"}
    message = {"message_id": number, "date": 1_790_000_000, "chat": chat, "from": person, "text": "/help"}
    return {"update_id": number, "message": message}


async def rate(url: str, many: int, *, secret: str = "") -> float:
    """So many updates posted, each answered with 200; how many that was a second."""
    bodies = iter([json.dumps(text(next(_numbers))) for _ in range(many)])
    headers = {"X-Telegram-Bot-Api-Secret-Token": secret, "Content-Type": "application/json"}

    async def carry(http: aiohttp.ClientSession) -> None:
        for body in bodies:
            async with http.post(url, data=body, headers=headers) as answer:
                if answer.status != 200:  # noqa: PLR2004 - HTTP's own word for taken
                    raise RuntimeError(answer.status)

    begun = time.perf_counter()
    async with aiohttp.ClientSession() as http, asyncio.TaskGroup() as group:
        for _ in range(CONNECTIONS):
            group.create_task(carry(http))
    return many / (time.perf_counter() - begun)


async def answers(url: str) -> bool:
    """Whether somebody listens there."""
    try:
        async with aiohttp.ClientSession() as http, http.get(url):
            return True
    except aiohttp.ClientError:
        return False
