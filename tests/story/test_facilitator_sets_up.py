"""A facilitator sets a partnership up from nothing to its first round, in Chromium, in at most 40 taps."""

import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.dialogs import qr
from tests.story import stage
from tests.story.stage import Handset, Stage

pytestmark = pytest.mark.browser

MOST = 40  # taps and texts, from the founding link to the started schedule
PARTNERS = {
    "Riverside Council": "Public body",
    "Health Trust": "Public body",
    "Tideway Fund": "Funder",
    "Family Charity": "Community group",
    "Youth Centre": "Community group",
    "Harbour Refugee Group": "Community group",
}
# Who joins by their organisation's link before anything is asked: two groups that can be shown apart.
EARLY = {"Riverside Council": ("Asha", "Ben", "Cleo", "Dan"), "Youth Centre": ("Eve", "Finn", "Gus", "Hana")}
DANGER = "Call 999, or Asha at the council on 01632 960001."
FIRST = re.compile("Riverside · pulse 1\\b", re.IGNORECASE)
LINK = re.compile(r"https://t\.me/\w+\?start=[\w-]+")


def at(day: int, hour: int) -> datetime:
    """Riverside keeps London's time, which is UTC in November."""
    return datetime(2026, 11, day, hour, tzinfo=UTC)


@pytest.fixture
def riverside(tmp_path: Path) -> Iterator[Stage]:
    with stage.opened(tmp_path, at(2, 9)) as opened:
        yield opened


def test_a_facilitator_sets_up_from_nothing_to_the_first_round(
    riverside: Stage, record_property: Callable[[str, object], None]
) -> None:
    fay = riverside.person("Fay")

    founds(fay, riverside.command("found"))
    names_the_partners(fay)
    links_the_group(fay)
    for_sam = invites_the_lead(fay)
    links = lets_everybody_in(fay)
    early = join(riverside, [(name, links[place]) for place, names in EARLY.items() for name in names])
    schedules_a_pulse(fay)

    record_property("taps and texts", fay.taps + fay.texts)
    assert fay.taps + fay.texts <= MOST, (fay.taps, fay.texts)
    sam = the_lead_joins(riverside, for_sam)
    the_first_round_opens(sam, early)
    all_is_set(fay)


# What the facilitator does. Every tap and text of it counts.


def founds(fay: Handset, link: str) -> None:
    fay.start(link)
    fay.taps += 1  # on the link

    fay.sees("This link founds a partnership.")
    fay.shot("setup-1-link", top=True)
    fay.tap("No")
    fay.say("Riverside")
    fay.sees("Riverside is founded, and you facilitate it.")
    fay.say("Riverside Forum")


def names_the_partners(fay: Handset) -> None:
    fay.sees("Which organisations work together in Riverside?")

    fay.say("\n".join(PARTNERS))
    for name, kind in PARTNERS.items():
        fay.sees(f"What kind of organisation is {name}?")
        fay.tap(kind)
    fay.say(DANGER)

    fay.sees("Partners: 6 organisations · nobody has joined yet")
    fay.sees(f"In danger: {DANGER}")
    fay.shot("setup-2-menu")


def links_the_group(fay: Handset) -> None:
    fay.stage.group("Riverside together", fay.user)

    fay.tap("Group chat")
    fay.sees("Everyone in that group will read every digest, also people who are not members.")
    fay.tap("Choose the group", exact=False)  # an arrow stands beside it: it leads out
    fay.pick("Riverside together")
    fay.saw("From now on every digest of Riverside comes here.")
    fay.back_to_parley()

    fay.sees("The group Riverside together is linked to Riverside.")
    fay.sees("Group chat: it gets every digest")


def invites_the_lead(fay: Handset) -> str:
    """Harbour Refugee Group says what time it has, and Sam is to lead there. The result is Sam's link."""
    fay.tap("Next: let people in")
    fay.tap("Harbour Refugee Group · nobody yet")
    fay.tap("Time")
    fay.tap("60")
    fay.sees("Time it can give: 60 minutes a month")
    fay.tap("Invite people")
    fay.tap("With the lead seat")
    fay.say("Sam")

    fay.sees("A link for Sam, at Harbour Refugee Group")
    fay.shot("setup-3-invite", top=True)
    link = LINK.search(fay.text)
    assert link is not None
    assert qr.read(fay.picture()) == link[0]
    return link[0]


