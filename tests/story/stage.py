"""A story's stage: a local Telegram, Parley as a process of its own, phones of 390 pixels in Chromium."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests import chromium, equipment, processes, sandbox_process
from tests.processes import Parley
from tests.sandbox_process import Sandbox

PATIENCE = 30.0
LOOKS = 3  # in a row that nothing moved
FASTER = 20  # than Telegram's own limits; the sandbox and the pacer by the same factor
NARROW = {"width": 390, "height": 844}
# Set, it names a folder that keeps the pictures: `docs/tour` when they are to be looked at anew.
KEPT = "PARLEY_KEEP_SCREENS"


@dataclass
class Handset:
    """One person's phone, and how often they tapped and typed."""

    stage: "Stage"
    user: int
    page: Page
    taps: int = 0
    texts: int = 0

    def start(self, link: str) -> None:
        """Open a link that somebody was sent."""
        payload = re.search(r"start=([\w-]+)", link)
        assert payload is not None, link
        said = self._said()
        self.stage.sandbox.ask("POST", f"phones/{self.user}/start", {"payload": payload[1]})
        self._answered(said)

    def tap(self, label: str, *, exact: bool = True) -> None:
        """Tap the newest button called so."""
        self.page.locator(".keys").get_by_role("button", name=label, exact=exact).last.click()
        self.taps += 1
        self.settle()

    def pick(self, label: str) -> None:
        """Choose from what the phone itself offers: a group for a link."""
        self.page.get_by_role("menuitem", name=label, exact=True).click()
        self.taps += 1
        self.stage.quiet()

    def back_to_parley(self) -> None:
        """Out of a group, by the list of chats, to one's own chat with Parley."""
        self.page.get_by_role("button", name="All chats").click()
        self.page.locator(f".chats [data-chat='{self.user}']").click()
        self.taps += 2
        self.settle()

    def say(self, text: str) -> None:
        field_ = self.page.get_by_label("Write a message")
        said = self._said()
        field_.fill(text)
        field_.press("Enter")
        self.texts += 1
        self._answered(said)

    def _said(self) -> int:
        return sum(message["mine"] for message in self._messages())

    def _answered(self, said: int) -> None:
        """Wait until there is a word of mine more than so many, and Parley's words stand below it.

        A tap counts as pending until it is answered; a text that Parley has fetched does not.
        """
        patience = time.monotonic() + PATIENCE
        while self._said() == said or self._messages()[-1]["mine"]:
            assert time.monotonic() < patience, self.stage.parley.log[-2000:]
            time.sleep(0.1)
        self.settle()

    def sees(self, text: str | re.Pattern[str]) -> None:
        """The newest message says so."""
        expect(self.page.locator(".message").last).to_contain_text(text, timeout=PATIENCE * 1000)

    def saw(self, text: str | re.Pattern[str]) -> None:
        """Some message in the chat says so."""
        expect(self.page.locator(".message", has_text=text).last).to_be_visible(timeout=PATIENCE * 1000)

    def offers(self, label: str) -> bool:
        return any(label in row for row in self._keys())

    @property
    def text(self) -> str:
        """What the newest message says."""
        return str(self._messages()[-1]["text"])

    def picture(self) -> bytes:
        """The picture that the newest message shows."""
        shown = str(self._messages()[-1]["photo"])
        expect(self.page.locator(".message").last.locator("img")).to_be_visible(timeout=PATIENCE * 1000)
        return self.page.request.get(f"{self.stage.sandbox.url}{shown}").body()

    def _messages(self) -> list[dict[str, Any]]:
        chats = self.stage.sandbox.ask("GET", f"phones/{self.user}")["chats"]
        return next((list(chat["messages"]) for chat in chats if chat["id"] == self.user), [])

    def _keys(self) -> list[list[str]]:
        newest = self._messages()[-1:]
        return [[button["text"] for button in row] for row in (newest[0]["buttons"] if newest else [])]

    def settle(self) -> None:
        """Wait until Parley has handled everything, and the page shows what the phone holds."""
        self.stage.quiet()
        wanted = [label for row in self._keys() for label in row]
        if wanted:
            expect(self.page.locator(".message").last.locator(".key")).to_have_text(
                wanted, timeout=PATIENCE * 1000
            )

    def shot(self, name: str, *, top: bool = False) -> None:
        """Keep a picture of the screen as it is, or with the newest message scrolled to its top."""
        folder = Path(os.environ.get(KEPT) or self.stage.folder)
        folder.mkdir(parents=True, exist_ok=True)
        # Neither a pointer nor a cursor: a phone has none.
        self.page.mouse.move(0, 0)
        self.page.evaluate("document.activeElement?.blur()")
        # What a tap says for a moment would lie over the words.
        self.page.evaluate("document.querySelectorAll('.toast').forEach(one => one.remove())")
        if top:
            self.page.locator(".message").last.evaluate("one => one.scrollIntoView({block: 'start'})")
        self.page.screenshot(path=folder / f"{name}.png", animations="disabled")
        # Back to the end, where what comes next is followed.
        self.page.locator(".message").last.evaluate("one => one.scrollIntoView({block: 'end'})")


