"""Answering a round: one question at a time on one card, everything open to change until the close."""

from collections.abc import Awaitable, Callable
from functools import partial

from sqlmodel.ext.asyncio.session import AsyncSession

from dialogs import readers
from dialogs.cards import Card, Reader, draw, plain, visible
from dialogs.events import Awaiting, Moment, Reply, Reworded, Said, Setting, Tapped
from dialogs.verbs import Command, Verb, Words
from facilitation import answers, digests, rounds
from facilitation.answers import Given, Part
from facilitation.instruments import said
from facilitation.refusals import NotYours
from storage.rounds import Awaited, Round

# Among fewer people even "more than half have answered" would tell too much while a round is open.
CROWD = 8


Answering = Callable[..., Awaitable[Card | Reply]]  # (session, tap, part, *numbers)


async def _in_round(  # the part before the asterisk is filled in below, where the buttons are listed
    verb: Answering, notice: str, session: AsyncSession, tap: Tapped, _: Setting, invitation: int, *rest: int
) -> Reply:
    """A button of a round's cards. Raises NotYours; a closed round answers with its own card."""
    try:
        part = await answers.part(session, invitation, account=tap.account, now=tap.received_at)
    except answers.RoundClosed:
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


async def _skip(session: AsyncSession, tap: Tapped, part: Part, position: int) -> Card:
    await answers.skip(session, part, position, given=given(tap))
    return await _after(session, tap, part, position)


async def _go_on(session: AsyncSession, tap: Tapped, part: Part, position: int) -> Card:
    answers.item_at(part, position)
    return await _after(session, tap, part, position)


async def _show(session: AsyncSession, tap: Tapped, part: Part, position: int, *choice: int) -> Card | Reply:
    """A choice counts for the words it was asked about; for others it is asked anew, and nothing ticked."""
    shown_as, message = choice
    known = part.answers.get(answers.item_at(part, position, kind="text").code)
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
    await answers.decline(session, part)
    await _leave(session, tap, part)
    return draw(
        "declined",
        await reader(session, part.round, account=tap.account),
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
    for_whom = await reader(session, part.round, account=tap.account)
    known = part.answers.get(item.code)
    await answers.drawn(session, part, message=tap.message, item=item.code)
    if item.kind == "text":
        await expect(session, tap.chat, "item", part.invitation.id, item=str(position), message=tap.message)
        if known is not None and known.text is not None and known.shown_as is None:
            return await _ask_how(session, part, position, for_whom)
    else:
        # Words written while a rating is asked belong to no question.
        await forget(session, tap.chat)
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
        choice=_choice(known.shown_as, for_whom) if known else "",
        invitation=part.invitation.id,
    )


async def _ask_how(session: AsyncSession, part: Part, position: int, for_whom: Reader) -> Card:
    item = part.instrument.items[position]
    name, organisation = await answers.signature(session, part)
    return draw(
        "shown_as",
        for_whom,
        position=position,
        of=len(part.instrument.items),
        text=part.answers[item.code].text,
        message=part.answers[item.code].message,
        chosen=part.answers[item.code].shown_as,
        choice=_choice(part.answers[item.code].shown_as, for_whom),
        name=name,
        organisation=organisation,
        invitation=part.invitation.id,
    )


def _choice(chosen: str | None, for_whom: Reader) -> str:
    """In words, how a text may be shown."""
    return plain(draw("choice", for_whom, chosen=chosen).text)


async def _how(session: AsyncSession, tap: Tapped, part: Part, position: int) -> Card:
    """How a text may be shown, asked again. Raises NotYours where there is no text."""
    item = answers.item_at(part, position, kind="text")
    known = part.answers.get(item.code)
    if known is None or known.text is None:
        raise NotYours
    # The card says that another message replaces these words; it is settled when one comes.
    await expect(session, tap.chat, "item", part.invitation.id, item=str(position), message=tap.message)
    await answers.drawn(session, part, message=tap.message, item=item.code)
    return await _ask_how(session, part, position, await reader(session, part.round, account=tap.account))


async def _leave(session: AsyncSession, tap: Tapped, part: Part) -> None:
    """This card asks nothing now: what is written next, or in reply to it, belongs to no question."""
    await forget(session, tap.chat)
    await answers.drawn(session, part, message=tap.message, item="")


async def _summary(session: AsyncSession, tap: Tapped, part: Part) -> Card:
    await _leave(session, tap, part)
    answered, invited = await rounds.replied(session, part.round.id)
    return draw(
        "summary",
        await reader(session, part.round, account=tap.account),
        given=part.given,
        left=sum(not part.settled(item) for item in part.instrument.items),
        closes=part.round.closes_at,
        digest=part.round.digest_at,
        more_than_half=invited >= CROWD and answered * 2 > invited,
        invitation=part.invitation.id,
    )


async def _change(session: AsyncSession, tap: Tapped, part: Part) -> Card:
    await _leave(session, tap, part)
    for_whom = await reader(session, part.round, account=tap.account)
    rows = [
        {
            "position": position,
            "wording": said(item.wording, for_whom.language),
            "value": answer.value if (answer := part.answers.get(item.code)) else None,
            "text": answer.text if answer else None,
        }
        for position, item in enumerate(part.instrument.items)
    ]
    return draw("change", for_whom, rows=rows, invitation=part.invitation.id)


