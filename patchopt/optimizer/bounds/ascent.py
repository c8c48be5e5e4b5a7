"""The ascent over prices: projected quasi-Newton steps on the smoothed dual, stage by stage."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from patchopt.model.base import Floats
from patchopt.optimizer.bounds.curvature import direct, go, new_memory, remember
from patchopt.optimizer.bounds.layout import Layout
from patchopt.optimizer.bounds.pricing import priced_out
from patchopt.optimizer.bounds.rows import Relaxation
from patchopt.optimizer.bounds.stages import Stage
from patchopt.optimizer.bounds.starts import scratch_of

#: Says what share of what it may take is used up; from 1 on the ascent ends.
Spent = Callable[[], float]

#: A stage ends early if the last quarter of at least so many steps has brought less than that
#: share, the last stage if it has brought less than the smaller one.
_SETTLED: Final = 60
_GAIN: Final = 1e-5
_LAST_GAIN: Final = 1e-6
#: Moves that are remembered, fewer where they would be more numbers than that.
_MOVES: Final = 6
_NUMBERS: Final = 20_000_000
#: Of a step: share of what the gradient promises that must come true, the factors by which it gets
#: shorter, and when it is given up.
_TRUE: Final = 1e-4
_LEAST_CUT, _CUT = 0.1, 0.5
_SHORTEST: Final = 1e-6


@dataclass(kw_only=True)
class _Point:
    """Prices, and the smoothed dual there with its gradient; flat arrays."""

    prices: Floats
    gradient: Floats
    value: float = 0.0


@dataclass(kw_only=True)
class Ascent:
    """What is carried from stage to stage: how many times the dual has been evaluated.

    Parameters
    ----------
    relaxation, layout
        What is priced, twice.
    iterations : int
        Evaluations at most.
    spent : callable, optional
        Asked after every evaluation how much of the time is over.
    made : int
        Evaluations so far.
    stopped : bool
        Whether the time was over.
    """

    relaxation: Relaxation
    layout: Layout
    iterations: int
    spent: Spent | None
    made: int = 0
    stopped: bool = False
    _spent_before: float = 0.0
    _gains: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Note what was spent before."""
        if self.spent is not None:
            self._spent_before = self.spent()

    def climb(self, stage: Stage, prices: Floats) -> Floats:
        """Climb from some prices; return the best, by the hard value on the starts priced.

        Parameters
        ----------
        stage : Stage
            Cells and temperature, and when it ends.
        prices : ndarray of float64, shape (rows, K)
            Where to begin; overwritten.

        Returns
        -------
        ndarray of float64, shape (rows, K)
        """
        self._gains = []
        if self._ended(stage, _GAIN):
            return prices
        climb = _Climb(self, stage, prices)
        gain = _LAST_GAIN if stage.until >= 1 else _GAIN
        while not self._ended(stage, gain) and climb.step(lambda: self._ended(stage, 0.0)):
            pass
        return climb.best.reshape(prices.shape)

    def count(self, hard: float) -> bool:
        """Count an evaluation; say whether its hard value is the best of the stage."""
        self.made += 1
        better = not self._gains or hard > self._gains[-1]
        self._gains.append(hard if better else self._gains[-1])
        return better

    def families(self) -> int:
        """Return how many families of starts are priced."""
        headed = any(one.instant for one in self.relaxation.classes)
        return 2 if headed or self.relaxation.problem.windows.period_s else 1

    def _ended(self, stage: Stage, gain: float) -> bool:
        if self.stopped or self.made >= int(stage.until * self.iterations):
            return True
        if self._over() >= stage.until:
            return True
        steps = len(self._gains)
        return steps >= _SETTLED and self._gains[-1] <= self._gains[-steps // 4] * (1 + gain)

    def _over(self) -> float:
        """Return the share of the time that there was when it began."""
        if self.spent is None:
            return 0.0
        spent = self.spent()
        self.stopped = spent >= 1
        return 1.0 if self.stopped else (spent - self._spent_before) / (1 - self._spent_before)


class _Climb:
    """One stage: where it is, and what it remembers of the way."""

    def __init__(self, ascent: Ascent, stage: Stage, prices: Floats) -> None:
        self._ascent, self._stage, self._shape = ascent, stage, prices.shape
        self._scratch = scratch_of(ascent.layout, prices.shape[1])
        self._families = ascent.families()
        stiffness = np.array([row.stiffness for row in ascent.relaxation.rows])
        self._scale = 1.0 / np.outer(stiffness, stage.cells.width_s).ravel()
        size = prices.size
        self._memory = new_memory(min(_MOVES, max(2, _NUMBERS // size)), size)
        self._ahead = np.zeros(size)
        self._now = _Point(prices=prices.ravel(), gradient=np.zeros(size))
        self._next = _Point(prices=np.zeros(size), gradient=np.zeros(size))
        #: The prices with the best hard value.
        self.best = self._now.prices.copy()
        self._evaluate(self._now)

    def step(self, ended: Callable[[], bool]) -> bool:
        """Take a step upwards; return whether there was one."""
        now, there, memory = self._now, self._next, self._memory
        first = self._stage.temperature
        slope = direct(now.prices, now.gradient, self._scale, first, memory, self._ahead)
        share = 1.0
        while slope > 0.0 and share > _SHORTEST and not ended():
            along = go(now.prices, self._ahead, share, there.prices, now.gradient)
            self._evaluate(there)
            risen = there.value - now.value
            if along > 0.0 and risen >= _TRUE * along:
                remember(memory, now.prices, there.prices, now.gradient, there.gradient)
                self._now, self._next = there, now
                return True
            cut = 0.5 * along / (along - risen) if along > 0.0 else _CUT
            share *= min(_CUT, max(_LEAST_CUT, cut))
        known, memory.state[0] = int(memory.state[0]), 0
        return known > 0  # what is remembered misleads; without it there is another direction

    def _evaluate(self, point: _Point) -> None:
        point.value, hard = priced_out(
            self._ascent.layout,
            self._stage.cells,
            point.prices.reshape(self._shape),
            self._stage.temperature,
            self._families,
            self._scratch,
            point.gradient.reshape(self._shape),
        )
        if self._ascent.count(hard):
            self.best[:] = point.prices
