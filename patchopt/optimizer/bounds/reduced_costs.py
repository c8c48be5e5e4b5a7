"""What prices say of schedules: what each start costs too much, and where a gap comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from patchopt.model.base import Floats, Ints
from patchopt.optimizer.bounds.alone import makespan_bound_s
from patchopt.optimizer.bounds.bound import Priced
from patchopt.optimizer.bounds.exact import least_costs_milli, paid_milli
from patchopt.optimizer.bounds.grid import Cells
from patchopt.optimizer.bounds.layout import layout_of
from patchopt.optimizer.bounds.rows import Demand, TaskClass, Way
from patchopt.optimizer.problem import Problem
from patchopt.optimizer.schedule import Placement, Schedule

#: Where a mode stands in a table.
_PLACES = {"patch": 0, "build": 1}


def reduced_costs(problem: Problem, priced: Priced, cells: int = 400) -> tuple[Floats, int]:
    """Tabulate what each task costs more, at those prices, than where it costs least.

    Parameters
    ----------
    problem : Problem
        That of the prices.
    priced : Priced
        As a bound came with them.
    cells : int
        Starts that are tabulated, evenly from 0 to the end of the prices.

    Returns
    -------
    table : ndarray of float64, shape (tasks, 2, cells)
        Milli-weight-seconds, in place and built, at least 0; infinite where there is no such mode.
    cell_s : int
        Seconds from one start to the next.
    """
    end = int(priced.cells.end_s[-1])
    cell_s = max(1, -(-end // cells))
    starts = np.arange(cells, dtype=np.int64) * cell_s
    table = np.full((len(problem.tasks), 2, cells), np.inf)
    integrals = Integrals(priced.cells, priced.rates)
    layout = layout_of(priced.relaxation)
    least = least_costs_milli(layout, priced.cells, problem.windows, priced.rates)
    for one, best in zip(priced.relaxation.classes, least, strict=True):
        if not one.members:
            continue
        for mode, way in zip(problem.tasks[one.members[0]].modes, one.ways, strict=True):
            # Where a start is not allowed it may cost less than the least.
            cost = np.maximum(integrals.cost(one, way, starts) - best, 0)
            table[list(one.members), _PLACES[mode.action]] = cost
    return table, cell_s


@dataclass(frozen=True, kw_only=True)
class Decomposition:
    """Where the difference between a schedule's objective and a bound comes from.

    All in milli-weight-seconds; each is at least 0 for a feasible schedule.

    Parameters
    ----------
    tasks_milli : tuple of int
        By task: what its start and mode cost more than its best ones.
    switches_milli : tuple of int
        By task: the wait of its switch for a window.
    rows_milli : dict of str to int
        By row: its price times what is unused of it.
    instants_milli : dict of str to int
        By instant of the dependency order, ``first:G`` and ``last:G``: what it costs more than
        at its best.
    skipped_milli : int
        Weight that stays old times the makespan beyond its bound.
    """

    tasks_milli: tuple[int, ...]
    switches_milli: tuple[int, ...]
    rows_milli: dict[str, int]
    instants_milli: dict[str, int]
    skipped_milli: int

    @property
    def total_milli(self) -> int:
        """Objective less bound."""
        by_name = [*self.rows_milli.values(), *self.instants_milli.values()]
        return sum([*self.tasks_milli, *self.switches_milli, *by_name, self.skipped_milli])


def decomposition(problem: Problem, schedule: Schedule, priced: Priced) -> Decomposition:
    """Take the gap of a schedule to a bound apart, exactly.

    Parameters
    ----------
    problem : Problem
        That of schedule and prices.
    schedule : Schedule
        Feasible.
    priced : Priced
        The prices of the bound; they are rounded down as in its proof.

    Returns
    -------
    Decomposition
        Its total is the objective less the bound. O(demands x log cells) beside one evaluation
        of the bound.
    """
    rates, relaxation = priced.rates, priced.relaxation
    layout = layout_of(relaxation)
    least = least_costs_milli(layout, priced.cells, problem.windows, rates).tolist()
    integrals = Integrals(priced.cells, rates)
    unused = [
        row.capacity * total for row, total in zip(relaxation.rows, integrals.totals, strict=True)
    ]
    placed = {placement.task: placement for placement in schedule.placements}
    tasks, switches = [0] * len(problem.tasks), [0] * len(problem.tasks)
    instants = {}
    for one, best in zip(relaxation.classes, least, strict=True):
        for number in one.members:
            placement = placed[number]
            way, start = one.ways[placement.mode], placement.start_s
            tasks[number] = integrals.pay(one, way, start, unused) - best
            late_s = schedule.commit_s(placement) - start - way.commit_s
            switches[number] = one.weight_milli * late_s
        if one.instant is not None:
            at = _instant_s(schedule, one.instant.kind, [placed[n] for n in one.instant.tasks])
            name = f"{one.instant.kind}:{one.instant.group}"
            instants[name] = integrals.pay(one, one.ways[0], at, unused) - best
    makespan = max((schedule.end_s(placement) for placement in schedule.placements), default=0)
    return Decomposition(
        tasks_milli=tuple(tasks),
        switches_milli=tuple(switches),
        rows_milli={row.name: rest for row, rest in zip(relaxation.rows, unused, strict=True)},
        instants_milli=instants,
        skipped_milli=problem.skipped_weight_milli * (makespan - makespan_bound_s(problem)),
    )


def _instant_s(schedule: Schedule, kind: str, placements: Sequence[Placement]) -> int:
    if kind == "first":
        return min(placement.start_s for placement in placements)
    return max(schedule.end_s(placement) for placement in placements)


class Integrals:
    """Integrals of prices up to any time."""

    def __init__(self, cells: Cells, rates: Ints) -> None:
        self.cells, self.rates = cells, rates
        self.paid = paid_milli(cells, rates)

    @property
    def totals(self) -> list[int]:
        """Of each row, over all cells."""
        return [int(total) for total in self.paid[:, -1]]

    def up_to(self, row: int, times: Ints) -> Ints:
        """Return that of a row from 0 to each time."""
        at = np.searchsorted(self.cells.begin_s, times, side="right") - 1
        cell = np.maximum(at, 0)
        inside = np.minimum(times - self.cells.begin_s[cell], self.cells.width_s[cell])
        return np.where(at < 0, 0, self.paid[row, cell] + inside * self.rates[row, cell])

    def price(self, demand: Demand, starts: Ints) -> Ints:
        """Return what a demand pays by start."""
        until = self.up_to(demand.row, starts + demand.held_s)
        before = 0 if demand.from_zero else self.up_to(demand.row, starts)
        return demand.amount * (until - before)

    def cost(self, one: TaskClass, way: Way, starts: Ints) -> Ints:
        """Return what a class pays in a mode by start."""
        cost = one.weight_milli * (starts + way.commit_s)
        for demand in way.demands:
            cost = cost + self.price(demand, starts)
        return cost

    def pay(self, one: TaskClass, way: Way, start: int, unused: list[int]) -> int:
        """Return what one pays at a start, taking it off what is unused of each row."""
        at = np.array([start], np.int64)
        for demand in way.demands:
            unused[demand.row] -= int(self.price(demand, at)[0])
        return int(self.cost(one, way, at)[0])