async def _closed(session: AsyncSession, done: Moment, invitation_id: int, *, lost_words: bool) -> Card:
    """What a button of an earlier round leads to: its digest, and today's questions."""
    round_ = await answers.round_of(session, invitation_id, account=done.account)
    digest = await digests.of_round(session, round_.id)
    published = digest is not None and round_.state == "published"
    newest = await rounds.newest_for(
        session, round_.partnership_id, account=done.account, now=done.received_at
    )
    return draw(
        "closed",
        await reader(session, round_, account=done.account),
        lost_words=lost_words,
        closed=round_.closes_at,
        digest=digest.id if digest is not None and published else None,
        comes=round_.digest_at if round_.digest_at > done.received_at else None,
        invitation=newest,
    )


async def written(session: AsyncSession, message: Said, awaiting: Awaiting, _: Setting) -> Reply:
    """A text that answers an item: kept, its old card settled, and how it may be shown asked anew."""
    try:
        part = await answers.part(session, awaiting.about, account=message.account, now=message.received_at)
    except answers.RoundClosed:
        await forget(session, message.chat)
        return Reply(await _closed(session, message, awaiting.about, lost_words=True))
    position = int(awaiting.item)
    await answers.write(session, part, position, message.text, message=message.message, given=given(message))
    for_whom = await reader(session, part.round, account=message.account)
    settled = None
    if awaiting.message is not None:
        item = part.instrument.items[position]
        kept = draw(
            "text_kept",
            for_whom,
            position=position,
            of=len(part.instrument.items),
            wording=said(item.wording, for_whom.language),
        )
        settled = (awaiting.message, kept)
    await expect(session, message.chat, "item", awaiting.about, item=str(position), message=None)
    if part.answers[part.instrument.items[position].code].text is None:
        # A later skip was handled before this text: the newest word counts.
        tap = Tapped(
            account=message.account,
            chat=message.chat,
            language=message.language,
            update_id=message.update_id,
            received_at=message.received_at,
        )
        return Reply(await _after(session, tap, part, position), settled=settled)
    return Reply(await _ask_how(session, part, position, for_whom), settled=settled)


async def reworded(session: AsyncSession, edit: Reworded) -> tuple[Reply, ...]:
    """An edited text keeps its new words; how they are shown is said, and can be changed."""
    text = edit.text if visible(edit.text).strip() else ""
    found = await answers.reword(session, message=edit.message, text=text, given=given(edit))
    if found is None:
        return ()
    part, position = found
    return (
        Reply(
            await _ask_how(session, part, position, await reader(session, part.round, account=edit.account))
        ),
    )


def given(moment: Moment) -> Given:
    return Given(account=moment.account, update_id=moment.update_id, received_at=moment.received_at)


async def reader(session: AsyncSession, round_: Round, *, account: int) -> Reader:
    return await readers.of(session, account=account, partnership_id=round_.partnership_id)


async def expect(
    session: AsyncSession, chat: int, kind: str, about: int, *, item: str = "", message: int | None = None
) -> None:
    """The next text of this chat answers this; whatever was awaited before is not any more."""
    await session.merge(Awaited(chat=chat, kind=kind, about=about, item=item, message=message))


async def answered(session: AsyncSession, message: Said) -> Awaiting | None:
    """What a text answers: the question it replies to, if that is one we know, else what is awaited."""
    awaiting, reply_to = message.awaiting, message.reply_to
    if reply_to is None or (awaiting is not None and awaiting.message == reply_to):
        return awaiting
    found = await answers.shown_in(session, reply_to, account=message.account)
    if found is not None:
        invitation, position = found
        # Words said to a rating belong to no question.
        return None if position is None else Awaiting("item", invitation, str(position), reply_to)
    # A card sent anew has a number we were not told, so this may be a reply to the very question.
    return awaiting if awaiting is not None and awaiting.message is None else None


async def refused(session: AsyncSession, message: Said, awaiting: Awaiting) -> None:
    """These words could not be kept: edited while they are awaited, they are taken as if sent newly."""
    awaited = await session.get(Awaited, message.chat)
    same = awaited and (awaited.kind, awaited.about, awaited.item)
    if awaited is not None and same == (awaiting.kind, awaiting.about, awaiting.item):
        awaited.refused = message.message
        session.add(awaited)


async def retried(session: AsyncSession, edit: Reworded) -> Said | None:
    """An edit of words that could not be kept, as if sent newly; None: that is no such edit."""
    awaited = await session.get(Awaited, edit.chat)
    if awaited is None or awaited.refused != edit.message:
        return None
    awaiting = Awaiting(awaited.kind, awaited.about, awaited.item, awaited.message)
    return Said(**vars(edit), awaiting=awaiting)


async def forget(session: AsyncSession, chat: int) -> None:
    awaited = await session.get(Awaited, chat)
    if awaited is not None:
        await session.delete(awaited)


TICK = "✓"
# Each kind of button: what it does, what its tap says once that is stored, and how many numbers it carries.
PARTS: dict[str, tuple[Answering, str, int]] = {
    "start": (_start, "", 1),
    "ask": (_question, "", 2),
    "rate": (_rate, TICK, 3),
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
