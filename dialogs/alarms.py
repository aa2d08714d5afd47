"""Cards for those who run this Parley: what does not work, since when, and what to do about it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from dialogs.cards import Card, Reader, draw

# Who reads it: facilitators are told where no operator can be, and are asked to pass it on.
To = Literal["operator", "facilitator"]
ORDER = ("database", "telegram", "listening", "work", "clock")


def begun(troubles: Mapping[str, datetime], reader: Reader, *, to: To) -> Card:
    """What does not work, each with the last moment it did."""
    return draw("alarm", reader, troubles=_ordered(troubles), to=to)


def over(troubles: Mapping[str, datetime], reader: Reader, *, to: To, until: datetime) -> Card:
    """What works again, and from when until when it did not."""
    return draw("alarm_over", reader, troubles=_ordered(troubles), until=until, to=to)


def _ordered(troubles: Mapping[str, datetime]) -> list[tuple[str, datetime]]:
    return [(kind, troubles[kind]) for kind in ORDER if kind in troubles]
