"""Rounds: planned from their schedule, opened, closed, published, or skipped with a reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from facilitation import cells, instruments, planning, quiet
from storage.digests import Digest
from storage.members import Member, Seat
from storage.partnerships import Organisation, Partnership
from storage.rounds import Answer, Invitation, Round, Schedule

TOO_LATE = timedelta(hours=36)

MISSED = "missed"
NOBODY = "nobody"

plan, schedules = planning.plan, planning.schedules
awake, considerate, reminds_until = quiet.awake, quiet.considerate, quiet.reminds_until


@dataclass(frozen=True)
class Asked:
    """One seat to be asked, and where it can be reached (no account: it cannot)."""

    invitation: Invitation
    account: int | None
    organisation: str


@dataclass(frozen=True)
class Opened:
    round: Round
    partnership: Partnership
    asked: tuple[Asked, ...]


async def due(session: AsyncSession, now: datetime) -> list[tuple[str, int]]:
    """What is to be done with which round by now, as (verb, round id), in the order it fell due."""
    wanted = (
        select(Round, col(Digest.id).is_not(None))
        .join(Digest, col(Digest.round_id) == col(Round.id), isouter=True)
        .where(col(Round.state).in_(("planned", "open", "closing")))
        .order_by(col(Round.opens_at))
    )
    found = (await session.exec(wanted)).all()
    steps = [(_step(round_, now, frozen=frozen), round_.id) for round_, frozen in found]
    return [(step, round_id) for step, round_id in steps if step is not None]


def _step(round_: Round, now: datetime, *, frozen: bool) -> str | None:  # noqa: PLR0911 - one return a step
    match round_.state:
        case "planned" if round_.opens_at <= now:
            return "open"
        case "open" if round_.closes_at <= now:
            return "close"
        case "open" if round_.reminds_at <= now and round_.reminded == 0:
            return "remind"
        case "closing" if not frozen:
            return "freeze"
        # However late it is, the facilitators read first, and what was said for them is not lost.
        case "closing" if round_.brief_at <= now and round_.briefed_at is None:
            return "brief"
        case "closing" if round_.digest_at <= now:
            return "publish"
    return None


async def next_moment(session: AsyncSession, now: datetime) -> datetime | None:
    """The next calendar moment at which a round needs something."""
    wanted = select(Round).where(col(Round.state).in_(("planned", "open", "closing")))
    moments = [moment for round_ in (await session.exec(wanted)).all() for moment in _moments(round_)]
    return min((moment for moment in moments if moment > now), default=None)


def _moments(round_: Round) -> tuple[datetime, ...]:
    if round_.state == "planned":
        return (round_.opens_at,)
    if round_.state == "open":
        return (round_.closes_at,) if round_.reminded else (round_.reminds_at, round_.closes_at)
    return (round_.digest_at,) if round_.briefed_at else (round_.brief_at, round_.digest_at)


def is_open(round_: Round, now: datetime) -> bool:
    return round_.state == "open" and now < round_.closes_at


async def locked(session: AsyncSession, round_id: int) -> Round:
    """The round, held so that it cannot close before this transaction ends; others may answer meanwhile."""
    wanted = select(Round).where(Round.id == round_id).with_for_update(read=True)
    return (await session.exec(wanted.execution_options(populate_existing=True))).one()


async def claimed(session: AsyncSession, round_id: int, *, state: str) -> Round | None:
    """The round for this process alone, or None if another clock already moved it on."""
    wanted = select(Round).where(Round.id == round_id, Round.state == state).with_for_update()
    return (await session.exec(wanted.execution_options(populate_existing=True))).first()


async def open_(session: AsyncSession, round_id: int, *, now: datetime) -> Opened | None:
    """Open a planned round and invite every seat; or record why it is skipped. None: another clock did it."""
    round_ = await claimed(session, round_id, state="planned")
    if round_ is None:
        return None
    partnership = await session.get_one(Partnership, round_.partnership_id)
    seats = await _askable(session, round_.partnership_id)
    reason = await _reason_to_skip(session, round_, seats=len(seats), now=now)
    session.add(round_)
    if reason:
        round_.state, round_.reason = "skipped", reason
        return Opened(round_, partnership, ())
    schedule = await session.get_one(Schedule, round_.schedule_id)
    round_.state = "open"
    round_.number = 1 + len(await _before(session, round_))
    round_.instrument = instruments.frozen(schedule.instrument, round_.number)
    drawn = await cells.draw(session, partnership, [organisation for _, _, organisation in seats])
    asked = tuple([await _ask(session, round_, seat, drawn) for seat in seats])
    return Opened(round_, partnership, asked)


async def _reason_to_skip(session: AsyncSession, round_: Round, *, seats: int, now: datetime) -> str:
    if now >= round_.closes_at or now - round_.opens_at >= TOO_LATE:
        return MISSED
    later = select(Round.id).where(
        Round.schedule_id == round_.schedule_id,
        col(Round.opens_at) > round_.opens_at,
        col(Round.opens_at) <= now,
    )
    if (await session.exec(later)).first() is not None:
        return MISSED
    if await considerate(session, round_, due=round_.opens_at, now=now) >= round_.closes_at:
        return MISSED
    return "" if seats else NOBODY


async def _before(session: AsyncSession, round_: Round) -> Sequence[int | None]:
    wanted = select(Round.id).where(
        Round.schedule_id == round_.schedule_id,
        col(Round.state).in_(("open", "closing", "published")),
        col(Round.opens_at) < round_.opens_at,
    )
    return (await session.exec(wanted)).all()


async def facilitators(session: AsyncSession, partnership_id: int) -> list[int]:
    """The accounts of a partnership's facilitators that can be reached."""
    wanted = (
        select(Member.account)
        .join(Seat, col(Seat.member_id) == col(Member.id))
        .where(
            Seat.partnership_id == partnership_id,
            Seat.role == "facilitator",
            col(Seat.left_at).is_(None),
            col(Member.unreachable_since).is_(None),
        )
        .distinct()
    )
    return [account for account in (await session.exec(wanted)).all() if account is not None]


