"""The control API: for tests and for the page. Thin over plain functions; loopback only."""

import asyncio
import base64
import binascii
import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiogram.types import User
from aiohttp import web

from sandbox import membership, phones, taps, views
from sandbox.plain import dumps, plain
from sandbox.refusals import Mistaken, Refused
from sandbox.world import Room, Telegram

Json = dict[str, Any]
TELEGRAM: web.AppKey[Telegram] = web.AppKey("telegram", Telegram)
Deed = Callable[[Telegram, int, Json], Json]
FIRST_USER = 1001


class Worlds(dict[str, Telegram]):
    """Every bot's world by its token; the first one is the page's."""

    def of(self, request: web.Request) -> Telegram:
        wanted = request.query.get("bot")
        for telegram in self.values():
            if wanted in (None, str(telegram.bot.id)):
                return telegram
        raise Mistaken(f"no bot {wanted}")

    def exchange(self, telegram: Telegram, token: str) -> None:
        """The same bot with another token, from now on."""
        if int(token.partition(":")[0]) != telegram.bot.id or token in self:
            raise Mistaken("a new token begins with the same bot's number, and is new")
        del self[telegram.token]
        telegram.token = token
        self[token] = telegram


WORLDS: web.AppKey[Worlds] = web.AppKey("worlds", Worlds)
Handler = Callable[[Telegram, web.Request, Json], Awaitable[object] | object]


def route(handler: Handler) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """JSON in, JSON out, and a mistake is a 400 that says what was wrong."""

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            telegram = request.app[WORLDS].of(request)
            result = handler(telegram, request, await _body(request))
            if isinstance(result, Awaitable):
                result = await result
        except (Mistaken, Refused) as error:
            return _json({"error": str(error)}, status=400)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            return _json({"error": f"{type(error).__name__}: {error}"}, status=400)
        return _json(result)

    return handle


async def _body(request: web.Request) -> Json:
    text = await request.text()
    body = json.loads(text) if text else {}
    if not isinstance(body, dict):
        raise Mistaken("a JSON object is expected")
    return body


def _json(body: object, *, status: int = 200) -> web.Response:
    return web.Response(text=dumps(body), status=status, content_type="application/json")


def add_user(telegram: Telegram, _: web.Request, body: Json) -> Json:
    known = {key: body[key] for key in ("last_name", "username", "language_code") if body.get(key)}
    free = max([FIRST_USER - 1, *telegram.people]) + 1
    user = User(id=body.get("id") or free, is_bot=False, first_name=body["first_name"], **known)
    result: Json = plain(phones.meet(telegram, user))
    telegram.tell({"type": "people"})
    return result


def add_group(telegram: Telegram, _: web.Request, body: Json) -> Json:
    room = membership.create(
        telegram,
        body["title"],
        members=body["members"],
        admins=body.get("admins") or [],
        bot=body.get("bot", True),
        forum=body.get("forum", False),
    )
    return {"id": room.id}


def _group(telegram: Telegram, request: web.Request) -> Room:
    room = telegram.rooms.get(int(request.match_info["group"]))
    if room is None or room.private:
        raise Mistaken("no such group")
    return room


def migrate_group(telegram: Telegram, request: web.Request, _: Json) -> Json:
    return {"id": membership.migrate(telegram, _group(telegram, request)).id}


def add_member(telegram: Telegram, request: web.Request, body: Json) -> Json:
    membership.add(telegram, _group(telegram, request), body["user_id"])
    return {}


def remove_member(telegram: Telegram, request: web.Request, body: Json) -> Json:
    membership.remove(telegram, _group(telegram, request), body["user_id"])
    return {}


def set_bot(telegram: Telegram, request: web.Request, body: Json) -> Json:
    membership.set_bot(telegram, _group(telegram, request), body["status"])
    return {}


def mute_group(telegram: Telegram, request: web.Request, body: Json) -> Json:
    membership.mute(telegram, _group(telegram, request), body["said"])
    return {}


def delete_group(telegram: Telegram, request: web.Request, _: Json) -> Json:
    membership.delete(telegram, _group(telegram, request))
    return {}


def _send(telegram: Telegram, user: int, body: Json) -> Json:
    message = phones.send(
        telegram,
        user,
        body["text"],
        chat_id=body.get("chat_id"),
        reply_to=body.get("reply_to"),
        thread=body.get("thread"),
    )
    return {"message_id": message.message_id}


def _start(telegram: Telegram, user: int, body: Json) -> Json:
    return {"message_id": phones.start(telegram, user, body.get("payload") or "").message_id}


