"""What people raise by themselves: written, shown as they choose, taken back, replied to, heard or not."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel.ext.asyncio.session import AsyncSession

from dialogs import awaited, choosing, joining, readers
from dialogs.cards import Card, Reader, draw, plain, short, visible
from dialogs.events import Awaiting, Moment, Reply, Reworded, Said, Setting, Tapped
from dialogs.verbs import Command, Verb, Words
from facilitation import raised
from facilitation.replies import Due
from storage.members import Seat
from storage.partnerships import Organisation, Partnership
from storage.raised import Raised

A_PAGE = 5
BESIDE = 18  # letters of somebody's words on a button, beside a date
TICK = "✓"


async def _raise(session: AsyncSession, message: Said, _: Setting, __: str) -> Reply:
    chosen = await choosing.one_of(session, message, "raise")
    if isinstance(chosen, Reply):
        return chosen
    await awaited.expect(session, message.chat, "raise", chosen)
    return Reply(await _opening(session, message, chosen))


async def _begin(session: AsyncSession, tap: Tapped, _: Setting, partnership_id: int) -> Reply:
    card = await _opening(session, tap, partnership_id)
    await awaited.expect(session, tap.chat, "raise", partnership_id, message=tap.message)
    return Reply(card, over=tap.message)


async def _opening(session: AsyncSession, moment: Moment, partnership_id: int, *, waits: bool = True) -> Card:
    """What happens with what one says here; `waits`: it is waited for. Raises NotYours."""
    seat = await raised.place(session, partnership_id, account=moment.account)
    reader = await readers.of(session, account=moment.account, partnership_id=partnership_id)
    today = moment.received_at.astimezone(ZoneInfo(reader.timezone)).date()
    return draw(
        "raise",
        reader,
        partnership=await session.get_one(Partnership, partnership_id),
        owed_by=readers.noon(today + raised.OWED_WITHIN, reader),
        before=bool(await raised.mine(session, seat)),
        waits=waits,
    )


async def _not_now(session: AsyncSession, tap: Tapped, _: Setting, partnership_id: int) -> Reply:
    await raised.place(session, partnership_id, account=tap.account)
    await awaited.forget(session, tap.chat, only=WORDS)
    return Reply(await joining.home(session, tap, now=tap.received_at), over=tap.message)


async def _written(session: AsyncSession, message: Said, awaiting: Awaiting, _: Setting) -> Reply:
    """Each text is a thing of its own, until it was chosen how one of them may be shown."""
    seat = await raised.place(session, awaiting.about, account=message.account)
    row = await raised.write(session, seat, message.text, message=message.message, now=message.received_at)
    settled = None
    if awaiting.message is not None:
        card = await _opening(session, message, awaiting.about, waits=False)
        settled = (awaiting.message, card)
    await awaited.expect(session, message.chat, "raise", awaiting.about)
    return Reply(await _how_card(session, row, account=message.account), settled=settled)


async def reworded(session: AsyncSession, edit: Reworded) -> Sequence[Reply]:
    """An edited message keeps its new words, until there is a reply to them."""
    text = edit.text if visible(edit.text).strip() else ""
    row = await raised.reword(
        session, message=edit.message, text=text, account=edit.account, now=edit.received_at
    )
    if row is None:
        return ()
    if row.shown_as is None:
        return (Reply(await _how_card(session, row, account=edit.account)),)
    return (Reply(await _one_card(session, row, edit, just="reworded")),)


async def _how(session: AsyncSession, tap: Tapped, _: Setting, raised_id: int) -> Reply:
    row = await raised.own(session, raised_id, account=tap.account)
    return Reply(await _how_card(session, row, account=tap.account), over=tap.message)


async def _how_card(session: AsyncSession, row: Raised, *, account: int, waited: bool = False) -> Card:
    seat = await session.get_one(Seat, row.seat_id)
    organisation = await session.get_one(Organisation, seat.organisation_id)
    reader = await readers.of(session, account=account, partnership_id=row.partnership_id)
    return draw(
        "raise_how",
        reader,
        raised=row.id,
        partnership=row.partnership_id,
        text=row.text,
        chosen=row.shown_as,
        choice=_choice(row, reader),
        name=seat.name,
        organisation=organisation.name,
        waited=waited,
    )


def _choice(row: Raised, reader: Reader) -> str:
    return plain(draw("choice", reader, chosen=row.shown_as).text)


async def _show_as(session: AsyncSession, tap: Tapped, _: Setting, raised_id: int, shown_as: int) -> Reply:
    row = await raised.show_as(session, raised_id, shown_as, account=tap.account, now=tap.received_at)
    await awaited.forget(session, tap.chat, only=WORDS)
    card = await _one_card(session, row, tap, just="chosen")
    return Reply(card, over=tap.message, notice=TICK)


async def _one(session: AsyncSession, tap: Tapped, _: Setting, raised_id: int) -> Reply:
    row = await raised.own(session, raised_id, account=tap.account)
    if row.shown_as is None:
        return Reply(await _how_card(session, row, account=tap.account), over=tap.message)
    return Reply(await _one_card(session, row, tap), over=tap.message)


async def _one_card(session: AsyncSession, row: Raised, moment: Moment, *, just: str = "") -> Card:
    reader = await readers.of(session, account=moment.account, partnership_id=row.partnership_id)
    return draw(
        "raise_one",
        reader,
        just=just,
        choice=_choice(row, reader),
        own=own(row, reader, moment.received_at),
        **_keys(row),
    )


def _keys(row: Raised) -> dict[str, int]:
    return {"raised": row.id, "partnership": row.partnership_id}


def own(row: Raised, reader: Reader, now: datetime | None = None) -> dict[str, Any]:
    """Where something stands, for its author; `now` tells whether its reply is late."""
    zone = ZoneInfo(reader.timezone)
    replied = row.replied_at is not None
    owed_by = raised.owed_until(row, zone)
    waiting = "choice" if row.shown_as is None else "owed" if row.seen_at is not None else "night"
    return {
        "id": row.id,
        "text": row.text,
        "state": "replied" if replied else waiting,
        "raised": readers.noon(raised.day_raised(row, zone), reader),
        "owed_by": readers.noon(owed_by, reader),
        "late": now is not None and now.astimezone(zone).date() > owed_by,
        "withheld": reason(row.withheld, reader),
        "reply": reply(row.reply, row.words, row.until, reader) if replied else "",
        "heard": row.heard,
    }


def reply(kind: str, words: str, until: date | None, reader: Reader) -> str:
    """A reply in plain letters, as its raiser and everybody else read it."""
    ahead = readers.noon(until, reader) if until else None
    return plain(draw("reply", reader, kind=kind, words=words, until=ahead).text)


def reason(withheld: str, reader: Reader) -> str:
    """Why words are kept out of a digest, in plain letters; "" where they are not."""
    return plain(draw("reasons", reader, reason=withheld).text) if withheld else ""


async def _mine(session: AsyncSession, tap: Tapped, _: Setting, partnership_id: int, page: int) -> Reply:
    seat = await raised.place(session, partnership_id, account=tap.account)
    await awaited.forget(session, tap.chat, only=WORDS)
    return Reply(await _mine_card(session, tap, seat, page), over=tap.message)


async def _mine_card(
    session: AsyncSession, tap: Tapped, seat: Seat, page: int, *, back: bool = False
) -> Card:
    reader = await readers.of(session, account=tap.account, partnership_id=seat.partnership_id)
    rows = await raised.mine(session, seat)
    page, pages = of_pages(page, len(rows))
    shown = [own(row, reader, tap.received_at) for row in rows[page * A_PAGE : (page + 1) * A_PAGE]]
    stands = [plain(draw("raise_state", reader, own=one, room=160).text) for one in shown]
    return draw(
        "raise_mine",
        reader,
        partnership=seat.partnership_id,
        rows=[
            one | {"label": short(one["text"], BESIDE), "stands": stand}
            for one, stand in zip(shown, stands, strict=True)
        ],
        page=page,
        pages=pages,
        back=back,
    )


def of_pages(page: int, rows: int) -> tuple[int, int]:
    """The page to show, and how many there are: a list may have become shorter since its button was drawn."""
    pages = max(1, -(-rows // A_PAGE))
    return min(page, pages - 1), pages


async def _back(session: AsyncSession, tap: Tapped, _: Setting, raised_id: int) -> Reply:
    row = await raised.own(session, raised_id, account=tap.account)
    reader = await readers.of(session, account=tap.account, partnership_id=row.partnership_id)
    return Reply(draw("raise_back", reader, own=own(row, reader), **_keys(row)), over=tap.message)


async def _away(session: AsyncSession, tap: Tapped, _: Setting, raised_id: int) -> Reply:
    row = await raised.withdraw(session, raised_id, account=tap.account, now=tap.received_at)
    await awaited.forget(session, tap.chat, only=WORDS)
    seat = await raised.place(session, row.partnership_id, account=tap.account)
    return Reply(await _mine_card(session, tap, seat, 0, back=True), over=tap.message, notice=TICK)


async def _heard(session: AsyncSession, tap: Tapped, _: Setting, raised_id: int, word: int) -> Reply:
    row = await raised.hear(session, raised_id, word, account=tap.account, now=tap.received_at)
    card = await _heard_card("raise_thanks", session, row, account=tap.account)
    return Reply(card, over=tap.message, notice=TICK)


async def _heard_card(template: str, session: AsyncSession, row: Raised, *, account: int) -> Card:
    reader = await readers.of(session, account=account, partnership_id=row.partnership_id)
    return draw(template, reader, own=own(row, reader), **_keys(row))


# Cards that come by themselves.


async def replied(session: AsyncSession, row: Raised, *, account: int) -> Card:
    return await _heard_card("raise_replied", session, row, account=account)


async def withheld(session: AsyncSession, row: Raised, *, account: int) -> Card:
    return await _heard_card("raise_withheld", session, row, account=account)


async def were_you_heard(session: AsyncSession, due: Due) -> Card:
    return await _heard_card("raise_heard", session, due.raised, account=due.account)


async def choice_waits(session: AsyncSession, due: Due) -> Card:
    return await _how_card(session, due.raised, account=due.account, waited=True)


VERBS: dict[str, Verb] = {
    "raise": Verb(_begin, 1),
    "raiseno": Verb(_not_now, 1),
    "raisehow": Verb(_how, 1),
    "raiseas": Verb(_show_as, 2),
    "raiseone": Verb(_one, 1),
    "raisemine": Verb(_mine, 2),
    "raiseback": Verb(_back, 1),
    "raiseaway": Verb(_away, 1),
    "heard": Verb(_heard, 2),
}
COMMANDS: dict[str, Command] = {"/raise": Command(_raise)}
WORDS: dict[str, Words] = {"raise": _written}
