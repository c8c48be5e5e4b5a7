"""Plain CP-SAT: the problem as one would write it down, eight workers, no hint and no bound."""

from __future__ import annotations

from collections import defaultdict
from math import gcd
from typing import Any

from ortools.sat.python import cp_model
from rival_cases import Answer, Case, bound_of, placed

from patchopt.optimizer.problem import Problem, Task

WORKERS = 8
#: The number of the surge among resources.
SURGE = -1

Expression = Any


class Model:
    """An interval for every mode of a task, a cumulative for every resource, weighted ends."""

    def __init__(self, problem: Problem, horizon_s: int) -> None:
        self.problem, self.horizon_s = problem, horizon_s
        self.cp = cp_model.CpModel()
        self.uses: dict[int, list[tuple[Expression, int]]] = defaultdict(list)
        self.starts: list[Expression] = []
        #: Of each task, whether it is done in each of its modes.
        self.used: list[list[Expression]] = []
        self.commits: list[Expression] = []
        self.ends: list[Expression] = []
        for task in problem.tasks:
            self.add(task)
        for resource, uses in self.uses.items():
            capacity = problem.surge if resource == SURGE else problem.capacities[resource]
            if capacity >= 0:  # surge without a limit is -1
                self.cp.add_cumulative(*zip(*uses, strict=True), capacity)
        self.order()
        self.unit = gcd(*(task.weight_milli for task in problem.tasks)) or 1
        self.cp.minimize(self.objective())

    def add(self, task: Task) -> None:
        start = self.cp.new_int_var_from_domain(self.open_for(task.length_s), "")
        commit = self.cp.new_int_var(0, self.horizon_s, "")
        end = self.cp.new_int_var(0, self.horizon_s, "")
        used = [self.cp.new_bool_var("") for _ in task.modes]
        self.cp.add_exactly_one(used)
        for mode, chosen in zip(task.modes, used, strict=True):
            work = self.cp.new_optional_fixed_size_interval_var(start, task.length_s, chosen, "")
            for resource, amount in mode.demands:
                self.uses[resource].append((work, amount))
            if mode.action == "build":
                switched = self.switched(start, task)
                held_s = self.cp.new_int_var(0, self.horizon_s, "")
                held = self.cp.new_optional_interval_var(start, held_s, switched, chosen, "")
                self.uses[SURGE].append((held, mode.surge))
                self.cp.add(commit == switched).only_enforce_if(chosen)
            else:
                self.cp.add(commit == start + mode.commit_s).only_enforce_if(chosen)
        self.cp.add(end >= start + task.length_s)
        self.cp.add(end >= commit)
        self.starts.append(start)
        self.used.append(used)
        self.commits.append(commit)
        self.ends.append(end)

    def switched(self, start: Expression, task: Task) -> Expression:
        """Return the end of the switch of a copy."""
        overhead_s = self.problem.overhead_s
        if not overhead_s or not self.problem.windows.period_s:
            return start + task.length_s + overhead_s
        switch = self.cp.new_int_var_from_domain(self.open_for(overhead_s), "")
        self.cp.add(switch >= start + task.length_s)
        return switch + overhead_s

    def open_for(self, length_s: int) -> cp_model.Domain:
        """Return when work of a length fits a window."""
        windows, spans = self.problem.windows, []
        at = windows.earliest_fit(0, length_s)
        while at + length_s <= self.horizon_s:
            last = min(windows.close_after(at), self.horizon_s) - length_s
            spans.append([at, last])
            at = windows.earliest_fit(last + 1, length_s)
        return cp_model.Domain.from_intervals(spans)

    def order(self) -> None:
        """Let components wait for those below to have finished."""
        done: dict[int, Expression] = {
            component: self.cp.new_int_var(0, self.horizon_s, "")
            for component in self.problem.dependencies
        }
        for component, below in self.problem.dependencies.items():
            for other in below:
                self.cp.add(done[component] >= done[other])
        for number, task in enumerate(self.problem.tasks):
            if task.component not in done:
                continue
            self.cp.add(done[task.component] >= self.ends[number])
            for other in self.problem.dependencies[task.component]:
                self.cp.add(self.starts[number] >= done[other])

    def objective(self) -> Expression:
        weights = [task.weight_milli // self.unit for task in self.problem.tasks]
        return cp_model.LinearExpr.weighted_sum(self.commits, weights)


def by_cp_sat(case: Case) -> Answer:
    """Build the model, solve it in what time is left."""
    problem = case.problem
    if not problem.tasks or problem.skipped_weight_milli:
        return Answer(schedule=None, note="skipped units are not modelled")
    model = Model(problem, case.horizon_s)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = WORKERS
    solver.parameters.max_time_in_seconds = case.left_s
    # Its own handler of Ctrl-C would outlive the solve, and leave none.
    solver.parameters.catch_sigint_signal = False
    status = solver.solve(model.cp)
    bound = bound_of(solver.best_objective_bound, model.unit)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return Answer(schedule=None, bound_milli=bound, note=solver.status_name(status).lower())
    found = {
        number: ([solver.value(chosen) for chosen in used].index(1), solver.value(start))
        for number, (used, start) in enumerate(zip(model.used, model.starts, strict=True))
    }
    return Answer(
        schedule=placed(problem, found),
        stated_milli=round(solver.objective_value) * model.unit,
        bound_milli=bound,
        proven=status == cp_model.OPTIMAL,
    )
