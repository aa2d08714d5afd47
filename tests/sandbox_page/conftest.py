"""One sandbox and one Chromium a module; fresh phones a test."""

import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, sync_playwright

from tests import chromium, equipment, sandbox_process
from tests.sandbox_process import Sandbox


@dataclass(frozen=True)
class Town:
    """The sandbox as a test drives it: people's hands, and the bot's calls."""

    sandbox: Sandbox

    def user(self, name: str) -> int:
        return int(self.sandbox.ask("POST", "users", {"first_name": name})["id"])

    def member(self, name: str) -> int:
        """Somebody with a phone who pressed Start."""
        user = self.user(name)
        self.act(user, "start")
        return user

    def act(self, user: int, deed: str, **body: object) -> Any:  # noqa: ANN401 - JSON
        return self.sandbox.ask("POST", f"phones/{user}/{deed}", body)

    def phone(self, user: int) -> dict[str, Any]:
        return dict(self.sandbox.ask("GET", f"phones/{user}"))

    def messages(self, user: int) -> list[dict[str, Any]]:
        chats = self.phone(user)["chats"]
        return list(next(chat for chat in chats if chat["id"] == user)["messages"])

    def bot(self, method: str, **body: object) -> Any:  # noqa: ANN401 - JSON
        where = urlsplit(self.sandbox.url)
        connection = http.client.HTTPConnection(str(where.hostname), where.port, timeout=30)
        try:
            path = f"/bot{self.sandbox.token}/{method}"
            connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
            told = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        assert told["ok"], told
        return told["result"]

    def card(self, user: int, text: str, *rows: list[str]) -> int:
        """The bot sends a card; each button's data is its label."""
        keyboard = [[{"text": label, "callback_data": label} for label in row] for row in rows]
        sent = self.bot(
            "sendMessage",
            chat_id=user,
            text=text,
            parse_mode="HTML",
            reply_markup={"inline_keyboard": keyboard},
        )
        return int(sent["message_id"])

    def update(self, kind: str) -> dict[str, Any]:
        """The newest update of a kind; whatever came before counts as handled."""
        found: dict[str, Any] = {}
        while batch := self.bot(
            "getUpdates", offset=found.get("after", 0), timeout=0 if found.get(kind) else 3
        ):
            found["after"] = batch[-1]["update_id"] + 1
            found.update({name: value for update in batch for name, value in update.items()})
        return dict(found[kind])


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    running = sandbox_process.start(tmp_path_factory.mktemp("sandbox"), scale=10_000)
    yield Town(running)
    running.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    equipment.require("Chromium")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium.path(), args=chromium.arguments())
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser, town: Town) -> Iterator[Page]:
    """A wide window. Whatever goes wrong in it, or leaves this machine, fails the test."""
    yield from _page(browser, town, width=1440, height=900)


@pytest.fixture
def narrow_page(browser: Browser, town: Town) -> Iterator[Page]:
    yield from _page(browser, town, width=390, height=844)


def _page(browser: Browser, town: Town, *, width: int, height: int) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": width, "height": height}, base_url=town.sandbox.url)
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: _stays(request.url, town, wrong))
    yield page
    context.close()
    assert wrong == []


def _stays(url: str, town: Town, wrong: list[str]) -> None:
    if not url.startswith((town.sandbox.url, "data:", "blob:")):
        wrong.append(f"asked for {url}")


def phone_of(page: Page, user: int) -> Locator:
    return page.locator(f'.phone[data-user="{user}"]')
