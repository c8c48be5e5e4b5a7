"""Where work in place and beside commit on the same second, it is done beside (MODEL 8).

A build that fails harms nobody. The search does without: which of them it builds makes
no difference to the objective.
"""

from __future__ import annotations

from patchopt.compiling.jit import outer
from patchopt.optimizer.decoding.arrays import BUILT, IN_PLACE, Arrays
from patchopt.optimizer.decoding.lists import Placed, commit_of, switch_of
from patchopt.optimizer.decoding.profiles import Profiles, clear, free_until, take


@outer
def build_ties(arrays: Arrays, profiles: Profiles, placed: Placed) -> None:
    """Build, within the surge that is left, what commits on the same second so.

    Parameters
    ----------
    arrays : Arrays
        The problem.
    profiles : Profiles
        Room.
    placed : Placed
        A schedule; modes and switches are changed, starts, commits and ends are not.
    """
    clear(profiles, arrays.room)
    surge = arrays.surge
    base, capacity = arrays.room[surge], arrays.capacity[surge]
    if surge >= 0:
        for task in range(len(arrays.slots)):
            if placed.mode[task] == BUILT:
                start, until = placed.start_s[task], placed.end_s[task]
                take(profiles, base, surge, capacity, start, until, arrays.slots[task])
    for task in range(len(arrays.slots)):
        if placed.mode[task] != IN_PLACE or arrays.commit_s[2 * task + BUILT] < 0:
            continue
        start, until = placed.start_s[task], commit_of(arrays, task, BUILT, placed.start_s[task])
        if until != placed.commit_s[task]:
            continue
        if surge >= 0:
            most = capacity - arrays.slots[task]
            if free_until(profiles, base, surge, most, start, until) != start:
                continue
            take(profiles, base, surge, capacity, start, until, arrays.slots[task])
        placed.mode[task] = BUILT
        placed.switch_s[task] = switch_of(arrays, task, BUILT, start)
