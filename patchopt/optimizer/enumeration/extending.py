"""Partial schedules with a task more, compiled.

Tasks are added in order of their starts, each as early as what still runs allows
(Christofides, Alvarez-Valdes, Tamarit, Project scheduling with resource constraints: a branch
and bound approach, EJOR 29, 1987). What comes later only ever starts later, so nothing that
runs is asked for more than once, and what a partial schedule leaves unused is lost for good.
"""

from __future__ import annotations

from patchopt.compiling.jit import outer
from patchopt.optimizer.decoding.arrays import Arrays
from patchopt.optimizer.decoding.lists import commit_of, switch_of
from patchopt.optimizer.enumeration.dominance import keep
from patchopt.optimizer.enumeration.joining import find_starts, gather
from patchopt.optimizer.enumeration.labels import DROPPED, END, WORK, Labels, Scratch
from patchopt.optimizer.enumeration.paying import owned, paid, spent_of
from patchopt.optimizer.enumeration.tables import Tables


@outer
def extend(
    arrays: Arrays,
    tables: Tables,
    labels: Labels,
    scratch: Scratch,
    first: int,
    end: int,
    budget_milli: int,
    most_milli: int,
) -> int:
    """Add to each of some labels every task that a better schedule may go on with.

    Parameters
    ----------
    arrays, tables
        The problem and its prices.
    labels : Labels
        Gets the new ones, from ``scratch.state[END]`` on; some of them without tasks: forget these.
    scratch : Scratch
        Room.
    first, end : int
        Which labels.
    budget_milli : int
        What a better schedule may cost more than the bound.
    most_milli : int
        What has spent more is left out, though it may be better.

    Returns
    -------
    int
        The label to go on with, once there is room again, or the end.
    """
    tasks = len(arrays.length_s)
    for label in range(first, end):
        if scratch.state[END] + 2 * tasks > len(labels.done):
            return label
        now = labels.start_s[label]
        count = gather(arrays, labels, label, now, tables.longest_s, scratch.running)
        over = find_starts(arrays, tables, labels, scratch, label, count)
        for way in range(2 * tasks):
            start = scratch.start_s[way]
            if start < 0 or start >= over:
                continue
            scratch.state[WORK] += 1
            task, mode = way >> 1, way & 1
            cost = arrays.weight_milli[task] * commit_of(arrays, task, mode, start)
            reduced = labels.reduced_milli[label] - tables.least_milli[task]
            reduced += cost + paid(tables, task, mode, start)
            spent = spent_of(arrays, tables, labels, scratch, label, count, way, reduced)
            if spent > budget_milli:
                continue
            if spent > most_milli:
                scratch.state[DROPPED] = min(scratch.state[DROPPED], spent)
                continue
            new = scratch.state[END]
            labels.done[new] = labels.done[label] | 1 << task
            labels.task[new] = task
            labels.mode[new] = mode
            labels.start_s[new] = start
            labels.switch_s[new] = switch_of(arrays, task, mode, start)
            labels.parent[new] = label
            labels.end_s[new] = max(labels.end_s[label], scratch.release_s[way])
            labels.cost_milli[new] = labels.cost_milli[label] + cost
            labels.reduced_milli[new] = reduced
            own = owned(tables, task, mode, start, start)
            labels.owned_milli[new] = labels.owned_milli[label] + own
            labels.spent_milli[new] = spent
            keep(arrays, tables, labels, scratch, new)
    return end
