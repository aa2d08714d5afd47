"""Founding a partnership by a link from the operator, and how far setting it up has come."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from facilitation import coming, facilitators, invites, members, partnerships
from facilitation.refusals import Refusal
from storage.members import Founding, Invite, Member, Seat
from storage.partnerships import Organisation, Partnership
from storage.rounds import Schedule

LASTS = timedelta(days=7)
BACKBONE = "backbone"
FACILITATOR = "facilitator"
TIMEZONE = "Europe/London"  # until somebody says otherwise


class FoundingUsed(Refusal):
    """This link has been used. Each one founds one partnership. Ask whoever runs this server for a new one;
    it takes them a moment.
    """


class FoundingExpired(Refusal):
    """This link is too old to be used: each one works for seven days. Ask whoever runs this server for a new
    one.
    """


@dataclass(frozen=True)
class Progress:
    """How far setting a partnership up has come."""

    partnership: Partnership
    organisations: int  # partners, without the backbone
    people: int  # who have joined them
    invited: bool  # somebody of a partner has joined, or a link for one is out
    scheduled: bool
    drafted: bool  # something is planned, started or not
    opens: datetime | None  # the next round

    @property
    def next_step(self) -> str:
        """partners, danger, links or plans; "" when all is set."""
        left = {
            "partners": self.organisations,
            "danger": self.partnership.danger,
            "links": self.invited,
            "plans": self.scheduled,
        }
        return next((step for step, done in left.items() if not done), "")


def make(*, now: datetime) -> tuple[Founding, str]:
    """A founding that is good for a week, and the secret for its link (192 bits; never stored)."""
    secret = secrets.token_urlsafe(24)
    return Founding(secret_hash=invites.hashed(secret), expires_at=now + LASTS), secret


def ended_before(moment: datetime) -> tuple[ColumnElement[bool], ...]:
    """What holds for a link that ended so long ago, used or not."""
    return (col(Founding.expires_at) < moment,)


async def by_secret(session: AsyncSession, secret: str) -> Founding | None:
    return (
        await session.exec(select(Founding).where(Founding.secret_hash == invites.hashed(secret)))
    ).first()


def check(founding: Founding, *, now: datetime) -> None:
    """Whether it still founds. Raises FoundingUsed, FoundingExpired."""
    if founding.used_at is not None:
        raise FoundingUsed
    if founding.expires_at <= now:
        raise FoundingExpired


async def found(
    session: AsyncSession,
    founding: Founding,
    *,
    account: int,
    name: str,
    called: str,
    language: str,
    runs_server: bool,
    now: datetime,
) -> Partnership:
    """Found a partnership: it is there at once, with `account` (who is `called` so) as its facilitator.

    Raises NameMissing, NameTooLong, FoundingUsed, FoundingExpired.
    """
    name = partnerships.named(name)
    check(founding, now=now)
    # Two phones may hold the same link: only one gets past this statement.
    used = await session.exec(
        update(Founding)
        .where(col(Founding.id) == founding.id, col(Founding.used_at).is_(None))
        .values(used_at=now)
    )
    if used.rowcount != 1:
        raise FoundingUsed
    partnership = Partnership(
        name=name,
        timezone=TIMEZONE,
        language=language,
        facilitator_runs_server=runs_server,
        created_at=now,
    )
    session.add(partnership)
    await session.flush()
    # Until they say where they work, their organisation is called as the partnership is.
    backbone = Organisation(partnership_id=partnership.id, name=name, kind=BACKBONE)
    session.add(backbone)
    await session.flush()
    member = await members.of(session, account=account) or await members.add(
        session, account=account, language=language, now=now
    )
    session.add(_seat(member, backbone, called=called, now=now))
    await session.flush()
    return partnership


def _seat(member: Member, backbone: Organisation, *, called: str, now: datetime) -> Seat:
    return Seat(
        member_id=member.id,
        organisation_id=backbone.id,
        partnership_id=backbone.partnership_id,
        role=FACILITATOR,
        name=called,
        consent_version=invites.CONSENT,
        consented_at=now,
    )


async def name_backbone(session: AsyncSession, partnership: Partnership, *, account: int, name: str) -> None:
    """Say for which organisation a facilitator works. Raises NameMissing, NameTooLong, NotYours."""
    backbone = await facilitators.organisation(session, partnership.id, account=account)
    backbone.name = partnerships.named(name)
    session.add(backbone)


async def progress(session: AsyncSession, partnership: Partnership, *, now: datetime) -> Progress:
    organisations, people = await _counted(session, partnership.id)
    return Progress(
        partnership,
        organisations,
        people,
        invited=bool(people) or await _link_out(session, partnership.id, now=now),
        scheduled=await _planned(session, partnership.id, col(Schedule.started_at).is_not(None)),
        drafted=await _planned(session, partnership.id),
        opens=await coming.next_opening(session, partnership.id, now),
    )


async def _counted(session: AsyncSession, partnership_id: int) -> tuple[int, int]:
    """How many partners there are, and how many people in them have joined."""
    wanted = (
        select(func.count(col(Organisation.id).distinct()), func.count(col(Seat.id)))
        .join(
            Seat,
            (col(Seat.organisation_id) == col(Organisation.id)) & col(Seat.left_at).is_(None),
            isouter=True,
        )
        .where(
            Organisation.partnership_id == partnership_id,
            Organisation.kind != BACKBONE,
            col(Organisation.removed_at).is_(None),
        )
    )
    organisations, people = (await session.exec(wanted)).one()
    return organisations, people


async def _link_out(session: AsyncSession, partnership_id: int, *, now: datetime) -> bool:
    wanted = (
        select(Invite.id)
        .join(Organisation, col(Organisation.id) == col(Invite.organisation_id))
        .where(
            Invite.partnership_id == partnership_id,
            Organisation.kind != BACKBONE,
            Invite.role == "member",
            col(Invite.revoked_at).is_(None),
            col(Invite.expires_at) > now,
        )
    )
    return (await session.exec(wanted.limit(1))).first() is not None


async def _planned(session: AsyncSession, partnership_id: int, *more: ColumnElement[bool]) -> bool:
    wanted = select(Schedule.id).where(
        Schedule.partnership_id == partnership_id, col(Schedule.deleted_at).is_(None), *more
    )
    return (await session.exec(wanted.limit(1))).first() is not None
