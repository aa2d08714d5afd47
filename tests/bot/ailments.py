"""Each thing that `parley doctor` can find, made so: with what is said of it, and a word of the remedy."""

import asyncio
import os
import zoneinfo
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text, update
from sqlalchemy.engine import make_url
from sqlmodel import col

from bot import clock, doctor_database, doctor_machine, doctor_telegram, inbox, onlyone, outbox, plainly
from bot.health import Pulse
from bot.outbox import Letter
from bot.settings import Settings
from storage.database import Database
from storage.memos import NUMBER, RESTORED, Memo
from storage.partnerships import Partnership
from storage.queues import Incoming, Outgoing
from tests.cast import MONDAY
from tests.processes import free_port, until
from tests.sandbox_process import Sandbox

OPERATOR = 5


def chosen(sandbox: Sandbox, database: Database, **more: Any) -> Settings:  # noqa: ANN401 - settings
    given: dict[str, Any] = {
        "bot_token": sandbox.token,
        "api_base": sandbox.url,
        "database_url": database.url.render_as_string(hide_password=False),
        "operator_chat": OPERATOR,
    }
    return Settings(**given | more)


@dataclass
class Bench:
    """What a trouble may be made of."""

    database: Database
    telegram: Sandbox
    folder: Path
    patch: pytest.MonkeyPatch

    def settings(self, **more: Any) -> Settings:  # noqa: ANN401 - settings
        return chosen(self.telegram, self.database, **more)

    async def ask(self, method: str, **given: object) -> None:
        async with httpx.AsyncClient() as client:
            path = f"{self.telegram.url}/bot{self.telegram.token}/{method}"
            answer = await client.post(path, json=given)
        assert answer.json()["ok"], answer.text


Trouble = Callable[[Bench], Any]
TROUBLES: dict[str, tuple[Trouble, str, str]] = {}


def trouble(name: str, what: str, remedy: str) -> Callable[[Trouble], Trouble]:
    def noted(made: Trouble) -> Trouble:
        TROUBLES[name] = (made, what, remedy)
        return made

    return noted


@trouble("setting_unknown", "PARLEY_OPERATOR_CHT in .env", "Did you mean PARLEY_OPERATOR_CHAT?")
async def a_slip_in_a_name(bench: Bench) -> Settings:
    (bench.folder / ".env").write_text("PARLEY_OPERATOR_CHT=5\n")
    (bench.folder / ".env").chmod(0o600)
    return bench.settings()


@trouble("setting_unread", "line 2 of .env names PARLEY_BOT_TOKEN, without =", "one NAME=value a line")
async def a_token_without_its_equals_sign(bench: Bench) -> Settings:
    (bench.folder / ".env").write_text("PARLEY_LOG_LEVEL=INFO\nPARLEY_BOT_TOKEN 42:hunter2\n")
    (bench.folder / ".env").chmod(0o600)
    return bench.settings()


@trouble("env_open_to_others", "others on this machine", "chmod 600 .env")
async def a_file_that_others_can_read(bench: Bench) -> Settings:
    (bench.folder / ".env").write_text("PARLEY_LOG_LEVEL=INFO\n")
    (bench.folder / ".env").chmod(0o644)
    return bench.settings()


@trouble("python_old", "this is Python", "Install one")
async def an_old_python(bench: Bench) -> Settings:
    bench.patch.setattr(doctor_machine, "OLDEST", (3, 99))
    return bench.settings()


@trouble("port_taken", "another program uses port", "PARLEY_PORT")
async def a_taken_port(bench: Bench) -> AsyncIterator[Settings]:
    port = free_port()
    async with await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", port):
        yield bench.settings(port=port)


@trouble("public_port", "port 9443", "443, 80, 88 and 8443")
async def a_port_telegram_does_not_deliver_to(bench: Bench) -> Settings:
    return bench.settings(api_base="https://127.0.0.2:9", public_url="https://riverside.example:9443")


@trouble("disk_full", "MB are free", "Make room")
async def a_full_disk(bench: Bench) -> Settings:
    bench.patch.setattr(doctor_machine, "ROOM", 2**62)
    return bench.settings()


