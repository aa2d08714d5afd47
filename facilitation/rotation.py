"""Rotation: in how many rounds the bank is met, and which organisations each seat rates in a round."""

from collections.abc import Mapping

from facilitation.instruments import Instrument

MOST_TARGETS = 3


def rounds_to_meet_all(instrument: Instrument) -> int:
    """In how many rounds every question of the bank has been asked once; 1 where nothing rotates."""
    return -(-len(instrument.bank) // instrument.rotates) if instrument.bank else 1


def turns(instrument: Instrument, code: str, *, number: int) -> int:
    """How far the targets of a directed item have moved on in the round of this number.

    It goes on by one from each time the item is asked to the next, and from each directed item of the bank
    to its neighbour: so neither one item nor all of them together come back to the same targets too soon.
    """
    banked = [item.code for item in instrument.bank]
    directed = [item.code for item in (*instrument.items, *instrument.bank) if item.kind == "directed"]
    if code not in banked:
        return number - 1 + directed.index(code)
    times = ((number - 1) * instrument.rotates + instrument.rotates - 1 - banked.index(code)) // len(banked)
    return times + directed.index(code)


def dealt(seats: Mapping[int, int], *, turn: int) -> dict[int, list[list[int]]]:
    """Whom each seat rates: for every organisation a list of targets a seat, from how many seats each has.

    Nobody rates their own organisation, or one of them twice. The others of an organisation stand in a ring,
    and its seats take neighbouring places on it, three each: so it rates each of the others equally often,
    give or take one. Each organisation begins where the one before it ended, so those odd ones fall evenly
    too. From turn to turn a seat moves on to the next three: it too meets each of the others equally often.
    """
    ring = sorted(seats)
    others, ended = len(ring) - 1, 0
    found: dict[int, list[list[int]]] = {}
    for at, organisation in enumerate(ring):
        around = [*ring[at + 1 :], *ring[:at]]
        most = min(MOST_TARGETS, others)
        begins = (ended - at - 1) % len(ring) % others if others else 0
        first = begins + turn * most
        found[organisation] = [
            [around[(first + seat * most + place) % others] for place in range(most)]
            for seat in range(seats[organisation])
        ]
        ended = (at + 1 + (begins + seats[organisation] * most) % others) % len(ring) if others else 0
    return found
