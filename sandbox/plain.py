"""aiogram's objects as the JSON that goes over the wire."""

import json
from collections.abc import Sequence
from typing import Any

from aiogram.types.base import TelegramObject

Result = TelegramObject | Sequence[TelegramObject] | bool | int | str


def plain(result: object) -> Any:  # noqa: ANN401 - JSON is any of seven things
    if isinstance(result, TelegramObject):
        return result.model_dump(mode="json", by_alias=True, exclude_none=True)
    if isinstance(result, (list, tuple)):
        return [plain(part) for part in result]
    return result


def dumps(body: object) -> str:
    """ASCII alone, as Telegram writes it, so that even half a surrogate pair can be passed on."""
    return json.dumps(body, separators=(",", ":"))