@dataclass
class Stage:
    sandbox: Sandbox
    parley: Parley
    browser: Browser
    folder: Path
    clock_file: Path
    settings: dict[str, str]
    pages: list[Page] = field(default_factory=list)

    def person(self, name: str, *, language: str = "en") -> Handset:
        """Somebody with a phone, open before us."""
        asked = {"first_name": name, "language_code": language}
        user = int(self.sandbox.ask("POST", "users", asked)["id"])
        return self.phone(user)

    def phone(self, user: int) -> Handset:
        page = self.browser.new_page(viewport=NARROW)  # type: ignore[arg-type]  # a TypedDict, to playwright
        self.pages.append(page)
        page.goto(f"{self.sandbox.url}/?phones={user}")
        return Handset(self, user, page)

    def move(self, moment: datetime) -> None:
        """Let it be this moment, and everything that is due by it done."""
        fresh = self.clock_file.with_suffix(".new")
        fresh.write_text(moment.isoformat(), encoding="ascii")
        fresh.replace(self.clock_file)
        self.show(moment)
        time.sleep(0.5)
        self.quiet()

    def show(self, moment: datetime) -> None:
        """The phones show this hour, and offer no other."""
        told = {"now": moment.isoformat(), "timezone": "Europe/London", "wishes": False}
        self.sandbox.ask("POST", "strip", told)

    def group(self, title: str, owner: int) -> None:
        """A group chat that somebody has on their phone; Parley is not in it."""
        self.sandbox.ask("POST", "groups", {"title": title, "members": [owner], "bot": False})

    def quiet(self) -> None:
        """Wait until nothing is on its way in either direction for a moment."""
        patience, calm, heard = time.monotonic() + PATIENCE, 0, self._told(0)[1]
        while calm < LOOKS:
            assert time.monotonic() < patience, self.parley.log[-2000:]
            time.sleep(0.1)
            spoken, heard = self._told(heard)
            calm = 0 if spoken or any(self.sandbox.ask("GET", "pending").values()) else calm + 1

    def _told(self, since: int) -> tuple[bool, int]:
        """Whether Parley said anything since this entry of the sandbox's journal, and the journal's end."""
        journal = self.sandbox.ask("GET", f"journal?since={since}&kind=call")
        return any(entry["method"] != "getUpdates" for entry in journal["entries"]), int(journal["next"])

    def command(self, *words: str) -> str:
        """What a command of Parley prints; Parley itself is stopped meanwhile, as on SQLite it must be."""
        self.parley.stop()
        done = subprocess.run(
            [sys.executable, "-m", "bot", *words],
            cwd=self.folder,
            env=processes.environment(self.settings),
            capture_output=True,
            text=True,
            check=True,
        )
        self.parley.start()
        return done.stdout


@contextmanager
def opened(folder: Path, moment: datetime, **more: str) -> Iterator[Stage]:
    """Everything running, at this moment of the calendar; `more` settings by their names."""
    equipment.require("Chromium")
    clock_file = folder / "now"
    clock_file.write_text(moment.isoformat(), encoding="ascii")
    sandbox = sandbox_process.start(folder, scale=FASTER, clock_file=clock_file)
    settings = processes.settings(
        sandbox,
        f"sqlite:///{folder / 'parley.db'}",
        clock_file=clock_file,
        pace=FASTER,
        operator_name="Riverside Community Trust",
        **more,
    )
    parley = Parley("run", folder, settings, module="bot").start()
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium.path(), args=chromium.arguments())
            stage = Stage(sandbox, parley, browser, folder, clock_file, settings)
            stage.show(moment)
            yield stage
            browser.close()
    finally:
        parley.close()
        sandbox.stop()
