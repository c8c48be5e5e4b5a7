"""The event queue and the list of steps that may start, on flat arrays.

The heap's key is (time, item), as in SimPy's core: ties are broken by the item's
number, so the order of events never depends on how the heap was filled.
"""

from __future__ import annotations

from numba import njit

from patchopt.simulator.layout import K_HEAP, K_READY, State


@njit(cache=True)
def push(state: State, time: int, item: int) -> None:
    """Add an item that is due at some time. O(log n)."""
    heap = state.heap
    at = state.counters[K_HEAP]
    state.counters[K_HEAP] += 1
    while at > 0:
        above = (at - 1) // 2
        if heap[0, above] < time or (heap[0, above] == time and heap[1, above] < item):
            break
        heap[0, at] = heap[0, above]
        heap[1, at] = heap[1, above]
        at = above
    heap[0, at] = time
    heap[1, at] = item


@njit(cache=True)
def pop(state: State) -> int:
    """Take the first item away and give it. O(log n)."""
    heap = state.heap
    first = heap[1, 0]
    state.counters[K_HEAP] -= 1
    size = state.counters[K_HEAP]
    time = heap[0, size]
    item = heap[1, size]
    at = 0
    while True:
        below = 2 * at + 1
        if below >= size:
            break
        right = below + 1
        if right < size and (
            heap[0, right] < heap[0, below]
            or (heap[0, right] == heap[0, below] and heap[1, right] < heap[1, below])
        ):
            below = right
        if time < heap[0, below] or (time == heap[0, below] and item < heap[1, below]):
            break
        heap[0, at] = heap[0, below]
        heap[1, at] = heap[1, below]
        at = below
    heap[0, at] = time
    heap[1, at] = item
    return int(first)


@njit(cache=True)
def make_ready(state: State, step: int) -> None:
    """Insert a step into the ascending list of those whose predecessors have ended."""
    at = state.counters[K_READY]
    state.counters[K_READY] += 1
    while at > 0 and state.ready[at - 1] > step:
        state.ready[at] = state.ready[at - 1]
        at -= 1
    state.ready[at] = step
