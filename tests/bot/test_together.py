"""What comes together is done together, and what goes wrong with one is that one's alone."""

import asyncio
from collections.abc import Sequence

import pytest

from bot.together import Together
from storage import passing


class Post:
    """Doubles what it is given; -1 cannot be doubled, and while it is `away` nothing can."""

    def __init__(self) -> None:
        self.trips: list[list[int]] = []
        self.away = False
        self.open = asyncio.Event()
        self.together = Together(self._double)

    async def _double(self, given: Sequence[int]) -> list[int]:
        self.trips.append(list(given))
        await self.open.wait()
        if self.away:
            raise passing.DatabaseAwayError(OSError())
        if -1 in given:
            raise ZeroDivisionError
        return [2 * number for number in given]

    def does(self, number: int) -> asyncio.Task[int]:
        return asyncio.create_task(self.together.do(number))


async def some_time() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_what_comes_while_one_is_being_done_is_done_in_one_go() -> None:
    post = Post()
    tasks = [post.does(1)]
    await some_time()

    tasks += [post.does(number) for number in (2, 3, 4)]
    await some_time()
    post.open.set()

    assert await asyncio.gather(*tasks) == [2, 4, 6, 8]
    assert post.trips == [[1], [2, 3, 4]]


async def test_one_at_fault_fails_by_itself() -> None:
    post = Post()
    tasks = [post.does(number) for number in (1, 2, -1, 4)]
    await some_time()

    post.open.set()
    came = await asyncio.gather(*tasks, return_exceptions=True)

    assert [one if isinstance(one, int) else type(one) for one in came] == [2, 4, ZeroDivisionError, 8]


async def test_what_can_be_done_for_nobody_is_not_tried_for_each() -> None:
    post = Post()
    post.away = True
    tasks = [post.does(number) for number in (1, 2, 3)]
    await some_time()

    post.open.set()
    came = await asyncio.gather(*tasks, return_exceptions=True)

    assert {type(one) for one in came} == {passing.DatabaseAwayError}
    assert post.trips == [[1], [2, 3]]


@pytest.mark.parametrize("stopped", [0, 1, 2])
async def test_whoever_is_told_to_stop_takes_nobody_along(stopped: int) -> None:
    post = Post()
    tasks = [post.does(number) for number in (1, 2, 3)]
    await some_time()

    tasks[stopped].cancel()
    await some_time()
    post.open.set()
    came = await asyncio.gather(*tasks, return_exceptions=True)

    assert isinstance(came.pop(stopped), asyncio.CancelledError)
    assert came == [2 * number for number in (1, 2, 3) if number != stopped + 1]
