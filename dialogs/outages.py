"""What people are told after an outage: what to check."""

from datetime import datetime
from zoneinfo import ZoneInfo

from dialogs.cards import Card, Reader, draw, short
from facilitation.outages import ToCheck

BESIDE = 24  # letters of a name beside a button's word


def card(told: ToCheck, *, since: datetime, until: datetime) -> Card:
    """We were away from `since` until `until`: how far this person is, and the way back to the questions."""
    zone = ZoneInfo(told.timezone)
    return draw(
        "away_note",
        Reader(told.language, told.timezone),
        since=since,
        until=until,
        same_day=since.astimezone(zone).date() == until.astimezone(zone).date(),
        places=[vars(place) | {"name": short(place.partnership, BESIDE)} for place in told.places],
    )