def _start_group(telegram: Telegram, user: int, body: Json) -> Json:
    message = phones.start_group(telegram, user, body["chat_id"], body.get("payload") or "")
    return {"message_id": message.message_id}


def _tap(telegram: Telegram, user: int, body: Json) -> Json:
    tap = phones.tap(telegram, user, body["message_id"], data=body["data"], chat_id=body.get("chat_id"))
    return {"id": tap.id}


def _edit(telegram: Telegram, user: int, body: Json) -> Json:
    message = phones.edit(telegram, user, body["message_id"], text=body["text"], chat_id=body.get("chat_id"))
    return {"message_id": message.message_id}


def _upload(act: Callable[..., Any]) -> Deed:
    def deed(telegram: Telegram, user: int, body: Json) -> Json:
        try:
            data = base64.b64decode(body["base64"], validate=True)
        except binascii.Error as error:
            raise Mistaken(f"no base64: {error}") from error
        message = act(
            telegram,
            user,
            data,
            name=body["name"],
            caption=body.get("caption") or "",
            chat_id=body.get("chat_id"),
            reply_to=body.get("reply_to"),
        )
        return {"message_id": message.message_id}

    return deed


def _react(telegram: Telegram, user: int, body: Json) -> Json:
    phones.react(telegram, user, body["message_id"], emoji=body["emoji"], chat_id=body.get("chat_id"))
    return {}


def _vote(telegram: Telegram, user: int, body: Json) -> Json:
    phones.vote(telegram, user, body["message_id"], options=body["options"], chat_id=body.get("chat_id"))
    return {}


def _block(telegram: Telegram, user: int, _: Json) -> Json:
    phones.block(telegram, user)
    return {}


def _unblock(telegram: Telegram, user: int, _: Json) -> Json:
    phones.unblock(telegram, user)
    return {}


def _restart(telegram: Telegram, user: int, _: Json) -> Json:
    phones.restart(telegram, user)
    return {}


def _read(telegram: Telegram, user: int, body: Json) -> Json:
    phones.read(telegram, user, body.get("chat_id"))
    return {}


def _deactivate(telegram: Telegram, user: int, _: Json) -> Json:
    telegram.person(user).deactivated = True
    return {}


def _rename(telegram: Telegram, user: int, body: Json) -> Json:
    return {"id": phones.rename(telegram, user, **body).id}


DEEDS: dict[str, Deed] = {
    "send": _send,
    "reply": _send,
    "start": _start,
    "startgroup": _start_group,
    "tap": _tap,
    "edit": _edit,
    "photo": _upload(phones.photo),
    "document": _upload(phones.document),
    "react": _react,
    "vote": _vote,
    "block": _block,
    "unblock": _unblock,
    "restart": _restart,
    "read": _read,
    "deactivate": _deactivate,
    "rename": _rename,
}


def act(telegram: Telegram, request: web.Request, body: Json) -> Json:
    deed = DEEDS.get(request.match_info["deed"])
    if deed is None:
        raise Mistaken(f"a phone cannot {request.match_info['deed']}")
    return deed(telegram, int(request.match_info["user"]), body)


def all_phones(telegram: Telegram, _: web.Request, __: Json) -> list[Json]:
    return views.phones(telegram)


def one_phone(telegram: Telegram, request: web.Request, _: Json) -> Json:
    return views.phone(telegram, int(request.match_info["user"]))


def notices(telegram: Telegram, request: web.Request, _: Json) -> list[Json]:
    return telegram.person(int(request.query["user"])).notices


def pending(telegram: Telegram, _: web.Request, __: Json) -> Json:
    return {"updates": len(telegram.updates.queue), "callbacks": taps.waiting(telegram)}


def journal(telegram: Telegram, request: web.Request, _: Json) -> Json:
    since = int(request.query.get("since", "0"))
    entries = telegram.journal.since(since, kind=request.query.get("kind"))
    return {"entries": entries, "next": len(telegram.journal.entries)}


def set_faults(telegram: Telegram, _: web.Request, body: Json) -> Json:
    telegram.faults.script(body["rules"], seed=body.get("seed", 1))
    return {}


LIMITS = ("scale", "per_second", "per_chat", "per_group_minute", "off")