def lets_everybody_in(fay: Handset) -> dict[str, str]:
    """One link for each organisation, for five people each."""
    fay.tap("Organisations and people")
    fay.tap("A link for each organisation")
    fay.tap("5")

    fay.sees("Each lets 5 people in, until 1 January.")
    fay.shot("setup-4-links", top=True)
    links = dict(zip(PARTNERS, LINK.findall(fay.text), strict=True))
    assert all(re.search(rf"{name}\s+{re.escape(link)}", fay.text) for name, link in links.items())
    return links


def schedules_a_pulse(fay: Handset) -> None:
    fay.tap("Next: the first check-in")
    fay.tap("Pulse")
    fay.say("every Tuesday 10:00")
    fay.sees("At 10:00, every Tuesday.")
    fay.sees("It asks everyone: 8 people now.")
    fay.sees("With these numbers the digest can show:")
    fay.sees("on their own: Riverside Council, Youth Centre")
    fay.shot("setup-5-schedule", top=True)
    fay.tap("Days off")
    fay.tap("England")
    fay.sees("The next: Friday 25 December, Christmas Day.")
    fay.tap("Back")
    fay.tap("Try it on me")
    fay.sees("Only a try, for you. Nothing you tap is kept.")
    fay.shot("setup-6-try", top=True)
    for rating in ("3", "2", "4"):
        fay.tap(rating)
    fay.sees("4 of 6")
    fay.tap("Enough")
    fay.tap("Start it")

    fay.sees("Pulse · running")
    fay.sees("It rests on the public holidays of England.")


# What comes of it.


def comes(riverside: Stage, user: int, text: re.Pattern[str]) -> dict[str, Any]:
    """The newest message on a phone that we do not watch, once it says so."""
    patience = time.monotonic() + stage.PATIENCE
    while True:
        chats = riverside.sandbox.ask("GET", f"phones/{user}")["chats"]
        newest = next(dict(chat["messages"][-1]) for chat in chats if chat["id"] == user)
        if text.search(newest["text"]):
            return newest
        assert time.monotonic() < patience, newest["text"]
        time.sleep(0.1)


def join(riverside: Stage, people: list[tuple[str, str]]) -> list[int]:
    """Each opens their link on a phone that we do not watch, and joins."""
    users = []
    for name, link in people:
        asked = {"first_name": name, "language_code": "en"}
        users.append(int(riverside.sandbox.ask("POST", "users", asked)["id"]))
        riverside.sandbox.ask("POST", f"phones/{users[-1]}/start", {"payload": link.rpartition("=")[2]})
    for user in users:
        card = comes(riverside, user, re.compile("asks you in"))
        data = next(key["data"] for row in card["buttons"] for key in row if key["text"] == "Join")
        riverside.sandbox.ask("POST", f"phones/{user}/tap", {"message_id": card["id"], "data": data})
    for user in users:
        comes(riverside, user, re.compile("Welcome to Riverside"))
    return users


def the_lead_joins(riverside: Stage, link: str) -> Handset:
    sam = riverside.person("Sam")
    sam.start(link)

    sam.sees("Riverside asks you in, for Harbour Refugee Group.")
    sam.sees(
        re.compile(
            "Here: pulse, every Tuesday, about 80 seconds each time, next on 3 November", re.IGNORECASE
        )
    )
    sam.sees(f"If someone is in danger: {DANGER}")
    sam.tap("Join")
    sam.sees("Your first questions come Tuesday 10:00, on 3 November.")
    return sam


def the_first_round_opens(sam: Handset, early: list[int]) -> None:
    sam.stage.move(at(3, 10))

    sam.sees(FIRST)
    sam.sees("Open until Friday 17:00.")
    sam.sees("You answer for Harbour Refugee Group.")
    sam.shot("setup-7-first-round")
    for user in early:
        comes(sam.stage, user, FIRST)


def all_is_set(fay: Handset) -> None:
    fay.say("/status")

    fay.sees("Pulse 1 is open until Friday 17:00, 6 November.")
    fay.sees("Nobody has joined yet: Health Trust, Tideway Fund, Family Charity.")
    fay.shot("setup-8-status")
