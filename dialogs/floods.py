"""What somebody is told who sends more than can be answered."""

from sqlmodel.ext.asyncio.session import AsyncSession

from dialogs import readers
from dialogs.cards import ENGLISH, Card, draw

A_MINUTE = 60  # Telegram lets us send one message a second to one person


async def told(session: AsyncSession, *, account: int) -> Card:
    """That what came last counts, and how to see where one is."""
    reader = await readers.alone(session, account=account, language=ENGLISH)
    return draw("flood", reader, rate=A_MINUTE)
