"""Answering a round: one question at a time on one card, everything open to change until the close."""

from collections.abc import Awaitable, Callable

from sqlmodel.ext.asyncio.session import AsyncSession

from dialogs.cards import Card, Reader, draw
from dialogs.events import Reply, Said, Tapped
from facilitation import answers, digests, rounds
from facilitation.answers import Given, Part
from facilitation.instruments import said
from storage.partnerships import Partnership
from storage.rounds import Awaited, Round

NOTHING = "-"
# Among fewer people even "more than half have answered" would tell too much while a round is open.
CROWD = 8


async def tapped(session: AsyncSession, tap: Tapped, kind: str, numbers: tuple[int, ...]) -> Reply:
    """A button of a round's cards. Raises NotYours; a closed round answers with its own card."""
    verb, wanted = VERBS[kind]
    if len(numbers) != wanted:
        raise answers.NotYours
    invitation, *rest = numbers
    try:
        part = await answers.part(session, invitation, account=tap.account, now=tap.received_at)
    except answers.RoundClosed:
        return Reply(await _closed(session, tap, invitation), over=tap.message)
    card = await verb(session, tap, part, *rest)
    return Reply(card, over=tap.message, notice=NOTICES.get(kind, ""))


async def _start(session: AsyncSession, tap: Tapped, part: Part) -> Card:
    position = part.first_open()
    if position is None:
        return await _summary(session, tap, part)
    return await _question(session, tap, part, position)


async def _rate(session: AsyncSession, tap: Tapped, part: Part, position: int, value: int) -> Card:
    await answers.rate(session, part, position, value, given=given(tap))
    return await _after(session, tap, part, position)


async def _skip(session: AsyncSession, tap: Tapped, part: Part, position: int) -> Card:
    await answers.skip(session, part, position, given=given(tap))
    return await _after(session, tap, part, position)


async def _go_on(session: AsyncSession, tap: Tapped, part: Part, position: int) -> Card:
    answers.item_at(part, position)
    return await _after(session, tap, part, position)


async def _show(session: AsyncSession, tap: Tapped, part: Part, position: int, shown_as: int) -> Card:
    await answers.show_as(session, part, position, shown_as)
    return await _after(session, tap, part, position)


async def _why(session: AsyncSession, tap: Tapped, part: Part, position: int) -> Card:
    return await _question(session, tap, part, position, why=True)


async def _not_now(session: AsyncSession, _tap: Tapped, part: Part) -> Card:
    await answers.decline(session, part)
    return draw(
        "declined",
        await reader(session, part.round),
        invitation=part.invitation.id,
        closes=part.round.closes_at,
    )


async def _after(session: AsyncSession, tap: Tapped, part: Part, position: int) -> Card:
    """The next question still open behind this one, else the summary."""
    following = part.first_open(after=position)
    if following is None:
        return await _summary(session, tap, part)
    return await _question(session, tap, part, following)


async def _question(
    session: AsyncSession, tap: Tapped, part: Part, position: int, *, why: bool = False
) -> Card:
    item = answers.item_at(part, position)
    for_whom = await reader(session, part.round)
    known = part.answers.get(item.code)
    if item.kind == "text":
        await expect(session, tap.chat, "item", part.invitation.id, item=str(position), message=tap.message)
        if known is not None and known.text is not None and known.shown_as is None:
            return _ask_how(part, position, for_whom)
    return draw(
        "question",
        for_whom,
        position=position,
        of=len(part.instrument.items),
        item=item,
        wording=said(item.wording, for_whom.language),
        low=said(item.low, for_whom.language) if item.low else "",
        high=said(item.high, for_whom.language) if item.high else "",
        why=said(item.why, for_whom.language) if why else "",
        value=known.value if known else None,
        text=known.text if known else None,
        invitation=part.invitation.id,
    )


def _ask_how(part: Part, position: int, for_whom: Reader) -> Card:
    item = part.instrument.items[position]
    return draw(
        "shown_as",
        for_whom,
        position=position,
        of=len(part.instrument.items),
        text=part.answers[item.code].text,
        invitation=part.invitation.id,
    )


