"""Lagrangian bounds: prices of what is narrow, raised until no task wants what is full.

With a price of at least 0 on every row and cell every task takes the cheapest start and
mode by itself; what they cost together, less the price of all capacity, is a bound (Möhring,
Schulz, Stork, Uetz, Solving project scheduling problems by minimum cut computations,
Management Science 49, 2003; Geoffrion, Lagrangean relaxation for integer programming, 1974).
The best prices are sought by quasi-Newton steps on a smoothed dual, from coarse cells and warm
to fine ones and cold. `docs/certificate.md` says what the
rows are and why the value holds.
"""

from __future__ import annotations

from dataclasses import replace
from operator import itemgetter

import numpy as np

from patchopt.optimizer.bounds.alone import makespan_bound_s
from patchopt.optimizer.bounds.ascent import Ascent, Spent
from patchopt.optimizer.bounds.bound import Bound, Priced, proof_of
from patchopt.optimizer.bounds.exact import dual_value_milli
from patchopt.optimizer.bounds.fluid import fluid_bound
from patchopt.optimizer.bounds.grid import Cells, interpolated
from patchopt.optimizer.bounds.groups import groups_of
from patchopt.optimizer.bounds.heads import Known
from patchopt.optimizer.bounds.layout import Layout, layout_of
from patchopt.optimizer.bounds.order_rows import ordered_relaxation
from patchopt.optimizer.bounds.rows import Relaxation, relaxation_of
from patchopt.optimizer.bounds.stages import FREE, ORDERED, Stage, fluid_prices, last_of, stages_of
from patchopt.optimizer.decoder import Decoder
from patchopt.optimizer.engine import compiled
from patchopt.optimizer.problem import Problem
from patchopt.optimizer.search.start_lists import start_lists

#: Under strict order prices go on for so much of the makespan of a list schedule.
_BEYOND = 1.1


def lagrange_bound(
    problem: Problem,
    iterations: int = 2000,
    spent: Spent | None = None,
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
    spent : callable, optional
        Asked after every step what share of the time is over; stages end by it too, and from 1
        on the ascent.
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
            return best_prices(relaxation, stages, iterations, spent, priced)
        known = known or Known()
        relaxation = ordered_relaxation(problem, groups, known)
        claims = known.claims(groups)
        del groups  # which takes much room
        if priced is not None:
            priced = carried_over(priced, relaxation)
        stages = stages_of(relaxation, ORDERED, until_s or _later(problem))
        bound = best_prices(relaxation, stages, iterations, spent, priced)
    except OverflowError:
        return fluid_bound(problem)
    return replace(bound, proof=bound.proof.model_copy(update={"claims": claims}))


def best_prices(
    relaxation: Relaxation,
    stages: list[Stage],
    iterations: int,
    spent: Spent | None = None,
    priced: Priced | None = None,
) -> Bound:
    """Climb through stages; see `lagrange_bound`."""
    nothing = _unpriced(relaxation)
    if not relaxation.rows:
        return price(nothing)
    layout, now = layout_of(relaxation), priced
    if priced is None:
        cells = stages[-1].cells
        first = Priced(relaxation=relaxation, cells=cells, prices=fluid_prices(relaxation, cells))
    else:
        stages, first = last_of(stages), priced
    value, best = max(
        ((value_milli(some, layout), some) for some in (nothing, first)), key=itemgetter(0)
    )
    ascent = Ascent(relaxation=relaxation, layout=layout, iterations=iterations, spent=spent)
    for stage in stages:
        if now is None:
            prices = fluid_prices(relaxation, stage.cells)
        else:
            prices = interpolated(now.prices, now.cells, stage.cells)
        prices = ascent.climb(stage, prices)
        now = Priced(relaxation=relaxation, cells=stage.cells, prices=prices)
        found = value_milli(now, layout)
        if found > value:
            value, best = found, now
        if ascent.stopped:
            break
    return Bound(value_milli=value, proof=proof_of(best), priced=best)


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


def price(priced: Priced) -> Bound:
    """Return the exact bound of prices; `OverflowError` where they do not fit 64 bits."""
    value = value_milli(priced, layout_of(priced.relaxation))
    return Bound(value_milli=value, proof=proof_of(priced), priced=priced)


def value_milli(priced: Priced, layout: Layout) -> int:
    """Return the value of `price`."""
    problem = priced.relaxation.problem
    value = dual_value_milli(layout, priced.cells, problem.windows, priced.rates)
    return value + problem.skipped_weight_milli * makespan_bound_s(problem)


def _unpriced(relaxation: Relaxation) -> Priced:
    one = np.ones(1, np.int64)
    cells = Cells(begin_s=0 * one, width_s=one, close_s=one)
    return Priced(relaxation=relaxation, cells=cells, prices=np.zeros((len(relaxation.rows), 1)))
