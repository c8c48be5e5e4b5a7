"""Bins of tasks at the ends of the places of the crew, before a closing.

The tasks of a bin follow one another without a pause, in the order of weight per second (Smith
1956), and end before the closing; services, hosts and surge are looked up second by second.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from patchopt.compiling.jit import inner
from patchopt.model.base import Floats
from patchopt.model.windows import Numbers
from patchopt.optimizer.decoding.arrays import BUILT, Arrays


class Bins(NamedTuple):
    """What is to be packed: c candidates of n tasks, in bins with room for k.

    Parameters
    ----------
    begin_s, end_s : ndarray of int64, shape (bins,)
        From when on each place of the crew is free, and when it is no more.
    most : int
        So many tasks are in a bin at most.
    inside : ndarray of int64, shape (bins * most,)
        Tasks of each bin, by falling weight per second.
    held : ndarray of int64, shape (bins,)
        How many.
    value : ndarray of float64, shape (bins,)
        What each contributes to the objective.
    by_length, rank : ndarray of int64, shapes (c,) and (n,)
        Candidates by length, and where each stands there.
    bin_of : ndarray of int64, shape (n,)
        The bin of a candidate, -1 while it waits.
    mode, start_s : ndarray of int64, shape (n,)
        Of tasks in bins.
    ratio, later : ndarray of float64, shape (n,)
        Weight per second, and what a task costs that waits.
    """

    begin_s: Numbers
    end_s: Numbers
    most: int
    inside: Numbers
    held: Numbers
    value: Floats
    by_length: Numbers
    rank: Numbers
    bin_of: Numbers
    mode: Numbers
    start_s: Numbers
    ratio: Floats
    later: Floats


class Uses(NamedTuple):
    """What is used of resources that the bins may run short of, second by second.

    Parameters
    ----------
    row : ndarray of int64, shape (resources,)
        Where the seconds of each begin, -1 if there is always enough.
    begin_s : int
        The first second.
    used : ndarray of int32
        One row after another.
    """

    row: Numbers
    begin_s: int
    used: Numbers


class Trial(NamedTuple):
    """Room for two bins as they might be.

    Parameters
    ----------
    task, mode, start_s : ndarray of int64, shape (2 * most,)
        What is in them.
    held : ndarray of int64, shape (2,)
        How many.
    pick : ndarray of int64, shape (4,)
        Two bins, and a task of each that goes to the other; -1: those that wait, and none.
    value : ndarray of float64, shape (2,)
        What they contribute.
    """

    task: Numbers
    mode: Numbers
    start_s: Numbers
    held: Numbers
    pick: Numbers
    value: Floats


def new_trial(most: int) -> Trial:
    """Return room for bins of so many tasks."""
    task, mode, start_s = (np.zeros(2 * most, np.int64) for _ in range(3))
    held, pick = np.zeros(2, np.int64), np.zeros(4, np.int64)
    return Trial(task, mode, start_s, held, pick, np.zeros(2))


@inner
def until(arrays: Arrays, task: int, mode: int) -> int:
    """Return from a task's start to its last end."""
    if mode == BUILT:
        return arrays.length_s[task] + arrays.overhead_s
    return arrays.length_s[task]


@inner
def lay(arrays: Arrays, bins: Bins, trial: Trial, side: int, one: int, scattered: float) -> bool:
    """Give the tasks of a changed bin their starts; say whether all end in time."""
    base, now, end = side * bins.most, bins.begin_s[one], bins.begin_s[one]
    value = 0.0
    for place in range(base, base + trial.held[side]):
        task, mode = trial.task[place], trial.mode[place]
        trial.start_s[place] = now
        value += arrays.weight_milli[task] * float(now + arrays.commit_s[2 * task + mode])
        end = max(end, now + until(arrays, task, mode))
        now += arrays.length_s[task]
    left = float(bins.end_s[one] - now)
    trial.value[side] = value + scattered * math.sqrt(max(left, 0.0))
    return end <= bins.end_s[one]


@inner
def change(bins: Bins, trial: Trial, side: int, one: int, out: int, into: int, mode: int) -> bool:
    """Copy a bin without a task of it and with another, -1 for none; say whether there is room."""
    base, count, waits = side * bins.most, 0, into >= 0
    if bins.held[one] + (1 if waits else 0) - (1 if out >= 0 else 0) > bins.most:
        return False
    for place in range(one * bins.most, one * bins.most + bins.held[one]):
        task = bins.inside[place]
        if task == out:
            continue
        if waits and bins.ratio[into] > bins.ratio[task]:
            trial.task[base + count], trial.mode[base + count] = into, mode
            count, waits = count + 1, False
        trial.task[base + count], trial.mode[base + count] = task, bins.mode[task]
        count += 1
    if waits:
        trial.task[base + count], trial.mode[base + count] = into, mode
        count += 1
    trial.held[side] = count
    return True


