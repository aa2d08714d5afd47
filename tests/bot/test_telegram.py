"""What an error of Telegram or of the network means for a message."""

import aiohttp
import pytest
from telegram import Bot
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    TelegramError,
    TimedOut,
)

from bot import telegram
from bot.settings import Settings
from bot.telegram import Outcome

NOBODY = aiohttp.client_reqrep.ConnectionKey("nobody", 443, True, True, None, None, None)  # noqa: FBT003 - aiohttp's


def caused(error: TelegramError, by: Exception) -> TelegramError:
    error.__cause__ = by
    return error


MEANINGS = [
    (ChatMigrated(-200), Outcome("moved", moved_to=-200)),
    (Forbidden("bot was blocked by the user"), Outcome("unreachable")),
    (InvalidToken("Unauthorized"), Outcome("locked_out")),
    (Conflict("terminated by other getUpdates request"), Outcome("contested")),
    (BadRequest("Message is not modified: ..."), Outcome("sent")),
    (BadRequest("Chat not found"), Outcome("unreachable")),
    (Forbidden("user is deactivated"), Outcome("unreachable")),
    (Forbidden("the group chat was deleted"), Outcome("unreachable")),
    (Forbidden("bot was kicked from the supergroup chat"), Outcome("unreachable")),
    (BadRequest("Not enough rights to send text messages to the chat"), Outcome("barred")),
    (BadRequest("Have no rights to send a message"), Outcome("barred")),
    (Forbidden("Not enough rights to send text messages to the chat"), Outcome("barred")),
    (BadRequest("CHAT_WRITE_FORBIDDEN"), Outcome("barred")),
    (Forbidden("CHAT_WRITE_FORBIDDEN"), Outcome("barred")),
    (BadRequest("TOPIC_CLOSED"), Outcome("barred")),
    (BadRequest("Message text is empty"), Outcome("refused")),
    (BadRequest("Message to edit not found"), Outcome("refused")),
    (TimedOut(), Outcome("uncertain")),
    (caused(TimedOut(), aiohttp.SocketTimeoutError()), Outcome("uncertain")),
    (caused(TimedOut(), TimeoutError()), Outcome("uncertain")),
    (caused(TimedOut(), aiohttp.ConnectionTimeoutError()), Outcome("unsent")),
    (NetworkError("Bad Gateway"), Outcome("uncertain")),
    (caused(NetworkError("reset"), aiohttp.ServerDisconnectedError()), Outcome("uncertain")),
    (caused(NetworkError("no route"), aiohttp.ClientConnectorError(NOBODY, OSError())), Outcome("unsent")),
    (TelegramError("Invalid server response"), Outcome("uncertain")),
    (caused(NetworkError("502"), TelegramError("Invalid server response")), Outcome("uncertain")),
    (caused(NetworkError("cannot be written"), UnicodeError()), Outcome("unfit")),
]


@pytest.mark.parametrize(("error", "meaning"), MEANINGS, ids=lambda case: repr(case)[:40])
def test_each_error_has_its_meaning(error: TelegramError, meaning: Outcome) -> None:
    found = telegram.outcome(error)

    assert (found.came, found.moved_to) == (meaning.came, meaning.moved_to)


async def test_what_cannot_be_written_into_a_request_never_left() -> None:
    bot = telegram.client(Settings(bot_token="42:nobody-is-asked"))

    found = await telegram.call(bot, "sendMessage", {"chat_id": 5, "text": "\ud800"})
    await telegram.close(bot)

    assert found == Outcome("unfit", error="UnicodeEncodeError")


async def test_an_answer_that_cannot_be_read_is_not_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    async def nested(*_: object, **__: object) -> None:
        raise RecursionError

    monkeypatch.setattr(Bot, "do_api_request", nested)

    found = await telegram.call(Bot("42:nobody-is-asked"), "getUpdates", {})

    assert found == Outcome("uncertain", error="RecursionError")
