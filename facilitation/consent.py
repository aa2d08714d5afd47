"""Consent: a digest that is not out yet quotes only what its authors still want to be quoted."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from facilitation import raised, voices
from storage.digests import Digest
from storage.rounds import Round


async def as_of_now(session: AsyncSession, digest: Digest, round_: Round) -> None:
    """Bring such a digest in line with what its authors want now, and with what is withheld.

    Nothing is added to it: what was raised after it was frozen waits for the next one.
    """
    # Whoever takes words back meanwhile waits here, and then finds them in the digest; or we find them gone.
    await session.refresh(digest, with_for_update=True)
    standing = await raised.standing(session, digest.partnership_id)
    crowds = await raised.crowds_of(session, digest.partnership_id)
    kept = {
        one.raised.text: raised.label(one, crowds=crowds)
        for one in standing
        if one.raised.shown_as in raised.QUOTABLE and not one.raised.withheld
    }
    owed = digest.facts["owed"]
    digest.facts = digest.facts | {
        "quotes": await voices.quotes(session, round_),
        "withheld": await voices.withheld(session, round_),
        "owed": owed | {key: _only(owed[key], kept) for key in ("owed", "replied")},
    }
    session.add(digest)
    await session.flush()


def _only(words: Sequence[dict[str, Any]], kept: Mapping[str, dict[str, str]]) -> list[dict[str, Any]]:
    """Those that may still be quoted, signed as their authors choose now."""
    return [one | kept[one["text"]] for one in words if one["text"] in kept]