def set_limits(telegram: Telegram, _: web.Request, body: Json) -> Json:
    known = {*LIMITS, "callback_ttl", "webhook_backoff"}
    if wrong := body.keys() - known:
        raise Mistaken(f"no such limit: {', '.join(sorted(wrong))}")
    for name in body.keys() & set(LIMITS):
        setattr(telegram.limits, name, body[name])
    telegram.callback_ttl = float(body.get("callback_ttl", telegram.callback_ttl))
    telegram.updates.backoff = float(body.get("webhook_backoff", telegram.updates.backoff))
    return {name: getattr(telegram.limits, name) for name in LIMITS}


def inject(telegram: Telegram, _: web.Request, body: Json) -> Json:
    return {"update_id": telegram.updates.inject(body["update"])}


def set_token(telegram: Telegram, request: web.Request, body: Json) -> Json:
    """@BotFather's /revoke: the old token works no more; `token` is the one it gives instead."""
    telegram.revoked = bool(body.get("revoked", False))
    if "token" in body:
        request.app[WORLDS].exchange(telegram, body["token"])
    return {}


def rename_bot(telegram: Telegram, _: web.Request, body: Json) -> Json:
    """@BotFather gives the bot another username; links with the old one lead nowhere."""
    telegram.bot = telegram.bot.model_copy(update={"username": body["username"]})
    return {}


def set_strip(telegram: Telegram, _: web.Request, body: Json) -> Json:
    telegram.strip.update(body)
    telegram.tell({**telegram.strip, "type": "strip"})
    return telegram.strip


def get_strip(telegram: Telegram, _: web.Request, __: Json) -> Json:
    return telegram.strip


def wish(telegram: Telegram, _: web.Request, body: Json) -> Json:
    if body.get("advance") not in ("day", "week"):
        raise Mistaken("a visitor may wish for a day or a week")
    telegram.wishes.put_nowait({"advance": body["advance"]})
    return {}


async def next_wish(telegram: Telegram, request: web.Request, _: Json) -> Json:
    try:
        return await asyncio.wait_for(telegram.wishes.get(), float(request.query.get("wait", "0")) or 0.01)
    except TimeoutError:
        return {}


async def live(request: web.Request) -> web.StreamResponse:
    """Everything that happens on the phones, pushed as it happens."""
    telegram = request.app[WORLDS].of(request)
    events: asyncio.Queue[Json] = asyncio.Queue()
    socket = web.WebSocketResponse(heartbeat=20)
    await socket.prepare(request)
    telegram.listeners.add(events.put_nowait)
    sender = asyncio.create_task(_push(socket, events))
    try:
        async for _ in socket:
            pass
    finally:
        telegram.listeners.discard(events.put_nowait)
        sender.cancel()
    return socket


async def _push(socket: web.WebSocketResponse, events: asyncio.Queue[Json]) -> None:
    while True:
        await socket.send_str(dumps(await events.get()))


async def file(request: web.Request) -> web.StreamResponse:
    telegram = request.app[WORLDS].of(request)
    wanted = request.match_info["file"]
    blob = next((blob for blob in telegram.files.values() if blob.unique_id == wanted), None)
    if blob is None:
        return _json({"error": "no such file"}, status=404)
    # Only pictures open in the page; anything else could be a page of its own, so it is saved.
    headers = {"X-Content-Type-Options": "nosniff"}
    if blob.size is None:
        headers["Content-Disposition"] = "attachment"
    kind = blob.mime if blob.size else "application/octet-stream"
    return web.Response(body=blob.data, content_type=kind, headers=headers)


def routes(app: web.Application) -> None:
    for method, path, handler in (
        ("POST", "users", add_user),
        ("POST", "groups", add_group),
        ("POST", "groups/{group}/migrate", migrate_group),
        ("POST", "groups/{group}/add", add_member),
        ("POST", "groups/{group}/remove", remove_member),
        ("POST", "groups/{group}/bot", set_bot),
        ("POST", "groups/{group}/mute", mute_group),
        ("POST", "groups/{group}/delete", delete_group),
        ("GET", "phones", all_phones),
        ("GET", "phones/{user}", one_phone),
        ("POST", "phones/{user}/{deed}", act),
        ("GET", "notices", notices),
        ("GET", "pending", pending),
        ("GET", "journal", journal),
        ("POST", "faults", set_faults),
        ("POST", "limits", set_limits),
        ("POST", "updates", inject),
        ("POST", "token", set_token),
        ("POST", "bot", rename_bot),
        ("POST", "strip", set_strip),
        ("GET", "strip", get_strip),
        ("POST", "wish", wish),
        ("GET", "wish", next_wish),
    ):
        app.router.add_route(method, f"/control/{path}", route(handler))
    app.router.add_get("/control/live", live)
    app.router.add_get("/control/files/{file}", file)
