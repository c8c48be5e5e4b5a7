"""List scheduling: tasks one after another by a priority, each as early as can be.

The serial schedule-generation scheme (Kolisch, Serial and parallel
resource-constrained project scheduling methods revisited, EJOR 90, 1996) with Smith's
ratio as priority (Smith, Various optimizers for single-stage production, 1956), work
counted in node-seconds of the crew.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from patchopt.optimizer.decoder import Decoder
from patchopt.optimizer.problem import Problem, Task
from patchopt.optimizer.schedule import Schedule

Priority = Callable[[Task], float]


def smith_ratio(task: Task) -> float:
    """Weight per node and second of work, W / (nodes L): the higher, the earlier."""
    return task.item.weight_milli / (task.item.size * task.item.length_s)


def list_schedule(problem: Problem, priority: Priority = smith_ratio) -> Schedule:
    """Schedule all tasks by a priority rule.

    Parameters
    ----------
    problem : Problem
        What to schedule.
    priority : callable
        The higher, the earlier; ties by the number of the task. Under strict order,
        among the tasks whose dependencies are all placed.

    Returns
    -------
    Schedule
        Feasible, nothing in it can start earlier, and what commits on the same second
        in place and beside is built beside.
    """
    decoder = Decoder(problem)
    order = decoder.in_order(-np.array([priority(task) for task in problem.tasks], np.float64))
    return settled(decoder, decoder.schedule(order))


def settled(decoder: Decoder, schedule: Schedule) -> Schedule:
    """Return a schedule no worse than another, ready to be carried out.

    Parameters
    ----------
    decoder : Decoder
        Of its problem.
    schedule : Schedule
        Feasible.

    Returns
    -------
    Schedule
        What commits on the same second in place and beside is built beside, within the
        surge; the room that this leaves in services lets others start earlier.
    """
    return decoder.pushed_left(decoder.built_on_ties(schedule))
