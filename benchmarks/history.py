"""Years of closed rounds, written straight into a database: many partnerships, each asked every week."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import Date, TextClause, bindparam, func, insert, text
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from facilitation import instruments
from storage.columns import Moment
from storage.database import Database
from storage.digests import Digest, Shown
from storage.rounds import Answer, Round, Schedule
from tests import crowd
from tests.cast import OPENS
from tests.crowd import Crowd

INSTRUMENT = "pulse"
PARTNERSHIPS, SEATS, ORGANISED = 90, 20, 5
LARGE = 200  # seats of the one partnership that is measured
ASKED = 5
A_WEEK = (PARTNERSHIPS * SEATS + LARGE) * ASKED  # answers
WEEK = timedelta(days=7)

_TYPES = (bindparam("day", type_=Date), bindparam("at", type_=Moment))
INVITATIONS = text("""
    INSERT INTO invitation (round_id, seat_id, organisation_id, state, questions, seconds, card_item)
    SELECT round.id, seat.id, seat.organisation_id, 'finished', '[]', 80, ''
    FROM round JOIN seat ON seat.partnership_id = round.partnership_id
    WHERE round.local_date = :day AND round.state = 'archived' ORDER BY round.id, seat.id
""").bindparams(_TYPES[0])
ANSWERS = text("""
    INSERT INTO answer (invitation_id, item, about, value, withheld, ticked, update_id, received_at)
    SELECT invitation.id, :code, 0, 1 + (invitation.id * 7) % 5, '', '{}', invitation.id, :at
    FROM round JOIN invitation ON invitation.round_id = round.id
    WHERE round.local_date = :day AND round.state IN ('archived', 'open') ORDER BY invitation.id
    ON CONFLICT DO NOTHING
""").bindparams(*_TYPES)
RESPONSES = text("""
    INSERT INTO response (digest_id, seat_id, kind)
    SELECT digest.id, seat.id, 'same'
    FROM round JOIN digest ON digest.round_id = round.id
    JOIN seat ON seat.partnership_id = round.partnership_id
    WHERE round.local_date = :day AND seat.id % 2 = 0
""").bindparams(_TYPES[0])


async def founded(database: Database) -> Crowd:
    """Everybody seated; the result is the partnership that is measured."""
    for number in range(PARTNERSHIPS):
        await crowd.seated(database, SEATS, first=crowd.FIRST + 1000 + number * SEATS, seats=ORGANISED)
    return await crowd.seated(database, LARGE, first=crowd.FIRST, seats=ORGANISED * 2)


async def lived(database: Database, weeks: int) -> int:
    """So many weeks of rounds, the last of them a week ago; the result is how many answers there are."""
    for number in range(1, weeks + 1):
        async with database.writing() as session:
            await _week(session, OPENS - WEEK * (weeks + 1 - number), number)
    await _settled_down(database)
    async with database.reading() as session:
        return (await session.exec(select(func.count()).select_from(Answer))).one()


async def answered(session: AsyncSession, opens: datetime) -> None:
    """Everybody who has not answered the round that opened then does so."""
    asked = select(Round.instrument).where(Round.state == "open", Round.local_date == opens.date())
    for code in asked_of((await session.exec(asked)).one()):
        await _tell(session, ANSWERS, day=opens.date(), code=code, at=opens)


async def _settled_down(database: Database) -> None:
    """What PostgreSQL does by itself once a minute or so; SQLite does nothing of the kind."""
    if not database.sqlite:
        async with database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            await connection.execute(text("VACUUM ANALYZE"))


async def _week(session: AsyncSession, opens: datetime, number: int) -> None:
    asked = instruments.frozen(INSTRUMENT, number)
    schedules = (await session.exec(select(Schedule.id, Schedule.partnership_id))).all()
    rows = [_round(*ids, asked, opens=opens, number=number) for ids in schedules]
    await session.exec(insert(Round), params=rows)
    day = opens.date()
    await _tell(session, INVITATIONS, day=day)
    codes = asked_of(asked)
    for code in codes:
        await _tell(session, ANSWERS, day=day, code=code, at=opens)
    found = (await session.exec(select(Round.id, Round.partnership_id).where(Round.local_date == day))).all()
    facts = _facts(asked)
    rows = [{"round_id": one, "partnership_id": of, "facts": facts, "made_at": opens} for one, of in found]
    await session.exec(insert(Digest), params=rows)
    shown = {"cells_version": 1, "least": 5, "most": 9, "value": 3.2}
    await session.exec(
        insert(Shown), params=[{"round_id": one, "item": code, **shown} for one, _ in found for code in codes]
    )
    await _tell(session, RESPONSES, day=day)


def asked_of(instrument: Mapping[str, Any]) -> list[str]:
    """The codes of the questions of a round that are answered here."""
    return [item["code"] for item in instrument["items"] if item["kind"] != "text"][:ASKED]


async def _tell(session: AsyncSession, statement: TextClause, **values: object) -> None:
    await (await session.connection()).execute(statement, values)


def _round(
    schedule: int, partnership: int, asked: dict[str, Any], *, opens: datetime, number: int
) -> dict[str, Any]:
    closes = datetime.combine(opens.date() + timedelta(days=3), time(17), opens.tzinfo)
    moments = dict.fromkeys(("reminds_at", "reminds_again_at", "brief_at", "digest_at"), closes)
    return {
        "schedule_id": schedule,
        "partnership_id": partnership,
        "local_date": opens.date(),
        "number": number,
        "instrument": asked,
        "state": "archived",
        "reason": "",
        "opens_at": opens,
        "closes_at": closes,
        "reminded": 2,
        "rested": [],
        "briefed_at": closes,
    } | moments


def _facts(asked: dict[str, Any]) -> dict[str, Any]:
    """As large as those of a small partnership's digest."""
    items = [{"code": one["code"], "total": {"mean": 3.2, "least": 5, "most": 9}} for one in asked["items"]]
    words = {one["code"]: one["wording"] for one in asked["items"]}
    owed: dict[str, Any] = {"owed": [], "replied": [], "alone": None, "withheld": 0}
    return {"items": items, "wordings": words, "quotes": [], "owed": owed}
