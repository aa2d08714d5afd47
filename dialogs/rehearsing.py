"""Try it on me: a facilitator walks through the questions as members will see them. Nothing is kept."""

from dataclasses import replace

from markupsafe import Markup
from sqlmodel.ext.asyncio.session import AsyncSession

from dialogs import awaited, plans, questions
from dialogs.cards import Button, Card, Reader, code, draw
from dialogs.events import Awaiting, Moment, Reply, Said, Setting, Tapped
from dialogs.verbs import Verb, Words
from facilitation import outlook, rehearsals, schedules
from facilitation.parts import Part
from facilitation.refusals import NotYours
from facilitation.schedules import Plan


async def _try(session: AsyncSession, tap: Tapped, _: Setting, schedule_id: int, position: int) -> Reply:
    plan = await schedules.of(session, schedule_id, account=tap.account)
    return Reply(await _card(session, tap, plan, position), over=tap.message)


async def _why(session: AsyncSession, tap: Tapped, _: Setting, schedule_id: int, position: int) -> Reply:
    plan = await schedules.of(session, schedule_id, account=tap.account)
    return Reply(await _card(session, tap, plan, position, why=True), over=tap.message)


async def written(session: AsyncSession, message: Said, awaiting: Awaiting, _: Setting) -> Reply:
    """What is written to a question that is only tried leads on, and is not kept."""
    plan = await schedules.of(session, awaiting.about, account=message.account)
    return Reply(await _card(session, message, plan, int(awaiting.item) + 1))


async def _card(
    session: AsyncSession, moment: Moment, plan: Plan, position: int, *, why: bool = False
) -> Card:
    part = await rehearsals.part(session, plan, now=moment.received_at)
    for_whom = await plans.reader(session, moment, plan)
    if position > len(part.questions):
        raise NotYours
    if position == len(part.questions):
        await awaited.forget(session, moment.chat)
        return _over(plan, part, for_whom)
    message = moment.message if isinstance(moment, Tapped) else None
    about = plan.schedule.id
    await awaited.expect(session, moment.chat, "trying", about, item=str(position), message=message)
    asked = await questions.card(session, part, position, for_whom, why=why)
    said = draw("trying", for_whom, schedule=about, question=Markup(asked.text))  # noqa: S704 - a card's text is HTML
    rows = tuple(tuple(_leading(button, plan, position) for button in row) for row in asked.rows)
    return replace(said, rows=(*rows, *said.rows))


def _leading(button: Button, plan: Plan, position: int) -> Button:
    """The same button, leading on to the next question, back to the one before, or to the reason."""
    kind = button.data.partition(":")[0]
    steps = {"ask": ("try", position - 1), "why": ("trywhy", position)}
    verb, to = steps.get(kind, ("try", position + 1))
    return replace(button, data=code(verb, plan.schedule.id, to))


def _over(plan: Plan, part: Part, for_whom: Reader) -> Card:
    return draw(
        "tried",
        for_whom,
        schedule=plan.schedule.id,
        draft=plans.state(plan.schedule) == "draft",
        questions=len(part.questions),
        seconds=rehearsals.seconds(part),
        promises=rehearsals.asks_of_promises(part),
        rotates=outlook.rounds_to_meet_all(plan.schedule) > 1,
    )


VERBS: dict[str, Verb] = {"try": Verb(_try, 2), "trywhy": Verb(_why, 2)}
WORDS: dict[str, Words] = {"trying": written}