async def _summary(session: AsyncSession, tap: Tapped, part: Part) -> Card:
    await forget(session, tap.chat)
    answered, invited = await rounds.replied(session, part.round.id)
    return draw(
        "summary",
        await reader(session, part.round),
        given=part.given,
        closes=part.round.closes_at,
        digest=part.round.digest_at,
        more_than_half=invited >= CROWD and answered * 2 > invited,
        invitation=part.invitation.id,
    )


async def _change(session: AsyncSession, _tap: Tapped, part: Part) -> Card:
    for_whom = await reader(session, part.round)
    rows = [
        {
            "position": position,
            "wording": said(item.wording, for_whom.language),
            "said": _said(part, item.code),
        }
        for position, item in enumerate(part.instrument.items)
    ]
    return draw("change", for_whom, rows=rows, invitation=part.invitation.id)


def _said(part: Part, code: str) -> str:
    answer = part.answers.get(code)
    if answer is None:
        return NOTHING
    return str(answer.value or answer.text or NOTHING)[:60]


async def _closed(session: AsyncSession, tap: Tapped, invitation_id: int) -> Card:
    """What a button of an earlier round leads to: its digest, and today's questions."""
    round_ = await answers.round_of(session, invitation_id, account=tap.account)
    digest = await digests.of_round(session, round_.id)
    published = digest is not None and round_.state == "published"
    newest = await rounds.newest_for(session, round_.partnership_id, account=tap.account, now=tap.received_at)
    return draw(
        "closed",
        await reader(session, round_),
        closed=round_.closes_at,
        digest=digest.id if digest is not None and published else None,
        comes=round_.digest_at if round_.digest_at > tap.received_at else None,
        invitation=newest,
    )


async def written(session: AsyncSession, message: Said, *, invitation_id: int, position: int) -> Reply:
    """A text that answers an item: kept, its old card settled, and how it may be shown asked anew."""
    part = await answers.part(session, invitation_id, account=message.account, now=message.received_at)
    await answers.write(session, part, position, message.text, message=message.message, given=given(message))
    for_whom = await reader(session, part.round)
    settled = None
    if message.awaiting is not None and message.awaiting.message is not None:
        item = part.instrument.items[position]
        kept = draw(
            "text_kept",
            for_whom,
            position=position,
            of=len(part.instrument.items),
            wording=said(item.wording, for_whom.language),
        )
        settled = (message.awaiting.message, kept)
    tap = Tapped(**{name: getattr(message, name) for name in MOMENT})
    if part.settled(part.instrument.items[position]):
        return Reply(await _after(session, tap, part, position), settled=settled)
    await expect(session, message.chat, "item", invitation_id, item=str(position), message=None)
    return Reply(_ask_how(part, position, for_whom), settled=settled)


MOMENT = ("account", "chat", "language", "update_id", "received_at")


def given(moment: Tapped | Said) -> Given:
    return Given(account=moment.account, update_id=moment.update_id, received_at=moment.received_at)


async def reader(session: AsyncSession, round_: Round) -> Reader:
    partnership = await session.get_one(Partnership, round_.partnership_id)
    return Reader(partnership.language, partnership.timezone)


async def expect(
    session: AsyncSession, chat: int, kind: str, about: int, *, item: str = "", message: int | None = None
) -> None:
    """The next text of this chat answers this; whatever was awaited before is not any more."""
    await session.merge(Awaited(chat=chat, kind=kind, about=about, item=item, message=message))


async def forget(session: AsyncSession, chat: int) -> None:
    awaited = await session.get(Awaited, chat)
    if awaited is not None:
        await session.delete(awaited)


# Each kind of button: what it does, and how many numbers it carries.
VERBS: dict[str, tuple[Callable[..., Awaitable[Card]], int]] = {
    "start": (_start, 1),
    "ask": (_question, 2),
    "rate": (_rate, 3),
    "skip": (_skip, 2),
    "keep": (_go_on, 2),
    "show": (_show, 3),
    "why": (_why, 2),
    "not": (_not_now, 1),
    "change": (_change, 1),
    "done": (_summary, 1),
}
NOTICES = {"rate": "✓", "skip": "✓", "show": "✓", "not": "✓"}
