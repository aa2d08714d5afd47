"""When a simulated person opens what arrived, and how careful they are. Seeded, and nothing else."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

HOME = ZoneInfo("Europe/London")
WAKES, SLEEPS = time(7), time(22)
WEEK = timedelta(days=7)
# "changing" starts eager, falls behind, then goes quiet.
CHANGES = ("prompt", "prompt", "late", "late", "silent")


@dataclass(frozen=True)
class Temperament:
    """Hours from arrival to opening, and the chances of this and that along the way."""

    hours: tuple[float, float]
    opens: float = 1.0
    skips: float = 0.03
    writes: float = 0.3
    twice: float = 0.03
    back: float = 0.03
    changes: float = 0.06
    old: float = 0.03
    strays: float = 0.0
    replies: float = 0.4


TEMPERAMENTS = {
    "prompt": Temperament((0, 3)),
    "late": Temperament((36, 72), replies=0.2),
    "silent": Temperament((12, 60), opens=0.2, skips=0.15, writes=0.05, replies=0.03),
    "terse": Temperament((1, 24), skips=0.08, writes=0.6, replies=0.1),
    "angry": Temperament((0, 6), skips=0.05, writes=0.9, twice=0.2, old=0.08, replies=0.6),
    "nonsense": Temperament((0, 30), skips=0.1, writes=0.95, twice=0.15, back=0.1, old=0.15, strays=0.35),
    "hostile": Temperament((0, 12), skips=0.05, writes=1.0, twice=0.1, old=0.1, strays=0.25),
}
NAMES = (*TEMPERAMENTS, "changing", "blocks")


def whim(*about: object) -> Random:
    """Chance that depends on `about` alone, never on who came first."""
    written = "/".join(str(part) for part in about).encode("utf-8", "surrogatepass")
    return Random(hashlib.sha256(written).digest())  # noqa: S311 - a whim of the demo, not a secret


def of(name: str, week: int) -> str:
    """The temperament somebody of this name has in this week (the first is 0)."""
    if name == "changing":
        return CHANGES[min(max(week, 0), len(CHANGES) - 1)]
    return "prompt" if name == "blocks" else name


def week_of(moment: datetime, start: date) -> int:
    """Weeks since the first; what came before belongs to it."""
    return max(0, (moment.astimezone(HOME).date() - start).days // 7)


def awake(moment: datetime, chance: Random) -> datetime:
    """The same moment, or some time in the two hours after getting up."""
    local = moment.astimezone(HOME)
    if WAKES <= local.time() < SLEEPS:
        return moment
    morning = local.date() + timedelta(days=0 if local.time() < WAKES else 1)
    up = datetime.combine(morning, WAKES, HOME) + timedelta(minutes=chance.uniform(0, 120))
    return up.astimezone(moment.tzinfo)


def opening(name: str, arrived: datetime, *, week: int, chance: Random) -> datetime | None:
    """When the questions that arrived are opened; None if they are not."""
    temperament = TEMPERAMENTS[of(name, week)]
    if chance.random() >= temperament.opens:
        return None
    wait = timedelta(hours=chance.uniform(*temperament.hours))
    return awake(arrived + wait, chance).replace(microsecond=0)


def reading(name: str, arrived: datetime, *, week: int, chance: Random) -> datetime | None:
    """When a digest that arrived is answered with a tap; None if it is only read."""
    if chance.random() >= TEMPERAMENTS[of(name, week)].replies:
        return None
    return awake(arrived + timedelta(hours=chance.uniform(0.2, 20)), chance).replace(microsecond=0)


def absences(name: str, start: date) -> Sequence[tuple[datetime, str]]:
    """Who blocks the bot does so in the second week and comes back in the fifth."""
    if name != "blocks":
        return ()
    monday = datetime.combine(start, time(9, 20), HOME)
    return (monday + WEEK + timedelta(hours=6), "block"), (monday + 4 * WEEK, "return")
