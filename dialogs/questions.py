"""One question on a card, of every kind, and what was answered to it in words."""

from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from dialogs.cards import Card, Reader, draw, plain, short
from facilitation import answers
from facilitation import questions as asked
from facilitation.instruments import CONFIDENTIAL, said
from facilitation.parts import Part
from facilitation.questions import Question
from storage.rounds import Answer

BESIDE = 32  # letters of an option on its button, beside its tick


async def card(
    session: AsyncSession, part: Part, position: int, for_whom: Reader, *, why: bool = False
) -> Card:
    """A question with its buttons, and what was answered so far; `why`: with the reason it is asked."""
    question = part.questions[position]
    item, language, known = question.item, for_whom.language, part.answers.get(question.key)
    subjects = await asked.subjects(session, [question], seat_id=part.invitation.seat_id)
    guessed, place = _guessed(part, question, for_whom)
    return draw(
        "question",
        for_whom,
        position=position,
        of=len(part.questions),
        kind=item.kind,
        wording=said(item.wording, language),
        low=said(item.low, language) if item.low else "",
        high=said(item.high, language) if item.high else "",
        why=said(item.why, language) if why else "",
        subject=subjects.get(question.key, ""),
        guessed=guessed,
        place=place,
        options=_options(question, known, for_whom),
        several=item.several,
        least=item.least,
        most=item.most,
        shows=_openly(part, question),
        promises=item.promises,
        value=known.value if known else None,
        text=known.text if known else None,
        choice=choice(known.shown_as, for_whom) if known else "",
        answer=in_words(question, known, for_whom) if known and known.text is None else "",
        invitation=part.invitation.id,
    )


def _guessed(part: Part, question: Question, for_whom: Reader) -> tuple[str, int | None]:
    if question.item.kind != "guess":
        return "", None
    wording, place = asked.guessed(part.questions, question, part.instrument)
    return said(wording, for_whom.language), place


def _options(question: Question, known: Answer | None, for_whom: Reader) -> list[dict[str, Any]]:
    value = known.value if known and known.value else 0
    return [
        _option(said(wording, for_whom.language), ticked=bool(value >> at & 1))
        for at, wording in enumerate(question.item.options)
    ]


def _option(wording: str, *, ticked: bool) -> dict[str, Any]:
    label = short(wording, BESIDE)
    return {"wording": wording, "label": label, "cut": label != wording, "ticked": ticked}


def _openly(part: Part, question: Question) -> str:
    """How openly its answers are shown, where that is more than group results."""
    mode = part.instrument.shows(question.item)
    return "" if mode == CONFIDENTIAL else mode


async def how(session: AsyncSession, part: Part, position: int, for_whom: Reader) -> Card:
    """A text, and how it may be shown."""
    question = part.questions[position]
    known = part.answers[question.key]
    name, organisation = await answers.signature(session, part)
    return draw(
        "shown_as",
        for_whom,
        position=position,
        of=len(part.questions),
        text=known.text,
        message=known.message,
        chosen=known.shown_as,
        choice=choice(known.shown_as, for_whom),
        shows=_openly(part, question),
        name=name,
        organisation=organisation,
        invitation=part.invitation.id,
    )


def kept(part: Part, position: int, for_whom: Reader) -> Card:
    """What stays of a question that was answered by a message."""
    question = part.questions[position]
    known = part.answers[question.key]
    return draw(
        "text_kept",
        for_whom,
        position=position,
        of=len(part.questions),
        wording=said(question.item.wording, for_whom.language),
        value=known.value,
    )


def choice(chosen: str | None, for_whom: Reader) -> str:
    """In words, how a text may be shown."""
    return plain(draw("choice", for_whom, chosen=chosen).text)


def in_words(question: Question, known: Answer | None, for_whom: Reader) -> str:
    """In a few words, what was answered."""
    options = [one["wording"] for one in _options(question, known, for_whom) if one["ticked"]]
    facts = {
        "kind": question.item.kind,
        "value": known.value if known else None,
        "text": known.text if known else None,
        "choice": choice(known.shown_as, for_whom) if known and known.text is not None else "",
        "options": ", ".join(options),
    }
    return plain(draw("answer", for_whom, **facts).text)


async def listed(session: AsyncSession, part: Part, for_whom: Reader) -> list[dict[str, Any]]:
    """Every question with what was answered to it, for a list."""
    subjects = await asked.subjects(session, part.questions, seat_id=part.invitation.seat_id)
    return [
        {
            "position": position,
            "wording": said(question.item.wording, for_whom.language),
            "subject": subjects.get(question.key, "") or _guessed(part, question, for_whom)[0],
            "answer": in_words(question, part.answers.get(question.key), for_whom),
            "given": part.gives(question),
        }
        for position, question in enumerate(part.questions)
    ]
