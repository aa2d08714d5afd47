"""What those who run Parley are told when something stands still, and when it goes on."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial

from dialogs import alarms
from dialogs.cards import Card
from tests.cast import MONDAY
from tests.dialogs.scenes import READER, Scene

LATER = MONDAY + timedelta(minutes=29)


def scenes() -> Iterator[Scene]:
    readers: tuple[alarms.To, ...] = ("operator", "facilitator")
    for to in readers:
        for kinds in (*((kind,) for kind in alarms.ORDER), alarms.ORDER):
            state = f"{' and '.join(kinds)}, to {to}"
            yield Scene("alarm_over", state, partial(_over, kinds, to))
            if kinds != ("telegram",):
                yield Scene("alarm", state, partial(_begun, kinds, to))


def _begun(kinds: tuple[str, ...], to: alarms.To, _: str) -> Card:
    return alarms.begun(dict.fromkeys(kinds, MONDAY), READER, to=to)


def _over(kinds: tuple[str, ...], to: alarms.To, _: str) -> Card:
    return alarms.over(dict.fromkeys(kinds, MONDAY), READER, to=to, until=LATER)
