"""Rounds: planned from their schedule, opened, closed, published, or skipped with a reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from facilitation import cells, instruments, occurrences
from storage.digests import Digest
from storage.members import Member, Seat
from storage.partnerships import Organisation, Partnership
from storage.rounds import Answer, Invitation, Round, Schedule

AHEAD = timedelta(days=14)
TOO_LATE = timedelta(hours=36)
PROMPT = timedelta(minutes=15)
A_WHILE = timedelta(minutes=30)
BRIEF_BEFORE = timedelta(hours=1)
REMIND_AT = (0.5, 0.85)  # of the window

MISSED = "missed"
NOBODY = "nobody"


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


async def plan(session: AsyncSession, schedule_id: int, *, now: datetime) -> None:
    """Write down the rounds of the next two weeks; those still planned take over an edited hour.

    It goes by local dates, as `occurrences.due` does: each has one round, whatever its hour was or becomes.
    """
    # Another clock may be planning the same schedule: it waits here, and then finds the dates known.
    schedule = await session.get_one(Schedule, schedule_id, with_for_update=True)
    partnership = await session.get_one(Partnership, schedule.partnership_id)
    zone = ZoneInfo(partnership.timezone)
    await _replan(session, schedule, zone)
    wanted = select(col(Round.local_date)).where(Round.schedule_id == schedule.id)
    before = schedule.created_at.astimezone(zone).date() - timedelta(days=1)
    # Not merely the last of them: a date ahead may be called off already, or a new rule fill a gap.
    known = set((await session.exec(wanted)).all())
    opens, until = time.fromisoformat(schedule.opens), now + AHEAD
    for found in occurrences.due(schedule.rule, schedule.starts, opens, zone, done=before, now=until):
        if found.day not in known and found.opens > schedule.created_at:
            times = _times(schedule, found.day, zone)
            session.add(
                Round(
                    schedule_id=schedule.id,
                    partnership_id=schedule.partnership_id,
                    local_date=found.day,
                    **times,
                )
            )
    schedule.planned_until = until
    session.add(schedule)
    await session.flush()


async def _replan(session: AsyncSession, schedule: Schedule, zone: ZoneInfo) -> None:
    # Held, so that none of them is opened by another clock while its hours change.
    wanted = select(Round).where(Round.schedule_id == schedule.id, Round.state == "planned").with_for_update()
    for round_ in (await session.exec(wanted.execution_options(populate_existing=True))).all():
        for name, moment in _times(schedule, round_.local_date, zone).items():
            setattr(round_, name, moment)
        session.add(round_)


def _times(schedule: Schedule, day: date, zone: ZoneInfo) -> dict[str, Any]:
    """The moments of the round of a local date, by the name of their column."""
    opens_at = occurrences.opens_at(day, time.fromisoformat(schedule.opens), zone)
    closing_day = day + timedelta(days=schedule.window_days)
    closes_at = occurrences.opens_at(closing_day, time.fromisoformat(schedule.closes), zone)
    digest_day = closing_day + timedelta(days=schedule.digest_days)
    digest_at = occurrences.opens_at(digest_day, time.fromisoformat(schedule.digest), zone)
    first, second = (awake(opens_at + (closes_at - opens_at) * part, schedule, zone) for part in REMIND_AT)
    return {
        "opens_at": opens_at,
        "reminds_at": first,
        "reminds_again_at": second,
        "closes_at": closes_at,
        "brief_at": digest_at - BRIEF_BEFORE,
        "digest_at": digest_at,
    }


def awake(moment: datetime, schedule: Schedule, zone: ZoneInfo) -> datetime:
    """The first moment from `moment` on that is outside the schedule's quiet hours."""
    start, end = time.fromisoformat(schedule.quiet_from), time.fromisoformat(schedule.quiet_until)
    local = moment.astimezone(zone)
    wall = local.time()
    quiet = (wall >= start or wall < end) if start > end else start <= wall < end
    if not quiet:
        return moment
    day = local.date() + timedelta(days=1 if wall >= end else 0)
    return occurrences.opens_at(day, end, zone)


async def considerate(session: AsyncSession, round_: Round, *, due: datetime, now: datetime) -> datetime:
    """From when on a message that was due at `due` may be sent: whatever comes late keeps the quiet hours."""
    schedule = await session.get_one(Schedule, round_.schedule_id)
    partnership = await session.get_one(Partnership, round_.partnership_id)
    zone = ZoneInfo(partnership.timezone)
    # An hour that somebody set inside the quiet hours was meant so, but only if it is kept.
    meant = awake(due, schedule, zone) != due and now - due < PROMPT
    return due if meant else awake(max(due, now), schedule, zone)


async def reminds_until(session: AsyncSession, round_: Round, *, begins: datetime) -> datetime:
    """Until when a reminder is worth sending: one held up into the night is left out, not sent then."""
    schedule = await session.get_one(Schedule, round_.schedule_id)
    partnership = await session.get_one(Partnership, round_.partnership_id)
    zone = ZoneInfo(partnership.timezone)
    if schedule.quiet_from == schedule.quiet_until:
        return round_.closes_at
    falls, day = time.fromisoformat(schedule.quiet_from), begins.astimezone(zone).date()
    nights = [occurrences.opens_at(day + timedelta(days=ahead), falls, zone) for ahead in (0, 1)]
    night = next(night for night in nights if night > begins)
    # Just before the night there are more reminders than minutes.
    return min(round_.closes_at, max(night, begins + A_WHILE))


async def schedules(session: AsyncSession) -> Sequence[tuple[Schedule, Partnership]]:
    wanted = (
        select(Schedule, Partnership)
        .join(Partnership, col(Partnership.id) == col(Schedule.partnership_id))
        .where(
            col(Schedule.started_at).is_not(None),
            col(Schedule.paused_at).is_(None),
            col(Schedule.deleted_at).is_(None),
        )
        .order_by(col(Schedule.id))
    )
    return (await session.exec(wanted)).all()


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
