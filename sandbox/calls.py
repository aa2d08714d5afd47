"""One call of the bot, from its HTTP request to its answer, with all that may go wrong on order."""

import asyncio
import inspect
from typing import Any

from aiogram.methods import GetUpdates
from aiogram.types import Message
from aiohttp import web

from sandbox import entities, files, requests, rooms, views, webhooks
from sandbox.faults import Rule
from sandbox.limits import too_many
from sandbox.methods import HANDLERS, SENDS, counts
from sandbox.plain import Result, dumps, plain
from sandbox.refusals import Refused, bad_request, not_modelled
from sandbox.requests import METHODS, Method
from sandbox.world import Telegram

MOST_UPDATES = 100
LONGEST_POLL = 50
UNAUTHORISED = Refused(401, "Unauthorized")
NOT_FOUND = Refused(404, "Not Found")


class Reset(Exception):  # noqa: N818 - not an error of ours: the connection is to be cut
    """The answer is a closed connection."""


async def answer(telegram: Telegram | None, request: web.Request) -> web.StreamResponse:
    """The Bot API's envelope around one call."""
    if telegram is None or telegram.revoked:
        return refusal(UNAUTHORISED)
    try:
        body = await _call(telegram, request)
    except Refused as refused:
        return refusal(refused)
    except Reset:
        if request.transport:
            request.transport.abort()
        return web.Response(status=500)
    return web.Response(text=body, content_type="application/json")


def refusal(refused: Refused) -> web.Response:
    body: dict[str, Any] = {"ok": False, "error_code": refused.code, "description": refused.description}
    if refused.parameters:
        body["parameters"] = refused.parameters
    return web.Response(text=dumps(body), status=refused.code, content_type="application/json")


async def _call(telegram: Telegram, request: web.Request) -> str:
    method = METHODS.get(request.match_info["method"].lower())
    if method is None:
        raise NOT_FOUND
    name = method.__api_method__
    facts: dict[str, Any] = {"method": name, "bytes": request.content_length or 0}
    asked: dict[str, Any] = {}
    try:
        if name not in HANDLERS and name != "getUpdates":
            raise not_modelled(name)
        asked = await requests.parameters(telegram, request)
        rule = telegram.faults.for_call(name)
        if rule:
            facts["fault"] = rule.do
            await _before(rule)
        result = await _handle(telegram, name, requests.read(method, asked))
    except (Refused, Reset) as refused:
        _refused(telegram, facts, asked, refused)
        raise
    if name != "getUpdates":
        _done(telegram, facts, asked, result)
    if rule:
        await _after(rule)
    return f'{{"ok":true,"result":{dumps(plain(result))}}}'


async def _before(rule: Rule) -> None:
    if rule.do == "hang":
        await asyncio.sleep(rule.seconds)
    elif rule.do == "429":
        raise too_many(rule.retry_after)
    elif rule.do == "500_before":
        raise Refused(500, "Internal Server Error")
    elif rule.do == "reset":
        raise Reset


async def _after(rule: Rule) -> None:
    if rule.do == "hang_after":
        await asyncio.sleep(rule.seconds)
    elif rule.do == "502_after":
        raise Refused(502, "Bad Gateway")
    elif rule.do == "reset_after":
        raise Reset


async def _handle(telegram: Telegram, name: str, request: Method) -> Any:  # noqa: ANN401 - any method's result
    if isinstance(request, GetUpdates):
        return await _get_updates(telegram, request)
    if counts(name):
        chat = _number(getattr(request, "chat_id", None)) if name in SENDS else None
        return _counted(telegram, name, request, chat=chat)
    result: Any = HANDLERS[name](telegram, request)
    return await result if inspect.isawaitable(result) else result


def _counted(telegram: Telegram, name: str, request: Method, *, chat: int | None) -> Any:  # noqa: ANN401 - as above
    telegram.limits.take(chat=chat)
    try:
        return HANDLERS[name](telegram, request)
    except Refused:
        telegram.limits.give_back(chat=chat)
        raise


def _number(chat: object) -> int | None:
    text = str(chat)
    return int(text) if rooms.NUMBER.fullmatch(text) else None


async def _get_updates(telegram: Telegram, request: GetUpdates) -> list[dict[str, Any]]:
    if telegram.webhook:
        raise webhooks.polling_refused()
    limit = MOST_UPDATES if request.limit is None else request.limit
    if not 1 <= limit <= MOST_UPDATES:
        raise bad_request("limit must be between 1 and 100")
    telegram.updates.allow(request.allowed_updates)
    timeout = min(max(request.timeout or 0, 0), LONGEST_POLL)
    return await telegram.updates.poll(offset=request.offset or 0, limit=limit, timeout=timeout)


def _refused(
    telegram: Telegram, facts: dict[str, Any], asked: dict[str, Any], refused: Refused | Reset
) -> None:
    code = refused.code if isinstance(refused, Refused) else 0
    why = refused.description if isinstance(refused, Refused) else "connection reset"
    text = asked.get("text") or asked.get("caption") or asked.get("question") or ""
    telegram.journal.write(
        "call",
        **facts,
        chat_id=_number(asked.get("chat_id")),
        message_id=_number(asked.get("message_id")),
        ok=False,
        error_code=code,
        description=why,
        text=str(text),
    )


def _done(telegram: Telegram, facts: dict[str, Any], asked: dict[str, Any], result: Result) -> None:
    seen: dict[str, Any] = {
        "chat_id": _number(asked.get("chat_id")),
        "message_id": _number(asked.get("message_id")),
    }
    if isinstance(result, Message):
        text, found = views.said(result)
        seen = {
            "chat_id": result.chat.id,
            "message_id": result.message_id,
            "text": text or (result.poll.question if result.poll else ""),
            "html": entities.render(text, found),
            "buttons": views.buttons(result.reply_markup),
            "edit": facts["method"].startswith("edit"),
        }
    elif facts["method"] == "answerCallbackQuery":
        seen["text"] = str(asked.get("text") or "")
        seen["callback"] = str(asked.get("callback_query_id"))
    telegram.journal.write("call", **facts, **seen, ok=True, error_code=None)


def download(telegram: Telegram | None, path: str) -> web.Response:
    """A file by the path that getFile told."""
    if telegram is None or telegram.revoked:
        return refusal(UNAUTHORISED)
    blob = next((blob for blob in telegram.files.values() if blob.path == path), None)
    if blob is None or len(blob.data) > files.DOWNLOAD_LIMIT:
        return refusal(NOT_FOUND)
    return web.Response(body=blob.data, content_type="application/octet-stream")
