"""The outbox: what is to be delivered is a row, written in the transaction that causes it."""

import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Select, exists, func, or_, update
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot import drawing, pace
from bot.pace import Pacer
from bot.telegram import Outcome
from dialogs import reports
from facilitation import groups, members, quiet
from storage.database import Database
from storage.queues import IS_LIVE, IS_LOST, LIVE, WAITING, Outgoing, Pace

LEASE = 60.0
HORIZON = 0.25  # how far ahead the outbox may reserve: what a direct reply has to wait at most
AT_MOST = 12
# What certainly did not arrive is tried until its time is over; what perhaps did, so often and no more, far
# enough apart to outlast an outage.
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0
UNCERTAIN_WAITS: tuple[float, ...] = (2.0, 30.0, 300.0, 1800.0, 7200.0)
LOCKED_OUT = 30.0
BARRED = 1800.0  # the rules of a group are changed by people
REPORT_LASTS = timedelta(days=1)

MOST_UNFIT = 5  # tries of what our own code cannot put together
# Losing one of these would be worse than, rarely, getting it twice; reminders are never sent again.
RESENT = ("invitation", "brief", "digest")


@dataclass(frozen=True)
class Letter:
    """One message to write into the outbox; the same `key` twice is one message.

    `quiet`: the quiet hours it keeps (facilitation/quiet.py). Held up until the night, it waits for the day.
    """

    key: str
    kind: str
    chat: int
    method: str
    payload: dict[str, Any]
    not_before: datetime
    not_after: datetime
    quiet: str = ""


async def put(database: Database, session: AsyncSession, letters: Sequence[Letter]) -> None:
    falls = cache(quiet.falls)  # thousands of letters have a few nights between them
    rows = [
        {
            "key": letter.key,
            "kind": letter.kind,
            "chat": letter.chat,
            "method": letter.method,
            "payload": letter.payload,
            "resend": letter.kind in RESENT,
            "not_before": letter.not_before,
            "not_after": letter.not_after,
            "quiet": letter.quiet,
            "nightfall": falls(letter.quiet, letter.not_before) if letter.quiet else None,
            "state": "pending",
            "tries": 0,
            "uncertain": 0,
            "lease": "",
            "leased_until_s": 0.0,
            "retry_s": 0.0,
            "error": "",
        }
        for letter in letters
    ]
    if rows:
        await session.exec(database.insert(Outgoing).on_conflict_do_nothing(), params=rows)


@dataclass(frozen=True)
class Claimed:
    """A letter for this worker alone until its lease ends; `at` is its moment by our own monotonic clock."""

    row: Outgoing
    at: float


async def claim(database: Database, pacer: Pacer, *, now: datetime, most: int = AT_MOST) -> list[Claimed]:
    """Take what may be sent now: a row each of the chats that are free, as many as the pace allows.

    Other workers claim at the same time: each row goes to one of them, and the budget is the token's row,
    which is held until the claim is committed.
    """
    async with database.writing() as session:
        seconds = await database.machine_seconds(session)
        token = await pace.locked(database, session, pacer.bot, pace.TOKEN)
        start = max(seconds, token.free_s, token.halted_s)
        room = min(most, int((seconds + HORIZON - start) / pacer.gap) + 1)
        if start > seconds + HORIZON or room < 1:
            return []
        await database.by_index(session)
        lease = secrets.token_hex(8)
        # By name, so that it is looked up once: PostgreSQL may look up a bare subquery once a row, each time
        # finding others ready.
        ready = _ready(pacer, seconds=seconds, now=now, room=room).cte("ready")
        taken = (
            update(Outgoing)
            .where(col(Outgoing.id).in_(select(ready.c.id)))
            .values(
                state="sending", lease=lease, leased_until_s=seconds + LEASE, tries=col(Outgoing.tries) + 1
            )
            .returning(Outgoing)
        )
        rows = sorted((await session.exec(taken)).scalars().all(), key=lambda row: row.id)
        return await _paced(database, session, pacer, rows)


def _ready(pacer: Pacer, *, seconds: float, now: datetime, room: int) -> Select[Any]:
    earlier = aliased(Outgoing)
    behind = exists().where(
        col(earlier.chat) == col(Outgoing.chat),
        col(earlier.id) < col(Outgoing.id),
        col(earlier.state).in_(LIVE),
        col(earlier.not_before) <= now,
        # What perhaps arrived and waits for long before it is sent again holds up nothing.
        col(earlier.retry_s) <= seconds + LONGEST_WAIT,
    )
    busy = exists().where(
        col(Pace.bot) == pacer.bot,
        col(Pace.chat) == col(Outgoing.chat),
        col(Pace.free_s) > seconds + HORIZON,
    )
    return (
        select(col(Outgoing.id))
        .where(
            IS_LIVE,
            col(Outgoing.state).in_(WAITING),
            col(Outgoing.retry_s) <= seconds,
            col(Outgoing.not_before) <= now,
            col(Outgoing.not_after) > now,
            or_(col(Outgoing.nightfall).is_(None), col(Outgoing.nightfall) > now),
            ~behind,
            ~busy,
        )
        .order_by(col(Outgoing.id))
        .limit(room)
        .with_for_update(skip_locked=True)
    )


