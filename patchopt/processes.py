"""Processes that work for this one, share nothing with it, and end with it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor
from contextlib import contextmanager
from threading import Thread
from typing import Any, Final

from patchopt.errors import PatchoptError

#: Seconds between two looks at whether the parent is there.
_LOOK_S: Final = 0.5


@contextmanager
def processes(
    count: int, begin: Callable[..., None], given: tuple[Any, ...] = ()
) -> Iterator[Executor]:
    """Have processes inside a ``with``.

    Parameters
    ----------
    count : int
        How many at most; they are started as work comes.
    begin : callable
        What each does first: a function of a module.
    given : tuple
        Its arguments, sent once to each process.

    Yields
    ------
    Executor
        Its ``map`` gives results in order.

    Raises
    ------
    PatchoptError
        If one of them is ended from outside.
    """
    # Python's own would run the script again that asks for them, unless all of it stands behind
    # `if __name__ == "__main__"`.
    from joblib.externals.loky import ProcessPoolExecutor

    with ProcessPoolExecutor(
        count, initializer=_begin, initargs=(os.getpid(), begin, given)
    ) as pool:
        try:
            yield pool
        except BrokenExecutor:
            raise PatchoptError(
                "a worker process was ended from outside, as happens where memory runs out",
                remedy="give fewer workers: 1 works without any other process",
            ) from None
        except BaseException:
            pool.shutdown(wait=False, kill_workers=True)
            raise


def workers_meant(wanted: int) -> int:
    """Return how many processes are meant, counted from the number of cores if below 0.

    Examples
    --------
    >>> workers_meant(3), workers_meant(-1) >= 1
    (3, True)
    """
    return wanted if wanted > 0 else max(1, (os.cpu_count() or 1) + 1 + wanted)


def _begin(parent: int, begin: Callable[..., None], given: tuple[Any, ...]) -> None:
    Thread(target=_end_with_parent, args=(parent,), daemon=True).start()
    begin(*given)


def _end_with_parent(parent: int) -> None:
    """End this process when the one is gone that wants its results, however that went."""
    while os.getppid() == parent:
        time.sleep(_LOOK_S)
    os._exit(1)
