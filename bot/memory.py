"""The memory of this process: how much it ever held, and keeping that low."""

import ctypes
import gc
import resource
import sys
from contextlib import suppress

ARENA_MAX = -8  # M_ARENA_MAX of <malloc.h>


def one_arena() -> None:
    """Let all threads share one heap, before there are any.

    glibc gives each thread of the database's driver a heap of its own, and what was used once in one of
    them is not used again in another: 6 MB in two weeks of the demo. Elsewhere than on glibc nothing happens.
    """
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(ARENA_MAX, 1)


def settled() -> None:
    """What is in memory by now stays: looking through it for garbage would hold everybody up for 60 ms."""
    gc.freeze()


def peak() -> float:
    """The most memory this process ever held, in MB."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (2**20 if sys.platform == "darwin" else 2**10)
