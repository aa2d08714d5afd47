"""Parts: one member's part in a round, how far they are with it, and which message shows it."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from facilitation import instruments, questions, reminders, restored, rounds
from facilitation.instruments import Instrument
from facilitation.questions import Key, Question
from facilitation.refusals import NotYours, Refusal
from storage.members import Member, Seat
from storage.rounds import Answer, Invitation, Round


class RoundClosed(Refusal):
    """This round has closed, so nothing can be changed in it any more."""


class RoundCalledOff(Refusal):
    """This round was called off, so nothing in it needs an answer any more."""


class RoundLost(Refusal):
    """Some answers of this round were lost when Parley was restored from a backup, so it ended early. We are
    sorry. If something still matters to you, send /raise.
    """


class SeatLeft(Refusal):
    """You no longer have a seat in this partnership, so this button does nothing now. If you want to come
    back, ask its facilitator for a new link.
    """


@dataclass(frozen=True)
class Part:
    """One member's part in a round: what this seat is asked, and what they have answered so far."""

    invitation: Invitation
    round: Round
    instrument: Instrument
    questions: tuple[Question, ...]
    answers: dict[Key, Answer]

    def first_open(self, *, after: int = -1) -> int | None:
        """The first position not yet answered or skipped behind `after`, else from the top."""
        positions = [at for at, question in enumerate(self.questions) if not self.settled(question)]
        later = [at for at in positions if at > after]
        return next(iter(later or positions), None)

    def settled(self, question: Question) -> bool:
        answer = self.answers.get(question.key)
        return answer is not None and not (answer.text is not None and answer.shown_as is None)

    def gives(self, question: Question) -> bool:
        """Whether there is an answer, not a question skipped."""
        answer = self.answers.get(question.key)
        return answer is not None and (answer.value is not None or answer.text is not None)

    @property
    def given(self) -> int:
        return sum(self.gives(question) for question in self.questions)


async def of(session: AsyncSession, invitation_id: int, *, account: int, now: datetime) -> Part:
    """A member's own part in an open round.

    Raises NotYours, SeatLeft, RoundClosed, RoundCalledOff, RoundLost.
    """
    found = await _own(session, invitation_id, account=account)
    # Closing waits for this lock, so no answer slips in behind a closed round.
    round_ = await rounds.locked(session, found.round_id)
    if round_.state == "skipped":
        raise RoundLost if round_.reason == restored.LOST else RoundCalledOff
    if not rounds.is_open(round_, now):
        raise RoundClosed
    rows = await session.exec(
        select(Answer).where(Answer.invitation_id == invitation_id).order_by(col(Answer.id))
    )
    answers = {(answer.item, answer.about): answer for answer in rows.all()}
    instrument = instruments.parsed(round_.instrument)
    return Part(found, round_, instrument, questions.of(found, instrument), answers)


async def round_of(session: AsyncSession, invitation_id: int, *, account: int) -> tuple[Round, Seat]:
    """The round of one's own invitation, open or not, and the seat. Raises NotYours, SeatLeft."""
    found = await _own(session, invitation_id, account=account)
    seat = await session.get_one(Seat, found.seat_id)
    return await session.get_one(Round, found.round_id), seat


async def _own(session: AsyncSession, invitation_id: int, *, account: int) -> Invitation:
    wanted = (
        select(Invitation, Seat.left_at)
        .join(Seat, col(Seat.id) == col(Invitation.seat_id))
        .join(Member, col(Member.id) == col(Seat.member_id))
        .where(Invitation.id == invitation_id, Member.account == account)
    )
    found = (await session.exec(wanted)).first()
    if found is None:
        raise NotYours
    invitation, left_at = found
    if left_at is not None:
        raise SeatLeft
    return invitation


def question_at(part: Part, position: int, *, kinds: tuple[str, ...] = instruments.KINDS) -> Question:
    """Raises NotYours for a position or kind that no button of ours could carry."""
    if not 0 <= position < len(part.questions):
        raise NotYours
    question = part.questions[position]
    if question.item.kind not in kinds:
        raise NotYours
    return question


async def drawn(session: AsyncSession, part: Part, *, message: int | None, item: str) -> None:
    """Note which message shows this part now, and which item: so a reply to it says what it answers."""
    if message is not None and (part.invitation.card, part.invitation.card_item) != (message, item):
        part.invitation.card, part.invitation.card_item = message, item
        session.add(part.invitation)


async def shown_in(session: AsyncSession, message: int, *, account: int) -> tuple[int, int | None] | None:
    """What a message of ours shows this account: its invitation, and the position of what is to be written.

    None: it is no card of an open round that we know; a position of None: it asks for no words.
    """
    wanted = (
        select(Invitation, Round)
        .join(Round, col(Round.id) == col(Invitation.round_id))
        .join(Seat, col(Seat.id) == col(Invitation.seat_id))
        .join(Member, col(Member.id) == col(Seat.member_id))
        .where(Member.account == account, Invitation.card == message, Round.state == "open")
    )
    found = (await session.exec(wanted)).first()
    if found is None:
        return None
    invitation, round_ = found
    items = [question.item for question in questions.of(invitation, instruments.parsed(round_.instrument))]
    places = (
        at
        for at, item in enumerate(items)
        if item.kind in questions.WRITTEN and item.code == invitation.card_item
    )
    return invitation.id, next(places, None)


async def settle(session: AsyncSession, part: Part) -> None:
    """Note on the invitation how far this person is; a part once finished stays finished."""
    if part.invitation.state != "finished":
        part.invitation.state = "finished" if part.first_open() is None else "started"
        session.add(part.invitation)
        if part.invitation.state == "finished":
            await reminders.withdraw(session, part.invitation.id)
    await session.flush()


async def decline(session: AsyncSession, part: Part) -> None:
    """Not this week: no more reminders of this round; whoever answers after all is back in.

    What was answered before stays and counts.
    """
    if part.invitation.state in ("asked", "started"):
        part.invitation.state = "declined"
        session.add(part.invitation)
        await reminders.withdraw(session, part.invitation.id)
        await session.flush()
