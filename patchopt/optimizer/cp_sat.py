"""The CP-SAT model: starts, modes, resources, windows, precedences, the exact objective."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from math import gcd
from typing import Any

from ortools.sat.python import cp_model

from patchopt.model.windows import WindowSet
from patchopt.optimizer.bounds import active_makespan_s, latest_commits_s
from patchopt.optimizer.cp_sat_starts import Promising, cost_of_start
from patchopt.optimizer.problem import Mode, Problem, Task, alike
from patchopt.optimizer.schedule import Placement, Schedule

Expression = Any  # OR-Tools types its linear expressions as a union of many


@dataclass(kw_only=True)
class _Variables:
    start: Expression
    built: Expression  # 1 if done blue-green; a constant where there is no choice
    switch: Expression  # start of the switch
    commit: Expression


class Model:
    """A problem in the language of CP-SAT, with a schedule as a hint.

    Parameters
    ----------
    problem : Problem
        What to schedule.
    incumbent : Schedule
        Feasible; it bounds the horizon and is where the search starts.
    bound_milli : int
        Proven: no schedule has a lower objective.
    promising : Promising, optional
        Starts that a better schedule may have.
    """

    def __init__(
        self,
        problem: Problem,
        incumbent: Schedule,
        bound_milli: int = 0,
        promising: Promising | None = None,
    ) -> None:
        self.problem = problem
        self.cp = cp_model.CpModel()
        self.horizon_s = active_makespan_s(problem)
        self._latest = latest_commits_s(problem, incumbent.objective_milli)
        self._uses: dict[int, list[tuple[Expression, int]]] = defaultdict(list)
        self._builds: list[tuple[Expression, int]] = []
        self.variables = [self._task(number) for number in range(len(problem.tasks))]
        self._capacities()
        self._precedences()
        self._order_alike()
        self._minimise(bound_milli)
        if promising is not None:
            self._leave(promising)
        self._hint(incumbent)

    # Variables ------------------------------------------------------------------------

    def _task(self, number: int) -> _Variables:
        task, latest = self.problem.tasks[number], self._latest[number]
        patch = next((m for m in task.modes if m.action == "patch"), None)
        build = next((m for m in task.modes if m.action == "build"), None)
        # Whichever the mode, the work cannot start later than this and commit in time.
        last = latest - min(mode.commit_s for mode in task.modes)
        start = self.cp.new_int_var_from_domain(
            _window_domain(self.problem.windows, task.length_s, max(last, 0)), f"start_{number}"
        )
        built = (
            self.cp.new_bool_var(f"built_{number}") if patch and build else int(build is not None)
        )
        switch = self._switch(number, task, start, built) if build else start + task.length_s
        commit = self._commit(number, task, patch, start, built, switch, latest)
        self._demand(number, task, patch, build, start, built)
        if build is not None:
            held = self._held(number, task, start, built, commit)
            self._builds.append((held, build.surge))
        return _Variables(start=start, built=built, switch=switch, commit=commit)

    def _switch(self, number: int, task: Task, start: Expression, built: Expression) -> Expression:
        """Return the start of the switch: at the end of the work unless a window is in the way."""
        end = start + task.length_s
        overhead, windows = self.problem.overhead_s, self.problem.windows
        if overhead == 0 or windows.period_s == 0:
            return end
        domain = _window_domain(windows, overhead, self.horizon_s)
        switch = self.cp.new_int_var_from_domain(domain, f"switch_{number}")
        rule = self.cp.add(switch >= end)
        if not isinstance(built, int):
            rule.only_enforce_if(built)
        return switch

    def _commit(
        self,
        number: int,
        task: Task,
        patch: Mode | None,
        start: Expression,
        built: Expression,
        switch: Expression,
        latest: int,
    ) -> Expression:
        commit = self.cp.new_int_var(0, latest, f"commit_{number}")
        if isinstance(built, int):
            in_place = start + (patch.commit_s if patch else 0)
            self.cp.add(commit == (switch + self.problem.overhead_s if built else in_place))
            return commit
        assert patch is not None  # noqa: S101 - a choice of modes has both
        by_build = self.cp.add(commit == switch + self.problem.overhead_s)
        by_build.only_enforce_if(built)
        in_place_rule = self.cp.add(commit == start + patch.commit_s)
        in_place_rule.only_enforce_if(~built)
        return commit

    def _demand(
        self,
        number: int,
        task: Task,
        patch: Mode | None,
        build: Mode | None,
        start: Expression,
        built: Expression,
    ) -> None:
        work = self.cp.new_fixed_size_interval_var(start, task.length_s, f"work_{number}")
        if patch is None or build is None:
            for resource, amount in task.modes[0].demands:
                self._uses[resource].append((work, amount))
            return
        shared = set(build.demands) & set(patch.demands)
        for resource, amount in sorted(shared):
            self._uses[resource].append((work, amount))
        for mode, chosen in ((patch, ~built), (build, built)):
            alone = [taken for taken in mode.demands if taken not in shared]
            if alone:
                present = self.cp.new_optional_fixed_size_interval_var(
                    start, task.length_s, chosen, f"{mode.action}_{number}"
                )
                for resource, amount in alone:
                    self._uses[resource].append((present, amount))

    def _held(
        self, number: int, task: Task, start: Expression, built: Expression, commit: Expression
    ) -> Expression:
        """Return the interval for which a copy holds its surge slots: to the end of its switch."""
        overhead, name = self.problem.overhead_s, f"copy_{number}"
        if overhead == 0 or self.problem.windows.period_s == 0:
            size = task.length_s + overhead
            if isinstance(built, int):
                return self.cp.new_fixed_size_interval_var(start, size, name)
            return self.cp.new_optional_fixed_size_interval_var(start, size, built, name)
        waits = self.cp.new_int_var(0, self.horizon_s, f"held_{number}")
        if isinstance(built, int):
            return self.cp.new_interval_var(start, waits, commit, name)
        return self.cp.new_optional_interval_var(start, waits, commit, built, name)

    # Constraints ----------------------------------------------------------------------

    def _capacities(self) -> None:
        for resource, uses in self._uses.items():
            capacity = self.problem.capacities[resource]
            if sum(amount for _, amount in uses) <= capacity:
                continue
            self._cumulative(uses, capacity)
        surge = self.problem.surge
        if surge >= 0 and sum(amount for _, amount in self._builds) > surge:
            self._cumulative(self._builds, surge)

    def _cumulative(self, uses: list[tuple[Expression, int]], capacity: int) -> None:
        intervals = [interval for interval, _ in uses]
        if min(amount for _, amount in uses) * 2 > capacity:
            self.cp.add_no_overlap(intervals)
        else:
            self.cp.add_cumulative(intervals, [amount for _, amount in uses], capacity)

    def _precedences(self) -> None:
        """Let every component wait for those below: one variable each, never pairs."""
        if not self.problem.dependencies:
            return
        tasks: dict[int, list[int]] = defaultdict(list)
        for number, task in enumerate(self.problem.tasks):
            tasks[task.component].append(number)
        done = {
            component: self.cp.new_int_var(0, self.horizon_s, f"done_{component}")
            for component in self.problem.dependencies
        }
        for component, below in self.problem.dependencies.items():
            for dependency in below:
                self.cp.add(done[component] >= done[dependency])
                for number in tasks[component]:
                    self.cp.add(self.variables[number].start >= done[dependency])
            for number in tasks[component]:
                # Past the warm-up of work in place, past the switch of a build.
                variables = self.variables[number]
                self.cp.add(done[component] >= variables.commit)
                end = variables.start + self.problem.tasks[number].length_s
                self.cp.add(done[component] >= end)

    def _order_alike(self) -> None:
        """Break the symmetry between tasks that any schedule may exchange."""
        for group in alike(self.problem):
            for first, second in pairwise(group):
                self.cp.add(self.variables[first].start <= self.variables[second].start)

    def _minimise(self, bound_milli: int) -> None:
        """Minimise in units of the weights' common divisor; scaling back is exact."""
        weights = [task.weight_milli for task in self.problem.tasks]
        skipped = self.problem.skipped_weight_milli
        self.divisor = gcd(*weights, skipped) or 1
        terms = [
            weight // self.divisor * variables.commit
            for weight, variables in zip(weights, self.variables, strict=True)
        ]
        if skipped:
            makespan = self.cp.new_int_var(0, 2 * self.horizon_s, "makespan")
            for task, variables in zip(self.problem.tasks, self.variables, strict=True):
                self.cp.add(makespan >= variables.start + task.length_s)
                self.cp.add(makespan >= variables.commit)
            terms.append(skipped // self.divisor * makespan)
        objective = sum(terms)
        self.cp.add(objective >= -(-bound_milli // self.divisor))
        self.cp.minimize(objective)

    def _leave(self, promising: Promising) -> None:
        """Leave only starts that a better schedule may have, and what they may cost together."""
        costs = []
        for number, starts in promising.starts.items():
            own, task = self.variables[number], self.problem.tasks[number]
            latest = self.horizon_s
            costs.append(
                cost_of_start(self.cp, task, own.start, own.built, latest, starts, promising)
            )
        self.cp.add(sum(costs) <= promising.spare_milli)

    # Solutions ------------------------------------------------------------------------

    def _hint(self, incumbent: Schedule) -> None:
        placements = list(incumbent.placements)
        for group in alike(self.problem):
            swapped = sorted((incumbent.placements[n] for n in group), key=_by_start)
            for number, placement in zip(group, swapped, strict=True):
                placements[number] = placement
        for number, placement in enumerate(placements):
            variables = self.variables[number]
            self.cp.add_hint(variables.start, placement.start_s)
            built = incumbent.mode(placement).action == "build"
            if not isinstance(variables.built, int):
                self.cp.add_hint(variables.built, built)
            if isinstance(variables.switch, cp_model.IntVar):
                self.cp.add_hint(variables.switch, placement.switch_s)
            self.cp.add_hint(variables.commit, incumbent.commit_s(placement))

    def schedule(self, value: Any) -> Schedule:
        """Read a solution back.

        Parameters
        ----------
        value : callable
            Returns the value of an expression.
        """
        placements = []
        for number, (task, variables) in enumerate(
            zip(self.problem.tasks, self.variables, strict=True)
        ):
            built = bool(
                variables.built if isinstance(variables.built, int) else value(variables.built)
            )
            wanted = "build" if built else "patch"
            mode = next(at for at, mode in enumerate(task.modes) if mode.action == wanted)
            start = int(value(variables.start))
            switch = int(value(variables.switch)) if built else start + task.length_s
            placements.append(Placement(task=number, mode=mode, start_s=start, switch_s=switch))
        return Schedule(self.problem, tuple(placements))


def _by_start(placement: Placement) -> tuple[int, int]:
    return placement.start_s, placement.task


def _window_domain(windows: WindowSet, length: int, last: int) -> cp_model.Domain:
    """Return the starts from 0 to some last one at which work of a length fits a window."""
    if windows.period_s == 0:
        return cp_model.Domain(0, last)
    spans: list[list[int]] = []
    for period in range(-1, last // windows.period_s + 1):
        for start, open_for in zip(windows.starts_s, windows.lengths_s, strict=True):
            begin = period * windows.period_s + int(start)
            end = min(begin + int(open_for) - length, last)
            if max(begin, 0) <= end:
                spans.append([max(begin, 0), end])
    return cp_model.Domain.from_intervals(spans)
