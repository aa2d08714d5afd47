"""Answering a round: one question at a time on one card, everything open to change until the close."""

from collections.abc import Awaitable, Callable
from functools import partial

from sqlmodel.ext.asyncio.session import AsyncSession

from dialogs import awaited, overview, questions, readers
from dialogs.cards import Card, Reader, visible
from dialogs.events import Awaiting, Moment, Reply, Reworded, Said, Setting, Tapped
from dialogs.verbs import Command, Verb, Words
from facilitation import answers, parts
from facilitation.answers import Given
from facilitation.parts import Part
from facilitation.questions import WRITTEN
from facilitation.refusals import NotYours
from storage.rounds import Round

Answering = Callable[..., Awaitable[Card | Reply]]  # (session, tap, part, *numbers)
OVER = (parts.RoundClosed, parts.RoundCalledOff, parts.RoundLost)


async def _in_round(  # the part before the asterisk is filled in below, where the buttons are listed
    verb: Answering, notice: str, session: AsyncSession, tap: Tapped, _: Setting, invitation: int, *rest: int
) -> Reply:
    """A button of a round's cards; a round that is over has a card for it. Raises NotYours, SeatLeft."""
    try:
        part = await parts.of(session, invitation, account=tap.account, now=tap.received_at)
    except OVER:
        return Reply(await _closed(session, tap, invitation, lost_words=False), over=tap.message)
    card = await verb(session, tap, part, *rest)
    if isinstance(card, Reply):
        return card
    return Reply(card, over=tap.message, notice=notice)


async def _start(session: AsyncSession, tap: Tapped, part: Part) -> Card:
    position = part.first_open()
    if position is None:
        return await _summary(session, tap, part)
    return await _question(session, tap, part, position)


async def _rate(session: AsyncSession, tap: Tapped, part: Part, position: int, value: int) -> Card:
    await answers.rate(session, part, position, value, given=given(tap))
    return await _after(session, tap, part, position)


async def _vote(session: AsyncSession, tap: Tapped, part: Part, position: int, vote: int) -> Card:
    """A button counts from 0: disagree, pass, agree."""
    await answers.vote(session, part, position, vote - 1, given=given(tap))
    return await _after(session, tap, part, position)


async def _tell(session: AsyncSession, tap: Tapped, part: Part, position: int, value: int) -> Card:
    await answers.tell(session, part, position, value, given=given(tap))
    return await _after(session, tap, part, position)


async def _pick(session: AsyncSession, tap: Tapped, part: Part, position: int, option: int) -> Card:
    await answers.pick(session, part, position, option, on=True, given=given(tap))
    if part.questions[position].item.several:
        return await _question(session, tap, part, position)
    return await _after(session, tap, part, position)


async def _drop(session: AsyncSession, tap: Tapped, part: Part, position: int, option: int) -> Card:
    await answers.pick(session, part, position, option, on=False, given=given(tap))
    return await _question(session, tap, part, position)


async def _skip(session: AsyncSession, tap: Tapped, part: Part, position: int) -> Card:
    await answers.skip(session, part, position, given=given(tap))
    return await _after(session, tap, part, position)


async def _go_on(session: AsyncSession, tap: Tapped, part: Part, position: int) -> Card:
    parts.question_at(part, position)
    return await _after(session, tap, part, position)


async def _show(session: AsyncSession, tap: Tapped, part: Part, position: int, *choice: int) -> Card | Reply:
    """A choice counts for the words it was asked about; for others it is asked anew, and nothing ticked."""
    shown_as, message = choice
    known = part.answers.get(parts.question_at(part, position, kinds=("text",)).key)
    if known is not None and known.text is None:
        # Skipped since.
        return Reply(await _question(session, tap, part, position), over=tap.message)
    chosen = await answers.show_as(session, part, position, shown_as, message=message, given=given(tap))
    if not chosen:
        return Reply(await _how(session, tap, part, position), over=tap.message)
    return await _after(session, tap, part, position)


async def _why(session: AsyncSession, tap: Tapped, part: Part, position: int) -> Card:
    return await _question(session, tap, part, position, why=True)


async def _not_now(session: AsyncSession, tap: Tapped, part: Part) -> Card:
    await parts.decline(session, part)
    await _leave(session, tap, part)
    for_whom = await reader(session, part.round, account=tap.account)
    return await overview.declined(session, part, for_whom, now=tap.received_at)


async def _after(session: AsyncSession, tap: Tapped, part: Part, position: int) -> Card:
    """The next question still open behind this one, else the summary."""
    following = part.first_open(after=position)
    if following is None:
        return await _summary(session, tap, part)
    return await _question(session, tap, part, following)


async def _question(
    session: AsyncSession, tap: Tapped, part: Part, position: int, *, why: bool = False
) -> Card:
    question = parts.question_at(part, position)
    for_whom = await reader(session, part.round, account=tap.account)
    known = part.answers.get(question.key)
    await parts.drawn(session, part, message=tap.message, item=question.item.code)
    if question.item.kind in WRITTEN:
        await awaited.expect(
            session, tap.chat, "item", part.invitation.id, item=str(position), message=tap.message
        )
        if known is not None and known.text is not None and known.shown_as is None:
            return await questions.how(session, part, position, for_whom)
    else:
        # Words written while a rating is asked belong to no question.
        await awaited.forget(session, tap.chat)
    return await questions.card(session, part, position, for_whom, why=why)


