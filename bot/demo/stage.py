"""The demo's stage: the whole product in this process, and everybody with a phone and an invite."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp
from pydantic import SecretStr
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot import house, rostering, telegram
from bot.demo import cast as demo_cast
from bot.demo.cast import Cast, Figure
from bot.demo.command import TOKEN, DemoFailedError, LocalTelegram, Play
from bot.house import House
from bot.settings import Settings
from facilitation import intake, invites, organisations
from storage.partnerships import Partnership

FACILITATOR, FIRST_MEMBER = 1001, 1002
LAST_WORDS = 15.0

Json = Any


@dataclass
class Phones:
    """Who holds which phone: numbers of users, and the chats that the visitor sees first."""

    facilitator: int
    members: dict[int, Figure]
    group: int
    invites: dict[int, str] = field(default_factory=dict)

    def held_by_visitor(self) -> dict[str, int]:
        return {figure.phone: user for user, figure in self.members.items() if figure.phone}


class Control:
    """The sandbox's control API; to be made where an event loop runs."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60.0))

    async def get(self, path: str) -> Json:
        return await self._ask("GET", path)

    async def post(self, path: str, body: Json) -> Json:
        return await self._ask("POST", path, json=body)

    async def _ask(self, method: str, path: str, **body: Json) -> Json:
        try:
            async with self._session.request(method, f"{self.url}/control/{path}", **body) as answer:
                if not answer.ok:
                    raise DemoFailedError(f"the sandbox refused {path}: {await answer.text()}")
                return await answer.json()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise DemoFailedError(f"the local Telegram does not answer ({type(error).__name__})") from None

    async def close(self) -> None:
        await self._session.close()


@dataclass
class Scene:
    """Everything that is running, and the files it stands on."""

    play: Play
    cast: Cast
    control: Control
    house: House
    running: asyncio.Task[None]
    phones: Phones
    clock_file: Path
    journal: Path

    def now(self) -> datetime:
        return self.house.clock.now()


@asynccontextmanager
async def opened(play: Play, folder: Path, local: LocalTelegram) -> AsyncIterator[Scene]:
    """Wait for the sandbox, open the product, seat the cast; and end the product in the end."""
    cast = demo_cast.riverside()
    database_url = f"sqlite:///{folder / 'parley.db'}"
    url, _ = await asyncio.gather(asyncio.to_thread(local.url), _migrated(database_url, folder))
    control = Control(url)
    try:
        async with _product(_settings(play, url, database_url, local.clock_file)) as (built, running):
            phones = await _seated(cast, control, built)
            yield Scene(play, cast, control, built, running, phones, local.clock_file, local.journal)
    finally:
        await control.close()


def _settings(play: Play, url: str, database_url: str, clock_file: Path) -> Settings:
    """The demo's own settings: nothing of the environment or `.env` is read."""
    return Settings.model_construct(
        bot_token=SecretStr(TOKEN),
        api_base=url,
        database_url=database_url,
        clock_file=clock_file,
        pace=play.pace,
        operator_name="you, on this machine",
        log_level="ERROR",
    )


async def _migrated(database_url: str, folder: Path) -> None:
    """Bring the fresh file to its schema in a child process, which takes Alembic's memory along when it ends.

    Should that fail, the product does it itself when it opens.
    """
    ours = {name: value for name, value in os.environ.items() if not name.startswith("PARLEY_")}
    with (folder / "migrate.log").open("wb") as log:
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "migrate"),
            env=ours | {"PARLEY_DATABASE_URL": database_url},
            stdout=log,
            stderr=log,
            process_group=0,
        )
    await child.wait()


@asynccontextmanager
async def _product(settings: Settings) -> AsyncIterator[tuple[House, asyncio.Task[None]]]:
    built, stop = house.build(settings), asyncio.Event()
    try:
        await house.open_(built)
        running = asyncio.create_task(house.run(built, house.EVERYTHING, stop=stop))
        try:
            yield built, running
        finally:
            stop.set()
            _, late = await asyncio.wait({running}, timeout=LAST_WORDS)
            for task in late:
                task.cancel()
    finally:
        await built.database.close()
        await telegram.close(built.bot)


