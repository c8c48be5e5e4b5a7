"""Lagrangian bounds: prices of what is narrow, raised until no task wants what is full.

With a price of at least 0 on every row and cell every task takes the cheapest start and
mode by itself; what they cost together, less the price of all capacity, is a bound (Möhring,
Schulz, Stork, Uetz, Solving project scheduling problems by minimum cut computations,
Management Science 49, 2003; Geoffrion, Lagrangean relaxation for integer programming, 1974).
The best prices are sought by accelerated projected gradient steps with restarts (Beck,
Teboulle, A fast iterative shrinkage-thresholding algorithm, SIAM J. Imaging Sciences 2, 2009;
O'Donoghue, Candès, Adaptive restart for accelerated gradient schemes, 2015) on a smoothed
dual, from coarse cells and warm to fine ones and cold. `docs/certificate.md` says what the
rows are and why the value holds.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from patchopt.model.base import Floats
from patchopt.optimizer.bounds.alone import makespan_bound_s
from patchopt.optimizer.bounds.bound import Bound, Priced, proof_of
from patchopt.optimizer.bounds.exact import dual_value_milli
from patchopt.optimizer.bounds.fluid import fluid_bound
from patchopt.optimizer.bounds.grid import Cells, interpolated
from patchopt.optimizer.bounds.groups import groups_of
from patchopt.optimizer.bounds.heads import Known
from patchopt.optimizer.bounds.layout import Layout, layout_of
from patchopt.optimizer.bounds.order_rows import ordered_relaxation
from patchopt.optimizer.bounds.pricing import climb, priced_out
from patchopt.optimizer.bounds.rows import Relaxation, relaxation_of
from patchopt.optimizer.bounds.stages import FREE, ORDERED, Stage, fluid_prices, stages_of
from patchopt.optimizer.bounds.starts import scratch_of
from patchopt.optimizer.decoder import Decoder
from patchopt.optimizer.engine import compiled
from patchopt.optimizer.problem import Problem
from patchopt.optimizer.search.start_lists import start_lists

Stop = Callable[[], bool]

#: The step grows while the dual does, and shrinks when it falls.
_LONGER, _SHORTER = 1.03, 0.7
#: Under strict order prices go on for so much of the makespan of a list schedule.
_BEYOND = 1.1
#: A stage ends early if the last quarter of at least so many iterations has brought less than
#: that share, the last stage if it has brought less than the smaller one.
_SETTLED, _GAIN, _LAST_GAIN = 60, 1e-5, 1e-6


def lagrange_bound(
    problem: Problem,
    iterations: int = 2000,
    stop: Stop | None = None,
    priced: Priced | None = None,
    known: Known | None = None,
    until_s: int | None = None,
) -> Bound:
    """Bound the objective by prices.

    Parameters
    ----------
    problem : Problem
        In seconds: times divided by a unit make other prices.
    iterations : int
        Steps of the ascent at most; equal ones give equal bounds. 0: the prices as they are.
    stop : callable, optional
        Asked after every step; true ends the ascent.
    priced : Priced, optional
        Of an earlier bound of the same problem: the ascent goes on from there.
    known : Known, optional
        Under strict order: claims about groups, which become claims of the proof.
    until_s : int, optional
        Under strict order: prices go on until then, best a little beyond the makespan of a good
        schedule; by default beyond that of a list schedule.

    Returns
    -------
    Bound
        The best of all exact values met, at least that of every task alone; the fluid bound where
        sums would not fit 64 bits. Steps are O(modes x demands x cells) and let other threads run.
    """
    groups = groups_of(problem) if problem.dependencies else None
    try:
        if groups is None or not any(groups.below):
            relaxation = relaxation_of(problem) if priced is None else priced.relaxation
            stages = stages_of(relaxation, FREE) if relaxation.rows else []
            return best_prices(relaxation, stages, iterations, stop, priced)
        known = known or Known()
        relaxation = ordered_relaxation(problem, groups, known)
        if priced is not None:
            priced = carried_over(priced, relaxation)
        stages = stages_of(relaxation, ORDERED, until_s or _later(problem))
        bound = best_prices(relaxation, stages, iterations, stop, priced)
    except OverflowError:
        return fluid_bound(problem)
    claims = known.claims(groups)
    return replace(bound, proof=bound.proof.model_copy(update={"claims": claims}))


def best_prices(
    relaxation: Relaxation,
    stages: list[Stage],
    iterations: int,
    stop: Stop | None = None,
    priced: Priced | None = None,
) -> Bound:
    """Climb through stages; see `lagrange_bound`."""
    best = price(_unpriced(relaxation))
    if not relaxation.rows:
        return best
    ascent = _Ascent(relaxation=relaxation, layout=layout_of(relaxation), stop=stop)
    if priced is None:
        cells = stages[-1].cells
        first = Priced(relaxation=relaxation, cells=cells, prices=fluid_prices(relaxation, cells))
    else:
        stages, first = stages[-1:], priced
    best = _better(best, price(first, ascent.layout))
    now = priced
    for stage in stages:
        if now is None:
            prices = fluid_prices(relaxation, stage.cells)
        else:
            prices = interpolated(now.prices, now.cells, stage.cells)
        prices = ascent.climb(stage, prices, int(stage.until * iterations))
        now = Priced(relaxation=relaxation, cells=stage.cells, prices=prices)
        best = _better(best, price(now, ascent.layout))
        if ascent.stopped:
            break
    return best


def carried_over(priced: Priced, relaxation: Relaxation) -> Priced:
    """Take over prices into another relaxation of the same problem, row by row."""
    old = zip(priced.relaxation.rows, priced.prices, strict=True)
    rows = {row.name: prices for row, prices in old}
    nothing = np.zeros(priced.prices.shape[1])
    prices = [rows.get(row.name, nothing) for row in relaxation.rows]
    return Priced(relaxation=relaxation, cells=priced.cells, prices=np.array(prices))


def _later(problem: Problem) -> int:
    """Return a time a little beyond the end of the best start list's schedule."""
    decoder = Decoder(problem, compiled())
    free = np.full(len(problem.tasks), -1, np.int64)
    ends = {}
    for order in start_lists(decoder):
        value, placed = decoder.placed(order, free)
        ends[value] = int(placed.end_s.max())
    return int(_BEYOND * ends[min(ends)])


