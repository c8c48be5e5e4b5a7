"""Processes that work for this one, share nothing with it, and end with it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

from patchopt.errors import PatchoptError
from patchopt.guard import guard_of

W = TypeVar("W")
R = TypeVar("R")


@contextmanager
def side_by_side(do: Callable[[W], R], works: Iterable[W], count: int) -> Iterator[Iterator[R]]:
    """Have work done inside a ``with``: in processes, or in this one if fewer than two are meant.

    Parameters
    ----------
    do : callable
        Does one work; sent once to each process, with all that it holds.
    works : iterable
        What there is to do.
    count : int
        Processes at most.

    Yields
    ------
    iterator
        What comes of each work, in their order.

    Raises
    ------
    PatchoptError
        If a process is ended from outside.
    """
    if count < 2:
        yield map(do, works)
        return
    # Python's own would run the script again that asks for them, unless all of it stands behind
    # `if __name__ == "__main__"`.
    from joblib.externals.loky import ProcessPoolExecutor

    with ProcessPoolExecutor(count, initializer=_begin, initargs=(os.getpid(), do)) as pool:
        try:
            yield pool.map(_do, works)
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


_given: Callable[[Any], Any]


def _begin(parent: int, do: Callable[[Any], Any]) -> None:
    global _given  # noqa: PLW0603 - what a process is given once
    _given = do
    guard_of(parent)


def _do(work: Any) -> Any:
    return _given(work)
