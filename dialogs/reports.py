"""Cards for whoever runs this Parley: what went wrong, without a word of what anybody wrote."""

from collections.abc import Mapping

from dialogs.cards import Card, Reader, draw


def parked(*, update_id: int, tries: int, error: str) -> Card:
    """Something that came in could not be handled and was set aside."""
    return draw("parked", Reader(), update_id=update_id, tries=tries, error=error)


def undelivered(letters: Mapping[str, int]) -> Card:
    """So many letters of each kind could not be delivered."""
    counts = {kind: letters.get(kind, 0) for kind in ("invitation", "brief", "digest")}
    other = sum(letters.values()) - sum(counts.values())
    return draw("undelivered", Reader(), other=other, **counts)


def rivals(*, here: str, others: str = "") -> Card:
    """Another program asks for this bot's messages; `others` is where, if it is a Parley of ours."""
    return draw("rivals", Reader(), here=here, others=others)


def webhook_taken(*, host: str, back: bool) -> Card:
    """Somebody else's address took this bot's messages, and whether they were taken back."""
    return draw("webhook_taken", Reader(), host=host, back=back)


def webhook_complaint(*, said: str, waiting: int) -> Card:
    """Telegram cannot bring messages to our address, in its own words."""
    return draw("webhook_complaint", Reader(), said=said, waiting=waiting)


def bot_renamed(bot: str) -> Card:
    """The bot has another name at Telegram."""
    return draw("bot_renamed", Reader(), bot=bot)