@inner
def _add(arrays: Arrays, uses: Uses, task: int, mode: int, start: int, sign: int) -> None:
    """Use what a task takes, or give it back."""
    first = start - uses.begin_s
    for place in range(arrays.begin[2 * task + mode], arrays.begin[2 * task + mode + 1]):
        row = uses.row[arrays.resource[place]]
        if row >= 0:
            amount = sign * arrays.amount[place]
            for second in range(row + first, row + first + arrays.length_s[task]):
                uses.used[second] += amount
    if mode == BUILT and arrays.surge >= 0 and uses.row[arrays.surge] >= 0:
        row, amount = uses.row[arrays.surge], sign * arrays.slots[task]
        for second in range(row + first, row + first + until(arrays, task, mode)):
            uses.used[second] += amount


@inner
def _most_used(uses: Uses, row: int, first: int, length: int) -> int:
    most = 0
    for second in range(row + first, row + first + length):
        most = max(most, uses.used[second])
    return most


@inner
def _free(arrays: Arrays, uses: Uses, task: int, mode: int, start: int) -> bool:
    """Say whether there is enough for a task."""
    first = start - uses.begin_s
    for place in range(arrays.begin[2 * task + mode], arrays.begin[2 * task + mode + 1]):
        resource = arrays.resource[place]
        if uses.row[resource] >= 0:
            most = arrays.capacity[resource] - arrays.amount[place]
            if _most_used(uses, uses.row[resource], first, arrays.length_s[task]) > most:
                return False
    if mode == BUILT and arrays.surge >= 0 and uses.row[arrays.surge] >= 0:
        most = arrays.capacity[arrays.surge] - arrays.slots[task]
        length = until(arrays, task, mode)
        return _most_used(uses, uses.row[arrays.surge], first, length) <= most
    return True


@inner
def _add_bin(arrays: Arrays, bins: Bins, uses: Uses, one: int, sign: int) -> None:
    """Use what the tasks of a bin take, or give it back."""
    for place in range(one * bins.most, one * bins.most + bins.held[one]):
        task = bins.inside[place]
        _add(arrays, uses, task, bins.mode[task], bins.start_s[task], sign)


@inner
def _all_free(arrays: Arrays, bins: Bins, uses: Uses, trial: Trial, sides: int) -> bool:
    """Use what changed bins take, if there is enough; else leave all as it was."""
    for side in range(sides):
        for place in range(side * bins.most, side * bins.most + trial.held[side]):
            task, mode, start = trial.task[place], trial.mode[place], trial.start_s[place]
            if _free(arrays, uses, task, mode, start):
                _add(arrays, uses, task, mode, start, 1)
                continue
            for back in range(side + 1):
                end = place if back == side else back * bins.most + trial.held[back]
                for other in range(back * bins.most, end):
                    _add(
                        arrays,
                        uses,
                        trial.task[other],
                        trial.mode[other],
                        trial.start_s[other],
                        -1,
                    )
            return False
    return True


@inner
def _keep(bins: Bins, trial: Trial, side: int, one: int) -> None:
    """Let a bin be as it might be."""
    bins.held[one] = trial.held[side]
    bins.value[one] = trial.value[side]
    for place in range(trial.held[side]):
        task = trial.task[side * bins.most + place]
        bins.inside[one * bins.most + place] = task
        bins.bin_of[task] = one
        bins.mode[task] = trial.mode[side * bins.most + place]
        bins.start_s[task] = trial.start_s[side * bins.most + place]


@inner
def take(arrays: Arrays, bins: Bins, uses: Uses, trial: Trial, one: int, two: int) -> bool:
    """Let two bins, or with -1 the first alone, be as they might be, if there is enough of all."""
    _add_bin(arrays, bins, uses, one, -1)
    if two >= 0:
        _add_bin(arrays, bins, uses, two, -1)
    if not _all_free(arrays, bins, uses, trial, 2 if two >= 0 else 1):
        _add_bin(arrays, bins, uses, one, 1)
        if two >= 0:
            _add_bin(arrays, bins, uses, two, 1)
        return False
    _keep(bins, trial, 0, one)
    if two >= 0:
        _keep(bins, trial, 1, two)
    return True
