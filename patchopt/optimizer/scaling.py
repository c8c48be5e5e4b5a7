"""Time in the largest unit that divides every length: the same problem, a smaller model.

In some optimal schedule nothing can start earlier, so every start is 0, the end of a
window's opening, or the end of something else: a sum of the problem's lengths. If all
of those are multiples of g, so are all starts, and nothing is lost by counting in g.
"""

from __future__ import annotations

from dataclasses import replace
from math import gcd

from patchopt.model.windows import WindowSet
from patchopt.optimizer.problem import Problem
from patchopt.optimizer.schedule import Placement, Schedule


def time_unit_s(problem: Problem) -> int:
    """Return the largest number of seconds that divides every length of a problem."""
    windows = problem.windows
    lengths = [task.length_s for task in problem.tasks]
    commits = [mode.commit_s for task in problem.tasks for mode in task.modes]
    opening = [windows.period_s, *windows.starts_s.tolist(), *windows.lengths_s.tolist()]
    return gcd(problem.overhead_s, *lengths, *commits, *opening) or 1


def in_units(problem: Problem, unit_s: int) -> Problem:
    """Return a problem with all times divided by a unit."""
    windows = problem.windows
    tasks = tuple(
        replace(
            task,
            length_s=task.length_s // unit_s,
            modes=tuple(replace(mode, commit_s=mode.commit_s // unit_s) for mode in task.modes),
        )
        for task in problem.tasks
    )
    return replace(
        problem,
        tasks=tasks,
        overhead_s=problem.overhead_s // unit_s,
        windows=WindowSet(
            windows.period_s // unit_s, windows.starts_s // unit_s, windows.lengths_s // unit_s
        ),
    )


def in_seconds(problem: Problem, schedule: Schedule, unit_s: int) -> Schedule:
    """Return a schedule of the divided problem as one of the problem itself."""
    placements = tuple(
        Placement(p.task, p.mode, p.start_s * unit_s, p.switch_s * unit_s)
        for p in schedule.placements
    )
    return Schedule(problem, placements)
