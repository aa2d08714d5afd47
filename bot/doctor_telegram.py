"""What `parley doctor` finds by asking Telegram."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
from telegram import Bot

from bot import telegram
from bot.findings import Finding, hint, wrong
from bot.settings import Settings, Unusable

DRIFT = 60.0
# So many that wait are looked at twice: a busy bot has some, one that nobody reads has ever more.
MANY, LOOK_AGAIN = 20, 2.0
RECENT = timedelta(hours=1)


async def findings(settings: Settings, *, now: datetime) -> AsyncIterator[Finding]:
    try:
        settings.token  # noqa: B018 - asked for its refusal
    except Unusable:
        missing = not settings.bot_token.get_secret_value()
        what = "no token" if missing else "PARLEY_BOT_TOKEN does not look like a token (123456:ABC...)"
        yield wrong("token_missing" if missing else "token_malformed", what)
        return
    bot = telegram.client(settings)
    async for finding in _asked(settings, bot, now=now):
        yield finding
    await telegram.close(bot)


async def _asked(settings: Settings, bot: Bot, *, now: datetime) -> AsyncIterator[Finding]:
    me = await telegram.call(bot, "getMe", {})
    if me.came == "locked_out":
        yield wrong("token_unknown", "Telegram does not know this token")
        return
    if me.came != "sent":
        yield wrong("telegram_away", f"{settings.api_base} cannot be reached")
        return
    yield Finding(f"Telegram knows this bot as @{me.result['username']}")
    hook = (await telegram.call(bot, "getWebhookInfo", {})).result or {}
    for finding in (_webhook(settings, str(hook.get("url", ""))), _failing(hook, now=now)):
        if finding is not None:
            yield finding
    yield await _waiting(bot, int(hook.get("pending_update_count", 0)))
    yield await _operator(settings, bot)
    yield await _drift(settings, now=now)


def _webhook(settings: Settings, url: str) -> Finding:
    ours = settings.public_url and url.startswith(settings.public_url)
    if url and not ours:
        host = urlsplit(url).hostname
        return wrong("webhook_of_another", f"another program takes this bot's messages by webhook, at {host}")
    if settings.public_url and not ours:
        return wrong("webhook_not_set", "the webhook is not set yet")
    return Finding("messages come by webhook" if url else "messages come by long polling")


def _failing(hook: dict[str, Any], *, now: datetime) -> Finding | None:
    said, when = hook.get("last_error_message"), hook.get("last_error_date")
    if not said or when is None or now - datetime.fromtimestamp(float(when), UTC) > RECENT:
        return None
    return wrong(
        "webhook_failing", f"Telegram could not deliver within the hour: {said}", url=hook.get("url")
    )


async def _waiting(bot: Bot, count: int) -> Finding:
    if count > MANY:
        await asyncio.sleep(LOOK_AGAIN)
        again = (await telegram.call(bot, "getWebhookInfo", {})).result or {}
        if (later := int(again.get("pending_update_count", 0))) >= count:
            return wrong("updates_piling_up", f"{later} messages wait at Telegram, and nobody fetches them")
    return Finding(f"{count} messages wait at Telegram" if count else "no messages wait at Telegram")


async def _operator(settings: Settings, bot: Bot) -> Finding:
    if not settings.operator_chat:
        return hint("operator_not_named", "nobody who runs Parley is told when something goes wrong")
    # getChat answers for a chat that has blocked us, too.
    typing = {"chat_id": settings.operator_chat, "action": "typing"}
    came = await telegram.call(bot, "sendChatAction", typing)
    if came.came != "sent":
        return wrong("operator_not_reached", "the chat in PARLEY_OPERATOR_CHAT cannot be reached")
    return Finding("the operator's chat can be reached")


async def _drift(settings: Settings, *, now: datetime) -> Finding:
    """How far this machine's calendar is from Telegram's."""
    told = None
    if settings.clock_file is None:
        try:
            async with httpx.AsyncClient(timeout=10) as asking:
                told = (await asking.get(settings.api_base)).headers.get("date")
        except httpx.HTTPError:
            told = None
    if told is None:
        return Finding(f"it is {now.astimezone(UTC):%d %B %Y %H:%M} UTC here; nothing to compare it with")
    apart = abs((parsedate_to_datetime(told) - now).total_seconds())
    if apart > DRIFT:
        return wrong("clock_off", f"this machine's clock is {apart:.0f} seconds off")
    return Finding(f"the clock is right ({now.astimezone(UTC):%H:%M} UTC)")
