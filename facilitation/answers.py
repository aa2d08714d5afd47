"""Answers: kept when tapped, newest wins, open to change until the round closes."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from facilitation import instruments, rounds
from facilitation.instruments import Instrument, Item
from facilitation.refusals import NotYours, Refusal
from storage.members import Member, Seat
from storage.partnerships import Organisation
from storage.rounds import Answer, Invitation, Round

# Telegram numbers updates upwards, but starts again at a random number after a quiet week.
RENUMBERED = timedelta(days=1)
LONGEST_TEXT = 3000
SCALE = (1, 2, 3, 4, 5)


class RoundClosed(Refusal):
    """This round has closed, so nothing can be changed in it any more."""


class TextTooLong(Refusal):
    """That is a little long to be read by everyone. Please keep it under {most} letters and send it again.
    Nothing was stored yet.
    """


class EditTooLong(Refusal):
    """That is a little long to be read by everyone. Please keep it under {most} letters. The words you had
    sent before still stand.
    """


class EditEmpty(Refusal):
    """I find no words in that message now. The words you had sent before still stand."""


def storable(text: str) -> str:
    """A text without what a database refuses: NUL, and halves of characters."""
    return text.replace("\0", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


@dataclass(frozen=True)
class Given:
    """One thing a person did: where it stands in the order of what they did, and when it reached us."""

    account: int
    update_id: int
    received_at: datetime


@dataclass(frozen=True)
class Part:
    """One member's part in a round, with what they have answered so far."""

    invitation: Invitation
    round: Round
    instrument: Instrument
    answers: dict[str, Answer]

    def first_open(self, *, after: int = -1) -> int | None:
        """The position of the first item not yet answered or skipped behind `after`, else from the top."""
        positions = [p for p, item in enumerate(self.instrument.items) if not self.settled(item)]
        later = [p for p in positions if p > after]
        return next(iter(later or positions), None)

    def settled(self, item: Item) -> bool:
        answer = self.answers.get(item.code)
        return answer is not None and not (answer.text is not None and answer.shown_as is None)

    @property
    def given(self) -> int:
        return sum(
            1 for answer in self.answers.values() if answer.value is not None or answer.text is not None
        )


async def part(session: AsyncSession, invitation_id: int, *, account: int, now: datetime) -> Part:
    """A member's own part in an open round. Raises NotYours, RoundClosed."""
    found = await _own(session, invitation_id, account=account)
    # Closing waits for this lock, so no answer slips in behind a closed round.
    round_ = await rounds.locked(session, found.round_id)
    if not rounds.is_open(round_, now):
        raise RoundClosed
    rows = await session.exec(select(Answer).where(Answer.invitation_id == invitation_id))
    answers = {answer.item: answer for answer in rows.all()}
    return Part(found, round_, instruments.parsed(round_.instrument), answers)


async def round_of(session: AsyncSession, invitation_id: int, *, account: int) -> Round:
    """The round of one's own invitation, open or not. Raises NotYours."""
    found = await _own(session, invitation_id, account=account)
    return await session.get_one(Round, found.round_id)


async def _own(session: AsyncSession, invitation_id: int, *, account: int) -> Invitation:
    wanted = (
        select(Invitation)
        .join(Seat, col(Seat.id) == col(Invitation.seat_id))
        .join(Member, col(Member.id) == col(Seat.member_id))
        .where(Invitation.id == invitation_id, Member.account == account, col(Seat.left_at).is_(None))
    )
    found = (await session.exec(wanted)).first()
    if found is None:
        raise NotYours
    return found


def item_at(part: Part, position: int, *, kind: str | None = None) -> Item:
    """Raises NotYours for a position or kind that no button of ours could carry."""
    if not 0 <= position < len(part.instrument.items):
        raise NotYours
    item = part.instrument.items[position]
    if kind is not None and item.kind != kind:
        raise NotYours
    return item


async def drawn(session: AsyncSession, part: Part, *, message: int | None, item: str) -> None:
    """Note which message shows this part now, and which item: so a reply to it says what it answers."""
    if message is not None and (part.invitation.card, part.invitation.card_item) != (message, item):
        part.invitation.card, part.invitation.card_item = message, item
        session.add(part.invitation)