async def _seated(cast: Cast, control: Control, built: House) -> Phones:
    """Give everybody a phone and an invite, and the partnership its group chat."""
    await _phone(control, FACILITATOR, cast.facilitator.name)
    members = dict(enumerate(cast.people, start=FIRST_MEMBER))
    for user, figure in members.items():
        await _phone(control, user, figure.name)
    group = {"title": cast.group, "admins": [FACILITATOR], "members": [FACILITATOR, *members]}
    phones = Phones(FACILITATOR, members, group=(await control.post("groups", group))["id"])
    async with built.database.writing() as session:
        invited = await intake.take(session, cast.roster(), timezone=cast.timezone, now=built.clock.now())
        wanted = select(Partnership).where(Partnership.name == cast.partnership)
        partnership = (await session.exec(wanted)).one()
        partnership.group_chat, partnership.danger = phones.group, cast.danger
        session.add(partnership)
        await _described(session, cast, partnership.id, secrets=[one.secret for one in invited])
    hello = {"chat_id": phones.group, "text": cast.hello}
    await control.post(f"phones/{FACILITATOR}/send", hello)
    secrets = (one.secret for one in invited)
    phones.invites = dict(zip((FACILITATOR, *members), secrets, strict=True))
    await house.tick(built)  # plans the first rounds, so that whoever joins is told when they come
    return phones


async def _described(
    session: AsyncSession, cast: Cast, partnership_id: int, *, secrets: Sequence[str]
) -> None:
    """What a roster does not say: who may speak for an organisation, and who is not on Telegram."""
    for figure, secret in zip(cast.people, secrets[1:], strict=True):
        invite = await invites.by_secret(session, secret)
        invite.lead = figure.lead
        session.add(invite)
    off = {row["name"]: row.get("off_telegram", 0) for row in cast.organisations.values()}
    for organisation in await organisations.of(session, partnership_id):
        organisation.off_telegram = off[organisation.name]
        session.add(organisation)


async def _phone(control: Control, user: int, name: str) -> None:
    first, _, last = name.partition(" ")
    await control.post("users", {"id": user, "first_name": first, "last_name": last})


async def join(scene: Scene, user: int, settled: Callable[[], Any]) -> None:
    """Press Start with the invite, read the card, press Join: what a person does, done for them."""
    await scene.control.post(f"phones/{user}/start", {"payload": scene.phones.invites[user]})
    await settled()
    await _tap(scene, user, "join")
    await settled()


async def open_menu(scene: Scene, settled: Callable[[], Any]) -> None:
    """The facilitator writes /start and opens the menu, so that a visitor finds everything from there."""
    user = scene.phones.facilitator
    await scene.control.post(f"phones/{user}/start", {})
    await settled()
    await _tap(scene, user, "menu")
    await settled()


async def _tap(scene: Scene, user: int, kind: str) -> None:
    """Tap the newest button of this kind on somebody's phone."""
    phone = await scene.control.get(f"phones/{user}")
    for message in (message for chat in phone["chats"] for message in reversed(chat["messages"])):
        for button in (one for row in message["buttons"] for one in row):
            if button.get("data", "").startswith(f"{kind}:"):
                told = {"message_id": message["id"], "data": button["data"]}
                await scene.control.post(f"phones/{user}/tap", told)
                return
    raise DemoFailedError(f"there is no button to {kind} on the phone of {user}")


async def hand_over(scene: Scene, user: int) -> int:
    """The facilitator writes to somebody with their link, in a chat of the two; the result is that chat."""
    name = (await scene.control.get("phones/" + str(user)))["user"]["first_name"]
    title = f"{scene.cast.facilitator.name.partition(' ')[0]} and {name}"
    members = [scene.phones.facilitator, user]
    body = {"title": title, "admins": [members[0]], "members": members, "bot": False}
    chat = int((await scene.control.post("groups", body))["id"])
    bot_name = await rostering.bot_name(scene.house.settings)
    link = rostering.link(bot_name, scene.phones.invites[user])
    text = f"Hello {name}, here is your way into {scene.cast.partnership}. It works once, for you: {link}"
    await scene.control.post(f"phones/{members[0]}/send", {"chat_id": chat, "text": text})
    return chat
