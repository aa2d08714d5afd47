"""What a chat's next text answers: a row, so that it outlives a restart."""

from collections.abc import Collection

from sqlmodel.ext.asyncio.session import AsyncSession

from dialogs.events import Awaiting, Reworded, Said
from facilitation import parts
from storage.rounds import Awaited


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
    found = await parts.shown_in(session, reply_to, account=message.account)
    if found is not None:
        invitation, position = found
        # Words said to a rating belong to no question.
        return None if position is None else Awaiting("item", invitation, str(position), reply_to)
    # A card sent anew has a number we were not told, so this may be a reply to the very question.
    return awaiting if awaiting is not None and awaiting.message is None else None


async def refused(session: AsyncSession, message: Said, awaiting: Awaiting) -> None:
    """These words could not be kept: edited while they are awaited, they are taken as if sent newly."""
    row = await session.get(Awaited, message.chat)
    same = row and (row.kind, row.about, row.item)
    if row is not None and same == (awaiting.kind, awaiting.about, awaiting.item):
        row.refused = message.message
        session.add(row)


async def retried(session: AsyncSession, edit: Reworded) -> Said | None:
    """An edit of words that could not be kept, as if sent newly; None: that is no such edit."""
    row = await session.get(Awaited, edit.chat)
    if row is None or row.refused != edit.message:
        return None
    awaiting = Awaiting(row.kind, row.about, row.item, row.message)
    return Said(**vars(edit), awaiting=awaiting)


async def forget(session: AsyncSession, chat: int, *, only: Collection[str] | None = None) -> None:
    """The next text answers nothing; where `only` names kinds, what else may be awaited stays so."""
    row = await session.get(Awaited, chat)
    if row is not None and (only is None or row.kind in only):
        await session.delete(row)