@trouble("zones_old", "of 2019a", "tzdata")
async def old_time_zones(bench: Bench) -> AsyncIterator[Settings]:
    (bench.folder / "tzdata.zi").write_text("# version 2019a\n")
    zoneinfo.reset_tzpath([str(bench.folder), *zoneinfo.TZPATH])
    yield bench.settings()
    zoneinfo.reset_tzpath()


@trouble("zone_missing", "Mars/Olympus", "apt install tzdata")
async def a_time_zone_nobody_knows(bench: Bench) -> Settings:
    async with bench.database.writing() as session:
        session.add(Partnership(name="Riverside", timezone="Mars/Olympus", created_at=MONDAY))
    return bench.settings()


@trouble("database_away", "127.0.0.1, port 9, does not answer", "PARLEY_DATABASE_URL")
async def a_database_that_is_away(bench: Bench) -> Settings:
    return bench.settings(database_url="postgresql://parley:hunter2@127.0.0.1:9/nowhere")


@trouble(
    "database_encoding", "has the encoding LATIN1, and Parley needs UTF8", "createdb --template=template0"
)
async def a_database_in_letters_of_western_europe(bench: Bench) -> Settings:
    async def told(*_: object) -> tuple[str, str]:
        return plainly.of_encoding(make_url("postgresql://parley:hunter2@host/parley"), "LATIN1")

    bench.patch.setattr(plainly, "encoded", told)
    return bench.settings()


@trouble("schema_older", "schema none", "Run: parley migrate")
async def an_empty_database(bench: Bench) -> Settings:
    (bench.folder / "empty.db").touch()
    return bench.settings(database_url=f"sqlite:///{bench.folder / 'empty.db'}")


@trouble("schema_newer", "schema 9999", "restore a backup")
async def a_database_from_the_future(bench: Bench) -> Settings:
    async with bench.database.writing() as session:
        await (await session.connection()).execute(text("UPDATE alembic_version SET version_num = '9999'"))
    return bench.settings()


@trouble("file_unusable", "may not be used by", "ls -la")
async def a_file_of_somebody_else(bench: Bench) -> Settings:
    allowed = os.access  # root may write anywhere
    bench.patch.setattr(os, "access", lambda path, mode: path.name != "theirs" and allowed(path, mode))
    (bench.folder / "theirs").mkdir()
    return bench.settings(database_url=f"sqlite:///{bench.folder / 'theirs' / 'parley.db'}")


@trouble("file_on_network", "network disk (nfs4)", "use PostgreSQL")
async def a_file_on_a_network_disk(bench: Bench) -> Settings:
    mounts = bench.folder / "mounts"
    mounts.write_text(f"disk / ext4 rw 0 0\nserver:/x {bench.folder} nfs4 rw 0 0\n")
    bench.patch.setattr(doctor_database, "MOUNTS", mounts)
    return bench.settings(database_url=f"sqlite:///{bench.folder / 'later.db'}")


@trouble("database_silent", "restored from the backup of 2 November 2026", "parley restore --go-live")
async def a_restored_copy(bench: Bench) -> Settings:
    async with bench.database.writing() as session:
        session.add(Memo(name=RESTORED, at=MONDAY))
    return bench.settings()


@trouble("other_bot", "belongs to bot 41", "put its token back")
async def a_token_of_another_bot(bench: Bench) -> Settings:
    async with bench.database.writing() as session:
        session.add(Memo(name=NUMBER, value="41", at=MONDAY))
    return bench.settings()


@trouble("parts_late", "no sign of life for a minute: clock", "again")
async def a_part_that_fell_silent(bench: Bench) -> AsyncIterator[Settings]:
    settings = bench.settings()
    bench.patch.setattr(onlyone, "held_for", lambda _: 61.0)
    for part in ("listening", "handling", "delivery"):
        await Pulse(bench.database, part).beat(now=MONDAY, machine=1.0)
    with onlyone.holding(settings):
        yield settings


