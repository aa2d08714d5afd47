"""Where the bot wants its updates brought."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from aiogram.methods import DeleteWebhook, GetWebhookInfo, SetWebhook
from aiogram.types import WebhookInfo

from sandbox.carriers import Webhook
from sandbox.refusals import Refused, bad_request
from sandbox.world import Telegram

SECRET_LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")
SECRET_LIMIT = 256
CONNECTIONS = 40
MOST_CONNECTIONS = 100


async def set_webhook(telegram: Telegram, request: SetWebhook) -> bool:
    if not request.url:
        return await delete_webhook(
            telegram, DeleteWebhook(drop_pending_updates=request.drop_pending_updates)
        )
    _check_address(request.url)
    secret = request.secret_token or ""
    if len(secret) > SECRET_LIMIT or not set(secret) <= SECRET_LETTERS:
        raise bad_request("secret token contains unallowed characters")
    connections = request.max_connections or CONNECTIONS
    if not 1 <= connections <= MOST_CONNECTIONS:
        raise bad_request("max_connections must be between 1 and 100")
    await _stop(telegram)
    telegram.updates.allow(request.allowed_updates)
    _drop(telegram, wanted=request.drop_pending_updates)
    webhook = telegram.webhook = Webhook(
        telegram.updates, telegram.clock, url=request.url, secret=secret, connections=connections
    )
    telegram.updates.listener = webhook.wake
    telegram.updates.end_polling()
    webhook.begin()
    return True


def _check_address(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
    try:
        loopback = parts.hostname == "localhost" or ip_address(parts.hostname).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise bad_request("bad webhook: this sandbox only calls this machine")


def _drop(telegram: Telegram, *, wanted: bool | None) -> None:
    if wanted:
        telegram.updates.queue.clear()


async def _stop(telegram: Telegram) -> None:
    webhook, telegram.webhook = telegram.webhook, None
    telegram.updates.listener = None
    if webhook:
        await webhook.close()


async def delete_webhook(telegram: Telegram, request: DeleteWebhook) -> bool:
    await _stop(telegram)
    _drop(telegram, wanted=request.drop_pending_updates)
    return True


def get_webhook_info(telegram: Telegram, _: GetWebhookInfo) -> WebhookInfo:
    webhook = telegram.webhook
    waiting = len(telegram.updates.queue)
    allowed = sorted(telegram.updates.allowed) if telegram.updates.chosen else None
    if webhook is None:
        return WebhookInfo(
            url="", has_custom_certificate=False, pending_update_count=waiting, allowed_updates=allowed
        )
    when, why = webhook.last_error or (None, None)
    return WebhookInfo(
        url=webhook.url,
        has_custom_certificate=False,
        pending_update_count=waiting,
        last_error_date=when,
        last_error_message=why,
        max_connections=webhook.connections,
        allowed_updates=allowed,
    )


def polling_refused() -> Refused:
    return Refused(
        409,
        "Conflict: can't use getUpdates method while webhook is active; "
        "use deleteWebhook to delete the webhook first",
    )
