"""Simulated annealing over what each place of the crew does last before a closing.

A place's last tasks are a bin: they follow one another without a pause, in the order of weight
per second (Smith 1956), and end before the closing. A trial exchanges a task with another of
much the same length, in another bin or among those that wait for a later opening; services,
hosts and surge are looked up second by second.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from patchopt.compiling.jit import inner, outer
from patchopt.model.base import Floats
from patchopt.model.windows import Numbers
from patchopt.optimizer.decoding.arrays import BUILT, Arrays
from patchopt.optimizer.search.luck import below, distance, uniform

#: Share of trials that exchange a task with one of much the same length, rather than move one.
_EXCHANGES = 0.9
#: How often a task that is exchanged changes its mode, if it has two.
_FLIPS = 0.25


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
    count : ndarray of int64, shape (bins,)
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
    reward : float
        For the square of the seconds that a bin leaves unused: gathered, they hold a task.
    """

    begin_s: Numbers
    end_s: Numbers
    most: int
    inside: Numbers
    count: Numbers
    value: Floats
    by_length: Numbers
    rank: Numbers
    bin_of: Numbers
    mode: Numbers
    start_s: Numbers
    ratio: Floats
    later: Floats
    reward: float


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
    count : ndarray of int64, shape (2,)
        How many.
    value : ndarray of float64, shape (2,)
        What they contribute.
    """

    task: Numbers
    mode: Numbers
    start_s: Numbers
    count: Numbers
    value: Floats


@inner
def _until(arrays: Arrays, task: int, mode: int) -> int:
    """Return from a task's start to its last end."""
    if mode == BUILT:
        return arrays.length_s[task] + arrays.overhead_s
    return arrays.length_s[task]


@inner
def _lay(arrays: Arrays, bins: Bins, trial: Trial, side: int, one: int) -> bool:
    """Give the tasks of a changed bin their starts; say whether all end in time."""
    base, now, end = side * bins.most, bins.begin_s[one], bins.begin_s[one]
    value = 0.0
    for place in range(base, base + trial.count[side]):
        task, mode = trial.task[place], trial.mode[place]
        trial.start_s[place] = now
        value += arrays.weight_milli[task] * float(now + arrays.commit_s[2 * task + mode])
        end = max(end, now + _until(arrays, task, mode))
        now += arrays.length_s[task]
    left = float(bins.end_s[one] - now)
    trial.value[side] = value + bins.reward * math.sqrt(max(left, 0.0))
    return end <= bins.end_s[one]


@inner
def _change(bins: Bins, trial: Trial, side: int, one: int, out: int, into: int, mode: int) -> bool:
    """Copy a bin without a task and with another, -1 for none; say whether there is room."""
    base, count, waits = side * bins.most, 0, into >= 0
    for place in range(one * bins.most, one * bins.most + bins.count[one]):
        task = bins.inside[place]
        if task == out:
            continue
        if waits and bins.ratio[into] > bins.ratio[task]:
            if count == bins.most:
                return False
            trial.task[base + count], trial.mode[base + count] = into, mode
            count, waits = count + 1, False
        if count == bins.most:
            return False
        trial.task[base + count], trial.mode[base + count] = task, bins.mode[task]
        count += 1
    if waits:
        if count == bins.most:
            return False
        trial.task[base + count], trial.mode[base + count] = into, mode
        count += 1
    trial.count[side] = count
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
        for second in range(row + first, row + first + _until(arrays, task, mode)):
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
        length = _until(arrays, task, mode)
        return _most_used(uses, uses.row[arrays.surge], first, length) <= most
    return True


@inner
def _add_bin(arrays: Arrays, bins: Bins, uses: Uses, one: int, sign: int) -> None:
    for place in range(one * bins.most, one * bins.most + bins.count[one]):
        task = bins.inside[place]
        _add(arrays, uses, task, bins.mode[task], bins.start_s[task], sign)


@inner
def _all_free(arrays: Arrays, bins: Bins, uses: Uses, trial: Trial, sides: int) -> bool:
    """Use what changed bins take, if there is enough; else leave all as it was."""
    for side in range(sides):
        for place in range(side * bins.most, side * bins.most + trial.count[side]):
            task, mode, start = trial.task[place], trial.mode[place], trial.start_s[place]
            if _free(arrays, uses, task, mode, start):
                _add(arrays, uses, task, mode, start, 1)
                continue
            for back in range(side + 1):
                end = place if back == side else back * bins.most + trial.count[back]
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
    bins.count[one] = trial.count[side]
    bins.value[one] = trial.value[side]
    for place in range(trial.count[side]):
        task = trial.task[side * bins.most + place]
        bins.inside[one * bins.most + place] = task
        bins.bin_of[task] = one
        bins.mode[task] = trial.mode[side * bins.most + place]
        bins.start_s[task] = trial.start_s[side * bins.most + place]


