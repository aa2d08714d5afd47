"""Check-ins, pulses, retros and nudges: listed, made, started, paused, called off, deleted."""

from collections.abc import Awaitable, Callable
from datetime import date
from functools import partial
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from dialogs import awaited, cadences, plans, readers, rehearsing, timing
from dialogs.cards import Card, Reader, draw, short
from dialogs.events import Moment, Reply, Setting, Tapped
from dialogs.verbs import Command, Verb, Words
from facilitation import cancelling, partnerships, schedules
from facilitation.instruments import BANK
from facilitation.refusals import NotYours
from facilitation.schedules import Plan
from storage.rounds import Schedule

# In which order they are offered; what else stands in the bank follows.
ORDER = ("pulse", "check-in", "retro", "nudge")
LABEL = 34


def offered() -> list[str]:
    """The questionnaires there are; a button carries the place in this list."""
    found = sorted(path.stem for path in BANK.glob("*.yaml"))
    return [*(name for name in ORDER if name in found), *(name for name in found if name not in ORDER)]


async def _listed(session: AsyncSession, tap: Tapped, _: Setting, partnership_id: int) -> Reply:
    return Reply(await listed(session, tap, partnership_id), over=tap.message)


async def listed(session: AsyncSession, moment: Moment, partnership_id: int) -> Card:
    """Every schedule of a partnership. Raises NotYours."""
    partnership = await partnerships.facilitated(session, partnership_id, account=moment.account)
    await awaited.forget(session, moment.chat)
    reader = await readers.of(session, account=moment.account, partnership_id=partnership_id)
    found = [
        await _row(session, moment, Plan(schedule, partnership), reader)
        for schedule in await schedules.listed(session, partnership_id)
    ]
    return draw("plans", reader, partnership=partnership_id, plans=found)


async def _row(session: AsyncSession, moment: Moment, plan: Plan, reader: Reader) -> dict[str, Any]:
    schedule = plan.schedule
    coming = await schedules.coming(session, plan, now=moment.received_at)
    following = next((one.day for one in coming if not one.rests), None)
    told = plans.told(schedule, reader)
    return {
        "id": schedule.id,
        "title": plans.title(schedule, reader),
        "state": plans.state(schedule),
        "told": told,
        "hour": cadences.hour(schedule.opens),
        "next": cadences.long_date(following, reader) if following else "",
        "label": short(f"{plans.title(schedule, reader)} · {told}".rstrip(" ·"), LABEL),
    }


async def _new(session: AsyncSession, tap: Tapped, _: Setting, partnership_id: int) -> Reply:
    await partnerships.facilitated(session, partnership_id, account=tap.account)
    reader = await readers.of(session, account=tap.account, partnership_id=partnership_id)
    kinds = [
        {"name": name, "title": plans.heading(name, reader), "number": at}
        for at, name in enumerate(offered())
    ]
    return Reply(draw("plan_new", reader, partnership=partnership_id, kinds=kinds), over=tap.message)


async def _ask(session: AsyncSession, tap: Tapped, _: Setting, partnership_id: int, number: int) -> Reply:
    """A draft of this questionnaire, and when it comes asked next."""
    partnership = await partnerships.facilitated(session, partnership_id, account=tap.account)
    names = offered()
    if number >= len(names):
        raise NotYours
    plan = await schedules.draft(session, partnership, names[number], now=tap.received_at)
    reader = await plans.reader(session, tap, plan)
    return Reply(await timing.when(session, tap, plan, reader), over=tap.message)


async def _card(session: AsyncSession, tap: Tapped, _: Setting, schedule_id: int) -> Reply:
    plan = await schedules.of(session, schedule_id, account=tap.account)
    await awaited.forget(session, tap.chat)
    return Reply(await plans.card(session, tap, plan), over=tap.message)


async def _done(  # the first is filled in where the buttons are listed
    verb: Callable[..., Awaitable[None]], session: AsyncSession, tap: Tapped, _: Setting, schedule_id: int
) -> Reply:
    plan = await schedules.of(session, schedule_id, account=tap.account, hold=True)
    await verb(session, plan, now=tap.received_at)
    return Reply(await plans.card(session, tap, plan), over=tap.message)


async def _sure_to_delete(session: AsyncSession, tap: Tapped, _: Setting, schedule_id: int) -> Reply:
    plan = await schedules.of(session, schedule_id, account=tap.account)
    return Reply(await _sure(session, tap, plan, "delete"), over=tap.message)


async def _delete(session: AsyncSession, tap: Tapped, _: Setting, schedule_id: int) -> Reply:
    plan = await schedules.of(session, schedule_id, account=tap.account, hold=True)
    await schedules.remove(session, plan, now=tap.received_at)
    return Reply(await listed(session, tap, plan.partnership.id), over=tap.message)


async def _sure_to_call_off(
    session: AsyncSession, tap: Tapped, _: Setting, schedule_id: int, ordinal: int
) -> Reply:
    plan = await schedules.of(session, schedule_id, account=tap.account)
    opened = await cancelling.open_now(session, schedule_id)
    is_open = opened is not None and opened.local_date.toordinal() == ordinal
    sure = await _sure(session, tap, plan, "open" if is_open else "next", timing.day(ordinal))
    return Reply(sure, over=tap.message)


async def _call_off(session: AsyncSession, tap: Tapped, _: Setting, schedule_id: int, ordinal: int) -> Reply:
    plan = await schedules.of(session, schedule_id, account=tap.account, hold=True)
    await cancelling.call_off(session, plan, timing.day(ordinal), now=tap.received_at)
    return Reply(await plans.card(session, tap, plan), over=tap.message)


async def _sure(session: AsyncSession, tap: Tapped, plan: Plan, about: str, day: date | None = None) -> Card:
    """Asked twice: what happens is said before it does."""
    reader = await plans.reader(session, tap, plan)
    return draw(
        "plan_sure",
        reader,
        about=about,
        schedule=plan.schedule.id,
        running=_runs(plan.schedule),
        when=cadences.long_date(day, reader) if day else "",
        ordinal=day.toordinal() if day else 0,
    )


def _runs(schedule: Schedule) -> bool:
    return schedule.started_at is not None and schedule.paused_at is None


VERBS: dict[str, Verb] = {
    "plans": Verb(_listed, 1),
    "plannew": Verb(_new, 1),
    "planask": Verb(_ask, 2),
    "plan": Verb(_card, 1),
    "planstart": Verb(partial(_done, schedules.start), 1),
    "planpause": Verb(partial(_done, schedules.pause), 1),
    "planresume": Verb(partial(_done, schedules.resume), 1),
    "plancall": Verb(_sure_to_call_off, 2),
    "plancalled": Verb(_call_off, 2),
    "plandel": Verb(_sure_to_delete, 1),
    "plandeleted": Verb(_delete, 1),
    **timing.VERBS,
    **rehearsing.VERBS,
}
COMMANDS: dict[str, Command] = {}
WORDS: dict[str, Words] = {**timing.WORDS, **rehearsing.WORDS}