async def _how(session: AsyncSession, tap: Tapped, part: Part, position: int) -> Card:
    """How a text may be shown, asked again. Raises NotYours where there is no text."""
    question = parts.question_at(part, position, kinds=("text",))
    known = part.answers.get(question.key)
    if known is None or known.text is None:
        raise NotYours
    # The card says that another message replaces these words; it is settled when one comes.
    await awaited.expect(
        session, tap.chat, "item", part.invitation.id, item=str(position), message=tap.message
    )
    await parts.drawn(session, part, message=tap.message, item=question.item.code)
    for_whom = await reader(session, part.round, account=tap.account)
    return await questions.how(session, part, position, for_whom)


async def _leave(session: AsyncSession, tap: Tapped, part: Part) -> None:
    """This card asks nothing now: what is written next, or in reply to it, belongs to no question."""
    await awaited.forget(session, tap.chat)
    await parts.drawn(session, part, message=tap.message, item="")


async def _summary(session: AsyncSession, tap: Tapped, part: Part) -> Card:
    await _leave(session, tap, part)
    for_whom = await reader(session, part.round, account=tap.account)
    return await overview.summary(session, part, for_whom, now=tap.received_at)


async def _change(session: AsyncSession, tap: Tapped, part: Part) -> Card:
    await _leave(session, tap, part)
    return await overview.change(session, part, await reader(session, part.round, account=tap.account))


async def _closed(session: AsyncSession, done: Moment, invitation_id: int, *, lost_words: bool) -> Card:
    round_, seat = await parts.round_of(session, invitation_id, account=done.account)
    return await overview.closed(
        session,
        round_,
        seat,
        await reader(session, round_, account=done.account),
        account=done.account,
        lost_words=lost_words,
        now=done.received_at,
    )


async def written(session: AsyncSession, message: Said, awaiting: Awaiting, _: Setting) -> Reply:
    """A message that answers a question: kept, its old card settled, and what comes next sent anew.

    After a text that is how it may be shown.
    """
    try:
        part = await parts.of(session, awaiting.about, account=message.account, now=message.received_at)
    except OVER:
        await awaited.forget(session, message.chat)
        return Reply(await _closed(session, message, awaiting.about, lost_words=True))
    except parts.SeatLeft:
        raise NotYours from None
    position = int(awaiting.item)
    await answers.write(session, part, position, message.text, message=message.message, given=given(message))
    for_whom = await reader(session, part.round, account=message.account)
    settled = None
    if awaiting.message is not None:
        settled = (awaiting.message, questions.kept(part, position, for_whom))
    await awaited.expect(session, message.chat, "item", awaiting.about, item=str(position), message=None)
    if part.answers[part.questions[position].key].text is None:
        # A number; or a later skip was handled before this text, and the newest word counts.
        return Reply(await _after(session, _tapped(message), part, position), settled=settled)
    return Reply(await questions.how(session, part, position, for_whom), settled=settled)


def _tapped(moment: Moment) -> Tapped:
    """As if a button without a message of its own had been tapped: what comes next is sent anew."""
    return Tapped(
        account=moment.account,
        chat=moment.chat,
        language=moment.language,
        update_id=moment.update_id,
        received_at=moment.received_at,
    )


async def reworded(session: AsyncSession, edit: Reworded) -> tuple[Reply, ...]:
    """An edited answer is kept anew; of a text it is said how it is shown, and that can be changed."""
    text = edit.text if visible(edit.text).strip() else ""
    found = await answers.reword(session, message=edit.message, text=text, given=given(edit))
    if found is None:
        return ()
    part, position = found
    for_whom = await reader(session, part.round, account=edit.account)
    if part.questions[position].item.kind == "number":
        return (Reply(questions.kept(part, position, for_whom)),)
    return (Reply(await questions.how(session, part, position, for_whom)),)


def given(moment: Moment) -> Given:
    return Given(account=moment.account, update_id=moment.update_id, received_at=moment.received_at)


async def reader(session: AsyncSession, round_: Round, *, account: int) -> Reader:
    return await readers.of(session, account=account, partnership_id=round_.partnership_id)


TICK = "✓"
# Each kind of button: what it does, what its tap says once that is stored, and how many numbers it carries.
PARTS: dict[str, tuple[Answering, str, int]] = {
    "start": (_start, "", 1),
    "ask": (_question, "", 2),
    "rate": (_rate, TICK, 3),
    "vote": (_vote, TICK, 3),
    "pick": (_pick, TICK, 3),
    "drop": (_drop, TICK, 3),
    "told": (_tell, TICK, 3),
    "skip": (_skip, TICK, 2),
    "keep": (_go_on, "", 2),
    "show": (_show, TICK, 4),
    "why": (_why, "", 2),
    "how": (_how, "", 2),
    "not": (_not_now, TICK, 1),
    "change": (_change, "", 1),
    "done": (_summary, "", 1),
}
VERBS = {kind: Verb(partial(_in_round, verb, notice), n) for kind, (verb, notice, n) in PARTS.items()}
WORDS: dict[str, Words] = {"item": written}
COMMANDS: dict[str, Command] = {}
