"""Others who take this bot's messages: a second poller, or somebody else's webhook.

What is ours is taken back once an hour and no more, so that two of ours never fight at full speed.
"""

import os
import socket
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import structlog
from telegram import Bot

from bot import identity, telegram
from bot.clock import Clock
from dialogs import reports
from dialogs.cards import Card
from storage.database import Database
from storage.memos import Memo

log = structlog.get_logger(__name__)

ASIDE = 30.0  # how long we let another poller have its way; two of ours take turns like that
OFTEN = 300.0  # one meeting is a restart, two within this are a rival
HOUR = 3600.0
FRESH = timedelta(minutes=5)
POLLER = "poller"  # the memo that tells which of ours met a rival last
REVOKE = "If it was not you, revoke the token at @BotFather with /revoke."


def here() -> str:
    """This process, as an operator tells it from another."""
    return f"{socket.gethostname()} (process {os.getpid()})"


class Rivals:
    """Notices them, answers, and has the operator told."""

    def __init__(
        self,
        database: Database,
        bot: Bot,
        clock: Clock,
        *,
        operator_chat: int = 0,
        machine: Callable[[], float] = time.monotonic,
    ) -> None:
        self.database = database
        self.bot = bot
        self.clock = clock
        self.operator_chat = operator_chat
        self.machine = machine
        self._met: float | None = None
        self._taken_back: float | None = None
        self._complained = False

    async def met(self, said: str) -> float:
        """Our long poll was refused because of another. The result is for how long to stand aside."""
        if "webhook" in said.lower():
            return await self._met_webhook()
        return await self._met_poller()

    async def _met_webhook(self) -> float:
        info = await telegram.call(self.bot, "getWebhookInfo", {})
        if info.came != "sent":
            return ASIDE
        url = str(info.result.get("url", ""))
        if not url:  # it has gone meanwhile
            return 0.0
        back = self._may_take_back()
        if back:
            await telegram.call(self.bot, "deleteWebhook", {"drop_pending_updates": False})
        await self._tell_webhook(url, back=back)
        return 0.0 if back else ASIDE

    async def _met_poller(self) -> float:
        machine = self.machine()
        again = self._met is not None and machine - self._met < OFTEN
        self._met = machine
        others = await self._others()
        log.warning("another_poller", here=here(), others=others, to_do=REVOKE)
        if again:
            await self._alarm(reports.rivals(here=here(), others=others), "poller")
        return ASIDE

    async def _others(self) -> str:
        """Which of ours met a rival last, if that was not us. A Parley on another database is not known."""
        async with self.database.reading() as session:
            last = await session.get(Memo, POLLER)
        now = self.clock.now()
        await identity.note(self.database, POLLER, here(), now=now)
        known = last is not None and last.value != here() and abs(now - last.at) < FRESH
        return last.value if last is not None and known else ""

    async def webhook(self, wanted: dict[str, Any]) -> bool:
        """Whether Telegram brings our messages to us; what somebody changed is set right."""
        came = await telegram.call(self.bot, "getWebhookInfo", {})
        if came.came != "sent":
            log.warning("webhook_not_asked", came=came.came)
            return False
        url = str(came.result.get("url", ""))
        if url == wanted["url"]:
            return not await self._complaint(came.result)
        back = self._may_take_back()
        if back:
            back = (await telegram.call(self.bot, "setWebhook", wanted)).came == "sent"
        await self._tell_webhook(url, back=back)
        return back

    def _may_take_back(self) -> bool:
        machine = self.machine()
        if self._taken_back is not None and machine - self._taken_back < HOUR:
            return False
        self._taken_back = machine
        return True

    async def _tell_webhook(self, url: str, *, back: bool) -> None:
        # Only the host: somebody's address may hold a secret.
        host = urlsplit(url).hostname or ""
        log.warning("webhook_taken", host=host, back=back, to_do=REVOKE)
        await self._alarm(reports.webhook_taken(host=host, back=back), f"webhook:{back}")

    async def _complaint(self, info: dict[str, Any]) -> bool:
        """Whether Telegram has complained twice running; something that came right by itself is not told."""
        said, at = str(info.get("last_error_message", "")), info.get("last_error_date", 0)
        waiting = int(info.get("pending_update_count", 0))
        fresh = bool(said) and self.clock.now().timestamp() - float(at) < FRESH.total_seconds()
        before, self._complained = self._complained, fresh and waiting > 0
        if not (before and self._complained):
            return False
        log.error("webhook_complaint", waiting=waiting)
        await self._alarm(reports.webhook_complaint(said=said, waiting=waiting), "complaint")
        return True

    async def _alarm(self, card: Card, kind: str) -> None:
        key = f"rival:{kind}"
        await identity.alarm(self.database, self.operator_chat, card, key=key, now=self.clock.now())
