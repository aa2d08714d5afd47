"""An HTTP request as one of aiogram's methods, or a refusal."""

import functools
import json
import types
import typing
from collections.abc import Iterator
from typing import Any

import aiogram.methods
from aiogram.methods.base import TelegramMethod
from aiogram.types import InlineKeyboardMarkup
from aiohttp import web
from aiohttp.multipart import BodyPartReader
from pydantic import BaseModel, ValidationError

from sandbox import files
from sandbox.refusals import Refused, bad_request, not_modelled
from sandbox.world import Telegram

Method = TelegramMethod[Any]
# Known to the Bot API, not to this sandbox: refused by name rather than quietly left out.
NOT_MODELLED = frozenset(
    {
        "allow_paid_broadcast",
        "business_connection_id",
        "certificate",
        "direct_messages_topic_id",
        "disable_web_page_preview",
        "ephemeral_message_parameters",
        "inline_message_id",
        "ip_address",
        "message_effect_id",
        "receiver_user_id",
        "rich_message",
        "suggested_post_parameters",
        "thumbnail",
    }
)
NOT_MODELLED_IN = {
    "answerCallbackQuery": {"url"},
    "createForumTopic": {"icon_custom_emoji_id"},
    "editForumTopic": {"icon_custom_emoji_id"},
    "sendPoll": {
        "allow_adding_options",
        "close_date",
        "country_codes",
        "description",
        "explanation_media",
        "hide_results_until_closes",
        "media",
        "members_only",
        "shuffle_options",
    },
    "sendMessage": {"callback_query_id"},
    "sendPhoto": {"callback_query_id"},
    "sendDocument": {"callback_query_id"},
}
EMPTY = {
    "text": "message text is empty",
    "chat_id": "chat_id is empty",
    "message_id": "message identifier is not specified",
    "photo": "there is no photo in the request",
    "document": "there is no document in the request",
}


def _every_method() -> dict[str, type[Method]]:
    kinds = (getattr(aiogram.methods, name) for name in aiogram.methods.__all__)
    return {
        kind.__api_method__.lower(): kind
        for kind in kinds
        if isinstance(kind, type) and issubclass(kind, TelegramMethod) and kind is not TelegramMethod
    }


METHODS = _every_method()


async def parameters(telegram: Telegram, request: web.Request) -> dict[str, Any]:
    """What was asked, from query and body alike. An uploaded file becomes the id of a stored one."""
    asked: dict[str, Any] = dict(request.query)
    if request.method != "POST":
        return asked
    kind = request.content_type
    if kind == "application/json":
        asked.update(_object(await request.read()))
    elif kind == "application/x-www-form-urlencoded":
        asked.update({key: str(value) for key, value in (await request.post()).items()})
    elif kind == "multipart/form-data":
        asked.update(await _multipart(telegram, request))
    elif request.can_read_body and await request.read():
        raise bad_request(f"unsupported content type {kind}")
    return asked


def _object(data: bytes) -> dict[str, Any]:
    try:
        body = json.loads(data or b"{}")
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise bad_request("can't parse JSON object")
    return body


async def _multipart(telegram: Telegram, request: web.Request) -> dict[str, Any]:
    try:
        return await _parts(telegram, request)
    except (ValueError, AssertionError):
        # aiohttp says so of a body that is no multipart, and of text that is no UTF-8.
        raise bad_request("can't parse multipart body") from None


async def _parts(telegram: Telegram, request: web.Request) -> dict[str, Any]:
    asked: dict[str, Any] = {}
    uploads: dict[str, str] = {}
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader) or not part.name:
            raise bad_request("can't parse multipart body")
        data = bytes(await part.read(decode=True))
        if part.filename is None:
            asked[part.name] = data.decode()
        else:
            uploads[part.name] = files.keep(telegram, data, name=part.filename).id
    return _attach(asked, uploads)


def _attach(asked: dict[str, Any], uploads: dict[str, str]) -> dict[str, Any]:
    """Put the stored files' ids where the request says attach://name, or under their own names."""
    attached: set[str] = set()
    for key, value in asked.items():
        for name, number in uploads.items():
            if f"attach://{name}" in value:
                asked[key] = value.replace(f"attach://{name}", number)
                attached.add(name)
    return {**{name: number for name, number in uploads.items() if name not in attached}, **asked}


def read(method: type[Method], asked: dict[str, Any]) -> Method:
    """The request as aiogram's method; a name that is not among its fields is refused."""
    request = _validated(method, _unpacked(method, asked))
    if unknown := next(_unknown(request), None):
        raise bad_request(f'unknown parameter "{unknown}"')
    for name in request.model_fields_set & _refused(method):
        if getattr(request, name) not in (None, False):
            raise not_modelled(f'parameter "{name}" of {method.__api_method__}')
    return request


def _unpacked(method: type[Method], asked: dict[str, Any]) -> dict[str, Any]:
    structured = _structured(method)
    return {
        name: _nested(name, value)
        if isinstance(value, str) and name in structured and value[:1] in ("{", "[")
        else value
        for name, value in asked.items()
    }


def _validated(method: type[Method], asked: dict[str, Any]) -> Method:
    try:
        markup = asked.get("reply_markup")
        if isinstance(markup, dict) and "inline_keyboard" in markup:
            # Said beforehand, or a mistake in a button makes pydantic look for another kind of keyboard.
            asked["reply_markup"] = InlineKeyboardMarkup.model_validate(markup)
        return method.model_validate(asked)
    except ValidationError as error:
        raise _complaint(method, error) from None
    except RecursionError:
        raise bad_request("can't parse JSON object") from None


def _refused(method: type[Method]) -> frozenset[str]:
    return NOT_MODELLED | NOT_MODELLED_IN.get(method.__api_method__, frozenset())


@functools.cache
def _structured(method: type[Method]) -> frozenset[str]:
    """The fields that take no plain string: as text they carry JSON."""
    return frozenset(
        name for name, field in method.model_fields.items() if str not in _choices(field.annotation)
    )


def _choices(annotation: object) -> tuple[object, ...]:
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return typing.get_args(annotation)
    return (annotation,)


def _nested(name: str, value: str) -> object:
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        raise bad_request(f'can\'t parse "{name}": it is no JSON') from None


def _unknown(model: BaseModel, path: str = "") -> Iterator[str]:
    for name in model.model_extra or ():
        yield path + name
    for name in model.model_fields_set:
        value = getattr(model, name, None)
        if isinstance(value, BaseModel):
            yield from _unknown(value, f"{path}{name}.")
        elif isinstance(value, list):
            yield from _unknown_in_list(value, f"{path}{name}.")


def _unknown_in_list(values: list[Any], path: str) -> Iterator[str]:
    for value in values:
        if isinstance(value, BaseModel):
            yield from _unknown(value, path)
        elif isinstance(value, list):
            yield from _unknown_in_list(value, path)


def _complaint(method: type[Method], error: ValidationError) -> Refused:
    problem = error.errors(include_url=False, include_input=False, include_context=False)[0]
    path = ".".join(str(part) for part in problem["loc"]) or "request"
    if problem["type"] == "missing" and len(problem["loc"]) == 1:
        return bad_request(EMPTY.get(path, f'parameter "{path}" is required'))
    if path.startswith(("reply_markup", "inline_keyboard")):
        return bad_request(f"can't parse reply keyboard markup JSON object: {path}: {problem['msg']}")
    return bad_request(f'can\'t parse parameter "{path}" of {method.__api_method__}: {problem["msg"]}')
