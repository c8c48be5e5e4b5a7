"""The event queue and the list of steps that may start, on flat arrays.

The heap's key is (time, item), as in SimPy's core: ties are broken by the item's
number, so the order of events never depends on how the heap was filled.
"""

from __future__ import annotations

from patchopt.simulator.jit import inner
from patchopt.simulator.layout import (
    H_ITEM,
    H_TIME,
    HEAP,
    HEAP_STATES,
    K_HEAP,
    K_READY,
    READY,
    Ints,
    row,
)


@inner
def _earlier(state: Ints, left: int, right: int) -> bool:
    a, b = row(state, HEAP, left), row(state, HEAP, right)
    if state[a + H_TIME] != state[b + H_TIME]:
        return bool(state[a + H_TIME] < state[b + H_TIME])
    return bool(state[a + H_ITEM] < state[b + H_ITEM])


@inner
def _exchange(state: Ints, left: int, right: int) -> None:
    a, b = row(state, HEAP, left), row(state, HEAP, right)
    for column in range(HEAP_STATES):
        kept = state[a + column]
        state[a + column] = state[b + column]
        state[b + column] = kept


@inner
def push(state: Ints, time: int, item: int) -> None:
    """Add an item that is due at some time. O(log n)."""
    at = state[K_HEAP]
    state[K_HEAP] += 1
    place = row(state, HEAP, at)
    state[place + H_TIME] = time
    state[place + H_ITEM] = item
    while at > 0:
        above = (at - 1) // 2
        if not _earlier(state, at, above):
            break
        _exchange(state, at, above)
        at = above


@inner
def pop(state: Ints) -> int:
    """Take the first item away and give it. O(log n)."""
    first = state[row(state, HEAP, 0) + H_ITEM]
    state[K_HEAP] -= 1
    size = state[K_HEAP]
    _exchange(state, 0, size)
    at = 0
    while True:
        below = 2 * at + 1
        if below >= size:
            break
        if below + 1 < size and _earlier(state, below + 1, below):
            below += 1
        if not _earlier(state, below, at):
            break
        _exchange(state, at, below)
        at = below
    return first  # type: ignore[no-any-return]  # NumPy integer


@inner
def make_ready(state: Ints, step: int) -> None:
    """Insert a step into the ascending list of those whose predecessors have ended."""
    at = state[K_READY]
    state[K_READY] += 1
    while at > 0 and state[row(state, READY, at - 1)] > step:
        state[row(state, READY, at)] = state[row(state, READY, at - 1)]
        at -= 1
    state[row(state, READY, at)] = step