@inner
def _mode(arrays: Arrays, bins: Bins, luck: Numbers, task: int) -> int:
    """Return the mode in which a task is tried: its own, or now and then the other."""
    mode = bins.mode[task]
    if arrays.commit_s[2 * task + 1 - mode] >= 0 and uniform(luck) < _FLIPS:
        return 1 - mode
    return mode


@inner
def _roomiest(arrays: Arrays, bins: Bins) -> int:
    """Return the bin with the most seconds left."""
    best, most = 0, -1
    for one in range(len(bins.begin_s)):
        left = bins.end_s[one] - bins.begin_s[one]
        for place in range(one * bins.most, one * bins.most + bins.count[one]):
            left -= arrays.length_s[bins.inside[place]]
        if left > most:
            best, most = one, left
    return best


@outer
def begin(arrays: Arrays, bins: Bins, uses: Uses, trial: Trial, first: Numbers) -> None:
    """Put candidates into bins, each where most is left; what does not fit there waits.

    Parameters
    ----------
    arrays : Arrays
        The problem.
    bins : Bins
        With empty bins, and the modes in which candidates are to be in them.
    uses : Uses
        Of all other tasks; of those in the bins too afterwards.
    trial : Trial
        Room.
    first : ndarray of int64, shape (c,)
        Candidates, those first that rather do not wait.
    """
    for one in range(len(bins.begin_s)):
        trial.count[0] = 0
        _lay(arrays, bins, trial, 0, one)
        _keep(bins, trial, 0, one)
    for place in range(len(first)):
        task, one = first[place], _roomiest(arrays, bins)
        if _change(bins, trial, 0, one, -1, task, bins.mode[task]) and _lay(
            arrays, bins, trial, 0, one
        ):
            _add_bin(arrays, bins, uses, one, -1)
            if _all_free(arrays, bins, uses, trial, 1):
                _keep(bins, trial, 0, one)
            else:
                _add_bin(arrays, bins, uses, one, 1)


@outer
def fill(
    arrays: Arrays,
    bins: Bins,
    uses: Uses,
    trial: Trial,
    luck: Numbers,
    trials: int,
    temperature: float,
) -> int:
    """Try some exchanges at a temperature; return how many were made.

    Parameters
    ----------
    arrays : Arrays
        The problem.
    bins, uses, trial
        Begun; goes on from where they are.
    luck : ndarray of int64
        State of the random numbers.
    trials : int
        How many are tried.
    temperature : float
        In units of the objective.
    """
    made = 0
    candidates = len(bins.by_length)
    for _ in range(trials):
        own = bins.by_length[below(luck, candidates)]
        one = bins.bin_of[own]
        if uniform(luck) < _EXCHANGES:
            away = distance(luck, candidates)
            place = bins.rank[own] + (away if uniform(luck) < 0.5 else -away)
            if place < 0 or place >= candidates:
                continue
            other = bins.by_length[place]
            two = bins.bin_of[other]
        else:
            other = -1
            two = below(luck, len(bins.begin_s) + 1) - 1
        if one == two:
            continue
        if one < 0:
            one, two, own, other = two, one, other, own
        difference = 0.0
        if not _change(bins, trial, 0, one, own, other, -1 if other < 0 else _mode(arrays, bins, luck, other)):
            continue
        if not _lay(arrays, bins, trial, 0, one):
            continue
        difference += trial.value[0] - bins.value[one]
        if two >= 0:
            if not _change(bins, trial, 1, two, other, own, -1 if own < 0 else _mode(arrays, bins, luck, own)):
                continue
            if not _lay(arrays, bins, trial, 1, two):
                continue
            difference += trial.value[1] - bins.value[two]
        else:
            if own >= 0:
                difference += bins.later[own]
            if other >= 0:
                difference -= bins.later[other]
        if difference > -temperature * math.log(uniform(luck)):
            continue
        _add_bin(arrays, bins, uses, one, -1)
        if two >= 0:
            _add_bin(arrays, bins, uses, two, -1)
        if _all_free(arrays, bins, uses, trial, 2 if two >= 0 else 1):
            if own >= 0:
                bins.bin_of[own] = two
            if other >= 0:
                bins.bin_of[other] = one
            _keep(bins, trial, 0, one)
            if two >= 0:
                _keep(bins, trial, 1, two)
            made += 1
        else:
            _add_bin(arrays, bins, uses, one, 1)
            if two >= 0:
                _add_bin(arrays, bins, uses, two, 1)
    return made
