"""Calling Telegram, and what came of it. The one place that knows python-telegram-bot's errors."""

import warnings
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from telegram import Bot
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)
from telegram.warnings import PTBDeprecationWarning, PTBUserWarning

from bot import carrier
from bot.carrier import Carrier
from bot.settings import Settings

# sent: done. unsent: certainly not delivered, try again. uncertain: perhaps delivered.
# unreachable: this chat does not want or have us. barred: we may not write there now. refused: never will
# be accepted. halted: a 429. moved: the chat has another id. locked_out: the token is not valid.
# contested: another program takes this bot's messages. unfit: our own code could not put it together, so it
# never left.
Came = Literal[
    "sent",
    "unsent",
    "uncertain",
    "unreachable",
    "barred",
    "refused",
    "halted",
    "moved",
    "locked_out",
    "contested",
    "unfit",
]

LONGEST_WAIT = 20.0
MOST_CONNECTIONS = 32
GONE = (
    "chat not found",
    "user is deactivated",
    "bot was kicked",
    "bot can't initiate",
    "group chat was deactivated",
    "peer_id_invalid",
)
# What an administrator of a group may give back.
BARRED = ("rights", "chat_write_forbidden", "chat_restricted", "topic_closed")


@dataclass(frozen=True)
class Outcome:
    came: Came
    result: Any = None
    wait: float = 0.0
    moved_to: int = 0
    error: str = ""


def client(settings: Settings) -> Bot:
    """A client for the Bot API. Long polling has a connection of its own."""
    # We call by method name, since the outbox stores names; python-telegram-bot would rather we did not.
    warnings.filterwarnings("ignore", message="Please use 'Bot", category=PTBUserWarning)
    # A 429's seconds may come as a number or as a timedelta one day; `outcome` reads both.
    warnings.filterwarnings("ignore", message=".*retry_after", category=PTBDeprecationWarning)
    return Bot(
        settings.token,
        base_url=f"{settings.api_base}/bot",
        base_file_url=f"{settings.api_base}/file/bot",
        request=Carrier(connections=MOST_CONNECTIONS, longest_wait=LONGEST_WAIT),
        get_updates_request=Carrier(connections=2, longest_wait=LONGEST_WAIT),
    )


async def close(bot: Bot) -> None:
    """Let go of its connections. Bot.shutdown leaves those of a bot that was never initialised open."""
    for request in bot._request:  # noqa: SLF001 - there is no public way to both of them
        await request.shutdown()


async def call(
    bot: Bot, method: str, payload: dict[str, Any], *, read_timeout: float = LONGEST_WAIT
) -> Outcome:
    """One request, once. Nothing is raised for what Telegram or the network says."""
    try:
        return Outcome(
            "sent", await bot.do_api_request(method, api_kwargs=payload, read_timeout=read_timeout)
        )
    except TelegramError as error:
        return outcome(error)
    except RecursionError as error:  # an answer nested so deep that it cannot be read
        return Outcome("uncertain", error=type(error).__name__)


def outcome(error: TelegramError) -> Outcome:  # noqa: PLR0911 - one line a kind of error reads best
    """Tell what an error means for the message. Each class by itself: their base classes mislead."""
    said = str(error)
    match error:
        case RetryAfter():
            wait = error.retry_after
            seconds = wait.total_seconds() if isinstance(wait, timedelta) else float(wait)
            return Outcome("halted", wait=seconds, error=said)
        case ChatMigrated():
            return Outcome("moved", moved_to=error.new_chat_id, error=said)
        case Forbidden():
            return Outcome("barred" if _is_barred(said) else "unreachable", error=said)
        case InvalidToken() | Conflict():
            return _shut_out(error)
        case BadRequest():
            return _bad_request(said)
        case TimedOut():
            never_left = isinstance(error.__cause__, carrier.NEVER_LEFT)
            return Outcome("unsent" if never_left else "uncertain", error=type(error).__name__)
        case NetworkError():
            return _network_error(error)
    # None of the kinds above: an answer that is not the Bot API's, but of something in between.
    return Outcome("uncertain", error=type(error).__name__)


def _network_error(error: NetworkError) -> Outcome:
    match error.__cause__:
        case fault if isinstance(fault, carrier.NEVER_LEFT):
            return Outcome("unsent", error=type(error).__name__)
        case TypeError() | ValueError() | RecursionError() as fault:
            # Raised while the request was made: whatever goes wrong later is one of aiohttp's own errors.
            return Outcome("unfit", error=type(fault).__name__)
    return Outcome("uncertain", error=type(error).__name__)


def _shut_out(error: TelegramError) -> Outcome:
    if isinstance(error, Conflict):
        return Outcome("contested", error=str(error))
    return Outcome("locked_out", error=type(error).__name__)


# What a card cannot be drawn over: deleted, too old, or not ours.
NOT_EDITABLE = (
    "message to edit not found",
    "message can't be edited",
    "message_id_invalid",
    "there is no text in the message to edit",  # its text is the caption of a picture or a file
)


def not_editable(came: Outcome) -> bool:
    return came.came == "refused" and any(sign in came.error.lower() for sign in NOT_EDITABLE)


def _bad_request(said: str) -> Outcome:
    lower = said.lower()
    if "message is not modified" in lower:
        return Outcome("sent", error=said)
    if any(sign in lower for sign in GONE):
        return Outcome("unreachable", error=said)
    return Outcome("barred" if _is_barred(said) else "refused", error=said)


def _is_barred(said: str) -> bool:
    return any(sign in said.lower() for sign in BARRED)
