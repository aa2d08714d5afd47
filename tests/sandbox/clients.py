"""The two libraries that must get on with the sandbox, behind one small face."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import aiogram
import aiogram.exceptions
import aiogram.types
import telegram
import telegram.error
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from telegram.request import HTTPXRequest

from tests.sandbox_process import Sandbox

KEYBOARDS = {
    "inline_keyboard": "InlineKeyboardMarkup",
    "force_reply": "ForceReply",
    "keyboard": "ReplyKeyboardMarkup",
    "remove_keyboard": "ReplyKeyboardRemove",
}
PTB_KINDS: list[tuple[type[Exception], str]] = [
    (telegram.error.RetryAfter, "retry"),
    (telegram.error.ChatMigrated, "migrated"),
    (telegram.error.Conflict, "conflict"),
    (telegram.error.InvalidToken, "token"),
    (telegram.error.Forbidden, "forbidden"),
    (telegram.error.BadRequest, "bad request"),
    (telegram.error.NetworkError, "network"),
]
AIOGRAM_KINDS: list[tuple[type[Exception], str]] = [
    (aiogram.exceptions.TelegramRetryAfter, "retry"),
    (aiogram.exceptions.TelegramMigrateToChat, "migrated"),
    (aiogram.exceptions.TelegramConflictError, "conflict"),
    (aiogram.exceptions.TelegramUnauthorizedError, "token"),
    (aiogram.exceptions.TelegramForbiddenError, "forbidden"),
    (aiogram.exceptions.TelegramBadRequest, "bad request"),
    (aiogram.exceptions.TelegramServerError, "network"),
    (aiogram.exceptions.TelegramNetworkError, "network"),
]


class Said(Exception):  # noqa: N818 - what Telegram said
    """A refusal, in words both libraries share."""

    def __init__(self, kind: str, text: str, value: object) -> None:
        super().__init__(f"{kind}: {text}")
        self.kind = kind
        self.text = text
        self.value = value


def _said(error: Exception, kinds: list[tuple[type[Exception], str]]) -> Said:
    kind = next(name for known, name in kinds if isinstance(error, known))
    value = getattr(error, "retry_after", None)
    if isinstance(value, timedelta):
        value = value.total_seconds()
    for name in ("new_chat_id", "migrate_to_chat_id"):
        value = getattr(error, name, value)
    return Said(kind, str(error), value)


class Client:
    """Calls by their snake-case names; keyboards, files and answers are plain JSON on both sides."""

    name = ""

    async def call(self, method: str, **given: Any) -> Any:  # noqa: ANN401 - any method's answer
        raise NotImplementedError

    async def open(self) -> None:
        raise NotImplementedError

    async def close(self) -> None:
        raise NotImplementedError


class PythonTelegramBot(Client):
    name = "python-telegram-bot"

    def __init__(self, sandbox: Sandbox) -> None:
        base = f"{sandbox.url}/bot", f"{sandbox.url}/file/bot"
        # Its own pool for get_updates has one place; the test of 409 needs two.
        polling = HTTPXRequest(connection_pool_size=2)
        self.bot: telegram.Bot = telegram.Bot(
            sandbox.token, base_url=base[0], base_file_url=base[1], get_updates_request=polling
        )

    async def open(self) -> None:
        for request in self.bot._request:
            await request.initialize()

    async def close(self) -> None:
        for request in self.bot._request:
            await request.shutdown()

    async def call(self, method: str, **given: Any) -> Any:  # noqa: ANN401 - any method's answer
        for name, value in given.items():
            if isinstance(value, bytes):
                given[name] = telegram.InputFile(value, filename="picture.png")
            elif name == "reply_markup":
                kind = getattr(telegram, _keyboard(value))
                given[name] = kind.de_json(value, None)
            elif name in ("media", "commands", "scope", "menu_button"):
                given[name] = _ptb(name, value)
        try:
            return _plain(await getattr(self.bot, method)(**given), lambda thing: json.loads(thing.to_json()))
        except telegram.error.TelegramError as error:
            raise _said(error, PTB_KINDS) from error

    async def download(self, file_id: str) -> bytes:
        file = await self.bot.get_file(file_id)
        return bytes(await file.download_as_bytearray())


class Aiogram(Client):
    name = "aiogram"

    def __init__(self, sandbox: Sandbox) -> None:
        session = AiohttpSession(api=TelegramAPIServer.from_base(sandbox.url))
        self.bot = aiogram.Bot(sandbox.token, session=session)

    async def open(self) -> None:
        """Aiogram opens its session with the first call."""

    async def close(self) -> None:
        await self.bot.session.close()

    async def call(self, method: str, **given: Any) -> Any:  # noqa: ANN401 - any method's answer
        for name, value in given.items():
            if isinstance(value, bytes):
                given[name] = aiogram.types.BufferedInputFile(value, filename="picture.png")
            elif name == "reply_markup":
                given[name] = getattr(aiogram.types, _keyboard(value)).model_validate(value)
            elif name in ("media", "commands", "scope", "menu_button"):
                given[name] = _aiogram(name, value)
        try:
            answer = await getattr(self.bot, method)(**given)
        except aiogram.exceptions.TelegramAPIError as error:
            raise _said(error, AIOGRAM_KINDS) from error
        return _plain(answer, lambda thing: thing.model_dump(mode="json", by_alias=True, exclude_none=True))

    async def download(self, file_id: str) -> bytes:
        file = await self.bot.get_file(file_id)
        stream = await self.bot.download_file(str(file.file_path))
        assert stream is not None
        return stream.read()


def _keyboard(value: dict[str, Any]) -> str:
    return next(kind for name, kind in KEYBOARDS.items() if name in value)


def _ptb(name: str, value: Any) -> Any:  # noqa: ANN401 - one of four kinds
    if name == "media":
        return telegram.InputMediaPhoto(value["media"], caption=value.get("caption"))
    if name == "commands":
        return [telegram.BotCommand(**one) for one in value]
    if name == "scope":
        return telegram.BotCommandScope.de_json(value, None)
    return telegram.MenuButton.de_json(value, None)


def _aiogram(name: str, value: Any) -> Any:  # noqa: ANN401 - one of four kinds
    if name == "media":
        file = aiogram.types.BufferedInputFile(value["media"], filename="picture.png")
        return aiogram.types.InputMediaPhoto(media=file, caption=value.get("caption"))
    return [aiogram.types.BotCommand(**one) for one in value] if name == "commands" else value


def _plain(answer: Any, dump: Callable[[Any], Any]) -> Any:  # noqa: ANN401 - any method's answer
    if isinstance(answer, (bool, int, str)):
        return answer
    if isinstance(answer, (list, tuple)):
        return [dump(one) for one in answer]
    return dump(answer)
