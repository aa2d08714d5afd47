"""Who we are at Telegram: the token, the bot it belongs to, its name, and whether the operator is reached."""

import time
from datetime import datetime

import structlog
from sqlalchemy import delete
from sqlmodel import col, select
from telegram import Bot

from bot import drawing, outbox, telegram, telling
from bot.clock import Clock
from bot.outbox import Letter
from bot.settings import Settings, Unusable
from dialogs import people, readers, reports
from dialogs.cards import Card
from dialogs.events import A_FEW_DAYS
from facilitation import invites
from storage.database import Database
from storage.members import Invite
from storage.memos import LOCKED_OUT, NAME, NO_OPERATOR, NUMBER, Memo
from storage.partnerships import Partnership

log = structlog.get_logger(__name__)

LOOK = 45.0  # what is wrong is seen within two minutes
HOUR = 3600.0
REVOKED = "Get the new token from @BotFather, put it into PARLEY_BOT_TOKEN, and start Parley again."
WRITE_TO_BOT = "Open the chat with this bot as PARLEY_OPERATOR_CHAT and press Start."
NAME_ONE = "Set PARLEY_OPERATOR_CHAT to the Telegram id of whoever runs this Parley."


async def belongs(database: Database, settings: Settings, *, now: datetime) -> None:
    """Remember whose database this is. Raises Unusable for another bot's, unless that is meant."""
    async with database.reading() as session:
        known = await session.get(Memo, NUMBER)
    if known is not None and known.value == str(settings.bot_id):
        return
    if known is not None and settings.new_bot != settings.bot_id:
        raise Unusable(
            f"this token is of bot {settings.bot_id}, and this database belongs to bot {known.value}.\n"
            "  The buttons and links that people have are that bot's. Put back its token into\n"
            f"  PARLEY_BOT_TOKEN. If the change is meant: put PARLEY_NEW_BOT={settings.bot_id} into .env,\n"
            "  start Parley, and ask everybody to open the new bot and press Start."
        )
    await note(database, NUMBER, str(settings.bot_id), now=now)


async def note(database: Database, name: str, value: str, *, now: datetime, anew: bool = True) -> None:
    """Remember something; not `anew`: what is remembered already stays, with its moment."""
    row = {"name": name, "value": value, "at": now}
    insert = database.insert(Memo).values(**row)
    kept = insert.on_conflict_do_update(index_elements=["name"], set_=row)
    async with database.writing() as session:
        await session.exec(kept if anew else insert.on_conflict_do_nothing())


async def forget(database: Database, name: str) -> bool:
    """Whether it was remembered until now."""
    async with database.reading() as session:
        if await session.get(Memo, name) is None:
            return False
    async with database.writing() as session:
        await session.exec(delete(Memo).where(col(Memo.name) == name))
    return True


async def alarm(database: Database, operator: int, card: Card, *, key: str, now: datetime) -> None:
    """Tell whoever runs this Parley, once a day for each key; without such a chat only the log has told."""
    if not operator:
        return
    method, payload = drawing.sent(card, operator)
    letter = Letter(f"{key}:{now:%Y-%m-%d}", "report", operator, method, payload, now, now + A_FEW_DAYS)
    async with database.writing() as session:
        await outbox.put(database, session, [letter])


async def locked_out(database: Database, *, now: datetime) -> None:
    """Telegram does not take our token, so it cannot carry the news: `/health`, the log and the doctor do."""
    log.error("locked_out", to_do=REVOKED)
    await note(database, LOCKED_OUT, "", now=now, anew=False)


class Watch:
    """Looks whether Telegram still knows us, by which name, and whether the operator is reached."""

    def __init__(self, database: Database, bot: Bot, clock: Clock, *, operator_chat: int = 0) -> None:
        self.database = database
        self.bot = bot
        self.clock = clock
        self.operator_chat = operator_chat
        self._asked: float | None = None

    async def look(self) -> str:
        """The bot's name; "" if Telegram could not be asked."""
        now = self.clock.now()
        came = await telegram.call(self.bot, "getMe", {})
        if came.came == "locked_out":
            await locked_out(self.database, now=now)
        if came.came != "sent":
            log.warning("telegram_not_reached", came=came.came)
            return ""
        if await forget(self.database, LOCKED_OUT):
            log.info("let_in_again")
        name = str(came.result["username"])
        await named(self.database, name, operator=self.operator_chat, now=now)
        return name

    async def operator(self, *, machine: float | None = None) -> None:
        """Once an hour, whether whoever runs this Parley can be told what goes wrong."""
        seconds = time.monotonic() if machine is None else machine
        if self._asked is not None and seconds - self._asked < HOUR:
            return
        self._asked = seconds
        if not self.operator_chat:
            log.warning("operator_chat_not_set", to_do=NAME_ONE)
            return
        typing = {"chat_id": self.operator_chat, "action": "typing"}
        came = await telegram.call(self.bot, "sendChatAction", typing)
        if came.came in ("unreachable", "barred", "refused"):
            log.error("operator_not_reached", to_do=WRITE_TO_BOT)
            await note(self.database, NO_OPERATOR, "", now=self.clock.now(), anew=False)
        elif came.came == "sent" and await forget(self.database, NO_OPERATOR):
            log.info("operator_reached_again")


async def named(database: Database, name: str, *, operator: int, now: datetime) -> None:
    """Remember our name. If it has changed, links made before lead nowhere: who made them is told."""
    async with database.reading() as session:
        known = await session.get(Memo, NAME)
        if known is not None and known.value == name:
            return
    if known is None:
        await note(database, NAME, name, now=now)
        return
    letters = await _renamed(database, name, now=now)
    async with database.writing() as session:
        # Other processes learn the same at the same time: the letters' keys make them one each.
        await session.merge(Memo(name=NAME, value=name, at=now))
        await outbox.put(database, session, letters)
    log.warning("bot_renamed", told=len(letters))
    await alarm(database, operator, reports.bot_renamed(name), key=f"renamed:{name}", now=now)


async def _renamed(database: Database, name: str, *, now: datetime) -> list[Letter]:
    """A note to each who facilitates a partnership with links that are still to be used."""
    letters = []
    async with database.reading() as session:
        waiting = select(Invite.partnership_id).where(*invites.open_at(now)).distinct()
        for partnership_id in (await session.exec(waiting.order_by(col(Invite.partnership_id)))).all():
            partnership = await session.get_one(Partnership, partnership_id)
            for account, reader in await readers.facilitating(session, partnership_id):
                card = people.renamed(reader, partnership, bot=name)
                key = f"renamed:{name}:{now:%Y-%m-%d}:{partnership_id}:{account}"
                letters.append(telling.note(key, card, account, reader=reader, now=now))
    return letters
