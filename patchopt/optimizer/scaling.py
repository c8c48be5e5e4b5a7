"""Time in the largest unit that divides every length: the same problem, a smaller model.

In some optimal schedule nothing can start earlier, so every start is 0, the end of a
window's opening, or the end of something else: a sum of the problem's lengths. If all
of those are multiples of g, so are all starts, and nothing is lost by counting in g.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from math import gcd
from typing import Any, TypeVar

import numpy as np

from patchopt.model.windows import WindowSet
from patchopt.optimizer.problem import Mode, Problem, Task
from patchopt.optimizer.schedule import Schedule

Row = TypeVar("Row", Problem, Task, Mode, WindowSet)


def time_unit_s(problem: Problem) -> int:
    """Return the largest number of seconds that divides every length of a problem."""
    rows: list[Problem | Task | Mode | WindowSet] = [problem, problem.windows, *problem.tasks]
    rows += [mode for task in problem.tasks for mode in task.modes]
    times = [time for row in rows for value in _times(row).values() for time in np.ravel(value)]
    return gcd(*(int(time) for time in times)) or 1


def in_units(problem: Problem, unit_s: int) -> Problem:
    """Return a problem with all times divided by a unit."""
    tasks = tuple(
        replace(_divided(task, unit_s), modes=tuple(_divided(mode, unit_s) for mode in task.modes))
        for task in problem.tasks
    )
    windows = _divided(problem.windows, unit_s)
    return replace(_divided(problem, unit_s), tasks=tasks, windows=windows)


def in_seconds(problem: Problem, schedule: Schedule, unit_s: int) -> Schedule:
    """Return a schedule of the divided problem as one of the problem itself."""
    return _rescaled(problem, schedule, lambda time: time * unit_s)


def schedule_in_units(divided: Problem, schedule: Schedule, unit_s: int) -> Schedule:
    """Return a schedule in which nothing can start earlier as one of the divided problem."""
    return _rescaled(divided, schedule, lambda time: time // unit_s)


def _rescaled(problem: Problem, schedule: Schedule, scale: Callable[[int], int]) -> Schedule:
    placements = tuple(
        replace(placement, start_s=scale(placement.start_s), switch_s=scale(placement.switch_s))
        for placement in schedule.placements
    )
    return Schedule(problem, placements)


def _times(row: Any) -> dict[str, Any]:
    """Return the fields that are seconds: their names say so, and none can be forgotten."""
    names = (field.name for field in fields(row) if field.name.endswith("_s"))
    return {name: getattr(row, name) for name in names}


def _divided(row: Row, unit_s: int) -> Row:
    return replace(row, **{name: value // unit_s for name, value in _times(row).items()})
