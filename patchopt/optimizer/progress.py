"""Where a search stands."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Where a search stands.

    Parameters
    ----------
    wall_time_s : float
        Since its start.
    objective_milli, bound_milli : int
        Of the incumbent, and the bound proven so far.
    """

    wall_time_s: float
    objective_milli: int
    bound_milli: int

    @property
    def gap(self) -> float:
        """(objective - bound) / objective; 0 if both are 0."""
        return gap_of(self.objective_milli, self.bound_milli)


def gap_of(objective: int, bound: int) -> float:
    """Return (objective - bound) / objective; 0 if both are 0."""
    return (objective - bound) / objective if objective else 0.0


Watcher = Callable[[Progress], None]


class Tracker:
    """Keeps the best objective and bound, from any thread, and tells a watcher of better ones.

    Parameters
    ----------
    objective_milli, bound_milli : int
        At first.
    gap : float
        That is small enough.
    watch : callable, optional
        Is told of the first ones too.
    begun : float, optional
        Moment of `time.monotonic` from which time counts.
    """

    def __init__(
        self,
        objective_milli: int,
        bound_milli: int,
        *,
        gap: float = 0.0,
        watch: Watcher | None = None,
        begun: float | None = None,
    ) -> None:
        self.objective_milli = objective_milli
        self.bound_milli = min(bound_milli, objective_milli)
        self._gap = gap
        self._watch = watch
        self._begun = time.monotonic() if begun is None else begun
        self._lock = threading.Lock()
        self._tell()

    def objective(self, milli: int) -> None:
        """Take note of the objective of a schedule."""
        with self._lock:
            if milli < self.objective_milli:
                self.objective_milli = milli
                self._tell()

    def bound(self, milli: int) -> None:
        """Take note of a bound."""
        with self._lock:
            milli = min(milli, self.objective_milli)
            if milli > self.bound_milli:
                self.bound_milli = milli
                self._tell()

    @property
    def enough_milli(self) -> int:
        """The objective up to which a schedule is good enough, as far as is proven."""
        if self._gap >= 1.0:
            return self.objective_milli
        return max(self.bound_milli, int(self.bound_milli / (1.0 - self._gap)))

    @property
    def met(self) -> bool:
        """Whether the best schedule is good enough."""
        return self.objective_milli <= self.enough_milli

    def _tell(self) -> None:
        if self._watch is not None:
            passed = time.monotonic() - self._begun
            self._watch(
                Progress(
                    wall_time_s=passed,
                    objective_milli=self.objective_milli,
                    bound_milli=self.bound_milli,
                )
            )
