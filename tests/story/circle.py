"""The others of a partnership in a story: they join and answer by the sandbox's control API."""

import json
import time
from dataclasses import dataclass, field
from typing import Any

from tests.story.stage import PATIENCE, Stage

# Six organisations, twelve members and a facilitator: enough of each kind for a digest with figures.
ROSTER = """partnership,organisation,kind,capacity,name,role,language
Riverside,Harbour Refugee Group,community,60,Sam,member,en
Riverside,Harbour Refugee Group,community,60,Yusra,member,en
Riverside,Youth Centre,community,60,Ana,member,en
Riverside,Youth Centre,community,60,Ben,member,en
Riverside,Family Charity,community,60,Cleo,member,en
Riverside,Family Charity,community,60,Dan,member,en
Riverside,Council,public,90,Eve,member,en
Riverside,Council,public,90,Finn,member,en
Riverside,Council,public,90,Gus,member,en
Riverside,Health Trust,public,90,Hana,member,en
Riverside,Health Trust,public,90,Ivo,member,en
Riverside,Health Trust,public,90,Jo,member,en
Riverside,Riverside Forum,backbone,,Fay,facilitator,en
"""
# What each kind of organisation thinks of the first question, in turn: they part on it.
FIRST = {"community": (1, 2, 1), "public": (5, 4, 5)}
REST = 4
# The first of these buttons that a card has is the one to tap.
WAY = ("join", "start", "show", "rate", "pick", "vote", "skip")
WORDS = {"Yusra": "The meetings are at school pick-up time."}


@dataclass(frozen=True)
class Other:
    """Somebody else, what they think of the first question, and what they say aloud."""

    user: int
    first: int
    words: str = ""


@dataclass
class Circle:
    """Everybody's links by name, and those who are in it without a phone of their own in the story."""

    stage: Stage
    links: dict[str, str]
    others: list[Other] = field(default_factory=list)

    def go_on(self) -> None:
        """All of them tap on, to the end of whatever was put before them."""
        patience, left = time.monotonic() + 2 * PATIENCE, dict.fromkeys(self.others, "")
        while left:
            assert time.monotonic() < patience, self.stage.parley.log[-2000:]
            found = {one: _goes_on(self.stage, one, before) for one, before in left.items()}
            left = {one: acted for one, acted in found.items() if acted is not None}
            time.sleep(0.05)
        self.stage.quiet()

    def told(self) -> str:
        """What the last of them was told last."""
        return str(messages(self.stage, self.others[-1].user)[-1]["text"])


def gathered(stage: Stage, *, on_stage: tuple[str, ...]) -> Circle:
    """All have their link, and all but those on stage have joined."""
    (stage.folder / "roster.csv").write_text(ROSTER, encoding="utf-8")
    rows = [line.split("\t") for line in stage.command("roster", "roster.csv").splitlines() if "\t" in line]
    circle = Circle(stage, {row[1]: row[3] for row in rows})
    for turn, line in enumerate(ROSTER.splitlines()[1:]):
        _, _, kind, _, name, _, _ = line.split(",")
        if name not in on_stage:
            circle.others.append(_started(circle, name, FIRST[kind][turn % 3]))
    circle.go_on()
    return circle


def _started(circle: Circle, name: str, first: int) -> Other:
    sandbox = circle.stage.sandbox
    user = int(sandbox.ask("POST", "users", {"first_name": name, "language_code": "en"})["id"])
    sandbox.ask("POST", f"phones/{user}/start", {"payload": circle.links[name].rpartition("=")[2]})
    return Other(user, first, WORDS.get(name, ""))


def messages(stage: Stage, user: int) -> list[dict[str, Any]]:
    """What stands in somebody's chat with Parley."""
    chats = stage.sandbox.ask("GET", f"phones/{user}")["chats"]
    return next((list(chat["messages"]) for chat in chats if chat["id"] == user), [])


def _goes_on(stage: Stage, one: Other, before: str) -> str | None:
    """One tap or text, and the card it was for; None where the newest asks for none.

    `before` is the card of the last one: while it stands there still, that one is on its way.
    """
    newest = messages(stage, one.user)[-1]
    card = json.dumps([newest["id"], newest["text"], newest["buttons"]])
    if newest["mine"] or card == before:
        return before
    if one.words and "if you like" in newest["text"]:
        stage.sandbox.ask("POST", f"phones/{one.user}/send", {"text": one.words})
        return card
    data = next((data for kind in WAY for data in _data(newest, kind, one)), None)
    if data is None:
        return None
    stage.sandbox.ask("POST", f"phones/{one.user}/tap", {"message_id": newest["id"], "data": data})
    return card


def _data(message: dict[str, Any], kind: str, one: Other) -> list[str]:
    """What the buttons of this kind say; of a rating, only the step they mean."""
    found = [key["data"] for row in message["buttons"] for key in row if key["data"].split(":")[0] == kind]
    if kind != "rate":
        return found
    return [data for data in found if int(data.split(":")[3]) == (one.first if ":0:" in data else REST)]
