"""Two bins packed anew as well as can be, with or without some of the tasks that wait.

All ways to share the tasks of two bins, and two more, among both, with at most three of them left
out, are looked through by branch and bound: a neighbourhood with thousands of neighbours, in which
exchanges that need another to make up for their lengths are one step.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from patchopt.compiling.jit import inner, outer
from patchopt.model.base import Floats
from patchopt.model.windows import Numbers
from patchopt.optimizer.closings.bins import Bins, Trial, Uses, take, until
from patchopt.optimizer.decoding.arrays import Arrays
from patchopt.optimizer.search.luck import below

#: More tasks than that are too many to look through.
MOST_ITEMS = 14
#: So many of them may be left out.
_MOST_OUT = 3
#: In the objective's thousandths, which costs of waiting are no multiples of.
_LEAST_GAIN = 0.5
_NEVER = 1e300
#: Where an item is: in the first bin, the second, or left out.
_OUT = 2
_NOWHERE = -1


class Shares(NamedTuple):
    """Room for a way to share m items, by falling weight per second, and for bounds.

    Parameters
    ----------
    task, mode, choice : ndarray of int64, shape (m,)
        Each item, its mode, and where it is put.
    now_s : ndarray of int64, shape (2 * m + 2,)
        When both bins are free, before each item and after the last.
    cost : ndarray of float64, shape (m + 1,)
        Of the items before each.
    out : ndarray of int64, shape (m + 1,)
        How many of them are left out.
    length_s : ndarray of int64, shape (m + 1,)
        Of the items from each on, in all.
    weight, commit : ndarray of float64, shape (m + 1,)
        Weight of the items from each on, and weight times time to commit, in all.
    """

    task: Numbers
    mode: Numbers
    choice: Numbers
    now_s: Numbers
    cost: Floats
    out: Numbers
    length_s: Numbers
    weight: Floats
    commit: Floats


def new_shares() -> Shares:
    """Return room for `MOST_ITEMS`."""
    task, mode, choice = (np.zeros(MOST_ITEMS, np.int64) for _ in range(3))
    out, length_s = (np.zeros(MOST_ITEMS + 1, np.int64) for _ in range(2))
    cost, weight, commit = (np.zeros(MOST_ITEMS + 1) for _ in range(3))
    now_s = np.zeros(2 * MOST_ITEMS + 2, np.int64)
    return Shares(task, mode, choice, now_s, cost, out, length_s, weight, commit)


@inner
def _put(bins: Bins, shares: Shares, count: int, task: int) -> None:
    """Put an item among others by weight per second."""
    place = count
    while place > 0 and bins.ratio[shares.task[place - 1]] < bins.ratio[task]:
        shares.task[place] = shares.task[place - 1]
        place -= 1
    shares.task[place] = task


@inner
def _gather(
    arrays: Arrays, bins: Bins, shares: Shares, one: int, two: int, more: int, other: int
) -> int:
    """Collect the items of two bins and two more, -1 for none; return how many there are."""
    count = 0
    for which in (one, two):
        for place in range(which * bins.most, which * bins.most + bins.held[which]):
            _put(bins, shares, count, bins.inside[place])
            count += 1
    for task in (more, other):
        if task >= 0:
            _put(bins, shares, count, task)
            count += 1
    shares.length_s[count], shares.weight[count], shares.commit[count] = 0, 0.0, 0.0
    for place in range(count - 1, -1, -1):
        task = shares.task[place]
        mode, weight = bins.mode[task], float(arrays.weight_milli[task])
        shares.mode[place] = mode
        shares.length_s[place] = shares.length_s[place + 1] + arrays.length_s[task]
        shares.weight[place] = shares.weight[place + 1] + weight
        commit = weight * arrays.commit_s[2 * task + mode]
        shares.commit[place] = shares.commit[place + 1] + commit
    return count


@inner
def _least_out(arrays: Arrays, bins: Bins, shares: Shares, count: int, last_s: int) -> float:
    """Return the least that it costs to leave an item out rather than start it by some moment."""
    least = _NEVER
    for place in range(count):
        task = shares.task[place]
        commit_s = last_s + arrays.commit_s[2 * task + shares.mode[place]]
        least = min(least, bins.later[task] - float(arrays.weight_milli[task]) * commit_s)
    return least


@inner
def _enter(arrays: Arrays, bins: Bins, shares: Shares, depth: int, one: int, two: int) -> bool:
    """Put an item where its choice says; say whether it ends in time."""
    task, choice = shares.task[depth], shares.choice[depth]
    for side in range(2):
        shares.now_s[2 * depth + 2 + side] = shares.now_s[2 * depth + side]
    shares.out[depth + 1] = shares.out[depth]
    if choice == _OUT:
        shares.out[depth + 1] += 1
        shares.cost[depth + 1] = shares.cost[depth] + bins.later[task]
        return True
    start, mode = shares.now_s[2 * depth + choice], shares.mode[depth]
    shares.now_s[2 * depth + 2 + choice] = start + arrays.length_s[task]
    commit = start + arrays.commit_s[2 * task + mode]
    shares.cost[depth + 1] = shares.cost[depth] + float(arrays.weight_milli[task]) * commit
    return start + until(arrays, task, mode) <= bins.end_s[one if choice == 0 else two]


@inner
def _write(bins: Bins, shares: Shares, trial: Trial, count: int) -> None:
    """Write a way to share items as two bins."""
    trial.held[0], trial.held[1] = 0, 0
    trial.value[0], trial.value[1] = 0.0, 0.0
    for place in range(count):
        side = shares.choice[place]
        if side != _OUT:
            at = side * bins.most + trial.held[side]
            trial.task[at], trial.mode[at] = shares.task[place], shares.mode[place]
            trial.start_s[at] = shares.now_s[2 * place + side]
            trial.value[side] += shares.cost[place + 1] - shares.cost[place]
            trial.held[side] += 1


@inner
def _bound(shares: Shares, depth: int, room_s: int, least_out: float) -> float:
    """Return the least that items may cost of which those before one are put somewhere."""
    first_s, second_s = shares.now_s[2 * depth], shares.now_s[2 * depth + 1]
    bound: float = shares.cost[depth] + shares.commit[depth]
    bound += shares.weight[depth] * min(first_s, second_s)
    if first_s + second_s + shares.length_s[depth] > room_s:
        # At least one of what is left has to be left out.
        bound += least_out if shares.out[depth] < _MOST_OUT else _NEVER
    return bound


@inner
def _share(
    arrays: Arrays,
    bins: Bins,
    uses: Uses,
    trial: Trial,
    shares: Shares,
    one: int,
    two: int,
    count: int,
    limit: float,
) -> bool:
    """Look for a way to share items that costs less; leave the best one in the bins."""
    least_out = _least_out(arrays, bins, shares, count, max(bins.end_s[one], bins.end_s[two]))
    room_s = bins.end_s[one] + bins.end_s[two]
    shares.now_s[0], shares.now_s[1] = bins.begin_s[one], bins.begin_s[two]
    shares.cost[0], shares.out[0], shares.choice[0] = 0.0, 0, _NOWHERE
    depth, found = 0, False
    while depth >= 0:
        shares.choice[depth] += 1
        if shares.choice[depth] > _OUT or (
            shares.choice[depth] == _OUT and shares.out[depth] >= _MOST_OUT
        ):
            depth -= 1
        elif (
            _enter(arrays, bins, shares, depth, one, two)
            and _bound(shares, depth + 1, room_s, least_out) < limit
        ):
            if depth + 1 < count:
                depth += 1
                shares.choice[depth] = _NOWHERE
                continue
            _write(bins, shares, trial, count)
            if take(arrays, bins, uses, trial, one, two):
                limit, found = shares.cost[count], True
                for place in range(count):
                    if shares.choice[place] == _OUT:
                        bins.bin_of[shares.task[place]] = -1
    return found


@inner
def _waiting(bins: Bins, luck: Numbers) -> int:
    """Draw a candidate; -1 if it does not wait."""
    task = bins.by_length[below(luck, len(bins.by_length))]
    return task if bins.bin_of[task] < 0 else -1


@outer
def repack(
    arrays: Arrays,
    bins: Bins,
    uses: Uses,
    trial: Trial,
    shares: Shares,
    luck: Numbers,
    trials: int,
) -> int:
    """Pack some pairs of bins anew; return how many became better.

    Parameters
    ----------
    arrays : Arrays
        The problem.
    bins, uses, trial
        Begun, as `filling.begin` leaves them.
    shares : Shares
        Room for `MOST_ITEMS`.
    luck : ndarray of int64
        State of the random numbers.
    trials : int
        How many are tried.
    """
    made = 0
    for _ in range(trials):
        one, two = below(luck, len(bins.begin_s)), below(luck, len(bins.begin_s))
        more, other = _waiting(bins, luck), _waiting(bins, luck)
        if other == more:
            other = -1
        if one == two or bins.held[one] + bins.held[two] + 2 > MOST_ITEMS:
            continue
        count = _gather(arrays, bins, shares, one, two, more, other)
        if count == 0:
            continue
        limit = -_LEAST_GAIN
        for place in range(count):
            task = shares.task[place]
            if bins.bin_of[task] < 0:
                limit += bins.later[task]
            else:
                commit = bins.start_s[task] + arrays.commit_s[2 * task + shares.mode[place]]
                limit += float(arrays.weight_milli[task]) * commit
        if _share(arrays, bins, uses, trial, shares, one, two, count, limit):
            made += 1
    return made
