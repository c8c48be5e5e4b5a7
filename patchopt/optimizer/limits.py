"""How the time of a solve is spent."""

from __future__ import annotations

import os
import time
from typing import Final

from patchopt.optimizer.bounds.claims import Effort as ClaimEffort
from patchopt.optimizer.enumeration.labels import MOST_TASKS
from patchopt.optimizer.parameters import OptimizerParameters
from patchopt.optimizer.search.effort import Effort, moves_per_second
from patchopt.optimizer.search.population import STREAMS

#: Up to so many tasks CP-SAT may prove what the search has found, where enumerating them, in so
#: much of the time that is left, has not.
_PROVABLE: Final = 30
_ENUMERATION_SHARE: Final = 0.6
#: What a stream of the search takes where an enumeration or CP-SAT follows: a share of the time,
#: and so many moves for each pair of tasks at most; of plain code less.
_SEARCH_SHARE: Final = 0.4
_MOVES: Final = 300
_PLAIN_MOVES: Final = 20
#: Less than this share of the time is not worth another search.
_SPARE_SHARE: Final = 0.05
#: What CP-SAT may take before there are prices, for few tasks.
_FIRST_SHARE: Final = 0.1
_FIRST_S: Final = 1.0
#: Kept for settling and writing the plan: a share at most, and seconds a task, without and with
#: strict order.
_KEPT_SHARE: Final = 0.15
_KEPT_S: Final = (1.7e-4, 4.5e-4)
_LEAST_S: Final = 0.01
#: Of the ascent over prices: steps, counted in steps and by the clock, and the share of the time
#: that they may take; the part of it before there are claims.
_ITERATIONS: Final = (1500, 6000)
_PRICING_SHARE: Final = 0.6
_UNCLAIMED: Final = 0.4
#: Of claims, in seconds of the solver's own: of each, which last the longer the more tasks there
#: are, of all, and the share of what is left.
_CLAIM_S: Final = 1.0
_CLAIMS_S: Final = 20.0
_CLAIMS_SHARE: Final = 0.25


class Limits:
    """The time of one solve.

    Parameters
    ----------
    parameters : OptimizerParameters
        What is asked for.
    tasks : int
        Of the problem.
    begun : float
        Moment of `time.monotonic` from which time counts.
    ordered : bool
        Whether it has strict order.
    steps : int, optional
        Of the ascent over prices, where steps are counted; by default as many as are worth it.
    """

    def __init__(
        self,
        parameters: OptimizerParameters,
        tasks: int,
        begun: float,
        *,
        ordered: bool,
        steps: int | None = None,
    ) -> None:
        self._by_clock = not parameters.deterministic
        self._steps = steps
        self._tasks = tasks
        #: Whether CP-SAT may prove what the search has found.
        self.provable = tasks <= _PROVABLE
        #: Whether there are so few that all schedules that may be better are enumerated.
        self.enumerable = tasks <= MOST_TASKS
        kept_s = min(_KEPT_SHARE * parameters.time_limit, _KEPT_S[ordered] * tasks)
        self._end = begun + parameters.time_limit - kept_s
        self._limit_s = self._seconds = parameters.time_limit
        self._now = time.monotonic()
        self._pricing_s = _PRICING_SHARE * (self._end - self._now)
        cores = os.cpu_count() or 1
        #: At a time: what is found does not depend on it, but by the clock.
        self.threads = min(parameters.workers, STREAMS, cores) if self._by_clock else STREAMS

    @property
    def iterations(self) -> int:
        """Steps of the ascent over prices at most."""
        if self._steps is not None and not self._by_clock:
            return self._steps
        return _ITERATIONS[self._by_clock]

    @property
    def claims(self) -> ClaimEffort:
        """What may be spent on claims about groups of the dependency order."""
        total = min(_CLAIMS_S, _CLAIMS_SHARE * self.left_s)
        return ClaimEffort(each=min(_CLAIM_S, total), total=total)

    @property
    def priced(self) -> float:
        """Share that is over, by the clock, of the time that the prices may take."""
        if not self._by_clock:
            return 0.0
        over_s = time.monotonic() - self._now
        return over_s / self._pricing_s if over_s < self._pricing_s else 1.0

    @property
    def priced_unclaimed(self) -> float:
        """The same of the time that they may take before there are claims."""
        return self.priced / _UNCLAIMED

    def effort(self, *, plain: bool, last: bool = False) -> Effort:
        """Return what each stream of the search may use up, from now on.

        Parameters
        ----------
        plain : bool
            Whether its code is.
        last : bool
            Whether nothing comes behind it.
        """
        rate = moves_per_second(self._tasks, plain=plain)
        seconds = self.left_s
        if self.enumerable and not last:
            seconds *= _SEARCH_SHARE
        if self.provable:
            moves = (_PLAIN_MOVES if plain else _MOVES) * self._tasks**2
            seconds = min(seconds, moves / rate)
        if self._by_clock:
            seconds *= self.threads / STREAMS
        return Effort(seconds=max(seconds, _LEAST_S), rate=rate, by_clock=self._by_clock)

    @property
    def spare(self) -> bool:
        """Whether there is time for a search more when all else is done."""
        return self.enumerable and not self.provable and self.left_s > _SPARE_SHARE * self._limit_s

    @property
    def enumeration_s(self) -> float:
        """What an enumeration may take."""
        return self.left_s * (_ENUMERATION_SHARE if self.provable else 1.0)

    @property
    def first_s(self) -> float:
        """What CP-SAT may take before there are prices."""
        return min(_FIRST_SHARE * self.left_s, _FIRST_S)

    def spend(self, seconds: float) -> None:
        """Count what has been used up where the clock does not count it."""
        if not self._by_clock:
            self._seconds -= seconds

    @property
    def left_s(self) -> float:
        """What is left, of the clock or of deterministic time."""
        if self._by_clock:
            return max(self._end - time.monotonic(), _LEAST_S)
        return max(self._seconds, _LEAST_S)
