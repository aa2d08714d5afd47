"""Which partnership somebody means, where they sit in several."""

from sqlmodel.ext.asyncio.session import AsyncSession

from dialogs import readers
from dialogs.cards import draw, short
from dialogs.events import Moment, Reply
from facilitation import members

BESIDE = 48  # letters of a name on a button


async def one_of(
    session: AsyncSession, moment: Moment, kind: str, *, role: str | None = None, everywhere: bool = False
) -> int | Reply:
    """The only partnership this account has (in this role), else a card that asks: each button is `kind:ID`.

    Who has none is told so. `everywhere` also offers all of them at once, as `kind:0`.
    """
    sittings = await members.sittings(session, account=moment.account)
    mine = {one.partnership.id: one.partnership.name for one in sittings if role in (None, one.seat.role)}
    if len(mine) == 1:
        return next(iter(mine))
    reader = await readers.alone(session, account=moment.account, language=moment.language)
    places = [{"id": id_, "name": short(name, BESIDE)} for id_, name in mine.items()]
    facts = {"facilitating": role == "facilitator", "everywhere": everywhere and bool(mine)}
    return Reply(draw("choosing", reader, places=places, kind=kind, **facts))
