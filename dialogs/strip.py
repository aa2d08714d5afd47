"""The line above the demo's phones: what is happening, and nothing that the members are not told."""

from datetime import datetime

from dialogs.cards import Reader, draw, plain
from facilitation import rounds, standing
from storage.rounds import Round


def happening(
    newest: Round | None,
    *,
    timezone: str,
    replied: tuple[int, int],
    following: datetime | None,
    to_join: bool,
    moving_to: datetime | None,
    parted: bool = False,
) -> str:
    """`newest`: the round that opened last; `replied`: how many of how many, told only as a band.

    `parted`: the newest digest says that groups part.
    """
    answered, invited = replied
    card = draw(
        "strip",
        Reader("en", timezone),
        state=_state(newest) if newest else "",
        number=newest.number if newest else 0,
        closes=newest.closes_at if newest else None,
        digest=newest.digest_at if newest else None,
        more_than_half=invited >= standing.CROWD and answered * 2 > invited,
        next=following,
        to_join=to_join,
        moving_to=moving_to,
        parted=parted,
    )
    return " ".join(plain(card.text).split())


def _state(newest: Round) -> str:
    return "published" if newest.state in rounds.PUBLISHED else newest.state