async def shown_in(session: AsyncSession, message: int, *, account: int) -> tuple[int, int | None] | None:
    """What a message of ours shows this account: its invitation, and the position of a text question.

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
    items = instruments.parsed(round_.instrument).items
    texts = (at for at, item in enumerate(items) if item.kind == "text" and item.code == invitation.card_item)
    return invitation.id, next(texts, None)


async def rate(session: AsyncSession, part: Part, position: int, value: int, *, given: Given) -> None:
    item = item_at(part, position, kind="scale")
    if value not in SCALE:
        raise NotYours
    await _keep(session, part, item, given=given, value=value)


async def skip(session: AsyncSession, part: Part, position: int, *, given: Given) -> None:
    await _keep(session, part, item_at(part, position), given=given)


async def write(
    session: AsyncSession, part: Part, position: int, text: str, *, message: int, given: Given
) -> None:
    """Keep a text; how it may be shown is asked next, and until then only the facilitator may see it.

    What was chosen for an earlier text was not chosen for this one.
    """
    item = item_at(part, position, kind="text")
    if len(text) > LONGEST_TEXT:
        raise TextTooLong(most=LONGEST_TEXT)
    await _keep(session, part, item, given=given, text=storable(text), message=message)


async def show_as(
    session: AsyncSession, part: Part, position: int, shown_as: int, *, message: int, given: Given
) -> bool:
    """Choose how the text of this message may be shown, one of `instruments.SHOWN_AS` by number.

    False, and nothing is changed: other words stand there now, and what was chosen was not chosen for
    them. Raises NotYours where there are no words at all.
    """
    answer = part.answers.get(item_at(part, position, kind="text").code)
    if answer is None or answer.text is None or not 0 <= shown_as < len(instruments.SHOWN_AS):
        raise NotYours
    if answer.message != message:
        return False
    if newer(given, answer):
        answer.shown_as = instruments.SHOWN_AS[shown_as]
        answer.update_id, answer.received_at = given.update_id, given.received_at
        session.add(answer)
        await settle(session, part)
    return True


async def signature(session: AsyncSession, part: Part) -> tuple[str, str]:
    """The name and the organisation that would stand below a text of this part."""
    seat = await session.get_one(Seat, part.invitation.seat_id)
    organisation = await session.get_one(Organisation, part.invitation.organisation_id)
    return seat.name, organisation.name


async def reword(session: AsyncSession, *, message: int, text: str, given: Given) -> tuple[Part, int] | None:
    """Somebody edited the message that held their text: keep the new words, shown as was chosen for it.

    The result is their part and the item's position; None: that message holds no answer. Raises
    EditTooLong, EditEmpty, RoundClosed; then the words of before stand.
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
    own = await part(session, held.invitation_id, account=given.account, now=given.received_at)
    if len(text) > LONGEST_TEXT:
        raise EditTooLong(most=LONGEST_TEXT)
    if not text:
        raise EditEmpty
    position = next(at for at, item in enumerate(own.instrument.items) if item.code == held.item)
    answer = own.answers[held.item]
    if newer(given, answer):
        answer.text = storable(text)
        answer.update_id, answer.received_at = given.update_id, given.received_at
        session.add(answer)
        await session.flush()
    return own, position


async def _keep(
    session: AsyncSession,
    part: Part,
    item: Item,
    *,
    given: Given,
    value: int | None = None,
    text: str | None = None,
    shown_as: str | None = None,
    message: int | None = None,
) -> None:
    answer = part.answers.get(item.code)
    if answer is not None and not newer(given, answer):
        return
    answer = answer or Answer(
        invitation_id=part.invitation.id,
        item=item.code,
        update_id=given.update_id,
        received_at=given.received_at,
    )
    answer.value, answer.text, answer.shown_as, answer.message = value, text, shown_as, message
    answer.update_id, answer.received_at = given.update_id, given.received_at
    session.add(answer)
    part.answers[item.code] = answer
    await settle(session, part)


def newer(given: Given, answer: Answer) -> bool:
    """Whether what a person did now came after what is stored."""
    if abs(given.received_at - answer.received_at) > RENUMBERED:
        return given.received_at > answer.received_at
    return given.update_id >= answer.update_id


async def settle(session: AsyncSession, part: Part) -> None:
    """Note on the invitation how far this person is; a part once finished stays finished."""
    if part.invitation.state != "finished":
        part.invitation.state = "finished" if part.first_open() is None else "started"
        session.add(part.invitation)
    await session.flush()


async def decline(session: AsyncSession, part: Part) -> None:
    """Not this week: no more reminders of this round; whoever answers after all is back in.

    What was answered before stays and counts.
    """
    if part.invitation.state in ("asked", "started"):
        part.invitation.state = "declined"
        session.add(part.invitation)
        await session.flush()
