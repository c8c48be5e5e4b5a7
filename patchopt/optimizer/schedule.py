"""Schedules: what is done when and how; their objective, and the plan that carries them out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from patchopt.model.infrastructure import Infrastructure
from patchopt.model.plan import PlanBuilder
from patchopt.optimizer.flows import parts_of
from patchopt.optimizer.problem import Mode, Problem, Task


@dataclass(frozen=True, kw_only=True)
class Placement:
    """One task in a schedule.

    Parameters
    ----------
    task : int
        Number of the task.
    mode : int
        Which of its modes.
    start_s : int
        Start of the work.
    switch_s : int
        Start of the switch of a build; the end of the work otherwise.
    """

    task: int
    mode: int
    start_s: int
    switch_s: int


@dataclass(frozen=True)
class Schedule:
    """Placements of all tasks of a problem."""

    problem: Problem
    placements: tuple[Placement, ...]

    def mode(self, placement: Placement) -> Mode:
        """Return the mode of a placement."""
        return self.problem.tasks[placement.task].modes[placement.mode]

    def commit_s(self, placement: Placement) -> int:
        """Return the instant at which a task's nodes become new."""
        mode = self.mode(placement)
        if mode.action == "build":
            return placement.switch_s + self.problem.overhead_s
        return placement.start_s + mode.commit_s

    def end_s(self, placement: Placement) -> int:
        """Return the instant at which the last work on a task ends."""
        if self.mode(placement).action == "build":
            return self.commit_s(placement)
        return placement.start_s + self.problem.tasks[placement.task].length_s

    @property
    def objective_milli(self) -> int:
        """Sum of weight times commit, and of skipped weight times the makespan: exact.

        Computed from the schedule alone, without any solver.
        """
        total = sum(
            self.problem.tasks[p.task].weight_milli * self.commit_s(p) for p in self.placements
        )
        makespan = max((self.end_s(p) for p in self.placements), default=0)
        return total + self.problem.skipped_weight_milli * makespan


Reason = Callable[[Task, Mode, Placement], str]


def add_steps(
    builder: PlanBuilder, infrastructure: Infrastructure, schedule: Schedule, reason: Reason
) -> None:
    """Write a schedule as guarded steps under a partial order, in the order of their starts.

    Parameters
    ----------
    builder : PlanBuilder
        Receives the steps; what comes first in the schedule comes after nothing in it.
    infrastructure : Infrastructure
        Names nodes and services.
    schedule : Schedule
        What to do in which order; nothing in it can start earlier.
    reason : callable
        Says of a placement why it is where it is.
    """
    steps: list[int] = []
    for part in parts_of(schedule):
        task = schedule.problem.tasks[part.placement.task]
        names = [infrastructure.nodes.ids[node] for node in task.item.nodes]
        after = [steps[before] for before in part.after]
        if part.kind == "switch":
            why = f"step {after[0]} has built it"
            steps.append(builder.add("switch", names, after=after, reason=why))
            continue
        mode = schedule.mode(part.placement)
        waived = task.item.waives if mode.action == "patch" else ()
        step = builder.add(
            mode.action,
            names,
            after=after,
            waives=[infrastructure.services.names[service] for service in waived],
            reason=reason(task, mode, part.placement),
        )
        steps.append(step)
