"""Consent: a digest that is not out yet quotes only what its authors still want to be quoted."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from facilitation import raised, voices
from storage.digests import Digest
from storage.rounds import Round


async def as_of_now(session: AsyncSession, digest: Digest, round_: Round) -> None:
    """Bring such a digest in line with what its authors want now, and with what is withheld.

    Nothing is added to it: what was raised after it was frozen waits for the next one.
    """
    standing = await raised.standing(session, digest.partnership_id)
    quotable = [one.raised for one in standing if one.raised.shown_as in raised.QUOTABLE]
    kept = {row.text for row in quotable if not row.withheld}
    owed = digest.facts["owed"]
    digest.facts = digest.facts | {
        "quotes": await voices.quotes(session, round_),
        "withheld": await voices.withheld(session, round_),
        "owed": owed | {key: _only(owed[key], kept) for key in ("owed", "replied")},
    }
    session.add(digest)
    await session.flush()


def _only(words: Sequence[dict[str, Any]], texts: Collection[str]) -> list[dict[str, Any]]:
    return [one for one in words if one["text"] in texts]
