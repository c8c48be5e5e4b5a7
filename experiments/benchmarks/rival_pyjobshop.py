"""PyJobShop, a library for scheduling problems, through its own API (https://pyjobshop.org).

Everything of the problem can be said in it, partly around corners:

- crew, services, hosts and surge are renewable resources, ways to do a task are modes;
- the objective is its weighted total flow time, a job a task;
- where commits are not ends of work (warm-up, step overhead), a second task of the job that starts
  with the first goes on to the commit, and is the one that holds surge;
- windows are breaks of a resource that every task takes: up to the horizon, then always open;
- strict order is precedences through a task of no length for each component.

A switch that waits for a window cannot be said, since lengths of modes are fixed; no family needs
it, and it is refused.
"""

from __future__ import annotations

from functools import reduce
from math import gcd
from typing import Any

from pyjobshop import Model
from rival_cases import Answer, Case, bound_of, placed

from patchopt.optimizer.problem import Mode, Problem, Task

WORKERS = 8


class Said:
    """A problem in the words of PyJobShop."""

    def __init__(self, problem: Problem, horizon_s: int) -> None:
        self.problem, self.horizon_s = problem, horizon_s
        self.model = Model()
        self.unit = reduce(gcd, (task.weight_milli for task in problem.tasks), 0) or 1
        self.resources = [self.model.add_renewable(capacity) for capacity in problem.capacities]
        surge = sum(task.size for task in problem.tasks) if problem.surge < 0 else problem.surge
        self.surge = self.model.add_renewable(surge)
        self.opening = self.model.add_renewable(len(problem.tasks), breaks=self.breaks())
        #: Tasks of the model, and what each of their modes stands for: the task's own, in order.
        self.works: list[Any] = []
        self.commits: list[Any] = []
        self.meaning: dict[int, int] = {}
        for task in problem.tasks:
            self.add(task)
        self.order()
        self.model.set_objective(weight_total_flow_time=1)

    def breaks(self) -> list[tuple[int, int]]:
        """Return when windows are closed, up to the horizon."""
        windows, closed = self.problem.windows, []
        if not windows.period_s:
            return closed
        at = 0
        while at < self.horizon_s:
            opens = windows.earliest_fit(at, 1)
            if opens > at:
                closed.append((at, opens))
            at = windows.close_after(opens)
        return closed

    def add(self, task: Task) -> None:
        """Add a job with one task, or with two where commits are not ends of work."""
        together = all(mode.commit_s == task.length_s for mode in task.modes)
        weight = task.weight_milli // self.unit
        # Whatever ends late is not thought of; it keeps weights times ends small enough.
        job = self.model.add_job(weight=weight, deadline=self.horizon_s)
        work = self.model.add_task(job=job if together else None, latest_end=self.horizon_s)
        self.works.append(work)
        first = [self.mode(work, task, number, together) for number in range(len(task.modes))]
        if together:
            self.commits.append(work)
            return
        commit = self.model.add_task(job=job, latest_end=self.horizon_s)
        self.commits.append(commit)
        self.model.add_start_at_start(work, commit)
        for mode, same in zip(task.modes, first, strict=True):
            until = self.model.add_mode(commit, [self.surge], mode.commit_s, [mode.surge])
            self.model.add_mode_dependency(same, [until])

    def mode(self, work: Any, task: Task, number: int, together: bool) -> Any:
        mode: Mode = task.modes[number]
        takes = [(self.resources[resource], amount) for resource, amount in mode.demands]
        takes.append((self.opening, 1))
        if together and mode.surge:
            takes.append((self.surge, mode.surge))
        resources, amounts = [one for one, _ in takes], [amount for _, amount in takes]
        self.meaning[len(self.model.modes)] = number
        return self.model.add_mode(work, resources, task.length_s, amounts)

    def order(self) -> None:
        """Let components wait for those below to have finished, however indirectly."""
        done = {}
        for component in self.problem.dependencies:
            done[component] = self.model.add_task()
            self.model.add_mode(done[component], [], 0)
        for component, below in self.problem.dependencies.items():
            for other in below:
                self.model.add_end_before_start(done[other], done[component])
        for number, task in enumerate(self.problem.tasks):
            if task.component not in done:
                continue
            work = self.works[number]
            for part in {id(one): one for one in (work, self.commits[number])}.values():
                self.model.add_end_before_start(part, done[task.component])
            for other in self.problem.dependencies[task.component]:
                self.model.add_end_before_start(done[other], work)

    def found(self, tasks: list[Any]) -> dict[int, tuple[int, int]]:
        """Return mode and start of each task of the problem."""
        numbers = {id(task): number for number, task in enumerate(self.model.tasks)}
        answers = [tasks[numbers[id(work)]] for work in self.works]
        return {
            number: (self.meaning[answer.mode], answer.start)
            for number, answer in enumerate(answers)
        }


def by_pyjobshop(case: Case) -> Answer:
    """Say the problem, have it solved in what time is left."""
    problem = case.problem
    if problem.overhead_s and problem.windows.period_s:
        return Answer(schedule=None, note="cannot say that a switch waits for a window")
    if not problem.tasks or problem.skipped_weight_milli:
        return Answer(schedule=None, note="skipped units are not modelled")
    said = Said(problem, case.horizon_s)
    result = said.model.solve(
        solver="ortools",
        time_limit=case.left_s,
        display=False,
        num_workers=WORKERS,
        # Its own handler of Ctrl-C would outlive the solve, and leave none.
        catch_sigint_signal=False,
    )
    status = result.status.value.lower()
    bound = bound_of(result.lower_bound, said.unit)
    if not result.best.tasks:
        return Answer(schedule=None, bound_milli=bound, note=status)
    return Answer(
        schedule=placed(problem, said.found(result.best.tasks)),
        stated_milli=round(result.objective) * said.unit,
        bound_milli=bound,
        proven=status == "optimal",
    )
