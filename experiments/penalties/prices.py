"""The least mean cost under prices for capacity, whose owner sees luck as it comes.

Prices couple what is otherwise independent, and the best of them are the duals of a linear
programme: how often, on average, each attempt on each unit starts in each cell of time, if
capacities must suffice on average only (Adelman, Mersereau, Relaxations of weakly coupled
stochastic dynamic programs, Operations Research 56, 2008). Whoever plans without seeing ahead is
one of its solutions, up to the rounding of starts to cells.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import coo_array

from patchopt.optimizer.problem import Mode, Problem, Task
from patchopt.stochastic.hindsight import Chain
from patchopt.stochastic.outcomes import UnitOutcome

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Alike:
    """Tasks that are the same to everybody, and a sample of what comes of one of them.

    Parameters
    ----------
    task : Task
        One of them.
    count : int
        How many there are.
    sample : list of (UnitOutcome, Chain or None)
        Equally likely; no chain where nothing helps.
    left_s : float
        Until when one that nothing helps is old, on average.
    """

    task: Task
    count: int
    sample: list[tuple[UnitOutcome, Chain | None]]
    left_s: float


@dataclass(frozen=True)
class Grid:
    """Equal cells of time, and in which of them work may start."""

    cells: int
    width_s: float
    open: NDArray[np.bool_]

    @property
    def begin_s(self) -> Floats:
        """Of each cell."""
        return np.arange(self.cells) * self.width_s

    @property
    def until_s(self) -> float:
        """End of the last one."""
        return self.cells * self.width_s


@dataclass(frozen=True)
class Column:
    """Attempts of one number in one mode on units that are alike, one variable a start."""

    group: int
    attempt: int
    mode: Mode
    gain: Floats  # shape (cells,), weight·s less than if all commit at the end of the grid
    held: Floats  # shape (cells,), share of the j-th cell after the start it holds its demands
    again: Floats  # shape (cells,), probability that it has failed and may be tried again by then


def least_cost(problem: Problem, groups: list[Alike], grid: Grid) -> float:
    """Return the value of the linear programme, in weight·s."""
    constant = sum(_if_late(group, grid) for group in groups)
    columns = [
        column for at, group in enumerate(groups) for column in _columns(at, group, problem, grid)
    ]
    if not columns:
        return constant
    rows, limits = _rows(problem, groups, columns, grid)
    cost = np.concatenate([np.where(grid.open, -column.gain, 0) for column in columns])
    upper = np.concatenate(
        [np.where(grid.open, groups[column.group].count, 0) for column in columns]
    ).astype(float)
    found = linprog(
        cost,
        A_ub=rows,
        b_ub=limits,
        bounds=np.column_stack([np.zeros(len(upper)), upper]),
        method="highs",
    )
    if not found.success:
        raise RuntimeError(found.message)
    return constant + float(found.fun)


def _if_late(group: Alike, grid: Grid) -> float:
    """Return what the units of a group cost if all that can commit does so at the end."""
    helped = sum(chain is not None for _, chain in group.sample) / len(group.sample)
    weight = group.task.weight_milli / 1000
    return group.count * weight * (helped * grid.until_s + (1 - helped) * group.left_s)


def _columns(at: int, group: Alike, problem: Problem, grid: Grid) -> Iterator[Column]:
    longest = max(len(own.failures) + (own.duration_s is not None) for own, _ in group.sample)
    for attempt in range(longest):
        reached = [(own, chain) for own, chain in group.sample if _makes(own, attempt)]
        for mode in group.task.modes:
            yield _column(at, group, attempt, mode, reached, problem.overhead_s, grid)


def _makes(own: UnitOutcome, attempt: int) -> bool:
    return len(own.failures) + (own.duration_s is not None) > attempt


def _column(
    at: int,
    group: Alike,
    attempt: int,
    mode: Mode,
    reached: list[tuple[UnitOutcome, Chain | None]],
    overhead_s: int,
    grid: Grid,
) -> Column:
    task = group.task
    warmup_s = task.length_s - overhead_s - task.item.duration_s
    gain, held, again = np.zeros((3, grid.cells))
    for own, chain in reached:
        if attempt < len(own.failures):
            failure = own.failures[attempt]
            back_s = failure.rollback_s if mode.action == "patch" else 0
            lasts_s = overhead_s + failure.duration_s + (back_s or 0)
            if back_s is not None:
                again += (np.arange(grid.cells) + 1) * grid.width_s >= lasts_s
        else:
            assert own.duration_s is not None
            lasts_s = overhead_s + own.duration_s + warmup_s
            if chain is not None:
                commit_s = lasts_s - warmup_s if mode.action == "patch" else lasts_s + overhead_s
                gain += np.maximum(grid.until_s - grid.begin_s - commit_s, 0)
        held += np.clip(lasts_s / grid.width_s - np.arange(grid.cells), 0, 1)
    share = 1 / len(reached)
    return Column(
        group=at,
        attempt=attempt,
        mode=mode,
        gain=gain * share * task.weight_milli / 1000,
        held=held * share,
        again=again * share,
    )


def _rows(
    problem: Problem, groups: list[Alike], columns: list[Column], grid: Grid
) -> tuple[coo_array, Floats]:
    """Return constraints: capacities a cell, then how often each attempt may have started."""
    surge = len(problem.capacities)
    capacities = [
        *problem.capacities,
        problem.surge if problem.surge >= 0 else sum(g.count for g in groups),
    ]
    stages = sorted({(column.group, column.attempt) for column in columns})
    first = {stage: (len(capacities) + at) * grid.cells for at, stage in enumerate(stages)}
    entries: list[tuple[NDArray[np.int64], NDArray[np.int64], Floats]] = []
    starts, later = np.triu_indices(grid.cells)  # a start, and a cell that is not before it
    for at, column in enumerate(columns):
        variables = at * grid.cells + starts
        demands = dict(column.mode.demands)
        if column.mode.surge:
            demands[surge] = column.mode.surge
        for resource, amount in demands.items():
            entries.append(
                (resource * grid.cells + later, variables, amount * column.held[later - starts])
            )
        own = first[column.group, column.attempt]
        entries.append((own + later, variables, np.ones(len(starts))))
        following = first.get((column.group, column.attempt + 1))
        if following is not None:
            entries.append((following + later, variables, -column.again[later - starts]))
    limits = np.repeat(np.array([*capacities, *[0] * len(stages)], float), grid.cells)
    for (group, attempt), begin in first.items():
        if attempt == 0:
            limits[begin : begin + grid.cells] = groups[group].count
    row, variable, value = (np.concatenate(parts) for parts in zip(*entries, strict=True))
    kept = value != 0
    shape = (len(limits), len(columns) * grid.cells)
    return coo_array((value[kept], (row[kept], variable[kept])), shape=shape), limits
