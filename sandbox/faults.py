"""Trouble on order: what a test asks this Telegram to do wrong."""

import random
from dataclasses import dataclass, field
from typing import Any, Literal

from sandbox.refusals import Mistaken

Deed = Literal["429", "500_before", "502_after", "hang", "hang_after", "reset", "reset_after"]
DEEDS = ("429", "500_before", "502_after", "hang", "hang_after", "reset", "reset_after")
SHUFFLES = ("duplicate", "shuffle")


@dataclass
class Rule:
    """One line of the script. Either the next `times` matching calls, or a `share` of all."""

    do: str = ""
    method: str = ""
    updates: str = ""
    times: int | None = None
    share: float | None = None
    seconds: float = 30.0
    retry_after: int = 1


@dataclass
class Faults:
    rules: list[Rule] = field(default_factory=list)
    chance: random.Random = field(default_factory=lambda: random.Random(1))  # noqa: S311 - chance, no secret

    def script(self, rules: list[dict[str, Any]], *, seed: int) -> None:
        self.rules = [_rule(raw) for raw in rules]
        self.chance = random.Random(seed)  # noqa: S311 - chance, no secret

    def for_call(self, method: str) -> Rule | None:
        """The first rule that strikes this call, used up by one.

        `*` is every method but getUpdates, or a poller would use up what is meant for others.
        """
        names = (method,) if method == "getUpdates" else (method, "*")
        return next((rule for rule in self.rules if rule.method in names and self._strikes(rule)), None)

    def for_update(self, deed: str) -> bool:
        return any(self._strikes(rule) for rule in self.rules if rule.updates == deed)

    def _strikes(self, rule: Rule) -> bool:
        if rule.share is not None and self.chance.random() >= rule.share:
            return False
        if rule.times is None:
            return True
        rule.times -= 1
        return rule.times >= 0


def _rule(raw: dict[str, Any]) -> Rule:
    try:
        rule = Rule(**raw)
    except TypeError as error:
        raise Mistaken(f"no such rule: {error}") from error
    if rule.updates:
        known = rule.updates in SHUFFLES and not rule.do and not rule.method
    else:
        known = rule.do in DEEDS and bool(rule.method)
    if not known:
        raise Mistaken(f"no such rule: {raw}")
    if rule.times is None and rule.share is None:
        rule.times = 1
    return rule