async def _askable(session: AsyncSession, partnership_id: int) -> Sequence[tuple[Seat, Member, Organisation]]:
    wanted = (
        select(Seat, Member, Organisation)
        .join(Member, col(Member.id) == col(Seat.member_id))
        .join(Organisation, col(Organisation.id) == col(Seat.organisation_id))
        .where(
            Seat.partnership_id == partnership_id,
            Seat.role == "member",
            col(Seat.left_at).is_(None),
            Organisation.kind != "backbone",
        )
        .order_by(col(Seat.id))
    )
    return (await session.exec(wanted)).all()


async def _ask(
    session: AsyncSession,
    round_: Round,
    seated: tuple[Seat, Member, Organisation],
    drawn: dict[int, int | None],
) -> Asked:
    seat, member, organisation = seated
    invitation = Invitation(
        round_id=round_.id,
        seat_id=seat.id,
        organisation_id=organisation.id,
        cell_id=drawn.get(organisation.id),
    )
    session.add(invitation)
    await session.flush()
    account = member.account if member.unreachable_since is None else None
    return Asked(invitation, account, organisation.name)


async def remind(session: AsyncSession, round_id: int, *, now: datetime) -> Opened | None:  # noqa: ARG001 - as every step of the clock
    """Whom to remind: seats that have neither finished nor said "not this week"."""
    round_ = await claimed(session, round_id, state="open")
    if round_ is None or round_.reminded:
        return None
    round_.reminded = 2
    session.add(round_)
    partnership = await session.get_one(Partnership, round_.partnership_id)
    wanted = (
        select(Invitation, Member, Organisation)
        .join(Seat, col(Seat.id) == col(Invitation.seat_id))
        .join(Member, col(Member.id) == col(Seat.member_id))
        .join(Organisation, col(Organisation.id) == col(Invitation.organisation_id))
        .where(
            Invitation.round_id == round_id,
            col(Invitation.state).in_(("asked", "started")),
            col(Member.unreachable_since).is_(None),
            col(Seat.left_at).is_(None),
        )
        .order_by(col(Invitation.id))
    )
    rows = (await session.exec(wanted)).all()
    asked = tuple(Asked(inv, member.account, org.name) for inv, member, org in rows)
    return Opened(round_, partnership, asked)


async def next_opening(session: AsyncSession, partnership_id: int, now: datetime) -> datetime | None:
    wanted = select(Round.opens_at).where(
        Round.partnership_id == partnership_id, Round.state == "planned", col(Round.opens_at) > now
    )
    return (await session.exec(wanted.order_by(col(Round.opens_at)).limit(1))).first()


async def open_for(session: AsyncSession, seat: Seat, now: datetime) -> tuple[Invitation | None, int, int]:
    """The seat's newest open invitation, how many of its items are settled, and how many there are."""
    wanted = (
        select(Invitation, Round)
        .join(Round, col(Round.id) == col(Invitation.round_id))
        .where(Invitation.seat_id == seat.id, Round.state == "open", col(Round.closes_at) > now)
        .order_by(col(Round.opens_at).desc())
    )
    found = (await session.exec(wanted)).first()
    if found is None:
        return None, 0, 0
    invitation, round_ = found
    settled = select(Answer.id).where(
        Answer.invitation_id == invitation.id,
        col(Answer.text).is_(None) | col(Answer.shown_as).is_not(None),
    )
    given = (await session.exec(settled)).all()
    return invitation, len(given), len(instruments.parsed(round_.instrument).items)


async def newest_for(
    session: AsyncSession, partnership_id: int, *, account: int, now: datetime
) -> int | None:
    """The open invitation of this account in this partnership, if there is one."""
    wanted = (
        select(Seat)
        .join(Member, col(Member.id) == col(Seat.member_id))
        .where(Member.account == account, Seat.partnership_id == partnership_id, col(Seat.left_at).is_(None))
    )
    for seat in (await session.exec(wanted)).all():
        invitation, _, _ = await open_for(session, seat, now)
        if invitation is not None:
            return invitation.id
    return None


async def replied(session: AsyncSession, round_id: int) -> tuple[int, int]:
    """How many seats gave at least one answer, and how many were invited."""
    invited = (await session.exec(select(Invitation.id).where(Invitation.round_id == round_id))).all()
    answered = (
        select(Answer.invitation_id)
        .join(Invitation, col(Invitation.id) == col(Answer.invitation_id))
        .where(
            Invitation.round_id == round_id,
            (col(Answer.value).is_not(None)) | (col(Answer.text).is_not(None)),
        )
        .distinct()
    )
    return len((await session.exec(answered)).all()), len(invited)
