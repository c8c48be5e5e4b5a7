"""Simulated annealing over what each place of the crew does last before a closing.

A trial exchanges a task with another of much the same length, in another bin or among those that
wait for a later opening (Kirkpatrick, Gelatt, Vecchi, Optimization by simulated annealing, Science
220, 1983).
"""

from __future__ import annotations

import math

from patchopt.compiling.jit import inner, outer
from patchopt.model.windows import FOREVER, Numbers
from patchopt.optimizer.closings.bins import Bins, Trial, Uses, change, lay, take
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
        for place in range(one * bins.most, one * bins.most + bins.held[one]):
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
    for place in range(len(first)):
        task, one = first[place], _place_for(arrays, bins, first[place])
        if change(bins, trial, 0, one, -1, task, bins.mode[task]) and lay(
            arrays, bins, trial, 0, one, 0.0
        ):
            take(arrays, bins, uses, trial, one, -1)


@inner
def _draw(bins: Bins, trial: Trial, luck: Numbers) -> bool:
    """Pick a task and one of much the same length, or one alone, and another bin for it.

    Say whether there is anything to exchange. The first bin is one, the second may be what waits.
    """
    candidates, pick = len(bins.by_length), trial.pick
    own = bins.by_length[below(luck, candidates)]
    one = bins.bin_of[own]
    if uniform(luck) < _EXCHANGES:
        away = distance(luck, candidates)
        place = bins.rank[own] + (away if uniform(luck) < 0.5 else -away)
        if place < 0 or place >= candidates:
            return False
        other = bins.by_length[place]
        two = bins.bin_of[other]
    else:
        other = -1
        two = below(luck, len(bins.begin_s) + 1) - 1
    if one < 0:
        one, two, own, other = two, one, other, own
    pick[0], pick[1], pick[2], pick[3] = one, two, own, other
    return one != two


@inner
def _into(
    arrays: Arrays,
    bins: Bins,
    trial: Trial,
    luck: Numbers,
    side: int,
    scattered: float,
) -> bool:
    """Put the other side's task into a bin instead of its own; say whether it fits."""
    one, out, into = trial.pick[side], trial.pick[2 + side], trial.pick[3 - side]
    mode = -1 if into < 0 else _mode(arrays, bins, luck, into)
    if not change(bins, trial, side, one, out, into, mode):
        return False
    return lay(arrays, bins, trial, side, one, scattered)


@inner
def _difference(bins: Bins, trial: Trial) -> float:
    """Return what an exchange that fits costs."""
    one, two, own, other = trial.pick[0], trial.pick[1], trial.pick[2], trial.pick[3]
    difference = float(trial.value[0] - bins.value[one])
    if two >= 0:
        return difference + float(trial.value[1] - bins.value[two])
    if own >= 0:
        difference += bins.later[own]
    if other >= 0:
        difference -= bins.later[other]
    return difference


@inner
def _exchange(arrays: Arrays, bins: Bins, uses: Uses, trial: Trial) -> bool:
    """Make an exchange if there is enough of all for it; say whether."""
    two, own = trial.pick[1], trial.pick[2]
    if not take(arrays, bins, uses, trial, trial.pick[0], two):
        return False
    if two < 0 and own >= 0:
        bins.bin_of[own] = -1
    return True


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
    for one in range(len(bins.begin_s)):
        change(bins, trial, 0, one, -1, -1, 0)
        lay(arrays, bins, trial, 0, one, scattered)
        bins.value[one] = trial.value[0]
    for _ in range(trials):
        if not _draw(bins, trial, luck):
            continue
        if not _into(arrays, bins, trial, luck, 0, scattered):
            continue
        if trial.pick[1] >= 0 and not _into(arrays, bins, trial, luck, 1, scattered):
            continue
        if _difference(bins, trial) > -temperature * math.log(uniform(luck)):
            continue
        if _exchange(arrays, bins, uses, trial):
            made += 1
    return made
