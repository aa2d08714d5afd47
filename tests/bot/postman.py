"""A postman who never errs: what the outbox should do, said anew and simply, to hold the real one against.

Nothing here is taken from bot/outbox.py; numbers are those of the design and of Telegram.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

TELEGRAM_A_SECOND = 30
CHAT_GAP, GROUP_GAP = 1.0, 3.0
AHEAD = 0.25  # so far ahead the outbox may reserve
SLACK = 0.1  # two of the token's moments, and what of a quarter second may go unused
LEASE = 60.0
MINUTE = 60.0
MOST_UNFIT = 5
MAY_REPEAT = ("invitation", "brief", "digest")
LOCKED_OUT, BARRED = 30.0, 1800.0
WAITS = (2.0, 30.0, 300.0, 1800.0, 7200.0)
HOUR = timedelta(hours=1)
NOT_AT_ONCE = timedelta(minutes=30)  # what may be sent only just before the night has so long yet
HAIR = 1e-6  # sums of fractions of a second


@dataclass
class Slip:
    """What the postman knows of one letter."""

    number: int
    kind: str
    chat: int
    begins: datetime
    ends: datetime
    quiet: tuple[int, int] | None = None  # from which hour to which nothing should come
    state: str = "waiting"
    tries: int = 0
    uncertain: int = 0
    wakes: float = 0.0
    lease: str = ""
    lease_ends: float = 0.0
    told: bool = False
    nightfall: datetime | None = None

    @property
    def seen(self) -> tuple[str, int, int, int, bool, datetime, datetime | None]:
        when = self.begins, self.nightfall
        return self.state, self.chat, self.tries, self.uncertain, self.told, *when


@dataclass
class Postman:
    now: datetime
    seconds: float
    slips: dict[str, Slip] = field(default_factory=dict)
    moments: list[float] = field(default_factory=list)
    of_chat: dict[int, list[float]] = field(default_factory=dict)
    halted: float = 0.0

    def put(self, key: str, slip: Slip) -> None:
        """The same key twice is one letter, the first."""
        slip.told = slip.kind in MAY_REPEAT
        slip.nightfall = falls(slip.quiet, slip.begins)
        self.slips.setdefault(key, slip)

    def may_leave(self) -> list[Slip]:
        """Every letter that nothing but the token's own pace holds back, in order."""
        return [slip for slip in self.slips.values() if self._due(slip) and self._first_in_line(slip)]

    def _due(self, slip: Slip) -> bool:
        in_time = slip.begins <= self.now < min(slip.ends, slip.nightfall or slip.ends)
        return slip.state == "waiting" and in_time and slip.wakes <= self.seconds

    def _first_in_line(self, slip: Slip) -> bool:
        return not any(
            other.chat == slip.chat
            and other.number < slip.number
            and other.state in ("waiting", "held")
            and other.begins <= self.now
            and other.wakes <= self.seconds + MINUTE
            for other in self.slips.values()
        )

    def claimed(self, taken: Sequence[tuple[str, str, float]], *, most: int) -> None:
        """(key, lease, moment) of each letter that one claim took."""
        ready = self.may_leave()
        for key, lease, at in taken:
            slip = self.slips[key]
            assert slip in ready, f"{key} was not to be had: {slip}"
            assert slip.uncertain == 0 or slip.kind in MAY_REPEAT, f"{key} may not be sent again"
            assert slip.uncertain <= len(WAITS), f"{key} was sent again too often"
            self._within_the_pace(slip.chat, at)
            slip.state, slip.lease, slip.lease_ends = "held", lease, self.seconds + LEASE
            slip.tries += 1
        assert len(taken) <= most
        self._no_idling([slip for slip in ready if slip.state == "waiting"], full=len(taken) == most)

    def _within_the_pace(self, chat: int, at: float) -> None:
        assert self.seconds - HAIR <= at <= self.seconds + AHEAD + HAIR, "not within the next quarter second"
        assert at >= self.halted - HAIR, "sent during a halt"
        self.reserved(chat, at)

    def reserved(self, chat: int, at: float) -> None:
        self.moments.append(at)
        self.moments.sort()
        crowd = TELEGRAM_A_SECOND
        close = [last - first for first, last in zip(self.moments, self.moments[crowd:], strict=False)]
        assert all(span >= 1 - HAIR for span in close), "more than thirty in a second"
        own = self.of_chat.setdefault(chat, [])
        own.append(at)
        gap = CHAT_GAP if chat > 0 else GROUP_GAP
        assert all(later - earlier >= gap - HAIR for earlier, later in pairwise(own)), "too fast for a chat"

    def _no_idling(self, left: list[Slip], *, full: bool) -> None:
        """What could leave is left only while its chat is busy, or the next quarter second is given away."""
        free = [slip for slip in left if self._chat_free(slip.chat)]
        busy = max([self.halted, *self.moments[-1:]]) >= self.seconds + AHEAD - SLACK
        assert full or busy or not free, f"{len(free)} letters could have left"

    def _chat_free(self, chat: int) -> bool:
        gap = (CHAT_GAP if chat > 0 else GROUP_GAP) + SLACK
        return all(at + gap <= self.seconds for at in self.of_chat.get(chat, ()))

    def holds(self, key: str, lease: str) -> bool:
        return self.slips[key].state == "held" and self.slips[key].lease == lease

    def finished(self, key: str, lease: str, came: str, *, wait: float = 0.0) -> bool:
        """What one answer of Telegram means; False if whoever brings it holds the letter no more."""
        if came in ("halted", "locked_out"):  # a fact about the token, whoever brings it
            self.halted = max(self.halted, self.seconds + (wait or LOCKED_OUT))
        if not self.holds(key, lease):
            return False
        slip = self.slips[key]
        self._settled(slip, came)
        return True

    def _settled(self, slip: Slip, came: str) -> None:
        wait = min(2.0 ** min(slip.tries, 10), MINUTE)
        match came:
            case "sent" | "refused":
                slip.state = "sent" if came == "sent" else "dead"
            case "halted" | "locked_out":
                slip.tries -= 1
                self._wait(slip, 0.0 if came == "halted" else self.seconds + LOCKED_OUT)
            case "unsent":
                self._wait(slip, self.seconds + wait)
            case "unfit" if slip.tries < MOST_UNFIT:
                self._wait(slip, self.seconds + wait)
            case "unfit":
                slip.state, slip.told = "dead", True
            case "uncertain":
                self._unsure(slip)
            case _:
                self._of_the_chat(slip, came)

    def _of_the_chat(self, slip: Slip, came: str) -> None:
        """Gone or moved: with all that waits for the same chat and that nobody holds. Barred: by itself."""
        if came == "barred":
            slip.state = "dead"
            if slip.chat < 0:  # an administrator may let us write again
                self._wait(slip, self.seconds + BARRED)
            return
        old = slip.chat
        slip.state = "waiting"
        for other in self.slips.values():
            if other.chat == old and other.state == "waiting":
                if came == "moved":
                    other.chat = moved(old)
                else:
                    other.state, other.told = "dead", False

    def _wait(self, slip: Slip, until: float) -> None:
        slip.state, slip.wakes = "waiting", until

    def _unsure(self, slip: Slip) -> None:
        slip.uncertain += 1
        if slip.kind not in MAY_REPEAT:
            slip.state = "uncertain"
        elif slip.uncertain > len(WAITS):
            slip.state = "dead"
        else:
            self._wait(slip, self.seconds + WAITS[slip.uncertain - 1])

    def put_back(self, key: str, lease: str) -> None:
        if self.holds(key, lease):
            self._wait(self.slips[key], 0.0)
            self.slips[key].tries -= 1

    def swept(self, *, restarted: bool = False) -> None:
        for slip in self.slips.values():
            if slip.state == "waiting" and slip.ends <= self.now:
                slip.state = "expired"
            if slip.state == "waiting" and slip.nightfall and slip.nightfall <= self.now:
                self._rests(slip)
            if restarted and slip.state in ("waiting", "held"):
                slip.wakes = 0.0
            if slip.state == "held" and (restarted or slip.lease_ends < self.seconds):
                self._unsure(slip)

    def _rests(self, slip: Slip) -> None:
        """Until the morning, or, where that would be too late, not at all."""
        assert slip.quiet is not None
        morning = next_hour(slip.quiet[1], self.now) if in_night(slip.quiet, self.now) else self.now
        if slip.ends <= morning:
            slip.nightfall = None
        else:
            slip.begins, slip.nightfall = morning, falls(slip.quiet, morning)


def in_night(quiet: tuple[int, int] | None, moment: datetime) -> bool:
    if quiet is None:
        return False
    start, end = quiet
    return moment.hour in ([*range(start, 24), *range(end)] if start > end else range(start, end))


def next_hour(hour: int, after: datetime) -> datetime:
    moment = after.replace(minute=0, second=0, microsecond=0) + HOUR
    while moment.hour != hour:
        moment += HOUR
    return moment


def falls(quiet: tuple[int, int] | None, begins: datetime) -> datetime | None:
    """When the night falls on what may be sent from then on; what was meant for the night has none."""
    if quiet is None or in_night(quiet, begins):
        return None
    return max(next_hour(quiet[0], begins), begins + NOT_AT_ONCE)


def moved(chat: int) -> int:
    return chat - 100
