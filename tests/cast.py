"""The same small cast everywhere: Riverside, its organisations, and the people named by role."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from sqlmodel import col, select

from facilitation import invites, members, planning
from storage.database import Database
from storage.members import Member, Seat
from storage.partnerships import Organisation, Partnership
from storage.rounds import Schedule

MONDAY = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
OPENS = datetime(2026, 11, 3, 10, 0, tzinfo=UTC)
REMINDS = datetime(2026, 11, 5, 10, 0, tzinfo=UTC)
CLOSES = datetime(2026, 11, 6, 17, 0, tzinfo=UTC)
BRIEF = datetime(2026, 11, 9, 8, 0, tzinfo=UTC)
DIGEST = datetime(2026, 11, 9, 9, 0, tzinfo=UTC)

# Each organisation with its kind and seats: two large, three small ones that share a cell, and the backbone.
ORGANISATIONS = {
    "council": ("public", 5),
    "health_trust": ("public", 4),
    "family_charity": ("community", 2),
    "youth_centre": ("community", 2),
    "refugee_group": ("community", 2),
    "forum": ("backbone", 1),
}


@dataclass(frozen=True)
class Cast:
    """Accounts are Telegram ids: a list of them an organisation."""

    partnership: Partnership
    schedule: Schedule
    organisations: dict[str, Organisation]
    accounts: dict[str, list[int]]

    @property
    def facilitator(self) -> int:
        return self.accounts["forum"][0]

    @property
    def members(self) -> list[int]:
        return [
            account for name, accounts in self.accounts.items() if name != "forum" for account in accounts
        ]


async def seated(database: Database, *, first_account: int = 1000, name: str = "Riverside") -> Cast:
    """Store the partnership with a weekly pulse, everybody joined by invite, and the next rounds planned."""
    async with database.writing() as session:
        partnership = Partnership(name=name, timezone="Europe/London", created_at=MONDAY)
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
        session.add(schedule)
        organisations, accounts, account = {}, {}, first_account
        for title, (kind, seats) in ORGANISATIONS.items():
            organisation = Organisation(
                partnership_id=partnership.id, name=title.replace("_", " ").title(), kind=kind
            )
            session.add(organisation)
            await session.flush()
            organisations[title] = organisation
            accounts[title] = list(range(account, account + seats))
            account += seats
            for one in accounts[title]:
                role = "facilitator" if kind == "backbone" else "member"
                invite, _ = invites.make(
                    organisation, role=role, name=f"Person {one}", language="en", now=MONDAY
                )
                session.add(invite)
                await session.flush()
                await invites.join(session, invite, account=one, language="en", now=MONDAY)
        await session.flush()
        await planning.plan(session, schedule.id, now=MONDAY)
    return Cast(partnership, schedule, organisations, accounts)


async def found(database: Database) -> Cast:
    """The cast that `seated` stored in a database of its own."""
    async with database.reading() as session:
        partnership = (await session.exec(select(Partnership))).one()
        schedule = (await session.exec(select(Schedule))).one()
        stored = (await session.exec(select(Organisation).order_by(col(Organisation.id)))).all()
        held = select(Seat.organisation_id, Member.account).join(Member, col(Member.id) == Seat.member_id)
        seats = (await session.exec(held.order_by(col(Member.account)))).all()
    organisations = dict(zip(ORGANISATIONS, stored, strict=True))
    accounts = {
        title: [account for organisation_id, account in seats if organisation_id == one.id and account]
        for title, one in organisations.items()
    }
    return Cast(partnership, schedule, organisations, accounts)


async def member_of(database: Database, account: int) -> Member | None:
    async with database.reading() as session:
        return await members.of(session, account=account)


async def seat_of(database: Database, account: int) -> Seat:
    async with database.reading() as session:
        return (await members.sittings(session, account=account))[0].seat


async def changed(database: Database, cast: Cast, **values: object) -> None:
    """As a facilitator's edit leaves the schedule: other values; the plan is not made anew yet."""
    async with database.writing() as session:
        schedule = await session.get_one(Schedule, cast.schedule.id)
        for name, value in values.items():
            setattr(schedule, name, value)
        session.add(schedule)