async def _paced(
    database: Database, session: AsyncSession, pacer: Pacer, rows: Sequence[Outgoing]
) -> list[Claimed]:
    moments = await pace.reserve(database, session, pacer, [(row.chat, row.method) for row in rows])
    return [Claimed(row, at) for row, at in zip(rows, moments, strict=True)]


async def finish(database: Database, pacer: Pacer, row: Outgoing, came: Outcome, *, now: datetime) -> str:
    """Write down what came of a claimed row; the result is its new state, "" if the lease was lost."""
    return (await finish_all(database, pacer, [(row, came)], now=now))[0]


async def finish_all(
    database: Database, pacer: Pacer, fates: Sequence[tuple[Outgoing, Outcome]], *, now: datetime
) -> list[str]:
    """The same for several that came back at about the same time, in one commit."""
    async with database.writing() as session:
        seconds = await database.machine_seconds(session)
        # The token's row before any letter's, as a claim does it, or the two could wait for each other.
        for _, came in fates:
            if came.came in ("halted", "locked_out"):
                await pace.halt(database, session, pacer, wait=came.wait or LOCKED_OUT)
        return [await _finish(session, row, came, seconds=seconds, now=now) for row, came in fates]


async def _finish(
    session: AsyncSession, row: Outgoing, came: Outcome, *, seconds: float, now: datetime
) -> str:
    values = decided(row, came, seconds=seconds)
    if not await _still_held(session, row, values):
        return ""
    await _consequences(session, row, came, now=now)
    return str(values["state"])


async def put_back(database: Database, row: Outgoing) -> None:
    """A claimed row that was not sent after all is anybody's again."""
    async with database.writing() as session:
        await _still_held(session, row, {"state": "retry", "tries": row.tries - 1, "retry_s": 0.0})


