"""Doing together what comes together: whoever is first does it for all that have come meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from storage import passing

Given = TypeVar("Given")
Done = TypeVar("Done")


@dataclass(frozen=True)
class Errand(Generic[Given, Done]):
    """What is to be done, and what comes of it."""

    given: Given
    fate: asyncio.Future[Done]


class Together(Generic[Given, Done]):
    """`work` takes all that is to be done and gives what came of each, in one commit."""

    def __init__(self, work: Callable[[Sequence[Given]], Awaitable[Sequence[Done]]]) -> None:
        self._work = work
        self._turn = asyncio.Lock()
        self._waiting: list[Errand[Given, Done]] = []

    async def do(self, given: Given) -> Done:
        """What came of it. Raises what kept it from being done; of several, one at fault fails by itself."""
        mine: Errand[Given, Done] = Errand(given, asyncio.get_running_loop().create_future())
        self._waiting.append(mine)
        try:
            async with self._turn:
                if not mine.fate.done():
                    await self._all()
        except asyncio.CancelledError:
            mine.fate.cancel()
            raise
        return mine.fate.result()

    async def _all(self) -> None:
        these, self._waiting = [one for one in self._waiting if not one.fate.done()], []
        try:
            await self._at_once(these)
        finally:  # whoever did it for all was told to stop: the next one goes on with the rest
            self._waiting[:0] = [one for one in these if not one.fate.done()]

    async def _at_once(self, these: Sequence[Errand[Given, Done]]) -> None:
        try:
            came = await self._work([one.given for one in these])
        except Exception as error:  # noqa: BLE001 - it is raised to whoever waits for it
            if len(these) == 1 or isinstance(error, passing.ERRORS):
                for one in these:
                    _settle(one.fate, error=error)
                return
            for one in these:
                await self._at_once([one])
            return
        for one, done in zip(these, came, strict=True):
            _settle(one.fate, done)


def _settle(fate: asyncio.Future[Done], done: Done | None = None, *, error: Exception | None = None) -> None:
    if fate.done():  # nobody waits for it any more
        return
    if error is not None:
        fate.set_exception(error)
    else:
        fate.set_result(done)  # type: ignore[arg-type]  # None is what came, where nothing else is given
