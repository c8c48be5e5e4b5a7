"""Beams that get wider until one is wide enough, or there is no time left."""

from __future__ import annotations

import time
from typing import Final

from patchopt.optimizer.beside import side_by_side
from patchopt.optimizer.bounds.bound import Bound
from patchopt.optimizer.decoder import Decoder
from patchopt.optimizer.enumeration.beam import Beam
from patchopt.optimizer.progress import Tracker
from patchopt.optimizer.proving import Proven
from patchopt.optimizer.schedule import Schedule

#: Width of the first beam, of the widest, and how much wider the next is.
_FIRST: Final = 300
_WIDEST: Final = 60_000
_WIDER: Final = 3
#: So many times as long a beam takes that is so much wider; less is not worth another one.
_LONGER: Final = 6.0
_LEAST: Final = 1.5
#: Work that a second is good for, in the order of magnitude; what a second stands for where
#: work is counted.
_RATE: Final = 2_000_000


class _Clock:
    """What is left, in seconds or in work."""

    def __init__(self, limit_s: float, *, by_clock: bool) -> None:
        self._by_clock = by_clock
        self._end = time.monotonic() + limit_s
        self._work = 0
        self._limit_s = limit_s
        self._begun = time.monotonic()
        self.stopped = False

    @property
    def left(self) -> float:
        if self._by_clock:
            return self._end - time.monotonic()
        return self._limit_s * _RATE - self._work

    @property
    def spent_s(self) -> float:
        """What has been used up, at most all there was: the last beam may be a little longer."""
        return min(self._limit_s, self._work / _RATE)

    def begin(self) -> None:
        self._begun = time.monotonic()

    def taken(self, work: int) -> float:
        """Return what a beam has taken, and take it off."""
        self._work += work
        return time.monotonic() - self._begun if self._by_clock else work

    def stop(self) -> None:
        self.stopped = True


def widen(
    known: Schedule, bound: Bound, tracker: Tracker, limit_s: float, *, by_clock: bool
) -> Proven:
    """Enumerate the schedules that are better than a known one, by beams that get wider.

    Parameters
    ----------
    known : Schedule
        Feasible, of at least one task and at most
        `patchopt.optimizer.enumeration.labels.MOST_TASKS`.
    bound : Bound
        By prices.
    tracker : Tracker
        Told of what is found on the way.
    limit_s : float
        Of the clock, or what stands for it in work.
    by_clock : bool
        Whether the clock counts.

    Returns
    -------
    Proven
    """
    clock = _Clock(limit_s, by_clock=by_clock)
    ((best, proven_milli),), interrupted = side_by_side(
        [lambda: _widen(known, bound, tracker, clock)], 1, clock.stop
    )
    return Proven(
        schedule=best,
        bound_milli=proven_milli,
        interrupted=interrupted,
        spent_s=clock.spent_s,
    )


def _widen(known: Schedule, bound: Bound, tracker: Tracker, clock: _Clock) -> tuple[Schedule, int]:
    decoder, beam = Decoder(known.problem), Beam(known, bound)
    best, proven_milli, width = known, tracker.bound_milli, _FIRST

    def stop() -> bool:
        return clock.stopped or clock.left < 0

    while True:
        clock.begin()
        one = beam.enumerate(best.objective_milli, width, stop)
        if one.schedule is not None:
            best = decoder.pushed_left(one.schedule)
            tracker.objective(best.objective_milli)
        proven_milli = min(max(proven_milli, one.bound_milli), best.objective_milli)
        tracker.bound(proven_milli)
        taken = clock.taken(one.work)
        share = clock.left / max(_LONGER * taken, 1e-9)
        wider = int(width * min(_WIDER, share * _WIDER))
        if tracker.met or clock.stopped or wider < _LEAST * width or width == _WIDEST:
            return best, proven_milli
        width = min(wider, _WIDEST)