async def _still_held(session: AsyncSession, row: Outgoing, values: dict[str, Any]) -> bool:
    # A worker that was stopped for longer than its lease must change nothing: somebody else has the row.
    changed = await session.exec(
        update(Outgoing)
        .where(col(Outgoing.id) == row.id, col(Outgoing.lease) == row.lease, col(Outgoing.state) == "sending")
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    return changed.rowcount == 1


async def _consequences(session: AsyncSession, row: Outgoing, came: Outcome, *, now: datetime) -> None:
    """What one letter's fate means for its chat: moved, gone, closed to us, or reached."""
    if came.came == "moved":
        await groups.move(session, old=row.chat, new=came.moved_to)
    elif came.came == "unreachable":
        await _gone(session, row, came.error, now=now)
    elif row.chat < 0 and came.came == "barred":
        await groups.bar(session, chat=row.chat, now=now)
    elif row.chat < 0 and came.came == "sent":
        await groups.reached(session, chat=row.chat)


async def _gone(session: AsyncSession, row: Outgoing, error: str, *, now: datetime) -> None:
    """Nothing more goes to this chat; who is to be told finds it in the database (bot/telling.py)."""
    wanted = select(Outgoing).where(col(Outgoing.chat) == row.chat, col(Outgoing.state).in_(WAITING))
    # Rows another worker holds meet the same answer by themselves.
    for letter in (await session.exec(wanted.with_for_update(skip_locked=True))).all():
        letter.state, letter.resend, letter.error = "dead", False, error
        session.add(letter)
    if row.chat > 0:
        await members.lost(session, account=row.chat, now=now)
    else:
        await groups.lose(session, chat=row.chat, now=now)


def decided(row: Outgoing, came: Outcome, *, seconds: float) -> dict[str, Any]:  # noqa: PLR0911 - one return an outcome
    """What is to become of a row, as data."""
    wait = seconds + min(FIRST_WAIT * 2 ** min(row.tries, 10), LONGEST_WAIT)
    match came.came:
        case "sent":
            message = came.result.get("message_id") if isinstance(came.result, dict) else None
            return {"state": "sent", "message": message, "error": ""}
        case "halted" | "locked_out":  # no fault of this letter's; a halt is the token's
            later = 0.0 if came.came == "halted" else seconds + LOCKED_OUT
            return {"state": "retry", "tries": row.tries - 1, "retry_s": later, "error": came.error}
        case "barred" if row.chat < 0:  # what is for a group waits until it may be written there
            return {"state": "retry", "retry_s": seconds + BARRED, "error": came.error}
        case "moved":
            return {
                "state": "retry",
                "chat": came.moved_to,
                "payload": row.payload | {"chat_id": came.moved_to},
            }
        case "uncertain":
            return _uncertain(row, came.error, seconds=seconds)
        case "unsent":
            return {"state": "retry", "retry_s": wait, "error": came.error}
        case "unfit":
            return _unfit(row, came.error, wait=wait)
    return _dead(came)


def _dead(came: Outcome) -> dict[str, Any]:
    if came.came == "unreachable":  # nobody's fault, and the facilitators see it
        return {"state": "dead", "resend": False, "error": came.error}
    return {"state": "dead", "error": came.error}


def _uncertain(row: Outgoing, error: str, *, seconds: float) -> dict[str, Any]:
    values = {"uncertain": row.uncertain + 1, "error": error}
    if row.resend and row.uncertain < len(UNCERTAIN_WAITS):
        return values | {"state": "retry", "retry_s": seconds + UNCERTAIN_WAITS[row.uncertain]}
    return values | {"state": "dead" if row.resend else "uncertain"}


def _unfit(row: Outgoing, error: str, *, wait: float) -> dict[str, Any]:
    """A fault of ours is reported, whatever its kind; only reports of reports would never end."""
    if row.tries < MOST_UNFIT:
        return {"state": "retry", "retry_s": wait, "error": error}
    return {"state": "dead", "resend": row.kind != "report", "error": error}


async def sweep(database: Database, *, now: datetime, orphaned: bool = False) -> Sequence[Outgoing]:
    """Expire what is stale, and settle what a crashed worker left: its outcome is uncertain.

    `orphaned`: this process is the only one and has just started, so every lease is a dead one's; and if the
    machine was started anew its seconds count from 0 again, so nothing may wait by the old count.
    """
    async with database.writing() as session:
        seconds = await database.machine_seconds(session)
        await session.exec(
            update(Outgoing)
            .where(IS_LIVE, col(Outgoing.state).in_(WAITING), col(Outgoing.not_after) <= now)
            .values(state="expired")
        )
        await _rest(session, now=now)
        if orphaned:
            await session.exec(update(Outgoing).where(IS_LIVE, col(Outgoing.retry_s) > 0).values(retry_s=0.0))
        left = select(Outgoing).where(IS_LIVE, Outgoing.state == "sending")
        if not orphaned:
            left = left.where(col(Outgoing.leased_until_s) < seconds)
        rows = (await session.exec(left.with_for_update(skip_locked=True))).all()
        for row in rows:
            for name, value in _uncertain(row, "a crash", seconds=seconds).items():
                setattr(row, name, value)
            row.lease = ""
            session.add(row)
        return rows


async def _rest(session: AsyncSession, *, now: datetime) -> None:
    """What the night fell on waits for the morning; what would then come too late goes at once."""
    fallen = (IS_LIVE, col(Outgoing.state).in_(WAITING), col(Outgoing.nightfall) <= now)
    found = await session.exec(select(Outgoing.quiet).where(*fallen).distinct())
    for hours in found.all():
        morning = quiet.lifts(hours, now)  # now, if the whole night has passed meanwhile
        these = update(Outgoing).where(*fallen, col(Outgoing.quiet) == hours)
        await session.exec(these.where(col(Outgoing.not_after) <= morning).values(nightfall=None))
        await session.exec(these.values(not_before=morning, nightfall=quiet.falls(hours, morning)))


async def given_up(database: Database, *, operator: int, now: datetime) -> dict[str, int]:
    """How many letters of each kind that should have arrived did not; the operator gets one report an hour.

    Each is counted once: whoever counts it takes its `resend` away. Without an operator only the log tells.
    """
    key = f"undelivered:{now:%Y-%m-%dT%H}"
    lost = select(Outgoing).where(IS_LOST)
    async with database.reading() as session:  # almost always there is nothing to hold a writer up for
        if (await session.exec(lost.limit(1))).first() is None:
            return {}
    async with database.writing() as session:
        told = await session.exec(select(Outgoing.id).where(Outgoing.key == key))
        if operator and told.first() is not None:
            return {}
        rows = (await session.exec(lost.with_for_update(skip_locked=True))).all()
        for row in rows:
            row.resend = False
            session.add(row)
        counted = dict(Counter(row.kind for row in rows))
        if operator and counted:
            method, payload = drawing.sent(reports.undelivered(counted), operator)
            letter = Letter(key, "report", operator, method, payload, now, now + REPORT_LASTS)
            await put(database, session, [letter])
        return counted


async def due(session: AsyncSession, *, now: datetime) -> int:
    """How many rows could still be sent by now."""
    wanted = select(func.count()).select_from(Outgoing).where(IS_LIVE, col(Outgoing.not_before) <= now)
    return (await session.exec(wanted)).one()
