"""Streams of one annealing that go side by side and now and then meet.

Each tells the others where it is and goes on from the best of all, as if one annealing had tried
the moves of all (Lee, Lee, Synchronous and asynchronous parallel simulated annealing with multiple
Markov chains, IEEE Transactions on Parallel and Distributed Systems 7, 1996: asynchronous). Who
comes late joins at the temperature that the others have reached.
"""

from __future__ import annotations

import threading
from typing import Final

from patchopt.optimizer.search.annealer import Coded
from patchopt.optimizer.search.effort import Span

#: Between two meetings of a stream, in shares of the annealing. Five times as often is worse:
#: streams have no time to differ, and only cool faster.
EVERY: Final = 0.05


class Meeting:
    """Where streams are, from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._span: Span | None = None
        self._told: dict[int, Coded] = {}

    @property
    def begun(self) -> bool:
        """Whether a stream has told where it is."""
        return bool(self._told)

    def join(self, own: Span) -> Span:
        """Return the span of all: that of the first that came."""
        with self._lock:
            self._span = self._span or own
            return self._span

    def tell(self, stream: int, present: Coded) -> Coded:
        """Say where a stream is; return the best of where all are, its own place if none is better.

        Parameters
        ----------
        stream : int
            Its number.
        present : Coded
            Where it is.
        """
        with self._lock:
            self._told[stream] = present
            best = min(self._told.values(), key=lambda one: one.objective_milli)
        return best if best.objective_milli < present.objective_milli else present
