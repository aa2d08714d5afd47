"""What a schedule will ask of people, and what its digest will be able to show of them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from facilitation import burden, instruments, occurrences, rotation, rounds, schedules
from facilitation.burden import Wish
from facilitation.instruments import CONFIDENTIAL, ORGANISATION, Instrument
from facilitation.schedules import Plan
from storage.members import Seat
from storage.partnerships import Organisation
from storage.rounds import Round, Schedule
from synthesis import disclosure

A_DAY = timedelta(days=1)
MOST = 31  # dates in 28 days
WORDS = ("text", "promise")  # what is answered to these makes no figures of groups


@dataclass(frozen=True)
class Outlook:
    """`alone` stand for themselves, `together` is (kind or "others", names), `unseen` are in the total alone.

    `leadless` have nobody who may speak for them where that is needed, `empty` nobody at all.
    """

    seats: int
    alone: tuple[str, ...] = ()
    together: tuple[tuple[str, tuple[str, ...]], ...] = ()
    unseen: tuple[str, ...] = ()
    total: bool = False
    leadless: tuple[str, ...] = ()
    empty: tuple[str, ...] = ()


def shows_groups(instrument: Instrument) -> bool:
    """Whether anything of it is shown as the result of a group."""
    return instrument.shown_as == CONFIDENTIAL and any(item.kind not in WORDS for item in instrument.items)


def speaks_for_organisations(instrument: Instrument) -> bool:
    """Whether only lead seats are asked."""
    return instrument.shown_as == ORGANISATION


async def of(session: AsyncSession, plan: Plan) -> Outlook:
    """What the digest could show, were everybody asked for whom there is time with the seats there are now.

    It says nothing about any answer, nor who is away or was asked before: whoever narrows the audience down
    to one organisation would see that of its people.
    """
    number = 1 + await rounds.last_number(session, plan.schedule.id)
    content = instruments.frozen(plan.schedule.instrument, number)
    instrument = instruments.parsed(content)
    leading = speaks_for_organisations(instrument)
    partners = await partners_asked(session, plan.schedule)
    seated = await _seated(session, plan.partnership.id)
    speaking = [seat for seat in seated if seat.lead or not leading]
    seats = _with_time(speaking, partners, seconds=burden.seconds(instrument.items))
    joined, led = (
        {seat.organisation_id for seat in seated},
        {one.organisation_id for one in seated if one.lead},
    )
    names = {partner.id: partner.name for partner in partners}
    sizes = sorted((one.id, one.kind, seats[one.id]) for one in partners if seats[one.id])
    drawn = _showable(sizes, k=plan.partnership.minimum_group)
    shown = {organisation for cell in drawn for organisation in cell.organisations}
    return Outlook(
        seats=sum(size for _, _, size in sizes),
        alone=tuple(
            names[one] for cell in drawn if cell.sort == "organisation" for one in cell.organisations
        ),
        together=tuple(
            (str(cell.key or "others"), tuple(names[one] for one in cell.organisations))
            for cell in drawn
            if cell.sort != "organisation"
        ),
        unseen=tuple(names[one] for one, _, _ in sizes if one not in shown),
        total=sum(size for _, _, size in sizes) >= plan.partnership.minimum_group,
        leadless=tuple(names[one.id] for one in partners if leading and one.id in joined - led),
        empty=tuple(names[one.id] for one in partners if one.id not in joined),
    )


def _with_time(seated: Sequence[Seat], partners: Sequence[Organisation], *, seconds: int) -> Counter[int]:
    """How many of these seats each partner can have asked, if nothing else is asked of it."""
    capacities = {partner.id: partner.capacity for partner in partners}
    wishes = [
        Wish(seat.id, seat.organisation_id, seconds, (False, seat.id))
        for seat in seated
        if seat.organisation_id in capacities
    ]
    fitting = burden.fitting(wishes, spent={}, capacities=capacities)
    return Counter(wish.organisation for wish in wishes if wish.seat in fitting)


def _showable(sizes: list[tuple[int, str, int]], *, k: int) -> list[disclosure.Cell[int]]:
    """The cells that could be shown if everyone answered: one goes where too few would be left beside it."""
    drawn = disclosure.draw_cells(sizes, k=k)
    seats = {one: size for one, _, size in sizes}
    counts = {at: sum(seats[one] for one in cell.organisations) for at, cell in enumerate(drawn)}
    outside = sum(seats.values()) - sum(counts.values())
    return [drawn[at] for at in disclosure.shown(counts, k=k, outside=outside).cells]


async def partners_asked(session: AsyncSession, schedule: Schedule) -> list[Organisation]:
    """The organisations this schedule asks."""
    partners = await schedules.partners_of(session, schedule.partnership_id)
    return [one for one in partners if not schedule.audience or one.id in schedule.audience]


async def _seated(session: AsyncSession, partnership_id: int) -> Sequence[Seat]:
    wanted = select(Seat).where(
        Seat.partnership_id == partnership_id, Seat.role == "member", col(Seat.left_at).is_(None)
    )
    return (await session.exec(wanted)).all()


async def held(session: AsyncSession, schedule_id: int) -> int:
    """How many rounds of this schedule have been opened."""
    wanted = select(Round.id).where(Round.schedule_id == schedule_id, col(Round.state).in_(rounds.HELD))
    return len((await session.exec(wanted)).all())


def seconds(schedule: Schedule, number: int) -> int:
    """About how long the round of this number takes one person."""
    return burden.seconds(instruments.parsed(instruments.frozen(schedule.instrument, number)).items)


@dataclass(frozen=True)
class Share:
    """The minutes a schedule asks of one organisation in 28 days, and what that organisation can give."""

    name: str
    minutes: int
    capacity: int | None

    @property
    def too_much(self) -> bool:
        return self.capacity is not None and self.minutes > self.capacity


def times(plan: Plan, *, now: datetime) -> int:
    """How often it comes in the 28 days from its next date on."""
    if not plan.schedule.rule:
        return 0
    today = plan.there(now).date()
    days = occurrences.next_dates(plan.schedule.rule, plan.schedule.starts, today - A_DAY, count=MOST)
    return sum(day < days[0] + burden.MONTH for day in days)


async def minutes(session: AsyncSession, plan: Plan, *, now: datetime) -> list[Share]:
    """By organisation that is asked. Who is asked too much is asked less often: see `burden`."""
    if not plan.schedule.rule:
        return []
    instrument = instruments.parsed(instruments.raw(plan.schedule.instrument))
    seated = await _seated(session, plan.partnership.id)
    leading = speaks_for_organisations(instrument)
    seats = Counter(seat.organisation_id for seat in seated if seat.lead or not leading)
    often = times(plan, now=now)
    each = seconds(plan.schedule, 1 + await rounds.last_number(session, plan.schedule.id))
    return [
        Share(one.name, -(-seats[one.id] * often * each // burden.MINUTE), one.capacity)
        for one in await partners_asked(session, plan.schedule)
        if seats[one.id]
    ]


def rounds_to_meet_all(schedule: Schedule) -> int:
    """In how many rounds the partnership has met every question."""
    return rotation.rounds_to_meet_all(instruments.parsed(instruments.raw(schedule.instrument)))
