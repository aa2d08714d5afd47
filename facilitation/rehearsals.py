"""A rehearsal: the next round of a schedule as one seat would get it, made up and never stored."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from facilitation import burden, instruments, rotation, rounds, schedules
from facilitation.instruments import Instrument
from facilitation.parts import Part
from facilitation.questions import Question
from facilitation.schedules import Plan
from storage.rounds import Invitation, Round


async def part(session: AsyncSession, plan: Plan, *, now: datetime) -> Part:
    """What one seat is asked in the next round; directed questions name real other organisations."""
    number = 1 + await rounds.last_number(session, plan.schedule.id)
    content = instruments.frozen(plan.schedule.instrument, number)
    instrument = instruments.parsed(content)
    made_up = Round(
        schedule_id=plan.schedule.id,
        partnership_id=plan.partnership.id,
        local_date=plan.there(now).date(),
        number=number,
        instrument=content,
        state="open",
        opens_at=now,
        reminds_at=now,
        reminds_again_at=now,
        closes_at=now,
        brief_at=now,
        digest_at=now,
    )
    invitation = Invitation(id=0, round_id=0, seat_id=0, organisation_id=0)
    partners = await schedules.partners_of(session, plan.partnership.id)
    targets = [one.id for one in partners][: rotation.MOST_TARGETS]
    return Part(invitation, made_up, instrument, _asked(instrument, targets), {})


def _asked(instrument: Instrument, targets: list[int]) -> tuple[Question, ...]:
    """Each item once, a directed one for each target; there is no promise yet that could be asked about."""
    abouts = {"directed": targets, "promise": []}
    return tuple(Question(item, about) for item in instrument.items for about in abouts.get(item.kind, [0]))


def asks_of_promises(part: Part) -> bool:
    """Whether later rounds also ask what became of a promise."""
    return any(item.kind == "promise" for item in part.instrument.items)


def seconds(part: Part) -> int:
    """About how long it takes."""
    return burden.seconds(question.item for question in part.questions)
