"""Asking: whose turn it is in a round, what each seat is asked, and for whom it would be too much."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from facilitation import burden, instruments, rotation
from facilitation.burden import Wish
from facilitation.instruments import Instrument, Item
from storage.members import Member, Seat
from storage.partnerships import Organisation
from storage.rounds import Promise, Schedule

# Why nobody is asked.
NOBODY, UNLED, AWAY, RESTING = "nobody", "unled", "away", "resting"

Question = tuple[str, int]  # an item's code, and whom or what it is about, as in Invitation.questions


@dataclass(frozen=True)
class Seated:
    seat: Seat
    member: Member
    organisation: Organisation


@dataclass(frozen=True)
class Ask:
    """One seat's questions in a round, and how long they take."""

    seated: Seated
    questions: list[Question]
    seconds: int


@dataclass(frozen=True)
class Call:
    """Who is asked, which organisations rest because it would be too much, and why nobody is asked, if so."""

    asks: tuple[Ask, ...]
    rested: tuple[int, ...] = ()
    reason: str = ""


async def call(
    session: AsyncSession, schedule: Schedule, frozen: dict[str, Any], *, number: int, today: date
) -> Call:
    """Whom the round of this number asks today, and what."""
    instrument = instruments.parsed(frozen)
    everybody = await _seated(session, schedule)
    voice = instrument.shown_as == instruments.ORGANISATION
    speaking = [one for one in everybody if one.seat.lead or not voice]
    present = [one for one in speaking if not is_away(one.seat, today)]
    for left, reason in ((everybody, NOBODY), (speaking, UNLED), (present, AWAY)):
        if not left:
            return Call((), reason=reason)
    turns = _turns(schedule, instrument, number)
    promises = await _promises(session, schedule, present)
    wanted = asks(present, instrument, turns=turns, promises=promises)
    seats = await _within_capacity(session, schedule, wanted, today=today)
    fitting = [one for one in present if one.seat.id in seats]
    rested = {one.organisation.id for one in present} - {one.organisation.id for one in fitting}
    # Once more: whoever rests is not rated either.
    asked = asks(fitting, instrument, turns=turns, promises=promises)
    return Call(tuple(asked), tuple(sorted(rested)), "" if asked else RESTING)


async def _seated(session: AsyncSession, schedule: Schedule) -> list[Seated]:
    wanted = (
        select(Seat, Member, Organisation)
        .join(Member, col(Member.id) == col(Seat.member_id))
        .join(Organisation, col(Organisation.id) == col(Seat.organisation_id))
        .where(
            Seat.partnership_id == schedule.partnership_id,
            Seat.role == "member",
            col(Seat.left_at).is_(None),
            Organisation.kind != "backbone",
            col(Organisation.removed_at).is_(None),
        )
        .order_by(col(Seat.id))
    )
    found = [Seated(*row) for row in (await session.exec(wanted)).all()]
    return [one for one in found if not schedule.audience or one.organisation.id in schedule.audience]


def is_away(seat: Seat, today: date) -> bool:
    """Whether somebody asked not to be asked on this local date."""
    return seat.paused_at is not None or (seat.away_until is not None and today < seat.away_until)


def _turns(schedule: Schedule, instrument: Instrument, number: int) -> dict[str, int]:
    """How far the targets of each directed item of this round have moved on."""
    whole = instruments.parsed(instruments.raw(schedule.instrument))
    directed = [item.code for item in instrument.items if item.kind == "directed"]
    return {code: rotation.turns(whole, code, number=number) for code in directed}


async def _promises(session: AsyncSession, schedule: Schedule, seated: Sequence[Seated]) -> dict[int, int]:
    """The newest open promise that each of these seats made in this schedule."""
    wanted = (
        select(Promise.seat_id, Promise.id)
        .where(
            Promise.schedule_id == schedule.id,
            Promise.outcome == "",
            col(Promise.seat_id).in_([one.seat.id for one in seated]),
        )
        .order_by(col(Promise.id))
    )
    return dict((await session.exec(wanted)).all())


def asks(
    seated: Sequence[Seated], instrument: Instrument, *, turns: dict[str, int], promises: dict[int, int]
) -> list[Ask]:
    """What each of these seats is asked, in the order of the questions; a seat with no question is left out.

    `turns` says by code how far each directed item has moved on, `promises` which one each seat has open.
    """
    sizes = Counter(one.organisation.id for one in seated)
    dealt = {code: rotation.dealt(sizes, turn=turn) for code, turn in turns.items()}
    ranks: Counter[int] = Counter()
    found = []
    for one in seated:
        place = one.organisation.id, ranks[one.organisation.id]
        ranks[one.organisation.id] += 1
        targets = {code: rings[place[0]][place[1]] for code, rings in dealt.items()}
        abouts = [
            (item, about) for item in instrument.items for about in _abouts(item, one, targets, promises)
        ]
        if abouts:
            questions = [(item.code, about) for item, about in abouts]
            found.append(Ask(one, questions, burden.seconds(item for item, _ in abouts)))
    return found


def _abouts(
    item: Item, one: Seated, targets: dict[str, list[int]], promises: dict[int, int]
) -> Sequence[int]:
    """Whom or what an item is about for this seat, once for each time it is asked."""
    if item.kind == "directed":
        return targets[item.code]
    if item.kind == "promise":
        return [promises[one.seat.id]] if one.seat.id in promises else []
    return [0]


async def _within_capacity(
    session: AsyncSession, schedule: Schedule, wanted: Sequence[Ask], *, today: date
) -> set[int]:
    """The seats that can be asked without asking an organisation for more than it can give.

    Those asked least recently go first, but nobody's time is set aside for whom we cannot reach.
    """
    capacities = {ask.seated.organisation.id: ask.seated.organisation.capacity for ask in wanted}
    if set(capacities.values()) <= {None}:  # nobody has said how much is too much
        return {ask.seated.seat.id for ask in wanted}
    spent = await burden.spent(session, schedule.partnership_id, today=today)
    last = await burden.asked_last(session, [ask.seated.seat.id for ask in wanted])
    wishes = [
        Wish(
            ask.seated.seat.id,
            ask.seated.organisation.id,
            ask.seconds,
            (ask.seated.member.unreachable_since is not None, last.get(ask.seated.seat.id, 0)),
        )
        for ask in wanted
    ]
    return burden.fitting(wishes, spent=spent, capacities=capacities)
