"""Telegram's floodgates, counted in machine time."""

import math
from collections import defaultdict, deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from sandbox.refusals import Refused

# Two calls a second apart may arrive a little closer together; that is the wire's doing.
JITTER = 0.05


@dataclass
class Gate:
    """At most `count` passages in any window; whoever overflows waits the whole `retry_after`."""

    passed: deque[float] = field(default_factory=deque)
    halted_until: float = 0.0

    def wait(self, now: float, *, count: int, window: float) -> float:
        """Seconds until one more may pass: 0 if now."""
        if now < self.halted_until:
            return self.halted_until - now
        while self.passed and self.passed[0] <= now - window * (1 - JITTER):
            self.passed.popleft()
        return 0.0 if len(self.passed) < count else self.passed[0] + window - now


def _share(rate: float, *, seconds: float) -> tuple[int, float]:
    """A rate per `seconds` as a whole count in a window: (2.5, 1 s) is 2 in 0.8 s."""
    count = max(1, int(rate))
    return count, seconds * count / rate


@dataclass
class Limits:
    clock: Callable[[], float]
    scale: float = 1.0
    per_second: float = 30
    per_chat: float = 1
    per_group_minute: float = 20
    off: bool = False
    gates: defaultdict[Hashable, Gate] = field(default_factory=lambda: defaultdict(Gate))

    def take(self, *, chat: int | None) -> None:
        """Let one call through, or refuse it with 429. Without a chat only the whole is counted."""
        if self.off:
            return
        now = self.clock()
        asked = [self._gate("bot", self.per_second, 1)]
        if chat is not None and chat > 0:
            asked.append(self._gate(chat, self.per_chat, 1))
        elif chat is not None:
            asked.append(self._gate(chat, self.per_group_minute, 60))
        for gate, count, window in asked:
            if (wait := gate.wait(now, count=count, window=window)) > 0:
                seconds = max(1, math.ceil(wait))
                # Knocking again does not make the wait longer.
                gate.halted_until = gate.halted_until if now < gate.halted_until else now + seconds
                raise too_many(seconds)
        for gate, _, _ in asked:
            gate.passed.append(now)

    def give_back(self, *, chat: int | None) -> None:
        """A message that was refused was not sent: the chat's second is still free."""
        if chat is not None and self.gates[chat].passed:
            self.gates[chat].passed.pop()

    def _gate(self, key: Hashable, rate: float, seconds: float) -> tuple[Gate, int, float]:
        return self.gates[key], *_share(rate * self.scale, seconds=seconds)


def too_many(seconds: int) -> Refused:
    return Refused(429, f"Too Many Requests: retry after {seconds}", {"retry_after": seconds})
