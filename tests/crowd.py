"""A partnership far larger than the cast, written straight into the database, with a phone for each seat."""

import http.client
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlsplit

from sqlmodel import select

from facilitation import planning
from storage.database import Database
from storage.members import Member, Seat
from storage.partnerships import Organisation, Partnership
from storage.rounds import Invitation, Schedule
from tests.cast import MONDAY
from tests.sandbox_process import Sandbox

FIRST = 500_000


@dataclass(frozen=True)
class Crowd:
    partnership: int
    schedule: int
    accounts: Sequence[int]


async def seated(database: Database, size: int, *, first: int = FIRST, seats: int = 25) -> Crowd:
    """`size` members in organisations of `seats` each, and a weekly pulse from 3 November 2026, 10:00."""
    accounts = range(first, first + size)
    async with database.writing() as session:
        partnership = Partnership(name="Estuary", timezone="Europe/London", created_at=MONDAY)
        session.add(partnership)
        await session.flush()
        schedule = Schedule(
            partnership_id=partnership.id,
            instrument="pulse",
            rule="FREQ=WEEKLY;BYDAY=TU",
            starts=date(2026, 11, 3),
            started_at=MONDAY,
            created_at=MONDAY,
        )
        organisations = [
            Organisation(partnership_id=partnership.id, name=f"Group {number}", kind="community")
            for number in range(1 + (size - 1) // seats)
        ]
        people = [Member(account=account, created_at=MONDAY) for account in accounts]
        session.add_all([schedule, *organisations, *people])
        await session.flush()
        session.add_all(
            Seat(
                member_id=member.id,
                organisation_id=organisations[place // seats].id,
                partnership_id=partnership.id,
                role="member",
                consent_version="2026-11",
                consented_at=MONDAY,
            )
            for place, member in enumerate(people)
        )
        await session.flush()
        await planning.plan(session, schedule.id, now=MONDAY)
        return Crowd(partnership.id, schedule.id, accounts)


def phones(sandbox: Sandbox, accounts: Sequence[int]) -> None:
    """A phone for each account, with the bot's chat started; the updates that makes are dropped."""
    where = urlsplit(sandbox.url)
    connection = http.client.HTTPConnection(str(where.hostname), where.port, timeout=60)

    def ask(path: str, body: object) -> None:
        connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        said = answer.read()
        assert answer.status == 200, said

    for account in accounts:
        ask(f"/control/users?bot={sandbox.bot_id}", {"id": account, "first_name": f"Person {account}"})
        ask(f"/control/phones/{account}/start?bot={sandbox.bot_id}", {})
    ask(f"/bot{sandbox.token}/deleteWebhook", {"drop_pending_updates": True})
    connection.close()


async def invitations_of(database: Database) -> dict[int, int]:
    """Each account's newest invitation."""
    async with database.reading() as session:
        wanted = (
            select(Member.account, Invitation.id)
            .join(Seat, Seat.member_id == Member.id)  # type: ignore[arg-type]  # a column, in a class
            .join(Invitation, Invitation.seat_id == Seat.id)  # type: ignore[arg-type]  # a column, in a class
            .order_by(Invitation.id)  # type: ignore[arg-type]  # a column, in a class
        )
        return {account or 0: number for account, number in (await session.exec(wanted)).all()}
