"""Rounds: opened, reminded of, closed, published, archived, or skipped with a reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from facilitation import asking, cells, instruments, skipping
from facilitation.asking import Ask, Call
from facilitation.instruments import Wording
from storage.digests import Digest
from storage.members import Member, Seat
from storage.partnerships import Organisation, Partnership
from storage.rounds import Answer, Invitation, Round, Schedule

# The states of a round whose digest is out, to be read by everyone; and those of one that was held.
PUBLISHED = ("published", "archived")
HELD = skipping.HELD


@dataclass(frozen=True)
class Asked:
    """One seat to be asked, where it can be reached (no account: it cannot), and how to speak to it.

    `language` and `timezone` are the member's own; "" stands for the partnership's.
    """

    invitation: Invitation
    account: int | None
    organisation: str
    language: str = ""
    timezone: str = ""


@dataclass(frozen=True)
class Opened:
    """A round that was opened, reminded of or skipped: who is asked, or when it opens the next time."""

    round: Round
    partnership: Partnership
    asked: tuple[Asked, ...]
    title: Wording
    following: datetime | None = None


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
        case "open" if round_.reminded < _reminders_due(round_, now):
            return "remind"
        case "closing" if not frozen:
            return "freeze"
        # However late it is, the facilitators read first: the brief moves the digest (digests.brief).
        case "closing" if _owes_brief(round_) and round_.brief_at <= now:
            return "brief"
        case "closing" if round_.digest_at <= now:
            return "publish"
    return None


def _owes_brief(round_: Round) -> bool:
    return round_.briefed_at is None and round_.reason != skipping.OVERTAKEN


def _reminders_due(round_: Round, now: datetime) -> int:
    return sum(moment <= now for moment in (round_.reminds_at, round_.reminds_again_at))


async def next_moment(session: AsyncSession, now: datetime) -> datetime | None:
    """The next calendar moment at which a round needs something."""
    wanted = select(Round).where(col(Round.state).in_(("planned", "open", "closing")))
    moments = [moment for round_ in (await session.exec(wanted)).all() for moment in _moments(round_)]
    return min((moment for moment in moments if moment > now), default=None)


def _moments(round_: Round) -> tuple[datetime, ...]:
    if round_.state == "planned":
        return (round_.opens_at,)
    if round_.state == "open":
        reminders = (round_.reminds_at, round_.reminds_again_at)
        return (*reminders[round_.reminded :], round_.closes_at)
    return (round_.brief_at, round_.digest_at) if _owes_brief(round_) else (round_.digest_at,)


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
    """Open a planned round and invite whose turn it is, or record why it is skipped.

    None: another clock did it.
    """
    round_ = await claimed(session, round_id, state="planned")
    if round_ is None:
        return None
    partnership = await session.get_one(Partnership, round_.partnership_id)
    # Another round of this partnership that opens now waits here, and then counts what this one asks.
    await session.refresh(partnership, with_for_update={"key_share": True})
    schedule = await session.get_one(Schedule, round_.schedule_id)
    session.add(round_)
    number = 1 + await last_number(session, schedule.id)
    frozen = instruments.frozen(schedule.instrument, number)
    called = Call((), reason=await skipping.reason(session, round_, schedule, now=now))
    if not called.reason:
        today = now.astimezone(ZoneInfo(partnership.timezone)).date()
        called = await asking.call(session, schedule, frozen, number=number, today=today)
    round_.rested = list(called.rested)
    if called.reason:
        round_.state, round_.reason = "skipped", called.reason
        following = await skipping.following(session, round_)
        return Opened(round_, partnership, (), frozen["title"], following)
    round_.state, round_.number, round_.instrument = "open", number, frozen
    # Whoever is asked late is not reminded in the same breath.
    round_.reminded = _reminders_due(round_, now)
    drawn = await _cells(session, round_, partnership, called)
    asked = await _ask(session, round_, called.asks, drawn)
    return Opened(round_, partnership, asked, frozen["title"])


async def _cells(
    session: AsyncSession, round_: Round, partnership: Partnership, called: Call
) -> dict[int, int | None]:
    """The cells of those who are asked. Where answers are not confidential there are no groups to show."""
    if instruments.parsed(round_.instrument).shown_as != instruments.CONFIDENTIAL:
        return {}
    return await cells.draw(session, partnership, [ask.seated.organisation for ask in called.asks])


async def last_number(session: AsyncSession, schedule_id: int) -> int:
    """The number of the round that a schedule opened last; one called off or lost since keeps its own."""
    wanted = select(func.max(Round.number)).where(Round.schedule_id == schedule_id)
    return (await session.exec(wanted)).one() or 0


async def _ask(
    session: AsyncSession, round_: Round, asks: Sequence[Ask], drawn: dict[int, int | None]
) -> tuple[Asked, ...]:
    made = [
        Invitation(
            round_id=round_.id,
            seat_id=ask.seated.seat.id,
            organisation_id=ask.seated.organisation.id,
            cell_id=drawn.get(ask.seated.organisation.id),
            questions=ask.questions,
            seconds=ask.seconds,
        )
        for ask in asks
    ]
    # All at once: nobody's tap is handled while thousands are written down one by one.
    session.add_all(made)
    await session.flush()
    return tuple(
        _reached(invitation, ask.seated.member, ask.seated.organisation)
        for invitation, ask in zip(made, asks, strict=True)
    )


def _reached(invitation: Invitation, member: Member, organisation: Organisation) -> Asked:
    account = member.account if member.unreachable_since is None else None
    return Asked(invitation, account, organisation.name, member.language, member.timezone)


async def remind(session: AsyncSession, round_id: int, *, now: datetime) -> Opened | None:
    """Whom to remind: who has neither finished nor said "not this week", and is here.

    After an outage both reminders may be due; then there is one.
    """
    round_ = await claimed(session, round_id, state="open")
    if round_ is None or round_.reminded >= _reminders_due(round_, now):
        return None
    round_.reminded = _reminders_due(round_, now)
    session.add(round_)
    partnership = await session.get_one(Partnership, round_.partnership_id)
    today = now.astimezone(ZoneInfo(partnership.timezone)).date()
    wanted = (
        select(Invitation, Member, Organisation, Seat)
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
    found = (await session.exec(wanted)).all()
    asked = [
        _reached(inv, member, org) for inv, member, org, seat in found if not asking.is_away(seat, today)
    ]
    return Opened(round_, partnership, tuple(asked), round_.instrument["title"])


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
