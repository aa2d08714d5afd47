"""The demo as a visitor meets it, in Chromium: join by link, answer a round, move time, read the digest."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect, sync_playwright

from tests import chromium, equipment

pytestmark = pytest.mark.browser

PATIENCE_MS = 30_000
RATINGS = ("2", "3", "2", "4", "4")
WORDS = "We hear about the plan when it is printed."
# Set, it names a folder that keeps the pictures: `docs/screens` when they are to be looked at anew.
KEPT = "PARLEY_KEEP_SCREENS"


@pytest.fixture
def demo_url(tmp_path: Path) -> Iterator[str]:
    """The link that `parley demo` prints."""
    equipment.require("Chromium")
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "demo"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env=_environment(),
    )
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        found = re.search(r"http://127\.0\.0\.1:\d+\S*", line)
        if found:
            yield found[0]
            break
    else:
        pytest.fail(f"The demo printed no link: {''.join(said)}")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 0


def _environment() -> dict[str, str]:
    root = str(Path(__file__).parents[2])
    return os.environ | {"PYTHONPATH": root, "PYTHONUNBUFFERED": "1"}


@pytest.fixture
def page(demo_url: str) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.path(), args=chromium.arguments())
        opened = browser.new_page(viewport={"width": 1600, "height": 900})
        opened.set_default_timeout(PATIENCE_MS)
        expect.set_options(timeout=PATIENCE_MS)
        opened.goto(demo_url)
        yield opened
        expect.set_options(timeout=5_000)
        browser.close()


def phone(page: Page, name: str) -> Locator:
    return page.locator(".phone", has=page.locator(".caption", has_text=name))


def keep(page: Page, name: str, folder: Path) -> None:
    where = Path(os.environ.get(KEPT) or folder)
    where.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=where / f"{name}.png", animations="disabled")


def test_a_visitor_joins_answers_by_tapping_moves_time_and_reads_the_digest(
    page: Page, tmp_path: Path
) -> None:
    yusra = phone(page, "refugee group")

    yusra.get_by_role("link", name=re.compile("start=")).click()
    yusra.get_by_role("button", name="Join", exact=True).click()
    expect(yusra.get_by_text("Welcome to")).to_be_visible()
    keep(page, "1-joined", tmp_path)

    page.get_by_role("button", name="Next day").click()
    yusra.get_by_role("button", name="Start", exact=True).click()
    for position, rating in enumerate(RATINGS, start=1):
        expect(yusra.get_by_text(re.compile(rf"\b{position} of 6"))).to_be_visible()
        yusra.get_by_role("button", name=re.compile(rf"^{rating}\b")).click()
    expect(yusra.get_by_text(re.compile(r"\b6 of 6"))).to_be_visible()
    yusra.get_by_role("textbox").fill(WORDS)
    yusra.get_by_role("textbox").press("Enter")
    yusra.get_by_role("button", name="Quoted, no name").click()
    expect(yusra.get_by_text("Thank you")).to_be_visible()
    keep(page, "2-answered", tmp_path)

    page.get_by_role("button", name="Next week").click()
    expect(yusra.get_by_role("button", name="That's how I see it")).to_be_visible(timeout=90_000)
    digest = yusra.locator(".message", has_text="What this can't show").last
    expect(digest).to_contain_text("Most of us answered")
    expect(yusra.locator(".message img").last).to_be_visible()
    keep(page, "3-digest", tmp_path)

    yusra.get_by_role("button", name="Read everything said aloud").click()
    expect(yusra.locator(".message").last).to_contain_text(WORDS)

    yusra.get_by_role("button", name="That's how I see it").click()
    expect(yusra.locator(".toast")).to_contain_text("Thank you")
    keep(page, "4-answered-back", tmp_path)