def _better(one: Bound, other: Bound) -> Bound:
    return max(one, other, key=lambda bound: bound.value_milli)


def price(priced: Priced, layout: Layout | None = None) -> Bound:
    """Return the exact bound of prices; `OverflowError` where they do not fit 64 bits."""
    relaxation = priced.relaxation
    problem = relaxation.problem
    layout = layout or layout_of(relaxation)
    value = dual_value_milli(layout, priced.cells, problem.windows, priced.rates)
    value += problem.skipped_weight_milli * makespan_bound_s(problem)
    return Bound(value_milli=value, proof=proof_of(priced), priced=priced)


def _unpriced(relaxation: Relaxation) -> Priced:
    one = np.ones(1, np.int64)
    cells = Cells(begin_s=0 * one, width_s=one, close_s=one)
    return Priced(relaxation=relaxation, cells=cells, prices=np.zeros((len(relaxation.rows), 1)))


@dataclass(kw_only=True)
class _Ascent:
    """What is carried from stage to stage: the step length, and how many steps have been made."""

    relaxation: Relaxation
    layout: Layout
    stop: Stop | None
    step: float = 1.0  # in temperatures
    made: int = 0
    stopped: bool = False
    _gains: list[float] = field(default_factory=list)

    def climb(self, stage: Stage, prices: Floats, until: int) -> Floats:
        """Climb from some prices; return the best, by the hard value on the starts priced."""
        layout, cells = self.layout, stage.cells
        scratch = scratch_of(layout, len(cells.begin_s))
        gradient = np.zeros_like(prices)
        stiffness = np.array([row.stiffness for row in self.relaxation.rows])
        scale = 1.0 / np.outer(stiffness, cells.width_s)
        ahead, best = prices.copy(), prices.copy()
        families = self._families()
        inertia, before = 1.0, -math.inf
        self._gains = []
        while not self._ended(until, _LAST_GAIN if stage.until >= 1 else _GAIN):
            smoothed, hard = priced_out(
                layout, cells, ahead, stage.temperature, families, scratch, gradient
            )
            self.made += 1
            if not self._gains or hard > self._gains[-1]:
                best[:] = ahead
            self._gains.append(max(hard, self._gains[-1] if self._gains else hard))
            if smoothed < before - 1e-9 * abs(before):
                self.step *= _SHORTER
                inertia = 1.0
            else:
                self.step *= _LONGER
            before = smoothed
            next_inertia = (1 + math.sqrt(1 + 4 * inertia**2)) / 2
            momentum = (inertia - 1) / next_inertia
            step = self.step * stage.temperature
            inertia = next_inertia
            if climb(prices, ahead, gradient, scale, step, momentum) < 0:
                ahead[:] = prices
                inertia = 1.0
        return best

    def _families(self) -> int:
        relaxation = self.relaxation
        headed = any(one.instant for one in relaxation.classes)
        return 2 if headed or relaxation.problem.windows.period_s else 1

    def _ended(self, until: int, gain: float) -> bool:
        steps = len(self._gains)
        if self.stop is not None and self.stop():
            self.stopped = True
            return True
        if self.made >= until:
            return True
        return steps >= _SETTLED and self._gains[-1] <= self._gains[-steps // 4] * (1 + gain)
