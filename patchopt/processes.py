"""Processes that work for this one, share nothing with it, and end with it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import Any

from patchopt.errors import PatchoptError


@contextmanager
def processes(
    count: int, begin: Callable[..., None], given: tuple[Any, ...] = ()
) -> Iterator[ProcessPoolExecutor]:
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
    ProcessPoolExecutor
        Its ``map`` gives results in order.

    Raises
    ------
    PatchoptError
        If one of them is ended from outside.
    """
    # Spawned, so that they share no thread and no lock with this one.
    with ProcessPoolExecutor(count, get_context("spawn"), _begin, (begin, given)) as pool:
        try:
            yield pool
        except BrokenProcessPool:
            raise PatchoptError(
                "a worker process was ended from outside, as happens where memory runs out",
                remedy="give fewer workers: 1 works without any other process",
            ) from None
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def workers_meant(wanted: int) -> int:
    """Return how many processes are meant, counted from the number of cores if below 0.

    Examples
    --------
    >>> workers_meant(3), workers_meant(-1) >= 1
    (3, True)
    """
    return wanted if wanted > 0 else max(1, (os.cpu_count() or 1) + 1 + wanted)


def _begin(begin: Callable[..., None], given: tuple[Any, ...]) -> None:
    Thread(target=_end_with_parent, daemon=True).start()
    begin(*given)


def _end_with_parent() -> None:
    """End this process when the one is gone that wants its results, however that went."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
