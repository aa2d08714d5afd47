"""Questions: what one seat is asked in a round, item by item, and whom or what each asks about."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from facilitation.instruments import Instrument, Item, Wording
from storage.partnerships import Organisation
from storage.rounds import Invitation, Promise

Key = tuple[str, int]

RATED = ("scale", "directed", "guess")  # answered by one of five
WRITTEN = ("text", "number")  # answered by a message


@dataclass(frozen=True)
class Question:
    """An item, and the organisation (directed) or promise (promise) it is asked about; else 0."""

    item: Item
    about: int = 0

    @property
    def key(self) -> Key:
        return self.item.code, self.about


def of(invitation: Invitation, instrument: Instrument) -> tuple[Question, ...]:
    """What a seat is asked, in order: what its invitation says, else every item once."""
    if not invitation.questions:
        return tuple(Question(item) for item in instrument.items)
    items = {item.code: item for item in instrument.items}
    return tuple(Question(items[code], about) for code, about in invitation.questions)


async def subjects(session: AsyncSession, asked: Sequence[Question], *, seat_id: int) -> dict[Key, str]:
    """The organisation each directed question is about, by name, and the words of each promise asked about.

    A promise that is kept no longer has none.
    """
    about = [question.about for question in asked if question.item.kind == "directed"]
    wanted = select(Organisation.id, Organisation.name).where(Organisation.id.in_(about))  # type: ignore[attr-defined]  # a column, in a class
    names = dict((await session.exec(wanted)).all()) if about else {}
    promised = [question.about for question in asked if question.item.kind == "promise"]
    kept = select(Promise.id, Promise.text).where(
        Promise.id.in_(promised),  # type: ignore[attr-defined]  # a column, in a class
        Promise.seat_id == seat_id,
    )
    texts = dict((await session.exec(kept)).all()) if promised else {}
    known = {"directed": names, "promise": texts}
    return {
        question.key: known[question.item.kind].get(question.about, "")
        for question in asked
        if question.item.kind in known
    }


def guessed(
    asked: Sequence[Question], question: Question, instrument: Instrument
) -> tuple[Wording, int | None]:
    """What a guess is about: the wording of that item, and its position if this seat is asked it too."""
    about = next(item for item in instrument.items if item.code == question.item.of)
    places = (at for at, other in enumerate(asked) if other.item.code == about.code)
    return about.wording, next(places, None)
