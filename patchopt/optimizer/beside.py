"""Work in threads, so that Ctrl-C reaches the one that waits and lets all of it end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Final, TypeVar

Found = TypeVar("Found")

#: Not waited for good: some systems hold Ctrl-C back.
_LOOKS_UP_S: Final = 0.2


def side_by_side(
    works: Sequence[Callable[[], Found]], threads: int, stop: Callable[[], None]
) -> tuple[list[Found], bool]:
    """Do some work in threads and wait for all of it.

    Parameters
    ----------
    works : sequence of callable
        Begun in this order.
    threads : int
        At most so many at a time.
    stop : callable
        Called on Ctrl-C, and where one of them fails; makes them end soon.

    Returns
    -------
    found : list
        What they have returned, in their order.
    interrupted : bool
        Whether Ctrl-C came.

    Raises
    ------
    BaseException
        What the first of them that failed has raised.
    """
    interrupted = False
    with ThreadPoolExecutor(threads, "patchopt-optimizer") as pool:
        going_on = [pool.submit(work) for work in works]
        while not all(work.done() for work in going_on):
            try:
                wait(going_on, _LOOKS_UP_S)
            except KeyboardInterrupt:
                interrupted = True
                stop()
            if any(work.done() and work.exception() is not None for work in going_on):
                stop()
    return [work.result() for work in going_on], interrupted
