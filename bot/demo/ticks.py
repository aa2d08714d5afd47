"""What people believe they answered, by what they tapped and typed, beside what Parley keeps of it.

Left out is what no two sides of it exist: a question passed by, and words that went elsewhere than into a
round (/raise, a digest), for those are no answer to a question.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.demo.cast import INSTRUMENT
from dialogs import questions
from dialogs.cards import short
from facilitation import instruments
from facilitation.instruments import Item, said
from storage.members import Member, Seat
from storage.partnerships import Organisation
from storage.rounds import Answer, Invitation, Round

Json = dict[str, Any]
Key = tuple[int, int, str, int]  # account, round's number, item's code, the organisation it is about or 0
Given = int | tuple[str, str]  # a value as it is stored, or words and how they may be shown

VOTES = {"Agree": 1, "Disagree": -1, "Pass": 0}
OUTCOMES = {"Done": 1, "Partly": 2, "Blocked": 3}
WAYS = {
    "Quoted, no name": "quoted",
    "Someone at our organisation": "organisation",
    "With my name": "named",
    "Facilitator only, no name": "facilitator",
    "": "",
}
TOLD = 60


@cache
def asked() -> Mapping[str, Item]:
    """Whatever the pulse asks in some round, by its code."""
    pulse = instruments.parsed(instruments.raw(INSTRUMENT))
    return {item.code: item for item in (*pulse.items, *pulse.bank)}


def ticked(report: Json, organisations: Mapping[str, int]) -> dict[Key, Given]:
    """What people believe they have answered, by the wording on the card they answered on."""
    found: dict[Key, Given] = {}
    for tick in report["ticked"]:
        item = _item(tick["question"])
        given = _given(item, tick) if item else None
        if item and given is not None:
            about = organisations.get(_subject(item, tick["question"]), 0)
            found[tick["user"], tick["week"] + 1, item.code, about] = given
    return found


def _item(question: str) -> Item | None:
    """The item asked on a card: a guess quotes another below itself, so the first wording counts."""
    places = {item.code: question.find(item.wording["en"]) for item in asked().values()}
    there = [code for code, place in places.items() if place >= 0]
    return asked()[min(there, key=lambda code: places[code])] if there else None


def _subject(item: Item, question: str) -> str:
    return question.partition(item.wording["en"])[0].strip().removeprefix("you and ")


def _given(item: Item, tick: Json) -> Given | None:
    match item.kind:
        case "agree":
            return VOTES[tick["label"]]
        case "promise":
            return OUTCOMES[tick["label"]]
        case "choice":
            return _chosen(item, [tick["label"]] if tick["chosen"] is None else tick["chosen"])
        case "number":
            # Parley takes a message with one number in it, and so this is what was meant.
            return next(map(int, re.findall(r"-?\d+", tick["words"])), None)
        case "text":
            return tick["words"], WAYS[tick["label"]]
    return int(tick["value"])


def _chosen(item: Item, labels: Iterable[str]) -> int | None:
    """Options chosen, told by what their buttons say; None where all were taken back."""
    places = {short(said(option, "en"), questions.BESIDE): place for place, option in enumerate(item.options)}
    return sum(1 << places[label] for label in labels) or None


async def organisations(session: AsyncSession) -> dict[str, int]:
    return dict((await session.exec(select(Organisation.name, Organisation.id))).all())


async def stored(session: AsyncSession, accounts: Iterable[int]) -> dict[Key, Given]:
    """The answers of these people, as Parley keeps them."""
    wanted = (
        select(Member.account, Round.number, Answer)
        .join(Seat, col(Seat.member_id) == col(Member.id))
        .join(Invitation, col(Invitation.seat_id) == col(Seat.id))
        .join(Round, col(Round.id) == col(Invitation.round_id))
        .join(Answer, col(Answer.invitation_id) == col(Invitation.id))
        .where(
            col(Member.account).in_(list(accounts)),
            col(Answer.value).is_not(None) | col(Answer.text).is_not(None),
        )
    )
    return {
        (account, number, answer.item, answer.about): _kept(answer)
        for account, number, answer in (await session.exec(wanted)).all()
        if account is not None
    }


def _kept(answer: Answer) -> Given:
    return answer.value if answer.value is not None else (answer.text or "", answer.shown_as or "")


def differences(on_phones: Mapping[Key, Given], kept: Mapping[Key, Given]) -> list[str]:
    """Every answer that was ticked and not stored so, or stored and not ticked, in words."""
    return [
        f"phone {key[0]}, round {key[1]}, {key[2]}{f' about {key[3]}' if key[3] else ''}:"
        f" ticked {_told(on_phones.get(key))}, stored {_told(kept.get(key))}"
        for key in sorted(on_phones.keys() | kept.keys())
        if on_phones.get(key) != kept.get(key)
    ]


def _told(given: Given | None) -> str:
    if not isinstance(given, tuple):
        return str(given)
    words, shown = given
    return f"{short(repr(words), TOLD)} ({len(words)} letters, {shown or 'not said how shown'})"


def compared(on_phones: Iterable[Key]) -> dict[str, int]:
    """How many answers of each kind people believe in."""
    return dict(Counter(_kinds(on_phones)))


def _kinds(keys: Iterable[Key]) -> Iterator[str]:
    for _, _, code, _ in keys:
        item = asked()[code]
        yield "several" if item.several else item.kind
