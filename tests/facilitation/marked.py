"""One person with something of theirs in every table that can hold it, each piece with a mark of its own."""

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import count
from typing import Any

from sqlmodel import SQLModel, col, select

from facilitation import erasure
from storage.database import Database
from storage.digests import Response
from storage.members import Invite, Roster, Seat
from storage.queues import Incoming, Outgoing, Pace
from storage.raised import Raised
from storage.rounds import Awaited, Promise
from tests.cast import CLOSES, MONDAY, OPENS, Cast
from tests.facilitation.turning import answer, digest_of, invitation_of, step, write

DAY = timedelta(days=1)
NUMBERS = count(50)


def mark(account: int, kind: str) -> str:
    """Words that nobody else uses."""
    return f"planted {kind} {account} planted"


async def lived(database: Database, cast: Cast, accounts: list[int], *, round_id: int) -> None:
    """They answer the open round, which then closes and is frozen with their quotes, and leave a mark
    wherever one can be left.
    """
    for account in accounts:
        await answer(database, account, round_id, {0: 4, 1: 2}, now=OPENS)
        await write(database, account, round_id, mark(account, "quote"), shown_as=1, now=OPENS)
    await step(database, "close", round_id, now=CLOSES)
    await step(database, "freeze", round_id, now=CLOSES)
    for account in accounts:
        await planted(database, cast, account, round_id=round_id)


async def planted(database: Database, cast: Cast, account: int, *, round_id: int) -> None:
    part = await invitation_of(database, account, round_id)
    digest = await digest_of(database, round_id)
    async with database.writing() as session:
        seat = await session.get_one(Seat, part.seat_id)
        invite = await session.get_one(Invite, seat.invite_id)
        seat.name = invite.name = mark(account, "name")
        rows: list[SQLModel] = [
            Promise(
                schedule_id=cast.schedule.id,
                round_id=round_id,
                seat_id=seat.id,
                text=mark(account, "promise"),
                made_at=OPENS,
            ),
            Response(digest_id=digest.id, seat_id=seat.id, kind="word", text=mark(account, "response")),
            Raised(
                partnership_id=seat.partnership_id,
                seat_id=seat.id,
                text=mark(account, "raised"),
                shown_as="quoted",
                words=mark(account, "reply"),
                raised_at=OPENS,
            ),
            Awaited(chat=account, kind="item", about=part.id, item=mark(account, "awaited")),
            Roster(
                partnership_id=seat.partnership_id,
                account=account,
                people=[{"name": mark(account, "roster")}],
                filed_at=OPENS,
            ),
            Pace(bot=42, chat=account),
            *_updates(account),
            *_letters(account, cast),
        ]
        session.add_all([seat, invite, *rows])


def _updates(account: int) -> list[Incoming]:
    """A parked one, one that is done and kept its words, and the one that is being handled."""
    states = ("parked", "done", "new")
    return [
        Incoming(
            bot=42,
            update_id=next(NUMBERS),
            chat=account,
            received_at=OPENS,
            payload=mark(account, f"update {state}"),
            awaited={"kind": mark(account, "answers")},
            state=state,
        )
        for state in states
    ]


def _letters(account: int, cast: Cast) -> list[Outgoing]:
    """Letters to this person in each state, and to another member of the partnership, with their words."""
    other = cast.facilitator
    own = [(account, state, "own") for state in ("pending", "sent", "uncertain")]
    others = [(other, state, "quote") for state in ("pending", "retry", "sent", "dead")]
    return [
        Outgoing(
            key=f"letter:{next(NUMBERS)}",
            kind="note",
            chat=chat,
            method="sendMessage",
            payload={"chat_id": chat, "text": f"Said: “{mark(account, kind)}” and more."},
            not_before=MONDAY,
            not_after=MONDAY + 30 * DAY,
            state=state,
        )
        for chat, state, kind in [*own, *others]
    ]


async def forget(database: Database, account: int) -> None:
    """They ask to be forgotten, in the update of theirs that is not handled yet."""
    async with database.writing() as session:
        wanted = col(Incoming.chat) == account, col(Incoming.state) == "new"
        update_id = (await session.exec(select(Incoming.update_id).where(*wanted))).one()
        await erasure.forget(session, account=account, update_id=update_id, now=MONDAY)


async def everything(database: Database) -> dict[str, Sequence[Mapping[Any, Any]]]:
    """Every row of every table, by the table's name."""
    found: dict[str, Sequence[Mapping[Any, Any]]] = {}
    async with database.engine.execution_options(reading=True).connect() as connection:
        for name, table in SQLModel.metadata.tables.items():
            rows = (await connection.execute(table.select())).mappings().all()
            found[name] = [dict(row) for row in rows]
    return found


async def found_in(database: Database, *marks: str) -> list[str]:
    """Every "table.column" that holds one of these marks anywhere in it."""
    wanted = re.compile("|".join(map(re.escape, marks)))
    return sorted(
        f"{name}.{column}"
        for name, rows in (await everything(database)).items()
        for row in rows
        for column, value in row.items()
        if wanted.search(str(value))
    )
