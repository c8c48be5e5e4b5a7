"""How much waits for each component of the dependency order."""

from __future__ import annotations

from patchopt.compiling.jit import outer
from patchopt.model.windows import Numbers
from patchopt.optimizer.decoding.arrays import Arrays

#: Components that are followed at a time: as many as a whole number has bits, with room to spare.
_BLOCK = 60


@outer
def add_waiting(
    arrays: Arrays, upwards: Numbers, own: Numbers, masks: Numbers, total: Numbers
) -> None:
    """Add up what is above each component, however far, and its own.

    Parameters
    ----------
    arrays : Arrays
        The problem.
    upwards : ndarray of int64, shape (c,)
        Every component once, after all that it depends on.
    own : ndarray of int64, shape (c,)
        The amount of each.
    masks : ndarray of int64, shape (c,)
        Room, full of zeros; so it is left.
    total : ndarray of int64, shape (c,)
        Filled in. O(c (c + dependencies) / 60) for the ways up, and O(1) for each pair of a
        component and one above it.
    """
    for first in range(0, len(upwards), _BLOCK):
        end = min(first + _BLOCK, len(upwards))
        for place in range(first, end):
            masks[upwards[place]] = 1 << (place - first)
            total[upwards[place]] = 0
        for place in range(first, len(upwards)):
            component = upwards[place]
            mask = masks[component]
            masks[component] = 0
            if mask == 0:
                continue
            for at in range(arrays.above_begin[component], arrays.above_begin[component + 1]):
                masks[arrays.above[at]] |= mask
            amount, under = own[component], first
            while mask > 0:
                if mask & 1:
                    total[upwards[under]] += amount
                mask >>= 1
                under += 1


@outer
def add_path(arrays: Arrays, upwards: Numbers, own: Numbers, longest: Numbers) -> None:
    """Find the largest sum along a way up from each component, without its own.

    Parameters
    ----------
    arrays, upwards, own
        As in `add_waiting`.
    longest : ndarray of int64, shape (c,)
        Filled in. O(c + dependencies).
    """
    for place in range(len(upwards) - 1, -1, -1):
        component = upwards[place]
        longest[component] = 0
        for at in range(arrays.above_begin[component], arrays.above_begin[component + 1]):
            user = arrays.above[at]
            longest[component] = max(longest[component], own[user] + longest[user])
