"""From a list of tasks to a schedule: the serial schedule-generation scheme, compiled.

Tasks are placed one after another, each in the mode in which it commits first, as early as
all constraints allow (Kolisch, Serial and parallel resource-constrained project scheduling
methods revisited, EJOR 90, 1996). A list is a priority, not a time order: what comes later
in it may well start earlier.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from patchopt.compiling.jit import inner, outer
from patchopt.model import windows
from patchopt.model.windows import FOREVER, Numbers
from patchopt.optimizer.decoding.arrays import BUILT, IN_PLACE, Arrays
from patchopt.optimizer.decoding.profiles import Profiles, clear, earliest, free_until, take

_window_close = inner(windows.window_close)
_next_opening = inner(windows.next_opening)


class Placed(NamedTuple):
    """Where tasks are placed.

    Parameters
    ----------
    mode, start_s, switch_s, commit_s, end_s : ndarray of int64, shape (n,)
        Mode; start of the work; start of the switch of a build, else the end of the work;
        commit; end of the last work.
    """

    mode: Numbers
    start_s: Numbers
    switch_s: Numbers
    commit_s: Numbers
    end_s: Numbers


def new_profiles(arrays: Arrays, copies: int = 1) -> Profiles:
    """Return room for the profiles of a problem's resources, so many times."""
    size, resources = copies * int(arrays.room[-1]), copies * len(arrays.capacity)
    return Profiles(
        times=np.zeros(size, np.int64),
        used=np.zeros(size, np.int64),
        segments=np.ones(resources, np.int64),
        low=np.zeros(resources, np.int64),
    )


def new_placed(arrays: Arrays) -> Placed:
    """Return room for where a problem's tasks are placed."""
    return Placed(*(np.zeros(len(arrays.length_s), np.int64) for _ in Placed._fields))


@inner
def fit(arrays: Arrays, time: int, length: int) -> int:
    """Return the first instant from a time on at which a window holds work of a length."""
    if arrays.period_s == 0:
        return time
    close = _window_close(time, arrays.period_s, arrays.starts_s, arrays.lengths_s)
    if close >= time + length:
        return time
    return _next_opening(time, length, arrays.period_s, arrays.starts_s, arrays.lengths_s)


@inner
def _ready(arrays: Arrays, placed: Placed, task: int) -> int:
    """Return when all that a task depends on has finished."""
    ready = 0
    component = arrays.component[task]
    for place in range(arrays.below_begin[component], arrays.below_begin[component + 1]):
        lower = arrays.below[place]
        for member in range(arrays.inside_begin[lower], arrays.inside_begin[lower + 1]):
            ready = max(ready, placed.end_s[arrays.inside[member]])
    return ready


@inner
def switch_of(arrays: Arrays, task: int, mode: int, start: int) -> int:
    """Return when the switch of a build starts, or when work in place ends."""
    end = start + arrays.length_s[task]
    return end if mode == IN_PLACE else fit(arrays, end, arrays.overhead_s)


@inner
def commit_of(arrays: Arrays, task: int, mode: int, start: int) -> int:
    """Return when work of a task that starts then commits."""
    if mode == IN_PLACE:
        return start + arrays.commit_s[2 * task]
    return switch_of(arrays, task, mode, start) + arrays.overhead_s


@inner
def _start(
    arrays: Arrays, profiles: Profiles, task: int, mode: int, start: int, before: int
) -> int:
    """Move a start later until every constraint holds at once.

    As soon as its commit cannot come before an instant, whatever start has been reached is
    returned.
    """
    length = arrays.length_s[task]
    while True:
        moved = fit(arrays, start, length)
        # Crew first, hosts and services last in the problem: the most restrictive come first here.
        for place in range(
            arrays.begin[2 * task + mode + 1] - 1, arrays.begin[2 * task + mode] - 1, -1
        ):
            resource = arrays.resource[place]
            most = arrays.capacity[resource] - arrays.amount[place]
            moved = earliest(profiles, arrays.room[resource], resource, most, moved, length)
        if mode == BUILT and arrays.surge >= 0:
            until = switch_of(arrays, task, mode, moved) + arrays.overhead_s
            most = arrays.capacity[arrays.surge] - arrays.slots[task]
            base = arrays.room[arrays.surge]
            moved = free_until(profiles, base, arrays.surge, most, moved, until)
        if moved == start or moved + arrays.commit_s[2 * task + mode] >= before:
            return moved
        start = moved


@inner
def book(arrays: Arrays, profiles: Profiles, placed: Placed, task: int) -> None:
    """Take what a task that is placed uses."""
    mode, start = placed.mode[task], placed.start_s[task]
    until = start + arrays.length_s[task]
    for place in range(arrays.begin[2 * task + mode], arrays.begin[2 * task + mode + 1]):
        resource, amount = arrays.resource[place], arrays.amount[place]
        base, capacity = arrays.room[resource], arrays.capacity[resource]
        take(profiles, base, resource, capacity, start, until, amount)
    if mode == BUILT and arrays.surge >= 0:
        surge = arrays.surge
        until = placed.switch_s[task] + arrays.overhead_s
        base, capacity = arrays.room[surge], arrays.capacity[surge]
        take(profiles, base, surge, capacity, start, until, arrays.slots[task])


@inner
def place_task(arrays: Arrays, profiles: Profiles, placed: Placed, task: int, wanted: int) -> None:
    """Place a task in the mode that is wanted, or, -1, in that in which it commits first.

    On the same second it is done in place.
    """
    ready = _ready(arrays, placed, task)
    best = FOREVER
    for mode in range(2):
        if arrays.commit_s[2 * task + mode] < 0 or wanted == 1 - mode:
            continue
        start = _start(arrays, profiles, task, mode, ready, best)
        commit = commit_of(arrays, task, mode, start)
        if commit < best:
            best = commit
            placed.mode[task] = mode
            placed.start_s[task] = start
    mode, start = placed.mode[task], placed.start_s[task]
    placed.commit_s[task] = best
    placed.switch_s[task] = switch_of(arrays, task, mode, start)
    placed.end_s[task] = best if mode == BUILT else start + arrays.length_s[task]
    book(arrays, profiles, placed, task)


@outer
def decode(
    arrays: Arrays, profiles: Profiles, order: Numbers, wanted: Numbers, placed: Placed
) -> int:
    """Place all tasks in the order of a list.

    Parameters
    ----------
    arrays : Arrays
        The problem.
    profiles : Profiles
        Room; of the schedule afterwards.
    order : ndarray of int64, shape (n,)
        The list: every task once, after all that it depends on.
    wanted : ndarray of int64, shape (n,)
        Mode of each task; -1: that in which it commits first.
    placed : Placed
        Filled in.

    Returns
    -------
    int
        The objective: weight times commit, and skipped weight times the makespan, in
        thousandths.
    """
    clear(profiles, arrays.room)
    total, makespan = 0, 0
    for place in range(len(order)):
        task = order[place]
        place_task(arrays, profiles, placed, task, wanted[task])
        total += arrays.weight_milli[task] * placed.commit_s[task]
        makespan = max(makespan, placed.end_s[task])
    return total + arrays.skipped_weight_milli * makespan
