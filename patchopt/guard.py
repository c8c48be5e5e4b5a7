"""What ends a worker that has outlived its parent, or that waits for what will never come."""

from __future__ import annotations

import _thread
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Final, NoReturn

#: Seconds between two looks, and of processor time between them that are a sign of life.
_LOOK_S: Final = 0.5
_LIFE_S: Final = 0.001

#: Seconds without one after which a worker that has a job hangs. Short of memory, for instance, a
#: thread may never begin, and who has started it waits for it for ever.
_HANGS_S: Final = 30.0


class Guard:
    """Looks after a worker process from a thread of its own.

    Parameters
    ----------
    parent : int
        The process without which there is no use in going on.
    """

    def __init__(self, parent: int) -> None:
        self._parent = parent
        self._at_work = False
        # `Thread.start` waits for its thread, which for want of memory it may do for ever.
        _thread.start_new_thread(self._look, ())

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Expect signs of life while the body runs."""
        self._at_work = True
        try:
            yield
        finally:
            self._at_work = False

    def _look(self) -> NoReturn:
        spent_s, still_s = 0.0, 0.0
        while os.getppid() == self._parent and still_s < _HANGS_S:
            time.sleep(_LOOK_S)
            before, spent_s = spent_s, time.process_time()
            lives = not self._at_work or spent_s - before > _LIFE_S
            still_s = 0.0 if lives else still_s + _LOOK_S
        os._exit(1)


@lru_cache(maxsize=1)
def guard_of(parent: int) -> Guard:
    """Return the guard of this process, a worker of that parent."""
    return Guard(parent)
