"""A partnership's ways: name, clock, language, what to do in danger, the smallest group shown, who runs the
server. Whoever calls has asked `partnerships.facilitated` first.
"""

from datetime import datetime

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from facilitation import organisations, partnerships, planning, zones
from facilitation.refusals import Refusal
from facilitation.zones import ZoneUnknown
from storage.partnerships import Partnership
from storage.rounds import Round, Schedule

LONGEST_DANGER = 300  # letters: it stands on every card that asks somebody in
LARGEST_MINIMUM = 20


class DangerTooLong(Refusal):
    """That is a little long: {most} letters at most, for it stands on the card that asks people in. Please
    write it shorter.
    """


class DangerMissing(Refusal):
    """There was nothing to read in that. Please write whom to call, and the number."""


class MinimumKept(Refusal):
    """The smallest group can be raised, and never lowered: people answered because they relied on it."""


async def rename(session: AsyncSession, partnership: Partnership, name: str) -> None:
    """A backbone that was never given a name of its own is called like it still.

    Raises NameMissing, NameTooLong.
    """
    before, partnership.name = partnership.name, partnerships.named(name)
    for one in await organisations.of(session, partnership.id):
        if one.kind == "backbone" and one.name == before:
            one.name = partnership.name
            session.add(one)
    session.add(partnership)


async def live_by(session: AsyncSession, partnership: Partnership, zone: str, *, now: datetime) -> None:
    """From now on times go by this clock. Planned rounds move to it, open ones keep theirs.

    Raises ZoneUnknown.
    """
    if zone not in zones.known():
        raise ZoneUnknown
    wanted = select(Schedule.id).where(
        Schedule.partnership_id == partnership.id,
        col(Schedule.started_at).is_not(None),
        col(Schedule.paused_at).is_(None),
        col(Schedule.deleted_at).is_(None),
    )
    ids = (await session.exec(wanted.order_by(col(Schedule.id)).with_for_update())).all()
    # A clock that opens a round holds the round and then the partnership: in another order the two would wait
    # for each other.
    held = select(Round.id).where(Round.partnership_id == partnership.id, Round.state == "planned")
    await session.exec(held.order_by(col(Round.id)).with_for_update())
    partnership.timezone = zone
    session.add(partnership)
    await session.flush()
    for schedule_id in ids:
        await planning.plan(session, schedule_id, now=now)


async def speak(session: AsyncSession, partnership: Partnership, language: str) -> None:
    """What is said to the partnership as a whole is said in this language; people keep their own."""
    partnership.language = language
    session.add(partnership)


async def in_danger(session: AsyncSession, partnership: Partnership, words: str) -> None:
    """What people read about what to do in danger. Raises DangerMissing, DangerTooLong."""
    seen = " ".join(words.split())
    if not seen:
        raise DangerMissing
    if len(seen) > LONGEST_DANGER:
        raise DangerTooLong(most=LONGEST_DANGER)
    partnership.danger = seen
    session.add(partnership)


async def usual_danger(session: AsyncSession, partnership: Partnership) -> None:
    """People are told to call their local emergency number, as where nothing was set."""
    partnership.danger = ""
    session.add(partnership)


async def raise_minimum(session: AsyncSession, partnership: Partnership, people: int) -> None:
    """Figures stand for groups of so many people or more from now on. Raises MinimumKept."""
    # A digest in the making reads it too; whoever was faster, it only goes up.
    await session.refresh(partnership, with_for_update={"key_share": True})
    if not partnership.minimum_group <= people <= LARGEST_MINIMUM:
        raise MinimumKept
    partnership.minimum_group = people
    session.add(partnership)


async def tell_server(session: AsyncSession, partnership: Partnership, *, runs: bool) -> None:
    """Whether a facilitator of it also runs the server: people read it before they join."""
    partnership.facilitator_runs_server = runs
    session.add(partnership)
