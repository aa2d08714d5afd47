"""Answers: kept when tapped, newest wins, open to change until the round closes."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from facilitation import instruments, parts, promises, questions
from facilitation.instruments import Item
from facilitation.parts import Part
from facilitation.questions import Question
from facilitation.refusals import NotYours, Refusal
from storage.members import Member, Seat
from storage.partnerships import Organisation
from storage.rounds import Answer, Invitation

# Telegram numbers updates upwards, but starts again at a random number after a quiet week.
RENUMBERED = timedelta(days=1)
LONGEST_TEXT = 3000
SCALE = (1, 2, 3, 4, 5)
VOTES = (-1, 0, 1)  # disagree, pass, agree
# As people write them: 1,200 or 1 200 is one number.
THOUSANDS = re.compile(r"(?<=\d)[ ,'](?=\d{3}(?!\d))")
NUMBER = re.compile(r"-?\d+")


class TextTooLong(Refusal):
    """That is a little long to be read by everyone. Please keep it under {most} letters and send it again.
    Nothing was stored yet.
    """


class NumberUnclear(Refusal):
    """I look for one whole number from {least} to {most}, in digits. Please send it once more. Nothing you
    answered before has changed.
    """


class EditTooLong(Refusal):
    """That is a little long to be read by everyone. Please keep it under {most} letters. The words you had
    sent before still stand.
    """


class EditEmpty(Refusal):
    """I find no words in that message now. The words you had sent before still stand."""


class EditUnclear(Refusal):
    """I find no whole number from {least} to {most} in that message now. The number you had sent before still
    stands.
    """


# Words that could not be kept; edited, they are taken as if sent newly.
NOT_KEPT = (TextTooLong, NumberUnclear)


def storable(text: str) -> str:
    """A text without what a database refuses: NUL, and halves of characters."""
    return text.replace("\0", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


@dataclass(frozen=True)
class Given:
    """One thing a person did: where it stands in the order of what they did, and when it reached us."""

    account: int
    update_id: int
    received_at: datetime


async def rate(session: AsyncSession, part: Part, position: int, value: int, *, given: Given) -> None:
    """One of five, for a scale, about an organisation, or as a guess."""
    question = parts.question_at(part, position, kinds=questions.RATED)
    if value not in SCALE:
        raise NotYours
    await _keep(session, part, question, given=given, value=value)


async def vote(session: AsyncSession, part: Part, position: int, value: int, *, given: Given) -> None:
    """One of VOTES."""
    question = parts.question_at(part, position, kinds=("agree",))
    if value not in VOTES:
        raise NotYours
    await _keep(session, part, question, given=given, value=value)


async def tell(session: AsyncSession, part: Part, position: int, value: int, *, given: Given) -> None:
    """What came of a promise, one of `promises.OUTCOMES`."""
    question = parts.question_at(part, position, kinds=("promise",))
    if value not in promises.OUTCOMES:
        raise NotYours
    await _keep(session, part, question, given=given, value=value)


async def pick(
    session: AsyncSession, part: Part, position: int, option: int, *, on: bool, given: Given
) -> None:
    """Choose an option; where several may be chosen, each is chosen or taken back by itself."""
    question = parts.question_at(part, position, kinds=("choice",))
    if not 0 <= option < len(question.item.options) or not (on or question.item.several):
        raise NotYours
    if question.item.several:
        await _tick(session, part, question, {option}, on=on, given=given)
    else:
        await _keep(session, part, question, given=given, value=1 << option)


async def skip(session: AsyncSession, part: Part, position: int, *, given: Given) -> None:
    question = parts.question_at(part, position)
    if question.item.several:
        every = set(range(len(question.item.options)))
        await _tick(session, part, question, every, on=False, given=given)
    else:
        await _keep(session, part, question, given=given)


async def write(
    session: AsyncSession, part: Part, position: int, text: str, *, message: int, given: Given
) -> None:
    """Keep a number, or a text: how it may be shown is asked next, and until then only the facilitator may
    see it. What was chosen for an earlier text was not chosen for this one.

    Raises TextTooLong, NumberUnclear.
    """
    question = parts.question_at(part, position, kinds=questions.WRITTEN)
    if question.item.kind == "number":
        value = _number(question.item, text, refusal=NumberUnclear)
        await _keep(session, part, question, given=given, value=value, message=message)
        return
    if len(text) > LONGEST_TEXT:
        raise TextTooLong(most=LONGEST_TEXT)
    await _keep(session, part, question, given=given, text=storable(text), message=message)


def _number(item: Item, text: str, *, refusal: type[Refusal]) -> int:
    """The one number in a message, of those that may be answered; two, or a fraction, are not guessed at."""
    found = NUMBER.findall(THOUSANDS.sub("", text))
    if len(found) != 1 or len(found[0]) > len(str(instruments.LARGEST)) + 1:
        raise refusal(least=item.least, most=item.most)
    if not item.least <= (value := int(found[0])) <= item.most:
        raise refusal(least=item.least, most=item.most)
    return value


async def show_as(
    session: AsyncSession, part: Part, position: int, shown_as: int, *, message: int, given: Given
) -> bool:
    """Choose how the text of this message may be shown, one of `instruments.SHOWN_AS` by number.

    False, and nothing is changed: other words stand there now, and what was chosen was not chosen for
    them. Raises NotYours where there are no words at all.
    """
    answer = part.answers.get(parts.question_at(part, position, kinds=("text",)).key)
    if answer is None or answer.text is None or not 0 <= shown_as < len(instruments.SHOWN_AS):
        raise NotYours
    if answer.message != message:
        return False
    if newer(given, answer):
        answer.shown_as = instruments.SHOWN_AS[shown_as]
        await _note(session, part, answer, given)
    return True


async def signature(session: AsyncSession, part: Part) -> tuple[str, str]:
    """The name and the organisation that would stand below a text of this part."""
    seat = await session.get_one(Seat, part.invitation.seat_id)
    organisation = await session.get_one(Organisation, part.invitation.organisation_id)
    return seat.name, organisation.name


async def reword(session: AsyncSession, *, message: int, text: str, given: Given) -> tuple[Part, int] | None:
    """Somebody edited the message that held their answer: keep the new one, shown as was chosen for it.

    The result is their part and the question's position; None: that message holds no answer. Raises
    EditTooLong, EditEmpty, EditUnclear, RoundClosed, RoundCalledOff, SeatLeft; then what stood before stands.
    """
    wanted = (
        select(Answer)
        .join(Invitation, col(Invitation.id) == col(Answer.invitation_id))
        .join(Seat, col(Seat.id) == col(Invitation.seat_id))
        .join(Member, col(Member.id) == col(Seat.member_id))
        .where(Member.account == given.account, Answer.message == message)
    )
    held = (await session.exec(wanted)).first()
    if held is None:
        return None
    own = await parts.of(session, held.invitation_id, account=given.account, now=given.received_at)
    answer = own.answers[held.item, held.about]
    position = next(at for at, one in enumerate(own.questions) if one.key == (held.item, held.about))
    value, words = _reworded(own.questions[position].item, text)
    if newer(given, answer):
        answer.value, answer.text = value, words
        await _note(session, own, answer, given)
    return own, position


def _reworded(item: Item, text: str) -> tuple[int | None, str | None]:
    if item.kind == "number":
        return _number(item, text, refusal=EditUnclear), None
    if len(text) > LONGEST_TEXT:
        raise EditTooLong(most=LONGEST_TEXT)
    if not text:
        raise EditEmpty
    return None, storable(text)


def _blank(part: Part, question: Question, given: Given) -> Answer:
    return Answer(
        invitation_id=part.invitation.id,
        item=question.item.code,
        about=question.about,
        update_id=given.update_id,
        received_at=given.received_at,
    )


async def _keep(
    session: AsyncSession,
    part: Part,
    question: Question,
    *,
    given: Given,
    value: int | None = None,
    text: str | None = None,
    message: int | None = None,
) -> None:
    """Keep this in place of whatever stood there before, unless that is newer."""
    answer = part.answers.get(question.key)
    if answer is not None and not newer(given, answer):
        return
    answer = answer or _blank(part, question, given)
    answer.value, answer.text, answer.shown_as, answer.message = value, text, None, message
    await _note(session, part, answer, given)


async def _tick(
    session: AsyncSession, part: Part, question: Question, options: set[int], *, on: bool, given: Given
) -> None:
    """Set these options on or off. Fast fingers tap two before the first is drawn, and both count."""
    answer = part.answers.get(question.key) or _blank(part, question, given)
    told = {
        str(option): [on, given.update_id, given.received_at.isoformat()]
        for option in options
        if (known := answer.ticked.get(str(option))) is None
        or _later(given, known[1], datetime.fromisoformat(known[2]))
    }
    answer.ticked = answer.ticked | told
    # An option that was never touched is off, so no option at all is the same as skipped.
    answer.value = sum(1 << int(option) for option, (ticked, *_) in answer.ticked.items() if ticked) or None
    await _note(session, part, answer, given)


async def _note(session: AsyncSession, part: Part, answer: Answer, given: Given) -> None:
    """Write a changed answer down, with when that was, and what follows from it."""
    if newer(given, answer):
        answer.update_id, answer.received_at = given.update_id, given.received_at
    session.add(answer)
    part.answers[answer.item, answer.about] = answer
    item = next(item for item in part.instrument.items if item.code == answer.item)
    if item.promises:
        await promises.follow(session, part.round, part.invitation, answer, now=given.received_at)
    if item.kind == "promise":
        await promises.settle(session, part.invitation, answer)
    await parts.settle(session, part)


def newer(given: Given, answer: Answer) -> bool:
    """Whether what a person did now came after what is stored."""
    return _later(given, answer.update_id, answer.received_at)


def _later(given: Given, update_id: int, received_at: datetime) -> bool:
    if abs(given.received_at - received_at) > RENUMBERED:
        return given.received_at > received_at
    return given.update_id >= update_id
