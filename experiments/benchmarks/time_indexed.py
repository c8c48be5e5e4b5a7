"""The problem in cells of time: a 0-1 variable for every task, mode and cell to start in.

One source makes two models. With no slack a task starts where its cell begins: whatever solves
the model is a plan. With the slack of a cell it starts anywhere in it: costs are those of the
earliest start, capacity is asked for only what is certainly in use, so that no plan is left out
and what bounds the model bounds the problem. (Sousa, Wolsey, A time indexed formulation of
non-preemptive single machine scheduling problems, Mathematical Programming 54, 1992.)
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, OptimizeResult, milp
from scipy.sparse import csr_array

from patchopt.model.windows import closed_time
from patchopt.optimizer.problem import Mode, Problem, Task

#: The number of the surge among resources.
SURGE = -1


@dataclass(frozen=True, kw_only=True)
class Cells:
    """Cells of time.

    Parameters
    ----------
    width_s, count : int
        Of the cells, from 0 on.
    slack_s : int
        How much later than its beginning a start in a cell may be.
    late : bool
        Whether tasks may start after the last cell, at the cost of its end and no capacity.
    """

    width_s: int
    count: int
    slack_s: int
    late: bool

    @property
    def end_s(self) -> int:
        """End of the last cell."""
        return self.width_s * self.count


@dataclass(frozen=True)
class Column:
    """A task in a mode that starts in a cell, as early as may be; -1: after the last one."""

    task: int
    mode: int
    cell: int
    start_s: int
    commit_s: int
    finish_s: int


class TimeIndexed:
    """A model in cells.

    Parameters
    ----------
    problem : Problem
        What is scheduled, with positive weights.
    cells : Cells
        When tasks may start.
    """

    def __init__(self, problem: Problem, cells: Cells) -> None:
        self.problem, self.cells = problem, cells
        self.columns = [
            column
            for number, task in enumerate(problem.tasks)
            for mode in range(len(task.modes))
            for column in self._starts(number, task, mode)
        ]
        self.of_task: dict[int, list[int]] = defaultdict(list)
        for at, column in enumerate(self.columns):
            self.of_task[column.task].append(at)
        self.variables = len(self.columns)
        self.upper: list[float] = [1.0] * self.variables
        self.entries: list[tuple[int, int, float]] = []
        self.low: list[float] = []
        self.high: list[float] = []
        for own in self.of_task.values():
            self._row(((at, 1.0) for at in own), 1.0, 1.0)
        self._capacities()
        if problem.dependencies:
            self._order()

    # --- columns ---

    def _starts(self, number: int, task: Task, mode: int) -> Iterable[Column]:
        """Yield the cells in which a task may start in a mode."""
        windows, width_s = self.problem.windows, self.cells.width_s
        for cell in range(self.cells.count):
            begin_s = cell * width_s
            start_s = windows.earliest_fit(begin_s, task.length_s)
            if start_s <= begin_s + self.cells.slack_s:
                yield self._column(number, mode, cell, start_s)
        if self.cells.late:
            yield self._column(number, mode, -1, self.cells.end_s)

    def _column(self, number: int, mode: int, cell: int, start_s: int) -> Column:
        task, overhead_s = self.problem.tasks[number], self.problem.overhead_s
        commit_s = start_s + task.modes[mode].commit_s
        if task.modes[mode].action == "build" and overhead_s:
            switch_s = self.problem.windows.earliest_fit(start_s + task.length_s, overhead_s)
            commit_s = switch_s + overhead_s
        finish_s = max(commit_s, start_s + task.length_s)
        return Column(number, mode, cell, start_s, commit_s, finish_s)

    # --- rows ---

    def _row(self, entries: Iterable[tuple[int, float]], low: float, high: float) -> None:
        row = len(self.low)
        self.entries += [(row, column, value) for column, value in entries]
        self.low.append(low)
        self.high.append(high)

    def _new(self, upper: float) -> int:
        self.upper.append(upper)
        return len(self.upper) - 1

    def _uses(self) -> dict[int, list[tuple[int, int, int]]]:
        """Return of each resource that can bind who takes how much of it until when."""
        uses: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
        most: dict[int, dict[int, int]] = defaultdict(dict)
        for at, column in enumerate(self.columns):
            task = self.problem.tasks[column.task]
            mode: Mode = task.modes[column.mode]
            end_s = column.start_s + task.length_s
            taken = [(resource, amount, end_s) for resource, amount in mode.demands]
            if mode.surge:
                taken.append((SURGE, mode.surge, column.commit_s))
            for resource, amount, until_s in taken:
                uses[resource].append((at, amount, until_s))
                most[resource][column.task] = max(most[resource].get(column.task, 0), amount)
        return {
            resource: taken
            for resource, taken in uses.items()
            if 0 <= self._capacity(resource) < sum(most[resource].values())
        }

    def _capacity(self, resource: int) -> int:
        return self.problem.surge if resource == SURGE else self.problem.capacities[resource]

    def _capacities(self) -> None:
        for resource, uses in self._uses().items():
            capacity = self._capacity(resource)
            self._at_instants(uses, capacity)
            if self.cells.slack_s:
                self._until_instants(uses, capacity)

    def _at_instants(self, uses: list[tuple[int, int, int]], capacity: int) -> None:
        """Ask for capacity where cells begin: between, nothing starts that has no slack."""
        width_s, certain = self.cells.width_s, 1 if self.cells.slack_s else 0
        rows: dict[int, list[tuple[int, float]]] = defaultdict(list)
        for at, amount, until_s in uses:
            cell = self.columns[at].cell
            if cell >= 0:
                last = min((until_s - 1) // width_s, self.cells.count - 1)
                for instant in range(cell + certain, last + 1):
                    rows[instant].append((at, float(amount)))
        for entries in rows.values():
            self._row(entries, -np.inf, float(capacity))

    def _until_instants(self, uses: list[tuple[int, int, int]], capacity: int) -> None:
        """Ask that all work up to an instant fits what has been open until then.

        Sums over all cells before would be long, so each adds to a variable for the one before.
        """
        width_s, windows = self.cells.width_s, self.problem.windows
        rows: dict[int, list[tuple[int, float]]] = defaultdict(list)
        for at, amount, until_s in uses:
            column = self.columns[at]
            if column.cell < 0:
                continue
            latest_s = column.cell * width_s + self.cells.slack_s
            length_s = until_s - column.start_s
            edge = column.cell + 1
            before_s = 0
            while before_s < length_s and edge <= self.cells.count:
                worked_s = min(length_s, max(0, edge * width_s - latest_s))
                rows[edge].append((at, -float(amount * (worked_s - before_s)) / width_s))
                before_s, edge = worked_s, edge + 1
        before: int | None = None
        for edge in range(1, self.cells.count + 1):
            end_s = edge * width_s
            closed_s = closed_time(0, end_s, windows.period_s, windows.starts_s, windows.lengths_s)
            total = self._new(capacity * (end_s - closed_s) / width_s)
            entries = [*rows[edge], (total, 1.0)]
            if before is not None:
                entries.append((before, -1.0))
            self._row(entries, 0.0, 0.0)
            before = total

    def _order(self) -> None:
        """Let nothing have started by a cell unless all below may have finished by then."""
        below_of = self.problem.dependencies
        started = {n: self._by_cells(n, finish=False) for n in range(len(self.problem.tasks))}
        ended = {n: self._by_cells(n, finish=True) for n in range(len(self.problem.tasks))}
        done = {
            component: [self._new(1.0) for _ in range(self.cells.count)] for component in below_of
        }
        for component, below in below_of.items():
            for cell in range(self.cells.count):
                own = done[component][cell]
                limits = [ended[number][cell] for number in self._in(component)]
                limits += [done[other][cell] for other in below]
                for limit in limits:
                    self._row([(own, 1.0), (limit, -1.0)], -np.inf, 0.0)
                for number in self._in(component):
                    for other in below:
                        pair = [(started[number][cell], 1.0), (done[other][cell], -1.0)]
                        self._row(pair, -np.inf, 0.0)

    def _in(self, component: int) -> list[int]:
        tasks = enumerate(self.problem.tasks)
        return [number for number, task in tasks if task.component == component]

    def _by_cells(self, number: int, *, finish: bool) -> list[int]:
        """Return variables that say whether a task has started, or finished, by each cell."""
        width_s, slack_s = self.cells.width_s, self.cells.slack_s
        news: dict[int, list[int]] = defaultdict(list)
        for at in self.of_task[number]:
            column = self.columns[at]
            if column.cell >= 0:
                # The first cell in which what waits for it may start.
                by = -(-(column.finish_s - slack_s) // width_s) if finish else column.cell
                news[by].append(at)
        found: list[int] = []
        for cell in range(self.cells.count):
            found.append(self._new(1.0))
            entries = [(found[cell], 1.0), *((at, -1.0) for at in news[cell])]
            if cell:
                entries.append((found[cell - 1], -1.0))
            self._row(entries, 0.0, 0.0)
        return found

    # --- solving ---

    def solve(self, time_s: float) -> tuple[OptimizeResult, float]:
        """Solve with HiGHS; return its result, and what its objective is to be multiplied by."""
        costs = np.zeros(len(self.upper))
        for at, column in enumerate(self.columns):
            costs[at] = self.problem.tasks[column.task].weight_milli * column.commit_s
        scale = max(1.0, float(costs.max()) / 1e4)
        rows, columns, values = zip(*self.entries, strict=True)
        shape = (len(self.low), len(self.upper))
        matrix = csr_array((np.array(values), (np.array(rows), np.array(columns))), shape=shape)
        integral = np.zeros(len(self.upper))
        integral[: len(self.columns)] = 1
        result = milp(
            costs / scale,
            integrality=integral,
            bounds=Bounds(np.zeros(len(self.upper)), np.array(self.upper)),
            constraints=LinearConstraint(matrix, np.array(self.low), np.array(self.high)),
            options={"time_limit": time_s, "mip_rel_gap": 0.0},
        )
        return result, scale

    def placements(self, values: np.ndarray) -> dict[int, tuple[int, int]]:
        """Return mode and start of each task in a solution."""
        return {
            column.task: (column.mode, column.start_s)
            for column, value in zip(self.columns, values, strict=False)
            if value > 0.5
        }
