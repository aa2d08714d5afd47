"""Rounds of any questionnaire, answered straight in the database: how people answer is tested elsewhere."""

from collections.abc import Mapping
from datetime import datetime
from itertools import count
from typing import Any

from sqlmodel import col, select

from facilitation import instruments
from storage.database import Database
from storage.members import Member, Seat
from storage.rounds import Answer, Round, Schedule
from tests.cast import CLOSES, OPENS, Cast
from tests.facilitation.turning import all_rounds, digest_of, invitation_of, plan, turn

UPDATES = count(1)


async def opened(database: Database, cast: Cast, instrument: str, *, now: datetime = OPENS) -> int:
    """The cast's schedule asks this from now on, with a lead seat in each organisation; its open round."""
    leads = [accounts[0] for accounts in cast.accounts.values()]
    async with database.writing() as session:
        (await session.get_one(Schedule, cast.schedule.id)).instrument = instrument
        wanted = select(Seat).join(Member, col(Member.id) == col(Seat.member_id))
        for seat in (await session.exec(wanted.where(col(Member.account).in_(leads)))).all():
            seat.lead = True
            session.add(seat)
    await plan(database, now=now)
    await turn(database, now=now)
    return next(one.id for one in reversed(await all_rounds(database)) if one.state == "open")


async def asks_also(database: Database, round_id: int, *items: Mapping[str, Any]) -> None:
    """The open round asks these items too."""
    async with database.writing() as session:
        round_ = await session.get_one(Round, round_id)
        round_.instrument = round_.instrument | {"items": [*round_.instrument["items"], *items]}
        instruments.parsed(round_.instrument)
        session.add(round_)


def item(code: str, kind: str, **parts: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever a kind needs
    wordings = {"wording": {"en": f"About {code}?"}, "why": {"en": "To know."}}
    return {"code": code, "kind": kind, "construct": "Five barriers"} | wordings | parts


async def gives(
    database: Database,
    account: int,
    round_id: int,
    code: str,
    *,
    value: int | None = None,
    text: str | None = None,
    shown_as: str | None = None,
) -> int:
    """One member's answer to one item; its id."""
    invitation = await invitation_of(database, account, round_id)
    async with database.writing() as session:
        answer = Answer(
            invitation_id=invitation.id,
            item=code,
            value=value,
            text=text,
            shown_as=shown_as,
            update_id=next(UPDATES),
            received_at=OPENS,
        )
        session.add(answer)
        await session.flush()
        return answer.id


async def closed(database: Database, round_id: int, *, now: datetime = CLOSES) -> dict[str, Any]:
    """The facts of the round's digest, frozen and not yet sent."""
    await turn(database, now=now)
    return (await digest_of(database, round_id)).facts
