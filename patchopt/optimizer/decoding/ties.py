"""Where work in place and beside commit on the same second, it is done beside (MODEL 8).

A build that fails harms nobody. The search does without: which of them it builds makes
no difference to the objective.
"""

from __future__ import annotations

from patchopt.compiling.jit import inner, outer
from patchopt.optimizer.decoding.arrays import BUILT, IN_PLACE, Arrays
from patchopt.optimizer.decoding.lists import Placed, commit_of, switch_of
from patchopt.optimizer.decoding.profiles import Profiles, clear, free_until, take


@inner
def _takes_no_more(arrays: Arrays, task: int) -> bool:
    """Say whether a build of a task takes nothing, but surge, that work in place does not."""
    for place in range(arrays.begin[2 * task + BUILT], arrays.begin[2 * task + BUILT + 1]):
        taken = 0
        for own in range(arrays.begin[2 * task], arrays.begin[2 * task + 1]):
            if arrays.resource[own] == arrays.resource[place]:
                taken += arrays.amount[own]
        if taken < arrays.amount[place]:
            return False
    return True


@inner
def _take_surge(arrays: Arrays, profiles: Profiles, task: int, start: int, until: int) -> bool:
    """Take the surge of a build if it is free; return whether it is."""
    surge = arrays.surge
    if surge < 0:
        return True
    base, capacity, slots = arrays.room[surge], arrays.capacity[surge], arrays.slots[task]
    if free_until(profiles, base, surge, capacity - slots, start, until) != start:
        return False
    take(profiles, base, surge, capacity, start, until, slots)
    return True


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
    for task in range(len(arrays.slots)):
        if placed.mode[task] == BUILT:
            _take_surge(arrays, profiles, task, placed.start_s[task], placed.end_s[task])
    for task in range(len(arrays.slots)):
        if placed.mode[task] != IN_PLACE or arrays.commit_s[2 * task + BUILT] < 0:
            continue
        start = placed.start_s[task]
        commit = commit_of(arrays, task, BUILT, start)
        if (
            commit == placed.commit_s[task]
            and _takes_no_more(arrays, task)
            and _take_surge(arrays, profiles, task, start, commit)
        ):
            placed.mode[task] = BUILT
            placed.switch_s[task] = switch_of(arrays, task, BUILT, start)
