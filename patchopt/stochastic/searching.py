"""Search over lists with the simulator as evaluator: annealing by simulated mean cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from patchopt.model.base import Floats, Ints
from patchopt.model.expectation import Risk
from patchopt.stochastic.evaluating import DURATIONS_S, TIMES, UNWATCHED, Ending, Evaluator, risk_of

#: Shares of the moves: a task elsewhere, two tasks exchanged, a task in another mode.
_INSERT, _SWAP = 0.5, 0.8
#: Share of the moves that change the watch, where there is one.
_WATCH: Final = 0.05
#: Temperatures at the begin and at the end, as shares of the difference that moves make at first.
_HOT, _COLD = 1.0, 0.02
#: Moves that are tried to see what difference they make.
_PROBES: Final = 10
#: Moves that may lead back to plans that are known, for each that is not.
_STALE: Final = 20


@dataclass(frozen=True, eq=False, kw_only=True)
class Listed:
    """A list, and what it costs in each replication of a sample.

    Parameters
    ----------
    order, wanted : ndarray of int64, shape (n,)
        As the decoder takes them.
    ending : Ending
        How the plan's end is watched.
    costs : ndarray of float64, shape (replications,)
        Weight-seconds.
    value : float
        By which it is judged.
    """

    order: Ints
    wanted: Ints
    ending: Ending
    costs: Floats
    value: float


class Search:
    """Improves lists.

    Parameters
    ----------
    evaluator : Evaluator
        Of a sample.
    risk : str
        What is to be low.
    seed : int
        Of the moves.
    watching : bool
        Whether ends may be watched.
    """

    def __init__(
        self,
        evaluator: Evaluator,
        risk: Risk,
        seed: int,
        *,
        watching: bool = False,
    ) -> None:
        self._evaluator, self._risk, self._watching = evaluator, risk, watching
        self._luck = np.random.default_rng(seed)
        self._modes = [len(task.modes) for task in evaluator.decoder.problem.tasks]

    def listed(self, order: Ints, wanted: Ints, ending: Ending = UNWATCHED) -> Listed:
        """Evaluate a list."""
        costs = self._evaluator.costs(order, wanted, ending)
        value = risk_of(costs, self._risk)
        return Listed(order=order, wanted=wanted, ending=ending, costs=costs, value=value)

    def watched(self, one: Listed) -> Listed:
        """Return a list with the end that serves it best."""
        if not self._watching:
            return one
        ways = [
            self.listed(one.order, one.wanted, Ending(times, duration_s))
            for times in TIMES
            for duration_s in (DURATIONS_S if times else (0,))
        ]
        return min(ways, key=lambda way: way.value)

    def improved(self, begin: Listed, plans: int) -> Listed:
        """Anneal from a list; return the best that is met.

        Parameters
        ----------
        begin : Listed
            Where.
        plans : int
            How many plans may be simulated.

        Returns
        -------
        Listed
            Never worse than the first on the sample.
        """
        now = best = begin
        choices = (len(begin.order), max(self._modes, default=1), 1 + self._watching)
        alone = max(choices) < 2
        if alone or plans < 1:
            return best
        until = self._evaluator.made + plans
        warm = self._difference(begin)
        for _ in range(_STALE * plans):
            left = until - self._evaluator.made
            if left <= 0:
                break
            temperature = warm * _HOT * (_COLD / _HOT) ** (1 - left / plans)
            there = self._moved(now)
            worse = there.value - now.value
            if worse <= 0 or self._luck.random() < np.exp(-worse / max(temperature, 1e-12)):
                now = there
                if now.value < best.value:
                    best = now
        return best

    def _difference(self, begin: Listed) -> float:
        """Return the median difference that a move makes."""
        found = [abs(self._moved(begin).value - begin.value) for _ in range(_PROBES)]
        return float(np.median([each for each in found if each > 0] or [0.0]))

    def _moved(self, now: Listed) -> Listed:
        order, wanted, luck = now.order.copy(), now.wanted.copy(), self._luck
        if self._watching and luck.random() < _WATCH:
            return self.listed(order, wanted, self._neighbour(now.ending))
        drawn, n = luck.random(), len(order)
        if drawn < _INSERT and n > 1:
            at = int(luck.integers(n))
            far = int(np.exp(luck.random() * np.log(n)))
            to = min(n - 1, max(0, at + (far if luck.random() < 0.5 else -far)))
            task = order[at]
            order = np.insert(np.delete(order, at), to, task)
        elif drawn < _SWAP and n > 1:
            at, to = luck.choice(n, 2, replace=False)
            order[[at, to]] = order[[to, at]]
        else:
            choices = [task for task, modes in enumerate(self._modes) if modes > 1]
            if choices:
                task = choices[int(luck.integers(len(choices)))]
                wanted[task] = int(luck.integers(-1, 2))
        key = np.empty(n)
        key[order] = np.arange(n)
        return self.listed(self._evaluator.decoder.in_order(key), wanted, now.ending)

    def _neighbour(self, ending: Ending) -> Ending:
        """Return an ending that is somewhat longer or shorter, or of more or fewer pauses."""
        times, duration_s = ending
        if ending == UNWATCHED or self._luck.random() < 0.5:
            times = self._beside(TIMES, times)
        else:
            duration_s = self._beside(DURATIONS_S, duration_s)
        return Ending(times, duration_s) if times else UNWATCHED

    def _beside(self, choices: tuple[int, ...], value: int) -> int:
        at = choices.index(value) + (1 if self._luck.random() < 0.5 else -1)
        return choices[min(max(at, 0), len(choices) - 1)]
