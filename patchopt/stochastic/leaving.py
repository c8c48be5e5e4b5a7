"""What it costs at least if some unit is left alone: a bound by prices, which sees each unit apart.

At prices of what is narrow (`patchopt.optimizer.bounds.lagrange`) every unit costs something by
itself, made or left, and what they cost together, less the price of all there is, bounds every
schedule. So who leaves a unit pays at least the difference of the two more than all units cost
made; where that is more than a schedule is known to cost, nobody leaves any.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace

from patchopt.optimizer.bounds.alone import alone_costs_milli
from patchopt.optimizer.bounds.bound import Priced
from patchopt.optimizer.bounds.exact import least_costs_milli, paid_milli
from patchopt.optimizer.bounds.lagrange import carried_over, lagrange_bound
from patchopt.optimizer.bounds.layout import layout_of
from patchopt.optimizer.bounds.rows import relaxation_of
from patchopt.optimizer.problem import Problem
from patchopt.stochastic.hindsight import Hindsight

#: Steps of the ascent over the nominal prices.
_STEPS = 400


@dataclass(frozen=True, kw_only=True)
class Leaving:
    """Bounds on the cost of an outcome, without its lost units.

    Parameters
    ----------
    made_milli : int
        If all chains are made.
    left_milli : int, optional
        If at least one is not; none if all must be.
    likeliest : int, optional
        Number of the chain that it is best to leave alone.
    """

    made_milli: int
    left_milli: int | None
    likeliest: int | None


def nominal_prices(problem: Problem) -> Priced | None:
    """Return prices of the nominal problem, its order left out; none if nothing is narrow."""
    return lagrange_bound(replace(problem, dependencies={}), _STEPS).priced


def leaving(problem: Problem, hindsight: Hindsight, nominal: Priced | None) -> Leaving:
    """Bound what it costs to make all chains, or to leave some alone.

    Parameters
    ----------
    problem : Problem
        `relaxed`, of the outcome.
    hindsight : Hindsight
        The outcome, `settled`.
    nominal : Priced, optional
        Of `nominal_prices`; any prices would do, those are good ones.

    Returns
    -------
    Leaving
    """
    units = [chain.unit for chain in hindsight.chains for _ in chain.attempts]
    paid, given = _priced(problem, nominal)
    cost: dict[int, int] = defaultdict(int)
    for unit, least in zip(units, paid, strict=True):
        cost[unit] += least
    made = sum(paid) - given
    more = {
        number: chain.left_milli - cost[chain.unit]
        for number, chain in enumerate(hindsight.chains)
        if not chain.must
    }
    if not more:
        return Leaving(made_milli=made, left_milli=None, likeliest=None)
    saved = sum(difference for difference in more.values() if difference < 0)
    return Leaving(
        made_milli=made,
        left_milli=made + (saved or min(more.values())),
        likeliest=min(more, key=lambda number: (more[number], number)),
    )


def _priced(problem: Problem, nominal: Priced | None) -> tuple[list[int], int]:
    """Return what each task pays at least, and what all that is narrow costs."""
    relaxation = relaxation_of(replace(problem, dependencies={}))
    if nominal is None or not relaxation.rows:
        return alone_costs_milli(problem), 0
    priced, layout = carried_over(nominal, relaxation), layout_of(relaxation)
    cells, rates = priced.cells, priced.rates
    try:
        least = least_costs_milli(layout, cells, problem.windows, rates).tolist()
    except OverflowError:
        return alone_costs_milli(problem), 0
    paid = [0] * len(problem.tasks)
    for one, milli in zip(relaxation.classes, least, strict=True):
        for task in one.members:
            paid[task] = milli
    totals = paid_milli(cells, rates)[:, -1].tolist()
    return paid, sum(
        row.capacity * total for row, total in zip(relaxation.rows, totals, strict=True)
    )