@trouble("updates_parked", "1 messages or taps", "update_parked")
async def an_update_set_aside(bench: Bench) -> Settings:
    await inbox.store(bench.database, 42, [{"update_id": 1}], now=clock.Clock().now())
    async with bench.database.writing() as session:
        await session.exec(update(Incoming).values(state="parked"))
    return bench.settings()


@trouble("letters_dead", "1 messages could not be delivered", "letter_not_sent")
async def letters_that_were_refused(bench: Bench) -> Settings:
    now = clock.Clock().now()
    words = {"a": "Bad Request: can't parse entities", "b": "Forbidden: bot was blocked by the user"}
    async with bench.database.writing() as session:
        for key, error in words.items():
            letter = Letter(key, "brief", 5, "sendMessage", {}, now, now + timedelta(days=1))
            await outbox.put(bench.database, session, [letter])
            ended = update(Outgoing).where(col(Outgoing.key) == key)
            await session.exec(ended.values(state="dead", error=error))
    return bench.settings()


@trouble("token_missing", "no token", "@BotFather")
async def no_token(bench: Bench) -> Settings:
    return bench.settings(bot_token="")


@trouble("token_malformed", "does not look like a token", "without spaces")
async def half_a_token(bench: Bench) -> Settings:
    return bench.settings(bot_token="marmalade")


@trouble("token_unknown", "does not know this token", "@BotFather")
async def a_wrong_token(bench: Bench) -> Settings:
    return bench.settings(bot_token="1:wrong")


@trouble("telegram_away", "cannot be reached", "PARLEY_API_BASE")
async def a_telegram_that_is_away(bench: Bench) -> Settings:
    return bench.settings(api_base="http://127.0.0.1:9")


@trouble("webhook_of_another", "by webhook, at 127.0.0.1", "parley run")
async def a_webhook_of_another_program(bench: Bench) -> Settings:
    await bench.ask("setWebhook", url="http://127.0.0.1:9/elsewhere")
    return bench.settings()


@trouble("webhook_not_set", "not set yet", "parley run")
async def a_webhook_that_is_not_set(bench: Bench) -> Settings:
    return bench.settings(public_url="https://riverside.example", port=free_port())


@trouble("webhook_failing", "could not deliver within the hour", "certificate")
async def a_webhook_nobody_answers(bench: Bench) -> Settings:
    await bench.ask("setWebhook", url="http://127.0.0.1:9/telegram")
    await bench.telegram.control("POST", f"phones/{OPERATOR}/send", {"text": "hello"})

    async def failed() -> bool:
        async with httpx.AsyncClient() as client:
            path = f"{bench.telegram.url}/bot{bench.telegram.token}/getWebhookInfo"
            return "last_error_message" in (await client.get(path)).json()["result"]

    await until(failed)
    return bench.settings(public_url="http://127.0.0.1:9", port=free_port())


@trouble("updates_piling_up", "wait at Telegram", "parley run")
async def messages_nobody_fetches(bench: Bench) -> Settings:
    bench.patch.setattr(doctor_telegram, "LOOK_AGAIN", 0.1)
    for number in range(doctor_telegram.MANY + 1):
        await bench.telegram.control("POST", f"phones/{OPERATOR}/send", {"text": f"hello {number}"})
    return bench.settings()


@trouble("operator_not_named", "nobody who runs Parley is told", "PARLEY_OPERATOR_CHAT")
async def nobody_to_be_told(bench: Bench) -> Settings:
    return bench.settings(operator_chat=0)


@trouble("operator_not_reached", "cannot be reached", "press Start")
async def an_operator_who_never_opened_the_chat(bench: Bench) -> Settings:
    return bench.settings(operator_chat=987654)


@trouble("clock_off", "seconds off", "timedatectl")
async def a_clock_that_is_off(bench: Bench) -> Settings:
    async def long_ago(*_: object, **__: object) -> httpx.Response:
        return httpx.Response(200, headers={"date": "Tue, 03 Nov 2020 10:00:00 GMT"})

    settings = bench.settings()
    bench.patch.setattr(httpx.AsyncClient, "get", long_ago)
    return settings
