"""What is kept about somebody: to read, to erase, and to complain about."""

import json

from sqlmodel.ext.asyncio.session import AsyncSession

from dialogs import awaited, commands, readers
from dialogs.cards import Card, Enclosed, Reader, draw, short
from dialogs.events import Awaiting, Moment, Post, Reply, Said, Setting, Tapped
from dialogs.verbs import Command, Verb, Words
from facilitation import complaints, erasure, members, mydata, seats
from facilitation.refusals import NotYours
from storage import hops

FILE = "parley-mydata.json"
BESIDE = 32  # letters of a name on a button
UNSIGNED, SIGNED = "", "signed"


# To read.


async def _mydata(session: AsyncSession, message: Said, _: Setting, __: str) -> Reply:
    """One file with everything; the card beside it says what is in it and what is not."""
    with hops.at_length():
        kept = await mydata.collected(session, account=message.account)
    content = json.dumps(kept, ensure_ascii=False, indent=2).encode()
    reader = await readers.alone(session, account=message.account, language=message.language)
    drawn = draw("mydata", reader, known=bool(kept["places"]))
    return Reply(Card(drawn.text, drawn.rows, Enclosed(FILE, content, picture=False)))


# To erase.


async def _forget(session: AsyncSession, message: Said, _: Setting, __: str) -> Reply:
    return Reply(await _before(session, message))


async def _ask_forget(session: AsyncSession, tap: Tapped, _: Setting) -> Reply:
    return Reply(await _before(session, tap), over=tap.message)


async def _before(session: AsyncSession, moment: Moment) -> Card:
    """What goes and what stays, before anything is done. Raises OnlyFacilitator."""
    await erasure.may_forget(session, account=moment.account)
    reader = await readers.alone(session, account=moment.account, language=moment.language)
    known = await members.of(session, account=moment.account) is not None
    return draw("forget", reader, step="first" if known else "nothing")


async def _surely(session: AsyncSession, tap: Tapped, _: Setting) -> Reply:
    await erasure.may_forget(session, account=tap.account)
    reader = await readers.alone(session, account=tap.account, language=tap.language)
    return Reply(draw("forget", reader, step="second"), over=tap.message)


async def _erase(session: AsyncSession, tap: Tapped, setting: Setting) -> Reply:
    reader = await readers.alone(session, account=tap.account, language=tap.language)
    with hops.at_length():
        await erasure.forget(session, account=tap.account, update_id=tap.update_id, now=tap.received_at)
    told = await commands.of(session, tap, setting)
    return Reply(draw("forgotten", reader), over=tap.message, commands=told)


# To complain.


async def _complain(session: AsyncSession, message: Said, setting: Setting, _: str) -> Reply:
    return Reply(await _ask(session, message, setting, 0))


async def _ask_complaint(session: AsyncSession, tap: Tapped, setting: Setting, partnership_id: int) -> Reply:
    return Reply(await _ask(session, tap, setting, partnership_id), over=tap.message)


async def _ask(session: AsyncSession, moment: Moment, setting: Setting, partnership_id: int) -> Card:
    """Where the words will go, and a choice: which partnership it is about, with a name or without."""
    reader = await readers.alone(session, account=moment.account, language=moment.language)
    known = await members.of(session, account=moment.account)
    if known is None or not setting.operator_chat:
        return draw("complain", reader, step="nowhere", operator=setting.operator, places=[])
    sittings = {one.partnership.id: one for one in await members.sittings(session, account=moment.account)}
    if partnership_id not in (0, *sittings):
        raise NotYours
    if not partnership_id and len(sittings) > 1:
        places = [{"id": id_, "name": short(one.partnership.name, BESIDE)} for id_, one in sittings.items()]
        return draw("complain", reader, step="which", operator=setting.operator, places=places)
    return await _expect(session, moment, setting, partnership_id or next(iter(sittings), 0), UNSIGNED)


async def _sign(session: AsyncSession, tap: Tapped, setting: Setting, partnership_id: int, how: int) -> Reply:
    """With their name, or without it again."""
    if partnership_id:
        await seats.mine(session, account=tap.account, partnership_id=partnership_id)
    card = await _expect(session, tap, setting, partnership_id, SIGNED if how else UNSIGNED)
    return Reply(card, over=tap.message)


async def _expect(
    session: AsyncSession, moment: Moment, setting: Setting, partnership_id: int, how: str
) -> Card:
    shown_in = moment.message if isinstance(moment, Tapped) else None
    await awaited.expect(session, moment.chat, "complaint", partnership_id, item=how, message=shown_in)
    place, name = await _from_whom(session, moment, partnership_id)
    return draw(
        "complaint",
        await readers.alone(session, account=moment.account, language=moment.language),
        operator=setting.operator,
        partnership=partnership_id,
        place=place,
        name=name,
        signed=how == SIGNED,
    )


async def _from_whom(session: AsyncSession, moment: Moment, partnership_id: int) -> tuple[str, str]:
    """The partnership's name ("": of none), and what this person is called there."""
    if not partnership_id:
        return "", " ".join(moment.name.split())
    one = (await seats.mine(session, account=moment.account, partnership_id=partnership_id))[0]
    return one.partnership.name, one.seat.name or " ".join(moment.name.split())


async def _complained(session: AsyncSession, message: Said, awaiting: Awaiting, setting: Setting) -> Reply:
    """Pass the words on to the operator. Raises NotYours, TextTooLong, ComplainedAlready."""
    place, name = await _from_whom(session, message, awaiting.about)
    key = await complaints.key(
        session,
        message.text,
        account=message.account,
        update_id=message.update_id,
        now=message.received_at,
    )
    signed = name if awaiting.item == SIGNED else ""
    card = draw("complained", Reader(), place=place, name=signed, words=message.text)
    await awaited.forget(session, message.chat)
    reader = await readers.alone(session, account=message.account, language=message.language)
    told = draw("passed_on", reader, operator=setting.operator)
    return Reply(told, posts=(Post(key, setting.operator_chat, card, message.received_at),))


VERBS: dict[str, Verb] = {
    "forget": Verb(_ask_forget, 0),
    "surely": Verb(_surely, 0),
    "erase": Verb(_erase, 0),
    "complain": Verb(_ask_complaint, 1),
    "sign": Verb(_sign, 2),
}
COMMANDS: dict[str, Command] = {
    "/mydata": Command(_mydata),
    "/forget": Command(_forget),
    "/complain": Command(_complain),
}
WORDS: dict[str, Words] = {"complaint": _complained}
