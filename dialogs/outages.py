"""What people are told after an outage: what to check; and facilitators, what did not take place."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from dialogs import cadences
from dialogs.cards import Card, Reader, draw, short
from facilitation import restored, skipping
from facilitation.instruments import said
from facilitation.outages import ToCheck
from facilitation.skipping import Gap
from storage.rounds import Round

BESIDE = 24  # letters of a name beside a button's word
LISTED = 7  # schedules in one note
NUMBERED = 5  # rounds of one schedule whose numbers are told one by one


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


def gaps(found: Sequence[Gap], reader: Reader, *, now: datetime) -> Card:
    """To a facilitator: all that did not open, and the digests that came too late to be sent."""
    told = [_gap(gap, reader, now=now) for gap in found]
    return draw(
        "gaps",
        reader,
        gaps=told[:LISTED],
        more=len(told) > LISTED,
        days_off_only=not any(gap["missed"] or gap["lost"] or gap["unsent"] for gap in told),
        lost=any(gap["lost"] for gap in told),
        unsent=sum(gap["unsent"] for gap in told),
    )


def untold(found: Sequence[Gap]) -> Card:
    """To whoever runs this Parley: where something did not take place, and no facilitator could be told."""
    reader = Reader()
    places = [
        {"partnership": gap.partnership.name, "title": said(gap.title, reader.language)} for gap in found
    ]
    return draw("untold", reader, partnerships=places[:LISTED], more=len(places) > LISTED)


def _gap(gap: Gap, reader: Reader, *, now: datetime) -> dict[str, Any]:
    why: dict[str, list[Round]] = {"missed": [], "lost": [], "day_off": [], "holiday": []}
    kinds = {skipping.MISSED: "missed", restored.LOST: "lost", skipping.SKIP: "day_off"}
    for round_ in gap.skipped:
        why[kinds.get(round_.reason, "holiday")].append(round_)
    return {
        "partnership": gap.partnership.name,
        "title": said(gap.title, reader.language),
        "late": gap.following is not None and gap.following <= now,
        "following": gap.following,
        "unsent": len(gap.unsent),
        "numbers": _numbers([round_.number for round_ in gap.unsent], reader),
    } | {kind: _days(rounds, reader) for kind, rounds in why.items()}


def _numbers(numbers: Sequence[int], reader: Reader) -> str:
    """A few one by one, and many as they follow each other: 3-9."""
    if len(numbers) > NUMBERED:
        return f"{numbers[0]}-{numbers[-1]}"
    return cadences.listed([str(number) for number in numbers], reader)


def _days(rounds: Sequence[Round], reader: Reader) -> dict[str, Any] | None:
    """How many, and from when to when: Tue 3, Mon 9 November. None: no round."""
    if not rounds:
        return None
    zone = ZoneInfo(reader.timezone)
    begins, ends = (rounds[at].opens_at.astimezone(zone).date() for at in (0, -1))
    same = (begins.year, begins.month) == (ends.year, ends.month)
    first = cadences.weekday_date(begins, reader, month=len(rounds) == 1 or not same)
    return {"times": len(rounds), "first": first, "last": cadences.weekday_date(ends, reader)}
