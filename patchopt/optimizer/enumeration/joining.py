"""What a partial schedule still holds, and when each task may join it, compiled."""

from __future__ import annotations

from patchopt.compiling.jit import inner
from patchopt.model.windows import FOREVER
from patchopt.optimizer.decoding.arrays import BUILT, Arrays
from patchopt.optimizer.decoding.lists import fit, switch_of
from patchopt.optimizer.enumeration.labels import Labels, Running, Scratch
from patchopt.optimizer.enumeration.tables import Tables


@inner
def gather(arrays: Arrays, labels: Labels, label: int, now: int, longest: int, to: Running) -> int:
    """Note what of a label still holds something at a time; return how much that is."""
    count, at = 0, label
    while labels.parent[at] >= 0 and labels.start_s[at] + longest > now:
        task, mode, start = labels.task[at], labels.mode[at], labels.start_s[at]
        until = start + arrays.length_s[task]
        end = until
        if mode == BUILT:
            end = labels.switch_s[at] + arrays.overhead_s
        if end > now:
            to.task[count] = task
            to.mode[count] = mode
            to.start_s[count] = start
            to.until_s[count] = until
            to.end_s[count] = end
            for resource in range(to.use.shape[1]):
                to.use[count, resource] = 0
            for place in range(arrays.begin[2 * task + mode], arrays.begin[2 * task + mode + 1]):
                to.use[count, arrays.resource[place]] = arrays.amount[place]
            count += 1
        at = labels.parent[at]
    return count


@inner
def _fits(arrays: Arrays, running: Running, count: int, task: int, mode: int, time: int) -> int:
    """Return a time at which a task may start, or a later one, before which it cannot."""
    for place in range(arrays.begin[2 * task + mode], arrays.begin[2 * task + mode + 1]):
        resource, used, free = arrays.resource[place], arrays.amount[place], FOREVER
        for at in range(count):
            if running.until_s[at] > time and running.use[at, resource] > 0:
                used += running.use[at, resource]
                free = min(free, running.until_s[at])
        if used > arrays.capacity[resource]:
            return free
    if mode == BUILT and arrays.surge >= 0:
        used, free = arrays.slots[task], FOREVER
        for at in range(count):
            if running.mode[at] == BUILT and running.end_s[at] > time:
                used += arrays.slots[running.task[at]]
                free = min(free, running.end_s[at])
        if used > arrays.capacity[arrays.surge]:
            return free
    return time


@inner
def _earliest(arrays: Arrays, running: Running, count: int, task: int, mode: int, now: int) -> int:
    """Return the first start of a task from now on."""
    time, component = now, arrays.component[task]
    for place in range(arrays.below_begin[component], arrays.below_begin[component + 1]):
        for at in range(count):
            if arrays.component[running.task[at]] == arrays.below[place]:
                time = max(time, running.end_s[at])
    length = arrays.length_s[task]
    while True:
        moved = _fits(arrays, running, count, task, mode, fit(arrays, time, length))
        if moved == time:
            return time
        time = moved


@inner
def _may(arrays: Arrays, tables: Tables, done: int, task: int) -> bool:
    """Say whether all is done that a task waits for, and it is not."""
    if done >> task & 1:
        return False
    if tables.before[task] >= 0 and not done >> tables.before[task] & 1:
        return False
    component = arrays.component[task]
    for place in range(arrays.below_begin[component], arrays.below_begin[component + 1]):
        lower = arrays.below[place]
        for member in range(arrays.inside_begin[lower], arrays.inside_begin[lower + 1]):
            if not done >> arrays.inside[member] & 1:
                return False
    return True


@inner
def find_starts(
    arrays: Arrays, tables: Tables, labels: Labels, scratch: Scratch, label: int, count: int
) -> int:
    """Find the start of every task that may be added; return when the first would be over.

    What starts no earlier than that need not be added now: the other one would fit before it.
    """
    first = FOREVER
    for task in range(len(arrays.length_s)):
        may = _may(arrays, tables, labels.done[label], task)
        for mode in range(2):
            way = 2 * task + mode
            scratch.start_s[way] = -1
            if not may or arrays.commit_s[way] < 0:
                continue
            start = _earliest(arrays, scratch.running, count, task, mode, labels.start_s[label])
            end = start + arrays.length_s[task]
            if mode == BUILT:
                end = switch_of(arrays, task, mode, start) + arrays.overhead_s
            scratch.start_s[way] = start
            scratch.release_s[way] = end
            first = min(first, end)
    return first
