"""List scheduling by one rule: what a greedy planner does, at any size."""

from __future__ import annotations

from rival_cases import Answer, Case

from patchopt.optimizer.list_scheduling import Priority, list_schedule, smith_ratio


def by_weight_per_second(case: Case) -> Answer:
    """Weight per second of work, W / L: Smith's rule for one machine."""
    return _by(case, lambda task: task.weight_milli / task.length_s)


def by_weight_per_node_second(case: Case) -> Answer:
    """Weight per node and second, W / (q L): Smith's rule for a crew; `exposure_greedy`."""
    return _by(case, smith_ratio)


def _by(case: Case, ratio: Priority) -> Answer:
    schedule = list_schedule(case.problem, ratio)
    return Answer(schedule=schedule, stated_milli=schedule.objective_milli)
