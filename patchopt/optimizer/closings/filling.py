"""Simulated annealing over what each place of the crew does last before a closing.

A trial exchanges a task with another of much the same length, in another bin or among those that
wait for a later opening (Kirkpatrick, Gelatt, Vecchi, Optimization by simulated annealing, Science
220, 1983).
"""

from __future__ import annotations

import math

from patchopt.compiling.jit import inner, outer
from patchopt.model.windows import FOREVER, Numbers
from patchopt.optimizer.closings.bins import (
    Bins,
    Trial,
    Uses,
    add_bin,
    all_free,
    change,
    keep,
    lay,
)
from patchopt.optimizer.decoding.arrays import Arrays
from patchopt.optimizer.search.luck import below, distance, uniform

#: Share of trials that exchange a task with one of much the same length, rather than move one.
_EXCHANGES = 0.9
#: How often a task that is exchanged changes its mode, if it has two.
_FLIPS = 0.25


@inner
def _mode(arrays: Arrays, bins: Bins, luck: Numbers, task: int) -> int:
    """Return the mode in which a task is tried: its own, or now and then the other."""
    mode = bins.mode[task]
    if arrays.commit_s[2 * task + 1 - mode] >= 0 and uniform(luck) < _FLIPS:
        return 1 - mode
    return mode


@inner
def _place_for(arrays: Arrays, bins: Bins, task: int) -> int:
    """Return the bin of which least is left while a task can start there as early as it did.

    If there is none, that of which most is left.
    """
    best, roomiest, least, most = -1, 0, FOREVER, -1
    for one in range(len(bins.begin_s)):
        now = bins.begin_s[one]
        for place in range(one * bins.most, one * bins.most + bins.count[one]):
            now += arrays.length_s[bins.inside[place]]
        left = bins.end_s[one] - now
        if now <= bins.start_s[task] and arrays.length_s[task] <= left < least:
            best, least = one, left
        if left > most:
            roomiest, most = one, left
    return best if best >= 0 else roomiest


@outer
def begin(arrays: Arrays, bins: Bins, uses: Uses, trial: Trial, first: Numbers) -> None:
    """Put candidates into bins much as they were; what does not fit there waits.

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
        lay(arrays, bins, trial, 0, one, 0.0)
        keep(bins, trial, 0, one)
    for place in range(len(first)):
        task, one = first[place], _place_for(arrays, bins, first[place])
        if change(bins, trial, 0, one, -1, task, bins.mode[task]) and lay(
            arrays, bins, trial, 0, one, 0.0
        ):
            add_bin(arrays, bins, uses, one, -1)
            if all_free(arrays, bins, uses, trial, 1):
                keep(bins, trial, 0, one)
            else:
                add_bin(arrays, bins, uses, one, 1)


@outer
def fill(
    arrays: Arrays,
    bins: Bins,
    uses: Uses,
    trial: Trial,
    luck: Numbers,
    trials: int,
    temperature: float,
    scattered: float,
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
    scattered : float
        What the root of the seconds that a bin leaves unused costs: gathered, they hold a task.
    """
    made = 0
    candidates = len(bins.by_length)
    for one in range(len(bins.begin_s)):
        change(bins, trial, 0, one, -1, -1, 0)
        lay(arrays, bins, trial, 0, one, scattered)
        bins.value[one] = trial.value[0]
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
        if not change(
            bins, trial, 0, one, own, other, -1 if other < 0 else _mode(arrays, bins, luck, other)
        ):
            continue
        if not lay(arrays, bins, trial, 0, one, scattered):
            continue
        difference += trial.value[0] - bins.value[one]
        if two >= 0:
            if not change(
                bins, trial, 1, two, other, own, -1 if own < 0 else _mode(arrays, bins, luck, own)
            ):
                continue
            if not lay(arrays, bins, trial, 1, two, scattered):
                continue
            difference += trial.value[1] - bins.value[two]
        else:
            if own >= 0:
                difference += bins.later[own]
            if other >= 0:
                difference -= bins.later[other]
        if difference > -temperature * math.log(uniform(luck)):
            continue
        add_bin(arrays, bins, uses, one, -1)
        if two >= 0:
            add_bin(arrays, bins, uses, two, -1)
        if all_free(arrays, bins, uses, trial, 2 if two >= 0 else 1):
            if own >= 0:
                bins.bin_of[own] = two
            if other >= 0:
                bins.bin_of[other] = one
            keep(bins, trial, 0, one)
            if two >= 0:
                keep(bins, trial, 1, two)
            made += 1
        else:
            add_bin(arrays, bins, uses, one, 1)
            if two >= 0:
                add_bin(arrays, bins, uses, two, 1)
    return made
