"""A round with a question of every kind, for one member of the refugee group."""

from dataclasses import dataclass
from typing import Any

from sqlmodel import col, select

from facilitation import instruments
from storage.database import Database
from storage.rounds import Invitation, Promise, Round
from tests.cast import MONDAY, OPENS, Cast, seat_of
from tests.facilitation.turning import all_rounds, invitation_of, turn

ENDS: dict[str, Any] = {"low": {"en": "not at all"}, "high": {"en": "clearly"}}


def item(code: str, kind: str, wording: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - any part of an item
    told = {"code": code, "kind": kind, "construct": "test", "wording": {"en": wording}}
    return told | {"why": {"en": f"Why {code} is asked."}} | more


def options(*words: str) -> list[dict[str, str]]:
    return [{"en": word} for word in words]


EVERY: dict[str, Any] = {
    "name": "every",
    "version": 1,
    "shown_as": "confidential",
    "title": {"en": "every kind"},
    "items": [
        item("voice", "scale", "Our view changed a decision.", **ENDS),
        item("voice_others", "guess", "What do you think most others here answered?", of="voice"),
        item("say_no", "directed", "Could you say no to them?", **ENDS, shown_as="organisation"),
        item("step", "agree", "We should meet in the evening."),
        item("pace", "choice", "How fast should we go?", options=options("Slower", "As now", "Faster")),
        item(
            "needs", "choice", "What do you need?", options=options("Time", "Money", "A room"), several=True
        ),
        item("hours", "number", "How many hours did this take?", least=0, most=2000),
        item("kept_word", "promise", "How did it go?"),
        item("plan", "text", "What will you do?", promises=True),
        item("aloud", "text", "What should be said aloud?", shown_as="open"),
    ],
}
CODES = [one["code"] for one in EVERY["items"]]
# Where each stands among this member's questions: "say_no" is asked about two organisations.
VOICE, GUESS, COUNCIL, TRUST, STEP, PACE, NEEDS, HOURS, KEPT_WORD, PLAN, ALOUD = range(11)


@dataclass(frozen=True)
class Asked:
    account: int
    round_id: int
    invitation: int
    council: int
    trust: int
    promise: int


async def opened(database: Database, cast: Cast, content: dict[str, Any] = EVERY) -> Asked:
    """The first round, asking all of this; the member once promised to translate a letter."""
    assert instruments.parsed(content).items
    await turn(database, now=OPENS)
    first, later = (await all_rounds(database))[:2]
    account = cast.accounts["refugee_group"][0]
    mine, seat = await invitation_of(database, account, first.id), await seat_of(database, account)
    council, trust = cast.organisations["council"].id, cast.organisations["health_trust"].id
    async with database.writing() as session:
        made = Promise(
            schedule_id=first.schedule_id,
            round_id=later.id,
            seat_id=seat.id,
            text="translate the letter",
            made_at=MONDAY,
        )
        session.add(made)
        await session.flush()
        about = {"say_no": (council, trust), "kept_word": (made.id,)}
        codes = [one["code"] for one in content["items"]]
        (await session.get_one(Round, first.id)).instrument = content
        (await session.get_one(Invitation, mine.id)).questions = [
            (code, one) for code in codes for one in about.get(code, (0,))
        ]
        # The others are asked every item once.
        others = await session.exec(select(Invitation).where(col(Invitation.id) != mine.id))
        for other in others.all():
            other.questions = []
    return Asked(account, first.id, mine.id, council, trust, made.id)


async def promises_of(database: Database, round_id: int) -> list[str]:
    async with database.reading() as session:
        return list((await session.exec(select(Promise.text).where(Promise.round_id == round_id))).all())


async def outcome_of(database: Database, promise: int) -> str:
    async with database.reading() as session:
        return (await session.get_one(Promise, promise)).outcome
